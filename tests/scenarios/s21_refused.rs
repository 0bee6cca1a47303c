//! 21: CAMHS refuses, or does not answer.

use crate::support::story::{check, placement, referral_update};
use expect_test::expect;

/// A task to the child's authority with the reason; no reclaim; the referral is not closed silently.
#[test]
fn refused_becomes_a_task() {
    let stay = placement("P1", "2026-10-05").sent("2026-09-28T09:00:00Z").referring("R-1");
    let refused = referral_update("u-1", "RX2", "R-1", "refused", "2026-10-01").with("/reason", "waiting list closed");
    check(
        &[stay, refused],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        u-1 accepted
        arrival-notice P1 -> E06000043 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RX2 by 2026-09-28, rule 6: referral, in-force #1
        worker-task R-1 -> E10000016 by 2026-10-08, rule 17: refused, in-force #1
    "#]],
    );
}

#[test]
fn silence_is_escalated() {
    let stay = placement("P1", "2026-10-05").sent("2026-09-28T09:00:00Z").referring("R-1");
    check(
        std::slice::from_ref(&stay),
        "2026-10-05T20:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        arrival-notice P1 -> E06000043 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RX2 by 2026-09-28, rule 6: referral, in-force #1
    "#]],
    );
    check(
        &[stay],
        "2026-10-06T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        arrival-notice P1 -> E06000043 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RX2 by 2026-09-28, rule 6: referral, in-force #1
        worker-task R-1 -> E10000016 by 2026-10-13, rule 17: no answer, in-force #1
    "#]],
    );
}
