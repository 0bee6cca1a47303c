//! A delivery in every state, and what the verbs make of it.

mod later;
mod leases;

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
