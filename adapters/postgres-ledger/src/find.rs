//! Reading by key: `load`, `find_children`, `children_to_wake`.

use crate::books::{child_key, code};
use crate::fault::Fault;
use crate::session::{Parameters, Session};
use crate::write::{number, uuid};
use domain::ledger::columns::{count, hash, micros};
use domain::port::{ChildKey, ChildRecord, Clue, Found, Loaded, MessageKey, RecordedMessage};
use jiff::Timestamp;
use std::collections::HashMap;
use tokio::try_join;
use tokio_postgres::Row;
use uuid::Uuid;

const CHILDREN: &str = "SELECT c.key, c.version, c.casefile FROM unnest($1::uuid[]) AS x (key) JOIN children c ON c.key = x.key";
const TOUCHED: &str =
    "SELECT o.child, o.id FROM unnest($1::uuid[]) AS x (key) JOIN LATERAL (SELECT child, id, delivery FROM obligations WHERE child = x.key OFFSET 0) o ON true
    JOIN LATERAL (SELECT fence FROM deliveries WHERE id = o.delivery OFFSET 0) d ON true WHERE d.fence > 0 ORDER BY o.delivery";
const MESSAGES: &str = "SELECT x.place, m.digest, m.envelope, m.content_type, m.receipt
    FROM unnest($1::bigint[], $2::text[], $3::text[]) WITH ORDINALITY AS x (hash, publisher, message_id, place)
    JOIN messages m ON m.hash = x.hash AND m.publisher = x.publisher AND m.message_id = x.message_id";

/// Three questions that go out together. They need not see one moment: what is recorded on an older look is a conflict.
pub async fn load(session: &Session, children: &[ChildKey], messages: &[MessageKey]) -> Result<Loaded, Fault> {
    let keys: Vec<Uuid> = children.iter().copied().map(uuid).collect();
    let hashes: Vec<i64> = messages.iter().map(|key| hash(&key.message_id)).collect();
    let publishers: Vec<&str> = messages.iter().map(|key| key.publisher.as_str()).collect();
    let ids: Vec<&str> = messages.iter().map(|key| key.message_id.as_str()).collect();
    let by_child: Parameters<'_> = &[&keys];
    let by_key: Parameters<'_> = &[&hashes, &publishers, &ids];
    let (records, touched, known) =
        try_join!(session.rows(CHILDREN, by_child), session.rows(TOUCHED, by_child), session.rows_if(!ids.is_empty(), MESSAGES, by_key))?;
    let mut found: HashMap<ChildKey, ChildRecord> = records.iter().map(|row| (child_key(row, 0), read_child(row))).collect();
    for row in &touched {
        if let Some(record) = found.get_mut(&child_key(row, 0)) {
            record.touched.push(row.get(1));
        }
    }
    let mut loaded = Loaded { children: Vec::with_capacity(children.len()), messages: vec![None; messages.len()] };
    for key in children {
        let new = || ChildRecord { key: *key, version: 0, casefile: Vec::new(), touched: Vec::new() };
        loaded.children.push(found.get(key).cloned().unwrap_or_else(new));
    }
    for row in &known {
        let place = usize::try_from(row.get::<_, i64>(0)).ok().and_then(|place| loaded.messages.get_mut(place.checked_sub(1)?));
        if let Some(place) = place {
            *place = Some(read_message(row)?);
        }
    }
    Ok(loaded)
}

fn read_child(row: &Row) -> ChildRecord {
    ChildRecord { key: child_key(row, 0), version: count(row.get(1)), casefile: row.get(2), touched: Vec::new() }
}

fn read_message(row: &Row) -> Result<RecordedMessage, Fault> {
    Ok(RecordedMessage { digest: digest(row, 1)?, envelope: row.get(2), content_type: row.get(3), receipt: row.get(4) })
}

pub fn digest(row: &Row, column: usize) -> Result<[u8; 32], Fault> {
    let bytes: &[u8] = row.get(column);
    bytes.try_into().map_err(|_| Fault::Damaged("a digest is not 32 bytes long".to_owned()))
}

const BY_ALIAS: &str = "SELECT child FROM aliases WHERE alias = $1 LIMIT 2";
const BY_MESSAGE_ID: &str = "SELECT DISTINCT child FROM messages WHERE hash = $1 AND message_id = $2 AND child IS NOT NULL LIMIT 2";
const BY_ID: &str = "SELECT child, delivery, recipient FROM obligations WHERE delivery = coalesce(
    (SELECT delivery FROM obligations WHERE delivery = $1), (SELECT delivery FROM obligations WHERE id = $1))";
const BY_MESSAGE: &str = "SELECT child FROM messages WHERE id = $1 AND child IS NOT NULL";

pub async fn find_children(session: &Session, clues: &[Clue]) -> Result<Vec<Option<Found>>, Fault> {
    let mut found = Vec::with_capacity(clues.len());
    for clue in clues {
        found.push(match clue {
            Clue::Alias(alias) => only(&session.rows(BY_ALIAS, &[&Uuid::from_bytes(alias.0)]).await?),
            Clue::MessageId(text) => only(&session.rows(BY_MESSAGE_ID, &[&hash(text), &text.as_str()]).await?),
            Clue::Id(id) => match session.row(BY_ID, &[id]).await? {
                Some(row) => Some(Found { child: child_key(&row, 0), delivery: Some((row.get(1), code(&row, 2)?)) }),
                None => only(&session.rows(BY_MESSAGE, &[id]).await?),
            },
        });
    }
    Ok(found)
}

/// A clue that several children share names none of them: better no answer than another child's.
fn only(rows: &[Row]) -> Option<Found> {
    match rows {
        [row] => Some(Found { child: child_key(row, 0), delivery: None }),
        _ => None,
    }
}

const TO_WAKE: &str = "SELECT key FROM children WHERE wake_at <= $1 ORDER BY wake_at, key LIMIT $2";

pub async fn children_to_wake(session: &Session, now: Timestamp, limit: usize) -> Result<Vec<ChildKey>, Fault> {
    let rows = session.rows(TO_WAKE, &[&micros(now), &number(limit as u64)]).await?;
    Ok(rows.iter().map(|row| child_key(row, 0)).collect())
}
