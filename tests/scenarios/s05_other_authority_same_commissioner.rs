//! 5: other authority, same legal commissioner (also: two sub-ICBs of one ICB).

use crate::support::story::{IN_A, check, placement, referral_update};
use expect_test::expect;

/// Medway is told, Kent and Medway once, and nothing is reclaimed from itself.
#[test]
fn told_once_and_nothing_reclaimed() {
    let stay = placement("P1", "2026-10-05").at(IN_A).referring("R-1").sent("2026-09-28T09:00:00Z");
    let assessed = referral_update("u-1", "RXY", "R-1", "assessed", "2026-11-02");
    check(
        &[stay, assessed],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        u-1 accepted
        arrival-notice P1 -> E06000035 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RXY by 2026-09-28, rule 6: referral, in-force #1
        worker-task R-1 -> E10000016 by 2026-10-13, rule 17: no answer, withdrawn #1
        suppressed reclaim-request claim: the originating and the current commissioner are the same body
    "#]],
    );
}

/// Brighton (09D) and Worthing (70F) are two places of one body.
#[test]
fn two_places_of_one_body_are_one_recipient() {
    let stay = placement("P1", "2026-12-01")
        .at("BN11 1DP")
        .with("/carePeriod/origin", serde_json::json!({ "commissioner": "09D", "homePostcode": "BN1 6AG" }));
    check(
        &[stay],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        arrival-notice P1 -> E10000032 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/70F by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
}
