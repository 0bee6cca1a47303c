//! What can go wrong on our own side: adapters that panic or hang, a ledger that fails, leases that lapse.

use super::model_ledger::Model;
use super::scripted::{Act, Sent, World, epoch, scripted_endpoint};
use domain::delivery::DeliveryState;
use std::time::Duration;

fn owed() -> Model {
    let ledger = Model::default();
    ledger.owe("QKS", 10, 2, epoch());
    ledger
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_an_adapter_is_one_failed_attempt() {
    let script = |sent: &Sent| (1, if sent.at < Duration::from_millis(3) { Act::Panic } else { Act::Take });
    let world = World::start(vec![scripted_endpoint("QKS")], owed(), script);
    world.until_delivered(20).await;
    let told = world.ledger.rows().iter().flat_map(|row| row.details.clone()).filter(|detail| detail.contains("panicked")).count();
    assert!(told > 0 && world.dispatch.is_alive());
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_adapter_that_hangs_is_cut_off() {
    let script = |sent: &Sent| (1, if sent.at < Duration::from_secs(1) { Act::Hang } else { Act::Take });
    let world = World::start(vec![scripted_endpoint("QKS")], owed(), script);
    world.until_delivered(20).await;
    let cut = world.ledger.rows().iter().flat_map(|row| row.details.clone()).filter(|detail| detail.contains("within 15 s")).count();
    assert_eq!(cut, 4, "all four that were in flight");
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn outcomes_outlive_a_ledger_that_fails() {
    let world = World::start(vec![scripted_endpoint("QKS")], owed(), |_| (1, Act::Take));
    *world.ledger.failures.lock().unwrap() = (6, true);
    world.until_delivered(20).await;
    assert_eq!(world.sent().len(), 20, "each sent once");
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_can_never_be_settled_does_not_block_the_others() {
    let world = World::start(vec![scripted_endpoint("QKS")], owed(), |_| (1, Act::Take));
    *world.ledger.failures.lock().unwrap() = (2, false);
    // The one that is given up is leased again when its lease has lapsed.
    world.until_delivered(20).await;
    world.until("places are free", |world| world.dispatch.room() == 4_096).await;
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_payload_that_cannot_be_opened_waits_for_a_person() {
    let world = World::with(
        vec![scripted_endpoint("QKS")],
        owed(),
        |_| (1, Act::Take),
        |parts| {
            parts.open = std::sync::Arc::new(|_| Err("key `k1` is not in the key ring".to_owned()));
        },
    );
    world.until("each was tried", |world| world.ledger.rows().iter().filter(|row| row.attempts == 1).count() == 10).await;
    assert!(world.sent().is_empty());
    let rows = world.ledger.rows();
    assert!(rows.iter().filter(|row| row.attempts > 0).all(|row| row.details[0].contains("key ring") && row.next_at > world.now()));
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_could_lapse_is_given_back_unsent() {
    let world = World::start(vec![scripted_endpoint("QKS")], Model::default(), |_| (1, Act::Take));
    world.until("started", |world| world.dispatch.is_alive()).await;
    world.ledger.owe("QKS", 1, 1, world.now());
    let mut terms = world.dispatch.terms();
    // An attempt may take 15 s; this lease has 12 s.
    terms.until = terms.now.checked_add(jiff::SignedDuration::from_secs(12)).unwrap();
    world.dispatch.offer(world.ledger.lease_all("QKS", &terms));
    world.until_delivered(1).await;
    let row = &world.ledger.rows()[0];
    assert_eq!((row.fence, row.attempts, world.sent().len()), (2, 1, 1), "leased again and sent once");
    world.end().await;
}

/// Another hub took over after the lease had lapsed: this one's word does not count.
#[tokio::test(start_paused = true)]
async fn a_late_outcome_is_ignored_by_its_fence() {
    let world = World::start(vec![scripted_endpoint("QKS")], Model::default(), |_| (500, Act::Take));
    world.until("started", |world| world.dispatch.is_alive()).await;
    world.ledger.owe("QKS", 1, 1, world.now());
    let terms = world.dispatch.terms();
    world.dispatch.offer(world.ledger.lease_all("QKS", &terms));
    let mut later = terms.clone();
    later.now = terms.until.checked_add(jiff::SignedDuration::from_secs(1)).unwrap();
    later.until = later.now.checked_add(jiff::SignedDuration::from_secs(50)).unwrap();
    assert_eq!(world.ledger.lease_all("QKS", &later)[0].fence, 2);
    world.until("the outcome came", |world| *world.ledger.stale.lock().unwrap() == 1).await;
    assert_eq!(world.ledger.count(DeliveryState::Leased), 1, "the other hub's lease stands");
    world.until("places are free", |world| world.dispatch.room() == 4_096).await;
}
