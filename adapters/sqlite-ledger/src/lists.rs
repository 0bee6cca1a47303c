//! `deliveries` and `reviews`: pages for people, newest first, each by an index that holds little else.

use crate::columns::{State, kind_number, read_code, read_day, read_hold, read_kind, read_time, small};
use crate::fault::Fault;
use domain::delivery::DeliveryState;
use domain::ledger::words;
use domain::port::{Alias, ChildKey, DeliveryFilter, DeliveryRow, ReviewRow};
use rusqlite::{Connection, OptionalExtension, ToSql, params};
use uuid::Uuid;

/// A page is for a person, or for a program that pages on.
const PAGE_MAX: usize = 1_000;

pub fn deliveries(connection: &Connection, filter: &DeliveryFilter) -> Result<Vec<DeliveryRow>, Fault> {
    let before = match filter.before {
        Some(id) => row_at(connection, id)?,
        None => i64::MAX,
    };
    let limit = i64::try_from(filter.limit.min(PAGE_MAX)).unwrap_or(i64::MAX);
    let recipient = match filter.recipient {
        None => None,
        Some(code) => {
            let row = connection
                .prepare_cached("SELECT row FROM recipients WHERE code = ?1")?
                .query_row([code.as_str()], |row| row.get(0))
                .optional()?;
            let Some(row) = row else { return Ok(Vec::new()) };
            Some(row)
        }
    };
    let rows: Vec<i64> = find_rows(connection, &Page { filter, recipient, before, limit })?;
    rows.into_iter().map(|row| read_delivery(connection, row)).collect()
}

/// Rows are in the order of recording; an id that is not there stands where its time puts it.
pub fn row_at(connection: &Connection, id: Uuid) -> Result<i64, Fault> {
    let exact =
        connection.prepare_cached("SELECT row FROM deliveries WHERE id = ?1")?.query_row([id.as_bytes()], |row| row.get(0)).optional()?;
    if let Some(row) = exact {
        return Ok(row);
    }
    let older = connection
        .prepare_cached("SELECT row FROM deliveries WHERE id < ?1 ORDER BY id DESC LIMIT 1")?
        .query_row([id.as_bytes()], |row| row.get::<_, i64>(0))
        .optional()?;
    Ok(older.map_or(0, |row| row + 1))
}

struct Page<'a> {
    filter: &'a DeliveryFilter,
    recipient: Option<i64>,
    before: i64,
    limit: i64,
}

/// Picks the index that holds the fewest rows which the filter would throw away.
fn find_rows(connection: &Connection, page: &Page<'_>) -> Result<Vec<i64>, Fault> {
    let filter = page.filter;
    match (page.recipient, filter.state) {
        (Some(recipient), Some(state)) if is_rare(state) => {
            rows(connection, page, "INDEXED BY deliveries_rare_recipient", &format!("recipient = {recipient} AND {}", stored(state)))
        }
        (None, Some(state)) if is_rare(state) => rows(connection, page, "INDEXED BY deliveries_rare", stored(state)),
        // Few, and anywhere: by the index of what is active, lane by lane.
        (Some(recipient), Some(DeliveryState::Leased)) => {
            rows(connection, page, "INDEXED BY deliveries_active", &format!("recipient = {recipient} AND state = 2"))
        }
        (None, Some(DeliveryState::Leased)) => {
            rows(connection, page, "INDEXED BY deliveries_active", "recipient IN (SELECT row FROM recipients) AND state = 2")
        }
        (Some(recipient), Some(DeliveryState::Due)) => {
            rows(connection, page, "INDEXED BY deliveries_recipient", &format!("recipient = {recipient} AND open = 1 AND state < 2"))
        }
        (None, Some(DeliveryState::Due)) => due_anywhere(connection, page),
        (Some(recipient), Some(_)) => {
            rows(connection, page, "INDEXED BY deliveries_recipient", &format!("recipient = {recipient} AND open = 0 AND state = 5"))
        }
        (Some(recipient), None) => of_recipient(connection, page, recipient),
        (None, state) => {
            let state = if state.is_some() { "state = 5" } else { "state >= 0" };
            let index = if filter.kind.is_some_and(|kind| kind_number(kind) > 1) { "INDEXED BY deliveries_kind" } else { "NOT INDEXED" };
            rows(connection, page, index, state)
        }
    }
}

/// The states that have an index of their own.
const fn is_rare(state: DeliveryState) -> bool {
    matches!(
        state,
        DeliveryState::Held | DeliveryState::Accepted | DeliveryState::Acknowledged | DeliveryState::Dead | DeliveryState::Withdrawn
    )
}

/// The condition as the partial indexes know it: SQLite sees that it implies theirs only in these words.
const fn stored(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Held => "state = 3",
        DeliveryState::Accepted => "state = 4",
        DeliveryState::Acknowledged => "state = 6 AND state > 5",
        DeliveryState::Dead => "state = 7 AND state > 5",
        DeliveryState::Withdrawn => "state = 8 AND state > 5",
        DeliveryState::Due => "state < 2",
        DeliveryState::Leased => "state = 2",
        DeliveryState::Delivered => "state = 5",
    }
}

/// Pending and done are apart in the index: a page is the newest of both.
fn of_recipient(connection: &Connection, page: &Page<'_>, recipient: i64) -> Result<Vec<i64>, Fault> {
    let mut found = rows(connection, page, "INDEXED BY deliveries_recipient", &format!("recipient = {recipient} AND open = 1"))?;
    found.extend(rows(connection, page, "INDEXED BY deliveries_recipient", &format!("recipient = {recipient} AND open = 0"))?);
    found.sort_unstable_by(|one, other| other.cmp(one));
    found.truncate(usize::try_from(page.limit).unwrap_or(usize::MAX));
    Ok(found)
}

/// Lane by lane, each only as far as it can still better what the others gave.
fn due_anywhere(connection: &Connection, page: &Page<'_>) -> Result<Vec<i64>, Fault> {
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let lanes: Vec<i64> = {
        let mut statement = connection.prepare_cached("SELECT DISTINCT recipient FROM tallies WHERE state < 2 AND n > 0")?;
        statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?
    };
    let mut found: Vec<i64> = Vec::new();
    for lane in lanes {
        let floor = if found.len() == limit { found.last().copied().unwrap_or(0) } else { 0 };
        found.extend(rows(
            connection,
            page,
            "INDEXED BY deliveries_recipient",
            &format!("recipient = {lane} AND open = 1 AND row > {floor} AND state < 2"),
        )?);
        found.sort_unstable_by(|one, other| other.cmp(one));
        found.truncate(limit);
    }
    Ok(found)
}

fn rows(connection: &Connection, page: &Page<'_>, index: &str, condition: &str) -> Result<Vec<i64>, Fault> {
    let kind = page.filter.kind.map(kind_number);
    let kind_condition = match kind {
        None => "?3 IS NULL",
        Some(0 | 1) => "kind = ?3",
        Some(_) => "kind = ?3 AND kind > 1",
    };
    let sql = format!("SELECT row FROM deliveries {index} WHERE {condition} AND row < ?1 AND {kind_condition} ORDER BY row DESC LIMIT ?2");
    // Not kept: the text differs with the recipient, and pages are asked for by people.
    let mut statement = connection.prepare(&sql)?;
    let parameters: [&dyn ToSql; 3] = [&page.before, &page.limit, &kind];
    let found = statement.query_map(parameters, |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub fn read_delivery(connection: &Connection, row: i64) -> Result<DeliveryRow, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT d.id, d.obligation, d.kind, r.code, o.place, d.state, d.hold, d.note, d.due_on, d.attempts, d.recorded_at, d.next_at, d.settled_at
         FROM deliveries d JOIN recipients r ON r.row = d.recipient LEFT JOIN obligations o ON o.row = d.row WHERE d.row = ?1",
    )?;
    let mut rows = statement.query([row])?;
    let Some(row) = rows.next()? else { return Err(Fault::Damaged(format!("delivery row {row} is listed in an index and is not there"))) };
    let recipient: String = row.get(3)?;
    let place: Option<String> = row.get(4)?;
    let state = State::read(row.get(5)?)?;
    Ok(DeliveryRow {
        id: Uuid::from_bytes(row.get(0)?),
        obligation: Uuid::from_bytes(row.get(1)?),
        kind: read_kind(row.get(2)?)?,
        recipient: read_code(&recipient)?,
        place: place.as_deref().map(read_code).transpose()?,
        state: state.shown(),
        reason: words::reason(state, row.get::<_, Option<i64>>(6)?.map(read_hold).transpose()?, row.get(7)?),
        due_on: row.get::<_, Option<i64>>(8)?.map(read_day).transpose()?,
        attempts: small(row.get(9)?),
        recorded_at: read_time(row.get(10)?)?,
        next_at: if matches!(state.shown(), DeliveryState::Due | DeliveryState::Leased) { Some(read_time(row.get(11)?)?) } else { None },
        settled_at: row.get::<_, Option<i64>>(12)?.map(read_time).transpose()?,
    })
}

pub fn reviews(connection: &Connection, limit: usize) -> Result<Vec<ReviewRow>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT v.key, c.key, v.reason, v.opened_at, v.due_on, v.detail FROM reviews v INDEXED BY reviews_oldest JOIN children c ON c.row = v.child
         WHERE v.closed_at IS NULL ORDER BY v.opened_at, v.row LIMIT ?1",
    )?;
    let mut rows = statement.query(params![i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(ReviewRow {
            key: Alias(row.get(0)?),
            child: ChildKey(row.get(1)?),
            reason: row.get(2)?,
            opened_at: read_time(row.get(3)?)?,
            due_on: row.get::<_, Option<i64>>(4)?.map(read_day).transpose()?,
            detail: row.get(5)?,
        });
    }
    Ok(found)
}
