//! 6: same authority, other commissioner.

use crate::support::story::{check, placement, referral_update};
use expect_test::expect;

/// Oxfordshire reaches into another commissioner's area (SN6, Shrivenham): both commissioners, the reclaim to the origin, and no
/// area authority, because the child stays in Oxfordshire.
#[test]
fn both_commissioners_and_no_area_authority() {
    let stay = placement("P1", "2026-10-05")
        .with("/publisher", "E10000025")
        .at("SN6 8AD")
        .with("/carePeriod/origin", serde_json::json!({ "commissioner": "10Q", "homePostcode": "OX1 1BU" }))
        .referring("R-1")
        .sent("2026-09-28T09:00:00Z");
    let assessed = referral_update("u-1", "RNU", "R-1", "assessed", "2026-11-02").with("/referral/responsibleAuthority", "E10000025");
    check(
        &[stay, assessed],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        u-1 accepted
        arrival-notice P1 -> QOX/92G by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> S0E4D/10Q by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RNU by 2026-09-28, rule 6: referral, in-force #1
        worker-task R-1 -> E10000025 by 2026-10-13, rule 17: no answer, withdrawn #1
        reclaim-request claim -> S0E4D/10Q by 2026-11-30, rule 7: reclaim, in-force #2
    "#]],
    );
}
