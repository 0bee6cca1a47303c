//! What a pause does to a lane, and what it leaves alone.

use super::directory::code;
use super::model_ledger::Model;
use super::scripted::{Act, World, epoch, scripted_endpoint};
use domain::directory::Endpoint;
use std::collections::BTreeSet;

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_to_whom_a_pause_holds_and_all_of_it_after() {
    let ledger = Model::default();
    ledger.owe("QKS", 200, 1, epoch());
    ledger.owe("RX2", 200, 1, epoch());
    let endpoints = ["QKS", "RX2"].map(|organisation| Endpoint { concurrency: 2, ..scripted_endpoint(organisation) });
    let world = World::start(endpoints.to_vec(), ledger, |_| (50, Act::Take));
    let sent = |world: &World, organisation: &str| world.sent().iter().filter(|sent| sent.organisation == code(organisation)).count();
    world.until("something is sent", |world| sent(world, "QKS") >= 3).await;
    world.dispatch.set_paused(BTreeSet::from([code("QKS")]));
    let is_still = |world: &World| world.dispatch.lanes().iter().any(|lane| lane.recipient == code("QKS") && lane.in_flight + lane.queued == 0);
    world.until("what was on its way has ended", is_still).await;

    let before = sent(&world, "QKS");
    assert!(before < 200, "{before}");
    assert!(world.dispatch.shut().contains(&code("QKS")), "nothing new is leased at its recording");
    world.until("the other gets all of its own", |world| sent(world, "RX2") == 200).await;
    assert_eq!(sent(&world, "QKS"), before);

    world.dispatch.set_paused(BTreeSet::new());
    world.until_delivered(400).await;
    assert_eq!(sent(&world, "QKS"), 200, "each once");
    world.end().await;
}
