use super::*;
use crate::Code;
use crate::port::Attempt;
use State::{Accepted, Acknowledged as Heard, Dead, Delivered, Due, Held, Leased, Waiting, Withdrawn};
use expect_test::{Expect, expect};
use uuid::Uuid;

const FENCE: u64 = 5;
const ON_ITS_DAY: &str = "2026-11-20T12:00:00Z";
const THE_DAY_AFTER: &str = "2026-11-21T00:00:00Z";
const LEASED_UNTIL: &str = "2026-11-20T12:05:00Z";
const LATER: &str = "2026-11-20T13:00:00Z";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What was tried three times and is due by 20 November; its last lease is open.
fn standing(state: State) -> Standing {
    Standing {
        kind: Kind::ArrivalNotice,
        due_on: Some(20_261_120),
        state,
        next_at: micros(time(LEASED_UNTIL)),
        fence: FENCE,
        lease_open: true,
        attempts: 3,
        acknowledged: false,
        breached: false,
        settled_at: None,
    }
}

/// The same after its lease's word.
fn heard(state: State) -> Standing {
    Standing { lease_open: false, ..standing(state) }
}

/// A move of [`standing`] that changes nothing else.
fn moved(to: State) -> Move {
    Move {
        to,
        next_at: micros(time(LEASED_UNTIL)),
        attempts: 3,
        lease_open: true,
        hold: None,
        note: None,
        settled_at: None,
        breached_at: None,
    }
}

fn at(text: &str) -> Option<i64> {
    Some(micros(time(text)))
}

fn note(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// One attempt was made, and this follows it.
fn settlement(next: Next) -> Settlement {
    let attempt = Attempt {
        started_at: time(ON_ITS_DAY),
        ended_at: time(ON_ITS_DAY),
        adapter: "rest",
        outcome: "try-later",
        status: Some(503),
        detail: "busy".to_owned(),
    };
    Settlement { delivery: Uuid::nil(), fence: FENCE, attempt: Some(attempt), next, at: time(ON_ITS_DAY) }
}

fn delivered() -> Next {
    Next::Delivered { receipt: "R-9".to_owned() }
}

fn accepted() -> Next {
    Next::Accepted { reference: "M-9".to_owned() }
}

fn retry() -> Next {
    Next::RetryAt(time(LATER))
}

fn release() -> Next {
    Next::Release(time(LATER))
}

fn hold() -> Next {
    Next::Hold { reason: HoldReason::EndpointGone, why: "gone".to_owned() }
}

fn dead() -> Next {
    Next::Dead { why: "refused".to_owned() }
}

fn every_next() -> [(&'static str, Next); 6] {
    [("delivered", delivered()), ("accepted", accepted()), ("retry", retry()), ("release", release()), ("hold", hold()), ("dead", dead())]
}

/// A row for each state: what each column makes of it.
fn table<const N: usize>(states: &[State], names: [&str; N], cell: impl Fn(State, usize) -> String, expected: &Expect) {
    let row = |first: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!(" {cell:<12}")).collect();
        format!("{first:<12}{cells}").trim_end().to_owned() + "\n"
    };
    let head = row("", names.map(str::to_owned).to_vec());
    let rows: String = states.iter().map(|state| row(&format!("{state:?}"), (0..N).map(|column| cell(*state, column)).collect())).collect();
    expected.assert_eq(&(head + &rows));
}

fn goes(to: Option<Move>) -> String {
    to.map_or_else(|| "-".to_owned(), |to| format!("{:?}", to.to))
}

/// Where the word of a lease moves a delivery: where its lease is open still, or it was accepted and is told of again. What arrived,
/// arrived; what a person has moved, stays; what was withdrawn is over.
#[test]
fn each_outcome_moves_each_state_so() {
    let nexts = every_next();
    table(
        &[Due, Waiting, Leased, Held, Accepted, Withdrawn],
        nexts.each_ref().map(|(name, _)| *name),
        |state, column| {
            let before = if state == Accepted { heard(state) } else { standing(state) };
            let settlement = settlement(nexts[column].1.clone());
            goes(before.settled(&settlement).filter(|_| before.hears(&settlement)))
        },
        &expect![[r#"
                         delivered    accepted     retry        release      hold         dead
            Due          Delivered    Accepted     -            -            -            -
            Waiting      Delivered    Accepted     -            -            -            -
            Leased       Delivered    Accepted     Due          Due          Held         Dead
            Held         Delivered    Accepted     -            -            -            -
            Accepted     Delivered    -            Due          -            Held         Dead
            Withdrawn    -            -            -            -            -            -
        "#]],
    );
}

/// Where an operator's action moves a delivery: never while it is on its way or has arrived.
#[test]
fn each_action_moves_each_state_so() {
    let actions = [OperatorAction::Retry, OperatorAction::Hold, OperatorAction::Release, OperatorAction::Discard];
    table(
        &State::ALL,
        actions.map(OperatorAction::name),
        |state, column| goes(standing(state).operated(actions[column], "asked", time(ON_ITS_DAY))),
        &expect![[r#"
                         retry        hold         release      discard
            Due          Due          Held         -            Withdrawn
            Waiting      Due          Held         -            Withdrawn
            Leased       -            -            -            -
            Held         Due          Held         Due          Withdrawn
            Accepted     -            -            -            -
            Delivered    -            -            -            -
            Acknowledged -            -            -            -
            Dead         Due          Held         -            Withdrawn
            Withdrawn    -            -            -            -
        "#]],
    );
}

/// Where later words move a delivery: a rail's, the recipient's, and that it is not owed any more.
#[test]
fn each_later_word_moves_each_state_so() {
    let confirmations = [delivered_later(), again(), dead_later()];
    table(
        &State::ALL,
        ["delivered", "again", "dead", "read", "retracted"],
        |state, column| {
            goes(match column {
                3 => standing(state).answered(&read_at(ON_ITS_DAY)),
                4 => standing(state).retracted(time(ON_ITS_DAY)),
                _ => standing(state).confirmed(&confirmation(confirmations[column].clone())),
            })
        },
        &expect![[r#"
                         delivered    again        dead         read         retracted
            Due          -            -            -            -            Withdrawn
            Waiting      -            -            -            -            Withdrawn
            Leased       -            -            -            -            -
            Held         -            -            -            -            Withdrawn
            Accepted     Delivered    Due          Dead         Acknowledged -
            Delivered    -            -            -            Acknowledged -
            Acknowledged -            -            -            -            -
            Dead         -            -            -            -            Withdrawn
            Withdrawn    -            -            -            -            -
        "#]],
    );
}

fn delivered_later() -> Confirmed {
    Confirmed::Delivered { receipt: "R-9".to_owned() }
}

fn again() -> Confirmed {
    Confirmed::Again { why: "not collected".to_owned() }
}

fn dead_later() -> Confirmed {
    Confirmed::Dead { why: "no such mailbox".to_owned() }
}

fn confirmation(outcome: Confirmed) -> Confirmation {
    Confirmation { delivery: Uuid::nil(), outcome, at: time(ON_ITS_DAY) }
}

fn read_at(text: &str) -> Acknowledged {
    Acknowledged { delivery: Uuid::nil(), by: Code::new("RPA").unwrap(), status: "read", at: time(text) }
}

#[test]
fn what_arrives_keeps_the_receipt_and_when() {
    let arrived = Move { attempts: 4, lease_open: false, settled_at: at(ON_ITS_DAY), ..moved(Delivered) };
    let settled = |next| standing(Leased).settled(&settlement(next));
    assert_eq!(settled(delivered()), Some(Move { note: note("R-9"), ..arrived.clone() }));
    assert_eq!(settled(Next::Delivered { receipt: String::new() }), Some(arrived.clone()));
    assert_eq!(settled(accepted()), Some(Move { to: Accepted, note: note("M-9"), ..arrived }));
}

#[test]
fn what_the_recipient_acknowledged_before_its_system_answered_is_acknowledged() {
    let known = Standing { acknowledged: true, ..standing(Leased) };
    for next in [delivered(), accepted()] {
        assert_eq!(known.settled(&settlement(next)).unwrap().to, Heard);
    }
    assert_eq!(known.settled(&settlement(retry())).unwrap().to, Due);
}

#[test]
fn what_did_not_arrive_says_when_or_why() {
    let settled = |next| standing(Leased).settled(&settlement(next)).unwrap();
    let after = |to| Move { attempts: 4, lease_open: false, ..moved(to) };
    assert_eq!(settled(retry()), Move { next_at: micros(time(LATER)), note: note("busy"), ..after(Due) });
    assert_eq!(settled(release()), Move { next_at: micros(time(LATER)), attempts: 3, ..after(Due) });
    assert_eq!(settled(hold()), Move { hold: Some(HoldReason::EndpointGone), note: note("gone"), ..after(Held) });
    assert_eq!(settled(dead()), Move { note: note("refused"), settled_at: at(ON_ITS_DAY), ..after(Dead) });
}

#[test]
fn an_attempt_counts_once_and_only_where_one_was_made() {
    let attempts = |standing: &Standing, settlement: &Settlement| standing.attempts_after(settlement);
    for (name, next) in every_next() {
        let counted = if name == "release" { 3 } else { 4 };
        let made = settlement(next.clone());
        assert_eq!(attempts(&standing(Leased), &made), counted, "{name}");
        assert_eq!(attempts(&heard(Leased), &made), 3, "{name}: told twice");
        assert_eq!(attempts(&standing(Leased), &Settlement { attempt: None, ..made }), 3, "{name}: none was made");
    }
    let tired = Standing { attempts: u32::MAX, ..standing(Leased) };
    assert_eq!(attempts(&tired, &settlement(retry())), u32::MAX);
}

/// The last lease's word counts once; what was accepted may be told of again, but not that it is accepted or released.
#[test]
fn a_lease_is_heard_once_and_its_collection_after_that() {
    let hears = |standing: &Standing, fence, next| standing.hears(&Settlement { fence, ..settlement(next) });
    for (name, next) in every_next() {
        for state in State::ALL {
            assert!(hears(&standing(state), FENCE, next.clone()), "{state:?} {name}");
            let tells_more = state == Accepted && !["accepted", "release"].contains(&name);
            assert_eq!(hears(&heard(state), FENCE, next.clone()), tells_more, "{state:?} {name}, its lease closed");
        }
        for (open, fence) in [(standing(Leased), FENCE - 1), (standing(Leased), FENCE + 1), (heard(Accepted), FENCE - 1)] {
            assert!(!hears(&open, fence, next.clone()), "{name} of lease {fence}");
        }
        assert!(!hears(&Standing { fence: 0, ..standing(Leased) }, 0, next), "{name}: it was never leased");
    }
}

#[test]
fn a_lease_lapses_when_its_time_is_over_and_nothing_else_does() {
    let lapsed = |state, now: &str| standing(state).is_lapsed(time(now));
    assert!(!lapsed(Leased, ON_ITS_DAY) && !lapsed(Leased, LEASED_UNTIL) && lapsed(Leased, "2026-11-20T12:05:00.000001Z"));
    for state in State::ALL.into_iter().filter(|state| *state != Leased) {
        assert!(!lapsed(state, LATER), "{state:?}");
    }
}

#[test]
fn a_lapsed_lease_may_be_moved_by_hand_as_what_is_due() {
    let operated = |action| standing(Leased).operated(action, "asked", time(LATER)).map(|to| to.to);
    assert_eq!(operated(OperatorAction::Retry), Some(Due));
    assert_eq!(operated(OperatorAction::Hold), Some(Held));
    assert_eq!(operated(OperatorAction::Discard), Some(Withdrawn));
    assert_eq!(operated(OperatorAction::Release), None);
}

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
