//! `settle`: every outcome, fences, and the recipient's own word.

use super::desk::{at, attempt, causing, code, delivered, delivery, entry, message, notice, settlement, terms};
use super::{Desk, each};
use domain::delivery::{DeliveryState, HoldReason};
use domain::port::{Acknowledged, Clue, Entry, Lease, OperatorAction, Settled, Settlement};
use domain::retry::Next;
use uuid::Uuid;

async fn one(desk: &Desk) -> Lease {
    desk.put(causing(1, 1, 0, vec![notice(1, "RX2", 1)])).await;
    desk.lease_one("RX2", 0).await
}

fn check(next: Next, state: DeliveryState, reason: Option<&str>, attempts: u32) {
    each(async |desk| {
        let lease = one(desk).await;
        assert_eq!(desk.settle(&lease, next.clone(), 5).await, Settled::default());
        let row = desk.row(1).await;
        assert_eq!((row.state, row.reason.as_deref(), row.attempts), (state, reason, attempts));
        assert_eq!(row.settled_at.is_some(), !state.is_pending());
        assert_eq!(row.next_at.is_some(), state == DeliveryState::Due);
    });
}

#[test]
fn each_outcome_leads_to_its_state() {
    check(delivered(), DeliveryState::Delivered, Some("thanks"), 1);
    check(Next::Accepted { reference: "M1".into() }, DeliveryState::Accepted, Some("M1"), 1);
    check(Next::RetryAt(at(9)), DeliveryState::Due, Some("said at 5"), 1);
    check(Next::RetryAt(jiff::Timestamp::MAX), DeliveryState::Due, Some("said at 5"), 1);
    check(Next::Release(at(9)), DeliveryState::Due, None, 0);
    check(Next::Hold { reason: HoldReason::EndpointGone, why: "410".into() }, DeliveryState::Held, Some("endpoint-gone: 410"), 1);
    check(Next::Dead { why: "400".into() }, DeliveryState::Dead, Some("400"), 1);
}

async fn is_stale(desk: &Desk, lease: &Lease, now: i64) -> bool {
    desk.settle(lease, delivered(), now).await.stale == 1
}

#[test]
fn a_settlement_of_a_lease_that_another_took_over_is_stale() {
    each(async |desk| {
        let old = one(desk).await;
        let new = desk.lease_one("RX2", 61).await;
        assert!(is_stale(desk, &old, 62).await);
        assert_eq!(desk.state(1).await, DeliveryState::Leased);
        assert_eq!(desk.balance().await.attempts, 0, "nothing of it is kept");
        assert!(!is_stale(desk, &new, 63).await);
        assert_eq!(desk.state(1).await, DeliveryState::Delivered);
    });
}

#[test]
fn a_lapsed_lease_that_nobody_took_over_still_settles() {
    each(async |desk| {
        let lease = one(desk).await;
        assert!(!is_stale(desk, &lease, 500).await);
        assert_eq!(desk.state(1).await, DeliveryState::Delivered);
    });
}

#[test]
fn a_settlement_counts_once() {
    each(async |desk| {
        let lease = one(desk).await;
        desk.settle(&lease, Next::RetryAt(at(1)), 1).await;
        assert!(is_stale(desk, &lease, 2).await);
        let row = desk.row(1).await;
        assert_eq!((row.state, row.attempts), (DeliveryState::Due, 1));
        let again = desk.lease_one("RX2", 3).await;
        let twice = vec![settlement(&again, delivered(), 4), settlement(&again, delivered(), 4)];
        assert_eq!(desk.ledger().settle(twice).await.unwrap().stale, 1);
        assert_eq!(desk.row(1).await.attempts, 2);
    });
}

#[test]
fn settlements_of_nothing_known_are_stale() {
    each(async |desk| {
        let lease = one(desk).await;
        let unknown = Settlement { delivery: Uuid::from_u128(9), ..settlement(&lease, delivered(), 1) };
        let ahead = Settlement { fence: lease.fence + 1, ..settlement(&lease, delivered(), 1) };
        assert_eq!(desk.ledger().settle(vec![unknown, ahead]).await.unwrap().stale, 2);
        desk.put(causing(2, 2, 0, vec![notice(2, "91Q", 1)])).await;
        let never = Settlement { delivery: delivery(2), fence: 0, attempt: None, next: delivered(), at: at(1) };
        assert_eq!(desk.ledger().settle(vec![never]).await.unwrap().stale, 1);
    });
}

#[test]
fn what_arrived_arrived_though_a_person_moved_it_after_its_lease_lapsed() {
    each(async |desk| {
        let lease = one(desk).await;
        let moved = desk.ledger().operate(vec![delivery(1)], OperatorAction::Hold, "wait".into(), at(61)).await.unwrap();
        assert_eq!(moved, [delivery(1)]);
        desk.settle(&lease, delivered(), 62).await;
        assert_eq!(desk.state(1).await, DeliveryState::Delivered);
    });
}

#[test]
fn a_late_failure_leaves_it_where_a_person_put_it() {
    each(async |desk| {
        let lease = one(desk).await;
        desk.ledger().operate(vec![delivery(1)], OperatorAction::Hold, "wait".into(), at(61)).await.unwrap();
        desk.settle(&lease, Next::RetryAt(at(70)), 62).await;
        let row = desk.row(1).await;
        assert_eq!((row.state, row.reason.as_deref(), row.attempts), (DeliveryState::Held, Some("operator: wait"), 1));
    });
}

#[test]
fn what_was_accepted_is_collected_or_given_back() {
    each(async |desk| {
        let lease = one(desk).await;
        desk.settle(&lease, Next::Accepted { reference: "M1".into() }, 1).await;
        let collected = Settlement { attempt: None, ..settlement(&lease, delivered(), 9) };
        assert_eq!(desk.ledger().settle(vec![collected.clone()]).await.unwrap(), Settled::default());
        assert_eq!((desk.state(1).await, desk.row(1).await.attempts), (DeliveryState::Delivered, 1));
        assert_eq!(desk.ledger().settle(vec![collected]).await.unwrap().stale, 1);
        desk.put(causing(2, 2, 0, vec![notice(2, "RX2", 1)])).await;
        let lease = desk.lease_one("RX2", 10).await;
        desk.settle(&lease, Next::Accepted { reference: "M2".into() }, 11).await;
        let back = Settlement { attempt: None, ..settlement(&lease, Next::RetryAt(at(20)), 12) };
        desk.ledger().settle(vec![back]).await.unwrap();
        assert_eq!(desk.lease_one("RX2", 20).await.delivery, delivery(2));
    });
}

fn word(n: u32, about: u32, status: &'static str) -> Entry {
    let acknowledgement = Acknowledged { delivery: delivery(about), by: code("RX2"), status, at: at(20) };
    Entry { acknowledgement: Some(acknowledgement), ..entry(Some(message(n)), None) }
}

#[test]
fn the_recipients_word_acknowledges_what_is_delivered_or_accepted() {
    for next in [delivered(), Next::Accepted { reference: "M1".into() }] {
        each(async |desk| {
            let lease = one(desk).await;
            desk.settle(&lease, next.clone(), 1).await;
            desk.put(word(2, 1, "read")).await;
            assert_eq!(desk.row(1).await.state, DeliveryState::Acknowledged);
            desk.put(word(3, 1, "acted-on")).await;
            let trace = desk.ledger().trace(Clue::Id(delivery(1))).await.unwrap();
            let words: Vec<_> = trace.iter().filter(|line| line.what == "acknowledgement").map(|line| line.text.as_str()).collect();
            assert_eq!(words, ["read by RX2", "acted-on by RX2"]);
        });
    }
}

/// The two levels are two times: whether it came in time is told by the first, and a late reader does not change it.
#[test]
fn what_was_delivered_in_time_stays_so_when_it_is_read_later() {
    for (next, settled_at) in [(delivered(), 1), (Next::Accepted { reference: "M1".into() }, 20)] {
        each(async |desk| {
            let lease = one(desk).await;
            desk.settle(&lease, next.clone(), 1).await;
            desk.put(word(2, 1, "read")).await;
            assert_eq!(desk.row(1).await.settled_at, Some(at(settled_at)));
        });
    }
}

#[test]
fn a_word_that_comes_before_the_settlement_is_not_lost() {
    each(async |desk| {
        let lease = one(desk).await;
        desk.put(word(2, 1, "read")).await;
        assert_eq!(desk.state(1).await, DeliveryState::Leased);
        desk.settle(&lease, delivered(), 30).await;
        assert_eq!(desk.state(1).await, DeliveryState::Acknowledged);
    });
}

#[test]
fn attempts_are_kept() {
    each(async |desk| {
        let lease = one(desk).await;
        desk.settle(&lease, Next::RetryAt(at(5)), 2).await;
        let lease = desk.lease_one("RX2", 5).await;
        desk.ledger()
            .settle(vec![Settlement { attempt: Some(attempt(6, "delivered")), ..settlement(&lease, delivered(), 6) }])
            .await
            .unwrap();
        let trace = desk.ledger().trace(Clue::Id(delivery(1))).await.unwrap();
        let attempts: Vec<_> = trace.iter().filter(|line| line.what == "attempt").collect();
        assert_eq!(attempts.iter().map(|line| line.at).collect::<Vec<_>>(), [at(2), at(6)]);
        assert!(attempts[0].text.contains("try-later 200 by webhook") && attempts[0].text.contains("said at 2"), "{attempts:?}");
        assert_eq!(desk.record(vec![], terms(0, 0)).await.recorded, []);
    });
}
