//! `record`: messages with all they cause.

use super::{Books, Child, Row};
use crate::simulation::flaw::Flaw;
use domain::delivery::{DeliveryState, ObligationState};
use domain::port::{Acknowledged, ChildKey, ChildUpdate, Entry, LeaseTerms, NewObligation, Outcome, Recorded, RecordedMessage};
use jiff::Timestamp;
use std::collections::BTreeSet;
use uuid::Uuid;

impl Books {
    pub fn record(&mut self, entries: Vec<Entry>, terms: &LeaseTerms) -> Outcome {
        let updates = || entries.iter().filter_map(|entry| entry.child.as_ref());
        // What a later entry takes back must not be leased before that entry's turn.
        let taken_back: BTreeSet<Uuid> = updates().flat_map(|child| &child.retract).copied().collect();
        let mut conflicts: BTreeSet<ChildKey> = BTreeSet::new();
        let mut outcome = Outcome::default();
        for entry in entries {
            let child = entry.child.as_ref().map(|child| child.key);
            if child.is_some_and(|child| conflicts.contains(&child)) || !self.fits(&entry) {
                conflicts.extend(child);
                outcome.recorded.push(Recorded::Conflict);
                continue;
            }
            outcome.recorded.push(Recorded::Done);
            if !self.shows(Flaw::ForgetsACommit) {
                self.write(entry, terms, &taken_back, &mut outcome);
            }
        }
        outcome.due.sort_unstable();
        outcome.due.dedup();
        outcome
    }

    fn fits(&self, entry: &Entry) -> bool {
        let is_new = entry.message.as_ref().is_none_or(|message| !self.messages.contains_key(&message.key));
        let Some(update) = &entry.child else { return is_new };
        let row = |obligation: &Uuid| self.by_obligation.get(obligation).map(|at| &self.rows[*at]).filter(|row| row.child == update.key);
        let never_leased = |row: &Row| row.fence == 0 || self.flaw == Flaw::ForgetsWhatWasLeased;
        is_new
            && self.children.get(&update.key).map_or(0, |child| child.version) == update.read_version
            && update.retract.iter().all(|id| row(id).is_some_and(never_leased))
            && update.mark.iter().all(|(id, _)| row(id).is_some())
    }

    fn write(&mut self, entry: Entry, terms: &LeaseTerms, taken_back: &BTreeSet<Uuid>, outcome: &mut Outcome) {
        let mut at = terms.now;
        if let Some(message) = entry.message {
            at = message.recorded_at;
            let recorded = RecordedMessage {
                digest: message.digest,
                envelope: message.envelope,
                content_type: message.content_type,
                receipt: message.receipt,
            };
            self.messages.insert(message.key, recorded);
        }
        if let Some(update) = entry.child {
            self.write_child(update, at, terms, taken_back, outcome);
        }
        if let Some(acknowledged) = entry.acknowledgement {
            self.acknowledge(&acknowledged);
        }
    }

    fn write_child(&mut self, update: ChildUpdate, at: Timestamp, terms: &LeaseTerms, taken_back: &BTreeSet<Uuid>, outcome: &mut Outcome) {
        for obligation in &update.retract {
            self.mark(*obligation, ObligationState::Retracted, terms.now, outcome);
        }
        for (obligation, state) in &update.mark {
            self.mark(*obligation, *state, terms.now, outcome);
        }
        for alias in &update.aliases {
            self.aliases.entry(*alias).or_default().insert(update.key);
        }
        let lost = !update.issue.is_empty() && self.shows(Flaw::LosesAnObligation);
        let kept = update.issue.len() - usize::from(lost);
        for new in update.issue.into_iter().take(kept) {
            self.issue(update.key, new, at, terms, taken_back, outcome);
        }
        let child = Child { version: update.read_version + 1, casefile: update.casefile, wake_at: update.wake_at };
        self.children.insert(update.key, child);
    }

    /// An obligation's new state; what is retracted is withdrawn too, and what stood behind it moves up.
    fn mark(&mut self, obligation: Uuid, state: ObligationState, now: Timestamp, outcome: &mut Outcome) {
        let at = self.by_obligation[&obligation];
        let row = &mut self.rows[at];
        row.obligation_state = state;
        if state == ObligationState::Retracted && row.state.may_become(DeliveryState::Withdrawn) {
            row.go(DeliveryState::Withdrawn);
            if self.is_line_due(at, now) {
                outcome.due.push(self.rows[at].recipient);
            }
        }
    }

    fn issue(
        &mut self,
        child: ChildKey,
        new: NewObligation,
        recorded_at: Timestamp,
        terms: &LeaseTerms,
        taken_back: &BTreeSet<Uuid>,
        outcome: &mut Outcome,
    ) {
        let (id, recipient, held) = (new.id, new.recipient, new.hold.is_some());
        let at = self.owe(child, new, recorded_at);
        if held || !self.is_free(at, terms.now) {
            return;
        }
        let shut = terms.shut.contains(&recipient) || taken_back.contains(&id);
        if shut || outcome.leased.len() >= terms.limit {
            outcome.due.push(recipient);
        } else {
            outcome.leased.push(self.take(at, terms));
        }
    }

    /// A recipient's own word. One that comes before the attempt is settled waits for the settlement.
    fn acknowledge(&mut self, acknowledged: &Acknowledged) {
        let Some(at) = self.row_of(acknowledged.delivery) else { return };
        let row = &mut self.rows[at];
        row.acknowledged = true;
        if row.state.may_become(DeliveryState::Acknowledged) {
            row.go(DeliveryState::Acknowledged);
        }
    }
}
