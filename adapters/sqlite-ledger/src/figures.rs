//! `figures` and `lanes`: from counts that are kept and from indexes of what is pending; never from what is done.

use crate::columns::{State, count, day, micros, read_code, read_kind, read_time};
use crate::fault::Fault;
use domain::Code;
use domain::delivery::DeliveryState;
use domain::port::{Figures, LaneDue};
use jiff::{Timestamp, civil::Date};
use rusqlite::Connection;
use std::collections::BTreeMap;

pub fn figures(connection: &Connection, today: Date, at_risk_until: Date) -> Result<Figures, Fault> {
    Ok(Figures {
        backlog: backlog(connection)?,
        dead: dead(connection)?,
        oldest_due: oldest_due(connection)?,
        oldest_accepted: oldest_accepted(connection)?,
        deadlines: deadlines(connection, today, at_risk_until)?,
        reviews: reviews(connection)?,
        breaches: count(connection.prepare_cached("SELECT n FROM breach_tally")?.query_row([], |row| row.get(0))?),
        messages: messages(connection)?,
    })
}

fn backlog(connection: &Connection) -> Result<Vec<(Code, DeliveryState, u64)>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT r.code, t.state, t.n FROM tallies t JOIN recipients r ON r.row = t.recipient WHERE t.n <> 0")?;
    let mut rows = statement.query([])?;
    let mut sums = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let recipient: String = row.get(0)?;
        // Due, and due but behind another, are one to the outside.
        *sums.entry((read_code(&recipient)?, State::read(row.get(1)?)?.shown())).or_insert(0) += count(row.get(2)?);
    }
    Ok(sums.into_iter().map(|((recipient, state), n)| (recipient, state, n)).collect())
}

/// Counted by an index that knows only them, recipient by recipient.
fn dead(connection: &Connection) -> Result<Vec<(Code, u64)>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT r.code, (SELECT count(*) FROM deliveries INDEXED BY deliveries_rare_recipient WHERE recipient = r.row AND state = 7 AND state > 5) AS n
         FROM recipients r WHERE n > 0 ORDER BY r.code",
    )?;
    let mut rows = statement.query([])?;
    let mut dead = Vec::new();
    while let Some(row) = rows.next()? {
        let recipient: String = row.get(0)?;
        dead.push((read_code(&recipient)?, count(row.get(1)?)));
    }
    Ok(dead)
}

fn oldest_due(connection: &Connection) -> Result<Vec<(Code, Timestamp)>, Fault> {
    oldest(
        connection,
        "SELECT r.code, d.recorded_at FROM recipients r JOIN deliveries d ON d.row =
         (SELECT min(e.row) FROM deliveries e INDEXED BY deliveries_recipient WHERE e.recipient = r.row AND e.open = 1) ORDER BY r.code",
    )
}

fn oldest_accepted(connection: &Connection) -> Result<Vec<(Code, Timestamp)>, Fault> {
    oldest(
        connection,
        "SELECT r.code, (SELECT min(accepted_at) FROM acceptances INDEXED BY acceptances_oldest WHERE recipient = r.row) AS oldest
         FROM recipients r WHERE oldest IS NOT NULL ORDER BY r.code",
    )
}

/// A recipient's code and a time in each row.
fn oldest(connection: &Connection, sql: &str) -> Result<Vec<(Code, Timestamp)>, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut oldest = Vec::new();
    while let Some(row) = rows.next()? {
        let recipient: String = row.get(0)?;
        oldest.push((read_code(&recipient)?, read_time(row.get(1)?)?));
    }
    Ok(oldest)
}

fn deadlines(connection: &Connection, today: Date, at_risk_until: Date) -> Result<Vec<(domain::delivery::Kind, [u64; 3])>, Fault> {
    let mut statement = connection.prepare_cached("SELECT kind, due_on, n FROM deadline_tallies WHERE n > 0")?;
    let mut rows = statement.query([])?;
    let mut sums: BTreeMap<_, [u64; 3]> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let due_on: i64 = row.get(1)?;
        let slot = if due_on < day(today) { 2 } else { usize::from(due_on <= day(at_risk_until)) };
        sums.entry(read_kind(row.get(0)?)?).or_default()[slot] += count(row.get(2)?);
    }
    Ok(sums.into_iter().collect())
}

fn reviews(connection: &Connection) -> Result<Vec<(String, u64)>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT reason, count(*) FROM reviews INDEXED BY reviews_reason WHERE closed_at IS NULL GROUP BY reason ORDER BY reason",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, count(row.get(1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn messages(connection: &Connection) -> Result<Vec<(String, String, u64)>, Fault> {
    let mut statement = connection.prepare_cached("SELECT type, verdict, n FROM message_tallies ORDER BY type, verdict")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, count(row.get(2)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A lane falls due when its first due delivery does, or when the first of its leases has lapsed: a microsecond after
/// its end, for until then it holds.
pub fn lanes(connection: &Connection) -> Result<Vec<LaneDue>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT r.code,
            (SELECT min(next_at) FROM deliveries INDEXED BY deliveries_active WHERE recipient = r.row AND state = 0),
            (SELECT min(next_at) FROM deliveries INDEXED BY deliveries_active WHERE recipient = r.row AND state = 2)
         FROM recipients r ORDER BY r.code",
    )?;
    let mut rows = statement.query([])?;
    let mut lanes = Vec::new();
    while let Some(row) = rows.next()? {
        let recipient: String = row.get(0)?;
        let due: Option<i64> = row.get(1)?;
        let lapses = row.get::<_, Option<i64>>(2)?.map(|until| until.saturating_add(1));
        if let Some(next_at) = due.into_iter().chain(lapses).min() {
            // The far future has no microsecond after it.
            lanes.push(LaneDue { recipient: read_code(&recipient)?, next_at: read_time(next_at.min(micros(Timestamp::MAX)))? });
        }
    }
    Ok(lanes)
}
