//! `record` and `load`: batches, conflicts, duplicates, leases at recording, retraction.

use super::desk::{
    causing, child, code, delivered, delivery, entry, held, key, message, message_id, notice, numbers, obligation, terms, update,
};
use super::{Desk, each};
use domain::delivery::{DeliveryState, HoldReason, ObligationState};
use domain::port::{ChildUpdate, Entry, LeaseTerms, MessageKey, MessageRow, Recorded};
use std::sync::Arc;

async fn check(desk: &Desk, entries: Vec<Entry>, expected: &[Recorded]) {
    assert_eq!(desk.record(entries, terms(0, 0)).await.recorded, expected);
}

use Recorded::{Conflict, Done};

#[test]
fn what_was_recorded_can_be_loaded() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![notice(1, "RX2", 1)])).await;
        let loaded = desk.ledger().load(vec![child(2), child(1)], vec![key(9), key(1)]).await.unwrap();
        let (new, known) = (&loaded.children[0], &loaded.children[1]);
        assert_eq!((new.key, new.version, new.casefile.as_slice()), (child(2), 0, [].as_slice()));
        assert_eq!((known.key, known.version, known.casefile.as_slice()), (child(1), 1, b"casefile 1 version 1".as_slice()));
        assert!(loaded.messages[0].is_none());
        let message = loaded.messages[1].as_ref().unwrap();
        assert_eq!((message.digest, message.envelope.as_slice()), ([7; 32], b"sealed envelope 1".as_slice()));
        assert_eq!((message.content_type.as_str(), message.receipt.as_str()), ("application/json", "{\"receipt\":1}"));
    });
}

#[test]
fn a_child_that_moved_on_is_a_conflict_and_leaves_no_trace() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![])).await;
        check(desk, vec![causing(2, 1, 0, vec![notice(2, "RX2", 1)])], &[Conflict]).await;
        check(desk, vec![causing(2, 1, 2, vec![notice(2, "RX2", 1)])], &[Conflict]).await;
        let loaded = desk.ledger().load(vec![child(1)], vec![key(2)]).await.unwrap();
        assert!(loaded.messages[0].is_none() && loaded.children[0].version == 1);
        assert_eq!(desk.balance().await.deliveries, 0);
        // Read again and decided again, it goes.
        check(desk, vec![causing(2, 1, 1, vec![notice(2, "RX2", 1)])], &[Done]).await;
    });
}

#[test]
fn a_message_that_is_there_is_a_conflict() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![])).await;
        let again =
            |n| Entry { message: Some(MessageRow { id: message_id(n), ..message(1) }), ..causing(1, 2, 0, vec![notice(n, "RX2", 1)]) };
        check(desk, vec![again(7)], &[Conflict]).await;
        assert_eq!(desk.version(2).await, 0);
        // The same id of another publisher is another message, and so are unreadable bytes of that name.
        let other = |publisher| MessageRow { id: message_id(8), key: MessageKey { publisher, ..key(1) }, ..message(1) };
        check(desk, vec![entry(Some(other(code("E06000043"))), None)], &[Done]).await;
        check(desk, vec![entry(Some(MessageRow { id: message_id(9), ..other(domain::Code::NONE) }), None)], &[Done]).await;
        assert_eq!(desk.balance().await.messages, 3);
    });
}

#[test]
fn a_conflict_takes_the_childs_later_entries_along_and_nobody_elses() {
    each(async |desk| {
        let batch = vec![
            causing(1, 1, 0, vec![notice(1, "RX2", 1)]),
            causing(2, 1, 1, vec![notice(2, "RX2", 2)]),
            causing(3, 1, 1, vec![notice(3, "RX2", 3)]),
            causing(4, 2, 0, vec![notice(4, "RX2", 1)]),
            causing(5, 1, 2, vec![notice(5, "RX2", 3)]),
        ];
        check(desk, batch, &[Done, Done, Conflict, Done, Conflict]).await;
        assert_eq!((desk.version(1).await, desk.version(2).await), (2, 1));
        assert_eq!(desk.balance().await.deliveries, 3);
    });
}

#[test]
fn a_duplicate_within_one_batch_is_a_conflict_and_so_is_what_follows_of_its_child() {
    each(async |desk| {
        let again = Entry { message: Some(MessageRow { id: message_id(7), ..message(1) }), ..causing(1, 2, 0, vec![]) };
        check(desk, vec![causing(1, 1, 0, vec![]), again, causing(3, 2, 0, vec![])], &[Done, Conflict, Conflict]).await;
        assert_eq!(desk.balance().await.messages, 1);
    });
}

#[test]
fn a_failing_batch_leaves_nothing_and_takes_no_neighbour_along() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![notice(1, "RX2", 1)])).await;
        // A delivery id that is taken is a mistake of the caller: the whole batch fails.
        let bad = desk
            .ledger()
            .record(vec![causing(2, 2, 0, vec![notice(2, "RX2", 1)]), causing(3, 3, 0, vec![notice(1, "91Q", 1)])], terms(0, 5));
        let good = desk.ledger().record(vec![causing(4, 4, 0, vec![notice(4, "QKS", 1)])], terms(0, 5));
        let (bad, good) = tokio::join!(bad, good);
        let error = bad.unwrap_err();
        assert!(!error.transient && !error.what.is_empty());
        assert_eq!(numbers(&good.unwrap().leased), [4]);
        assert_eq!([desk.version(2).await, desk.version(3).await, desk.version(4).await], [0, 0, 1]);
        assert_eq!(desk.balance().await.messages, 2);
    });
}

#[test]
fn messages_without_a_child_and_clocks_without_a_message_are_recorded() {
    each(async |desk| {
        check(desk, vec![entry(Some(message(1)), None), entry(None, Some(update(1, 0)))], &[Done, Done]).await;
        check(desk, vec![entry(None, Some(ChildUpdate { issue: vec![notice(1, "RX2", 1)], ..update(1, 1) }))], &[Done]).await;
        assert_eq!(desk.version(1).await, 2);
        let lease = desk.lease_one("RX2", 0).await;
        assert_eq!(lease.traceparent, None);
    });
}

#[test]
fn new_deliveries_come_leased_up_to_the_limit() {
    each(async |desk| {
        let batch = vec![
            causing(1, 1, 0, vec![notice(1, "RX2", 1), notice(2, "91Q", 1), notice(3, "RX2", 2)]),
            causing(2, 2, 0, vec![held(4, "RX2", 1, HoldReason::Review), notice(5, "QKS", 1), notice(6, "QMM", 1)]),
        ];
        let terms = LeaseTerms { shut: Arc::from([code("91Q")]), ..terms(0, 2) };
        let outcome = desk.record(batch, terms).await;
        // 2: its lane is shut. 3: behind 1. 4: held. 6: beyond the limit.
        assert_eq!(numbers(&outcome.leased), [1, 5]);
        assert_eq!(outcome.due, [code("91Q"), code("QMM")]);
        let lease = &outcome.leased[0];
        assert_eq!((lease.obligation, lease.child, lease.fence, lease.attempts), (obligation(1), child(1), 1, 0));
        assert_eq!((&*lease.payload, lease.traceparent.as_deref()), (b"sealed 1".as_slice(), message(1).traceparent.as_deref()));
        assert_eq!((lease.recorded_at, lease.until, lease.sequence), (super::desk::at(0), super::desk::at(60), 1));
        desk.settle(lease, delivered(), 1).await;
        assert_eq!(desk.state(1).await, DeliveryState::Delivered);
    });
}

#[test]
fn touched_is_what_was_ever_leased() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![notice(1, "RX2", 1), notice(2, "91Q", 1), notice(3, "QKS", 1)])).await;
        let touched = async || desk.ledger().load(vec![child(1)], vec![]).await.unwrap().children.remove(0).touched;
        assert!(touched().await.is_empty());
        let lease = desk.lease_one("RX2", 0).await;
        desk.lease_one("91Q", 0).await;
        assert_eq!(touched().await, [obligation(1), obligation(2)]);
        // Released unsent, it may still have been seen: nobody can tell.
        desk.settle(&lease, domain::retry::Next::Release(super::desk::at(5)), 1).await;
        assert_eq!(touched().await, [obligation(1), obligation(2)]);
    });
}

#[test]
fn what_was_never_leased_can_be_retracted() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![notice(1, "RX2", 1), notice(2, "91Q", 1), held(3, "QKS", 1, HoldReason::NoEndpoint)])).await;
        let retract = ChildUpdate { retract: vec![obligation(1), obligation(3)], ..update(1, 1) };
        desk.put(entry(Some(message(2)), Some(retract))).await;
        let states = [desk.state(1).await, desk.state(2).await, desk.state(3).await];
        assert_eq!(states, [DeliveryState::Withdrawn, DeliveryState::Due, DeliveryState::Withdrawn]);
        assert!(desk.lease("RX2", 9).await.is_empty());
    });
}

#[test]
fn what_was_ever_leased_cannot_be_retracted() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![notice(1, "RX2", 1), notice(2, "91Q", 1)])).await;
        let lease = desk.lease_one("RX2", 0).await;
        let retract = |n| entry(Some(message(n)), Some(ChildUpdate { retract: vec![obligation(2), obligation(1)], ..update(1, 1) }));
        check(desk, vec![retract(2), causing(3, 1, 1, vec![])], &[Conflict, Conflict]).await;
        assert_eq!(desk.state(2).await, DeliveryState::Due);
        desk.settle(&lease, domain::retry::Next::Release(super::desk::at(1)), 1).await;
        check(desk, vec![retract(2)], &[Conflict]).await;
        assert_eq!(desk.version(1).await, 1);
    });
}

#[test]
fn a_later_entry_may_retract_what_an_earlier_one_issued() {
    each(async |desk| {
        let retract =
            entry(Some(message(2)), Some(ChildUpdate { retract: vec![obligation(1)], issue: vec![notice(2, "RX2", 2)], ..update(1, 1) }));
        let outcome = desk.record(vec![causing(1, 1, 0, vec![notice(1, "RX2", 1)]), retract], terms(0, 9)).await;
        assert_eq!(outcome.recorded, [Done, Done]);
        assert_eq!((numbers(&outcome.leased), outcome.due.len()), (vec![2], 0));
        assert_eq!(desk.state(1).await, DeliveryState::Withdrawn);
    });
}

#[test]
fn marks_move_obligations_and_only_retraction_withdraws() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![notice(1, "RX2", 1), notice(2, "91Q", 1)])).await;
        let marks = vec![(obligation(1), ObligationState::Corrected), (obligation(2), ObligationState::Retracted)];
        desk.put(entry(Some(message(2)), Some(ChildUpdate { mark: marks, ..update(1, 1) }))).await;
        assert_eq!([desk.state(1).await, desk.state(2).await], [DeliveryState::Due, DeliveryState::Withdrawn]);
        let trace = desk.ledger().trace(domain::port::Clue::Id(delivery(1))).await.unwrap();
        assert!(trace.iter().any(|line| line.what == "obligation" && line.text.contains("corrected")), "{trace:?}");
    });
}

#[test]
fn another_childs_obligations_are_out_of_reach() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![notice(1, "RX2", 1)])).await;
        desk.put(causing(2, 2, 0, vec![])).await;
        let retract = ChildUpdate { retract: vec![obligation(1)], ..update(2, 1) };
        let mark = ChildUpdate { mark: vec![(obligation(1), ObligationState::Withdrawn)], ..update(2, 1) };
        check(desk, vec![entry(Some(message(3)), Some(retract))], &[Conflict]).await;
        check(desk, vec![entry(Some(message(4)), Some(mark))], &[Conflict]).await;
        assert_eq!(desk.state(1).await, DeliveryState::Due);
    });
}
