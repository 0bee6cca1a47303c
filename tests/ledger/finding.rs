//! `find_children` and `trace`.

use super::desk::{alias, at, causing, child, code, delivered, delivery, entry, message, message_id, notice, obligation, update};
use super::{Desk, each};
use domain::port::{Acknowledged, ChildUpdate, Clue, Entry, Found, MessageKey, MessageRow, OperatorAction};
use uuid::Uuid;

async fn find(desk: &Desk, clues: &[Clue]) -> Vec<Option<Found>> {
    desk.ledger().find_children(clues.to_vec()).await.unwrap()
}

fn just(number: u8) -> Option<Found> {
    Some(Found { child: child(number), delivery: None })
}

#[test]
fn a_child_is_found_by_each_clue() {
    each(async |desk| {
        let mut first = causing(1, 1, 0, vec![notice(1, "RX2", 1)]);
        first.child.as_mut().unwrap().aliases = vec![alias(11), alias(12)];
        desk.put(first).await;
        let with_delivery = Some(Found { child: child(1), delivery: Some((delivery(1), code("RX2"))) });
        let clues = [
            Clue::Alias(alias(12)),
            Clue::Id(obligation(1)),
            Clue::Id(delivery(1)),
            Clue::Id(message_id(1)),
            Clue::MessageId("message-1".into()),
            Clue::Alias(alias(13)),
            Clue::Id(Uuid::from_u128(9)),
            Clue::MessageId("message-2".into()),
        ];
        assert_eq!(find(desk, &clues).await, [just(1), with_delivery.clone(), with_delivery, just(1), just(1), None, None, None]);
    });
}

#[test]
fn an_alias_may_be_told_again_and_one_that_two_share_names_neither() {
    each(async |desk| {
        let with = |n, number, version, aliases| entry(Some(message(n)), Some(ChildUpdate { aliases, ..update(number, version) }));
        desk.put(with(1, 1, 0, vec![alias(11), alias(12)])).await;
        desk.put(with(2, 1, 1, vec![alias(11)])).await;
        desk.put(with(3, 2, 0, vec![alias(12)])).await;
        assert_eq!(find(desk, &[Clue::Alias(alias(11)), Clue::Alias(alias(12))]).await, [just(1), None]);
    });
}

#[test]
fn a_message_id_that_two_publishers_used_for_two_children_names_neither() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![])).await;
        let other = MessageRow {
            id: message_id(2),
            key: MessageKey { publisher: code("E06000043"), message_id: "message-1".into() },
            ..message(1)
        };
        desk.put(entry(Some(other), Some(update(2, 0)))).await;
        assert_eq!(find(desk, &[Clue::MessageId("message-1".into())]).await, [None]);
    });
}

/// Two messages about a child, one of them with all that can happen; another child beside it.
async fn journey(desk: &Desk) {
    let mut first = causing(1, 1, 0, vec![notice(1, "RX2", 1), notice(2, "91Q", 1)]);
    let child = first.child.as_mut().unwrap();
    child.aliases = vec![alias(11)];
    child.suppressed = vec!["end-notice: a holiday (T2)".into()];
    desk.put(first).await;
    let mut other = causing(2, 2, 0, vec![notice(3, "RX2", 1)]);
    other.child.as_mut().unwrap().aliases = vec![alias(12)];
    desk.put(other).await;
    desk.ledger().operate(vec![delivery(2)], OperatorAction::Hold, "the address is in doubt".into(), at(3)).await.unwrap();
    let lease = desk.lease("RX2", 4).await.remove(0);
    desk.settle(&lease, delivered(), 5).await;
    let word = Acknowledged { delivery: delivery(1), by: code("RX2"), status: "read", at: at(6) };
    let mut message = message(3);
    message.recorded_at = at(6);
    desk.put(Entry { acknowledgement: Some(word), ..entry(Some(message), None) }).await;
}

async fn whats(desk: &Desk, clue: Clue) -> Vec<&'static str> {
    let lines = desk.ledger().trace(clue).await.unwrap();
    assert!(lines.is_sorted_by_key(|line| line.at), "{lines:?}");
    let mut whats: Vec<_> = lines.iter().map(|line| line.what).collect();
    whats.sort_unstable();
    whats
}

#[test]
fn a_journey_is_whole_and_in_time_order() {
    each(async |desk| {
        journey(desk).await;
        let whole = [
            "acknowledgement",
            "attempt",
            "delivery",
            "delivery",
            "message",
            "message",
            "obligation",
            "obligation",
            "operator",
            "suppressed",
        ];
        assert_eq!(whats(desk, Clue::Alias(alias(11))).await, whole);
    });
}

#[test]
fn a_message_names_what_it_caused_and_a_delivery_what_caused_it() {
    each(async |desk| {
        journey(desk).await;
        let caused = ["acknowledgement", "attempt", "delivery", "delivery", "message", "obligation", "obligation", "operator"];
        assert_eq!(whats(desk, Clue::Id(message_id(1))).await, caused);
        assert_eq!(whats(desk, Clue::MessageId("message-1".into())).await, caused);
        let one = ["delivery", "message", "obligation", "operator"];
        assert_eq!(whats(desk, Clue::Id(delivery(2))).await, one);
        assert_eq!(whats(desk, Clue::Id(obligation(2))).await, one);
        assert!(whats(desk, Clue::Id(Uuid::from_u128(9))).await.is_empty());
        assert!(whats(desk, Clue::Alias(alias(99))).await.is_empty());
    });
}
