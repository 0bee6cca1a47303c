//! `settle`: attempts, and where each delivery stands after them.

use crate::acceptance;
use crate::books::{Books, Move, Post};
use crate::columns::{State, micros};
use crate::fault::Fault;
use domain::port::{Attempt, Settled, Settlement};
use domain::retry::Next;
use rusqlite::params;

pub fn settle(books: &mut Books, settlements: &[Settlement]) -> Result<Settled, Fault> {
    let mut settled = Settled::default();
    for settlement in settlements {
        let post = books.post(settlement.delivery)?;
        let Some(post) = post.filter(|post| is_current(post, settlement)) else {
            settled.stale += 1;
            continue;
        };
        if let Some(attempt) = &settlement.attempt {
            keep_attempt(books, &post, attempt)?;
        }
        match after(&post, settlement) {
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

/// The last lease's word counts once; what was accepted may be told of again, when it is collected or given back.
fn is_current(post: &Post, settlement: &Settlement) -> bool {
    let collected = post.state == State::Accepted && !matches!(settlement.next, Next::Accepted { .. } | Next::Release(_));
    post.fence == settlement.fence && post.fence > 0 && (post.lease_open || collected)
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
    statement.execute(params![post.row, attempts(post, settlement)])?;
    Ok(())
}

/// Where it stands now; none where a person has moved it since its lease lapsed, and the outcome does not change that.
fn after(post: &Post, settlement: &Settlement) -> Option<Move> {
    let at = micros(settlement.at);
    let stay = Move { attempts: attempts(post, settlement), lease_open: false, ..post.to(post.state) };
    let arrived = |to, note: &String| {
        // A receipt from the recipient itself may have come before its system's answer did.
        let to = if post.acknowledged { State::Acknowledged } else { to };
        Move { to, note: filled(note), settled_at: Some(at), breached_at: post.breach_at(settlement.at), ..stay.clone() }
    };
    let moved_by_hand = !matches!(post.state, State::Leased | State::Accepted);
    Some(match &settlement.next {
        _ if post.state == State::Withdrawn => return None,
        // What arrived, arrived, wherever it was moved to.
        Next::Delivered { receipt } => arrived(State::Delivered, receipt),
        Next::Accepted { reference } => arrived(State::Accepted, reference),
        _ if moved_by_hand => return None,
        Next::RetryAt(time) => Move {
            to: State::Due,
            next_at: micros(*time),
            note: settlement.attempt.as_ref().and_then(|attempt| filled(&attempt.detail)),
            ..stay
        },
        Next::Release(time) => Move { to: State::Due, next_at: micros(*time), ..stay },
        Next::Hold { reason, why } => Move { to: State::Held, hold: Some(*reason), note: filled(why), ..stay },
        Next::Dead { why } => Move { to: State::Dead, note: filled(why), settled_at: Some(at), ..stay },
    })
}

fn attempts(post: &Post, settlement: &Settlement) -> u32 {
    let counts = settlement.attempt.is_some() && post.lease_open && !matches!(settlement.next, Next::Release(_));
    post.attempts.saturating_add(u32::from(counts))
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
