//! Reading by key: `load`, `find_children`, `children_to_wake`.

use crate::columns::{count, hash, micros, read_code};
use crate::fault::Fault;
use domain::Code;
use domain::port::{Alias, ChildKey, ChildRecord, Clue, Found, Loaded, MessageKey, RecordedMessage};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

pub fn load(connection: &Connection, children: &[ChildKey], messages: &[MessageKey]) -> Result<Loaded, Fault> {
    Ok(Loaded {
        children: children.iter().map(|key| load_child(connection, *key)).collect::<Result<_, _>>()?,
        messages: messages.iter().map(|key| load_message(connection, key)).collect::<Result<_, _>>()?,
    })
}

pub fn load_child(connection: &Connection, key: ChildKey) -> Result<ChildRecord, Fault> {
    let mut statement = connection.prepare_cached("SELECT row, version, casefile FROM children WHERE key = ?1")?;
    let found = statement.query_row([key.0], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let Some((row, version, casefile)) = found else {
        return Ok(ChildRecord { key, version: 0, casefile: Vec::new(), touched: Vec::new() });
    };
    let mut statement = connection
        .prepare_cached("SELECT obligation FROM deliveries INDEXED BY deliveries_line WHERE child = ?1 AND fence > 0 ORDER BY row")?;
    let touched = statement.query_map([row], |row| Ok(Uuid::from_bytes(row.get(0)?)))?.collect::<Result<_, _>>()?;
    Ok(ChildRecord { key, version: count(version), casefile, touched })
}

fn load_message(connection: &Connection, key: &MessageKey) -> Result<Option<RecordedMessage>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT digest, envelope, content_type, receipt FROM messages WHERE hash = ?1 AND message_id = ?2 AND publisher = ?3",
    )?;
    let found = statement.query_row(params![hash(&key.message_id), key.message_id, key.publisher.as_str()], |row| {
        Ok(RecordedMessage { digest: row.get(0)?, envelope: row.get(1)?, content_type: row.get(2)?, receipt: row.get(3)? })
    });
    Ok(found.optional()?)
}

pub fn find_children(connection: &Connection, clues: &[Clue]) -> Result<Vec<Option<Found>>, Fault> {
    clues.iter().map(|clue| find(connection, clue)).collect()
}

fn find(connection: &Connection, clue: &Clue) -> Result<Option<Found>, Fault> {
    match clue {
        Clue::Alias(alias) => Ok(only(children_of_alias(connection, *alias)?).map(|child| Found { child, delivery: None })),
        Clue::MessageId(text) => Ok(only(children_of_message(connection, text)?).map(|child| Found { child, delivery: None })),
        Clue::Id(id) => find_by_id(connection, *id),
    }
}

/// A clue that several children share names none of them: better no answer than another child's.
fn only(mut children: Vec<ChildKey>) -> Option<ChildKey> {
    if children.len() == 1 { children.pop() } else { None }
}

fn children_of_alias(connection: &Connection, alias: Alias) -> Result<Vec<ChildKey>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT c.key FROM aliases a JOIN children c ON c.row = a.child WHERE a.alias = ?1 LIMIT 2")?;
    let keys = statement.query_map([alias.0], |row| Ok(ChildKey(row.get(0)?)))?;
    Ok(keys.collect::<Result<_, _>>()?)
}

fn children_of_message(connection: &Connection, message_id: &str) -> Result<Vec<ChildKey>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT c.key FROM messages m JOIN children c ON c.row = m.child WHERE m.hash = ?1 AND m.message_id = ?2 LIMIT 2",
    )?;
    let keys = statement.query_map(params![hash(message_id), message_id], |row| Ok(ChildKey(row.get(0)?)))?;
    Ok(keys.collect::<Result<_, _>>()?)
}

fn find_by_id(connection: &Connection, id: Uuid) -> Result<Option<Found>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT c.key, d.id, r.code FROM deliveries d JOIN children c ON c.row = d.child JOIN recipients r ON r.row = d.recipient
         WHERE d.row = coalesce((SELECT row FROM deliveries WHERE id = ?1), (SELECT row FROM deliveries WHERE obligation = ?1))",
    )?;
    let mut rows = statement.query([id.as_bytes()])?;
    if let Some(row) = rows.next()? {
        let recipient: String = row.get(2)?;
        return Ok(Some(Found { child: ChildKey(row.get(0)?), delivery: Some((Uuid::from_bytes(row.get(1)?), read_code(&recipient)?)) }));
    }
    let mut statement = connection.prepare_cached("SELECT c.key FROM messages m JOIN children c ON c.row = m.child WHERE m.id = ?1")?;
    let key = statement.query_row([id.as_bytes()], |row| row.get(0)).optional()?;
    Ok(key.map(|key| Found { child: ChildKey(key), delivery: None }))
}

pub fn children_to_wake(connection: &Connection, now: Timestamp, limit: usize) -> Result<Vec<ChildKey>, Fault> {
    let mut statement = connection.prepare_cached("SELECT key FROM children WHERE wake_at <= ?1 ORDER BY wake_at, row LIMIT ?2")?;
    let keys = statement.query_map(params![micros(now), i64::try_from(limit).unwrap_or(i64::MAX)], |row| Ok(ChildKey(row.get(0)?)))?;
    Ok(keys.collect::<Result<_, _>>()?)
}

pub fn recipient_code(connection: &Connection, recipient: i64) -> Result<Code, Fault> {
    let mut statement = connection.prepare_cached("SELECT code FROM recipients WHERE row = ?1")?;
    let code: String = statement.query_row([recipient], |row| row.get(0))?;
    Ok(read_code(&code)?)
}
