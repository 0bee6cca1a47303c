//! `lease_due`: which deliveries may go now, and who has them until when.

use crate::books::{Books, Post, read_post, select_post};
use crate::columns::{State, count, micros, read_code, read_kind, read_time, small};
use crate::fault::Fault;
use domain::port::{ChildKey, LaneRoom, Lease, LeaseTerms};
use rusqlite::{OptionalExtension, params};
use std::sync::Arc;
use uuid::Uuid;

pub fn lease_due(books: &mut Books, rooms: &[LaneRoom], terms: &LeaseTerms) -> Result<Vec<Lease>, Fault> {
    let mut leases = Vec::new();
    for lane in rooms {
        let Some(recipient) = known_recipient(books, lane)? else { continue };
        let mut room = lane.room.min(terms.limit.saturating_sub(leases.len()));
        // Each round either fills the room or has put at least one lapsed lease back in its line: it ends.
        while room > 0 {
            let candidates = candidates(books, recipient, terms, room)?;
            let mut put_back = false;
            for post in candidates {
                if stands_behind(books, &post)? {
                    put_back_in_line(books, &post)?;
                    put_back = true;
                } else {
                    leases.push(take(books, &post, terms)?);
                    room -= 1;
                }
            }
            if !put_back {
                break;
            }
        }
    }
    Ok(leases)
}

fn known_recipient(books: &Books, lane: &LaneRoom) -> Result<Option<i64>, Fault> {
    let mut statement = books.connection.prepare_cached("SELECT row FROM recipients WHERE code = ?1")?;
    Ok(statement.query_row([lane.recipient.as_str()], |row| row.get(0)).optional()?)
}

/// Due and lapsed, the longest due first.
fn candidates(books: &Books, recipient: i64, terms: &LeaseTerms, room: usize) -> Result<Vec<Post>, Fault> {
    let limit = i64::try_from(room).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    for sql in [
        select_post!("INDEXED BY deliveries_active WHERE recipient = ?1 AND state = 0 AND next_at <= ?2 ORDER BY next_at, row LIMIT ?3"),
        select_post!("INDEXED BY deliveries_active WHERE recipient = ?1 AND state = 2 AND next_at < ?2 ORDER BY next_at, row LIMIT ?3"),
    ] {
        let mut statement = books.connection.prepare_cached(sql)?;
        for post in statement.query_map(params![recipient, micros(terms.now), limit], read_post)? {
            found.push(post??);
        }
    }
    found.sort_unstable_by_key(|post| (post.next_at, post.row));
    found.truncate(room);
    Ok(found)
}

/// A lapsed lease whose place at the head was taken meanwhile, by an earlier delivery that a person brought back.
fn stands_behind(books: &Books, post: &Post) -> Result<bool, Fault> {
    if post.state != State::Leased {
        return Ok(false);
    }
    Ok(books.line(post.recipient, post.child, post.kind)?.first().is_some_and(|(row, ..)| *row != post.row))
}

fn put_back_in_line(books: &mut Books, post: &Post) -> Result<(), Fault> {
    books.connection.prepare_cached("UPDATE deliveries SET state = 1 WHERE row = ?1")?.execute([post.row])?;
    books.tally(post.recipient, State::Leased, -1);
    books.tally(post.recipient, State::Waiting, 1);
    books.line_up(post.recipient, post.child, post.kind)?;
    Ok(())
}

fn take(books: &mut Books, post: &Post, terms: &LeaseTerms) -> Result<Lease, Fault> {
    books
        .connection
        .prepare_cached("UPDATE deliveries SET state = 2, next_at = ?2, fence = fence + 1, lease_open = 1 WHERE row = ?1")?
        .execute(params![post.row, micros(terms.until)])?;
    books.tally(post.recipient, post.state, -1);
    books.tally(post.recipient, State::Leased, 1);
    let mut statement = books.connection.prepare_cached(
        "SELECT d.obligation, d.kind, r.code, o.place, c.key, d.sequence, d.fence, d.attempts, d.recorded_at, o.payload, m.traceparent
         FROM deliveries d JOIN obligations o ON o.row = d.row JOIN recipients r ON r.row = d.recipient JOIN children c ON c.row = d.child
         LEFT JOIN messages m ON m.row = o.message WHERE d.row = ?1",
    )?;
    let mut rows = statement.query([post.row])?;
    let Some(row) = rows.next()? else {
        return Err(Fault::Damaged(format!("delivery {} has no obligation", post.id)));
    };
    let place: Option<String> = row.get(3)?;
    Ok(Lease {
        delivery: post.id,
        obligation: Uuid::from_bytes(row.get(0)?),
        kind: read_kind(row.get(1)?)?,
        recipient: read_code(row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?)?,
        place: place.as_deref().map(read_code).transpose()?,
        child: ChildKey(row.get(4)?),
        sequence: small(row.get(5)?),
        fence: count(row.get(6)?),
        attempts: small(row.get(7)?),
        recorded_at: read_time(row.get(8)?)?,
        until: terms.until,
        payload: Arc::from(row.get_ref(9)?.as_blob().map_err(rusqlite::Error::from)?),
        traceparent: row.get(10)?,
    })
}
