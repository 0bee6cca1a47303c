//! What is read from the books.

use super::{Books, Row};
use crate::simulation::flaw::Flaw;
use domain::delivery::DeliveryState;
use domain::port::{AcceptedRow, ChildKey, ChildRecord, Clue, DeliveryFilter, DeliveryRow, Figures, Found, Loaded, MessageKey};
use jiff::Timestamp;
use uuid::Uuid;

impl Books {
    pub fn load(&self, children: &[ChildKey], messages: &[MessageKey]) -> Loaded {
        Loaded {
            children: children.iter().map(|key| self.child(*key)).collect(),
            messages: messages.iter().map(|key| self.messages.get(key).cloned()).collect(),
        }
    }

    fn child(&self, key: ChildKey) -> ChildRecord {
        let Some(child) = self.children.get(&key) else {
            return ChildRecord { key, version: 0, casefile: Vec::new(), touched: Vec::new() };
        };
        let leased = |row: &&Row| row.child == key && row.fence > 0 && self.flaw != Flaw::ForgetsWhatWasLeased;
        let touched = self.rows.iter().filter(leased).map(|row| row.obligation).collect();
        ChildRecord { key, version: child.version, casefile: child.casefile.clone(), touched }
    }

    /// Children whose clock has rung, the earliest first.
    pub fn children_to_wake(&self, now: Timestamp, limit: usize) -> Vec<ChildKey> {
        let mut rung: Vec<_> =
            self.children.iter().filter_map(|(key, child)| Some((child.wake_at.filter(|at| *at <= now)?, *key))).collect();
        rung.sort_unstable();
        rung.into_iter().map(|(_, key)| key).take(limit).collect()
    }

    pub fn find(&self, clue: &Clue) -> Option<Found> {
        match clue {
            Clue::Alias(alias) => {
                let children = self.aliases.get(alias)?;
                children.first().filter(|_| children.len() == 1).map(|child| Found { child: *child, delivery: None })
            }
            Clue::Id(id) => {
                let at = self.row_of(*id).or_else(|| self.by_obligation.get(id).copied())?;
                let row = &self.rows[at];
                Some(Found { child: row.child, delivery: Some((row.delivery, row.recipient)) })
            }
            Clue::MessageId(_) => None,
        }
    }

    /// As much as lanes ask for: who has something held.
    pub fn figures(&self) -> Figures {
        let held = self.rows.iter().filter(|row| row.state == DeliveryState::Held);
        Figures { backlog: held.map(|row| (row.recipient, row.state, 1)).collect(), ..Figures::default() }
    }

    pub fn deliveries(&self, filter: &DeliveryFilter) -> Vec<DeliveryRow> {
        let wanted =
            |row: &&Row| filter.recipient.is_none_or(|code| row.recipient == code) && filter.state.is_none_or(|state| row.state == state);
        let newest_first = self.rows.iter().rev().filter(wanted).take(filter.limit);
        newest_first
            .map(|row| DeliveryRow {
                id: row.delivery,
                obligation: row.obligation,
                kind: row.kind,
                recipient: row.recipient,
                place: row.place,
                state: row.state,
                reason: row.hold.map(|hold| hold.to_string()),
                due_on: None,
                attempts: row.attempts,
                recorded_at: row.recorded_at,
                next_at: Some(row.next_at),
                settled_at: None,
            })
            .collect()
    }

    pub fn accepted(&self, adapter: &str, after: Option<Uuid>, limit: usize) -> Vec<AcceptedRow> {
        let from = after.and_then(|after| self.row_of(after)).map_or(0, |at| at + 1);
        let row = |row: &Row| {
            let (rail, reference) = row.accepted.clone()?;
            (row.state == DeliveryState::Accepted && rail == adapter).then(|| AcceptedRow {
                delivery: row.delivery,
                recipient: row.recipient,
                place: row.place,
                adapter: rail.to_owned(),
                reference,
                accepted_at: row.recorded_at,
            })
        };
        self.rows[from..].iter().filter_map(row).take(limit).collect()
    }
}
