//! 15: K1 / R5: secure homes and youth custody.

use crate::support::story::{check, placement, referral_update};
use domain::delivery::{Kind, ObligationState};
use expect_test::{Expect, expect};

/// Notices with the restricted view (see 16); the reclaim is held for a person.
fn held(kind: &str, expected: Expect) {
    let stay = placement("P1", "2026-10-05").sent("2026-09-28T09:00:00Z").with("/placement/type", kind).referring("R-1");
    let assessed = referral_update("u-1", "RX2", "R-1", "assessed", "2026-10-20");
    let told = check(&[stay, assessed], "2026-11-03T09:00:00Z", expected);
    assert!(told.obligations.iter().all(|one| one.kind != Kind::ReclaimRequest || one.state == ObligationState::Held));
}

#[test]
fn a_secure_home() {
    held(
        "K1",
        expect![[r#"
        m-P1-1 accepted
        u-1 accepted
        arrival-notice P1 -> E06000043 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RX2 by 2026-09-28, rule 6: referral, in-force #1
        worker-task R-1 -> E10000016 by 2026-10-13, rule 17: no answer, withdrawn #1
        reclaim-request claim -> QKS/91Q by 2026-11-17, rule 7: reclaim, held #2
        review held-reclaim: the child is in a secure home or youth custody: a person decides whether this is reclaimed; candidates []
    "#]],
    );
}

#[test]
fn youth_custody() {
    held(
        "R5",
        expect![[r#"
        m-P1-1 accepted
        u-1 accepted
        arrival-notice P1 -> E06000043 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RX2 by 2026-09-28, rule 6: referral, in-force #1
        worker-task R-1 -> E10000016 by 2026-10-13, rule 17: no answer, withdrawn #1
        reclaim-request claim -> QKS/91Q by 2026-11-17, rule 7: reclaim, held #2
        review held-reclaim: the child is in a secure home or youth custody: a person decides whether this is reclaimed; candidates []
    "#]],
    );
}
