//! `lease_due` and `lanes`: what may go, how much at once, and leases that lapse.

use super::desk::{at, causing, code, delivered, held, notice, numbers, terms};
use super::{Desk, each};
use domain::delivery::{DeliveryState, HoldReason};
use domain::port::{Entry, LaneDue};
use domain::retry::Next;

/// Deliveries `first..first + count` to one recipient, each of a child of its own.
fn to(recipient: &str, first: u8, count: u8) -> Vec<Entry> {
    (first..first + count).map(|n| causing(u32::from(n), n, 0, vec![notice(u32::from(n), recipient, 1)])).collect()
}

async fn lanes(desk: &Desk, now: i64) -> Vec<(String, jiff::Timestamp)> {
    let mut lanes = desk.ledger().lanes(at(now)).await.unwrap();
    lanes.sort_by_key(|lane| lane.recipient);
    lanes.into_iter().map(|LaneDue { recipient, next_at }| (recipient.to_string(), next_at)).collect()
}

#[test]
fn a_lane_gets_no_more_than_it_has_room_for_and_all_no_more_than_the_limit() {
    each(async |desk| {
        desk.record([to("RX2", 1, 5), to("91Q", 11, 5)].concat(), terms(0, 0)).await;
        assert_eq!(numbers(&desk.lease_with(&[("RX2", 2), ("91Q", 1), ("QKS", 9)], terms(0, 100)).await), [1, 2, 11]);
        assert_eq!(numbers(&desk.lease_with(&[("RX2", 9), ("91Q", 9)], terms(0, 4)).await), [3, 4, 5, 12]);
        assert!(desk.lease_with(&[("RX2", 0), ("91Q", 0)], terms(0, 100)).await.is_empty());
    });
}

#[test]
fn the_longest_due_goes_first_and_the_future_not_yet() {
    each(async |desk| {
        desk.record(to("RX2", 1, 3), terms(0, 0)).await;
        let leases = desk.lease("RX2", 0).await;
        for (lease, again) in leases.iter().zip([30, 10, 20]) {
            desk.settle(lease, Next::RetryAt(at(again)), 1).await;
        }
        assert!(desk.lease("RX2", 9).await.is_empty());
        assert_eq!(numbers(&desk.lease_with(&[("RX2", 1)], terms(25, 9)).await), [2]);
        assert_eq!(numbers(&desk.lease("RX2", 30).await), [3, 1]);
    });
}

#[test]
fn a_lease_holds_until_its_end_and_is_due_after_it() {
    each(async |desk| {
        desk.record(to("RX2", 1, 1), terms(0, 0)).await;
        let first = desk.lease_one("RX2", 0).await;
        assert!(desk.lease("RX2", 60).await.is_empty());
        let second = desk.lease_one("RX2", 61).await;
        assert_eq!((second.delivery, second.attempts), (first.delivery, 0));
        assert!(second.fence > first.fence);
        let third = desk.lease_one("RX2", 200).await;
        assert!(third.fence > second.fence);
        desk.now = 200;
    });
}

#[test]
fn a_lease_of_what_was_leased_at_recording_lapses_too() {
    each(async |desk| {
        let outcome = desk.record(to("RX2", 1, 1), terms(0, 9)).await;
        assert!(desk.lease("RX2", 60).await.is_empty());
        let again = desk.lease_one("RX2", 61).await;
        assert!(again.fence > outcome.leased[0].fence);
        assert_eq!((&again.payload, &again.traceparent), (&outcome.leased[0].payload, &outcome.leased[0].traceparent));
        assert_eq!((again.child, again.kind, again.recorded_at), (outcome.leased[0].child, outcome.leased[0].kind, at(0)));
        desk.now = 61;
    });
}

#[test]
fn a_lease_counts_the_attempts_before_it() {
    each(async |desk| {
        desk.record(to("RX2", 1, 1), terms(0, 0)).await;
        for (attempts, now) in [(0, 0), (1, 10), (2, 20)] {
            let lease = desk.lease_one("RX2", now).await;
            assert_eq!(lease.attempts, attempts);
            desk.settle(&lease, Next::RetryAt(at(now + 10)), now).await;
        }
        // A release counts nothing.
        let lease = desk.lease_one("RX2", 30).await;
        desk.settle(&lease, Next::Release(at(31)), 30).await;
        assert_eq!(desk.lease_one("RX2", 31).await.attempts, 3);
    });
}

#[test]
fn lanes_say_when_they_have_something_to_do() {
    each(async |desk| {
        assert!(lanes(desk, 0).await.is_empty());
        let batch =
            [to("RX2", 1, 2), to("91Q", 11, 1), to("QMM", 21, 1), vec![causing(31, 31, 0, vec![held(31, "QKS", 1, HoldReason::Review)])]]
                .concat();
        desk.record(batch, terms(0, 0)).await;
        let of = |lane: &str, seconds| (lane.to_owned(), at(seconds));
        assert_eq!(lanes(desk, 0).await, [of("91Q", 0), of("QMM", 0), of("RX2", 0)]);
        let one = desk.lease_one("91Q", 0).await;
        desk.settle(&one, Next::RetryAt(at(90)), 1).await;
        let done = desk.lease_one("QMM", 0).await;
        desk.settle(&done, delivered(), 1).await;
        assert_eq!(lanes(desk, 1).await, [of("91Q", 90), of("RX2", 0)], "what is held or done is no work");
        // All leased: nothing falls due before the first lease has lapsed.
        desk.lease("RX2", 1).await;
        let lapse = lanes(desk, 1).await.into_iter().find(|(lane, _)| lane == "RX2").unwrap().1;
        assert!(lapse > at(61) && lapse < at(62), "{lapse}");
        assert!(
            desk.lease("RX2", 61).await.is_empty()
                && desk.lease_with(&[("RX2", 9)], domain::port::LeaseTerms { now: lapse, ..terms(62, 9) }).await.len() == 2
        );
    });
}

#[test]
fn a_lane_with_only_what_waits_behind_a_held_one_has_nothing_to_do() {
    each(async |desk| {
        desk.put(causing(1, 1, 0, vec![held(1, "RX2", 1, HoldReason::NoEndpoint), notice(2, "RX2", 2)])).await;
        assert!(lanes(desk, 9).await.is_empty());
        assert_eq!(desk.state(2).await, DeliveryState::Due);
    });
}

#[test]
fn unknown_lanes_have_nothing() {
    each(async |desk| {
        assert!(desk.lease("XYZ", 0).await.is_empty());
        assert_eq!(desk.ledger().hold_lane(code("XYZ"), None, at(0)).await.unwrap(), 0);
    });
}
