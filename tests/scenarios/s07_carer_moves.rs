//! 7: RNE T: the carer moves over the boundary / only the URN changes.

use crate::support::story::{IN_D, Told, check, placement};
use expect_test::expect;

fn first() -> Told {
    placement("P1", "2026-08-03").sent("2026-07-20T09:00:00Z")
}

/// A full arrival, and the end of the stay before.
#[test]
fn over_the_boundary_is_an_arrival() {
    let moved = placement("P2", "2026-11-02").in_care_since("2026-08-03").with("/placement/reasonForChange", "T").at(IN_D);
    check(
        &[first(), moved],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        m-P2-1 accepted
        arrival-notice P1 -> E06000043 by 2026-08-02, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-08-02, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-08-02, reg 13(2), in-force #1
        end-notice P1 -> E06000043 by 2026-11-16, reg 14, in-force #2
        end-notice P1 -> S9B9J/09D by 2026-11-16, reg 14, in-force #2
        end-notice P1 -> QKS/91Q by 2026-11-16, reg 14, in-force #2
        arrival-notice P2 -> E10000025 by 2026-11-01, reg 13(4), in-force #1
        arrival-notice P2 -> S0E4D/10Q by 2026-11-01, reg 13(2), in-force #1
        arrival-notice P2 -> S9B9J/09D by 2026-11-01, reg 13(2), in-force #3
    "#]],
    );
}

/// The child did not move: nothing, and why is recorded.
#[test]
fn another_urn_at_the_same_address_is_nothing() {
    let renamed = placement("P2", "2026-11-02").in_care_since("2026-08-03").with("/placement/reasonForChange", "T");
    check(
        &[first(), renamed],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        m-P2-1 accepted
        arrival-notice P1 -> E06000043 by 2026-08-02, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-08-02, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-08-02, reg 13(2), in-force #1
        suppressed arrival-notice P2: the carer stayed at the same address: the child did not move
    "#]],
    );
}
