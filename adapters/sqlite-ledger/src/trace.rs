//! `trace`: the journey of whatever a clue names, in time order.
//!
//! A child's alias names everything of that child; a message names what it caused; an obligation or delivery names
//! itself and the message that caused it.

use crate::columns::{State, hash, read_day, read_hold, read_kind, read_obligation_state, read_time};
use crate::fault::Fault;
use domain::ledger::words::{self, AttemptWords, DeliveryWords, MessageWords, ObligationWords};
use domain::port::{Clue, Trace};
use rusqlite::{Connection, Row, params};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Messages or deliveries of one journey: far beyond any child's, and still a page's work.
const ROWS_MAX: usize = 5_000;

pub fn trace(connection: &Connection, clue: &Clue) -> Result<Vec<Trace>, Fault> {
    let scope = scope(connection, clue)?;
    let mut lines = Lines { connection, found: Vec::new() };
    for message in &scope.messages {
        lines.message(*message)?;
    }
    for delivery in &scope.deliveries {
        lines.obligation(*delivery)?;
        lines.attempts(*delivery)?;
        lines.delivery(*delivery)?;
        lines.operator(*delivery)?;
    }
    for child in &scope.children {
        lines.reviews(*child)?;
        lines.suppressed(*child)?;
    }
    lines.found.sort_by_key(|line| line.at);
    Ok(lines.found)
}

/// Rows of what the journey is made of. `children` only where the whole child is meant.
#[derive(Default)]
struct Scope {
    children: BTreeSet<i64>,
    messages: BTreeSet<i64>,
    deliveries: BTreeSet<i64>,
}

fn scope(connection: &Connection, clue: &Clue) -> Result<Scope, Fault> {
    let mut scope = Scope::default();
    match clue {
        Clue::Alias(alias) => {
            scope.children = keys(connection, "SELECT child FROM aliases WHERE alias = ?1", [alias.0])?;
            for child in &scope.children {
                scope.messages.extend(keys(connection, "SELECT row FROM messages WHERE child = ?1", [child])?);
                scope.deliveries.extend(keys(connection, "SELECT row FROM deliveries WHERE child = ?1", [child])?);
            }
        }
        Clue::MessageId(text) => {
            scope.messages = keys(connection, "SELECT row FROM messages WHERE hash = ?1 AND message_id = ?2", params![hash(text), text])?;
            let written = "SELECT row FROM messages INDEXED BY messages_written WHERE written_hash = ?1 AND written_id = ?2";
            scope.messages.extend(keys(connection, written, params![hash(text), text])?);
            add_caused(connection, &mut scope)?;
        }
        Clue::Id(id) => {
            scope.messages = keys(connection, "SELECT row FROM messages WHERE id = ?1", [id.as_bytes()])?;
            add_caused(connection, &mut scope)?;
            for sql in ["SELECT row FROM deliveries WHERE id = ?1", "SELECT row FROM deliveries WHERE obligation = ?1"] {
                scope.deliveries.extend(keys(connection, sql, [id.as_bytes()])?);
            }
            for delivery in &scope.deliveries {
                scope.messages.extend(keys(
                    connection,
                    "SELECT message FROM obligations WHERE row = ?1 AND message IS NOT NULL",
                    [delivery],
                )?);
            }
        }
    }
    Ok(scope)
}

fn add_caused(connection: &Connection, scope: &mut Scope) -> Result<(), Fault> {
    for message in &scope.messages {
        let sql = "SELECT o.row FROM messages m JOIN obligations o ON o.row >= m.first_row AND o.row < m.first_row + m.issued WHERE m.row = ?1 AND o.message = m.row";
        scope.deliveries.extend(keys(connection, sql, [message])?);
    }
    Ok(())
}

/// The newest `ROWS_MAX`.
fn keys(connection: &Connection, sql: &str, parameters: impl rusqlite::Params) -> Result<BTreeSet<i64>, Fault> {
    let mut statement = connection.prepare_cached(&format!("SELECT * FROM ({sql}) ORDER BY 1 DESC LIMIT {ROWS_MAX}"))?;
    let rows = statement.query_map(parameters, |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

struct Lines<'a> {
    connection: &'a Connection,
    found: Vec<Trace>,
}

impl Lines<'_> {
    fn message(&mut self, message: i64) -> Result<(), Fault> {
        let sql = "SELECT recorded_at, id, type, publisher, intake, verdict, issued, coalesce(written_id, message_id) FROM messages WHERE row = ?1";
        self.add(sql, message, "message", |row| {
            Ok(words::message(&MessageWords {
                message_type: text(row, 2)?,
                publisher: text(row, 3)?,
                intake: text(row, 4)?,
                verdict: text(row, 5)?,
                issued: row.get(6)?,
                id: text(row, 7)?,
            }))
        })
    }

    fn obligation(&mut self, delivery: i64) -> Result<(), Fault> {
        let sql = "SELECT d.recorded_at, d.obligation, d.kind, r.code, o.basis, d.sequence, d.due_on, o.place FROM deliveries d
                   JOIN obligations o ON o.row = d.row JOIN recipients r ON r.row = d.recipient WHERE d.row = ?1";
        self.add(sql, delivery, "obligation", |row| {
            Ok(words::obligation(&ObligationWords {
                kind: read_kind(row.get(2)?)?,
                recipient: text(row, 3)?,
                basis: text(row, 4)?,
                sequence: row.get(5)?,
                due_on: row.get::<_, Option<i64>>(6)?.map(read_day).transpose()?,
                place: optional(row, 7)?,
            }))
        })?;
        let sql = "SELECT o.changed_at, d.obligation, o.state FROM deliveries d JOIN obligations o ON o.row = d.row WHERE d.row = ?1 AND o.changed_at IS NOT NULL";
        self.add(sql, delivery, "obligation", |row| Ok(words::obligation_changed(read_obligation_state(row.get(2)?)?)))?;
        let sql = "SELECT breached_at, obligation, due_on FROM deliveries WHERE row = ?1 AND breached_at IS NOT NULL";
        self.add(sql, delivery, "obligation", |row| Ok(words::breached(read_day(row.get(2)?)?)))
    }

    fn attempts(&mut self, delivery: i64) -> Result<(), Fault> {
        let sql = "SELECT a.ended_at, d.id, a.adapter, a.outcome, a.status, a.detail, a.ended_at - a.started_at, a.fence FROM attempts a
                   JOIN deliveries d ON d.row = a.delivery WHERE a.delivery = ?1 ORDER BY a.fence";
        self.add(sql, delivery, "attempt", |row| {
            Ok(words::attempt(&AttemptWords {
                adapter: text(row, 2)?,
                outcome: text(row, 3)?,
                status: row.get(4)?,
                detail: text(row, 5)?,
                took_microseconds: row.get(6)?,
                fence: row.get(7)?,
            }))
        })
    }

    /// Where it stands, and since when: at its end, or at its recording while it is pending.
    fn delivery(&mut self, delivery: i64) -> Result<(), Fault> {
        let sql =
            "SELECT coalesce(d.settled_at, d.recorded_at), d.id, d.state, r.code, d.attempts, d.hold, d.note, d.next_at FROM deliveries d
                   JOIN recipients r ON r.row = d.recipient WHERE d.row = ?1";
        self.add(sql, delivery, "delivery", |row| {
            Ok(words::delivery(&DeliveryWords {
                state: State::read(row.get(2)?)?,
                recipient: text(row, 3)?,
                attempts: row.get(4)?,
                hold: row.get::<_, Option<i64>>(5)?.map(read_hold).transpose()?,
                note: optional(row, 6)?,
                next_at: read_time(row.get(7)?)?,
            }))
        })?;
        let sql =
            "SELECT a.at, a.delivery, a.status, a.by_code FROM acknowledgements a JOIN deliveries d ON d.id = a.delivery WHERE d.row = ?1";
        self.add(sql, delivery, "acknowledgement", |row| Ok(format!("{} by {}", row.get::<_, String>(2)?, row.get::<_, String>(3)?)))
    }

    fn operator(&mut self, delivery: i64) -> Result<(), Fault> {
        let sql =
            "SELECT a.at, d.id, a.action, a.reason FROM operator_actions a JOIN deliveries d ON d.row = a.delivery WHERE a.delivery = ?1";
        self.add(sql, delivery, "operator", |row| Ok(format!("{}: {}", row.get::<_, String>(2)?, row.get::<_, String>(3)?)))
    }

    fn reviews(&mut self, child: i64) -> Result<(), Fault> {
        for (sql, what) in [
            ("SELECT opened_at, key, reason FROM reviews WHERE child = ?1", "opened"),
            ("SELECT closed_at, key, reason FROM reviews WHERE child = ?1 AND closed_at IS NOT NULL", "closed"),
        ] {
            self.add(sql, child, "review", |row| Ok(format!("{}: {what}", row.get::<_, String>(2)?)))?;
        }
        Ok(())
    }

    fn suppressed(&mut self, child: i64) -> Result<(), Fault> {
        let sql = "SELECT s.at, coalesce(m.id, c.key), s.text FROM suppressed s JOIN children c ON c.row = s.child LEFT JOIN messages m ON m.row = s.message WHERE s.child = ?1";
        self.add(sql, child, "suppressed", |row| Ok(row.get(2)?))
    }

    /// Every statement begins with a time and a 16-byte id.
    fn add(&mut self, sql: &str, key: i64, what: &'static str, text: impl Fn(&Row<'_>) -> Result<String, Fault>) -> Result<(), Fault> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([key])?;
        while let Some(row) = rows.next()? {
            let line = Trace { at: read_time(row.get(0)?)?, what, id: Uuid::from_bytes(row.get(1)?).to_string(), text: text(row)? };
            self.found.push(line);
        }
        Ok(())
    }
}

fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str, Fault> {
    Ok(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)
}

fn optional<'a>(row: &'a Row<'_>, column: usize) -> Result<Option<&'a str>, Fault> {
    Ok(row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from)?)
}
