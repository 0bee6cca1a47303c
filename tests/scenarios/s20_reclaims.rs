//! 20: CAMHS: assessed, then treatment started.

use crate::support::story::{WORLD, check, placement, reclaim_update, referral_update};
use domain::owed::claim_id;
use domain::policy::Stage;
use expect_test::expect;

/// Two reclaims to A. A disputes one: the referral is untouched.
#[test]
fn two_reclaims_and_a_dispute_that_touches_nothing_else() {
    let stay = placement("P1", "2026-10-05").sent("2026-09-28T09:00:00Z").referring("R-1");
    let assessed = referral_update("u-1", "RX2", "R-1", "assessed", "2026-10-20");
    let started = referral_update("u-2", "RX2", "R-1", "treatment-started", "2026-10-28");
    let claim = claim_id(&WORLD.policy.claim_key, "E10000016".parse().unwrap(), "104233", "R-1", Stage::Assessment);
    let disputed = reclaim_update("c-1", "QKS", &claim, "disputed", "2026-11-02");
    check(
        &[stay, assessed, started, disputed],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        u-1 accepted
        u-2 accepted
        c-1 accepted
        arrival-notice P1 -> E06000043 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RX2 by 2026-09-28, rule 6: referral, in-force #1
        worker-task R-1 -> E10000016, rule 17: no answer, withdrawn #1
        reclaim-request claim -> QKS/91Q, rule 7: reclaim, in-force #2
        reclaim-request claim -> QKS/91Q, rule 7: reclaim, in-force #3
    "#]],
    );
}
