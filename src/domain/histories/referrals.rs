//! Referrals to the provider where the child lives, and what follows when it does not take them.

use super::world::{IN_A, IN_B, IN_C, IN_D, IN_WALES};
use super::{Told, check, check_by, concern, placement, tell, update};
use expect_test::expect;

fn referred() -> Told {
    placement("P1", "2026-12-01").referring("R-1")
}

#[test]
fn a_referral_goes_at_once_to_the_local_provider() {
    check(
        &[placement("P1", "2026-12-01").at(IN_A).referring("R-1")],
        "2026-11-02T10:00:00Z",
        expect![[r#"
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        referral R-1 -> RPA by 2026-11-02, rule 6: referral, in-force #1
        wakes at 2026-11-10T00:00:00Z
    "#]],
    );
}

/// C changes its provider on 1 December: who serves it when the child comes is asked, or today's where the child is there.
#[test]
fn the_provider_is_the_one_of_the_start_or_of_today() {
    let provider = |start: &str, sent: &str| {
        let heard = tell(&[placement("P1", start).at(IN_C).sent(sent).referring("R-1")], "2026-12-02T09:00:00Z");
        heard.issues.iter().find(|issue| issue.subject == "R-1").unwrap().recipient.to_string()
    };
    assert_eq!(provider("2026-11-30", "2026-11-02T09:00:00Z"), "RPC");
    assert_eq!(provider("2026-12-01", "2026-11-02T09:00:00Z"), "RPX");
    assert_eq!(provider("2026-11-30", "2026-12-01T09:00:00Z"), "RPX");
}

/// Recorded on Monday 2 November, to be answered by Monday 9: the task falls due as the 10th begins.
#[test]
fn silence_becomes_a_task_after_five_working_days() {
    check(
        &[referred()],
        "2026-11-09T23:59:59Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-11-02, rule 6: referral, in-force #1
        wakes at 2026-11-10T00:00:00Z
    "#]],
    );
    check(
        &[referred()],
        "2026-11-10T00:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-11-02, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2026-11-17, rule 17: no answer, in-force #1
    "#]],
    );
}

/// Two referrals wait for an answer: the hub wakes for the one asked for first, whichever of the two it looks at first.
#[test]
fn of_two_clocks_the_one_that_rings_first_wakes_the_hub() {
    for [first, second] in [["R-1", "R-2"], ["R-2", "R-1"]] {
        let history = [placement("P1", "2026-11-02"), concern(first, "2026-11-03"), concern(second, "2026-11-04")];
        let wake_at = tell(&history, "2026-11-05T09:00:00Z").casefile.wake_at;
        assert_eq!(wake_at, Some("2026-11-11T00:00:00Z".parse().unwrap()), "{first}");
    }
}

#[test]
fn the_days_to_answer_are_the_policys() {
    check_by(
        |policy| policy.referral_answer_working_days = 1,
        &[referred()],
        "2026-11-04T00:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-11-02, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2026-11-05, rule 17: no answer, in-force #1
    "#]],
    );
}

#[test]
fn an_answer_ends_the_wait_and_takes_the_task_back() {
    let answered = update("u-1", "R-1", "received", "2026-11-10");
    check(
        &[referred(), answered],
        "2026-11-11T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-11-02, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2026-11-17, rule 17: no answer, withdrawn #1
    "#]],
    );
    check(
        &[referred(), update("u-1", "R-1", "accepted", "2026-11-03")],
        "2026-11-30T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-11-02, rule 6: referral, in-force #1
    "#]],
    );
}

#[test]
fn a_refusal_is_a_task_at_once_with_a_clock_from_its_day() {
    let refused = update("u-1", "R-1", "refused", "2026-11-04").with("/reason", "no room");
    check(
        &[referred(), refused],
        "2026-11-05T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-11-02, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2026-11-11, rule 17: refused, in-force #1
    "#]],
    );
}

/// Of two refusals the later one is told, whichever came first.
#[test]
fn the_newest_refusal_is_told() {
    let (one, other) = (update("u-1", "R-1", "refused", "2026-11-04"), update("u-2", "R-1", "refused", "2026-11-06"));
    check(
        &[referred(), other.recorded("2026-11-06T15:00:00Z"), one.recorded("2026-11-06T16:00:00Z")],
        "2026-11-07T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-11-02, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2026-11-13, rule 17: refused, in-force #1
    "#]],
    );
}

#[test]
fn a_referral_is_revoked_with_its_placement_and_a_concern_is_not() {
    let cancelled = referred().version(2, "2026-11-03T09:00:00Z").cancelled();
    check(
        &[referred(), concern("R-2", "2026-11-02").sent("2026-11-02T10:00:00Z"), cancelled],
        "2026-11-03T10:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), withdrawn #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), withdrawn #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), withdrawn #1
        referral R-1 -> RPB by 2026-11-02, rule 6: referral, withdrawn #1
        notice-withdrawal P1 -> E06000002 by 2026-11-03, reg 13(4), in-force #2 supersedes 1
        notice-withdrawal P1 -> QAA/01A by 2026-11-03, reg 13(2), in-force #2 supersedes 1
        notice-withdrawal P1 -> QBB/02B by 2026-11-03, reg 13(2), in-force #2 supersedes 1
        referral-withdrawal R-1 -> RPB by 2026-11-03, rule 6: referral, in-force #2 supersedes 1
        review no-placement R-2 by 2026-11-09
    "#]],
    );
}

#[test]
fn an_update_without_a_request_waits_for_it() {
    let heard = tell(&[update("u-1", "R-1", "accepted", "2026-11-03")], "2026-11-03T16:00:00Z");
    assert_eq!((heard.issues.len(), heard.owed.reviews.len(), heard.casefile.wake_at), (0, 0, None));
}

#[test]
fn a_concern_without_a_placement_is_a_question_until_there_is_one() {
    check(
        &[concern("R-2", "2026-11-03")],
        "2026-11-03T16:00:00Z",
        expect![[r#"
        review no-placement R-2 by 2026-11-10
    "#]],
    );
    let stay = placement("P1", "2026-06-01").recorded("2026-11-04T09:00:00Z");
    check(
        &[concern("R-2", "2026-11-03"), stay],
        "2026-11-04T10:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-05-31, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-05-31, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-05-31, reg 13(2), in-force #1
        referral R-2 -> RPB by 2026-11-03, rule 6: referral, in-force #1
        wakes at 2026-11-11T00:00:00Z
    "#]],
    );
}

#[test]
fn an_area_without_a_known_provider_is_a_question() {
    check(
        &[placement("P1", "2026-12-01").at(IN_WALES).referring("R-1")],
        "2026-11-02T10:00:00Z",
        expect![[r#"
        arrival-notice P1 -> W06000001 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> W11000001 by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        review no-coverage R-1 by 2026-11-09
        wakes at 2026-11-10T00:00:00Z
    "#]],
    );
}

/// The same request in a later message: its newest form is sent, and the day on which it was first recorded stays.
#[test]
fn a_request_that_changes_keeps_its_day() {
    let again = placement("P1", "2026-12-01").version(2, "2026-11-04T09:00:00Z").referring("R-1").with("/referral/priority", "emergency");
    check(
        &[referred(), again.clone()],
        "2026-11-04T10:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-11-02, rule 6: referral, corrected #1
        referral R-1 -> RPB by 2026-11-04, rule 6: referral, in-force #2 supersedes 1
        wakes at 2026-11-10T00:00:00Z
    "#]],
    );
    let one_way = tell(&[referred(), again.clone()], "2026-11-04T10:00:00Z");
    let other_way = tell(&[again.recorded("2026-11-02T09:00:00Z"), referred().recorded("2026-11-02T09:00:00Z")], "2026-11-04T10:00:00Z");
    assert_eq!(one_way.casefile.timeline.referrals, other_way.casefile.timeline.referrals);
}

/// Where a concern of a day goes, by provider: P1 in B from June, then what each case adds.
fn asked(others: &[Told], on: &str) -> String {
    let first = placement("P1", "2026-06-01").sent("2026-05-20T09:00:00Z");
    let history: Vec<Told> = std::iter::once(first).chain(others.iter().cloned()).chain([concern("R-2", on)]).collect();
    let heard = tell(&history, &format!("{on}T12:00:00Z"));
    heard.issues.iter().rfind(|issue| issue.subject == "R-2").unwrap().recipient.to_string()
}

#[test]
fn a_concern_goes_where_the_child_lives_on_that_day() {
    let told = "2026-07-01T09:00:00Z";
    let then = |id: &str, start: &str| placement(id, start).in_care_since("2026-06-01").sent(told);
    assert_eq!(asked(&[], "2026-08-03"), "RPB");
    assert_eq!(asked(&[then("P2", "2026-08-04").at(IN_D)], "2026-08-03"), "RPB");
    assert_eq!(asked(&[then("P2", "2026-08-03").at(IN_D)], "2026-08-03"), "RPD");
    // Ended the day before and on the day itself; back where the child was before.
    assert_eq!(asked(&[then("P2", "2026-07-20").at(IN_D).ended("2026-08-04")], "2026-08-03"), "RPD");
    assert_eq!(asked(&[then("P2", "2026-07-20").at(IN_D).ended("2026-08-03")], "2026-08-03"), "RPB");
    // Cancelled, or a holiday.
    assert_eq!(asked(&[then("P2", "2026-07-20").at(IN_D).cancelled()], "2026-08-03"), "RPB");
    assert_eq!(asked(&[then("P2", "2026-07-20").at(IN_D).with("/placement/type", "T2")], "2026-08-03"), "RPB");
    // Two on one day: the one with the later id.
    assert_eq!(asked(&[then("P3", "2026-07-20").at(IN_D), then("P2", "2026-07-20").at(IN_A)], "2026-08-03"), "RPD");
}

/// All have ended: the last one known is still the best guess of where help is looked for.
#[test]
fn after_every_placement_the_last_one_counts() {
    let first = placement("P1", "2026-06-01").sent("2026-05-20T09:00:00Z").ended("2026-07-01");
    let second = placement("P2", "2026-07-01").in_care_since("2026-06-01").sent("2026-06-20T09:00:00Z").at(IN_D).ended("2026-07-20");
    let heard = tell(&[first, second, concern("R-2", "2026-08-03")], "2026-08-03T12:00:00Z");
    assert_eq!(heard.issues.last().unwrap().recipient.to_string(), "RPD");
}

/// Seen on the 3rd, told on the 10th, when the child lives elsewhere: care is needed where the child is now.
#[test]
fn a_concern_that_is_told_late_goes_where_the_child_is_now() {
    let second = placement("P2", "2026-08-06").in_care_since("2026-06-01").sent("2026-07-01T09:00:00Z").at(IN_D);
    let first = placement("P1", "2026-06-01").sent("2026-05-20T09:00:00Z").at(IN_B);
    let late = concern("R-2", "2026-08-03").sent("2026-08-10T09:00:00Z");
    let heard = tell(&[first, second, late], "2026-08-10T12:00:00Z");
    assert_eq!(heard.issues.iter().rfind(|issue| issue.subject == "R-2").unwrap().recipient.to_string(), "RPD");
}
