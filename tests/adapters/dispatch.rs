//! Lanes together: order, fairness, bounds.

use super::model_ledger::Model;
use super::scripted::{Act, World, epoch, scripted_endpoint};
use domain::directory::Endpoint;
use placement_hub::dispatch::LaneSettings;
use std::collections::HashMap;
use std::time::Duration;

/// Every third attempt fails, so deliveries overtake each other if they can.
#[tokio::test(start_paused = true)]
async fn what_one_recipient_is_told_about_one_child_stays_in_order() {
    let ledger = Model::default();
    for recipient in ["QKS", "RX2", "E10000014"] {
        ledger.owe(recipient, 8, 6, epoch());
    }
    let endpoints = ["QKS", "RX2", "E10000014"].map(scripted_endpoint).to_vec();
    let world = World::start(endpoints, ledger, |sent| {
        let salt = sent.delivery.as_u128() as u64 + u64::try_from(sent.at.as_millis()).unwrap();
        (5 + salt % 40, if salt.is_multiple_of(3) { Act::Fail } else { Act::Take })
    });
    world.until_delivered(3 * 8 * 6).await;
    let rows: HashMap<_, _> = world.ledger.rows().into_iter().map(|row| (row.delivery, row)).collect();
    let mut last = HashMap::new();
    for sent in world.sent() {
        let row = &rows[&sent.delivery];
        let before = last.insert((row.recipient, row.child), row.sequence).unwrap_or(1);
        assert!(row.sequence == before || row.sequence == before + 1, "{} {:?}: {} after {before}", row.recipient, row.child, row.sequence);
    }
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_endpoints_concurrency_is_used_and_never_passed() {
    let ledger = Model::default();
    ledger.owe("QKS", 200, 1, epoch());
    let world = World::start(vec![Endpoint { concurrency: 7, ..scripted_endpoint("QKS") }], ledger, |_| (20, Act::Take));
    world.until_delivered(200).await;
    assert_eq!(world.sent().iter().map(|sent| sent.in_flight).max(), Some(7));
    world.end().await;
}

/// When each of the well was done, with and without a neighbour that hangs or fails.
async fn finished(neighbour: fn() -> Act) -> Duration {
    let ledger = Model::default();
    ledger.owe("QKS", 250, 3, epoch());
    ledger.owe("RX2", 250, 3, epoch());
    let settings = LaneSettings { leased_max: 64, ..LaneSettings::default() };
    let world = World::with(
        ["QKS", "RX2"].map(scripted_endpoint).to_vec(),
        ledger,
        move |sent| if sent.organisation.as_str() == "RX2" { (1, neighbour()) } else { (10, Act::Take) },
        |parts| parts.lanes = settings,
    );
    let well = |world: &World| {
        let rows = world.ledger.rows();
        rows.iter().filter(|row| row.recipient.as_str() == "QKS").all(|row| row.state == domain::delivery::DeliveryState::Delivered)
    };
    world.until("the well are told", well).await;
    let last = world.sent().iter().filter(|sent| sent.organisation.as_str() == "QKS").map(|sent| sent.at).max().unwrap();
    world.end_within(1).await;
    last
}

#[tokio::test(start_paused = true)]
async fn a_dead_recipient_slows_nobody_else() {
    let alone = finished(|| Act::Take).await;
    for (name, neighbour) in [("hangs", (|| Act::Hang) as fn() -> Act), ("fails", || Act::Fail), ("refuses", || Act::Refuse)] {
        let beside = finished(neighbour).await;
        assert!(beside <= alone.mul_f64(1.1), "beside one that {name}: {beside:?}, alone {alone:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn places_are_bounded_and_come_back() {
    let ledger = Model::default();
    for n in 0..40 {
        ledger.owe(&format!("R{n}"), 20, 1, epoch());
    }
    let endpoints = (0..40).map(|n| scripted_endpoint(&format!("R{n}"))).collect();
    let settings = LaneSettings { leased_max: 16, ..LaneSettings::default() };
    let world = World::with(endpoints, ledger, |_| (30, Act::Take), |parts| parts.lanes = settings);
    world
        .until("all delivered", |world| {
            let leased = world.ledger.count(domain::delivery::DeliveryState::Leased);
            assert!(leased <= 16, "{leased} leased");
            world.ledger.count(domain::delivery::DeliveryState::Delivered) == 800
        })
        .await;
    world.until("places are free", |world| world.dispatch.room() == 16).await;
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_comes_leased_is_sent_without_asking_the_ledger() {
    let world = World::start(vec![scripted_endpoint("QKS")], Model::default(), |_| (1, Act::Take));
    world.until("started", |world| world.dispatch.is_alive()).await;
    world.ledger.owe("QKS", 10, 1, world.now());
    let terms = world.dispatch.terms();
    assert_eq!((terms.limit, terms.until.duration_since(terms.now).as_secs()), (4_096, 50));
    world.dispatch.offer(world.ledger.lease_all("QKS", &terms));
    world.until_delivered(10).await;
    assert!(world.ledger.rows().iter().all(|row| row.fence == 1), "leased once");
    assert!(
        world
            .metrics
            .encode()
            .contains("placement_hub_attempts_total{adapter=\"scripted\",kind=\"arrival-notice\",outcome=\"delivered\"} 10")
    );
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_nudge_is_acted_on_before_the_next_poll() {
    let settings = LaneSettings { poll: Duration::from_secs(3_600), ..LaneSettings::default() };
    let world = World::with(vec![scripted_endpoint("QKS")], Model::default(), |_| (1, Act::Take), |parts| parts.lanes = settings);
    world.until("started", |world| world.dispatch.is_alive()).await;
    world.ledger.owe("QKS", 3, 4, world.now());
    world.dispatch.nudge(vec![super::directory::code("QKS")]);
    world.until_delivered(12).await;
    assert!(world.sent().iter().all(|sent| sent.at < Duration::from_secs(2)), "{:?}", world.sent());
    world.end().await;
}

/// A retry needs neither poll nor nudge: the lane knows its time.
#[tokio::test(start_paused = true)]
async fn a_retry_goes_out_at_its_time() {
    let ledger = Model::default();
    ledger.owe("QKS", 1, 1, epoch());
    let settings = LaneSettings { poll: Duration::from_secs(3_600), ..LaneSettings::default() };
    let script = |sent: &super::scripted::Sent| (1, if sent.at < Duration::from_secs(1) { Act::TellLater(30) } else { Act::Take });
    let world = World::with(vec![scripted_endpoint("QKS")], ledger, script, |parts| parts.lanes = settings);
    world.until_delivered(1).await;
    let times: Vec<_> = world.sent().iter().map(|sent| sent.at.as_secs()).collect();
    assert!(times.len() == 2 && (30..=33).contains(&times[1]), "{times:?}");
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn outcomes_are_settled_in_batches_that_form_by_themselves() {
    let ledger = Model::default();
    ledger.owe("QKS", 240, 4, epoch());
    let world = World::start(vec![Endpoint { concurrency: 64, ..scripted_endpoint("QKS") }], ledger, |_| (2, Act::Take));
    world.until_delivered(960).await;
    let batches = world.ledger.batches.lock().unwrap().clone();
    assert!(batches.len() < 200 && batches.iter().all(|size| *size <= 500), "{batches:?}");
    world.end().await;
}
