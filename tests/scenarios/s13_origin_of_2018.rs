//! 13: origin 00C (2018), reclaimed today.

use crate::support::story::{HOME_A, WORLD, check, placement, referral_update};
use expect_test::expect;
use serde_json::json;

/// Resolved through 16C to today's board (QHM); both codes are quoted, and the dead code is no recipient.
#[test]
fn followed_to_todays_body_quoting_both_codes() {
    let stay = placement("P1", "2026-10-05")
        .sent("2026-09-28T09:00:00Z")
        .in_care_since("2018-03-05")
        .with("/placement/reasonForChange", "S")
        .with("/carePeriod/origin", json!({ "commissioner": "00C", "homePostcode": HOME_A }))
        .referring("R-1");
    let assessed = referral_update("u-1", "RX2", "R-1", "assessed", "2026-10-20");
    let told = check(
        &[stay, assessed],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        u-1 accepted
        arrival-notice P1 -> E06000043 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RX2 by 2026-09-28, rule 6: referral, in-force #1
        worker-task R-1 -> E10000016 by 2026-10-13, rule 17: no answer, withdrawn #1
        reclaim-request claim -> QHM/16C by 2026-11-17, rule 7: reclaim, in-force #1
    "#]],
    );
    let claim = told.obligations.iter().find(|one| one.kind == domain::delivery::Kind::ReclaimRequest).unwrap();
    assert!(WORLD.directory.organisation(claim.recipient).unwrap().to.is_none(), "a body that is open today");
}

/// 99J closed on 31 March 2020 and is still carried by some systems.
#[test]
fn a_stale_code_finds_its_successor() {
    let stay = placement("P1", "2026-10-05")
        .sent("2026-09-28T09:00:00Z")
        .with("/carePeriod/origin", json!({ "commissioner": "99J" }))
        .referring("R-1");
    let assessed = referral_update("u-1", "RX2", "R-1", "assessed", "2026-10-20");
    check(
        &[stay, assessed],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        u-1 accepted
        arrival-notice P1 -> E06000043 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RX2 by 2026-09-28, rule 6: referral, in-force #1
        worker-task R-1 -> E10000016 by 2026-10-13, rule 17: no answer, withdrawn #1
        reclaim-request claim -> QKS/91Q by 2026-11-17, rule 7: reclaim, in-force #2
    "#]],
    );
}

/// Frimley was split three ways on 1 April 2026: without the home postcode nobody can tell, so a person decides.
#[test]
fn a_split_needs_the_home_postcode() {
    let stay = |origin: serde_json::Value| {
        placement("P1", "2026-10-05")
            .sent("2026-09-28T09:00:00Z")
            .in_care_since("2025-06-02")
            .with("/placement/reasonForChange", "S")
            .with("/carePeriod/origin", origin)
            .referring("R-1")
    };
    let assessed = referral_update("u-1", "RX2", "R-1", "assessed", "2026-10-20");
    check(
        &[stay(json!({ "commissioner": "D4U1Y" })), assessed.clone()],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted [ambiguous-succession ]
        u-1 accepted
        arrival-notice P1 -> E06000043 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RX2 by 2026-09-28, rule 6: referral, in-force #1
        worker-task R-1 -> E10000016 by 2026-10-13, rule 17: no answer, withdrawn #1
        review ambiguous-succession: NHS Frimley (CCG to June 2022, then sub-ICB location) (D4U1Y) closed before 2026-09-28: it was split, and the home postcode does not say where to; choose one.; candidates ["92A", "D9Y0V", "U2G6B"]
        review ambiguous-succession: NHS Frimley (CCG to June 2022, then sub-ICB location) (D4U1Y) closed before 2026-10-20: it was split, and the home postcode does not say where to; choose one.; candidates ["92A", "D9Y0V", "U2G6B"]
    "#]],
    );
    check(
        &[stay(json!({ "commissioner": "D4U1Y", "homePostcode": "SL1 0AQ" })), assessed],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        u-1 accepted
        arrival-notice P1 -> E06000043 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> S0E4D/U2G6B by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RX2 by 2026-09-28, rule 6: referral, in-force #1
        worker-task R-1 -> E10000016 by 2026-10-13, rule 17: no answer, withdrawn #1
        reclaim-request claim -> S0E4D/U2G6B by 2026-11-17, rule 7: reclaim, in-force #2
    "#]],
    );
}
