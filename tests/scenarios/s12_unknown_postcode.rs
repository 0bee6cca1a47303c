//! 12: unknown or ended postcode.

use crate::support::story::{check, placement};
use expect_test::expect;

/// The authority in the message decides what it can.
#[test]
fn the_authority_in_the_message_helps() {
    let stay = placement("P1", "2026-12-01").at("BN99 9ZZ").with("/placement/localAuthority", "E06000043");
    check(
        &[stay],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        arrival-notice P1 -> E06000043 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
}

/// Nothing is guessed: a person decides, within five working days, and those who are known are told now.
#[test]
fn without_it_a_person_decides() {
    check(
        &[placement("P1", "2026-12-01").at("BN99 9ZZ")],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted [unknown-postcode ]
        arrival-notice P1 -> QKS/91Q by 2026-11-30, reg 13(2), in-force #1
        review unknown-postcode: The directory does not know the postcode, and no authority is given; correct it, or import newer postcodes.; candidates []
    "#]],
    );
}
