//! Which placements are moves, which go on with the one before, which are silent, and when a stay ends.

use super::world::{IN_A, IN_B, IN_C};
use super::{Told, check, check_by, placement, tell};
use expect_test::expect;

fn first() -> Told {
    placement("P1", "2026-06-01").sent("2026-05-20T09:00:00Z")
}

fn second(started_on: &str) -> Told {
    placement("P2", started_on).in_care_since("2026-06-01").at(IN_C)
}

const LATER: &str = "2026-11-03T09:00:00Z";

#[test]
fn the_own_end_of_a_placement_comes_before_the_next_start() {
    check(
        &[first().ended("2026-10-30"), second("2026-11-02")],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-05-31, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-05-31, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-05-31, reg 13(2), in-force #1
        end-notice P1 -> E06000002 by 2026-11-13, reg 14, in-force #2
        end-notice P1 -> QBB/02B by 2026-11-13, reg 14, in-force #2
        end-notice P1 -> QAA/01A by 2026-11-13, reg 14, in-force #2
        arrival-notice P2 -> E06000003 by 2026-11-01, reg 13(4), in-force #1
        arrival-notice P2 -> QCC/03C by 2026-11-01, reg 13(2), in-force #1
        arrival-notice P2 -> QBB/02B by 2026-11-01, reg 13(2), in-force #3
    "#]],
    );
}

#[test]
fn a_stay_without_an_end_ends_with_the_next_start_or_with_care() {
    check(
        &[first(), second("2026-11-02")],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-05-31, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-05-31, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-05-31, reg 13(2), in-force #1
        end-notice P1 -> E06000002 by 2026-11-16, reg 14, in-force #2
        end-notice P1 -> QBB/02B by 2026-11-16, reg 14, in-force #2
        end-notice P1 -> QAA/01A by 2026-11-16, reg 14, in-force #2
        arrival-notice P2 -> E06000003 by 2026-11-01, reg 13(4), in-force #1
        arrival-notice P2 -> QCC/03C by 2026-11-01, reg 13(2), in-force #1
        arrival-notice P2 -> QBB/02B by 2026-11-01, reg 13(2), in-force #3
    "#]],
    );
    check(
        &[first().with("/carePeriod/endedOn", "2026-11-01")],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-05-31, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-05-31, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-05-31, reg 13(2), in-force #1
        end-notice P1 -> E06000002 by 2026-11-13, reg 14, in-force #2
        end-notice P1 -> QBB/02B by 2026-11-13, reg 14, in-force #2
        end-notice P1 -> QAA/01A by 2026-11-13, reg 14, in-force #2
    "#]],
    );
}

#[test]
fn a_stay_that_goes_on_is_owed_no_end() {
    check(
        &[first()],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-05-31, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-05-31, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-05-31, reg 13(2), in-force #1
    "#]],
    );
}

#[test]
fn a_holiday_is_silent_and_the_placement_before_goes_on() {
    let holiday = second("2026-11-02").with("/placement/type", "T2").ended("2026-11-09");
    check(
        &[first(), holiday],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-05-31, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-05-31, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-05-31, reg 13(2), in-force #1
        suppressed arrival-notice P2: a holiday or the like: the placement before goes on
    "#]],
    );
}

#[test]
fn a_short_break_is_silent() {
    for status in ["V3", "V4"] {
        let heard = tell(&[first().with("/carePeriod/legalStatus", status)], LATER);
        assert_eq!(heard.table(), "suppressed arrival-notice P1: a short break: regulation 48 asks for no notice\n");
    }
}

#[test]
fn a_legal_change_at_the_same_place_continues_the_stay_and_ends_it() {
    let change = second("2026-08-03").at(IN_B).with("/placement/reasonForChange", "L").ended("2026-10-30");
    check(
        &[first().ended("2026-08-03"), change],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-05-31, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-05-31, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-05-31, reg 13(2), in-force #1
        end-notice P1 -> E06000002 by 2026-08-17, reg 14, corrected #2
        end-notice P1 -> QBB/02B by 2026-08-17, reg 14, corrected #2
        end-notice P1 -> QAA/01A by 2026-08-17, reg 14, corrected #2
        notice-correction P1 -> E06000002 by 2026-11-13, reg 14, in-force #3 supersedes 2
        notice-correction P1 -> QBB/02B by 2026-11-13, reg 14, in-force #3 supersedes 2
        notice-correction P1 -> QAA/01A by 2026-11-13, reg 14, in-force #3 supersedes 2
        suppressed arrival-notice P2: only the legal status changed: the child did not move
    "#]],
    );
}

#[test]
fn a_legal_change_at_another_place_is_a_move() {
    let change = second("2026-11-02").with("/placement/reasonForChange", "L");
    check(
        &[first(), change],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-05-31, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-05-31, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-05-31, reg 13(2), in-force #1
        end-notice P1 -> E06000002 by 2026-11-16, reg 14, in-force #2
        end-notice P1 -> QBB/02B by 2026-11-16, reg 14, in-force #2
        end-notice P1 -> QAA/01A by 2026-11-16, reg 14, in-force #2
        arrival-notice P2 -> E06000003 by 2026-11-01, reg 13(4), in-force #1
        arrival-notice P2 -> QCC/03C by 2026-11-01, reg 13(2), in-force #1
        arrival-notice P2 -> QBB/02B by 2026-11-01, reg 13(2), in-force #3
    "#]],
    );
}

#[test]
fn a_legal_change_without_a_placement_before_is_silent() {
    check(
        &[second("2026-11-02").with("/placement/reasonForChange", "L")],
        LATER,
        expect![[r#"
        suppressed arrival-notice P2: only the legal status changed: the child did not move
    "#]],
    );
}

#[test]
fn a_carer_who_stays_at_the_address_does_not_move_the_child() {
    let same = second("2026-11-02").at(IN_B).with("/placement/reasonForChange", "T");
    check(
        &[first(), same],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-05-31, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-05-31, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-05-31, reg 13(2), in-force #1
        suppressed arrival-notice P2: the carer stayed at the same address: the child did not move
    "#]],
    );
    let moved = second("2026-11-02").with("/placement/reasonForChange", "T");
    check(
        &[first(), moved],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-05-31, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-05-31, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-05-31, reg 13(2), in-force #1
        end-notice P1 -> E06000002 by 2026-11-16, reg 14, in-force #2
        end-notice P1 -> QBB/02B by 2026-11-16, reg 14, in-force #2
        end-notice P1 -> QAA/01A by 2026-11-16, reg 14, in-force #2
        arrival-notice P2 -> E06000003 by 2026-11-01, reg 13(4), in-force #1
        arrival-notice P2 -> QCC/03C by 2026-11-01, reg 13(2), in-force #1
        arrival-notice P2 -> QBB/02B by 2026-11-01, reg 13(2), in-force #3
    "#]],
    );
}

/// Any other reason is a move, also to the same postcode.
#[test]
fn a_new_placement_at_the_same_postcode_is_a_move() {
    check(
        &[first(), second("2026-11-02").at(IN_B)],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-05-31, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-05-31, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-05-31, reg 13(2), in-force #1
        end-notice P1 -> E06000002 by 2026-11-16, reg 14, in-force #2
        end-notice P1 -> QBB/02B by 2026-11-16, reg 14, in-force #2
        end-notice P1 -> QAA/01A by 2026-11-16, reg 14, in-force #2
        arrival-notice P2 -> E06000002 by 2026-11-01, reg 13(4), in-force #3
        arrival-notice P2 -> QBB/02B by 2026-11-01, reg 13(2), in-force #3
    "#]],
    );
}

#[test]
fn what_started_before_the_hub_took_over_is_known_and_not_notified() {
    let takes_over = |policy: &mut crate::policy::Policy| policy.notices_from = Some("2026-06-01".parse().unwrap());
    check_by(
        takes_over,
        &[first()],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-05-31, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-05-31, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-05-31, reg 13(2), in-force #1
    "#]],
    );
    let before = placement("P1", "2026-05-31").sent("2026-05-20T09:00:00Z").ended("2026-11-01");
    let next = second("2026-11-02").in_care_since("2026-05-31");
    check_by(
        takes_over,
        &[before, next],
        LATER,
        expect![[r#"
        arrival-notice P2 -> E06000003 by 2026-11-01, reg 13(4), in-force #1
        arrival-notice P2 -> QCC/03C by 2026-11-01, reg 13(2), in-force #1
        arrival-notice P2 -> QBB/02B by 2026-11-01, reg 13(2), in-force #1
        suppressed arrival-notice P1: it started before this hub took over notifying
    "#]],
    );
}

/// Born on 9 April 2012, and on 29 February 2012.
#[test]
fn nothing_is_told_of_what_starts_on_the_eighteenth_birthday_or_later() {
    for (born, last_day, birthday) in [("2012-04-09", "2030-04-08", "2030-04-09"), ("2012-02-29", "2030-02-28", "2030-03-01")] {
        let stay = |start| placement("P1", start).sent("2030-01-02T09:00:00Z").at(IN_A).with("/child/birthDate", born);
        let heard = |start| tell(&[stay(start)], "2030-01-03T09:00:00Z");
        assert_eq!(heard(last_day).issues.len(), 1, "{last_day}");
        assert_eq!(heard(birthday).issues.len(), 0, "{birthday}");
        assert_eq!(heard(birthday).owed.suppressed[0].why, "it started after the 18th birthday");
    }
}

#[test]
fn a_cancelled_placement_is_no_link_of_the_chain() {
    let history = [first(), second("2026-11-02"), second("2026-11-02").version(2, "2026-11-02T12:00:00Z").cancelled()];
    check(
        &history,
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-05-31, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-05-31, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-05-31, reg 13(2), in-force #1
        end-notice P1 -> E06000002 by 2026-11-16, reg 14, withdrawn #2
        end-notice P1 -> QBB/02B by 2026-11-16, reg 14, withdrawn #2
        end-notice P1 -> QAA/01A by 2026-11-16, reg 14, withdrawn #2
        arrival-notice P2 -> E06000003 by 2026-11-01, reg 13(4), withdrawn #1
        arrival-notice P2 -> QCC/03C by 2026-11-01, reg 13(2), withdrawn #1
        arrival-notice P2 -> QBB/02B by 2026-11-01, reg 13(2), withdrawn #3
        notice-withdrawal P2 -> E06000003 by 2026-11-02, reg 13(4), in-force #2 supersedes 1
        notice-withdrawal P2 -> QBB/02B by 2026-11-02, reg 13(2), in-force #4 supersedes 3
        notice-withdrawal P2 -> QCC/03C by 2026-11-02, reg 13(2), in-force #2 supersedes 1
        notice-withdrawal P1 -> E06000002 by 2026-11-02, reg 14, in-force #3 supersedes 2
        notice-withdrawal P1 -> QAA/01A by 2026-11-02, reg 14, in-force #3 supersedes 2
        notice-withdrawal P1 -> QBB/02B by 2026-11-02, reg 14, in-force #5 supersedes 2
    "#]],
    );
}

#[test]
fn care_periods_have_chains_of_their_own() {
    let again = placement("P2", "2026-11-02").with("/carePeriod/id", "CP-2").at(IN_A);
    check(
        &[first().with("/carePeriod/endedOn", "2026-08-03"), again],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-05-31, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-05-31, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-05-31, reg 13(2), in-force #1
        end-notice P1 -> E06000002 by 2026-08-17, reg 14, in-force #2
        end-notice P1 -> QBB/02B by 2026-08-17, reg 14, in-force #2
        end-notice P1 -> QAA/01A by 2026-08-17, reg 14, in-force #2
        arrival-notice P2 -> QAA/01A by 2026-11-01, reg 13(2), in-force #3
    "#]],
    );
}

/// Two on one day: in the order of their ids.
#[test]
fn placements_stand_in_the_order_of_their_starts() {
    let third = placement("P0", "2026-11-02").in_care_since("2026-06-01").at(IN_A);
    check(
        &[second("2026-11-02"), third, first()],
        LATER,
        expect![[r#"
        arrival-notice P2 -> E06000003 by 2026-11-01, reg 13(4), in-force #1
        arrival-notice P2 -> QCC/03C by 2026-11-01, reg 13(2), in-force #1
        arrival-notice P0 -> QAA/01A by 2026-11-01, reg 13(2), in-force #1
        end-notice P0 -> QAA/01A by 2026-11-16, reg 14, in-force #2
        arrival-notice P2 -> QAA/01A by 2026-11-01, reg 13(2), in-force #3
        arrival-notice P1 -> E06000002 by 2026-05-31, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-05-31, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-05-31, reg 13(2), in-force #4
        end-notice P1 -> E06000002 by 2026-11-16, reg 14, in-force #2
        end-notice P1 -> QBB/02B by 2026-11-16, reg 14, in-force #2
        end-notice P1 -> QAA/01A by 2026-11-16, reg 14, in-force #5
        arrival-notice P0 -> QBB/02B by 2026-11-01, reg 13(2), in-force #3
        end-notice P0 -> QBB/02B by 2026-11-16, reg 14, in-force #4
    "#]],
    );
}
