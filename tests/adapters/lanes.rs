//! One lane: its breaker, its window, its status.

use super::directory::code;
use super::model_ledger::Model;
use super::scripted::{Act, Sent, World, epoch, scripted_endpoint};
use domain::breaker::Phase;
use domain::directory::Endpoint;
use std::time::Duration;

/// Down for ten minutes, then well again: few attempts meanwhile, one at a time; then one, two, four, eight, never all at once.
#[tokio::test(start_paused = true)]
async fn a_lane_opens_probes_and_comes_back_without_a_stampede() {
    const BACK: Duration = Duration::from_secs(600);
    let ledger = Model::default();
    ledger.owe("QKS", 250, 2, epoch());
    let script = |sent: &Sent| (50, if sent.at < BACK { Act::Fail } else { Act::Take });
    let world = World::start(vec![Endpoint { concurrency: 16, ..scripted_endpoint("QKS") }], ledger, script);
    let open = "placement_hub_lane_open{recipient=\"QKS\"} ";
    world
        .until("the lane opens", |world| matches!(world.dispatch.lanes()[..], [ref lane] if matches!(lane.phase, Phase::Open { .. })))
        .await;
    assert!(world.metrics.encode().contains(&format!("{open}1")));
    assert_eq!(*world.dispatch.shut(), [code("QKS")]);
    let lane = &world.dispatch.lanes()[0];
    assert!(lane.next_probe.is_some() && lane.last.as_ref().is_some_and(|last| last.status == Some(500)), "{lane:?}");
    world.until_delivered(500).await;

    let sent = world.sent();
    let settled_down = Duration::from_millis(200);
    let probes: Vec<_> = sent.iter().filter(|sent| sent.at > settled_down && sent.at < BACK).collect();
    assert!((3..40).contains(&probes.len()), "{} attempts while it was down", probes.len());
    assert!(probes.iter().all(|sent| sent.in_flight == 1), "{probes:?}");
    let returning: Vec<_> = sent.iter().filter(|sent| sent.at >= BACK).collect();
    assert_eq!(returning[0].in_flight, 1);
    let mut bound = 1;
    for (nth, sent) in returning.iter().enumerate().take(16) {
        // Each success doubles the window; no more than those before this one have succeeded.
        bound = bound.max(1 << nth.min(4));
        assert!(sent.in_flight <= bound, "attempt {nth} after the return with {} in flight", sent.in_flight);
    }
    assert_eq!(returning.iter().map(|sent| sent.in_flight).max(), Some(16), "the window is full again");
    assert!(returning.last().unwrap().at < BACK + Duration::from_secs(330), "{:?}", returning.last());
    assert!(world.metrics.encode().contains(&format!("{open}0")));
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_asked_for_shuts_the_whole_lane() {
    let ledger = Model::default();
    ledger.owe("QKS", 50, 1, epoch());
    let script = |sent: &Sent| (1, if sent.at < Duration::from_secs(60) { Act::TellLater(60) } else { Act::Take });
    let world = World::start(vec![Endpoint { concurrency: 2, ..scripted_endpoint("QKS") }], ledger, script);
    world.until_delivered(50).await;
    let early = world.sent().iter().filter(|sent| sent.at < Duration::from_secs(60)).count();
    assert!(early <= 2, "{early} attempts before the time that was asked for");
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_receiver_is_asked_for_less_at_once() {
    let ledger = Model::default();
    ledger.owe("QKS", 60, 1, epoch());
    // It copes with two at once; with more it is too slow.
    let script = |sent: &Sent| if sent.in_flight > 2 { (10_000, Act::Fail) } else { (100, Act::Take) };
    let world = World::start(vec![Endpoint { concurrency: 4, ..scripted_endpoint("QKS") }], ledger, script);
    // Closed and narrow: not the one of a probe, nor that of a lane which has not sent yet.
    let narrow =
        |world: &World| world.dispatch.lanes().iter().any(|lane| lane.last.is_some() && lane.phase == Phase::Closed && lane.window <= 2);
    world.until("it is asked for less", narrow).await;
    assert!(world.ledger.count(domain::delivery::DeliveryState::Delivered) < 60);
    world.until_delivered(60).await;
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_no_fault_of_the_lane() {
    let ledger = Model::default();
    ledger.owe("QKS", 30, 1, epoch());
    let world = World::start(vec![scripted_endpoint("QKS")], ledger, |_| (1, Act::Refuse));
    world.until("all refused", |world| world.ledger.count(domain::delivery::DeliveryState::Dead) == 30).await;
    assert_eq!(world.dispatch.lanes()[0].phase, Phase::Closed);
    assert!(world.metrics.encode().contains("placement_hub_dead_total{recipient=\"QKS\"} 30"));
    world.end().await;
}
