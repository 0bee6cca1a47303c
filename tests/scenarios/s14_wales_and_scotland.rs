//! 14: Wales; Scotland and Northern Ireland.

use crate::support::story::{check, placement, referral_update};
use expect_test::expect;
use serde_json::Value;

/// Cardiff: its council and its health board are told, and the cost is reclaimed.
#[test]
fn wales_is_told_and_reclaimed() {
    let stay = placement("P1", "2026-10-05")
        .sent("2026-09-28T09:00:00Z")
        .at("CF10 1AA")
        .with("/placement/localAuthority", "W06000015")
        .referring("R-1");
    let assessed = referral_update("u-1", "RX2", "R-1", "assessed", "2026-10-20");
    check(
        &[stay, assessed],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        u-1 accepted [no-coverage ]
        arrival-notice P1 -> W06000015 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> W11000029 by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-10-04, reg 13(2), in-force #1
        worker-task R-1 -> E10000016 by 2026-10-13, rule 17: no answer, withdrawn #1
        reclaim-request claim -> QKS/91Q by 2026-11-17, rule 7: reclaim, in-force #2
        review no-coverage: The directory has no CAMHS provider for W06000015 on 2026-10-05; add it to the directory, or tell them by hand.; candidates []
    "#]],
    );
}

/// No English code is assumed: a person sends the notices, and the reclaim is held.
#[test]
fn scotland_goes_to_a_person_and_the_reclaim_is_held() {
    let stay = placement("P1", "2026-10-05")
        .sent("2026-09-28T09:00:00Z")
        .with("/placement/postcode", Value::Null)
        .with("/placement/localAuthority", "S12000036")
        .referring("R-1");
    let assessed = referral_update("u-1", "RX2", "R-1", "assessed", "2026-10-20");
    check(
        &[stay, assessed],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted [outside-england-and-wales ]
        u-1 accepted [outside-england-and-wales ]
        arrival-notice P1 -> QKS/91Q by 2026-10-04, reg 13(2), in-force #1
        worker-task R-1 -> E10000016 by 2026-10-13, rule 17: no answer, withdrawn #1
        reclaim-request claim -> QKS/91Q by 2026-11-17, rule 7: reclaim, held #2
        review outside-england-and-wales: The place is in Scotland, where these rules do not reach; a person tells whoever must know.; candidates []
        review outside-england-and-wales: The place is in Scotland, where these rules do not reach; a person tells whoever must know.; candidates []
        review held-reclaim: the child lives outside England and Wales: a person decides whether this is reclaimed; candidates []
    "#]],
    );
}
