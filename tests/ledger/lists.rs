//! `deliveries` by filter, and paging.

use super::desk::{causing, code, delivered, delivery, held, notice};
use super::{Desk, each};
use domain::delivery::{DeliveryState, HoldReason, Kind};
use domain::port::{DeliveryFilter, NewObligation, OperatorAction};
use domain::retry::Next;

/// Twelve children, each with one delivery to RX2 and one to 91Q, moved into every state there is.
async fn many(desk: &Desk) {
    for n in 1..=12_u8 {
        let number = u32::from(n);
        let kind = if n % 3 == 0 { Kind::ReclaimRequest } else { Kind::ArrivalNotice };
        let second = if n % 4 == 0 { held(number + 100, "91Q", 1, HoldReason::Review) } else { notice(number + 100, "91Q", 1) };
        desk.put(causing(number, n, 0, vec![NewObligation { kind, ..notice(number, "RX2", 1) }, second])).await;
    }
    let leases = desk.lease_with(&[("RX2", 8)], super::desk::terms(0, 99)).await;
    let ends = [
        delivered(),
        Next::Accepted { reference: "M".into() },
        Next::Dead { why: "400".into() },
        Next::RetryAt(super::desk::at(99)),
        delivered(),
    ];
    for (lease, next) in leases.iter().zip(ends) {
        desk.settle(lease, next, 1).await;
    }
    desk.ledger().operate(vec![delivery(101)], OperatorAction::Discard, "no".into(), super::desk::at(2)).await.unwrap();
}

fn passes(filter: &DeliveryFilter, row: &domain::port::DeliveryRow) -> bool {
    filter.recipient.is_none_or(|recipient| row.recipient == recipient)
        && filter.state.is_none_or(|state| row.state == state)
        && filter.kind.is_none_or(|kind| row.kind == kind)
}

#[test]
fn every_filter_gives_what_it_should_newest_first_and_page_by_page() {
    each(async |desk| {
        many(desk).await;
        let all = desk.rows(DeliveryFilter { limit: 99, ..DeliveryFilter::default() }).await;
        assert_eq!(all.len(), 24);
        let recipients = [None, Some(code("RX2")), Some(code("91Q")), Some(code("XYZ"))];
        let states = std::iter::once(None).chain(DeliveryState::ALL.iter().copied().map(Some));
        for state in states {
            for recipient in recipients {
                for kind in [None, Some(Kind::ArrivalNotice), Some(Kind::ReclaimRequest), Some(Kind::WorkerTask)] {
                    let filter = DeliveryFilter { recipient, state, kind, before: None, limit: 3 };
                    let expected: Vec<_> = all.iter().filter(|row| passes(&filter, row)).map(|row| row.id).collect();
                    assert_eq!(pages(desk, &filter).await, expected, "{filter:?}");
                }
            }
        }
    });
}

async fn pages(desk: &Desk, filter: &DeliveryFilter) -> Vec<uuid::Uuid> {
    let mut found = Vec::new();
    loop {
        let page = desk.rows(DeliveryFilter { before: found.last().copied(), ..filter.clone() }).await;
        assert!(page.len() <= filter.limit);
        if page.is_empty() {
            return found;
        }
        found.extend(page.iter().map(|row| row.id));
    }
}

#[test]
fn rows_say_all_there_is() {
    each(async |desk| {
        let new = NewObligation { place: Some(code("09D")), due_on: Some(super::desk::date("2026-11-26")), ..notice(1, "QKS", 1) };
        desk.put(causing(1, 1, 0, vec![new])).await;
        let row = desk.row(1).await;
        assert_eq!(
            (row.obligation, row.kind, row.recipient, row.place),
            (super::desk::obligation(1), Kind::ArrivalNotice, code("QKS"), Some(code("09D")))
        );
        assert_eq!(
            (row.due_on, row.recorded_at, row.next_at),
            (Some(super::desk::date("2026-11-26")), super::desk::at(0), Some(super::desk::at(0)))
        );
        assert_eq!((row.attempts, row.settled_at, row.reason), (0, None, None));
    });
}
