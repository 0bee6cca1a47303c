//! `histories` and `children`: a child's whole record, and every child there is.

use crate::columns::{read_code, read_obligation_state, read_time, small};
use crate::fault::Fault;
use crate::{find, lists};
use domain::port::{AcknowledgementRow, Alias, AttemptRow, ChildKey, DeliveryHistory, History, MessageKey, MessageNote};
use rusqlite::{Connection, params};
use std::sync::Arc;
use uuid::Uuid;

/// Children that share an alias: siblings in one placement, with room.
const CHILDREN_MAX: usize = 50;
/// Messages or deliveries of one child: far beyond any child's. A record with more is refused, never cut short.
const ROWS_MAX: usize = 5_000;
/// Keys in one answer.
const PAGE_MAX: usize = 10_000;

pub fn histories(connection: &Connection, alias: Alias) -> Result<Vec<History>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT c.row, c.key FROM aliases a JOIN children c ON c.row = a.child WHERE a.alias = ?1 ORDER BY c.key LIMIT ?2",
    )?;
    let children: Vec<(i64, [u8; 16])> =
        statement.query_map(params![alias.0, one_more(CHILDREN_MAX)], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    within(children.len(), CHILDREN_MAX, "children share this id")?;
    children.into_iter().map(|(row, key)| history(connection, row, ChildKey(key))).collect()
}

fn history(connection: &Connection, child: i64, key: ChildKey) -> Result<History, Fault> {
    Ok(History {
        child: find::load_child(connection, key)?,
        messages: messages(connection, child)?,
        deliveries: rows_of(connection, child)?.into_iter().map(|row| delivery(connection, row)).collect::<Result<_, _>>()?,
    })
}

fn messages(connection: &Connection, child: i64) -> Result<Vec<MessageNote>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT id, publisher, message_id, type, verdict, digest, received_at, recorded_at FROM messages INDEXED BY messages_child
         WHERE child = ?1 ORDER BY row LIMIT ?2",
    )?;
    let mut rows = statement.query(params![child, one_more(ROWS_MAX)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let publisher: String = row.get(1)?;
        found.push(MessageNote {
            id: Uuid::from_bytes(row.get(0)?),
            key: MessageKey { publisher: read_code(&publisher)?, message_id: row.get(2)? },
            message_type: row.get(3)?,
            verdict: row.get(4)?,
            digest: row.get(5)?,
            received_at: read_time(row.get(6)?)?,
            recorded_at: read_time(row.get(7)?)?,
        });
    }
    within(found.len(), ROWS_MAX, "messages are about this child")?;
    Ok(found)
}

fn rows_of(connection: &Connection, child: i64) -> Result<Vec<i64>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT row FROM deliveries INDEXED BY deliveries_line WHERE child = ?1 ORDER BY row LIMIT ?2")?;
    let rows: Vec<i64> = statement.query_map([child, one_more(ROWS_MAX)], |row| row.get(0))?.collect::<Result<_, _>>()?;
    within(rows.len(), ROWS_MAX, "deliveries are about this child")?;
    Ok(rows)
}

fn delivery(connection: &Connection, row: i64) -> Result<DeliveryHistory, Fault> {
    let told = lists::read_delivery(connection, row)?;
    let mut statement = connection.prepare_cached(
        "SELECT o.state, o.basis, d.sequence, o.supersedes, m.id, o.payload, d.breached_at FROM deliveries d JOIN obligations o ON o.row = d.row
         LEFT JOIN messages m ON m.row = o.message WHERE d.row = ?1",
    )?;
    let mut rows = statement.query([row])?;
    let Some(found) = rows.next()? else { return Err(Fault::Damaged(format!("delivery {} has no obligation", told.id))) };
    Ok(DeliveryHistory {
        obligation_state: read_obligation_state(found.get(0)?)?,
        basis: found.get(1)?,
        sequence: small(found.get(2)?),
        supersedes: found.get::<_, Option<[u8; 16]>>(3)?.map(Uuid::from_bytes),
        message: found.get::<_, Option<[u8; 16]>>(4)?.map(Uuid::from_bytes),
        payload: Arc::from(found.get_ref(5)?.as_blob().map_err(rusqlite::Error::from)?),
        attempts: attempts(connection, row)?,
        acknowledgements: acknowledgements(connection, told.id)?,
        breached_at: found.get::<_, Option<i64>>(6)?.map(read_time).transpose()?,
        row: told,
    })
}

fn attempts(connection: &Connection, delivery: i64) -> Result<Vec<AttemptRow>, Fault> {
    let mut statement = connection
        .prepare_cached("SELECT started_at, ended_at, adapter, outcome, status, detail FROM attempts WHERE delivery = ?1 ORDER BY fence")?;
    let mut rows = statement.query([delivery])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(AttemptRow {
            started_at: read_time(row.get(0)?)?,
            ended_at: read_time(row.get(1)?)?,
            adapter: row.get(2)?,
            outcome: row.get(3)?,
            status: row.get(4)?,
            detail: row.get(5)?,
        });
    }
    Ok(found)
}

fn acknowledgements(connection: &Connection, delivery: Uuid) -> Result<Vec<AcknowledgementRow>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT by_code, status, at FROM acknowledgements INDEXED BY acknowledgements_delivery WHERE delivery = ?1 ORDER BY row",
    )?;
    let mut rows = statement.query([delivery.as_bytes()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let by: String = row.get(0)?;
        found.push(AcknowledgementRow { by: read_code(&by)?, status: row.get(1)?, at: read_time(row.get(2)?)? });
    }
    Ok(found)
}

pub fn children(connection: &Connection, after: Option<ChildKey>, limit: usize) -> Result<Vec<ChildKey>, Fault> {
    let limit = i64::try_from(limit.min(PAGE_MAX)).unwrap_or(i64::MAX);
    // Every key is longer than the empty one.
    let after = after.map_or_else(Vec::new, |key| key.0.to_vec());
    let mut statement = connection.prepare_cached("SELECT key FROM children WHERE key > ?1 ORDER BY key LIMIT ?2")?;
    let keys = statement.query_map(params![after, limit], |row| Ok(ChildKey(row.get(0)?)))?;
    Ok(keys.collect::<Result<_, _>>()?)
}

fn one_more(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1)
}

fn within(found: usize, most: usize, what: &str) -> Result<(), Fault> {
    if found > most { Err(Fault::TooMuch(format!("more than {most} {what}"))) } else { Ok(()) }
}
