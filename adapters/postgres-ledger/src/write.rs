//! Writes what a group has decided: one statement a table, each with columns as arrays, sent in two goes.

mod acceptances;
mod children;
mod deliveries;
mod others;
mod reviews;

use crate::books::Books;
use crate::fault::Fault;
use crate::session::Session;
use domain::Code;
use domain::delivery::ObligationState;
use domain::ledger::columns::State;
use domain::port::{Acknowledged, Alias, Attempt, ChildKey, ClaimRow, MessageRow, NewObligation, NewReview};
use std::collections::{BTreeMap, HashMap};
use tokio::try_join;
use uuid::Uuid;

/// Rows that are new, besides those of children and deliveries.
#[derive(Default)]
pub struct Written {
    /// With its child, and how many obligations it caused.
    pub messages: Vec<(MessageRow, Option<ChildKey>, usize)>,
    pub obligations: Vec<(NewObligation, ChildKey, Option<Uuid>)>,
    states: BTreeMap<Uuid, StateChange>,
    pub attempts: Vec<(Uuid, u64, Attempt)>,
    pub acknowledgements: Vec<Acknowledged>,
    pub aliases: Vec<(Alias, ChildKey)>,
    /// Open items that are asked no more, and when they were closed.
    pub closed: Vec<(ChildKey, Alias, i64)>,
    /// The last word on an item that was open before.
    pub renewed: BTreeMap<(ChildKey, Alias), NewReview>,
    /// Items opened, and closed again where a later entry of the group does so.
    pub opened: Vec<Opened>,
    pub suppressed: Vec<(ChildKey, Option<Uuid>, i64, String)>,
    pub claims: BTreeMap<String, ClaimRow>,
    pub actions: Vec<(Uuid, &'static str, String, i64)>,
    accepted: Vec<Acceptance>,
    /// No more accepted, and whether the feed keeps it.
    given_up: HashMap<Uuid, bool>,
}

/// What becomes of an obligation.
pub struct StateChange {
    pub to: ObligationState,
    /// Only where it stands so now; none for wherever.
    pub from: Option<ObligationState>,
    pub at: i64,
}

pub struct Opened {
    pub child: ChildKey,
    pub review: NewReview,
    pub at: i64,
    pub closed_at: Option<i64>,
}

pub struct Acceptance {
    pub delivery: Uuid,
    pub recipient: Code,
    pub adapter: &'static str,
    pub reference: String,
    pub at: i64,
}

impl Written {
    /// By delivery, because one obligation has one. A statement changes each row once: what two changes come to is one.
    pub fn change_state(&mut self, delivery: Uuid, change: StateChange) {
        let from = match (self.states.get(&delivery), change.from) {
            (Some(earlier), Some(from)) if earlier.to != from => return,
            (Some(earlier), Some(_)) => earlier.from,
            (_, from) => from,
        };
        self.states.insert(delivery, StateChange { from, ..change });
    }

    pub fn accept(&mut self, acceptance: Acceptance) {
        self.accepted.push(acceptance);
    }

    /// It is accepted no more: collected, or given back. What is given back is in no feed until it is accepted again.
    pub fn forget_acceptance(&mut self, delivery: Uuid, to: State) {
        let known = self.accepted.len();
        self.accepted.retain(|one| one.delivery != delivery);
        if self.accepted.len() == known {
            self.given_up.insert(delivery, matches!(to, State::Delivered | State::Acknowledged));
        }
    }
}

impl Books {
    /// Writes everything, in the open transaction that it was read in. First what changes, then what is new.
    ///
    /// # Errors
    /// [`Fault::Overtaken`] where a delivery is not any more what was read.
    pub async fn write(&self, session: &Session, shard: i64) -> Result<(), Fault> {
        let (.., positions) = try_join!(biased;
            self.write_children(session),
            self.update_deliveries(session),
            self.update_obligations(session),
            self.close_reviews(session),
            self.renew_reviews(session),
            self.delete_acceptances(session),
            self.take_positions(session),
        )?;
        try_join!(biased;
            self.insert_deliveries(session),
            self.insert_obligations(session),
            self.insert_messages(session),
            self.insert_attempts(session),
            self.insert_acceptances(session, &positions),
            self.insert_small(session),
            self.open_reviews(session),
            self.write_claims(session),
            self.tallies.write(session, shard),
        )?;
        Ok(())
    }
}

pub fn uuid(key: ChildKey) -> Uuid {
    Uuid::from_bytes(key.0)
}

/// A number beyond what a column holds is more than there are.
pub fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
