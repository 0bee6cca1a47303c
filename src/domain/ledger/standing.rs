//! Where a delivery stands, and what the verbs make of it.
//!
//! Cast: a [`Standing`] is what a ledger knows of one delivery; a [`Move`] is what becomes of it. Times and days are as
//! they stand in [`super::columns`].

use super::columns::{State, day, micros};
use crate::delivery::{HoldReason, Kind};
use crate::port::{Acknowledged, Confirmation, Confirmed, OperatorAction, Settlement};
use crate::retry::Next;
use jiff::Timestamp;

/// A delivery as the verbs see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub kind: Kind,
    pub due_on: Option<i64>,
    pub state: State,
    /// When it may go; while leased, when the lease lapses. Microseconds.
    pub next_at: i64,
    pub fence: u64,
    /// From a lease until that lease's settlement.
    pub lease_open: bool,
    pub attempts: u32,
    pub acknowledged: bool,
    pub breached: bool,
    /// When it ended; none while it is pending.
    pub settled_at: Option<i64>,
}

/// Where a delivery goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    pub to: State,
    pub next_at: i64,
    pub attempts: u32,
    /// False once the lease's outcome is known.
    pub lease_open: bool,
    pub hold: Option<HoldReason>,
    pub note: Option<String>,
    /// When it ended; none while it is pending.
    pub settled_at: Option<i64>,
    /// When it was seen to be late, where that is now.
    pub breached_at: Option<i64>,
}

impl Standing {
    /// Leased, and nobody has the lease any more.
    #[must_use]
    pub fn is_lapsed(&self, now: Timestamp) -> bool {
        self.state == State::Leased && self.next_at < micros(now)
    }

    /// When it is seen to be late, where it arrives at `at` after its day and that is news.
    #[must_use]
    pub fn breach_at(&self, at: Timestamp) -> Option<i64> {
        (self.state.is_undelivered() && self.is_late(at) && !self.breached).then_some(micros(at))
    }

    /// Whether its day is over at `at`. Days here are of UTC: in summer a delivery in the first hour of a London day still
    /// counts for the day before, so the hour is given to the sender, never taken.
    fn is_late(&self, at: Timestamp) -> bool {
        let today = day(at.to_zoned(jiff::tz::TimeZone::UTC).date());
        self.due_on.is_some_and(|due_on| due_on < today)
    }

    /// The move that changes the state alone.
    #[must_use]
    pub fn to(&self, to: State) -> Move {
        Move {
            to,
            next_at: self.next_at,
            attempts: self.attempts,
            lease_open: self.lease_open,
            hold: None,
            note: None,
            settled_at: None,
            breached_at: None,
        }
    }

    /// The last lease's word counts once; what was accepted may be told of again, when it is collected or given back.
    #[must_use]
    pub fn hears(&self, settlement: &Settlement) -> bool {
        let collected = self.state == State::Accepted && !matches!(settlement.next, Next::Accepted { .. } | Next::Release(_));
        self.fence == settlement.fence && self.fence > 0 && (self.lease_open || collected)
    }

    /// Where it stands after its lease's word; none where a person has moved it since its lease lapsed, and the outcome does not
    /// change that.
    #[must_use]
    pub fn settled(&self, settlement: &Settlement) -> Option<Move> {
        let at = micros(settlement.at);
        let stay = Move { attempts: self.attempts_after(settlement), lease_open: false, ..self.to(self.state) };
        let arrived = |to, note: &String| {
            // A receipt from the recipient itself may have come before its system's answer did.
            let to = if self.acknowledged { State::Acknowledged } else { to };
            Move { to, note: filled(note), settled_at: Some(at), breached_at: self.breach_at(settlement.at), ..stay.clone() }
        };
        let moved_by_hand = !matches!(self.state, State::Leased | State::Accepted);
        Some(match &settlement.next {
            _ if self.state == State::Withdrawn => return None,
            // What arrived, arrived, wherever it was moved to.
            Next::Delivered { receipt } => arrived(State::Delivered, receipt),
            Next::Accepted { reference } => arrived(State::Accepted, reference),
            _ if moved_by_hand => return None,
            Next::RetryAt(time) => Move {
                to: State::Due,
                next_at: micros(*time),
                note: settlement.attempt.as_ref().and_then(|attempt| filled(&attempt.detail)),
                ..stay
            },
            Next::Release(time) => Move { to: State::Due, next_at: micros(*time), ..stay },
            Next::Hold { reason, why } => Move { to: State::Held, hold: Some(*reason), note: filled(why), ..stay },
            Next::Dead { why } => Move { to: State::Dead, note: filled(why), settled_at: Some(at), ..stay },
        })
    }

    /// Attempts that count once this settlement is written.
    #[must_use]
    pub fn attempts_after(&self, settlement: &Settlement) -> u32 {
        let counts = settlement.attempt.is_some() && self.lease_open && !matches!(settlement.next, Next::Release(_));
        self.attempts.saturating_add(u32::from(counts))
    }

    /// What an operator's action makes of it; none where it may not be moved so.
    #[must_use]
    pub fn operated(&self, action: OperatorAction, reason: &str, now: Timestamp) -> Option<Move> {
        let state = if self.is_lapsed(now) { State::Due } else { self.state };
        let note = filled(reason);
        let may = match action {
            OperatorAction::Release => state == State::Held,
            _ => matches!(state, State::Due | State::Waiting | State::Held | State::Dead),
        };
        may.then(|| match action {
            OperatorAction::Retry => Move { next_at: micros(now), attempts: 0, ..self.to(State::Due) },
            OperatorAction::Release => Move { next_at: micros(now), ..self.to(State::Due) },
            OperatorAction::Hold => Move { hold: Some(HoldReason::Operator), note, ..self.to(State::Held) },
            OperatorAction::Discard => Move { note, settled_at: Some(micros(now)), ..self.to(State::Withdrawn) },
        })
    }

    /// What a rail's later word makes of it; none where it is not accepted any more.
    #[must_use]
    pub fn confirmed(&self, confirmation: &Confirmation) -> Option<Move> {
        let at = confirmation.at;
        (self.state == State::Accepted).then(|| match &confirmation.outcome {
            Confirmed::Delivered { receipt } => self.collected(filled(receipt), at),
            // Attempts count on: a rail that gives up again and again must not be tried for ever.
            Confirmed::Again { why } => Move { next_at: micros(at), note: filled(why), ..self.to(State::Due) },
            Confirmed::Dead { why } => Move { note: filled(why), settled_at: Some(micros(at)), ..self.to(State::Dead) },
        })
    }

    /// The recipient has it now; after its day that is a breach.
    #[must_use]
    pub fn collected(&self, note: Option<String>, at: Timestamp) -> Move {
        Move { note, settled_at: Some(micros(at)), breached_at: self.breach_at(at), ..self.to(State::Delivered) }
    }

    /// What the recipient's own word makes of it; none where that word comes before the attempt is settled: it waits for the
    /// settlement.
    #[must_use]
    pub fn answered(&self, word: &Acknowledged) -> Option<Move> {
        // It was there when it was delivered. Only where nobody knows that is this word the first to say so.
        let settled_at = self.settled_at.filter(|_| self.state == State::Delivered).or(Some(micros(word.at)));
        self.state.shown().may_become(State::Acknowledged.shown()).then(|| Move {
            note: Some(format!("{} by {}", word.status, word.by)),
            settled_at,
            breached_at: self.breach_at(word.at),
            ..self.to(State::Acknowledged)
        })
    }

    /// What taking back an obligation makes of its delivery; none where that has ended already.
    #[must_use]
    pub fn retracted(&self, at: Timestamp) -> Option<Move> {
        let may = self.state.shown().may_become(State::Withdrawn.shown());
        may.then(|| Move { note: Some("not owed any more".to_owned()), settled_at: Some(micros(at)), ..self.to(State::Withdrawn) })
    }
}

/// Whether a delivery in this state still has a date to keep.
#[must_use]
pub fn is_awaited(due_on: Option<i64>, state: State) -> bool {
    due_on.is_some() && state.is_undelivered()
}

/// Whether a pending delivery stands in a line: what is held for review stands before nobody.
#[must_use]
pub fn is_in_line(state: State, hold: Option<HoldReason>) -> bool {
    state.is_open() && !(state == State::Held && hold == Some(HoldReason::Review))
}

/// How the pending deliveries of one line should stand, given how they do, in sequence: the first one is due, those behind it wait,
/// and while one of them is leased none other becomes due.
#[must_use]
pub fn lined_up(line: &[State]) -> Vec<State> {
    let in_flight = line.contains(&State::Leased);
    let right = |(place, state): (usize, &State)| match state {
        State::Due | State::Waiting if place == 0 && !in_flight => State::Due,
        State::Due | State::Waiting => State::Waiting,
        other => *other,
    };
    line.iter().enumerate().map(right).collect()
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
