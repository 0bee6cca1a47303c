//! `figures` and `balance`.

use super::desk::{at, causing, code, date, dated, delivered, entry, held, message, notice, terms};
use super::each;
use domain::delivery::{DeliveryState, HoldReason, Kind};
use domain::port::MessageRow;
use domain::retry::Next;

#[test]
fn figures_say_what_is_pending_and_how_long() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![notice(1, "RX2", 1), notice(2, "RX2", 2), held(3, "91Q", 1, HoldReason::Review)])).await;
        let mut later = causing(2, 2, 0, vec![notice(4, "RX2", 1), notice(5, "QKS", 1)]);
        later.message.as_mut().unwrap().recorded_at = at(50);
        desk.put(later).await;
        desk.put(entry(Some(MessageRow { verdict: "rejected", ..message(3) }), None)).await;
        let lease = desk.lease_one("RX2", 1).await;
        let done = desk.lease_one("QKS", 50).await;
        desk.settle(&done, delivered(), 51).await;
        let figures = async || desk.ledger().figures(date("2026-11-20"), date("2026-11-21")).await.unwrap();
        let now = figures().await;
        let of = |recipient: &str, state, n| (code(recipient), state, n);
        assert_eq!(now.backlog, [of("91Q", DeliveryState::Held, 1), of("RX2", DeliveryState::Due, 2), of("RX2", DeliveryState::Leased, 1)]);
        assert_eq!(now.oldest_due, [(code("91Q"), at(0)), (code("RX2"), at(0))]);
        let count = |verdict: &str, n| ("placement-change".to_owned(), verdict.to_owned(), n);
        assert_eq!(now.messages, [count("accepted", 2), count("rejected", 1)]);
        desk.settle(&lease, Next::Dead { why: "400".into() }, 53).await;
        let two = desk.lease("RX2", 53).await;
        for lease in &two {
            desk.settle(lease, delivered(), 54).await;
        }
        assert_eq!(figures().await.backlog, [of("91Q", DeliveryState::Held, 1)]);
    });
}

#[test]
fn deadlines_are_on_time_at_risk_or_overdue() {
    each(async |desk| {
        // A Friday, which warns of Monday 23.
        let days = [(1, "2026-11-30"), (2, "2026-11-24"), (3, "2026-11-23"), (4, "2026-11-20"), (5, "2026-11-19")];
        for (n, day) in days {
            desk.put(causing(n, u8::try_from(n).unwrap(), 0, vec![dated(n, "RX2", 1, Kind::ArrivalNotice, day)])).await;
        }
        desk.put(causing(
            6,
            6,
            0,
            vec![dated(6, "91Q", 1, Kind::EndNotice, "2026-11-19"), dated(7, "QKS", 1, Kind::ReclaimRequest, "2026-11-19")],
        ))
        .await;
        let deadlines = async || desk.ledger().figures(date("2026-11-20"), date("2026-11-23")).await.unwrap().deadlines;
        assert_eq!(deadlines().await, [(Kind::ArrivalNotice, [2, 2, 1]), (Kind::EndNotice, [0, 0, 1]), (Kind::ReclaimRequest, [0, 0, 1])]);
        // A breach is still undelivered, and so is what is dead; what is delivered is not.
        desk.ledger().mark_breaches(date("2026-11-20"), at(1)).await.unwrap();
        let end = desk.lease_one("91Q", 1).await;
        desk.settle(&end, Next::Dead { why: "400".into() }, 2).await;
        for lease in desk.lease("RX2", 1).await {
            desk.settle(&lease, delivered(), 2).await;
        }
        assert_eq!(deadlines().await, [(Kind::EndNotice, [0, 0, 1]), (Kind::ReclaimRequest, [0, 0, 1])]);
    });
}

#[test]
fn balance_counts_everything_and_sees_a_lease_that_lapsed() {
    each(async |desk| {
        desk.record(vec![causing(1, 1, 0, vec![notice(1, "RX2", 1), notice(2, "RX2", 2), notice(3, "91Q", 1)])], terms(0, 1)).await;
        let lease = desk.lease_one("91Q", 0).await;
        desk.settle(&lease, delivered(), 1).await;
        let balance = desk.ledger().balance(at(60)).await.unwrap();
        assert_eq!([balance.messages, balance.obligations, balance.deliveries, balance.attempts], [1, 3, 3, 1]);
        assert_eq!(balance.states, [(DeliveryState::Due, 1), (DeliveryState::Leased, 1), (DeliveryState::Delivered, 1)]);
        assert!(balance.mistakes.is_empty());
        let later = desk.ledger().balance(at(61)).await.unwrap();
        assert!(later.mistakes.len() == 1 && later.mistakes[0].contains("lapsed"), "{:?}", later.mistakes);
    });
}
