//! 22: wellbeing deteriorates later.

use crate::support::story::{IN_C, check, concern, placement, referral_update};
use expect_test::expect;

/// A new referral, to the provider of the current placement, whatever became of the old one.
#[test]
fn a_new_referral_to_where_the_child_lives_now() {
    let first = placement("P1", "2026-08-03").sent("2026-07-20T09:00:00Z").referring("R-1");
    let ended = referral_update("u-1", "RX2", "R-1", "treatment-ended", "2026-08-20");
    let second = placement("P2", "2026-10-05").in_care_since("2026-08-03").at(IN_C).sent("2026-09-28T09:00:00Z");
    let later = concern("c-1", "R-2", "2026-11-02").with("/referral/follows", "R-1");
    check(
        &[first, ended, second, later],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        u-1 accepted
        m-P2-1 accepted
        c-1 accepted
        arrival-notice P1 -> E06000043 by 2026-08-02, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-08-02, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-08-02, reg 13(2), in-force #1
        referral R-1 -> RX2 by 2026-07-20, rule 6: referral, in-force #1
        worker-task R-1 -> E10000016 by 2026-08-04, rule 17: no answer, withdrawn #1
        end-notice P1 -> E06000043 by 2026-10-19, reg 14, in-force #2
        end-notice P1 -> S9B9J/09D by 2026-10-19, reg 14, in-force #2
        end-notice P1 -> QKS/91Q by 2026-10-19, reg 14, in-force #2
        arrival-notice P2 -> E06000045 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P2 -> QRL/D9Y0V by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P2 -> S9B9J/09D by 2026-10-04, reg 13(2), in-force #3
        referral R-2 -> RW1 by 2026-11-02, rule 6: referral, in-force #1
    "#]],
    );
}
