//! What is accepted and not collected: feeds with their positions, what rails find out later, and clocks that run on.

use super::desk::{at, attempt, causing, code, date, dated, delivered, delivery, notice, numbers, settlement};
use super::{Desk, each};
use domain::delivery::{DeliveryState, Kind};
use domain::port::{Confirmation, Confirmed, FeedPage, Settlement};
use domain::retry::Next;
use uuid::Uuid;

/// Leases the one that is due and has `adapter` accept it.
async fn accept(desk: &Desk, recipient: &str, adapter: &'static str, now: i64) {
    let lease = desk.lease_one(recipient, now).await;
    let attempt = domain::port::Attempt { adapter, ..attempt(now, "accepted") };
    let next = Next::Accepted { reference: format!("{adapter} {}", numbers(std::slice::from_ref(&lease))[0]) };
    let settlement = Settlement { attempt: Some(attempt), ..settlement(&lease, next, now) };
    assert_eq!(desk.ledger().settle(vec![settlement]).await.unwrap().stale, 0);
}

/// Notice `n` of child `n`, accepted at `now`.
async fn bring(desk: &Desk, n: u32, recipient: &str, adapter: &'static str, now: i64) {
    desk.put(causing(n, u8::try_from(n).unwrap(), 0, vec![notice(n, recipient, 1)])).await;
    accept(desk, recipient, adapter, now).await;
}

async fn page(desk: &Desk, recipient: &str, after: u64, limit: usize) -> FeedPage {
    desk.ledger().feed(code(recipient), after, limit).await.unwrap()
}

fn ids(page: &FeedPage) -> Vec<Uuid> {
    page.items.iter().map(|item| item.delivery).collect()
}

async fn confirm(desk: &Desk, n: u32, outcome: Confirmed, now: i64) -> u64 {
    desk.ledger().confirm(vec![Confirmation { delivery: delivery(n), outcome, at: at(now) }]).await.unwrap()
}

#[test]
fn a_feed_is_read_by_position_and_each_organisation_has_its_own() {
    each(async |desk| {
        for (n, recipient) in [(1, "RX2"), (2, "91Q"), (3, "RX2"), (4, "RX2")] {
            bring(desk, n, recipient, "feed", i64::from(n)).await;
        }
        bring(desk, 5, "RX2", "mesh", 5).await;
        let first = page(desk, "RX2", 0, 2).await;
        assert_eq!((ids(&first), first.more), (vec![delivery(1), delivery(3)], true));
        assert_eq!(
            (&*first.items[0].payload, first.items[0].kind, first.items[0].accepted_at),
            (&b"sealed 1"[..], Kind::ArrivalNotice, at(1))
        );
        assert!(first.items[0].position > 0 && first.items[0].position < first.items[1].position);
        let rest = page(desk, "RX2", first.items[1].position, 2).await;
        assert_eq!((ids(&rest), rest.more), (vec![delivery(4)], false));
        assert_eq!(ids(&page(desk, "91Q", 0, 9).await), [delivery(2)]);
        assert!(page(desk, "QQQ", 0, 9).await.items.is_empty() && page(desk, "RX2", u64::MAX, 9).await.items.is_empty());
    });
}

#[test]
fn what_is_collected_is_delivered_once_and_can_still_be_read() {
    each(async |desk| {
        for (n, recipient) in [(1, "RX2"), (2, "RX2"), (3, "RX2"), (4, "91Q")] {
            bring(desk, n, recipient, "feed", 1).await;
        }
        let positions: Vec<u64> = page(desk, "RX2", 0, 9).await.items.iter().map(|item| item.position).collect();
        let collect = async |up_to, now| desk.ledger().collect(code("RX2"), up_to, at(now)).await.unwrap();
        assert_eq!(collect(0, 5).await, 0);
        assert_eq!(collect(positions[1], 5).await, 2);
        assert_eq!(collect(positions[1], 6).await, 0);
        let states = [desk.state(1).await, desk.state(2).await, desk.state(3).await, desk.state(4).await];
        use DeliveryState::{Accepted, Delivered};
        assert_eq!(states, [Delivered, Delivered, Accepted, Accepted]);
        assert_eq!(desk.row(1).await.settled_at, Some(at(5)));
        assert_eq!(page(desk, "RX2", 0, 9).await.items.len(), 3);
        assert_eq!(collect(u64::MAX, 7).await, 1);
        desk.assert_balanced().await;
        desk.reopen();
        bring(desk, 5, "RX2", "feed", 8).await;
        assert!(page(desk, "RX2", 0, 9).await.items[3].position > positions[2]);
    });
}

#[test]
fn what_nobody_collects_is_not_delivered() {
    each(async |desk| {
        let late = |n| vec![dated(n, "RX2", 1, Kind::Referral, "2026-11-20")];
        for n in [1, 2] {
            desk.put(causing(n, u8::try_from(n).unwrap(), 0, late(n))).await;
            accept(desk, "RX2", "feed", i64::from(n)).await;
        }
        let figures = async || desk.ledger().figures(date("2026-11-21"), date("2026-11-22")).await.unwrap();
        assert_eq!(figures().await.deadlines, [(Kind::Referral, [0, 0, 2])]);
        assert_eq!(figures().await.oldest_accepted, [(code("RX2"), at(1))]);
        let first = page(desk, "RX2", 0, 1).await.items[0].position;
        desk.ledger().collect(code("RX2"), first, at(9)).await.unwrap();
        assert_eq!((figures().await.deadlines, figures().await.breaches), (vec![(Kind::Referral, [0, 0, 1])], 0));
        assert_eq!(figures().await.oldest_accepted, [(code("RX2"), at(2))]);
        // Collected after its day it is a breach, though nobody had looked before.
        desk.ledger().collect(code("RX2"), u64::MAX, at(90_000)).await.unwrap();
        let after = figures().await;
        assert_eq!((after.deadlines, after.oldest_accepted, after.breaches), (vec![], vec![], 1));
        assert_eq!(desk.ledger().mark_breaches(date("2026-11-30"), at(99_000)).await.unwrap(), 0);
    });
}

#[test]
fn what_a_rail_has_accepted_is_listed_with_what_it_calls_it() {
    each(async |desk| {
        for (n, adapter) in [(1, "mesh"), (2, "feed"), (3, "mesh"), (4, "mesh")] {
            bring(desk, n, "RX2", adapter, i64::from(n)).await;
        }
        let accepted = async |after, limit| desk.ledger().accepted("mesh", after, limit).await.unwrap();
        let first = accepted(None, 2).await;
        assert_eq!(first.iter().map(|row| row.delivery).collect::<Vec<_>>(), [delivery(1), delivery(3)]);
        assert_eq!(
            (first[1].recipient, first[1].adapter.as_str(), first[1].reference.as_str(), first[1].accepted_at),
            (code("RX2"), "mesh", "mesh 3", at(3))
        );
        // The one that was last seen may be done by the time of the next page.
        assert_eq!(confirm(desk, 3, Confirmed::Delivered { receipt: "collected".into() }, 5).await, 1);
        assert_eq!(accepted(Some(delivery(3)), 9).await.iter().map(|row| row.delivery).collect::<Vec<_>>(), [delivery(4)]);
        assert_eq!(accepted(None, 9).await.len(), 2);
        assert!(desk.ledger().accepted("webhook", None, 9).await.unwrap().is_empty());
    });
}

#[test]
fn a_rail_confirms_only_what_it_had_accepted() {
    each(async |desk| {
        for n in [1, 2, 3] {
            bring(desk, n, "RX2", "mesh", 1).await;
        }
        desk.put(causing(4, 4, 0, vec![notice(4, "91Q", 1)])).await;
        let why = || "not collected in five days".to_owned();
        assert_eq!(confirm(desk, 1, Confirmed::Delivered { receipt: "collected".into() }, 5).await, 1);
        assert_eq!(confirm(desk, 2, Confirmed::Dead { why: why() }, 5).await, 1);
        assert_eq!(confirm(desk, 3, Confirmed::Again { why: why() }, 5).await, 1);
        for n in [1, 2, 3, 4, 99] {
            assert_eq!(confirm(desk, n, Confirmed::Dead { why: why() }, 6).await, 0, "{n}");
        }
        let states = [desk.state(1).await, desk.state(2).await, desk.state(3).await, desk.state(4).await];
        use DeliveryState::{Dead, Delivered, Due};
        assert_eq!(states, [Delivered, Dead, Due, Due]);
        assert_eq!((desk.row(1).await.reason.unwrap(), desk.row(2).await.settled_at), ("collected".into(), Some(at(5))));
        let again = desk.lease_one("RX2", 5).await;
        assert_eq!((again.delivery, again.attempts, again.fence), (delivery(3), 1, 2));
        desk.settle(&again, delivered(), 6).await;
    });
}

#[test]
fn what_is_given_back_stands_before_what_came_after_it_and_leaves_the_feed() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![notice(1, "RX2", 1), notice(2, "RX2", 2)])).await;
        accept(desk, "RX2", "feed", 1).await;
        let first = page(desk, "RX2", 0, 9).await.items[0].position;
        assert_eq!(confirm(desk, 1, Confirmed::Again { why: "the feed was closed".into() }, 2).await, 1);
        assert!(page(desk, "RX2", 0, 9).await.items.is_empty());
        desk.assert_balanced().await;
        accept(desk, "RX2", "feed", 3).await;
        let again = page(desk, "RX2", first, 9).await;
        assert_eq!(ids(&again), [delivery(1)], "who has read past its first position sees it again");
        assert_eq!(desk.lease_one("RX2", 4).await.delivery, delivery(2));
        desk.now = 4;
    });
}
