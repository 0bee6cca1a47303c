//! `settle`, `confirm`, `collect`, `operate`: where deliveries stand after what happened to them.

use crate::books::{Books, Needs};
use crate::write::{Acceptance, StateChange, number};
use domain::Code;
use domain::delivery::ObligationState;
use domain::ledger::columns::{State, micros};
use domain::port::{Confirmation, News, OperatorAction, Settled, Settlement};
use domain::retry::Next;
use jiff::Timestamp;
use uuid::Uuid;

pub fn settle(books: &mut Books, settlements: &[Settlement]) -> Settled {
    let mut settled = Settled::default();
    for settlement in settlements {
        let Some(post) = books.posts.get(&settlement.delivery).filter(|post| post.hears(settlement)) else {
            settled.stale += 1;
            continue;
        };
        let (id, recipient, child, kind, fence) = (post.id, post.recipient, post.child, post.kind, post.fence);
        let (next, attempts) = (post.settled(settlement), post.attempts_after(settlement));
        if let Some(attempt) = &settlement.attempt {
            books.written.attempts.push((id, fence, attempt.clone()));
        }
        match next {
            Some(next) => {
                books.shift(id, &next);
                if let (Next::Accepted { reference }, State::Accepted) = (&settlement.next, next.to) {
                    let adapter = settlement.attempt.as_ref().map_or("", |attempt| attempt.adapter);
                    let at = micros(settlement.at);
                    books.written.accept(Acceptance { delivery: id, recipient, adapter, reference: reference.clone(), at });
                    books.news.push(News::Accepted(recipient));
                }
            }
            None => books.close_lease(id, attempts),
        }
        if books.line_up(recipient, child, kind).is_some_and(|next_at| next_at <= micros(settlement.at)) {
            settled.due.push(recipient);
        }
    }
    settled.due.sort_unstable();
    settled.due.dedup();
    books.news.extend(settled.due.iter().copied().map(News::Due));
    settled
}

pub fn confirm(books: &mut Books, confirmations: &[Confirmation]) -> u64 {
    let mut moved = 0;
    for confirmation in confirmations {
        let Some(post) = books.posts.get(&confirmation.delivery) else { continue };
        let (recipient, child, kind) = (post.recipient, post.child, post.kind);
        let Some(next) = post.confirmed(confirmation) else { continue };
        books.shift(confirmation.delivery, &next);
        if next.to == State::Due {
            // What was issued since then stands behind it again.
            books.line_up(recipient, child, kind);
            books.news.push(News::Due(recipient));
        }
        moved += 1;
    }
    moved
}

pub fn collect_needs(recipient: Code, up_to: u64, needs: &mut Needs) {
    needs.feeds.push((recipient, number(up_to)));
}

pub fn collect(books: &mut Books, recipient: Code, up_to: u64, now: Timestamp) -> u64 {
    let up_to = number(up_to);
    let waiting: Vec<(i64, Uuid)> = books
        .uncollected
        .iter()
        .filter(|(of, position, _)| *of == recipient && *position <= up_to)
        .map(|(_, position, id)| (*position, *id))
        .collect();
    let mut moved = 0;
    for (position, id) in waiting {
        // Another hub may have been asked at the same time.
        let Some(post) = books.posts.get(&id).filter(|post| post.state == State::Accepted) else { continue };
        let next = post.collected(Some(format!("collected from the feed at position {position}")), now);
        books.shift(id, &next);
        moved += 1;
    }
    moved
}

/// Moves each delivery that may be moved. One in flight is left alone: its attempt decides, and can be asked about after.
pub fn operate(books: &mut Books, deliveries: &[Uuid], action: OperatorAction, reason: &str, now: Timestamp) -> Vec<Uuid> {
    let mut moved = Vec::new();
    for delivery in deliveries {
        let Some(post) = books.posts.get(delivery) else { continue };
        let (recipient, child, kind) = (post.recipient, post.child, post.kind);
        let Some(next) = post.operated(action, reason, now) else { continue };
        books.shift(*delivery, &next);
        if next.to == State::Due {
            // What a rule held for a person's decision is owed like the rest once that person lets it go.
            let (to, from) = (ObligationState::InForce, Some(ObligationState::Held));
            books.written.change_state(*delivery, StateChange { to, from, at: micros(now) });
            books.news.push(News::Due(recipient));
        }
        books.line_up(recipient, child, kind);
        books.written.actions.push((*delivery, action.name(), reason.to_owned(), micros(now)));
        moved.push(*delivery);
    }
    moved
}
