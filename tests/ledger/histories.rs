//! A child's whole record, and every child there is.

use super::desk::{
    alias, at, causing, child, code, date, dated, delivered, delivery, entry, key, message, message_id, notice, obligation, update,
};
use super::each;
use domain::delivery::{DeliveryState, Kind, ObligationState};
use domain::port::{Acknowledged, AcknowledgementRow, ChildUpdate, Entry, NewObligation};
use domain::retry::Next;

#[test]
fn a_history_is_all_that_was_heard_owed_tried_and_said() {
    each(async |desk| {
        let mut first = causing(1, 1, 0, vec![dated(1, "RX2", 1, Kind::ArrivalNotice, "2026-11-19"), notice(2, "91Q", 1)]);
        first.child.as_mut().unwrap().aliases = vec![alias(11)];
        desk.put(first).await;
        desk.put(causing(9, 2, 0, vec![notice(9, "RX2", 1)])).await;
        let lease = desk.lease("RX2", 0).await.into_iter().find(|lease| lease.delivery == delivery(1)).unwrap();
        desk.settle(&lease, Next::RetryAt(at(5)), 2).await;
        let lease = desk.lease_one("RX2", 5).await;
        desk.settle(&lease, delivered(), 6).await;
        let correction = NewObligation { kind: Kind::NoticeCorrection, supersedes: Some(obligation(1)), ..notice(3, "RX2", 2) };
        let change = ChildUpdate { issue: vec![correction], mark: vec![(obligation(1), ObligationState::Corrected)], ..update(1, 1) };
        desk.put(entry(None, Some(change))).await;
        let word = Acknowledged { delivery: delivery(1), by: code("RX2"), status: "read", at: at(20) };
        desk.put(Entry { acknowledgement: Some(word), ..entry(Some(message(2)), None) }).await;

        let histories = desk.ledger().histories(alias(11)).await.unwrap();
        assert_eq!(histories.len(), 1);
        let history = &histories[0];
        assert_eq!((history.child.key, history.child.version, &history.child.casefile[..]), (child(1), 2, &b"casefile 1 version 2"[..]));
        assert_eq!(history.messages.iter().map(|note| note.id).collect::<Vec<_>>(), [message_id(1), message_id(2)]);
        let note = &history.messages[0];
        assert_eq!(
            (&note.key, note.message_type.as_str(), note.verdict.as_str(), note.digest),
            (&key(1), "placement-change", "accepted", [7; 32])
        );
        assert_eq!(history.deliveries.iter().map(|one| one.row.id).collect::<Vec<_>>(), [1, 2, 3].map(delivery));
        let one = &history.deliveries[0];
        assert_eq!(
            (one.obligation_state, one.basis.as_str(), one.sequence, one.message),
            (ObligationState::Corrected, "reg 13(4)", 1, Some(message_id(1)))
        );
        assert_eq!((one.row.state, one.row.due_on, one.breached_at), (DeliveryState::Acknowledged, Some(date("2026-11-19")), Some(at(6))));
        assert_eq!(&*one.payload, b"sealed 1");
        let attempts: Vec<_> = one.attempts.iter().map(|attempt| (attempt.ended_at, attempt.outcome.as_str(), attempt.status)).collect();
        assert_eq!(attempts, [(at(2), "try-later", Some(200)), (at(6), "delivered", Some(200))]);
        assert_eq!(one.acknowledgements, [AcknowledgementRow { by: code("RX2"), status: "read".into(), at: at(20) }]);
        let last = &history.deliveries[2];
        assert_eq!((last.supersedes, last.message, last.attempts.len()), (Some(obligation(1)), None, 0));
    });
}

#[test]
fn an_alias_of_several_children_gives_each_and_one_of_nobody_none() {
    each(async |desk| {
        for n in [2, 1, 3] {
            let aliases = if n < 3 { vec![alias(11)] } else { vec![alias(12)] };
            desk.put(entry(None, Some(ChildUpdate { aliases, ..update(n, 0) }))).await;
        }
        let keys = async |number| desk.ledger().histories(alias(number)).await.unwrap().iter().map(|one| one.child.key).collect::<Vec<_>>();
        assert_eq!(keys(11).await, [child(1), child(2)]);
        assert!(keys(13).await.is_empty());
    });
}

#[test]
fn every_child_comes_once_in_the_order_of_the_keys() {
    each(async |desk| {
        for n in [3, 0, 255, 1, 2] {
            desk.put(entry(None, Some(update(n, 0)))).await;
        }
        let mut found = Vec::new();
        loop {
            let page = desk.ledger().children(found.last().copied(), 2).await.unwrap();
            assert!(page.len() <= 2);
            if page.is_empty() {
                break;
            }
            found.extend(page);
        }
        assert_eq!(found, [0, 1, 2, 3, 255].map(child));
    });
}
