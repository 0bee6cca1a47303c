//! `operate` and `hold_lane`: what people, and endpoints that come and go, do.

use super::desk::{at, causing, code, delivered, delivery, held, notice, numbers, obligation};
use super::{Desk, each};
use domain::delivery::{DeliveryState, HoldReason};
use domain::port::{Clue, OperatorAction};
use domain::retry::Next;

use DeliveryState::{Dead, Delivered, Due, Held, Leased, Withdrawn};
use OperatorAction::{Discard, Hold, Release, Retry};

/// One delivery in each state: 1 due, 2 leased, 3 held, 4 dead, 5 delivered; each to a recipient of its own name.
async fn one_of_each(desk: &Desk) {
    for (n, recipient) in [(1, "R1"), (2, "R2"), (4, "R4"), (5, "R5")] {
        desk.put(causing(n, u8::try_from(n).unwrap(), 0, vec![notice(n, recipient, 1)])).await;
    }
    desk.put(causing(3, 3, 0, vec![held(3, "R3", 1, HoldReason::Review)])).await;
    desk.lease_one("R2", 0).await;
    let dead = desk.lease_one("R4", 0).await;
    desk.settle(&dead, Next::Dead { why: "400".into() }, 1).await;
    let done = desk.lease_one("R5", 0).await;
    desk.settle(&done, delivered(), 1).await;
}

fn check(action: OperatorAction, moved: &[u32], states: [DeliveryState; 5]) {
    each(async |desk| {
        one_of_each(desk).await;
        let answer = desk.ledger().operate((1..=6).map(delivery).collect(), action, "a reason".into(), at(2)).await.unwrap();
        assert_eq!(answer, moved.iter().copied().map(delivery).collect::<Vec<_>>());
        for (n, state) in (1..).zip(states) {
            assert_eq!(desk.state(n).await, state, "{n}");
            let trace = desk.ledger().trace(Clue::Id(obligation(n))).await.unwrap();
            let told = trace.iter().any(|line| line.what == "operator" && line.text.contains("a reason") && line.at == at(2));
            assert_eq!(told, moved.contains(&n), "{trace:?}");
        }
    });
}

#[test]
fn each_action_moves_what_it_may_and_keeps_the_reason() {
    check(Retry, &[1, 3, 4], [Due, Leased, Due, Due, Delivered]);
    check(Hold, &[1, 3, 4], [Held, Leased, Held, Held, Delivered]);
    check(Release, &[3], [Due, Leased, Due, Dead, Delivered]);
    check(Discard, &[1, 3, 4], [Withdrawn, Leased, Withdrawn, Withdrawn, Delivered]);
}

#[test]
fn a_retry_is_due_at_once_and_counts_anew() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![notice(1, "RX2", 1)])).await;
        let lease = desk.lease_one("RX2", 0).await;
        desk.settle(&lease, Next::RetryAt(at(9_000)), 1).await;
        desk.ledger().operate(vec![delivery(1)], Retry, "mended".into(), at(2)).await.unwrap();
        let again = desk.lease_one("RX2", 2).await;
        assert_eq!(again.attempts, 0);
        assert!(again.fence > lease.fence);
        desk.settle(&again, Next::Dead { why: "400".into() }, 3).await;
        desk.ledger().operate(vec![delivery(1)], Retry, "mended".into(), at(4)).await.unwrap();
        assert_eq!(desk.lease_one("RX2", 4).await.fence, again.fence + 1);
    });
}

#[test]
fn a_release_keeps_the_count() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![notice(1, "RX2", 1)])).await;
        let lease = desk.lease_one("RX2", 0).await;
        desk.settle(&lease, Next::Hold { reason: HoldReason::EndpointGone, why: "410".into() }, 1).await;
        assert!(desk.lease("RX2", 2).await.is_empty());
        desk.ledger().operate(vec![delivery(1)], Release, String::new(), at(3)).await.unwrap();
        assert_eq!(desk.lease_one("RX2", 3).await.attempts, 1);
    });
}

#[test]
fn a_lane_is_held_and_released_as_a_whole() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![notice(1, "RX2", 1), notice(2, "RX2", 2), notice(9, "91Q", 1)])).await;
        desk.put(causing(2, 2, 0, vec![notice(3, "RX2", 1), notice(4, "RX2", 2)])).await;
        let lease = desk.lease_with(&[("RX2", 1)], super::desk::terms(0, 9)).await.remove(0);
        let hold = async |reason, now| desk.ledger().hold_lane(code("RX2"), reason, at(now)).await.unwrap();
        assert_eq!(hold(Some(HoldReason::EndpointGone), 1).await, 3, "not the one in flight");
        assert_eq!([desk.state(1).await, desk.state(2).await, desk.state(3).await, desk.state(9).await], [Leased, Held, Held, Due]);
        desk.settle(&lease, Next::Hold { reason: HoldReason::EndpointGone, why: "410".into() }, 2).await;
        assert_eq!(hold(Some(HoldReason::EndpointGone), 3).await, 0);
        assert!(desk.lease("RX2", 4).await.is_empty());
        assert_eq!(hold(None, 5).await, 4);
        assert_eq!(numbers(&desk.lease("RX2", 5).await), [1, 3], "in order again");
    });
}

#[test]
fn a_lane_that_is_released_beside_one_in_flight_keeps_its_order() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![notice(1, "RX2", 1), notice(2, "RX2", 2)])).await;
        let lease = desk.lease_one("RX2", 0).await;
        desk.ledger().hold_lane(code("RX2"), Some(HoldReason::Operator), at(1)).await.unwrap();
        assert_eq!(desk.ledger().hold_lane(code("RX2"), None, at(2)).await.unwrap(), 1);
        assert!(desk.lease("RX2", 2).await.is_empty());
        desk.settle(&lease, delivered(), 3).await;
        assert_eq!(numbers(&desk.lease("RX2", 3).await), [2]);
    });
}

#[test]
fn an_endpoint_that_comes_back_releases_what_it_held_and_nothing_else() {
    each(async |desk| {
        let issue = |n, hold| vec![held(n, "RX2", 1, hold)];
        desk.put(causing(1, 1, 0, issue(1, HoldReason::NoEndpoint))).await;
        desk.put(causing(2, 2, 0, issue(2, HoldReason::EndpointGone))).await;
        desk.put(causing(3, 3, 0, issue(3, HoldReason::Review))).await;
        desk.put(causing(4, 4, 0, vec![notice(4, "RX2", 1)])).await;
        desk.ledger().operate(vec![delivery(4)], Hold, "ask first".into(), at(1)).await.unwrap();
        assert_eq!(desk.ledger().hold_lane(code("RX2"), None, at(2)).await.unwrap(), 2);
        assert_eq!(numbers(&desk.lease("RX2", 2).await), [1, 2]);
        assert_eq!([desk.row(3).await.reason.unwrap(), desk.row(4).await.reason.unwrap()], ["review", "operator: ask first"]);
    });
}

#[test]
fn a_lapsed_lease_is_moved_like_what_is_due() {
    each(async |desk| {
        for n in [1, 2] {
            desk.put(causing(n, u8::try_from(n).unwrap(), 0, vec![notice(n, "RX2", 1)])).await;
        }
        desk.lease("RX2", 0).await;
        assert!(desk.ledger().operate(vec![delivery(1)], Discard, "no".into(), at(60)).await.unwrap().is_empty());
        assert_eq!(desk.ledger().operate(vec![delivery(1)], Discard, "no".into(), at(61)).await.unwrap(), [delivery(1)]);
        assert_eq!(desk.ledger().hold_lane(code("RX2"), Some(HoldReason::Operator), at(61)).await.unwrap(), 1);
        assert_eq!([desk.state(1).await, desk.state(2).await], [Withdrawn, Held]);
    });
}
