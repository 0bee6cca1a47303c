//! `trace`: the journey of whatever a clue names, in time order.
//!
//! A child's alias names everything of that child; a message names what it caused; an obligation or delivery names
//! itself and the message that caused it.

use crate::fault::Fault;
use crate::lists::day;
use crate::session::{Parameters, Session};
use domain::ledger::columns::{State, hash, read_day, read_hold, read_kind, read_obligation_state, read_time};
use domain::ledger::words::{self, AttemptWords, DeliveryWords, MessageWords, ObligationWords};
use domain::port::{Clue, Trace};
use std::collections::BTreeSet;
use tokio_postgres::Row;
use uuid::Uuid;

/// Messages or deliveries of one journey, the newest: far beyond any child's, and still a page's work.
const ROWS_MAX: i64 = 5_000;

pub async fn trace(session: &Session, clue: &Clue) -> Result<Vec<Trace>, Fault> {
    let scope = scope(session, clue).await?;
    let (children, messages, deliveries) = (list(scope.children), list(scope.messages), list(scope.deliveries));
    let mut lines = Lines { session, found: Vec::new() };
    lines.add(MESSAGES, &messages, "message", message).await?;
    lines.add(OBLIGATIONS, &deliveries, "obligation", obligation).await?;
    lines.add(CHANGED, &deliveries, "obligation", |row| Ok(words::obligation_changed(read_obligation_state(small(row, 2))?))).await?;
    lines.add(BREACHED, &deliveries, "obligation", |row| Ok(words::breached(read_day(i64::from(row.get::<_, i32>(2)))?))).await?;
    lines.add(ATTEMPTS, &deliveries, "attempt", attempt).await?;
    lines.add(DELIVERIES, &deliveries, "delivery", delivery).await?;
    lines.add(ACKNOWLEDGED, &deliveries, "acknowledgement", |row| Ok(format!("{} by {}", text(row, 2), text(row, 3)))).await?;
    lines.add(OPERATED, &deliveries, "operator", |row| Ok(format!("{}: {}", text(row, 2), text(row, 3)))).await?;
    lines.add(OPENED, &children, "review", |row| Ok(format!("{}: opened", text(row, 2)))).await?;
    lines.add(CLOSED, &children, "review", |row| Ok(format!("{}: closed", text(row, 2)))).await?;
    lines.add(SUPPRESSED, &children, "suppressed", |row| Ok(row.get(2))).await?;
    lines.found.sort_by_key(|line| line.at);
    Ok(lines.found)
}

/// What the journey is made of. `children` only where the whole child is meant.
#[derive(Default)]
struct Scope {
    children: BTreeSet<Uuid>,
    messages: BTreeSet<Uuid>,
    deliveries: BTreeSet<Uuid>,
}

const OF_ALIAS: &str = "SELECT child FROM aliases WHERE alias = $1 ORDER BY 1 DESC LIMIT $2";
const CHILDS_MESSAGES: &str = "SELECT m.id FROM unnest($1::uuid[]) AS x (key) JOIN LATERAL (SELECT id FROM messages WHERE child = x.key OFFSET 0) m ON true ORDER BY 1 DESC LIMIT $2";
const CHILDS_DELIVERIES: &str = "SELECT o.delivery FROM unnest($1::uuid[]) AS x (key) JOIN LATERAL (SELECT delivery FROM obligations WHERE child = x.key OFFSET 0) o ON true ORDER BY 1 DESC LIMIT $2";
const OF_MESSAGE_ID: &str = "SELECT id FROM messages WHERE hash = $1 AND message_id = $2
    UNION SELECT id FROM messages WHERE written_hash = $1 AND written_id = $2 ORDER BY 1 DESC LIMIT $3";
const OF_MESSAGE: &str = "SELECT id FROM messages WHERE id = $1 ORDER BY 1 DESC LIMIT $2";
/// What a message caused is among what its child is owed.
const CAUSED: &str = "SELECT o.delivery FROM unnest($1::uuid[]) AS x (id) JOIN messages m ON m.id = x.id
    JOIN LATERAL (SELECT delivery, message FROM obligations WHERE child = m.child OFFSET 0) o ON o.message = m.id
    ORDER BY 1 DESC LIMIT $2";
const OF_OBLIGATION: &str =
    "SELECT delivery FROM obligations WHERE delivery = $1 UNION SELECT delivery FROM obligations WHERE id = $1 ORDER BY 1 DESC LIMIT $2";
const CAUSES: &str =
    "SELECT DISTINCT o.message FROM unnest($1::uuid[]) AS x (id) JOIN obligations o ON o.delivery = x.id WHERE o.message IS NOT NULL
    ORDER BY 1 DESC LIMIT $2";

async fn scope(session: &Session, clue: &Clue) -> Result<Scope, Fault> {
    let mut scope = Scope::default();
    match clue {
        Clue::Alias(alias) => {
            scope.children = ids(session, OF_ALIAS, &[&Uuid::from_bytes(alias.0), &ROWS_MAX]).await?;
            let children = list(scope.children.clone());
            scope.messages = ids(session, CHILDS_MESSAGES, &[&children, &ROWS_MAX]).await?;
            scope.deliveries = ids(session, CHILDS_DELIVERIES, &[&children, &ROWS_MAX]).await?;
        }
        Clue::MessageId(text) => {
            scope.messages = ids(session, OF_MESSAGE_ID, &[&hash(text), &text.as_str(), &ROWS_MAX]).await?;
            scope.deliveries = ids(session, CAUSED, &[&list(scope.messages.clone()), &ROWS_MAX]).await?;
        }
        Clue::Id(id) => {
            scope.messages = ids(session, OF_MESSAGE, &[id, &ROWS_MAX]).await?;
            scope.deliveries = ids(session, CAUSED, &[&list(scope.messages.clone()), &ROWS_MAX]).await?;
            scope.deliveries.extend(ids(session, OF_OBLIGATION, &[id, &ROWS_MAX]).await?);
            scope.messages.extend(ids(session, CAUSES, &[&list(scope.deliveries.clone()), &ROWS_MAX]).await?);
        }
    }
    Ok(scope)
}

async fn ids(session: &Session, sql: &'static str, parameters: Parameters<'_>) -> Result<BTreeSet<Uuid>, Fault> {
    Ok(session.rows(sql, parameters).await?.iter().map(|row| row.get(0)).collect())
}

fn list(set: BTreeSet<Uuid>) -> Vec<Uuid> {
    set.into_iter().collect()
}

struct Lines<'a> {
    session: &'a Session,
    found: Vec<Trace>,
}

impl Lines<'_> {
    /// Every statement takes ids and begins with a time and an id.
    async fn add(
        &mut self,
        sql: &'static str,
        of: &Vec<Uuid>,
        what: &'static str,
        text: impl Fn(&Row) -> Result<String, Fault>,
    ) -> Result<(), Fault> {
        if of.is_empty() {
            return Ok(());
        }
        for row in self.session.rows(sql, &[of]).await? {
            let id = row.get::<_, Uuid>(1).to_string();
            self.found.push(Trace { at: read_time(row.get(0))?, what, id, text: text(&row)? });
        }
        Ok(())
    }
}

const MESSAGES: &str =
    "SELECT m.recorded_at, m.id, m.type, m.publisher, m.intake, m.verdict, m.issued, coalesce(m.written_id, m.message_id)
    FROM unnest($1::uuid[]) AS x (id) JOIN messages m ON m.id = x.id ORDER BY m.id";
const OBLIGATIONS: &str = "SELECT d.recorded_at, o.id, d.kind, d.recipient, o.basis, d.sequence, d.due_on, o.place
    FROM unnest($1::uuid[]) AS x (id) JOIN obligations o ON o.delivery = x.id JOIN deliveries d ON d.id = x.id ORDER BY d.id";
const CHANGED: &str = "SELECT o.changed_at, o.id, o.state FROM unnest($1::uuid[]) AS x (id) JOIN obligations o ON o.delivery = x.id
    WHERE o.changed_at IS NOT NULL ORDER BY o.delivery";
const BREACHED: &str = "SELECT d.breached_at, o.id, d.due_on FROM unnest($1::uuid[]) AS x (id) JOIN obligations o ON o.delivery = x.id
    JOIN deliveries d ON d.id = x.id WHERE d.breached_at IS NOT NULL ORDER BY d.id";
const ATTEMPTS: &str = "SELECT a.ended_at, a.delivery, a.adapter, a.outcome, a.status, a.detail, a.ended_at - a.started_at, a.fence
    FROM unnest($1::uuid[]) AS x (id) JOIN LATERAL (SELECT * FROM attempts WHERE delivery = x.id OFFSET 0) a ON true ORDER BY a.delivery, a.fence";
/// Where it stands, and since when: at its end, or at its recording while it is pending.
const DELIVERIES: &str = "SELECT coalesce(d.settled_at, d.recorded_at), d.id, d.state, d.recipient, d.attempts, d.hold, d.note, d.next_at
    FROM unnest($1::uuid[]) AS x (id) JOIN deliveries d ON d.id = x.id ORDER BY d.id";
const ACKNOWLEDGED: &str = "SELECT a.at, a.delivery, a.status, a.by_code FROM unnest($1::uuid[]) AS x (id)
    JOIN LATERAL (SELECT * FROM acknowledgements WHERE delivery = x.id OFFSET 0) a ON true ORDER BY a.row";
const OPERATED: &str = "SELECT a.at, a.delivery, a.action, a.reason FROM unnest($1::uuid[]) AS x (id)
    JOIN LATERAL (SELECT * FROM operator_actions WHERE delivery = x.id OFFSET 0) a ON true ORDER BY a.row";
const OPENED: &str = "SELECT r.opened_at, r.key, r.reason FROM unnest($1::uuid[]) AS x (key) JOIN LATERAL (SELECT * FROM reviews WHERE child = x.key OFFSET 0) r ON true ORDER BY r.row";
const CLOSED: &str = "SELECT r.closed_at, r.key, r.reason FROM unnest($1::uuid[]) AS x (key) JOIN LATERAL (SELECT * FROM reviews WHERE child = x.key OFFSET 0) r ON true
    WHERE r.closed_at IS NOT NULL ORDER BY r.row";
const SUPPRESSED: &str = "SELECT s.at, coalesce(s.message, s.child), s.text FROM unnest($1::uuid[]) AS x (key)
    JOIN LATERAL (SELECT * FROM suppressed WHERE child = x.key OFFSET 0) s ON true ORDER BY s.row";

fn message(row: &Row) -> Result<String, Fault> {
    Ok(words::message(&MessageWords {
        message_type: text(row, 2),
        publisher: text(row, 3),
        intake: text(row, 4),
        verdict: text(row, 5),
        issued: i64::from(row.get::<_, i32>(6)),
        id: text(row, 7),
    }))
}

fn obligation(row: &Row) -> Result<String, Fault> {
    Ok(words::obligation(&ObligationWords {
        kind: read_kind(small(row, 2))?,
        recipient: text(row, 3),
        basis: text(row, 4),
        sequence: i64::from(row.get::<_, i32>(5)),
        due_on: day(row, 6)?,
        place: row.get(7),
    }))
}

fn attempt(row: &Row) -> Result<String, Fault> {
    Ok(words::attempt(&AttemptWords {
        adapter: text(row, 2),
        outcome: text(row, 3),
        status: row.get::<_, Option<i32>>(4).map(i64::from),
        detail: text(row, 5),
        took_microseconds: row.get(6),
        fence: row.get(7),
    }))
}

fn delivery(row: &Row) -> Result<String, Fault> {
    Ok(words::delivery(&DeliveryWords {
        state: State::read(small(row, 2))?,
        recipient: text(row, 3),
        attempts: i64::from(row.get::<_, i32>(4)),
        hold: row.get::<_, Option<i16>>(5).map(|hold| read_hold(i64::from(hold))).transpose()?,
        note: row.get(6),
        next_at: read_time(row.get(7))?,
    }))
}

fn text(row: &Row, column: usize) -> &str {
    row.get(column)
}

fn small(row: &Row, column: usize) -> i64 {
    i64::from(row.get::<_, i16>(column))
}
