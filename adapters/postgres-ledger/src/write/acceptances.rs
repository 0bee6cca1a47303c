//! What a rail has accepted, and its position in a feed.

use crate::books::Books;
use crate::fault::Fault;
use crate::session::Session;
use domain::Code;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

const DELETE_ACCEPTANCES: &str = "DELETE FROM acceptances a USING unnest($1::uuid[]) AS x (delivery) WHERE a.delivery = x.delivery";
const DELETE_FROM_FEED: &str = "DELETE FROM feed f USING unnest($1::uuid[]) AS x (delivery) WHERE f.delivery = x.delivery";
const TAKE_POSITIONS: &str = "INSERT INTO feeds (recipient, last) SELECT * FROM unnest($1::text[], $2::bigint[])
    ON CONFLICT (recipient) DO UPDATE SET last = feeds.last + excluded.last RETURNING recipient, last";
const INSERT_ACCEPTANCES: &str = "INSERT INTO acceptances (delivery, recipient, adapter, reference, accepted_at, position)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])";
const INSERT_FEED: &str = "INSERT INTO feed (recipient, position, delivery, accepted_at)
    SELECT x.recipient, x.position, x.delivery, x.at FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[]) AS x (delivery, recipient, at, position)
    WHERE x.position IS NOT NULL";
/// The adapter that puts what it accepts into the recipient's feed.
const FEED: &str = "feed";

impl Books {
    pub(super) async fn delete_acceptances(&self, session: &Session) -> Result<(), Fault> {
        let given_up = &self.written.given_up;
        if given_up.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = given_up.keys().copied().collect();
        session.run(DELETE_ACCEPTANCES, &[&ids]).await?;
        let out_of_feed: Vec<Uuid> = given_up.iter().filter(|(_, kept)| !**kept).map(|(id, _)| *id).collect();
        if out_of_feed.is_empty() {
            return Ok(());
        }
        session.run(DELETE_FROM_FEED, &[&out_of_feed]).await.map(drop)
    }

    /// The last positions of the feeds that something was accepted into.
    pub(super) async fn take_positions(&self, session: &Session) -> Result<HashMap<Code, i64>, Fault> {
        let mut counts: BTreeMap<Code, i64> = BTreeMap::new();
        for acceptance in self.written.accepted.iter().filter(|one| one.adapter == FEED) {
            *counts.entry(acceptance.recipient).or_default() += 1;
        }
        if counts.is_empty() {
            return Ok(HashMap::new());
        }
        // Sorted, so that two hubs take the feeds' rows in one order.
        let recipients: Vec<&str> = counts.keys().map(Code::as_str).collect();
        let n: Vec<i64> = counts.values().copied().collect();
        let rows = session.rows(TAKE_POSITIONS, &[&recipients, &n]).await?;
        rows.iter()
            .map(|row| {
                let recipient = crate::books::code(row, 0)?;
                let last: i64 = row.get(1);
                Ok((recipient, last - counts.get(&recipient).copied().unwrap_or_default()))
            })
            .collect()
    }

    pub(super) async fn insert_acceptances(&self, session: &Session, before: &HashMap<Code, i64>) -> Result<(), Fault> {
        let accepted = &self.written.accepted;
        if accepted.is_empty() {
            return Ok(());
        }
        let mut next = before.clone();
        let positions: Vec<Option<i64>> = accepted
            .iter()
            .map(|one| {
                let position = next.get_mut(&one.recipient).filter(|_| one.adapter == FEED)?;
                *position += 1;
                Some(*position)
            })
            .collect();
        let ids: Vec<Uuid> = accepted.iter().map(|one| one.delivery).collect();
        let recipients: Vec<&str> = accepted.iter().map(|one| one.recipient.as_str()).collect();
        let adapters: Vec<&str> = accepted.iter().map(|one| one.adapter).collect();
        let references: Vec<&str> = accepted.iter().map(|one| one.reference.as_str()).collect();
        let at: Vec<i64> = accepted.iter().map(|one| one.at).collect();
        session.run(INSERT_ACCEPTANCES, &[&ids, &recipients, &adapters, &references, &at, &positions]).await?;
        session.run(INSERT_FEED, &[&ids, &recipients, &at, &positions]).await.map(drop)
    }
}
