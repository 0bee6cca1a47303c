//! 15: K1 / R5: secure homes and youth custody.

use crate::support::story::{check, placement, referral_update};
use expect_test::expect;

/// Notices with the restricted view; the reclaim is held for a person.
#[test]
fn notices_go_and_the_reclaim_is_held() {
    for kind in ["K1", "R5"] {
        let stay = placement("P1", "2026-10-05").sent("2026-09-28T09:00:00Z").with("/placement/type", kind).referring("R-1");
        let assessed = referral_update("u-1", "RX2", "R-1", "assessed", "2026-10-20");
        check(
            &[stay, assessed],
            "2026-11-03T09:00:00Z",
            expect![
                [r#"
                m-P1-1 accepted
                u-1 accepted
                arrival-notice P1 -> E06000043 by 2026-10-04, reg 13(4), in-force #1
                arrival-notice P1 -> S9B9J/09D by 2026-10-04, reg 13(2), in-force #1
                arrival-notice P1 -> QKS/91Q by 2026-10-04, reg 13(2), in-force #1
                referral R-1 -> RX2 by 2026-09-28, rule 6: referral, in-force #1
                worker-task R-1 -> E10000016, rule 17: no answer, withdrawn #1
                reclaim-request claim -> QKS/91Q, rule 7: reclaim, held #2
                review held-reclaim: the child is in a secure home or youth custody: a person decides whether this is reclaimed; candidates []
            "#][r#"
                m-P1-1 accepted
                u-1 accepted
                arrival-notice P1 -> E06000043 by 2026-10-04, reg 13(4), in-force #1
                arrival-notice P1 -> S9B9J/09D by 2026-10-04, reg 13(2), in-force #1
                arrival-notice P1 -> QKS/91Q by 2026-10-04, reg 13(2), in-force #1
                referral R-1 -> RX2 by 2026-09-28, rule 6: referral, in-force #1
                worker-task R-1 -> E10000016, rule 17: no answer, withdrawn #1
                reclaim-request claim -> QKS/91Q, rule 7: reclaim, held #2
                review held-reclaim: the child is in a secure home or youth custody: a person decides whether this is reclaimed; candidates []
            "#]
            ],
        );
    }
}
