//! Where deliveries stand, what they are about, and what was tried.

use super::{number, uuid};
use crate::books::{Books, Post};
use crate::fault::Fault;
use crate::session::Session;
use domain::Code;
use domain::delivery::{HoldReason, ObligationState};
use domain::ledger::columns::{hold_number, kind_number, micros, obligation_number};
use domain::ledger::standing::is_awaited;
use domain::port::NewObligation;
use uuid::Uuid;

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
// An accepted delivery that is told of again keeps its first attempt: the second telling is no new one.
const INSERT_ATTEMPTS: &str = "INSERT INTO attempts (delivery, fence, started_at, ended_at, adapter, outcome, status, detail)
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::text[]) ON CONFLICT DO NOTHING";

impl Books {
    pub(super) async fn update_deliveries(&self, session: &Session) -> Result<(), Fault> {
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

    pub(super) async fn update_obligations(&self, session: &Session) -> Result<(), Fault> {
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

    pub(super) async fn insert_deliveries(&self, session: &Session) -> Result<(), Fault> {
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

    pub(super) async fn insert_obligations(&self, session: &Session) -> Result<(), Fault> {
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

    pub(super) async fn insert_attempts(&self, session: &Session) -> Result<(), Fault> {
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
}

fn awaits(post: &Post) -> bool {
    is_awaited(post.due_on, post.state) && !post.breached
}
