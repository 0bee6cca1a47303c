//! Sealed contents, read and written anew whatever they are.

use crate::books::Books;
use crate::fault::Fault;
use domain::port::{Resealed, SealedContent, SealedKind, SealedPage, SealedPlace};
use rusqlite::{Connection, params};

/// Rows looked at for one answer: a few megabytes at most, and no long hold on a reader.
const ROWS: i64 = 500;

/// What is not sealed as `current` begins, among the rows after a place.
pub fn page(connection: &Connection, current: &[u8], after: SealedPlace) -> Result<SealedPage, Fault> {
    let (kind, row) = (after.kind, number(after.row));
    let (table, column) = column(kind);
    let window = format!("SELECT max(row), count(*) FROM (SELECT row FROM {table} WHERE row > ?1 ORDER BY row LIMIT ?2)");
    let (last, looked): (Option<i64>, i64) =
        connection.prepare_cached(&window)?.query_row([row, ROWS], |found| Ok((found.get(0)?, found.get(1)?)))?;
    let Some(last) = last else { return Ok(SealedPage { contents: Vec::new(), next: kind.next().map(SealedKind::start) }) };
    let wanted = format!("SELECT row, {column} FROM {table} WHERE row > ?1 AND row <= ?2 AND substr({column}, 1, ?3) <> ?4 ORDER BY row");
    let mut statement = connection.prepare_cached(&wanted)?;
    let length = i64::try_from(current.len()).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![row, last, length, current], |found| {
        Ok(SealedContent { place: SealedPlace { kind, row: place(found.get(0)?) }, content: found.get(1)? })
    })?;
    let contents = rows.collect::<Result<_, _>>()?;
    let next = if looked < ROWS { kind.next().map(SealedKind::start) } else { Some(SealedPlace { kind, row: place(last) }) };
    Ok(SealedPage { contents, next })
}

pub fn reseal(books: &Books, contents: &[Resealed]) -> Result<u64, Fault> {
    let mut changed = 0;
    for Resealed { place, was, now } in contents {
        let (table, column) = column(place.kind);
        let sql = format!("UPDATE {table} SET {column} = ?3 WHERE row = ?1 AND {column} = ?2");
        changed += books.connection.prepare_cached(&sql)?.execute(params![number(place.row), was, now])?;
    }
    Ok(u64::try_from(changed).unwrap_or(u64::MAX))
}

/// Rows are numbered from 1, and no number here is larger than a column holds.
fn number(row: u128) -> i64 {
    i64::try_from(row).unwrap_or(i64::MAX)
}

fn place(number: i64) -> u128 {
    u128::try_from(number).unwrap_or_default()
}

const fn column(kind: SealedKind) -> (&'static str, &'static str) {
    match kind {
        SealedKind::Envelope => ("messages", "envelope"),
        SealedKind::Casefile => ("children", "casefile"),
        SealedKind::Payload => ("obligations", "payload"),
        SealedKind::Question => ("reviews", "detail"),
    }
}
