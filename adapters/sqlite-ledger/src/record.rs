//! `record`: messages with all they cause, in one transaction.

use crate::books::{Books, Post, in_line};
use crate::columns::{State, day, hash, hold_number, kind_number, micros, obligation_number};
use crate::fault::Fault;
use domain::Code;
use domain::delivery::{HoldReason, Kind, ObligationState};
use domain::ledger::standing::is_awaited;
use domain::port::{Acknowledged, ChildKey, ChildUpdate, Entry, LeaseTerms, MessageRow, NewObligation, NewReview, Outcome, Recorded};
use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};
use std::collections::HashSet;
use uuid::Uuid;

pub fn record(books: &mut Books, entries: &[Entry], terms: &LeaseTerms) -> Result<Outcome, Fault> {
    let mut batch = Batch {
        terms,
        // What a later entry takes back must not be leased before that entry's turn.
        taken_back: entries.iter().filter_map(|entry| entry.child.as_ref()).flat_map(|child| &child.retract).copied().collect(),
        conflicts: HashSet::new(),
        outcome: Outcome::default(),
    };
    for entry in entries {
        let recorded = if let Some(standing) = check(books, &batch, entry)? {
            write(books, &mut batch, entry, standing)?;
            Recorded::Done
        } else {
            batch.conflicts.extend(entry.child.as_ref().map(|child| child.key));
            Recorded::Conflict
        };
        batch.outcome.recorded.push(recorded);
    }
    let mut outcome = batch.outcome;
    outcome.due = still_due(books, outcome.due, terms.now)?;
    Ok(outcome)
}

struct Batch<'a> {
    terms: &'a LeaseTerms,
    taken_back: HashSet<Uuid>,
    conflicts: HashSet<ChildKey>,
    outcome: Outcome,
}

/// What an entry builds on, found before anything of it is written.
struct Standing {
    /// None for a child never seen, and for an entry without one.
    child: Option<i64>,
    retract: Vec<Post>,
    mark: Vec<(Post, ObligationState)>,
}

/// None where the entry is a conflict.
fn check(books: &Books, batch: &Batch<'_>, entry: &Entry) -> Result<Option<Standing>, Fault> {
    if let Some(message) = &entry.message
        && books.message_exists(&message.key)?
    {
        return Ok(None);
    }
    let Some(update) = &entry.child else {
        return Ok(Some(Standing { child: None, retract: Vec::new(), mark: Vec::new() }));
    };
    let known = find_child(books, update.key)?;
    if batch.conflicts.contains(&update.key) || known.map_or(0, |(_, version)| version) != version(update.read_version) {
        return Ok(None);
    }
    let child = known.map(|(row, _)| row);
    let mut standing = Standing { child, retract: Vec::new(), mark: Vec::new() };
    for obligation in &update.retract {
        match books.post_of(*obligation)? {
            Some(post) if Some(post.child) == child && post.fence == 0 => standing.retract.push(post),
            _ => return Ok(None),
        }
    }
    for (obligation, state) in &update.mark {
        match books.post_of(*obligation)? {
            Some(post) if Some(post.child) == child => standing.mark.push((post, *state)),
            _ => return Ok(None),
        }
    }
    Ok(Some(standing))
}

fn write(books: &mut Books, batch: &mut Batch<'_>, entry: &Entry, standing: Standing) -> Result<(), Fault> {
    let at = entry.message.as_ref().map_or(batch.terms.now, |message| message.recorded_at);
    let child = match &entry.child {
        Some(update) => Some(write_child(books, update, standing.child)?),
        None => acknowledged_child(books, entry.acknowledgement.as_ref())?,
    };
    let issued = entry.child.as_ref().map_or(0, |update| update.issue.len());
    let message = match &entry.message {
        Some(message) => Some(write_message(books, message, child, issued)?),
        None => None,
    };
    if let (Some(update), Some(child)) = (&entry.child, child) {
        for post in standing.retract {
            mark(books, batch, &post, ObligationState::Retracted, at)?;
        }
        for (post, state) in standing.mark {
            mark(books, batch, &post, state, at)?;
        }
        let scene = Scene {
            child,
            key: update.key,
            is_new: standing.child.is_none(),
            message,
            at,
            traceparent: entry.message.as_ref().and_then(|m| m.traceparent.as_deref()),
        };
        issue(books, batch, &scene, &update.issue)?;
        write_aliases(books, update, child)?;
        write_reviews(books, &update.reviews, child, at)?;
        crate::claims::write(&books.connection, &update.claims)?;
        for text in &update.suppressed {
            let mut statement =
                books.connection.prepare_cached("INSERT INTO suppressed (child, message, at, text) VALUES (?1, ?2, ?3, ?4)")?;
            statement.execute(params![child, message, micros(at), text])?;
        }
    }
    if let Some(acknowledgement) = &entry.acknowledgement {
        acknowledge(books, acknowledgement)?;
    }
    Ok(())
}

/// A later entry may have taken back what an earlier one made due.
fn still_due(books: &Books, mut recipients: Vec<Code>, now: Timestamp) -> Result<Vec<Code>, Fault> {
    recipients.sort_unstable();
    recipients.dedup();
    let mut statement = books.connection.prepare_cached(
        "SELECT 1 FROM deliveries INDEXED BY deliveries_active WHERE recipient = (SELECT row FROM recipients WHERE code = ?1) AND state = 0 AND next_at <= ?2 LIMIT 1",
    )?;
    let mut due = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        if statement.exists(params![recipient.as_str(), micros(now)])? {
            due.push(recipient);
        }
    }
    Ok(due)
}

fn find_child(books: &Books, key: ChildKey) -> Result<Option<(i64, i64)>, Fault> {
    let mut statement = books.connection.prepare_cached("SELECT row, version FROM children WHERE key = ?1")?;
    Ok(statement.query_row([key.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

fn write_child(books: &Books, update: &ChildUpdate, known: Option<i64>) -> Result<i64, Fault> {
    let wake_at = update.wake_at.map(micros);
    let next = version(update.read_version.saturating_add(1));
    match known {
        Some(row) => {
            let mut statement =
                books.connection.prepare_cached("UPDATE children SET version = ?2, wake_at = ?3, casefile = ?4 WHERE row = ?1")?;
            statement.execute(params![row, next, wake_at, update.casefile])?;
            Ok(row)
        }
        None => {
            let mut statement =
                books.connection.prepare_cached("INSERT INTO children (key, version, wake_at, casefile) VALUES (?1, ?2, ?3, ?4)")?;
            Ok(statement.insert(params![update.key.0, next, wake_at, update.casefile])?)
        }
    }
}

/// The child whose notice a recipient acknowledges, so that the message shows in that child's journey.
fn acknowledged_child(books: &Books, acknowledgement: Option<&Acknowledged>) -> Result<Option<i64>, Fault> {
    let Some(acknowledgement) = acknowledgement else { return Ok(None) };
    Ok(books.post(acknowledgement.delivery)?.map(|post| post.child))
}

fn write_message(books: &mut Books, message: &MessageRow, child: Option<i64>, issued: usize) -> Result<i64, Fault> {
    let first_row = books.next_delivery_row()?;
    books.tally_message(message.message_type, message.verdict);
    let mut statement = books.connection.prepare_cached(
        "INSERT INTO messages (id, hash, publisher, message_id, child, first_row, issued, type, verdict, intake, received_at, recorded_at,
         digest, content_type, traceparent, receipt, envelope, written_hash, written_id, sender)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
    )?;
    let row = statement.insert(params![
        message.id.as_bytes(),
        hash(&message.key.message_id),
        message.key.publisher.as_str(),
        message.key.message_id,
        child,
        first_row,
        i64::try_from(issued).unwrap_or(i64::MAX),
        message.message_type,
        message.verdict,
        message.intake,
        micros(message.received_at),
        micros(message.recorded_at),
        message.digest,
        message.content_type,
        message.traceparent,
        message.receipt,
        message.envelope,
        message.written_id.as_deref().map(hash),
        message.written_id,
        message.sender.as_ref().map(Code::as_str),
    ])?;
    Ok(row)
}

/// An obligation's new state; what is retracted is withdrawn too, and what stood behind it moves up.
fn mark(books: &mut Books, batch: &mut Batch<'_>, post: &Post, state: ObligationState, at: Timestamp) -> Result<(), Fault> {
    books.connection.prepare_cached("UPDATE obligations SET state = ?2, changed_at = ?3 WHERE row = ?1")?.execute(params![
        post.row,
        obligation_number(state),
        micros(at)
    ])?;
    // Read again: an entry may name one obligation twice, and the delivery may have moved with the first.
    let Some(post) = books.post(post.id)? else { return Ok(()) };
    let Some(next) = post.retracted(at).filter(|_| state == ObligationState::Retracted) else { return Ok(()) };
    books.shift(&post, &next)?;
    if books.line_up(post.recipient, post.child, post.kind)?.is_some_and(|next_at| next_at <= micros(batch.terms.now)) {
        let code = crate::find::recipient_code(&books.connection, post.recipient)?;
        batch.outcome.due.push(code);
    }
    Ok(())
}

/// Where an entry's obligations belong.
struct Scene<'a> {
    child: i64,
    key: ChildKey,
    is_new: bool,
    message: Option<i64>,
    at: Timestamp,
    traceparent: Option<&'a str>,
}

fn issue(books: &mut Books, batch: &mut Batch<'_>, scene: &Scene<'_>, obligations: &[NewObligation]) -> Result<(), Fault> {
    let mut told = Vec::new();
    for new in obligations {
        let recipient = books.recipient(new.recipient)?;
        // A child never seen has nobody in line but those of this very entry.
        let last = if scene.is_new && !told.contains(&recipient) { None } else { last_in_line(books, recipient, scene.child, new.kind)? };
        told.push(recipient);
        let state = match (new.hold, last) {
            (Some(_), _) => State::Held,
            (None, Some(_)) => State::Waiting,
            (None, None) if may_lease(batch, new) => State::Leased,
            (None, None) => State::Due,
        };
        insert(books, batch.terms, scene, new, (recipient, state))?;
        match state {
            State::Leased => batch.outcome.leased.push(new.first_lease(scene.key, scene.at, batch.terms.until, scene.traceparent)),
            State::Due => batch.outcome.due.push(new.recipient),
            _ => {}
        }
        // Later than all before it is the rule; what belongs further forward makes the others wait.
        if last.is_some_and(|last| i64::from(new.sequence) <= last) {
            books.line_up(recipient, scene.child, new.kind)?;
        }
    }
    Ok(())
}

fn last_in_line(books: &Books, recipient: i64, child: i64, kind: Kind) -> Result<Option<i64>, Fault> {
    let mut statement = books.connection.prepare_cached(concat!(
        "SELECT sequence FROM deliveries INDEXED BY deliveries_line WHERE child = ?1 AND open = 1 AND recipient = ?2 AND ",
        in_line!("", "?3"),
        " ORDER BY sequence DESC LIMIT 1"
    ))?;
    Ok(statement.query_row([child, recipient, kind_number(kind)], |row| row.get(0)).optional()?)
}

fn may_lease(batch: &Batch<'_>, new: &NewObligation) -> bool {
    batch.outcome.leased.len() < batch.terms.limit && !batch.terms.shut.contains(&new.recipient) && !batch.taken_back.contains(&new.id)
}

fn insert(
    books: &mut Books,
    terms: &LeaseTerms,
    scene: &Scene<'_>,
    new: &NewObligation,
    (recipient, state): (i64, State),
) -> Result<(), Fault> {
    let row = books.use_delivery_row()?;
    let due_on = new.due_on.map(day);
    let (next_at, fence) = if state == State::Leased { (terms.until, 1) } else { (scene.at, 0) };
    books
        .connection
        .prepare_cached(
            "INSERT INTO deliveries (row, id, obligation, child, recipient, kind, sequence, due_on, recorded_at, state, open, awaited, next_at, fence,
             lease_open, hold) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1, ?11, ?12, ?13, ?13, ?14)",
        )?
        .execute(params![
            row,
            new.delivery.as_bytes(),
            new.id.as_bytes(),
            scene.child,
            recipient,
            kind_number(new.kind),
            new.sequence,
            due_on,
            micros(scene.at),
            state.number(),
            is_awaited(due_on, state),
            micros(next_at),
            fence,
            new.hold.map(hold_number),
        ])?;
    // Only a rule's hold is a person's decision about the obligation itself; a missing endpoint holds the delivery alone.
    let obligation = if new.hold == Some(HoldReason::Review) { ObligationState::Held } else { ObligationState::InForce };
    books
        .connection
        .prepare_cached(
            "INSERT INTO obligations (row, message, state, place, basis, supersedes, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            row,
            scene.message,
            obligation_number(obligation),
            new.place.as_ref().map(Code::as_str),
            new.basis,
            new.supersedes.as_ref().map(Uuid::as_bytes),
            &*new.payload,
        ])?;
    books.tally(recipient, state, 1);
    if let Some(due_on) = due_on {
        books.tally_deadline(new.kind, due_on, 1);
    }
    Ok(())
}

fn write_aliases(books: &Books, update: &ChildUpdate, child: i64) -> Result<(), Fault> {
    for alias in &update.aliases {
        books.connection.prepare_cached("INSERT OR IGNORE INTO aliases VALUES (?1, ?2)")?.execute(params![alias.0, child])?;
    }
    Ok(())
}

/// Opens what is new, brings up to date what is open, closes what is not among `reviews` any more.
fn write_reviews(books: &Books, reviews: &[NewReview], child: i64, at: Timestamp) -> Result<(), Fault> {
    let open: Vec<[u8; 16]> = {
        let mut statement = books.connection.prepare_cached("SELECT key FROM reviews WHERE child = ?1 AND closed_at IS NULL")?;
        let keys = statement.query_map([child], |row| row.get(0))?;
        keys.collect::<Result<_, _>>()?
    };
    for key in open.iter().filter(|key| !reviews.iter().any(|review| review.key.0 == **key)) {
        let mut statement =
            books.connection.prepare_cached("UPDATE reviews SET closed_at = ?3 WHERE child = ?1 AND key = ?2 AND closed_at IS NULL")?;
        statement.execute(params![child, key, micros(at)])?;
    }
    for review in reviews {
        let mut statement = books.connection.prepare_cached(
            "INSERT INTO reviews (child, key, reason, opened_at, due_on, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (child, key) WHERE closed_at IS NULL DO UPDATE SET reason = excluded.reason, due_on = excluded.due_on, detail = excluded.detail",
        )?;
        statement.execute(params![child, review.key.0, review.reason, micros(at), review.due_on.map(day), review.detail])?;
    }
    Ok(())
}

/// Keeps the recipient's word. One that comes before the attempt is settled waits for the settlement.
fn acknowledge(books: &mut Books, acknowledged: &Acknowledged) -> Result<(), Fault> {
    books
        .connection
        .prepare_cached("INSERT INTO acknowledgements (delivery, by_code, status, at) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![acknowledged.delivery.as_bytes(), acknowledged.by.as_str(), acknowledged.status, micros(acknowledged.at)])?;
    let Some(post) = books.post(acknowledged.delivery)? else { return Ok(()) };
    books.connection.prepare_cached("UPDATE deliveries SET acknowledged = 1 WHERE row = ?1")?.execute([post.row])?;
    if let Some(next) = post.answered(acknowledged) {
        books.shift(&post, &next)?;
    }
    Ok(())
}

/// Versions beyond what a column holds would take longer than the sun has: they match nothing.
fn version(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(-1)
}
