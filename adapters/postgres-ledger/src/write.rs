//! Writes what a group has decided: one statement a table, each with columns as arrays, sent in two goes.

use crate::books::{Books, ChildWrite, Post};
use crate::fault::Fault;
use crate::session::Session;
use domain::Code;
use domain::delivery::{HoldReason, ObligationState};
use domain::ledger::columns::{State, claim_number, day, hash, hold_number, kind_number, micros, obligation_number, stage_number};
use domain::ledger::standing::is_awaited;
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

/// The adapter that puts what it accepts into the recipient's feed.
const FEED: &str = "feed";

impl Written {
    /// By delivery, because one obligation has one. A statement changes each row once: what two changes come to is one.
    pub fn change_state(&mut self, delivery: Uuid, change: StateChange) {
        let applies = match (self.states.get(&delivery), change.from) {
            (Some(earlier), Some(from)) => earlier.to == from,
            _ => true,
        };
        if applies {
            let from = self.states.get(&delivery).map_or(change.from, |earlier| earlier.from);
            self.states.insert(delivery, StateChange { from, ..change });
        }
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

const UPDATE_CHILDREN: &str = "UPDATE children c SET version = x.version, wake_at = x.wake_at, casefile = x.casefile
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bytea[]) AS x (key, version, wake_at, casefile) WHERE c.key = x.key";
const INSERT_CHILDREN: &str = "INSERT INTO children (key, version, wake_at, casefile)
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bytea[])";
const UPDATE_DELIVERIES: &str = "UPDATE deliveries d SET state = x.state, next_at = x.next_at, attempts = x.attempts, hold = x.hold, note = x.note,
        settled_at = x.settled_at, breached_at = coalesce(d.breached_at, x.breached_at), awaited = x.awaited, lease_open = x.lease_open,
        acknowledged = x.acknowledged, lane_held = x.lane_held, fence = x.new_fence
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[], $9::boolean[],
        $10::boolean[], $11::boolean[], $12::boolean[], $13::bigint[], $14::bigint[], $15::bigint[], $16::boolean[])
        AS x (id, state, next_at, attempts, hold, note, settled_at, breached_at, awaited, lease_open, acknowledged, lane_held, new_fence, fence, was,
            breached)
    WHERE d.id = x.id AND d.fence = x.fence AND d.state = x.was AND (d.breached_at IS NOT NULL) = x.breached";
const INSERT_DELIVERIES: &str = "INSERT INTO deliveries (id, child, recipient, kind, sequence, due_on, recorded_at, state, awaited, next_at, fence,
        lease_open, hold, note, settled_at, breached_at, attempts, acknowledged, lane_held)
    SELECT *, 0, false, false FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::boolean[],
        $10::bigint[], $11::bigint[], $12::boolean[], $13::bigint[], $14::text[], $15::bigint[], $16::bigint[])";
const INSERT_OBLIGATIONS: &str = "INSERT INTO obligations (delivery, id, child, recipient, kind, message, state, changed_at, place, basis, supersedes, payload)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::uuid[], $7::bigint[], $8::bigint[], $9::text[], $10::text[],
        $11::uuid[], $12::bytea[])";
const UPDATE_OBLIGATIONS: &str = "UPDATE obligations o SET state = x.state, changed_at = x.at
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[]) AS x (delivery, state, was, at)
    WHERE o.delivery = x.delivery AND (x.was IS NULL OR o.state = x.was)";
const INSERT_MESSAGES: &str = "INSERT INTO messages (id, hash, publisher, message_id, written_hash, written_id, child, issued, type, verdict, intake,
        received_at, recorded_at, digest, content_type, traceparent, receipt, envelope)
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::uuid[], $8::bigint[], $9::text[], $10::text[],
        $11::text[], $12::bigint[], $13::bigint[], $14::bytea[], $15::text[], $16::text[], $17::text[], $18::bytea[])";
// An accepted delivery that is told of again keeps its first attempt: the second telling is no new one.
const INSERT_ATTEMPTS: &str = "INSERT INTO attempts (delivery, fence, started_at, ended_at, adapter, outcome, status, detail)
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::text[]) ON CONFLICT DO NOTHING";
const INSERT_ACKNOWLEDGEMENTS: &str =
    "INSERT INTO acknowledgements (delivery, by_code, status, at) SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[])";
const DELETE_ACCEPTANCES: &str = "DELETE FROM acceptances a USING unnest($1::uuid[]) AS x (delivery) WHERE a.delivery = x.delivery";
const DELETE_FROM_FEED: &str = "DELETE FROM feed f USING unnest($1::uuid[]) AS x (delivery) WHERE f.delivery = x.delivery";
const TAKE_POSITIONS: &str = "INSERT INTO feeds (recipient, last) SELECT * FROM unnest($1::text[], $2::bigint[])
    ON CONFLICT (recipient) DO UPDATE SET last = feeds.last + excluded.last RETURNING recipient, last";
const INSERT_ACCEPTANCES: &str = "INSERT INTO acceptances (delivery, recipient, adapter, reference, accepted_at, position)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])";
const INSERT_FEED: &str = "INSERT INTO feed (recipient, position, delivery, accepted_at)
    SELECT x.recipient, x.position, x.delivery, x.at FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[]) AS x (delivery, recipient, at, position)
    WHERE x.position IS NOT NULL";
const INSERT_ALIASES: &str = "INSERT INTO aliases (alias, child) SELECT * FROM unnest($1::uuid[], $2::uuid[]) ON CONFLICT DO NOTHING";
const CLOSE_REVIEWS: &str = "UPDATE reviews r SET closed_at = x.at FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS x (child, key, at)
    WHERE r.child = x.child AND r.key = x.key AND r.closed_at IS NULL";
const RENEW_REVIEWS: &str = "UPDATE reviews r SET reason = x.reason, due_on = x.due_on, detail = x.detail
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::bytea[]) AS x (child, key, reason, due_on, detail)
    WHERE r.child = x.child AND r.key = x.key AND r.closed_at IS NULL";
const OPEN_REVIEWS: &str = "INSERT INTO reviews (child, key, reason, due_on, detail, opened_at, closed_at)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::bytea[], $6::bigint[], $7::bigint[])";
const INSERT_SUPPRESSED: &str =
    "INSERT INTO suppressed (child, message, at, text) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[])";
const WRITE_CLAIMS: &str = "INSERT INTO claims (id, stage, commissioner, place, provider, service_on, amount_pence, answered_pence, state, open, claimed_on, since)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::boolean[],
        $11::bigint[], $12::bigint[])
    ON CONFLICT (id) DO UPDATE SET stage = excluded.stage, commissioner = excluded.commissioner, place = excluded.place, provider = excluded.provider,
        service_on = excluded.service_on, amount_pence = excluded.amount_pence, answered_pence = excluded.answered_pence, state = excluded.state,
        open = excluded.open, claimed_on = excluded.claimed_on, since = excluded.since";
const INSERT_ACTIONS: &str =
    "INSERT INTO operator_actions (delivery, action, reason, at) SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[])";

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

    async fn write_children(&self, session: &Session) -> Result<(), Fault> {
        for (is_new, sql) in [(false, UPDATE_CHILDREN), (true, INSERT_CHILDREN)] {
            let mut changed: Vec<(&ChildKey, i64, &ChildWrite)> = self
                .children
                .iter()
                .filter(|(_, child)| child.is_new == is_new)
                .filter_map(|(key, child)| Some((key, child.version, child.update.as_ref()?)))
                .collect();
            if changed.is_empty() {
                continue;
            }
            changed.sort_unstable_by_key(|(key, ..)| **key);
            let keys: Vec<Uuid> = changed.iter().map(|(key, ..)| uuid(**key)).collect();
            let versions: Vec<i64> = changed.iter().map(|(_, version, _)| *version).collect();
            let wakes: Vec<Option<i64>> = changed.iter().map(|(.., update)| update.wake_at).collect();
            let casefiles: Vec<&[u8]> = changed.iter().map(|(.., update)| update.casefile.as_slice()).collect();
            session.run(sql, &[&keys, &versions, &wakes, &casefiles]).await?;
        }
        Ok(())
    }

    async fn update_deliveries(&self, session: &Session) -> Result<(), Fault> {
        let mut changed: Vec<(&Post, _)> =
            self.posts.values().filter(|post| post.is_changed).filter_map(|post| Some((post, post.read?))).collect();
        if changed.is_empty() {
            return Ok(());
        }
        changed.sort_unstable_by_key(|(post, _)| post.id);
        let posts = || changed.iter().map(|(post, _)| *post);
        let ids: Vec<Uuid> = posts().map(|post| post.id).collect();
        let states: Vec<i64> = posts().map(|post| post.state.number()).collect();
        let next: Vec<i64> = posts().map(|post| post.next_at).collect();
        let attempts: Vec<i64> = posts().map(|post| i64::from(post.attempts)).collect();
        let holds: Vec<Option<i64>> = posts().map(|post| post.hold.map(hold_number)).collect();
        let notes: Vec<Option<&str>> = posts().map(|post| post.note.as_deref()).collect();
        let settled: Vec<Option<i64>> = posts().map(|post| post.settled_at).collect();
        let breached: Vec<Option<i64>> = posts().map(|post| post.breached_at).collect();
        let awaited: Vec<bool> = posts().map(awaits).collect();
        let open: Vec<bool> = posts().map(|post| post.lease_open).collect();
        let acknowledged: Vec<bool> = posts().map(|post| post.acknowledged).collect();
        let lane_held: Vec<bool> = posts().map(|post| post.lane_held).collect();
        let new_fences: Vec<i64> = posts().map(|post| number(post.fence)).collect();
        let fences: Vec<i64> = changed.iter().map(|(_, read)| number(read.fence)).collect();
        let was: Vec<i64> = changed.iter().map(|(_, read)| read.state.number()).collect();
        let was_breached: Vec<bool> = changed.iter().map(|(_, read)| read.breached).collect();
        let written = session
            .run(
                UPDATE_DELIVERIES,
                &[
                    &ids,
                    &states,
                    &next,
                    &attempts,
                    &holds,
                    &notes,
                    &settled,
                    &breached,
                    &awaited,
                    &open,
                    &acknowledged,
                    &lane_held,
                    &new_fences,
                    &fences,
                    &was,
                    &was_breached,
                ],
            )
            .await?;
        if written == changed.len() as u64 { Ok(()) } else { Err(Fault::Overtaken) }
    }

    async fn update_obligations(&self, session: &Session) -> Result<(), Fault> {
        let changes = &self.written.states;
        if changes.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = changes.keys().copied().collect();
        let states: Vec<i64> = changes.values().map(|change| obligation_number(change.to)).collect();
        let was: Vec<Option<i64>> = changes.values().map(|change| change.from.map(obligation_number)).collect();
        let at: Vec<i64> = changes.values().map(|change| change.at).collect();
        session.run(UPDATE_OBLIGATIONS, &[&ids, &states, &was, &at]).await.map(drop)
    }

    async fn close_reviews(&self, session: &Session) -> Result<(), Fault> {
        let closed = &self.written.closed;
        if closed.is_empty() {
            return Ok(());
        }
        let children: Vec<Uuid> = closed.iter().map(|(child, ..)| uuid(*child)).collect();
        let keys: Vec<Uuid> = closed.iter().map(|(_, key, _)| Uuid::from_bytes(key.0)).collect();
        let at: Vec<i64> = closed.iter().map(|(.., at)| *at).collect();
        session.run(CLOSE_REVIEWS, &[&children, &keys, &at]).await.map(drop)
    }

    async fn renew_reviews(&self, session: &Session) -> Result<(), Fault> {
        let renewed = &self.written.renewed;
        if renewed.is_empty() {
            return Ok(());
        }
        let children: Vec<Uuid> = renewed.keys().map(|(child, _)| uuid(*child)).collect();
        let columns = ReviewColumns::of(renewed.values());
        session.run(RENEW_REVIEWS, &[&children, &columns.keys, &columns.reasons, &columns.due, &columns.details]).await.map(drop)
    }

    async fn open_reviews(&self, session: &Session) -> Result<(), Fault> {
        let opened = &self.written.opened;
        if opened.is_empty() {
            return Ok(());
        }
        let children: Vec<Uuid> = opened.iter().map(|one| uuid(one.child)).collect();
        let columns = ReviewColumns::of(opened.iter().map(|one| &one.review));
        let at: Vec<i64> = opened.iter().map(|one| one.at).collect();
        let closed: Vec<Option<i64>> = opened.iter().map(|one| one.closed_at).collect();
        session
            .run(OPEN_REVIEWS, &[&children, &columns.keys, &columns.reasons, &columns.due, &columns.details, &at, &closed])
            .await
            .map(drop)
    }

    async fn delete_acceptances(&self, session: &Session) -> Result<(), Fault> {
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
    async fn take_positions(&self, session: &Session) -> Result<HashMap<Code, i64>, Fault> {
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

    async fn insert_acceptances(&self, session: &Session, before: &HashMap<Code, i64>) -> Result<(), Fault> {
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

    async fn insert_deliveries(&self, session: &Session) -> Result<(), Fault> {
        let mut new: Vec<&Post> = self.posts.values().filter(|post| post.read.is_none()).collect();
        if new.is_empty() {
            return Ok(());
        }
        new.sort_unstable_by_key(|post| post.id);
        let ids: Vec<Uuid> = new.iter().map(|post| post.id).collect();
        let children: Vec<Uuid> = new.iter().map(|post| uuid(post.child)).collect();
        let recipients: Vec<&str> = new.iter().map(|post| post.recipient.as_str()).collect();
        let kinds: Vec<i64> = new.iter().map(|post| kind_number(post.kind)).collect();
        let sequences: Vec<i64> = new.iter().map(|post| i64::from(post.sequence)).collect();
        let due: Vec<Option<i64>> = new.iter().map(|post| post.due_on).collect();
        let recorded: Vec<i64> = new.iter().map(|post| post.recorded_at).collect();
        let states: Vec<i64> = new.iter().map(|post| post.state.number()).collect();
        let awaited: Vec<bool> = new.iter().map(|post| awaits(post)).collect();
        let next: Vec<i64> = new.iter().map(|post| post.next_at).collect();
        let fences: Vec<i64> = new.iter().map(|post| number(post.fence)).collect();
        let open: Vec<bool> = new.iter().map(|post| post.lease_open).collect();
        let holds: Vec<Option<i64>> = new.iter().map(|post| post.hold.map(hold_number)).collect();
        let notes: Vec<Option<&str>> = new.iter().map(|post| post.note.as_deref()).collect();
        let settled: Vec<Option<i64>> = new.iter().map(|post| post.settled_at).collect();
        let breached: Vec<Option<i64>> = new.iter().map(|post| post.breached_at).collect();
        session
            .run(
                INSERT_DELIVERIES,
                &[
                    &ids,
                    &children,
                    &recipients,
                    &kinds,
                    &sequences,
                    &due,
                    &recorded,
                    &states,
                    &awaited,
                    &next,
                    &fences,
                    &open,
                    &holds,
                    &notes,
                    &settled,
                    &breached,
                ],
            )
            .await
            .map(drop)
    }

    async fn insert_obligations(&self, session: &Session) -> Result<(), Fault> {
        let new = &self.written.obligations;
        if new.is_empty() {
            return Ok(());
        }
        // Only a rule's hold is a person's decision about the obligation itself; a missing endpoint holds the delivery alone. What a later
        // entry of the group made of it is its first state in the table.
        let changes = &self.written.states;
        let state = |new: &NewObligation| {
            let first = if new.hold == Some(HoldReason::Review) { ObligationState::Held } else { ObligationState::InForce };
            let change = changes.get(&new.delivery).filter(|change| change.from.is_none_or(|from| from == first));
            obligation_number(change.map_or(first, |change| change.to))
        };
        let deliveries: Vec<Uuid> = new.iter().map(|(new, ..)| new.delivery).collect();
        let ids: Vec<Uuid> = new.iter().map(|(new, ..)| new.id).collect();
        let children: Vec<Uuid> = new.iter().map(|(_, child, _)| uuid(*child)).collect();
        let recipients: Vec<&str> = new.iter().map(|(new, ..)| new.recipient.as_str()).collect();
        let kinds: Vec<i64> = new.iter().map(|(new, ..)| kind_number(new.kind)).collect();
        let messages: Vec<Option<Uuid>> = new.iter().map(|(.., message)| *message).collect();
        let states: Vec<i64> = new.iter().map(|(new, ..)| state(new)).collect();
        let changed: Vec<Option<i64>> = new.iter().map(|(new, ..)| changes.get(&new.delivery).map(|change| change.at)).collect();
        let places: Vec<Option<&str>> = new.iter().map(|(new, ..)| new.place.as_ref().map(Code::as_str)).collect();
        let bases: Vec<&str> = new.iter().map(|(new, ..)| new.basis).collect();
        let supersedes: Vec<Option<Uuid>> = new.iter().map(|(new, ..)| new.supersedes).collect();
        let payloads: Vec<&[u8]> = new.iter().map(|(new, ..)| &*new.payload).collect();
        session
            .run(
                INSERT_OBLIGATIONS,
                &[&deliveries, &ids, &children, &recipients, &kinds, &messages, &states, &changed, &places, &bases, &supersedes, &payloads],
            )
            .await
            .map(drop)
    }

    async fn insert_messages(&self, session: &Session) -> Result<(), Fault> {
        let mut new: Vec<_> =
            self.written.messages.iter().map(|(row, child, issued)| (hash(&row.key.message_id), row, child, *issued)).collect();
        if new.is_empty() {
            return Ok(());
        }
        // In the order of the unique index, so that two hubs with the same messages wait for each other in one order.
        new.sort_by_key(|(hash, ..)| *hash);
        let rows = || new.iter().map(|(_, row, ..)| *row);
        let ids: Vec<Uuid> = rows().map(|row| row.id).collect();
        let hashes: Vec<i64> = new.iter().map(|(hash, ..)| *hash).collect();
        let publishers: Vec<&str> = rows().map(|row| row.key.publisher.as_str()).collect();
        let keys: Vec<&str> = rows().map(|row| row.key.message_id.as_str()).collect();
        let written_hashes: Vec<Option<i64>> = rows().map(|row| row.written_id.as_deref().map(hash)).collect();
        let written: Vec<Option<&str>> = rows().map(|row| row.written_id.as_deref()).collect();
        let children: Vec<Option<Uuid>> = new.iter().map(|(_, _, child, _)| child.map(uuid)).collect();
        let issued: Vec<i64> = new.iter().map(|(.., issued)| number(*issued as u64)).collect();
        let types: Vec<&str> = rows().map(|row| row.message_type).collect();
        let verdicts: Vec<&str> = rows().map(|row| row.verdict).collect();
        let intakes: Vec<&str> = rows().map(|row| row.intake).collect();
        let received: Vec<i64> = rows().map(|row| micros(row.received_at)).collect();
        let recorded: Vec<i64> = rows().map(|row| micros(row.recorded_at)).collect();
        let digests: Vec<&[u8]> = rows().map(|row| row.digest.as_slice()).collect();
        let content_types: Vec<&str> = rows().map(|row| row.content_type.as_str()).collect();
        let traces: Vec<Option<&str>> = rows().map(|row| row.traceparent.as_deref()).collect();
        let receipts: Vec<&str> = rows().map(|row| row.receipt.as_str()).collect();
        let envelopes: Vec<&[u8]> = rows().map(|row| row.envelope.as_slice()).collect();
        session
            .run(
                INSERT_MESSAGES,
                &[
                    &ids,
                    &hashes,
                    &publishers,
                    &keys,
                    &written_hashes,
                    &written,
                    &children,
                    &issued,
                    &types,
                    &verdicts,
                    &intakes,
                    &received,
                    &recorded,
                    &digests,
                    &content_types,
                    &traces,
                    &receipts,
                    &envelopes,
                ],
            )
            .await
            .map(drop)
    }

    async fn insert_attempts(&self, session: &Session) -> Result<(), Fault> {
        let new = &self.written.attempts;
        if new.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = new.iter().map(|(id, ..)| *id).collect();
        let fences: Vec<i64> = new.iter().map(|(_, fence, _)| number(*fence)).collect();
        let started: Vec<i64> = new.iter().map(|(.., one)| micros(one.started_at)).collect();
        let ended: Vec<i64> = new.iter().map(|(.., one)| micros(one.ended_at)).collect();
        let adapters: Vec<&str> = new.iter().map(|(.., one)| one.adapter).collect();
        let outcomes: Vec<&str> = new.iter().map(|(.., one)| one.outcome).collect();
        let statuses: Vec<Option<i64>> = new.iter().map(|(.., one)| one.status.map(i64::from)).collect();
        let details: Vec<&str> = new.iter().map(|(.., one)| one.detail.as_str()).collect();
        session.run(INSERT_ATTEMPTS, &[&ids, &fences, &started, &ended, &adapters, &outcomes, &statuses, &details]).await.map(drop)
    }

    /// What most groups have none of.
    async fn insert_small(&self, session: &Session) -> Result<(), Fault> {
        let Written { acknowledgements, aliases, suppressed, actions, .. } = &self.written;
        if !acknowledgements.is_empty() {
            let ids: Vec<Uuid> = acknowledgements.iter().map(|one| one.delivery).collect();
            let by: Vec<&str> = acknowledgements.iter().map(|one| one.by.as_str()).collect();
            let statuses: Vec<&str> = acknowledgements.iter().map(|one| one.status).collect();
            let at: Vec<i64> = acknowledgements.iter().map(|one| micros(one.at)).collect();
            session.run(INSERT_ACKNOWLEDGEMENTS, &[&ids, &by, &statuses, &at]).await?;
        }
        if !aliases.is_empty() {
            let keys: Vec<Uuid> = aliases.iter().map(|(alias, _)| Uuid::from_bytes(alias.0)).collect();
            let children: Vec<Uuid> = aliases.iter().map(|(_, child)| uuid(*child)).collect();
            session.run(INSERT_ALIASES, &[&keys, &children]).await?;
        }
        if !suppressed.is_empty() {
            let children: Vec<Uuid> = suppressed.iter().map(|(child, ..)| uuid(*child)).collect();
            let messages: Vec<Option<Uuid>> = suppressed.iter().map(|(_, message, ..)| *message).collect();
            let at: Vec<i64> = suppressed.iter().map(|(_, _, at, _)| *at).collect();
            let texts: Vec<&str> = suppressed.iter().map(|(.., text)| text.as_str()).collect();
            session.run(INSERT_SUPPRESSED, &[&children, &messages, &at, &texts]).await?;
        }
        if !actions.is_empty() {
            let ids: Vec<Uuid> = actions.iter().map(|(id, ..)| *id).collect();
            let names: Vec<&str> = actions.iter().map(|(_, name, ..)| *name).collect();
            let reasons: Vec<&str> = actions.iter().map(|(_, _, reason, _)| reason.as_str()).collect();
            let at: Vec<i64> = actions.iter().map(|(.., at)| *at).collect();
            session.run(INSERT_ACTIONS, &[&ids, &names, &reasons, &at]).await?;
        }
        Ok(())
    }

    async fn write_claims(&self, session: &Session) -> Result<(), Fault> {
        let claims: Vec<&ClaimRow> = self.written.claims.values().collect();
        if claims.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = claims.iter().map(|claim| claim.id.as_str()).collect();
        let stages: Vec<i64> = claims.iter().map(|claim| stage_number(claim.stage)).collect();
        let commissioners: Vec<&str> = claims.iter().map(|claim| claim.commissioner.as_str()).collect();
        let places: Vec<Option<&str>> = claims.iter().map(|claim| claim.place.as_ref().map(Code::as_str)).collect();
        let providers: Vec<&str> = claims.iter().map(|claim| claim.provider.as_str()).collect();
        let service: Vec<i64> = claims.iter().map(|claim| day(claim.service_on)).collect();
        let amounts: Vec<Option<i64>> = claims.iter().map(|claim| claim.amount_pence.map(number)).collect();
        let answers: Vec<Option<i64>> = claims.iter().map(|claim| claim.answered_pence.map(number)).collect();
        let states: Vec<i64> = claims.iter().map(|claim| claim_number(claim.state)).collect();
        let open: Vec<bool> = claims.iter().map(|claim| claim.state.is_open()).collect();
        let claimed: Vec<i64> = claims.iter().map(|claim| day(claim.claimed_on)).collect();
        let since: Vec<i64> = claims.iter().map(|claim| day(claim.since)).collect();
        session
            .run(
                WRITE_CLAIMS,
                &[&ids, &stages, &commissioners, &places, &providers, &service, &amounts, &answers, &states, &open, &claimed, &since],
            )
            .await
            .map(drop)
    }
}

/// Review items as columns.
struct ReviewColumns<'a> {
    keys: Vec<Uuid>,
    reasons: Vec<&'a str>,
    due: Vec<Option<i64>>,
    details: Vec<&'a [u8]>,
}

impl<'a> ReviewColumns<'a> {
    fn of(reviews: impl Iterator<Item = &'a NewReview> + Clone) -> Self {
        Self {
            keys: reviews.clone().map(|review| Uuid::from_bytes(review.key.0)).collect(),
            reasons: reviews.clone().map(|review| review.reason).collect(),
            due: reviews.clone().map(|review| review.due_on.map(day)).collect(),
            details: reviews.map(|review| review.detail.as_slice()).collect(),
        }
    }
}

fn awaits(post: &Post) -> bool {
    is_awaited(post.due_on, post.state) && !post.breached
}

pub fn uuid(key: ChildKey) -> Uuid {
    Uuid::from_bytes(key.0)
}

/// A number beyond what a column holds is more than there are.
pub fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
