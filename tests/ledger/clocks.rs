//! What time does: children to wake, what becomes overdue, reviews that stay open.

use super::desk::{alias, at, causing, child, date, dated, delivered, delivery, entry, message, notice, update};
use super::{Desk, each};
use domain::delivery::Kind;
use domain::port::{ChildUpdate, Clue, NewReview, OperatorAction};
use domain::retry::Next;

#[test]
fn children_wake_when_their_clock_rings_earliest_first() {
    each(async |desk| {
        for (n, wake) in [(1, Some(30)), (2, Some(10)), (3, None), (4, Some(20))] {
            desk.put(entry(None, Some(ChildUpdate { wake_at: wake.map(at), ..update(n, 0) }))).await;
        }
        let wake = async |now, limit| desk.ledger().children_to_wake(at(now), limit).await.unwrap();
        assert!(wake(9, 9).await.is_empty());
        assert_eq!(wake(20, 9).await, [child(2), child(4)]);
        assert_eq!(wake(99, 2).await, [child(2), child(4)]);
        // Decided again: another time, or none.
        desk.put(entry(None, Some(update(2, 1)))).await;
        desk.put(entry(None, Some(ChildUpdate { wake_at: Some(at(40)), ..update(4, 1) }))).await;
        assert_eq!(wake(99, 9).await, [child(1), child(4)]);
    });
}

async fn breaches(desk: &Desk) -> u64 {
    desk.ledger().figures(date("2026-11-20"), date("2026-11-21")).await.unwrap().breaches
}

#[test]
fn what_is_overdue_is_marked_once_and_for_ever() {
    each(async |desk| {
        let notices = vec![
            dated(1, "RX2", 1, Kind::ArrivalNotice, "2026-11-19"),
            dated(2, "91Q", 1, Kind::EndNotice, "2026-11-20"),
            dated(3, "QKS", 1, Kind::Referral, "2026-11-19"),
            dated(4, "QMM", 1, Kind::NoticeCorrection, "2026-11-18"),
            notice(5, "R5", 1),
        ];
        desk.put(causing(1, 1, 0, notices)).await;
        let mark = async |today, now| desk.ledger().mark_breaches(date(today), at(now)).await.unwrap();
        assert_eq!(mark("2026-11-18", 0).await, 0);
        assert_eq!(mark("2026-11-20", 1).await, 3, "1, 3 and 4: 2 has until the evening");
        assert_eq!(mark("2026-11-20", 2).await, 0);
        assert_eq!(mark("2026-11-21", 3).await, 1);
        let lease = desk.lease_one("RX2", 4).await;
        desk.settle(&lease, delivered(), 5).await;
        assert_eq!(breaches(desk).await, 4, "delivered after all, it stays a breach, and is none twice");
        let trace = desk.ledger().trace(Clue::Id(delivery(1))).await.unwrap();
        let marked: Vec<_> = trace.iter().filter(|line| line.text.contains("breached")).map(|line| line.at).collect();
        assert_eq!(marked, [at(1)], "with the time at which it was seen first");
    });
}

#[test]
fn what_is_with_its_recipient_or_withdrawn_is_not_overdue_and_what_is_dead_held_or_not_collected_is() {
    each(async |desk| {
        let late = |n, recipient| vec![dated(n, recipient, 1, Kind::ArrivalNotice, "2026-11-20")];
        let ends = [delivered(), Next::Accepted { reference: "M".into() }, Next::Dead { why: "400".into() }, Next::RetryAt(at(99))];
        for (n, next) in (1..).zip(ends) {
            desk.put(causing(n, u8::try_from(n).unwrap(), 0, late(n, "RX2"))).await;
            let lease = desk.lease_one("RX2", 0).await;
            desk.settle(&lease, next, 1).await;
        }
        for (n, action) in [(5, OperatorAction::Discard), (6, OperatorAction::Hold)] {
            desk.put(causing(n, u8::try_from(n).unwrap(), 0, late(n, "91Q"))).await;
            desk.ledger().operate(vec![delivery(n)], action, "so".into(), at(1)).await.unwrap();
        }
        assert_eq!(
            desk.ledger().mark_breaches(date("2026-11-21"), at(90_000)).await.unwrap(),
            4,
            "2 not collected, 3 dead, 4 retrying, 6 held"
        );
        desk.now = 0;
    });
}

#[test]
fn a_notice_that_arrives_after_its_day_is_marked_at_that_moment() {
    each(async |desk| {
        desk.put(causing(
            1,
            1,
            0,
            vec![dated(1, "RX2", 1, Kind::ArrivalNotice, "2026-11-19"), dated(2, "91Q", 1, Kind::ArrivalNotice, "2026-11-20")],
        ))
        .await;
        for lane in ["RX2", "91Q"] {
            let lease = desk.lease_one(lane, 1).await;
            desk.settle(&lease, delivered(), 2).await;
        }
        assert_eq!(breaches(desk).await, 1);
        assert_eq!(desk.ledger().mark_breaches(date("2026-12-31"), at(9)).await.unwrap(), 0);
    });
}

fn question(key: u8, reason: &'static str) -> NewReview {
    NewReview { key: alias(key), reason, due_on: Some(date("2026-11-27")), detail: vec![key] }
}

#[test]
fn reviews_are_open_as_long_as_the_child_has_them() {
    each(async |desk| {
        let ask = async |n: u32, number: u8, version: u64, now: i64, reviews: Vec<NewReview>| {
            let mut message = message(n);
            message.recorded_at = at(now);
            desk.put(entry(Some(message), Some(ChildUpdate { reviews, ..update(number, version) }))).await;
        };
        let open = async || desk.ledger().reviews(99).await.unwrap().into_iter().map(|row| (row.key, row.opened_at)).collect::<Vec<_>>();
        ask(1, 1, 0, 1, vec![question(1, "postcode-unknown"), question(2, "origin-unknown")]).await;
        ask(2, 2, 0, 2, vec![question(3, "postcode-unknown")]).await;
        assert_eq!(open().await, [(alias(1), at(1)), (alias(2), at(1)), (alias(3), at(2))]);
        // Asked again, it is the same item; what is not asked any more is closed.
        ask(3, 1, 1, 3, vec![NewReview { detail: vec![9], ..question(1, "postcode-ended") }, question(4, "origin-unknown")]).await;
        assert_eq!(open().await, [(alias(1), at(1)), (alias(3), at(2)), (alias(4), at(3))]);
        let first = desk.ledger().reviews(1).await.unwrap().remove(0);
        assert_eq!(
            (first.child, first.reason.as_str(), first.due_on, first.detail),
            (child(1), "postcode-ended", Some(date("2026-11-27")), vec![9])
        );
        let figures = desk.ledger().figures(date("2026-11-20"), date("2026-11-21")).await.unwrap();
        assert_eq!(
            figures.reviews,
            [("origin-unknown".to_owned(), 1), ("postcode-ended".to_owned(), 1), ("postcode-unknown".to_owned(), 1)]
        );
        // A question that comes back is a new item.
        ask(4, 1, 2, 4, vec![]).await;
        ask(5, 1, 3, 5, vec![question(1, "postcode-unknown")]).await;
        assert_eq!(open().await, [(alias(3), at(2)), (alias(1), at(5))]);
    });
}
