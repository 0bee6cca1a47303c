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

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    /// One sentence a line.
    #[track_caller]
    fn says(sentences: &[String], expected: &Expect) {
        let text: String = sentences.iter().map(|sentence| format!("{sentence}\n")).collect();
        expected.assert_eq(&text);
    }

    #[test]
    fn a_message_says_who_sent_what_and_what_came_of_it() {
        let said = |publisher| {
            let (message_type, id, intake, verdict) = ("placement-change", "m-1", "amqp", "accepted");
            message(&MessageWords { message_type, id, publisher, intake, verdict, issued: 2 })
        };
        says(
            &[said("E10000001"), said("")],
            &expect![[r#"
            placement-change `m-1` from E10000001 by amqp: accepted, 2 obligations
            placement-change `m-1` from an unknown publisher by amqp: accepted, 2 obligations
        "#]],
        );
    }

    #[test]
    fn an_obligation_says_what_is_owed_to_whom_and_by_which_rule() {
        let owed = |place, due_on: Option<&str>| {
            let due_on = due_on.map(|text| text.parse().unwrap());
            obligation(&ObligationWords { kind: Kind::ArrivalNotice, recipient: "QAA", place, basis: "reg 13(2)", due_on, sequence: 3 })
        };
        says(
            &[owed(Some("01A"), Some("2026-11-20")), owed(None, None)],
            &expect![[r#"
            arrival-notice to QAA (place 01A) by reg 13(2), due by 2026-11-20, number 3 about this child
            arrival-notice to QAA by reg 13(2), number 3 about this child
        "#]],
        );
    }

    #[test]
    fn a_change_of_an_obligation_and_a_breach_have_a_sentence_each() {
        says(
            &[obligation_changed(ObligationState::Corrected), breached("2026-11-20".parse().unwrap())],
            &expect![[r#"
            the obligation is corrected now
            not delivered by 2026-11-20: breached
        "#]],
        );
    }

    #[test]
    fn an_attempt_says_what_it_came_to_by_what_and_how_long_it_took() {
        let tried = |status, detail| {
            let (adapter, outcome) = ("rest", "try-later");
            attempt(&AttemptWords { adapter, outcome, status, detail, took_microseconds: 12_999, fence: 5 })
        };
        says(
            &[tried(Some(503), "busy"), tried(None, "")],
            &expect![[r#"
            try-later 503 by rest after 12 ms (lease 5): busy
            try-later by rest after 12 ms (lease 5)
        "#]],
        );
    }

    /// In every state, with and without what may be told of it: a hold is told of what is held only.
    #[test]
    fn a_delivery_says_where_it_stands() {
        let next_at = "2026-11-20T12:00:00Z".parse().unwrap();
        let stands = |state, hold, note| delivery(&DeliveryWords { recipient: "QAA", state, hold, next_at, attempts: 3, note });
        let told = State::ALL.map(|state| stands(state, Some(HoldReason::Review), Some("a note")));
        says(
            &told,
            &expect![[r#"
            to QAA: due, may go at 2026-11-20T12:00:00Z, 3 attempts: a note
            to QAA: due, behind an earlier one, 3 attempts: a note
            to QAA: leased, 3 attempts: a note
            to QAA: held (review), 3 attempts: a note
            to QAA: accepted, 3 attempts: a note
            to QAA: delivered, 3 attempts: a note
            to QAA: acknowledged, 3 attempts: a note
            to QAA: dead, 3 attempts: a note
            to QAA: withdrawn, 3 attempts: a note
        "#]],
        );
        says(
            &[stands(State::Held, None, None)],
            &expect![[r#"
            to QAA: held, 3 attempts
        "#]],
        );
    }

    #[test]
    fn a_reason_is_the_hold_the_note_or_both() {
        let told = |state, hold, note: Option<&str>| reason(state, hold, note.map(str::to_owned));
        let operator = Some(HoldReason::Operator);
        assert_eq!(told(State::Held, operator, Some("asked by the ward")).as_deref(), Some("operator: asked by the ward"));
        assert_eq!(told(State::Held, operator, None).as_deref(), Some("operator"));
        assert_eq!(told(State::Due, operator, Some("busy")).as_deref(), Some("busy"));
        assert_eq!(told(State::Due, operator, None), None);
        assert_eq!(told(State::Held, None, None), None);
    }
}
