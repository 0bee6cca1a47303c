//! 18: 18th birthday.

use crate::support::story::{check, placement, referral_update};
use expect_test::expect;

/// No more notices of a child; what was given before the birthday is claimed, later service goes to a person.
#[test]
fn notices_stop_and_earlier_service_is_claimed() {
    let first = placement("P1", "2026-08-03").sent("2026-07-20T09:00:00Z").with("/child/birthDate", "2008-10-12").referring("R-1");
    let assessed = referral_update("u-1", "RX2", "R-1", "assessed", "2026-10-05");
    let started = referral_update("u-2", "RX2", "R-1", "treatment-started", "2026-10-20");
    let second = placement("P2", "2026-11-02").in_care_since("2026-08-03").with("/child/birthDate", "2008-10-12").at("RG1 1BE");
    check(
        &[first, assessed, started, second],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        u-1 accepted
        u-2 accepted
        m-P2-1 accepted
        arrival-notice P1 -> E06000043 by 2026-08-02, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-08-02, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-08-02, reg 13(2), in-force #1
        referral R-1 -> RX2 by 2026-07-20, rule 6: referral, in-force #1
        worker-task R-1 -> E10000016 by 2026-08-04, rule 17: no answer, withdrawn #1
        reclaim-request claim -> QKS/91Q by 2026-11-02, rule 7: reclaim, in-force #2
        end-notice P1 -> E06000043 by 2026-11-16, reg 14, in-force #2
        end-notice P1 -> S9B9J/09D by 2026-11-16, reg 14, in-force #2
        end-notice P1 -> QKS/91Q by 2026-11-16, reg 14, in-force #3
        suppressed arrival-notice P2: it started after the 18th birthday
        review adult-service-date: the service was given after the 18th birthday; candidates []
    "#]],
    );
}
