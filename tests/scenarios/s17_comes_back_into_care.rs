//! 17: leaves care (E4A), comes back eight months later, GP now in D.

use crate::support::story::{IN_D, check, placement, referral_update};
use expect_test::expect;
use serde_json::json;

/// The new care period has its own origin; the old one's reclaims stay with A.
#[test]
fn a_new_period_has_a_new_origin_and_the_old_claims_stay() {
    let first = placement("P1", "2025-06-02").sent("2025-05-26T09:00:00Z").referring("R-1");
    let assessed = referral_update("u-1", "RX2", "R-1", "assessed", "2025-06-16");
    let left = first
        .clone()
        .version(2)
        .with("/placement/endedOn", "2026-01-30")
        .with("/carePeriod/endedOn", "2026-01-30")
        .with("/carePeriod/endReason", "E4A")
        .sent("2026-01-30T09:00:00Z");
    let back = placement("P2", "2026-10-05")
        .sent("2026-09-28T09:00:00Z")
        .with("/carePeriod/id", "CP-2")
        .with("/carePeriod/origin", json!({ "commissioner": "10Q", "homePostcode": IN_D }))
        .referring("R-2");
    let assessed_again = referral_update("u-2", "RX2", "R-2", "assessed", "2026-10-20");
    let told = check(
        &[first, assessed, left, back, assessed_again],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        u-1 accepted
        m-P1-2 accepted
        m-P2-1 accepted
        u-2 accepted
        arrival-notice P1 -> E06000043 by 2025-06-01, reg 13(4), in-force #1
        arrival-notice P1 -> QNX/09D by 2025-06-01, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2025-06-01, reg 13(2), in-force #1
        referral R-1 -> RX2 by 2025-05-26, rule 6: referral, in-force #1
        worker-task R-1 -> E10000016 by 2025-06-10, rule 17: no answer, withdrawn #1
        reclaim-request claim -> QKS/91Q by 2025-07-14, rule 7: reclaim, in-force #2
        end-notice P1 -> E06000043 by 2026-02-13, reg 14, in-force #2
        end-notice P1 -> QNX/09D by 2026-02-13, reg 14, in-force #2
        end-notice P1 -> QKS/91Q by 2026-02-13, reg 14, in-force #3
        arrival-notice P2 -> E06000043 by 2026-10-04, reg 13(4), in-force #3
        arrival-notice P2 -> S9B9J/09D by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P2 -> S0E4D/10Q by 2026-10-04, reg 13(2), in-force #1
        referral R-2 -> RX2 by 2026-09-28, rule 6: referral, in-force #2
        worker-task R-2 -> E10000016 by 2026-10-13, rule 17: no answer, withdrawn #2
        reclaim-request claim -> S0E4D/10Q by 2026-11-17, rule 7: reclaim, in-force #2
    "#]],
    );
    let claims: Vec<_> = told
        .obligations
        .iter()
        .filter(|one| one.kind == domain::delivery::Kind::ReclaimRequest)
        .map(|one| one.recipient.as_str())
        .collect();
    assert_eq!(claims, ["QKS", "S0E4D"]);
}
