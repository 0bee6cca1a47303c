//! `settle`: attempts, and where each delivery stands after them.

use crate::acceptance;
use crate::books::{Books, Post};
use crate::columns::{State, micros};
use crate::fault::Fault;
use domain::port::{Attempt, Settled, Settlement};
use domain::retry::Next;
use rusqlite::params;

pub fn settle(books: &mut Books, settlements: &[Settlement]) -> Result<Settled, Fault> {
    let mut settled = Settled::default();
    for settlement in settlements {
        let post = books.post(settlement.delivery)?;
        let Some(post) = post.filter(|post| post.hears(settlement)) else {
            settled.stale += 1;
            continue;
        };
        if let Some(attempt) = &settlement.attempt {
            keep_attempt(books, &post, attempt)?;
        }
        match post.settled(settlement) {
            Some(next) => {
                books.shift(&post, &next)?;
                if let (Next::Accepted { reference }, State::Accepted) = (&settlement.next, next.to) {
                    acceptance::keep(books, &post, settlement.attempt.as_ref(), reference, settlement.at)?;
                }
            }
            None => close_lease(books, &post, settlement)?,
        }
        if books.line_up(post.recipient, post.child, post.kind)?.is_some_and(|next_at| next_at <= micros(settlement.at)) {
            settled.due.push(crate::find::recipient_code(&books.connection, post.recipient)?);
        }
    }
    settled.due.sort_unstable();
    settled.due.dedup();
    Ok(settled)
}

fn keep_attempt(books: &Books, post: &Post, attempt: &Attempt) -> Result<(), Fault> {
    // An accepted delivery that is told of again keeps its first attempt: the second telling is no new one.
    books
        .connection
        .prepare_cached("INSERT OR IGNORE INTO attempts (delivery, fence, started_at, ended_at, adapter, outcome, status, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
        .execute(params![
            post.row,
            i64::try_from(post.fence).unwrap_or(i64::MAX),
            micros(attempt.started_at),
            micros(attempt.ended_at),
            attempt.adapter,
            attempt.outcome,
            attempt.status,
            attempt.detail,
        ])?;
    Ok(())
}

fn close_lease(books: &Books, post: &Post, settlement: &Settlement) -> Result<(), Fault> {
    let mut statement = books.connection.prepare_cached("UPDATE deliveries SET attempts = ?2, lease_open = 0 WHERE row = ?1")?;
    statement.execute(params![post.row, post.attempts_after(settlement)])?;
    Ok(())
}
