//! Who is told that a child arrives: two boundaries, looked at independently.

use super::world::{CORNER_OF_A, IN_A, IN_C, IN_D, IN_E, NORTH_OF_B};
use super::{check, placement};
use expect_test::expect;
use serde_json::json;

#[test]
fn out_of_area_the_authority_and_both_commissioners_are_told() {
    check(
        &[placement("P1", "2026-12-01")],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
}

#[test]
fn inside_the_area_only_its_commissioner_is_told() {
    check(
        &[placement("P1", "2026-12-01").at(IN_A)],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
}

#[test]
fn same_authority_and_another_commissioner() {
    check(
        &[placement("P1", "2026-12-01").at(CORNER_OF_A)],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> QAX/01X by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
}

#[test]
fn another_authority_and_the_same_commissioner_is_told_once() {
    check(
        &[placement("P1", "2026-12-01").at(IN_E)],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000005 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
}

#[test]
fn two_places_of_one_body_are_one_recipient_the_area_reached_first() {
    let history = [
        placement("P1", "2026-06-01").sent("2026-05-20T09:00:00Z"),
        placement("P2", "2026-12-01").in_care_since("2026-06-01").at(NORTH_OF_B),
    ];
    check(
        &history,
        "2026-11-03T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-05-31, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-05-31, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-05-31, reg 13(2), in-force #1
        end-notice P1 -> E06000002 by 2026-12-15, reg 14, in-force #2
        end-notice P1 -> QBB/02B by 2026-12-15, reg 14, in-force #2
        end-notice P1 -> QAA/01A by 2026-12-15, reg 14, in-force #2
        arrival-notice P2 -> E06000002 by 2026-11-30, reg 13(4), in-force #3
        arrival-notice P2 -> QBB/06B by 2026-11-30, reg 13(2), in-force #3
    "#]],
    );
}

#[test]
fn a_second_move_tells_the_area_left_and_the_area_reached() {
    let history =
        [placement("P1", "2026-06-01").sent("2026-05-20T09:00:00Z"), placement("P2", "2026-12-01").in_care_since("2026-06-01").at(IN_C)];
    check(
        &history,
        "2026-11-03T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-05-31, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-05-31, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-05-31, reg 13(2), in-force #1
        end-notice P1 -> E06000002 by 2026-12-15, reg 14, in-force #2
        end-notice P1 -> QBB/02B by 2026-12-15, reg 14, in-force #2
        end-notice P1 -> QAA/01A by 2026-12-15, reg 14, in-force #2
        arrival-notice P2 -> E06000003 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P2 -> QCC/03C by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P2 -> QBB/02B by 2026-11-30, reg 13(2), in-force #3
    "#]],
    );
}

/// The home postcode comes before the better evidence of the origin: the child lived there.
#[test]
fn the_area_left_is_where_the_home_was_not_where_the_practice_is() {
    let home = |origin| placement("P1", "2026-12-01").with("/carePeriod/origin", origin);
    check(
        &[home(json!({ "gpPractice": "G00001", "homePostcode": IN_D }))],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QDD/04D by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
    check(
        &[home(json!({ "gpPractice": "G00004" }))],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QDD/04D by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
    check(
        &[home(json!({ "commissioner": "03C", "homePostcode": "QZ1 1AA" }))],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QCC/03C by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
}

#[test]
fn a_body_that_follows_another_is_not_told_again() {
    let history = [placement("P1", "2026-12-01").at(IN_D), placement("P1", "2026-12-01").at(IN_D).version(2, "2027-01-05T09:00:00Z")];
    check(
        &history,
        "2027-01-06T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E10000004 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QDD/04D by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
}

/// The body is looked up for the day of the version that first put the child where it is.
#[test]
fn somebody_new_is_looked_up_on_the_day_of_the_amendment() {
    let history = [placement("P1", "2026-12-01"), placement("P1", "2026-12-01").at(IN_D).version(2, "2027-01-05T09:00:00Z")];
    check(
        &history,
        "2027-01-06T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), withdrawn #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), withdrawn #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), corrected #1
        arrival-notice P1 -> E10000004 by 2027-01-12, reg 13(4), in-force #1
        arrival-notice P1 -> QDX/04D by 2027-01-12, reg 13(2), in-force #1
        notice-correction P1 -> QAA/01A by 2027-01-05, reg 13(2), in-force #2 supersedes 1
        notice-withdrawal P1 -> E06000002 by 2027-01-05, reg 13(4), in-force #2 supersedes 1
        notice-withdrawal P1 -> QBB/02B by 2027-01-05, reg 13(2), in-force #2 supersedes 1
    "#]],
    );
}

/// Version 2 puts the child in D, 3 in C, 4 in D again: the body of D is looked up for the day of version 4.
#[test]
fn who_goes_back_is_looked_up_anew() {
    let stay = || placement("P1", "2026-12-01");
    let history = [
        stay(),
        stay().at(IN_D).version(2, "2026-11-04T09:00:00Z"),
        stay().at(IN_C).version(3, "2026-11-05T09:00:00Z"),
        stay().at(IN_D).version(4, "2027-01-05T09:00:00Z"),
    ];
    check(
        &history,
        "2027-01-06T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), withdrawn #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), withdrawn #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), corrected #1
        arrival-notice P1 -> E10000004 by 2026-11-30, reg 13(4), withdrawn #1
        arrival-notice P1 -> QDD/04D by 2026-11-30, reg 13(2), withdrawn #1
        notice-correction P1 -> QAA/01A by 2026-11-30, reg 13(2), corrected #2 supersedes 1
        notice-withdrawal P1 -> E06000002 by 2026-11-04, reg 13(4), in-force #2 supersedes 1
        notice-withdrawal P1 -> QBB/02B by 2026-11-04, reg 13(2), in-force #2 supersedes 1
        arrival-notice P1 -> E06000003 by 2026-11-30, reg 13(4), withdrawn #1
        arrival-notice P1 -> QCC/03C by 2026-11-30, reg 13(2), withdrawn #1
        notice-correction P1 -> QAA/01A by 2026-11-30, reg 13(2), corrected #3 supersedes 2
        notice-withdrawal P1 -> E10000004 by 2026-11-05, reg 13(4), in-force #2 supersedes 1
        notice-withdrawal P1 -> QDD/04D by 2026-11-05, reg 13(2), in-force #2 supersedes 1
        arrival-notice P1 -> E10000004 by 2027-01-12, reg 13(4), in-force #3
        arrival-notice P1 -> QDX/04D by 2027-01-12, reg 13(2), in-force #1
        notice-correction P1 -> QAA/01A by 2027-01-05, reg 13(2), in-force #4 supersedes 3
        notice-withdrawal P1 -> E06000003 by 2027-01-05, reg 13(4), in-force #2 supersedes 1
        notice-withdrawal P1 -> QCC/03C by 2027-01-05, reg 13(2), in-force #2 supersedes 1
    "#]],
    );
}

/// A version that is sent late and numbered lower changes nothing, whatever it says.
#[test]
fn an_older_version_that_comes_late_changes_nothing() {
    let stay = || placement("P1", "2026-12-01");
    let history = [stay().at(IN_D).version(2, "2026-11-02T09:30:00Z"), stay().recorded("2027-01-05T09:00:00Z")];
    check(
        &history,
        "2027-01-06T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E10000004 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QDD/04D by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
}

/// Known first by a change of legal status, of which nobody is told: the arrival is looked up on the day on which it came itself.
#[test]
fn a_legal_change_that_came_first_does_not_date_the_arrival() {
    let stay = || placement("P1", "2026-12-15").at(IN_D).sent("2026-12-10T09:00:00Z");
    let legal = stay().version(2, "2026-12-20T09:00:00Z").with("/placement/reasonForChange", "L");
    check(
        &[legal, stay().recorded("2027-01-05T09:00:00Z")],
        "2027-01-05T10:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E10000004 by 2026-12-14, reg 13(4), in-force #1
        arrival-notice P1 -> QDX/04D by 2026-12-14, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-12-14, reg 13(2), in-force #1
    "#]],
    );
}
