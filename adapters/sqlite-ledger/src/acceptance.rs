//! What a rail has accepted and nobody has collected yet: who has it, under which name, and what is found out of it later.

use crate::books::{Books, Post};
use crate::columns::{State, micros, read_code, read_time};
use crate::fault::Fault;
use domain::port::{AcceptedRow, Attempt, Confirmation};
use jiff::Timestamp;
use rusqlite::{Connection, params};
use uuid::Uuid;

/// Rows in one answer.
const PAGE_MAX: usize = 1_000;
/// The adapter that puts what it accepts into the recipient's feed.
const FEED: &str = "feed";

/// Keeps who accepted it; what the feed accepted gets a position there.
pub fn keep(books: &Books, post: &Post, attempt: Option<&Attempt>, reference: &str, at: Timestamp) -> Result<(), Fault> {
    let adapter = attempt.map_or("", |attempt| attempt.adapter);
    let position = if adapter == FEED {
        let mut statement = books.connection.prepare_cached("INSERT INTO feed (delivery, recipient, accepted_at) VALUES (?1, ?2, ?3)")?;
        Some(statement.insert(params![post.row, post.recipient, micros(at)])?)
    } else {
        None
    };
    books
        .connection
        .prepare_cached(
            "INSERT INTO acceptances (delivery, recipient, adapter, reference, accepted_at, position) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![post.row, post.recipient, adapter, reference, micros(at), position])?;
    Ok(())
}

/// It is accepted no more: collected, or given back. What is given back is in no feed until it is accepted again.
pub fn forget(connection: &Connection, post: &Post, to: State) -> Result<(), Fault> {
    connection.prepare_cached("DELETE FROM acceptances WHERE delivery = ?1")?.execute([post.row])?;
    if !matches!(to, State::Delivered | State::Acknowledged) {
        connection.prepare_cached("DELETE FROM feed WHERE delivery = ?1")?.execute([post.row])?;
    }
    Ok(())
}

pub fn accepted(connection: &Connection, adapter: &str, after: Option<Uuid>, limit: usize) -> Result<Vec<AcceptedRow>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT d.id, r.code, o.place, a.adapter, a.reference, a.accepted_at FROM acceptances a INDEXED BY acceptances_adapter
         JOIN deliveries d ON d.row = a.delivery JOIN obligations o ON o.row = d.row JOIN recipients r ON r.row = d.recipient
         WHERE a.adapter = ?1 AND a.delivery > coalesce((SELECT row FROM deliveries WHERE id = ?2), 0) ORDER BY a.delivery LIMIT ?3",
    )?;
    let limit = i64::try_from(limit.min(PAGE_MAX)).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![adapter, after.as_ref().map(Uuid::as_bytes), limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(AcceptedRow {
            delivery: Uuid::from_bytes(row.get(0)?),
            recipient: read_code(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?,
            place: row.get::<_, Option<String>>(2)?.as_deref().map(read_code).transpose()?,
            adapter: row.get(3)?,
            reference: row.get(4)?,
            accepted_at: read_time(row.get(5)?)?,
        });
    }
    Ok(found)
}

pub fn confirm(books: &mut Books, confirmations: &[Confirmation]) -> Result<u64, Fault> {
    let mut moved = 0;
    for confirmation in confirmations {
        let Some(post) = books.post(confirmation.delivery)? else { continue };
        let Some(next) = post.confirmed(confirmation) else { continue };
        books.shift(&post, &next)?;
        if next.to == State::Due {
            // What was issued since then stands behind it again.
            books.line_up(post.recipient, post.child, post.kind)?;
        }
        moved += 1;
    }
    Ok(moved)
}
