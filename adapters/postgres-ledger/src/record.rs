//! `record`: messages with all they cause. Entries apply in order, in memory; what they write is written at once.

use crate::books::{Books, Child, ChildWrite, Needs, Post};
use crate::write::{Opened, StateChange, uuid};
use domain::Code;
use domain::delivery::ObligationState;
use domain::ledger::columns::{State, day, micros};
use domain::ledger::standing::Standing;
use domain::port::{
    Acknowledged, ChildKey, ChildUpdate, Entry, Lease, LeaseTerms, MessageRow, NewObligation, NewReview, News, Outcome, Recorded,
};
use jiff::Timestamp;
use std::collections::HashSet;
use uuid::Uuid;

pub fn needs(entries: &[Entry], needs: &mut Needs) {
    for entry in entries {
        needs.messages.extend(entry.message.as_ref().map(|message| message.key.clone()));
        needs.deliveries.extend(entry.acknowledgement.as_ref().map(|acknowledged| acknowledged.delivery));
        if let Some(update) = &entry.child {
            needs.children.insert(uuid(update.key));
            needs.reviews = true;
            needs.obligations.extend(update.retract.iter().chain(update.mark.iter().map(|(obligation, _)| obligation)));
        }
    }
}

pub fn record(books: &mut Books, entries: &[Entry], terms: &LeaseTerms) -> Outcome {
    let mut batch = Batch {
        terms,
        // What a later entry takes back must not be leased before that entry's turn.
        taken_back: entries.iter().filter_map(|entry| entry.child.as_ref()).flat_map(|child| &child.retract).copied().collect(),
        conflicts: HashSet::new(),
        leased: Vec::new(),
        due: Vec::new(),
    };
    let mut recorded = Vec::with_capacity(entries.len());
    for entry in entries {
        recorded.push(if fits(books, &batch, entry) {
            write(books, &mut batch, entry);
            Recorded::Done
        } else {
            batch.conflicts.extend(entry.child.as_ref().map(|child| child.key));
            Recorded::Conflict
        });
    }
    let due = still_due(books, batch.due, terms.now);
    books.news.extend(due.iter().copied().map(News::Due));
    Outcome { recorded, leased: batch.leased, due }
}

struct Batch<'a> {
    terms: &'a LeaseTerms,
    taken_back: HashSet<Uuid>,
    conflicts: HashSet<ChildKey>,
    leased: Vec<Lease>,
    /// Deliveries that became due, by recipient.
    due: Vec<(Code, Uuid)>,
}

/// Whether the entry still fits what is there; it is a conflict otherwise.
fn fits(books: &Books, batch: &Batch<'_>, entry: &Entry) -> bool {
    if entry.message.as_ref().is_some_and(|message| books.has_message(&message.key)) {
        return false;
    }
    let Some(update) = &entry.child else { return true };
    let known = books.children.get(&update.key).map_or(0, |child| child.version);
    let own = |obligation: &Uuid| books.post_of(*obligation).filter(|post| post.child == update.key);
    !batch.conflicts.contains(&update.key)
        && known == version(update.read_version)
        && update.retract.iter().all(|obligation| own(obligation).is_some_and(|post| post.fence == 0))
        && update.mark.iter().all(|(obligation, _)| own(obligation).is_some())
}

fn write(books: &mut Books, batch: &mut Batch<'_>, entry: &Entry) {
    let at = entry.message.as_ref().map_or(batch.terms.now, |message| message.recorded_at);
    let message = entry.message.as_ref().map(|message| message.id);
    if let Some(message) = &entry.message {
        let acknowledged = entry.acknowledgement.as_ref().and_then(|one| books.posts.get(&one.delivery)).map(|post| post.child);
        let child = entry.child.as_ref().map(|update| update.key).or(acknowledged);
        write_message(books, message, child, entry.child.as_ref().map_or(0, |update| update.issue.len()));
    }
    if let Some(update) = &entry.child {
        write_child(books, update);
        for obligation in &update.retract {
            mark(books, batch, *obligation, ObligationState::Retracted, at);
        }
        for (obligation, state) in &update.mark {
            mark(books, batch, *obligation, *state, at);
        }
        let traceparent = entry.message.as_ref().and_then(|message| message.traceparent.as_deref());
        issue(books, batch, &Scene { child: update.key, message, at, traceparent }, &update.issue);
        books.written.aliases.extend(update.aliases.iter().map(|alias| (*alias, update.key)));
        write_reviews(books, update.key, &update.reviews, micros(at));
        books.written.claims.extend(update.claims.iter().map(|claim| (claim.id.clone(), claim.clone())));
        books.written.suppressed.extend(update.suppressed.iter().map(|text| (update.key, message, micros(at), text.clone())));
    }
    if let Some(acknowledged) = &entry.acknowledgement {
        acknowledge(books, acknowledged);
    }
}

fn write_message(books: &mut Books, message: &MessageRow, child: Option<ChildKey>, issued: usize) {
    books.add_message(&message.key);
    books.tallies.message(message.message_type, message.verdict);
    books.written.messages.push((message.clone(), child, issued));
}

fn write_child(books: &mut Books, update: &ChildUpdate) {
    let child = books.children.entry(update.key).or_insert(Child { version: 0, update: None, is_new: true });
    child.version = version(update.read_version.saturating_add(1));
    child.update = Some(ChildWrite { wake_at: update.wake_at.map(micros), casefile: update.casefile.clone() });
}

/// An obligation's new state; what is retracted is withdrawn too, and what stood behind it moves up.
fn mark(books: &mut Books, batch: &mut Batch<'_>, obligation: Uuid, state: ObligationState, at: Timestamp) {
    let Some(post) = books.post_of(obligation) else { return };
    let (delivery, recipient, child, kind) = (post.id, post.recipient, post.child, post.kind);
    let next = post.retracted(at).filter(|_| state == ObligationState::Retracted);
    books.written.change_state(delivery, StateChange { to: state, from: None, at: micros(at) });
    let Some(next) = next else { return };
    books.shift(delivery, &next);
    if books.line_up(recipient, child, kind).is_some_and(|next_at| next_at <= micros(batch.terms.now)) {
        let line = books.line(recipient, child, kind);
        batch.due.extend(line.first().map(|first| (recipient, *first)));
    }
}

/// Where an entry's obligations belong.
struct Scene<'a> {
    child: ChildKey,
    message: Option<Uuid>,
    at: Timestamp,
    traceparent: Option<&'a str>,
}

fn issue(books: &mut Books, batch: &mut Batch<'_>, scene: &Scene<'_>, obligations: &[NewObligation]) {
    for new in obligations {
        let last = books.line(new.recipient, scene.child, new.kind).last().and_then(|id| books.posts.get(id)).map(|post| post.sequence);
        let state = match (new.hold, last) {
            (Some(_), _) => State::Held,
            (None, Some(_)) => State::Waiting,
            (None, None) if may_lease(batch, new) => State::Leased,
            (None, None) => State::Due,
        };
        add(books, batch.terms, scene, new, state);
        match state {
            State::Leased => batch.leased.push(new.first_lease(scene.child, scene.at, batch.terms.until, scene.traceparent)),
            State::Due => batch.due.push((new.recipient, new.delivery)),
            _ => {}
        }
        // Later than all before it is the rule; what belongs further forward makes the others wait.
        if last.is_some_and(|last| new.sequence <= last) {
            books.line_up(new.recipient, scene.child, new.kind);
        }
    }
}

fn may_lease(batch: &Batch<'_>, new: &NewObligation) -> bool {
    batch.leased.len() < batch.terms.limit && !batch.terms.shut.contains(&new.recipient) && !batch.taken_back.contains(&new.id)
}

fn add(books: &mut Books, terms: &LeaseTerms, scene: &Scene<'_>, new: &NewObligation, state: State) {
    let is_leased = state == State::Leased;
    let due_on = new.due_on.map(day);
    let standing = Standing {
        kind: new.kind,
        due_on,
        state,
        next_at: micros(if is_leased { terms.until } else { scene.at }),
        fence: u64::from(is_leased),
        lease_open: is_leased,
        attempts: 0,
        acknowledged: false,
        breached: false,
        settled_at: None,
    };
    books.add(Post {
        id: new.delivery,
        child: scene.child,
        recipient: new.recipient,
        sequence: new.sequence,
        standing,
        hold: new.hold,
        lane_held: false,
        note: None,
        breached_at: None,
        recorded_at: micros(scene.at),
        read: None,
        is_changed: false,
    });
    books.add_obligation(new.id, new.delivery);
    books.written.obligations.push((new.clone(), scene.child, scene.message));
    books.tallies.pending(new.recipient, state, 1);
    if let Some(due_on) = due_on {
        books.tallies.deadline(new.kind, due_on, 1);
    }
}

/// Opens what is new, brings up to date what is open, closes what is not among `reviews` any more.
fn write_reviews(books: &mut Books, child: ChildKey, reviews: &[NewReview], at: i64) {
    let asked = |key| reviews.iter().any(|review| review.key == key);
    let over: Vec<_> = books.reviews.iter().filter(|(of, key)| *of == child && !asked(*key)).map(|(_, key)| *key).collect();
    for key in over {
        books.reviews.remove(&(child, key));
        match books.written.opened.iter_mut().find(|one| is_open(one, child, &key)) {
            Some(opened) => opened.closed_at = Some(at),
            None => books.written.closed.push((child, key, at)),
        }
    }
    for review in reviews {
        if books.reviews.insert((child, review.key)) {
            books.written.opened.push(Opened { child, review: review.clone(), at, closed_at: None });
        } else if let Some(opened) = books.written.opened.iter_mut().find(|one| is_open(one, child, &review.key)) {
            opened.review = review.clone();
        } else {
            books.written.renewed.insert((child, review.key), review.clone());
        }
    }
}

fn is_open(one: &Opened, child: ChildKey, key: &domain::port::Alias) -> bool {
    one.child == child && one.review.key == *key && one.closed_at.is_none()
}

/// Keeps the recipient's word. One that comes before the attempt is settled waits for the settlement.
fn acknowledge(books: &mut Books, acknowledged: &Acknowledged) {
    books.written.acknowledgements.push(acknowledged.clone());
    books.acknowledge(acknowledged.delivery);
    if let Some(next) = books.posts.get(&acknowledged.delivery).and_then(|post| post.answered(acknowledged)) {
        books.shift(acknowledged.delivery, &next);
    }
}

/// A later entry may have taken back what an earlier one made due.
fn still_due(books: &Books, due: Vec<(Code, Uuid)>, now: Timestamp) -> Vec<Code> {
    let is_due = |id: &Uuid| books.posts.get(id).is_some_and(|post| post.state == State::Due && post.next_at <= micros(now));
    let mut recipients: Vec<Code> = due.into_iter().filter(|(_, id)| is_due(id)).map(|(recipient, _)| recipient).collect();
    recipients.sort_unstable();
    recipients.dedup();
    recipients
}

/// Versions beyond what a column holds would take longer than the sun has: they match nothing.
fn version(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(-1)
}
