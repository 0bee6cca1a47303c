//! What a journey says of each thing that a ledger holds, in sentences without child data.

use super::columns::State;
use crate::delivery::{HoldReason, Kind, ObligationState};
use jiff::{Timestamp, civil::Date};

/// A message that was recorded.
#[derive(Debug)]
pub struct MessageWords<'a> {
    pub message_type: &'a str,
    /// As its publisher wrote it.
    pub id: &'a str,
    pub publisher: &'a str,
    pub intake: &'a str,
    pub verdict: &'a str,
    pub issued: i64,
}

#[must_use]
pub fn message(message: &MessageWords<'_>) -> String {
    let MessageWords { message_type, id, publisher, intake, verdict, issued } = message;
    let from = if publisher.is_empty() { "an unknown publisher" } else { publisher };
    format!("{message_type} `{id}` from {from} by {intake}: {verdict}, {issued} obligations")
}

/// What is owed, to whom, on which rule.
#[derive(Debug)]
pub struct ObligationWords<'a> {
    pub kind: Kind,
    pub recipient: &'a str,
    pub place: Option<&'a str>,
    pub basis: &'a str,
    pub due_on: Option<Date>,
    pub sequence: i64,
}

#[must_use]
pub fn obligation(obligation: &ObligationWords<'_>) -> String {
    let ObligationWords { kind, recipient, place, basis, due_on, sequence } = obligation;
    let due = due_on.map_or_else(String::new, |date| format!(", due by {date}"));
    let place = place.map_or_else(String::new, |place| format!(" (place {place})"));
    format!("{kind} to {recipient}{place} by {basis}{due}, number {sequence} about this child")
}

#[must_use]
pub fn obligation_changed(state: ObligationState) -> String {
    format!("the obligation is {state} now")
}

#[must_use]
pub fn breached(due_on: Date) -> String {
    format!("not delivered by {due_on}: breached")
}

/// One attempt.
#[derive(Debug)]
pub struct AttemptWords<'a> {
    pub adapter: &'a str,
    pub outcome: &'a str,
    pub status: Option<i64>,
    pub detail: &'a str,
    pub took_microseconds: i64,
    pub fence: i64,
}

#[must_use]
pub fn attempt(attempt: &AttemptWords<'_>) -> String {
    let AttemptWords { adapter, outcome, status, detail, took_microseconds, fence } = attempt;
    let status = status.map_or_else(String::new, |status| format!(" {status}"));
    let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
    format!("{outcome}{status} by {adapter} after {} ms (lease {fence}){detail}", took_microseconds / 1_000)
}

/// Where a delivery stands.
#[derive(Debug)]
pub struct DeliveryWords<'a> {
    pub recipient: &'a str,
    pub state: State,
    pub hold: Option<HoldReason>,
    pub next_at: Timestamp,
    pub attempts: i64,
    pub note: Option<&'a str>,
}

#[must_use]
pub fn delivery(delivery: &DeliveryWords<'_>) -> String {
    let DeliveryWords { recipient, state, hold, next_at, attempts, note } = delivery;
    let hold = hold.filter(|_| *state == State::Held).map_or_else(String::new, |hold| format!(" ({hold})"));
    let when = match state {
        State::Due => format!(", may go at {next_at}"),
        State::Waiting => ", behind an earlier one".to_owned(),
        _ => String::new(),
    };
    let note = note.map_or_else(String::new, |note| format!(": {note}"));
    format!("to {recipient}: {}{hold}{when}, {attempts} attempts{note}", state.shown())
}

/// `operator: asked by the ward`, or what the far end said last.
#[must_use]
pub fn reason(state: State, hold: Option<HoldReason>, note: Option<String>) -> Option<String> {
    match (hold.filter(|_| state == State::Held), note) {
        (Some(hold), Some(note)) => Some(format!("{hold}: {note}")),
        (Some(hold), None) => Some(hold.to_string()),
        (None, note) => note,
    }
}
