//! 2: second move B -> C.

use crate::support::story::{IN_C, check, placement, referral_update};
use domain::delivery::Kind;
use expect_test::expect;

/// Out goes: C's authority and commissioner; commissioner B; end notices to B's authority and commissioner, and to A, which
/// was told in 1. A later reclaim goes to A, never to B.
#[test]
fn the_new_area_is_told_and_the_old_one_hears_the_end() {
    let first = placement("P1", "2026-08-03").sent("2026-07-20T09:00:00Z");
    let second = placement("P2", "2026-12-01").in_care_since("2026-08-03").at(IN_C);
    check(
        &[first, second],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        m-P2-1 accepted
        arrival-notice P1 -> E06000043 by 2026-08-02, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-08-02, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-08-02, reg 13(2), in-force #1
        end-notice P1 -> E06000043 by 2026-12-15, reg 14, in-force #2
        end-notice P1 -> S9B9J/09D by 2026-12-15, reg 14, in-force #2
        end-notice P1 -> QKS/91Q by 2026-12-15, reg 14, in-force #2
        arrival-notice P2 -> E06000045 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P2 -> QRL/D9Y0V by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P2 -> S9B9J/09D by 2026-11-30, reg 13(2), in-force #3
    "#]],
    );
}

#[test]
fn a_later_reclaim_goes_to_where_care_began() {
    let first = placement("P1", "2026-08-03").sent("2026-07-20T09:00:00Z");
    let second = placement("P2", "2026-10-05").sent("2026-09-28T09:00:00Z").in_care_since("2026-08-03").at(IN_C).referring("R-1");
    let assessed = referral_update("u-1", "RW1", "R-1", "assessed", "2026-11-02");
    let told = check(
        &[first, second, assessed],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        m-P2-1 accepted
        u-1 accepted
        arrival-notice P1 -> E06000043 by 2026-08-02, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-08-02, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-08-02, reg 13(2), in-force #1
        end-notice P1 -> E06000043 by 2026-10-19, reg 14, in-force #2
        end-notice P1 -> S9B9J/09D by 2026-10-19, reg 14, in-force #2
        end-notice P1 -> QKS/91Q by 2026-10-19, reg 14, in-force #2
        arrival-notice P2 -> E06000045 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P2 -> QRL/D9Y0V by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P2 -> S9B9J/09D by 2026-10-04, reg 13(2), in-force #3
        referral R-1 -> RW1 by 2026-09-28, rule 6: referral, in-force #1
        worker-task R-1 -> E10000016 by 2026-10-13, rule 17: no answer, withdrawn #1
        reclaim-request claim -> QKS/91Q by 2026-11-30, rule 7: reclaim, in-force #3
    "#]],
    );
    let reclaims: Vec<_> =
        told.obligations.iter().filter(|one| one.kind == Kind::ReclaimRequest).map(|one| one.recipient.as_str()).collect();
    assert_eq!(reclaims, ["QKS"]);
}
