//! `histories`: a child's whole record.

use crate::books::{child_key, code};
use crate::fault::Fault;
use crate::find;
use crate::lists::{delivery_row, read_delivery};
use crate::session::Session;
use crate::write::{number, uuid};
use domain::ledger::columns::{read_obligation_state, read_time, small};
use domain::port::{AcknowledgementRow, Alias, AttemptRow, ChildKey, DeliveryHistory, History, MessageKey, MessageNote};
use std::collections::HashMap;
use std::sync::Arc;
use tokio_postgres::Row;
use uuid::Uuid;

/// Children that share an alias: siblings in one placement, with room.
const CHILDREN_MAX: usize = 50;
/// Messages or deliveries of one child: far beyond any child's. A record with more is refused, never cut short.
const ROWS_MAX: usize = 5_000;

const CHILDREN: &str = "SELECT child FROM aliases WHERE alias = $1 ORDER BY child LIMIT $2";
const MESSAGES: &str =
    "SELECT id, publisher, message_id, type, verdict, digest, received_at, recorded_at FROM messages WHERE child = $1 ORDER BY id LIMIT $2";
const DELIVERIES: &str = concat!(
    "SELECT ",
    delivery_row!(),
    ", o.state, o.basis, d.sequence, o.supersedes, o.message, o.payload, d.breached_at FROM obligations o JOIN deliveries d ON d.id = o.delivery
     WHERE o.child = $1 ORDER BY o.delivery LIMIT $2"
);
const ATTEMPTS: &str =
    "SELECT a.delivery, a.started_at, a.ended_at, a.adapter, a.outcome, a.status, a.detail FROM unnest($1::uuid[]) AS x (id)
    JOIN LATERAL (SELECT * FROM attempts WHERE delivery = x.id OFFSET 0) a ON true ORDER BY a.delivery, a.fence";
const ACKNOWLEDGEMENTS: &str = "SELECT a.delivery, a.by_code, a.status, a.at FROM unnest($1::uuid[]) AS x (id)
    JOIN LATERAL (SELECT * FROM acknowledgements WHERE delivery = x.id OFFSET 0) a ON true ORDER BY a.row";

pub async fn histories(session: &Session, alias: Alias) -> Result<Vec<History>, Fault> {
    let rows = session.rows(CHILDREN, &[&Uuid::from_bytes(alias.0), &one_more(CHILDREN_MAX)]).await?;
    within(rows.len(), CHILDREN_MAX, "children share this id")?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        found.push(history(session, child_key(row, 0)).await?);
    }
    Ok(found)
}

async fn history(session: &Session, key: ChildKey) -> Result<History, Fault> {
    let child = find::load(session, &[key], &[]).await?.children.pop();
    let child = child.ok_or_else(|| Fault::Damaged(format!("{key:?} has an alias and no record")))?;
    let messages = session.rows(MESSAGES, &[&uuid(key), &one_more(ROWS_MAX)]).await?;
    within(messages.len(), ROWS_MAX, "messages are about this child")?;
    let deliveries = session.rows(DELIVERIES, &[&uuid(key), &one_more(ROWS_MAX)]).await?;
    within(deliveries.len(), ROWS_MAX, "deliveries are about this child")?;
    let ids: Vec<Uuid> = deliveries.iter().map(|row| row.get(0)).collect();
    let mut attempts = grouped(&session.rows(ATTEMPTS, &[&ids]).await?, read_attempt)?;
    let mut acknowledgements = grouped(&session.rows(ACKNOWLEDGEMENTS, &[&ids]).await?, read_acknowledgement)?;
    let deliveries = deliveries.iter().map(|row| {
        let id: Uuid = row.get(0);
        read_history(row, attempts.remove(&id).unwrap_or_default(), acknowledgements.remove(&id).unwrap_or_default())
    });
    Ok(History {
        child,
        messages: messages.iter().map(read_message).collect::<Result<_, _>>()?,
        deliveries: deliveries.collect::<Result<_, _>>()?,
    })
}

fn read_message(row: &Row) -> Result<MessageNote, Fault> {
    Ok(MessageNote {
        id: row.get(0),
        key: MessageKey { publisher: code(row, 1)?, message_id: row.get(2) },
        message_type: row.get(3),
        verdict: row.get(4),
        digest: find::digest(row, 5)?,
        received_at: read_time(row.get(6))?,
        recorded_at: read_time(row.get(7))?,
    })
}

fn read_history(row: &Row, attempts: Vec<AttemptRow>, acknowledgements: Vec<AcknowledgementRow>) -> Result<DeliveryHistory, Fault> {
    Ok(DeliveryHistory {
        row: read_delivery(row)?,
        obligation_state: read_obligation_state(i64::from(row.get::<_, i16>(13)))?,
        basis: row.get(14),
        sequence: small(i64::from(row.get::<_, i32>(15))),
        supersedes: row.get(16),
        message: row.get(17),
        payload: Arc::from(row.get::<_, &[u8]>(18)),
        attempts,
        acknowledgements,
        breached_at: row.get::<_, Option<i64>>(19).map(read_time).transpose()?,
    })
}

fn read_attempt(row: &Row) -> Result<AttemptRow, Fault> {
    Ok(AttemptRow {
        started_at: read_time(row.get(1))?,
        ended_at: read_time(row.get(2))?,
        adapter: row.get(3),
        outcome: row.get(4),
        status: row.get::<_, Option<i32>>(5).and_then(|status| u16::try_from(status).ok()),
        detail: row.get(6),
    })
}

fn read_acknowledgement(row: &Row) -> Result<AcknowledgementRow, Fault> {
    Ok(AcknowledgementRow { by: code(row, 1)?, status: row.get(2), at: read_time(row.get(3))? })
}

/// By delivery, which is the first column.
fn grouped<T>(rows: &[Row], read: impl Fn(&Row) -> Result<T, Fault>) -> Result<HashMap<Uuid, Vec<T>>, Fault> {
    let mut found: HashMap<Uuid, Vec<T>> = HashMap::new();
    for row in rows {
        found.entry(row.get(0)).or_default().push(read(row)?);
    }
    Ok(found)
}

fn one_more(most: usize) -> i64 {
    number(most as u64).saturating_add(1)
}

fn within(found: usize, most: usize, what: &str) -> Result<(), Fault> {
    if found > most { Err(Fault::TooMuch(format!("more than {most} {what}"))) } else { Ok(()) }
}
