//! No endpoint, an endpoint that is gone, and the end: what is held, released, given back.

use super::directory::{code, directory};
use super::model_ledger::Model;
use super::scripted::{Act, Sent, World, epoch, scripted_endpoint};
use domain::delivery::{DeliveryState, HoldReason};
use domain::directory::Endpoint;
use domain::port::Ledger;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::time::Instant;

fn owed() -> Model {
    let ledger = Model::default();
    ledger.owe("QKS", 20, 2, epoch());
    ledger
}

fn held(world: &World, reason: HoldReason) -> usize {
    world.ledger.rows().iter().filter(|row| row.hold == Some(reason)).count()
}

#[tokio::test(start_paused = true)]
async fn without_an_endpoint_deliveries_are_held_until_there_is_one() {
    let world = World::start(Vec::new(), owed(), |_| (1, Act::Take));
    world.until("held", |world| held(world, HoldReason::NoEndpoint) == 20).await;
    assert!(world.sent().is_empty());
    world.directory.store(Arc::new(directory(vec![scripted_endpoint("RX2")])));
    world.dispatch.directory_changed();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(held(&world, HoldReason::NoEndpoint), 20, "somebody else's endpoint is none");
    world.directory.store(Arc::new(directory(vec![scripted_endpoint("QKS")])));
    world.dispatch.directory_changed();
    world.until_delivered(40).await;
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_with_an_unknown_adapter_is_none() {
    let world = World::start(vec![Endpoint { adapter: "pigeon".to_owned(), ..scripted_endpoint("QKS") }], owed(), |_| (1, Act::Take));
    world.until("held", |world| held(world, HoldReason::NoEndpoint) == 20).await;
    world.end().await;
}

/// The journey holds what it records for somebody without an endpoint, and no lane ever hears of it.
#[tokio::test(start_paused = true)]
async fn what_is_recorded_as_held_is_released_by_a_new_directory() {
    let world = World::start(Vec::new(), Model::default(), |_| (1, Act::Take));
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.ledger.owe("QKS", 3, 1, world.now());
    world.ledger.hold_lane(code("QKS"), Some(HoldReason::NoEndpoint), world.now()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    world.directory.store(Arc::new(directory(vec![scripted_endpoint("QKS")])));
    world.dispatch.directory_changed();
    world.until_delivered(3).await;
    world.end().await;
}

/// An endpoint may begin on a day: then nothing is swapped.
#[tokio::test(start_paused = true)]
async fn an_endpoint_that_begins_tomorrow_is_used_tomorrow() {
    let tomorrow = Some(jiff::civil::date(2026, 11, 21));
    let world = World::start(vec![Endpoint { from: tomorrow, ..scripted_endpoint("QKS") }], owed(), |_| (1, Act::Take));
    world.until_delivered(40).await;
    // The clock starts at 09:00.
    assert!(world.sent()[0].at >= Duration::from_secs(15 * 3_600), "{:?}", world.sent()[0]);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn gone_holds_the_lane_until_the_address_changes() {
    let script = |sent: &Sent| (1, if sent.at < Duration::from_secs(3_600) { Act::Gone } else { Act::Take });
    let world = World::start(vec![Endpoint { concurrency: 2, ..scripted_endpoint("QKS") }], owed(), script);
    world.until("all held", |world| held(world, HoldReason::EndpointGone) == 40).await;
    let asked = world.sent().len();
    assert!(asked <= 4, "{asked} attempts to learn that it is gone");
    world.dispatch.directory_changed();
    tokio::time::sleep(Duration::from_secs(7_200)).await;
    assert_eq!(world.sent().len(), asked, "the same address is not tried again");
    world.directory.store(Arc::new(directory(vec![Endpoint { url: "https://new.example/".to_owned(), ..scripted_endpoint("QKS") }])));
    world.dispatch.directory_changed();
    world.until_delivered(40).await;
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_run_held_is_released_at_start() {
    let first = World::start(Vec::new(), owed(), |_| (1, Act::Take));
    first.until("held", |world| held(world, HoldReason::NoEndpoint) == 20).await;
    let ledger = Arc::clone(&first.ledger);
    first.end().await;
    let second = World::with(
        vec![scripted_endpoint("QKS")],
        Model::default(),
        |_| (1, Act::Take),
        |parts| {
            parts.ledger = Arc::clone(&ledger) as Arc<dyn domain::port::Ledger>;
        },
    );
    second.until("delivered", |_| ledger.count(DeliveryState::Delivered) == 40).await;
    second.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_may_end_and_the_rest_is_given_back() {
    let world = World::start(vec![scripted_endpoint("QKS")], owed(), |_| (2_000, Act::Take));
    world.until("some in flight", |world| world.sent().len() == 4).await;
    world.dispatch.drain(Instant::now() + Duration::from_secs(30)).await;
    assert_eq!(world.ledger.count(DeliveryState::Delivered), 4);
    let untouched = world.ledger.rows().iter().filter(|row| row.state == DeliveryState::Due && row.attempts == 0).count();
    assert_eq!((untouched, world.sent().len()), (36, 4));
    assert_eq!((world.dispatch.room(), world.dispatch.is_alive()), (0, false));
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_in_time_is_given_back_too() {
    let world = World::start(vec![scripted_endpoint("QKS")], owed(), |_| (1, Act::Hang));
    world.until("some in flight", |world| world.sent().len() == 4).await;
    let ledger = Arc::clone(&world.ledger);
    world.end_within(1).await;
    assert_eq!(ledger.count(DeliveryState::Due), 40);
    assert!(ledger.rows().iter().all(|row| row.attempts == 0), "an attempt that was cut off is none");
}

#[tokio::test(start_paused = true)]
async fn what_is_offered_after_the_end_lapses() {
    let world = World::start(vec![scripted_endpoint("QKS")], Model::default(), |_| (1, Act::Take));
    let terms = world.dispatch.terms();
    world.dispatch.drain(Instant::now()).await;
    world.ledger.owe("QKS", 1, 1, world.now());
    world.dispatch.offer(world.ledger.lease_all("QKS", &terms));
    world.dispatch.nudge(vec![code("QKS")]);
    let drained = world.dispatch.drain(Instant::now()).await;
    assert_eq!((drained.left, world.sent().len()), (0, 0));
}

/// A ledger that is down at the end holds nobody up for ever.
#[tokio::test(start_paused = true)]
async fn the_end_does_not_wait_for_a_dead_ledger() {
    let world = World::start(vec![scripted_endpoint("QKS")], owed(), |_| (1, Act::Take));
    *world.ledger.failures.lock().unwrap() = (usize::MAX, true);
    world.until("some sent", |world| world.sent().len() >= 4).await;
    let drained = world.dispatch.drain(Instant::now() + Duration::from_secs(30)).await;
    assert!(drained.left > 0, "they lapse");
}

/// A machine that is cut off gives no error: its connections are just silent.
#[tokio::test(start_paused = true)]
async fn the_end_does_not_wait_for_a_ledger_that_does_not_answer() {
    let world = World::start(vec![scripted_endpoint("QKS")], Model::default(), |_| (1, Act::Take));
    tokio::time::sleep(Duration::from_millis(500)).await;
    world.ledger.hangs.store(true, Relaxed);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let begun = Instant::now();
    let drained = tokio::time::timeout(Duration::from_secs(60), world.dispatch.drain(Instant::now() + Duration::from_secs(20))).await;
    assert_eq!(drained.map(|drained| drained.left), Ok(0));
    assert!(begun.elapsed() <= Duration::from_secs(26), "{:?}", begun.elapsed());
}
