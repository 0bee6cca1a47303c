//! An organisation's feed: what it may collect, in the order in which it came, and up to where it has collected.

use crate::books::Books;
use crate::columns::{count, read_code, read_kind, read_time};
use crate::fault::Fault;
use domain::Code;
use domain::port::{FeedItem, FeedPage};
use jiff::Timestamp;
use rusqlite::{Connection, params};
use std::sync::Arc;
use uuid::Uuid;

/// Items in one page: each has a payload.
const PAGE_MAX: usize = 1_000;

pub fn page(connection: &Connection, recipient: Code, after: u64, limit: usize) -> Result<FeedPage, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT f.position, d.id, d.kind, o.place, o.payload, f.accepted_at FROM feed f INDEXED BY feed_recipient
         JOIN deliveries d ON d.row = f.delivery JOIN obligations o ON o.row = f.delivery
         WHERE f.recipient = (SELECT row FROM recipients WHERE code = ?1) AND f.position > ?2 ORDER BY f.position LIMIT ?3",
    )?;
    let limit = limit.min(PAGE_MAX);
    // One beyond the page tells whether there is more.
    let mut rows = statement.query(params![recipient.as_str(), position(after), i64::try_from(limit + 1).unwrap_or(i64::MAX)])?;
    let mut page = FeedPage::default();
    while let Some(row) = rows.next()? {
        if page.items.len() == limit {
            page.more = true;
            break;
        }
        page.items.push(FeedItem {
            position: count(row.get(0)?),
            delivery: Uuid::from_bytes(row.get(1)?),
            kind: read_kind(row.get(2)?)?,
            place: row.get::<_, Option<String>>(3)?.as_deref().map(read_code).transpose()?,
            payload: Arc::from(row.get_ref(4)?.as_blob().map_err(rusqlite::Error::from)?),
            accepted_at: read_time(row.get(5)?)?,
        });
    }
    Ok(page)
}

pub fn collect(books: &mut Books, recipient: Code, up_to: u64, now: Timestamp) -> Result<u64, Fault> {
    let waiting: Vec<(Vec<u8>, i64)> = {
        let mut statement = books.connection.prepare_cached(
            "SELECT d.id, a.position FROM acceptances a INDEXED BY acceptances_position JOIN deliveries d ON d.row = a.delivery
             WHERE a.recipient = (SELECT row FROM recipients WHERE code = ?1) AND a.position IS NOT NULL AND a.position <= ?2 ORDER BY a.position",
        )?;
        let rows = statement.query_map(params![recipient.as_str(), position(up_to)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<Result<_, _>>()?
    };
    let mut moved = 0;
    for (delivery, position) in waiting {
        let id = Uuid::from_slice(&delivery).map_err(|_| Fault::Damaged("a delivery's id is not 16 bytes long".to_owned()))?;
        let Some(post) = books.post(id)? else { continue };
        let note = Some(format!("collected from the feed at position {position}"));
        books.shift(&post, &post.collected(note, now))?;
        moved += 1;
    }
    Ok(moved)
}

/// No feed is as long as a column's largest number.
fn position(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
