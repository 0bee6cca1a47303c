//! `lease_due`: which deliveries may go now, and who has them until when.
//!
//! What is due is the first of its line, so it is taken without looking further, past whatever another hub is taking at the same
//! moment. A lapsed lease may have lost its place meanwhile, so its child is locked and its line looked at.

use crate::books::{Books, Needs, code};
use crate::fault::Fault;
use crate::session::Session;
use crate::tallies::Tallies;
use crate::transact::Transaction;
use crate::write::number;
use domain::Code;
use domain::ledger::columns::{State, count, micros, read_code, read_kind, read_time, small};
use domain::port::{BoxFuture, LaneRoom, Lease, LeaseTerms};
use std::collections::HashMap;
use std::sync::Arc;
use tokio_postgres::Row;
use uuid::Uuid;

pub struct LeaseDue {
    pub rooms: Vec<LaneRoom>,
    pub terms: LeaseTerms,
    pub shard: i64,
}

/// What is taken, and since when it could have been.
type Taken = HashMap<Uuid, i64>;

/// Lapsed leases of one lane looked at in one go: what a hub has in flight when it dies.
const LAPSED: &str = "SELECT d.id, d.recipient FROM unnest($1::text[]) AS x (recipient) CROSS JOIN LATERAL (
        SELECT id, recipient FROM deliveries WHERE recipient = x.recipient AND state = 2 AND next_at < $2 ORDER BY next_at, id LIMIT 1000) d";
const TAKE: &str = "WITH taken AS (
        SELECT d.id, d.next_at FROM unnest($1::text[], $2::bigint[]) AS x (recipient, room) CROSS JOIN LATERAL (
            SELECT id, next_at FROM deliveries WHERE recipient = x.recipient AND state = 0 AND next_at <= $3 ORDER BY next_at, id LIMIT x.room
            FOR UPDATE SKIP LOCKED) d LIMIT $4)
    UPDATE deliveries d SET state = 2, next_at = $5, fence = d.fence + 1, lease_open = true FROM taken WHERE d.id = taken.id RETURNING d.id, d.recipient, taken.next_at";
const DETAILS: &str = "SELECT d.id, o.id, d.kind, d.recipient, o.place, d.child, d.sequence, d.fence, d.attempts, d.recorded_at, o.payload, m.traceparent
    FROM unnest($1::uuid[]) AS x (id) JOIN deliveries d ON d.id = x.id JOIN obligations o ON o.delivery = d.id LEFT JOIN messages m ON m.id = o.message";

impl Transaction for LeaseDue {
    type Answer = Vec<Lease>;

    fn run<'a>(&'a mut self, session: &'a Session) -> BoxFuture<'a, Result<Vec<Lease>, Fault>> {
        Box::pin(async move {
            let mut rooms: Vec<(Code, usize)> = self.rooms.iter().map(|lane| (lane.recipient, lane.room)).collect();
            let mut taken = self.take_lapsed(session, &mut rooms).await?;
            taken.extend(self.take_due(session, &rooms, self.terms.limit - taken.len()).await?);
            if taken.is_empty() {
                return Ok(Vec::new());
            }
            let ids: Vec<Uuid> = taken.keys().copied().collect();
            let rows = session.rows(DETAILS, &[&ids]).await?;
            let mut leases = rows.iter().map(|row| read_lease(row, &self.terms)).collect::<Result<Vec<_>, _>>()?;
            let lane: HashMap<Code, usize> = self.rooms.iter().enumerate().map(|(place, lane)| (lane.recipient, place)).collect();
            leases.sort_by_key(|lease| (lane.get(&lease.recipient).copied(), taken.get(&lease.delivery).copied(), lease.delivery));
            Ok(leases)
        })
    }
}

impl LeaseDue {
    /// Takes the lapsed leases that are first in their lines, and puts the others back behind those who are.
    async fn take_lapsed(&self, session: &Session, rooms: &mut [(Code, usize)]) -> Result<Taken, Fault> {
        let recipients: Vec<&str> = rooms.iter().map(|(recipient, _)| recipient.as_str()).collect();
        let rows = session.rows(LAPSED, &[&recipients, &micros(self.terms.now)]).await?;
        if rows.is_empty() {
            return Ok(Taken::new());
        }
        let lapsed: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
        let needs = Needs { deliveries: lapsed.iter().copied().collect(), ..Needs::default() };
        let mut books = Books::read(session, needs).await?;
        let mut taken = Taken::new();
        for id in lapsed {
            // Between the two looks another hub may have settled or leased it.
            let Some(post) = books.posts.get(&id).filter(|post| post.is_lapsed(self.terms.now)) else { continue };
            let (recipient, child, kind, since) = (post.recipient, post.child, post.kind, post.next_at);
            if books.line(recipient, child, kind).first() != Some(&id) {
                books.put_back(id);
                continue;
            }
            let Some((_, room)) = rooms.iter_mut().find(|(lane, room)| *lane == recipient && *room > 0) else { continue };
            if taken.len() < self.terms.limit {
                *room -= 1;
                books.lease(id, micros(self.terms.until));
                taken.insert(id, since);
            }
        }
        books.write(session, self.shard).await?;
        Ok(taken)
    }

    async fn take_due(&self, session: &Session, rooms: &[(Code, usize)], limit: usize) -> Result<Taken, Fault> {
        let recipients: Vec<&str> = rooms.iter().map(|(recipient, _)| recipient.as_str()).collect();
        let room: Vec<i64> = rooms.iter().map(|(_, room)| number(*room as u64)).collect();
        let (now, until) = (micros(self.terms.now), micros(self.terms.until));
        let rows = session.rows(TAKE, &[&recipients, &room, &now, &number(limit as u64), &until]).await?;
        let mut tallies = Tallies::default();
        for row in &rows {
            let recipient = code(row, 1)?;
            tallies.pending(recipient, State::Due, -1);
            tallies.pending(recipient, State::Leased, 1);
        }
        tallies.write(session, self.shard).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(2))).collect())
    }
}

fn read_lease(row: &Row, terms: &LeaseTerms) -> Result<Lease, Fault> {
    Ok(Lease {
        delivery: row.get(0),
        obligation: row.get(1),
        kind: read_kind(i64::from(row.get::<_, i16>(2)))?,
        recipient: code(row, 3)?,
        place: row.get::<_, Option<&str>>(4).map(read_code).transpose()?,
        child: crate::books::child_key(row, 5),
        sequence: small(i64::from(row.get::<_, i32>(6))),
        fence: count(row.get(7)),
        attempts: small(i64::from(row.get::<_, i32>(8))),
        recorded_at: read_time(row.get(9))?,
        until: terms.until,
        payload: Arc::from(row.get::<_, &[u8]>(10)),
        traceparent: row.get(11),
    })
}
