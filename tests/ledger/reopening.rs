//! What was answered is durable: after a restart all of it is there, and what was leased is due at once.

use super::desk::{alias, at, causing, child, code, date, dated, delivered, delivery, key, notice, numbers, terms};
use super::each;
use domain::delivery::{DeliveryState, HoldReason, Kind};
use domain::port::{Clue, DeliveryFilter};
use domain::retry::Next;

#[test]
fn everything_is_there_after_a_restart() {
    each(async |desk| {
        let mut first =
            causing(1, 1, 0, vec![dated(1, "RX2", 1, Kind::ArrivalNotice, "2026-11-19"), notice(2, "RX2", 2), notice(3, "91Q", 1)]);
        first.child.as_mut().unwrap().aliases = vec![alias(11)];
        desk.put(first).await;
        let lease = desk.lease_one("RX2", 0).await;
        desk.settle(&lease, Next::RetryAt(at(500)), 1).await;
        desk.ledger().hold_lane(code("91Q"), Some(HoldReason::EndpointGone), at(2)).await.unwrap();
        desk.ledger().mark_breaches(date("2026-11-20"), at(3)).await.unwrap();
        let page = DeliveryFilter { limit: 99, ..DeliveryFilter::default() };
        let before = (
            desk.balance().await,
            format!("{:?}", desk.rows(page.clone()).await),
            format!("{:?}", desk.ledger().figures(date("2026-11-20"), date("2026-11-21")).await.unwrap()),
        );
        let trace = desk.ledger().trace(Clue::Alias(alias(11))).await.unwrap().len();
        desk.reopen();
        let after = (
            desk.balance().await,
            format!("{:?}", desk.rows(page).await),
            format!("{:?}", desk.ledger().figures(date("2026-11-20"), date("2026-11-21")).await.unwrap()),
        );
        assert_eq!(before, after);
        assert_eq!(desk.ledger().trace(Clue::Alias(alias(11))).await.unwrap().len(), trace);
        let loaded = desk.ledger().load(vec![child(1)], vec![key(1)]).await.unwrap();
        assert!(loaded.messages[0].is_some() && loaded.children[0].version == 1);
        assert_eq!(desk.lease_one("RX2", 500).await.attempts, 1);
    });
}

#[test]
fn what_a_dead_process_had_leased_is_due_with_a_new_fence() {
    each(async |desk| {
        let outcome = desk
            .record(
                vec![causing(1, 1, 0, vec![notice(1, "RX2", 1), notice(2, "RX2", 2)]), causing(2, 2, 0, vec![notice(3, "RX2", 1)])],
                terms(0, 1),
            )
            .await;
        let three = desk.lease_one("RX2", 0).await;
        desk.settle(&three, Next::RetryAt(at(1)), 0).await;
        let three = desk.lease_one("RX2", 1).await;
        desk.reopen();
        assert_eq!(desk.ledger().lanes(at(2)).await.unwrap().len(), 1);
        // Where the process had the ledger to itself, at once. Where others may be at work, when the leases lapse: nobody knows whose
        // they are.
        let now = if desk.shelf.is_shared { 62 } else { 2 };
        let state = if desk.shelf.is_shared { DeliveryState::Leased } else { DeliveryState::Due };
        assert_eq!(desk.state(1).await, state);
        if desk.shelf.is_shared {
            assert!(desk.lease("RX2", 2).await.is_empty());
        }
        let again = desk.lease("RX2", now).await;
        assert_eq!(numbers(&again), [1, 3]);
        assert_eq!((again[0].attempts, again[1].attempts), (0, 1));
        assert!(again[0].fence > outcome.leased[0].fence && again[1].fence > three.fence);
        assert_eq!(desk.settle(&three, delivered(), now + 1).await.stale, 1, "the dead process speaks no more");
    });
}

#[test]
fn ids_go_on_where_they_were() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![notice(1, "RX2", 1)])).await;
        desk.reopen();
        desk.put(causing(2, 1, 1, vec![notice(2, "RX2", 2), notice(3, "QKS", 1)])).await;
        desk.reopen();
        let newest = desk.rows(DeliveryFilter { limit: 2, ..DeliveryFilter::default() }).await;
        assert_eq!(newest.iter().map(|row| row.id).collect::<Vec<_>>(), [delivery(3), delivery(2)]);
    });
}
