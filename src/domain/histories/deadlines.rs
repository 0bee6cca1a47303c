//! By when notices are due, and how long a move without its predecessor waits.

use super::world::{IN_A, IN_C, IN_D};
use super::{Told, check, check_by, placement};
use expect_test::expect;
use jiff::SignedDuration;

/// Thursday before Easter: five working days are 13 April.
#[test]
fn an_unplanned_arrival_is_told_within_five_working_days() {
    let stay = placement("P1", "2026-04-02").unplanned().at(IN_A).sent("2026-04-03T09:00:00Z");
    check(
        &[stay],
        "2026-04-04T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> QAA/01A by 2026-04-13, reg 13(2), in-force #1
    "#]],
    );
}

#[test]
fn the_days_are_the_policys() {
    let stay = || placement("P1", "2026-04-02").unplanned().at(IN_A).sent("2026-04-03T09:00:00Z").ended("2026-04-10");
    check_by(
        |policy| (policy.notice_working_days, policy.end_notice_working_days) = (2, 3),
        &[stay()],
        "2026-04-04T09:00:00Z",
        expect![[r#"
            arrival-notice P1 -> QAA/01A by 2026-04-08, reg 13(2), in-force #1
            end-notice P1 -> QAA/01A by 2026-04-15, reg 14, in-force #2
        "#]],
    );
}

/// Amended before the start: those who become concerned have until the start like everybody.
#[test]
fn a_planned_move_amended_before_its_start_is_due_before_its_start() {
    let history = [placement("P1", "2026-12-01"), placement("P1", "2026-12-01").at(IN_C).version(2, "2026-11-30T09:00:00Z")];
    check(
        &history,
        "2026-11-30T10:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), withdrawn #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), withdrawn #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), corrected #1
        arrival-notice P1 -> E06000003 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QCC/03C by 2026-11-30, reg 13(2), in-force #1
        notice-correction P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #2 supersedes 1
        notice-withdrawal P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #2 supersedes 1
        notice-withdrawal P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #2 supersedes 1
    "#]],
    );
}

/// Amended on the day of the start itself or later: five working days from when it was recorded.
#[test]
fn a_planned_move_amended_on_its_first_day_gives_a_new_clock() {
    let history = [placement("P1", "2026-12-01"), placement("P1", "2026-12-01").at(IN_C).version(2, "2026-12-01T09:00:00Z")];
    check(
        &history,
        "2026-12-01T10:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), withdrawn #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), withdrawn #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), corrected #1
        arrival-notice P1 -> E06000003 by 2026-12-08, reg 13(4), in-force #1
        arrival-notice P1 -> QCC/03C by 2026-12-08, reg 13(2), in-force #1
        notice-correction P1 -> QAA/01A by 2026-12-01, reg 13(2), in-force #2 supersedes 1
        notice-withdrawal P1 -> E06000002 by 2026-12-01, reg 13(4), in-force #2 supersedes 1
        notice-withdrawal P1 -> QBB/02B by 2026-12-01, reg 13(2), in-force #2 supersedes 1
    "#]],
    );
}

/// The later of the two: never earlier than the standard deadline.
#[test]
fn an_unplanned_move_amended_early_keeps_its_deadline() {
    let stay = || placement("P1", "2026-12-01").unplanned();
    let history = [stay(), stay().at(IN_C).version(2, "2026-11-20T09:00:00Z")];
    check(
        &history,
        "2026-11-20T10:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-12-08, reg 13(4), withdrawn #1
        arrival-notice P1 -> QBB/02B by 2026-12-08, reg 13(2), withdrawn #1
        arrival-notice P1 -> QAA/01A by 2026-12-08, reg 13(2), corrected #1
        arrival-notice P1 -> E06000003 by 2026-12-08, reg 13(4), in-force #1
        arrival-notice P1 -> QCC/03C by 2026-12-08, reg 13(2), in-force #1
        notice-correction P1 -> QAA/01A by 2026-12-08, reg 13(2), in-force #2 supersedes 1
        notice-withdrawal P1 -> E06000002 by 2026-11-20, reg 13(4), in-force #2 supersedes 1
        notice-withdrawal P1 -> QBB/02B by 2026-11-20, reg 13(2), in-force #2 supersedes 1
    "#]],
    );
    let history = [stay(), stay().at(IN_C).version(2, "2026-12-04T09:00:00Z")];
    check(
        &history,
        "2026-12-04T10:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-12-08, reg 13(4), withdrawn #1
        arrival-notice P1 -> QBB/02B by 2026-12-08, reg 13(2), withdrawn #1
        arrival-notice P1 -> QAA/01A by 2026-12-08, reg 13(2), corrected #1
        arrival-notice P1 -> E06000003 by 2026-12-11, reg 13(4), in-force #1
        arrival-notice P1 -> QCC/03C by 2026-12-11, reg 13(2), in-force #1
        notice-correction P1 -> QAA/01A by 2026-12-08, reg 13(2), in-force #2 supersedes 1
        notice-withdrawal P1 -> E06000002 by 2026-12-04, reg 13(4), in-force #2 supersedes 1
        notice-withdrawal P1 -> QBB/02B by 2026-12-04, reg 13(2), in-force #2 supersedes 1
    "#]],
    );
}

/// B is concerned again by version 3: its clock begins with that one, not with the first.
#[test]
fn who_becomes_concerned_again_has_a_new_clock() {
    let stay = || placement("P1", "2026-12-01");
    let history = [stay(), stay().at(IN_C).version(2, "2026-12-08T09:00:00Z"), stay().version(3, "2026-12-15T09:00:00Z")];
    check(
        &history,
        "2026-12-15T10:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), withdrawn #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), withdrawn #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), corrected #1
        arrival-notice P1 -> E06000003 by 2026-12-15, reg 13(4), withdrawn #1
        arrival-notice P1 -> QCC/03C by 2026-12-15, reg 13(2), withdrawn #1
        notice-correction P1 -> QAA/01A by 2026-12-08, reg 13(2), corrected #2 supersedes 1
        notice-withdrawal P1 -> E06000002 by 2026-12-08, reg 13(4), in-force #2 supersedes 1
        notice-withdrawal P1 -> QBB/02B by 2026-12-08, reg 13(2), in-force #2 supersedes 1
        arrival-notice P1 -> E06000002 by 2026-12-22, reg 13(4), in-force #3
        arrival-notice P1 -> QBB/02B by 2026-12-22, reg 13(2), in-force #3
        notice-correction P1 -> QAA/01A by 2026-12-15, reg 13(2), in-force #3 supersedes 2
        notice-withdrawal P1 -> E06000003 by 2026-12-15, reg 13(4), in-force #2 supersedes 1
        notice-withdrawal P1 -> QCC/03C by 2026-12-15, reg 13(2), in-force #2 supersedes 1
    "#]],
    );
}

/// The clock begins with the version that made somebody concerned, not with the newest one.
#[test]
fn a_further_amendment_in_the_same_area_does_not_move_the_clock() {
    let stay = || placement("P1", "2026-12-01");
    let history = [
        stay(),
        stay().at(IN_C).version(2, "2026-12-08T09:00:00Z"),
        stay().at(IN_C).version(3, "2026-12-15T09:00:00Z").with("/placement/type", "K2"),
    ];
    check(
        &history,
        "2026-12-15T10:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), withdrawn #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), withdrawn #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), corrected #1
        arrival-notice P1 -> E06000003 by 2026-12-15, reg 13(4), corrected #1
        arrival-notice P1 -> QCC/03C by 2026-12-15, reg 13(2), corrected #1
        notice-correction P1 -> QAA/01A by 2026-12-08, reg 13(2), corrected #2 supersedes 1
        notice-withdrawal P1 -> E06000002 by 2026-12-08, reg 13(4), in-force #2 supersedes 1
        notice-withdrawal P1 -> QBB/02B by 2026-12-08, reg 13(2), in-force #2 supersedes 1
        notice-correction P1 -> E06000003 by 2026-12-15, reg 13(4), in-force #2 supersedes 1
        notice-correction P1 -> QCC/03C by 2026-12-15, reg 13(2), in-force #2 supersedes 1
        notice-correction P1 -> QAA/01A by 2026-12-15, reg 13(2), in-force #3 supersedes 2
    "#]],
    );
}

/// D has another board from the new year on. Who was told as the board of the day is not newly concerned by an amendment that
/// leaves the child where it is.
#[test]
fn a_board_that_has_changed_since_gives_an_amendment_no_new_clock() {
    let stay = || placement("P1", "2026-12-21").sent("2026-12-21T09:00:00Z").at(IN_D).unplanned();
    check(
        &[stay(), stay().version(2, "2027-01-11T09:00:00Z").with("/placement/type", "K2")],
        "2027-01-11T10:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E10000004 by 2026-12-30, reg 13(4), corrected #1
        arrival-notice P1 -> QDD/04D by 2026-12-30, reg 13(2), corrected #1
        arrival-notice P1 -> QAA/01A by 2026-12-30, reg 13(2), corrected #1
        notice-correction P1 -> E10000004 by 2027-01-11, reg 13(4), in-force #2 supersedes 1
        notice-correction P1 -> QDD/04D by 2027-01-11, reg 13(2), in-force #2 supersedes 1
        notice-correction P1 -> QAA/01A by 2027-01-11, reg 13(2), in-force #2 supersedes 1
    "#]],
    );
}

/// The placement before is amended: the area left is another one, and its commissioner has a clock of its own.
#[test]
fn an_amended_placement_before_gives_the_area_left_a_new_clock() {
    let first = || placement("P1", "2026-06-01").sent("2026-05-20T09:00:00Z");
    let history =
        [first(), placement("P2", "2026-11-10").in_care_since("2026-06-01").at(IN_A), first().at(IN_C).version(2, "2026-11-16T09:00:00Z")];
    check(
        &history,
        "2026-11-16T10:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-05-31, reg 13(4), withdrawn #1
        arrival-notice P1 -> QBB/02B by 2026-05-31, reg 13(2), withdrawn #1
        arrival-notice P1 -> QAA/01A by 2026-05-31, reg 13(2), corrected #1
        end-notice P1 -> E06000002 by 2026-11-24, reg 14, withdrawn #2
        end-notice P1 -> QBB/02B by 2026-11-24, reg 14, withdrawn #2
        end-notice P1 -> QAA/01A by 2026-11-24, reg 14, in-force #2
        arrival-notice P2 -> QAA/01A by 2026-11-09, reg 13(2), in-force #3
        arrival-notice P2 -> QBB/02B by 2026-11-09, reg 13(2), withdrawn #3
        arrival-notice P1 -> E06000003 by 2026-11-23, reg 13(4), in-force #1
        arrival-notice P1 -> QCC/03C by 2026-11-23, reg 13(2), in-force #1
        notice-correction P1 -> QAA/01A by 2026-11-16, reg 13(2), in-force #4 supersedes 1
        end-notice P1 -> E06000003 by 2026-11-24, reg 14, in-force #2
        end-notice P1 -> QCC/03C by 2026-11-24, reg 14, in-force #2
        arrival-notice P2 -> QCC/03C by 2026-11-23, reg 13(2), in-force #3
        notice-withdrawal P1 -> E06000002 by 2026-11-16, reg 13(4), in-force #3 supersedes 1
        notice-withdrawal P1 -> QBB/02B by 2026-11-16, reg 13(2), in-force #4 supersedes 1
        notice-withdrawal P2 -> QBB/02B by 2026-11-16, reg 13(2), in-force #5 supersedes 3
        notice-withdrawal P1 -> E06000002 by 2026-11-16, reg 14, in-force #4 supersedes 2
        notice-withdrawal P1 -> QBB/02B by 2026-11-16, reg 14, in-force #6 supersedes 2
    "#]],
    );
}

fn orphan(recorded_at: &str) -> Told {
    placement("P2", "2026-12-01").in_care_since("2026-06-01").at(IN_C).recorded(recorded_at)
}

#[test]
fn a_move_without_its_predecessor_waits_three_days() {
    check(
        &[orphan("2026-11-02T09:00:00Z")],
        "2026-11-05T08:59:59Z",
        expect![[r#"
        parked P2 until 2026-11-05T09:00:00Z
        wakes at 2026-11-05T09:00:00Z
    "#]],
    );
    check(
        &[orphan("2026-11-02T09:00:00Z")],
        "2026-11-05T09:00:00Z",
        expect![[r#"
        arrival-notice P2 -> E06000003 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P2 -> QCC/03C by 2026-11-30, reg 13(2), in-force #1
        review orphaned-move P2 by 2026-11-09
    "#]],
    );
}

/// The deadline is 30 November: the notices go as that day begins, in England.
#[test]
fn it_never_waits_past_its_deadline() {
    check(
        &[orphan("2026-11-29T09:00:00Z")],
        "2026-11-29T23:59:59Z",
        expect![[r#"
        parked P2 until 2026-11-30T00:00:00Z
        wakes at 2026-11-30T00:00:00Z
    "#]],
    );
    check(
        &[orphan("2026-11-29T09:00:00Z")],
        "2026-11-30T00:00:00Z",
        expect![[r#"
        arrival-notice P2 -> E06000003 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P2 -> QCC/03C by 2026-11-30, reg 13(2), in-force #1
        review orphaned-move P2 by 2026-12-04
    "#]],
    );
    let summer = orphan("2026-07-14T09:00:00Z").with("/placement/startedOn", "2026-07-16");
    check(
        &[summer],
        "2026-07-14T22:59:59Z",
        expect![[r#"
        parked P2 until 2026-07-14T23:00:00Z
        wakes at 2026-07-14T23:00:00Z
    "#]],
    );
}

#[test]
fn patience_counts_from_the_first_version_recorded() {
    let second = orphan("2026-11-04T09:00:00Z").version(2, "2026-11-04T09:00:00Z");
    check(
        &[orphan("2026-11-02T09:00:00Z"), second],
        "2026-11-04T10:00:00Z",
        expect![[r#"
        parked P2 until 2026-11-05T09:00:00Z
        wakes at 2026-11-05T09:00:00Z
    "#]],
    );
}

#[test]
fn patience_is_the_policys() {
    check_by(
        |policy| policy.park = SignedDuration::ZERO,
        &[orphan("2026-11-02T09:00:00Z")],
        "2026-11-02T09:00:00Z",
        expect![[r#"
        arrival-notice P2 -> E06000003 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P2 -> QCC/03C by 2026-11-30, reg 13(2), in-force #1
        review orphaned-move P2 by 2026-11-09
    "#]],
    );
}

#[test]
fn its_predecessor_releases_it() {
    let history = [orphan("2026-11-02T09:00:00Z"), placement("P1", "2026-06-01").sent("2026-11-03T09:00:00Z")];
    check(
        &history,
        "2026-11-03T10:00:00Z",
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

/// Neither a first placement by its reason, nor one that begins with the care period, came from another placement.
#[test]
fn a_first_placement_does_not_wait() {
    let first = placement("P1", "2026-12-01").with("/carePeriod/startedOn", "2026-06-01");
    check(
        &[first],
        "2026-11-02T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
    let with_the_period = placement("P1", "2026-12-01").with("/placement/reasonForChange", "P");
    check(
        &[with_the_period],
        "2026-11-02T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
}
