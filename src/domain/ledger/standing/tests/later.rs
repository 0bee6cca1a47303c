//! What comes after a lease or beside it: a person, a later word, a day that is over, and the line behind.

use super::*;

#[test]
fn an_operators_move_keeps_the_reason_and_a_retry_counts_anew() {
    let operated = |action| standing(Held).operated(action, "asked by the ward", time(ON_ITS_DAY)).unwrap();
    assert_eq!(operated(OperatorAction::Retry), Move { next_at: micros(time(ON_ITS_DAY)), attempts: 0, ..moved(Due) });
    assert_eq!(operated(OperatorAction::Release), Move { next_at: micros(time(ON_ITS_DAY)), ..moved(Due) });
    let reason = note("asked by the ward");
    assert_eq!(operated(OperatorAction::Hold), Move { hold: Some(HoldReason::Operator), note: reason.clone(), ..moved(Held) });
    assert_eq!(operated(OperatorAction::Discard), Move { note: reason, settled_at: at(ON_ITS_DAY), ..moved(Withdrawn) });
    assert_eq!(standing(Held).operated(OperatorAction::Hold, "", time(ON_ITS_DAY)).unwrap().note, None);
}

#[test]
fn a_rails_later_word_keeps_why_and_attempts_count_on() {
    let confirmed = |outcome| standing(Accepted).confirmed(&confirmation(outcome)).unwrap();
    assert_eq!(confirmed(delivered_later()), Move { note: note("R-9"), settled_at: at(ON_ITS_DAY), ..moved(Delivered) });
    assert_eq!(confirmed(again()), Move { next_at: micros(time(ON_ITS_DAY)), note: note("not collected"), ..moved(Due) });
    assert_eq!(confirmed(dead_later()), Move { note: note("no such mailbox"), settled_at: at(ON_ITS_DAY), ..moved(Dead) });
}

#[test]
fn what_is_not_owed_any_more_ends_now() {
    let expected = Move { note: note("not owed any more"), settled_at: at(ON_ITS_DAY), ..moved(Withdrawn) };
    assert_eq!(standing(Due).retracted(time(ON_ITS_DAY)), Some(expected));
}

/// The recipient's word says when it was there only where nobody knows that better.
#[test]
fn the_recipients_word_does_not_change_when_it_was_delivered() {
    let answered = |state, settled_at| Standing { settled_at, ..standing(state) }.answered(&read_at(LATER)).unwrap();
    let expected = |settled_at| Move { note: note("read by RPA"), settled_at, ..moved(Heard) };
    assert_eq!(answered(Delivered, at(ON_ITS_DAY)), expected(at(ON_ITS_DAY)));
    assert_eq!(answered(Delivered, None), expected(at(LATER)));
    assert_eq!(answered(Accepted, at(ON_ITS_DAY)), expected(at(LATER)));
}

#[test]
fn a_breach_is_seen_once_and_only_of_what_had_not_arrived_by_its_day() {
    let breach = |standing: Standing, now: &str| standing.breach_at(time(now));
    assert_eq!(breach(standing(Leased), "2026-11-20T23:59:59.999999Z"), None);
    assert_eq!(breach(standing(Leased), "2026-11-19T12:00:00Z"), None);
    assert_eq!(breach(Standing { breached: true, ..standing(Leased) }, THE_DAY_AFTER), None);
    assert_eq!(breach(Standing { due_on: None, ..standing(Leased) }, THE_DAY_AFTER), None);
    for state in State::ALL {
        let arrived = matches!(state, Delivered | Heard | Withdrawn);
        assert_eq!(breach(standing(state), THE_DAY_AFTER).is_none(), arrived, "{state:?}");
    }
    assert_eq!(breach(standing(Leased), "2026-11-30T08:00:00Z"), at("2026-11-30T08:00:00Z"));
}

/// London is an hour ahead of UTC in July: there the day is over already, and the sender keeps the hour.
#[test]
fn the_first_hour_of_a_summer_day_counts_for_the_day_before() {
    let summer = Standing { due_on: Some(20_260_720), ..standing(Leased) };
    assert_eq!(summer.breach_at(time("2026-07-21T00:30:00+01:00")), None);
    assert!(summer.breach_at(time("2026-07-21T01:00:00+01:00")).is_some());
}

/// However it comes to be known that it arrived: after its day that is a breach.
#[test]
fn what_arrives_late_is_breached_when_it_arrives() {
    let late = at(THE_DAY_AFTER);
    let of = |to: Option<Move>| to.unwrap().breached_at;
    let after = |next| Settlement { at: time(THE_DAY_AFTER), ..settlement(next) };
    assert_eq!(of(standing(Leased).settled(&after(delivered()))), late);
    assert_eq!(of(standing(Leased).settled(&after(accepted()))), late);
    assert_eq!(of(Some(standing(Accepted).collected(None, time(THE_DAY_AFTER)))), late);
    assert_eq!(of(standing(Accepted).answered(&read_at(THE_DAY_AFTER))), late);
    assert_eq!(of(standing(Delivered).answered(&read_at(THE_DAY_AFTER))), None);
    for next in [retry(), release(), hold(), dead()] {
        assert_eq!(of(standing(Leased).settled(&after(next))), None);
    }
}

#[test]
fn only_what_has_a_day_and_has_not_arrived_is_awaited() {
    for state in State::ALL {
        assert_eq!(is_awaited(Some(20_261_120), state), state.is_undelivered(), "{state:?}");
        assert!(!is_awaited(None, state), "{state:?}");
    }
}

#[test]
fn the_first_of_a_line_may_go_and_none_while_one_is_in_flight() {
    let check = |line: &[State], expected: &[State]| assert_eq!(lined_up(line), expected, "{line:?}");
    check(&[], &[]);
    check(&[Waiting, Due], &[Due, Waiting]);
    check(&[Held, Due], &[Held, Waiting]);
    check(&[Due, Leased], &[Waiting, Leased]);
    check(&[Leased, Due, Waiting], &[Leased, Waiting, Waiting]);
}

#[test]
fn what_waits_for_a_persons_decision_stands_before_nobody() {
    assert!(!is_in_line(Held, Some(HoldReason::Review)));
    for hold in HoldReason::ALL.iter().filter(|hold| **hold != HoldReason::Review) {
        assert!(is_in_line(Held, Some(*hold)), "{hold}");
    }
    for state in State::ALL {
        assert_eq!(is_in_line(state, None), state.is_open(), "{state:?}");
    }
    // A hold that is over does not count.
    assert!(is_in_line(Due, Some(HoldReason::Review)));
}
