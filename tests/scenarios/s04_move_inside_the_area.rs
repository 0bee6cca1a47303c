//! 4: move inside the area.

use crate::support::story::{IN_A, check, placement};
use expect_test::expect;

/// The commissioner is told. No area authority is: Kent has its own child in its own area.
#[test]
fn only_the_commissioner() {
    check(
        &[placement("P1", "2026-12-01").at("TN1 1AA").with("/placement/localAuthority", "E10000016")],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        arrival-notice P1 -> QKS/91Q by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
}

/// Medway is another authority under the same commissioner: see scenario 5.
#[test]
fn the_next_town_may_be_another_authority() {
    check(
        &[placement("P1", "2026-12-01").at(IN_A)],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        arrival-notice P1 -> E06000035 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
}
