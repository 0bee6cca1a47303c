//! Counts that change with what is written: added up in memory, written as one statement, in this hub's own shard.

use crate::fault::Fault;
use crate::session::Session;
use domain::Code;
use domain::delivery::Kind;
use domain::ledger::columns::{State, kind_number};
use std::collections::BTreeMap;

/// Hubs that count without waiting for each other. One more only waits, now and then.
pub const SHARDS: i64 = 8;

/// What is counted: the numbers are those of the table's column `what`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Pending = 0,
    Messages = 1,
    Deadlines = 2,
    Breaches = 3,
}

/// Sorted, because two hubs that share a shard must take its rows in one order.
#[derive(Default)]
pub struct Tallies(BTreeMap<(What, String, String), i64>);

const ADD: &str = "INSERT INTO tallies (shard, what, one, two, n)
    SELECT $1::bigint, x.what, x.one, x.two, x.n FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bigint[]) WITH ORDINALITY AS x (what, one, two, n, place)
    ORDER BY x.place ON CONFLICT (what, one, two, shard) DO UPDATE SET n = tallies.n + excluded.n";

impl Tallies {
    /// Counts only what is pending: the rest is history.
    pub fn pending(&mut self, recipient: Code, state: State, change: i64) {
        if state.is_open() {
            self.add(What::Pending, recipient.as_str(), &state.number().to_string(), change);
        }
    }

    pub fn message(&mut self, message_type: &str, verdict: &str) {
        self.add(What::Messages, message_type, verdict, 1);
    }

    pub fn deadline(&mut self, kind: Kind, due_on: i64, change: i64) {
        self.add(What::Deadlines, &kind_number(kind).to_string(), &due_on.to_string(), change);
    }

    pub fn breaches(&mut self, change: i64) {
        self.add(What::Breaches, "", "", change);
    }

    fn add(&mut self, what: What, one: &str, two: &str, change: i64) {
        if change != 0 {
            *self.0.entry((what, one.to_owned(), two.to_owned())).or_default() += change;
        }
    }

    pub async fn write(&self, session: &Session, shard: i64) -> Result<(), Fault> {
        let changed: Vec<_> = self.0.iter().filter(|(_, n)| **n != 0).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let what: Vec<i64> = changed.iter().map(|((what, ..), _)| *what as i64).collect();
        let one: Vec<&str> = changed.iter().map(|((_, one, _), _)| one.as_str()).collect();
        let two: Vec<&str> = changed.iter().map(|((_, _, two), _)| two.as_str()).collect();
        let n: Vec<i64> = changed.iter().map(|(_, n)| **n).collect();
        session.run(ADD, &[&shard, &what, &one, &two, &n]).await.map(drop)
    }
}
