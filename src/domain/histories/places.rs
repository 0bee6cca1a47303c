//! Placements whose area the postcode does not decide, and those outside England.

use super::world::{B, C, ENDED_IN_B, IN_SCOTLAND, IN_WALES, UNKNOWN};
use super::{check, placement};
use expect_test::expect;
use serde_json::Value;

const LATER: &str = "2026-11-03T09:00:00Z";

#[test]
fn an_unknown_postcode_is_asked_about_and_those_known_are_told() {
    check(
        &[placement("P1", "2026-12-01").at(UNKNOWN)],
        LATER,
        expect![[r#"
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        review unknown-postcode P1 by 2026-11-09
    "#]],
    );
}

#[test]
fn an_ended_postcode_is_asked_about() {
    check(
        &[placement("P1", "2026-12-01").at(ENDED_IN_B)],
        LATER,
        expect![[r#"
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        review ended-postcode P1 by 2026-11-09
    "#]],
    );
}

/// B has two commissioners of one body, A two of two bodies.
#[test]
fn the_authority_of_the_message_helps_as_far_as_it_goes() {
    check(
        &[placement("P1", "2026-12-01").at(UNKNOWN).with("/placement/localAuthority", B)],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
    check(
        &[placement("P1", "2026-12-01").at(UNKNOWN).with("/placement/localAuthority", super::A)],
        LATER,
        expect![[r#"
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        review ambiguous-area P1 by 2026-11-09 01A 01X
    "#]],
    );
}

#[test]
fn a_postcode_and_an_authority_that_do_not_agree_are_a_question_and_the_postcode_is_followed() {
    check(
        &[placement("P1", "2026-12-01").with("/placement/localAuthority", C)],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        review contradictory-area P1 by 2026-11-09 E06000002 E06000003
    "#]],
    );
    check(
        &[placement("P1", "2026-12-01").with("/placement/localAuthority", B)],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
}

#[test]
fn an_authority_without_a_postcode_is_enough() {
    check(
        &[placement("P1", "2026-12-01").at("").with("/placement/postcode", Value::Null).with("/placement/localAuthority", C)],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000003 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QCC/03C by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
}

#[test]
fn wales_is_told_and_scotland_by_a_person() {
    check(
        &[placement("P1", "2026-12-01").at(IN_WALES)],
        LATER,
        expect![[r#"
        arrival-notice P1 -> W06000001 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> W11000001 by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
    check(
        &[placement("P1", "2026-12-01").at(IN_SCOTLAND)],
        LATER,
        expect![[r#"
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        review outside-england-and-wales P1 by 2026-11-09
    "#]],
    );
}

/// The question about the place of the stay before is asked about that stay.
#[test]
fn an_unknown_area_left_is_a_question_about_the_stay_before() {
    let first = placement("P1", "2026-06-01").sent("2026-05-20T09:00:00Z").at(UNKNOWN);
    let second = placement("P2", "2026-12-01").in_care_since("2026-06-01");
    check(
        &[first, second],
        LATER,
        expect![[r#"
        arrival-notice P1 -> QAA/01A by 2026-05-31, reg 13(2), in-force #1
        end-notice P1 -> QAA/01A by 2026-12-15, reg 14, in-force #2
        arrival-notice P2 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P2 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        review unknown-postcode P1 by 2026-05-27
        review unknown-postcode P1 by 2026-11-09
    "#]],
    );
}
