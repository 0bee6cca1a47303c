//! What operators ask beside lists and journeys, and what they keep: clocks, refusals, contents, pauses, remarks.

use crate::columns::{day, micros, read_code, read_time};
use crate::fault::Fault;
use crate::lists::{read_delivery, row_at};
use domain::Code;
use domain::port::{ClockFilter, DeliveryRow, Pause, RejectionFilter, RejectionRow, Remark};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::sync::Arc;
use uuid::Uuid;

/// A page is for a person, or for a program that pages on.
const PAGE_MAX: usize = 1_000;

/// Two indexes know what has a date and is undelivered: what was marked as breached, and what was not yet.
pub fn clocks(connection: &Connection, filter: &ClockFilter) -> Result<Vec<DeliveryRow>, Fault> {
    let (after_day, after_row) = match filter.after {
        Some((date, id)) => (day(date), row_at(connection, id)?),
        None => (0, 0),
    };
    let limit = bounded(filter.limit);
    let recipient = match filter.recipient {
        Some(code) => match recipient_row(connection, code)? {
            Some(row) => Some(row),
            None => return Ok(Vec::new()),
        },
        None => None,
    };
    let mut found: Vec<(i64, i64)> = Vec::new();
    for (index, condition) in
        [("deliveries_overdue", "breached_at IS NOT NULL AND (state < 5 OR state = 7)"), ("deliveries_awaited", "awaited = 1")]
    {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT due_on, row FROM deliveries INDEXED BY {index} WHERE {condition} AND due_on >= ?1 AND (due_on > ?1 OR row > ?2)
             AND (?3 IS NULL OR recipient = ?3) ORDER BY due_on, row LIMIT ?4"
        ))?;
        let rows = statement.query_map(params![after_day, after_row, recipient, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        found.extend(rows.collect::<Result<Vec<_>, _>>()?);
    }
    found.sort_unstable();
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    found.into_iter().map(|(_, row)| read_delivery(connection, row)).collect()
}

fn recipient_row(connection: &Connection, code: Code) -> Result<Option<i64>, Fault> {
    let mut statement = connection.prepare_cached("SELECT row FROM recipients WHERE code = ?1")?;
    Ok(statement.query_row([code.as_str()], |row| row.get(0)).optional()?)
}

pub fn deliveries_of(connection: &Connection, ids: &[Uuid]) -> Result<Vec<DeliveryRow>, Fault> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let mut statement = connection.prepare_cached("SELECT row FROM deliveries WHERE id = ?1")?;
        if let Some(row) = statement.query_row([id.as_bytes()], |row| row.get(0)).optional()? {
            found.push(read_delivery(connection, row)?);
        }
    }
    Ok(found)
}

pub fn rejections(connection: &Connection, filter: &RejectionFilter) -> Result<Vec<RejectionRow>, Fault> {
    let before = match filter.before {
        Some(id) => connection
            .prepare_cached("SELECT row FROM messages WHERE id = ?1")?
            .query_row([id.as_bytes()], |row| row.get(0))
            .optional()?
            .unwrap_or(0),
        None => i64::MAX,
    };
    let (index, condition) = match filter.sender {
        Some(_) => ("messages_rejected_sender", "sender = ?3"),
        None => ("messages_rejected", "?3 IS NULL"),
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, sender, coalesce(written_id, message_id), type, intake, received_at, receipt FROM messages INDEXED BY {index}
         WHERE verdict = 'rejected' AND {condition} AND row < ?1 ORDER BY row DESC LIMIT ?2"
    ))?;
    let sender = filter.sender.as_ref().map(Code::as_str);
    let mut rows = statement.query(params![before, bounded(filter.limit), sender])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(RejectionRow {
            message: Uuid::from_bytes(row.get(0)?),
            sender: row.get::<_, Option<String>>(1)?.as_deref().map(read_code).transpose()?,
            message_id: row.get(2)?,
            message_type: row.get(3)?,
            intake: row.get(4)?,
            received_at: read_time(row.get(5)?)?,
            receipt: row.get(6)?,
        });
    }
    Ok(found)
}

pub fn content(connection: &Connection, delivery: Uuid) -> Result<Option<Arc<[u8]>>, Fault> {
    let sql = "SELECT o.payload FROM deliveries d JOIN obligations o ON o.row = d.row WHERE d.id = ?1";
    let found = connection.prepare_cached(sql)?.query_row([delivery.as_bytes()], |row| row.get::<_, Vec<u8>>(0)).optional()?;
    Ok(found.map(Arc::from))
}

pub fn pauses(connection: &Connection) -> Result<Vec<Pause>, Fault> {
    let mut statement = connection.prepare_cached("SELECT recipient, from_at, until_at, by_whom, reason FROM pauses ORDER BY recipient")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Pause {
            recipient: code(row, 0)?,
            from: read_time(row.get(1)?)?,
            until: row.get::<_, Option<i64>>(2)?.map(read_time).transpose()?,
            by: row.get(3)?,
            reason: row.get(4)?,
        });
    }
    Ok(found)
}

pub fn pause(connection: &Connection, recipient: Code, pause: Option<&Pause>) -> Result<(), Fault> {
    match pause {
        None => connection.prepare_cached("DELETE FROM pauses WHERE recipient = ?1")?.execute([recipient.as_str()])?,
        Some(pause) => connection
            .prepare_cached(
                "INSERT INTO pauses (recipient, from_at, until_at, by_whom, reason) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET
                 from_at = excluded.from_at, until_at = excluded.until_at, by_whom = excluded.by_whom, reason = excluded.reason",
            )?
            .execute(params![recipient.as_str(), micros(pause.from), pause.until.map(micros), pause.by, pause.reason])?,
    };
    Ok(())
}

pub fn remarks(connection: &Connection, limit: usize) -> Result<Vec<Remark>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT recipient, cause, assignee, note, by_whom, at FROM remarks ORDER BY at DESC LIMIT ?1")?;
    let mut rows = statement.query([bounded(limit)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Remark {
            recipient: code(row, 0)?,
            cause: row.get(1)?,
            assignee: row.get(2)?,
            note: row.get(3)?,
            by: row.get(4)?,
            at: read_time(row.get(5)?)?,
        });
    }
    Ok(found)
}

pub fn remark(connection: &Connection, remark: &Remark) -> Result<(), Fault> {
    let Remark { recipient, cause, assignee, note, by, at } = remark;
    connection
        .prepare_cached(
            "INSERT INTO remarks (recipient, cause, assignee, note, by_whom, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET
             assignee = excluded.assignee, note = excluded.note, by_whom = excluded.by_whom, at = excluded.at",
        )?
        .execute(params![recipient.as_str(), cause, assignee, note, by, micros(*at)])?;
    Ok(())
}

fn code(row: &Row<'_>, column: usize) -> Result<Code, Fault> {
    Ok(read_code(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)?)
}

fn bounded(limit: usize) -> i64 {
    i64::try_from(limit.min(PAGE_MAX)).unwrap_or(i64::MAX)
}
