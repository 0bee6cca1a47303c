//! What people and clocks do: `operate`, `hold_lane`, `mark_breaches`.

use crate::books::{Books, Post, in_line};
use crate::columns::{State, day, hold_number, micros, obligation_number};
use crate::fault::Fault;
use domain::Code;
use domain::delivery::{HoldReason, ObligationState};
use domain::port::OperatorAction;
use jiff::{Timestamp, civil::Date};
use rusqlite::params;
use uuid::Uuid;

/// Moves each delivery that may be moved. One in flight is left alone: its attempt decides, and can be asked about after.
pub fn operate(books: &mut Books, deliveries: &[Uuid], action: OperatorAction, reason: &str, now: Timestamp) -> Result<Vec<Uuid>, Fault> {
    let mut moved = Vec::new();
    for delivery in deliveries {
        let Some(post) = books.post(*delivery)? else { continue };
        let Some(next) = post.operated(action, reason, now) else { continue };
        books.shift(&post, &next)?;
        if next.to == State::Due {
            put_in_force(books, &post, now)?;
        }
        books.line_up(post.recipient, post.child, post.kind)?;
        books
            .connection
            .prepare_cached("INSERT INTO operator_actions (delivery, action, reason, at) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![post.row, action.name(), reason, micros(now)])?;
        moved.push(*delivery);
    }
    Ok(moved)
}

/// What a rule held for a person's decision is owed like the rest once that person lets it go.
fn put_in_force(books: &Books, post: &Post, now: Timestamp) -> Result<(), Fault> {
    let [held, in_force] = [ObligationState::Held, ObligationState::InForce].map(obligation_number);
    let mut statement =
        books.connection.prepare_cached("UPDATE obligations SET state = ?3, changed_at = ?4 WHERE row = ?1 AND state = ?2")?;
    statement.execute(params![post.row, held, in_force, micros(now)])?;
    Ok(())
}

/// Holds what is due in a lane, or releases what the lane's endpoint held. What a rule or a person holds by itself stays
/// held: an endpoint that comes back decides nothing about it.
pub fn hold_lane(books: &mut Books, recipient: Code, hold: Option<HoldReason>, now: Timestamp) -> Result<u64, Fault> {
    let row = books.recipient(recipient)?;
    let moved = match hold {
        Some(reason) => hold_all(books, row, reason, now)?,
        None => release_all(books, row, now)?,
    };
    let action = hold.map_or_else(|| "release lane".to_owned(), |reason| format!("hold lane: {reason}"));
    let mut statement =
        books.connection.prepare_cached("INSERT INTO operator_actions (recipient, action, reason, at) VALUES (?1, ?2, ?3, ?4)")?;
    statement.execute(params![row, action, format!("{moved} deliveries"), micros(now)])?;
    Ok(moved)
}

fn hold_all(books: &mut Books, recipient: i64, reason: HoldReason, now: Timestamp) -> Result<u64, Fault> {
    let mut moved = 0;
    // Due and lapsed first, then those behind them: each by its own index.
    for (state, sql) in [
        (
            State::Due,
            "UPDATE deliveries INDEXED BY deliveries_active SET state = 3, hold = ?2, lane_held = 1, note = NULL WHERE recipient = ?1 AND state = 0 AND ?3 IS NOT NULL",
        ),
        (
            State::Leased,
            "UPDATE deliveries INDEXED BY deliveries_active SET state = 3, hold = ?2, lane_held = 1, note = NULL WHERE recipient = ?1 AND state = 2 AND next_at < ?3",
        ),
        (
            State::Waiting,
            "UPDATE deliveries INDEXED BY deliveries_recipient SET state = 3, hold = ?2, lane_held = 1, note = NULL WHERE recipient = ?1 AND open = 1 AND state = 1 AND ?3 IS NOT NULL",
        ),
    ] {
        let changed = books.connection.prepare_cached(sql)?.execute(params![recipient, hold_number(reason), micros(now)])?;
        retally(books, recipient, (state, State::Held), changed);
        moved += changed;
    }
    Ok(u64::try_from(moved).unwrap_or(u64::MAX))
}

fn release_all(books: &mut Books, recipient: i64, now: Timestamp) -> Result<u64, Fault> {
    let [no_endpoint, gone] = [HoldReason::NoEndpoint, HoldReason::EndpointGone].map(hold_number);
    let released = books
        .connection
        .prepare_cached(
            "UPDATE deliveries INDEXED BY deliveries_rare_recipient SET state = 1, hold = NULL, lane_held = 0, note = NULL, next_at = ?2
             WHERE recipient = ?1 AND state = 3 AND (lane_held = 1 OR hold = ?3 OR hold = ?4)",
        )?
        .execute(params![recipient, micros(now), no_endpoint, gone])?;
    retally(books, recipient, (State::Held, State::Waiting), released);
    // The head of each line becomes due, unless one of its line is in flight.
    let due = books
        .connection
        .prepare_cached(concat!(
            "UPDATE deliveries AS d INDEXED BY deliveries_recipient SET state = 0 WHERE d.recipient = ?1 AND d.open = 1 AND d.state = 1 AND NOT EXISTS (
                 SELECT 1 FROM deliveries e INDEXED BY deliveries_line WHERE e.child = d.child AND e.open = 1 AND e.recipient = d.recipient
                 AND e.row <> d.row AND (e.state = 2 OR (e.sequence, e.row) < (d.sequence, d.row)) AND ",
            in_line!("e.", "d.kind"),
            ")"
        ))?
        .execute([recipient])?;
    retally(books, recipient, (State::Waiting, State::Due), due);
    Ok(u64::try_from(released).unwrap_or(u64::MAX))
}

fn retally(books: &mut Books, recipient: i64, (from, to): (State, State), changed: usize) {
    let changed = i64::try_from(changed).unwrap_or(i64::MAX);
    books.tally(recipient, from, -changed);
    books.tally(recipient, to, changed);
}

/// Marks whatever was owed by a day that is over and is not with its recipient: once, because a marked one is not awaited.
pub fn mark_breaches(books: &mut Books, today: Date, now: Timestamp) -> Result<u64, Fault> {
    let marked = books
        .connection
        .prepare_cached(
            "UPDATE deliveries INDEXED BY deliveries_awaited SET awaited = 0, breached_at = ?2 WHERE awaited = 1 AND due_on < ?1",
        )?
        .execute(params![day(today), micros(now)])?;
    books.tally_breaches(i64::try_from(marked).unwrap_or(i64::MAX));
    Ok(u64::try_from(marked).unwrap_or(u64::MAX))
}
