//! What a ledger in memory has on its disk, and the port's verbs as plain functions of it. What is in here survives every crash.
//!
//! It keeps the promises of `domain::port`: one transaction a verb, versions, lines, leases that lapse, fences. A [`Flaw`] makes it
//! break one of them, so that the simulation itself can be tested. The tests of lanes alone have it too (`tests/adapters`).

mod leases;
mod reading;
mod record;

use super::flaw::Flaw;
use domain::Code;
use domain::delivery::{DeliveryState, HoldReason, Kind, ObligationState};
use domain::port::{Alias, ChildKey, MessageKey, NewObligation, RecordedMessage};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

#[derive(Default)]
pub struct Books {
    pub messages: HashMap<MessageKey, RecordedMessage>,
    pub children: BTreeMap<ChildKey, Child>,
    /// In the order of their recording.
    pub rows: Vec<Row>,
    by_delivery: HashMap<Uuid, usize>,
    by_obligation: HashMap<Uuid, usize>,
    aliases: HashMap<Alias, BTreeSet<ChildKey>>,
    /// Settlements that were ignored by their fence.
    pub stale: u64,
    flaw: Flaw,
    /// How often the flaw could have shown.
    chances: u32,
}

pub struct Child {
    pub version: u64,
    pub casefile: Vec<u8>,
    pub wake_at: Option<Timestamp>,
}

/// An obligation with its one delivery.
#[derive(Clone, Debug)]
pub struct Row {
    pub delivery: Uuid,
    pub obligation: Uuid,
    pub child: ChildKey,
    pub recipient: Code,
    pub place: Option<Code>,
    pub kind: Kind,
    pub sequence: u32,
    pub payload: Arc<[u8]>,
    pub recorded_at: Timestamp,
    pub obligation_state: ObligationState,
    pub state: DeliveryState,
    /// When it may go.
    pub next_at: Timestamp,
    /// When its last lease lapses.
    pub until: Timestamp,
    pub hold: Option<HoldReason>,
    /// Held with its lane, whatever the reason.
    lane_held: bool,
    pub fence: u64,
    /// The last lease's outcome is not known yet.
    pub lease_open: bool,
    pub attempts: u32,
    /// Leases that were taken while the outcome of the one before was not known: each may repeat what was sent.
    pub taken_over: u32,
    pub acknowledged: bool,
    /// The rail that has accepted it, and what it calls it.
    pub accepted: Option<(&'static str, String)>,
    /// What was said of each attempt.
    pub details: Vec<String>,
}

impl Books {
    pub fn new(flaw: Flaw) -> Self {
        Self { flaw, ..Self::default() }
    }

    /// A new obligation, due at once; answers where it is.
    pub fn owe(&mut self, child: ChildKey, new: NewObligation, now: Timestamp) -> usize {
        let at = self.rows.len();
        self.by_delivery.insert(new.delivery, at);
        self.by_obligation.insert(new.id, at);
        self.rows.push(Row::new(child, new, now));
        at
    }

    fn row_of(&self, delivery: Uuid) -> Option<usize> {
        self.by_delivery.get(&delivery).copied()
    }

    /// Its number, for the log: the same in every run, as its id is not.
    pub fn number(&self, delivery: Uuid) -> usize {
        self.row_of(delivery).map_or(0, |at| at + 1)
    }

    pub fn count(&self, state: DeliveryState) -> usize {
        self.rows.iter().filter(|row| row.state == state).count()
    }

    /// Nothing of its line stands before it, and nothing of its line is in flight. What a lapsed lease holds is not: an earlier delivery
    /// may have come back meanwhile, and goes first.
    fn is_free(&self, at: usize, now: Timestamp) -> bool {
        if self.flaw == Flaw::LeasesTheSecond {
            return true;
        }
        let one = &self.rows[at];
        self.rows.iter().enumerate().filter(|(other, row)| *other != at && row.is_in_line_with(one)).all(|(_, row)| {
            let behind = (row.sequence > one.sequence) != (self.flaw == Flaw::LeasesTheNewestFirst);
            let in_flight = row.state == DeliveryState::Leased && row.until >= now;
            behind && !in_flight
        })
    }

    /// Whether it may be leased, but for those before it.
    fn is_due(&self, at: usize, now: Timestamp) -> bool {
        let row = &self.rows[at];
        match row.state {
            DeliveryState::Due => row.next_at <= now,
            DeliveryState::Leased => row.until < now,
            _ => false,
        }
    }

    /// Whether something of the line of `at` may go now.
    fn is_line_due(&self, at: usize, now: Timestamp) -> bool {
        let one = &self.rows[at];
        let waits = |row: &Row| row.state == DeliveryState::Due && row.is_in_line_with(one);
        (0..self.rows.len()).any(|other| waits(&self.rows[other]) && self.is_due(other, now) && self.is_free(other, now))
    }

    /// True at every third chance, where this is the flaw.
    fn shows(&mut self, flaw: Flaw) -> bool {
        if self.flaw != flaw {
            return false;
        }
        self.chances += 1;
        self.chances.is_multiple_of(3)
    }

    /// The process that had leased something is dead, and the ledger knows it by its lock: all is due at once.
    pub fn free_leases(&mut self, now: Timestamp) {
        for row in self.rows.iter_mut().filter(|row| row.state == DeliveryState::Leased) {
            (row.state, row.next_at) = (DeliveryState::Due, now);
        }
    }
}

impl Row {
    fn new(child: ChildKey, new: NewObligation, now: Timestamp) -> Self {
        let by_rule = new.hold == Some(HoldReason::Review);
        Self {
            delivery: new.delivery,
            obligation: new.id,
            child,
            recipient: new.recipient,
            place: new.place,
            kind: new.kind,
            sequence: new.sequence,
            payload: new.payload,
            recorded_at: now,
            obligation_state: if by_rule { ObligationState::Held } else { ObligationState::InForce },
            state: if new.hold.is_some() { DeliveryState::Held } else { DeliveryState::Due },
            next_at: now,
            until: now,
            hold: new.hold,
            lane_held: false,
            fence: 0,
            lease_open: false,
            attempts: 0,
            taken_over: 0,
            acknowledged: false,
            accepted: None,
            details: Vec::new(),
        }
    }

    /// Pending, and of the same line; what waits for a person stands before nobody.
    fn is_in_line_with(&self, one: &Self) -> bool {
        let waits_for_a_person = self.state == DeliveryState::Held && self.hold == Some(HoldReason::Review);
        (self.child, self.recipient, self.kind.line()) == (one.child, one.recipient, one.kind.line())
            && self.state.is_pending()
            && !waits_for_a_person
    }

    fn go(&mut self, state: DeliveryState) {
        (self.state, self.hold, self.lane_held) = (state, None, false);
    }
}
