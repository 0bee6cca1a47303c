//! What operators ask beside lists and journeys, and what they keep.

use super::desk::{at, causing, code, date, dated, delivered, delivery, entry, held, key, message, message_id, notice};
use super::{Desk, each};
use domain::delivery::{HoldReason, Kind};
use domain::port::{ClockFilter, MessageKey, MessageRow, Pause, RejectionFilter, Remark};

async fn clocks(desk: &Desk, filter: ClockFilter) -> Vec<uuid::Uuid> {
    desk.ledger().clocks(filter).await.unwrap().iter().map(|row| row.id).collect()
}

/// Six with dates, of which one was delivered, one is accepted only, one is overdue and marked; and one without.
async fn dates(desk: &Desk) {
    let days = [(1, "2026-11-26"), (2, "2026-11-19"), (3, "2026-11-24"), (4, "2026-11-24"), (5, "2026-11-20")];
    for (n, due_on) in days {
        desk.put(causing(n, u8::try_from(n).unwrap(), 0, vec![dated(n, "QKS", 1, Kind::ArrivalNotice, due_on)])).await;
    }
    let late_and_held = domain::port::NewObligation { due_on: Some(date("2026-11-18")), ..held(6, "91Q", 1, HoldReason::Operator) };
    desk.put(causing(6, 6, 0, vec![late_and_held, notice(7, "RX2", 1)])).await;
    let leases = desk.lease("QKS", 0).await;
    for lease in leases {
        let next = match lease.delivery {
            id if id == delivery(1) => delivered(),
            id if id == delivery(3) => domain::retry::Next::Accepted { reference: "M".into() },
            id if id == delivery(4) => domain::retry::Next::Dead { why: "400".into() },
            _ => domain::retry::Next::RetryAt(at(60)),
        };
        desk.settle(&lease, next, 1).await;
    }
}

#[test]
fn clocks_are_what_is_owed_by_a_date_and_not_with_its_recipient_earliest_first() {
    each(async |desk| {
        dates(desk).await;
        let expected = [6, 2, 5, 3, 4].map(delivery);
        let all = ClockFilter { limit: 9, ..ClockFilter::default() };
        assert_eq!(clocks(desk, all.clone()).await, expected, "before breaches are marked");
        assert_eq!(desk.ledger().mark_breaches(date("2026-11-20"), at(2)).await.unwrap(), 2);
        assert_eq!(clocks(desk, all.clone()).await, expected, "and after");

        let mut paged = Vec::new();
        let mut after = None;
        loop {
            let page = desk.ledger().clocks(ClockFilter { after, limit: 2, ..ClockFilter::default() }).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.due_on.unwrap(), last.id));
            paged.extend(page.iter().map(|row| row.id));
        }
        assert_eq!(paged, expected, "page by page");

        let of = |recipient| ClockFilter { recipient: Some(code(recipient)), ..all.clone() };
        assert_eq!(clocks(desk, of("91Q")).await, [delivery(6)]);
        assert!(clocks(desk, of("RX2")).await.is_empty());
        assert!(clocks(desk, of("XYZ")).await.is_empty());
    });
}

#[test]
fn a_breach_that_was_made_good_has_no_clock_any_more() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![dated(1, "QKS", 1, Kind::ArrivalNotice, "2026-11-19")])).await;
        desk.ledger().mark_breaches(date("2026-11-20"), at(0)).await.unwrap();
        let all = ClockFilter { limit: 9, ..ClockFilter::default() };
        assert_eq!(clocks(desk, all.clone()).await, [delivery(1)]);
        let lease = desk.lease_one("QKS", 1).await;
        desk.settle(&lease, delivered(), 2).await;
        assert!(clocks(desk, all).await.is_empty());
    });
}

#[test]
fn deliveries_are_found_by_their_ids_in_the_order_asked_for() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![notice(1, "QKS", 1), notice(2, "RX2", 1)])).await;
        let found = desk.ledger().deliveries_of([2, 9, 1].map(delivery).to_vec()).await.unwrap();
        assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), [2, 1].map(delivery));
    });
}

fn refused(n: u32, sender: Option<&str>) -> MessageRow {
    MessageRow {
        verdict: "rejected",
        key: MessageKey { publisher: domain::Code::NONE, message_id: format!("sha256:{n}") },
        written_id: Some(key(n).message_id),
        sender: sender.map(code),
        ..message(n)
    }
}

#[test]
fn refusals_are_listed_newest_first_by_sender_and_page_by_page() {
    each(async |desk| {
        for (n, sender) in [(1, Some("E10000016")), (2, None), (3, Some("E06000043")), (4, Some("E10000016"))] {
            desk.put(entry(Some(refused(n, sender)), None)).await;
        }
        desk.put(causing(5, 1, 0, vec![])).await;
        let rows = desk.ledger().rejections(RejectionFilter { limit: 9, ..RejectionFilter::default() }).await.unwrap();
        let told: Vec<_> = rows.iter().map(|row| (row.message, row.sender.map(|code| code.to_string()))).collect();
        let expected = [(4, Some("E10000016")), (3, Some("E06000043")), (2, None), (1, Some("E10000016"))];
        assert_eq!(told, expected.map(|(n, sender)| (message_id(n), sender.map(str::to_owned))));
        assert_eq!((rows[0].message_id.as_str(), rows[0].intake.as_str()), ("message-4", "rabbitmq"));
        assert_eq!((rows[0].receipt.as_str(), rows[0].received_at), ("{\"receipt\":4}", at(0)));

        let of = RejectionFilter { sender: Some(code("E10000016")), limit: 1, ..RejectionFilter::default() };
        let first = desk.ledger().rejections(of.clone()).await.unwrap();
        let second = desk.ledger().rejections(RejectionFilter { before: Some(first[0].message), ..of }).await.unwrap();
        assert_eq!([first[0].message, second[0].message], [message_id(4), message_id(1)]);
    });
}

#[test]
fn a_deliverys_content_is_its_sealed_payload() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![notice(1, "QKS", 1)])).await;
        let content = desk.ledger().content(delivery(1)).await.unwrap();
        assert_eq!(content.as_deref(), Some(b"sealed 1".as_slice()));
        assert_eq!(desk.ledger().content(delivery(2)).await.unwrap(), None);
    });
}

#[test]
fn a_pause_takes_the_place_of_the_one_before_and_survives_until_it_is_resumed() {
    each(async |desk| {
        let pause = |until: Option<i64>| Pause {
            recipient: code("QKS"),
            from: at(0),
            until: until.map(at),
            by: "pat".into(),
            reason: "their change window".into(),
        };
        desk.ledger().pause(code("QKS"), Some(pause(None))).await.unwrap();
        desk.ledger().pause(code("QKS"), Some(pause(Some(60)))).await.unwrap();
        desk.reopen();
        assert_eq!(desk.ledger().pauses().await.unwrap(), [pause(Some(60))]);
        desk.ledger().pause(code("QKS"), None).await.unwrap();
        assert_eq!(desk.ledger().pauses().await.unwrap(), []);
    });
}

#[test]
fn the_newest_remark_on_a_group_stands() {
    each(async |desk| {
        let remark = |cause: &str, note: Option<&str>, now| Remark {
            recipient: code("QKS"),
            cause: cause.into(),
            assignee: Some("sam".into()),
            note: note.map(str::to_owned),
            by: "pat".into(),
            at: at(now),
        };
        for one in [remark("HTTP 503", Some("asked them"), 1), remark("HTTP 400", None, 2), remark("HTTP 503", Some("they know"), 3)] {
            desk.ledger().remark(one).await.unwrap();
        }
        let kept = desk.ledger().remarks(9).await.unwrap();
        assert_eq!(kept, [remark("HTTP 503", Some("they know"), 3), remark("HTTP 400", None, 2)]);
    });
}

#[test]
fn dead_letters_are_counted_by_recipient_until_they_are_sent_again() {
    each(async |desk| {
        for n in 1..=3_u32 {
            let recipient = if n < 3 { "QKS" } else { "91Q" };
            desk.put(causing(n, u8::try_from(n).unwrap(), 0, vec![notice(n, recipient, 1)])).await;
        }
        for lease in desk.lease_with(&[("QKS", 9), ("91Q", 9)], super::desk::terms(0, 99)).await {
            desk.settle(&lease, domain::retry::Next::Dead { why: "400".into() }, 1).await;
        }
        let dead = async || desk.ledger().figures(date("2026-11-20"), date("2026-11-23")).await.unwrap().dead;
        assert_eq!(dead().await, [(code("91Q"), 1), (code("QKS"), 2)]);
        desk.ledger().operate(vec![delivery(1)], domain::port::OperatorAction::Retry, "again".into(), at(2)).await.unwrap();
        assert_eq!(dead().await, [(code("91Q"), 1), (code("QKS"), 1)]);
    });
}
