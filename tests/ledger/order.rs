//! Order per (recipient, child): who waits for whom, and what lets the next one go.

use super::desk::{causing, code, delivered, delivery, entry, held, message, notice, numbers, obligation, update};
use super::{Desk, desk::at, each};
use domain::delivery::{DeliveryState, HoldReason, Kind};
use domain::port::{ChildUpdate, NewObligation, OperatorAction};
use domain::retry::Next;

/// 1 before 2 before 3, all to RX2 about one child; 4 to RX2 about another; 5 to 91Q about the first.
async fn line(desk: &Desk) {
    desk.put(causing(1, 1, 0, vec![notice(1, "RX2", 1), notice(2, "RX2", 2), notice(5, "91Q", 1)])).await;
    desk.put(causing(2, 1, 1, vec![notice(3, "RX2", 3)])).await;
    desk.put(causing(3, 2, 0, vec![notice(4, "RX2", 1)])).await;
}

/// Ends the first of the line so, and looks at what may be leased then.
fn check(next: fn() -> Next, promoted: bool) {
    each(async |desk| {
        line(desk).await;
        let leases = desk.lease("RX2", 1).await;
        assert_eq!(numbers(&leases), [1, 4], "only the first of each child");
        assert_eq!(desk.state(2).await, DeliveryState::Due, "waiting shows as due");
        let settled = desk.settle(&leases[0], next(), 2).await;
        assert_eq!(settled.due, if promoted { vec![code("RX2")] } else { vec![] });
        let expected: &[u32] = if promoted { &[2] } else { &[] };
        assert_eq!(numbers(&desk.lease("RX2", 3).await), expected);
        assert_eq!(numbers(&desk.lease("91Q", 3).await), [5], "another recipient waits for nobody");
    });
}

#[test]
fn the_next_goes_once_the_first_is_settled_for_good() {
    check(delivered, true);
    check(|| Next::Accepted { reference: "M1".into() }, true);
    check(|| Next::Dead { why: "400".into() }, true);
}

#[test]
fn the_next_waits_while_the_first_is_pending() {
    check(|| Next::RetryAt(at(100)), false);
    check(|| Next::Release(at(100)), false);
    check(|| Next::Hold { reason: HoldReason::EndpointGone, why: "410".into() }, false);
}

#[test]
fn the_whole_line_goes_in_sequence() {
    each(async |desk| {
        line(desk).await;
        for (n, now) in [(1, 1), (2, 2), (3, 3)] {
            let leases = desk.lease("RX2", now).await;
            let lease = leases.iter().find(|lease| lease.delivery == delivery(n)).unwrap_or_else(|| panic!("{n} not in {leases:?}"));
            desk.settle(lease, delivered(), now).await;
        }
        assert!(desk.lease("RX2", 9).await.is_empty());
    });
}

#[test]
fn a_retraction_lets_the_next_go() {
    each(async |desk| {
        line(desk).await;
        let retract = ChildUpdate { retract: vec![obligation(1)], ..update(1, 2) };
        let outcome = desk.record(vec![entry(Some(message(9)), Some(retract))], super::desk::terms(1, 0)).await;
        assert_eq!(outcome.due, [code("RX2")]);
        assert_eq!(numbers(&desk.lease("RX2", 1).await), [2, 4]);
    });
}

#[test]
fn discarding_lets_the_next_go_and_holding_does_not() {
    each(async |desk| {
        line(desk).await;
        let operate = async |n, action| desk.ledger().operate(vec![delivery(n)], action, "so".into(), at(1)).await.unwrap();
        operate(1, OperatorAction::Hold).await;
        assert_eq!(numbers(&desk.lease("RX2", 1).await), [4]);
        operate(1, OperatorAction::Discard).await;
        let two = desk.lease_one("RX2", 1).await;
        assert_eq!(two.delivery, delivery(2));
        desk.settle(&two, delivered(), 2).await;
        assert_eq!(numbers(&desk.lease("RX2", 2).await), [3]);
    });
}

#[test]
fn money_never_stands_before_care() {
    each(async |desk| {
        let claim = NewObligation { kind: Kind::ReclaimRequest, ..notice(1, "QKS", 1) };
        let next_claim = NewObligation { kind: Kind::ReclaimWithdrawal, ..notice(3, "QKS", 3) };
        desk.put(causing(1, 1, 0, vec![claim, notice(2, "QKS", 2), next_claim])).await;
        assert_eq!(numbers(&desk.lease("QKS", 1).await), [1, 2]);
    });
}

#[test]
fn what_is_held_for_review_stands_before_nobody() {
    each(async |desk| {
        let claim = NewObligation { kind: Kind::ReclaimRequest, ..held(1, "QKS", 1, HoldReason::Review) };
        let next_claim = NewObligation { kind: Kind::ReclaimRequest, ..notice(2, "QKS", 2) };
        desk.put(causing(1, 1, 0, vec![claim, next_claim])).await;
        let two = desk.lease_one("QKS", 1).await;
        assert_eq!(two.delivery, delivery(2));
        // Let go, it takes its place: nothing of its line is sent beside it.
        desk.ledger().operate(vec![delivery(1)], OperatorAction::Release, "agreed".into(), at(2)).await.unwrap();
        assert!(desk.lease("QKS", 2).await.is_empty());
        desk.settle(&two, delivered(), 3).await;
        assert_eq!(numbers(&desk.lease("QKS", 3).await), [1]);
    });
}

#[test]
fn what_starts_held_keeps_the_next_waiting_until_it_is_released_and_delivered() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![held(1, "RX2", 1, HoldReason::Operator), notice(2, "RX2", 2)])).await;
        assert!(desk.lease("RX2", 1).await.is_empty());
        desk.ledger().operate(vec![delivery(1)], OperatorAction::Release, "agreed".into(), at(2)).await.unwrap();
        let one = desk.lease_one("RX2", 2).await;
        assert_eq!(one.delivery, delivery(1));
        desk.settle(&one, delivered(), 3).await;
        assert_eq!(numbers(&desk.lease("RX2", 3).await), [2]);
    });
}

#[test]
fn one_that_comes_back_from_the_dead_goes_before_those_that_wait() {
    each(async |desk| {
        line(desk).await;
        let leases = desk.lease("RX2", 1).await;
        desk.settle(&leases[0], Next::Dead { why: "400".into() }, 2).await;
        desk.ledger().operate(vec![delivery(1)], OperatorAction::Retry, "fixed".into(), at(3)).await.unwrap();
        assert_eq!(numbers(&desk.lease("RX2", 3).await), [1], "2 waits again");
    });
}

#[test]
fn one_that_comes_back_waits_for_a_later_one_in_flight() {
    each(async |desk| {
        line(desk).await;
        let leases = desk.lease("RX2", 1).await;
        desk.settle(&leases[0], Next::Dead { why: "400".into() }, 2).await;
        let two = desk.lease_one("RX2", 2).await;
        desk.ledger().operate(vec![delivery(1)], OperatorAction::Retry, "fixed".into(), at(3)).await.unwrap();
        assert!(desk.lease("RX2", 3).await.is_empty(), "never two of one line in flight");
        // Its attempt failed: now the earlier one goes first.
        desk.settle(&two, Next::RetryAt(at(4)), 4).await;
        assert_eq!(numbers(&desk.lease("RX2", 5).await), [1]);
    });
}

#[test]
fn a_lapsed_lease_loses_its_turn_to_an_earlier_one_that_came_back() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![notice(1, "RX2", 1), notice(2, "RX2", 2)])).await;
        let one = desk.lease_one("RX2", 0).await;
        desk.settle(&one, Next::Dead { why: "400".into() }, 1).await;
        desk.lease_one("RX2", 1).await;
        desk.ledger().operate(vec![delivery(1)], OperatorAction::Retry, "fixed".into(), at(2)).await.unwrap();
        assert_eq!(numbers(&desk.lease("RX2", 100).await), [1], "2 lapsed at 61 and stands behind 1");
    });
}

#[test]
fn one_that_belongs_further_forward_makes_the_others_wait() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![notice(2, "RX2", 2), notice(3, "RX2", 3)])).await;
        desk.put(causing(2, 1, 1, vec![notice(1, "RX2", 1)])).await;
        assert_eq!(numbers(&desk.lease("RX2", 1).await), [1]);
    });
}
