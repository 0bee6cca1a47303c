//! 11: cancelled before / after the start.

use crate::support::story::{check, check_assuming, placement, referral_update};
use expect_test::expect;
use placement_hub::explain::Assume;

#[test]
fn before_anything_was_sent_it_is_retracted() {
    let planned = placement("P1", "2026-12-01").referring("R-1");
    let cancelled = planned.clone().version(2).cancelled().sent("2026-11-03T09:00:00Z");
    check_assuming(
        &[planned, cancelled],
        "2026-11-04T09:00:00Z",
        Assume::Unsent,
        expect![[r#"
        m-P1-1 accepted
        m-P1-2 accepted
        arrival-notice P1 -> E06000043 by 2026-11-30, reg 13(4), retracted #1
        arrival-notice P1 -> S9B9J/09D by 2026-11-30, reg 13(2), retracted #1
        arrival-notice P1 -> QKS/91Q by 2026-11-30, reg 13(2), retracted #1
        referral R-1 -> RX2 by 2026-11-02, rule 6: referral, retracted #1
    "#]],
    );
}

/// Withdrawals to those told; the referral revoked; the reclaim voided. Nothing is deleted.
#[test]
fn after_the_start_it_is_withdrawn() {
    let stay = placement("P1", "2026-10-05").sent("2026-09-28T09:00:00Z").referring("R-1");
    let assessed = referral_update("u-1", "RX2", "R-1", "assessed", "2026-10-20");
    let cancelled = stay.clone().version(2).cancelled().sent("2026-11-03T09:00:00Z");
    check(
        &[stay, assessed, cancelled],
        "2026-11-04T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        u-1 accepted
        m-P1-2 accepted
        arrival-notice P1 -> E06000043 by 2026-10-04, reg 13(4), withdrawn #1
        arrival-notice P1 -> S9B9J/09D by 2026-10-04, reg 13(2), withdrawn #1
        arrival-notice P1 -> QKS/91Q by 2026-10-04, reg 13(2), withdrawn #1
        referral R-1 -> RX2 by 2026-09-28, rule 6: referral, withdrawn #1
        worker-task R-1 -> E10000016 by 2026-10-13, rule 17: no answer, withdrawn #1
        reclaim-request claim -> QKS/91Q by 2026-11-17, rule 7: reclaim, withdrawn #2
        notice-withdrawal P1 -> E06000043 by 2026-11-03, reg 13(4), in-force #2 supersedes 1
        notice-withdrawal P1 -> QKS/91Q by 2026-11-03, reg 13(2), in-force #3 supersedes 1
        notice-withdrawal P1 -> S9B9J/09D by 2026-11-03, reg 13(2), in-force #2 supersedes 1
        referral-withdrawal R-1 -> RX2 by 2026-11-03, rule 6: referral, in-force #2 supersedes 1
        reclaim-withdrawal claim -> QKS/91Q by 2026-11-03, rule 7: reclaim, in-force #4 supersedes 2
    "#]],
    );
}
