//! SIGKILL at named points, again and again over the same ledger, while messages come in.

use super::load::Load;
use super::oracle::{Figures, judge};
use crate::support::door::{Door, url, within};
use crate::support::site::{Plan, Site};
use std::collections::HashMap;

/// Each point with its virtual host, and up to the how-manieth passing it kills: points of a batch are passed a few
/// times a second, those of a delivery a hundred times.
const POINTS: [(&str, &str, usize); 6] = [
    ("after-receive", "t20", 7),
    ("in-transaction", "t21", 7),
    ("after-commit", "t22", 7),
    ("after-claim", "t23", 7),
    ("in-send", "t24", 90),
    ("after-2xx", "t25", 90),
];
/// Every kill counts as a delivery for what was unacknowledged, so the broker must not give up on it before we do.
const DELIVERY_LIMIT: u32 = 1_000;
/// What the hub promises beyond what was in flight.
const DUPLICATES_BEYOND: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_kills_at_each_point_lose_nothing() {
    killed(&POINTS, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes: make faults"]
async fn two_hundred_kills_after_receive_lose_nothing() {
    killed(&POINTS[0..=0], 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes: make faults"]
async fn two_hundred_kills_in_transaction_lose_nothing() {
    killed(&POINTS[1..=1], 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes: make faults"]
async fn two_hundred_kills_after_commit_lose_nothing() {
    killed(&POINTS[2..=2], 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes: make faults"]
async fn two_hundred_kills_after_claim_lose_nothing() {
    killed(&POINTS[3..=3], 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes: make faults"]
async fn two_hundred_kills_in_send_lose_nothing() {
    killed(&POINTS[4..=4], 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes: make faults"]
async fn two_hundred_kills_after_2xx_lose_nothing() {
    killed(&POINTS[5..=5], 200).await;
}

async fn killed(points: &[(&str, &str, usize)], times: usize) {
    println!("{:<16}{:>7}{:>10}{:>12}{:>11}{:>12}{:>6}", "killed at", "kills", "messages", "deliveries", "in flight", "duplicates", "lost");
    for (point, vhost, most) in points {
        let (figures, in_flight) = killed_at(point, vhost, *most, times).await;
        let Figures { messages, deliveries, duplicates, lost } = figures;
        println!("{point:<16}{times:>7}{messages:>10}{deliveries:>12}{in_flight:>11}{duplicates:>12}{lost:>6}");
        assert_eq!(lost, 0, "{point}");
        assert!(duplicates <= in_flight + DUPLICATES_BEYOND, "{point}");
    }
}

/// The figures, and how many deliveries were in flight at all kills together.
async fn killed_at(point: &str, vhost: &str, most: usize, times: usize) -> (Figures, usize) {
    let url = url(vhost);
    let door = Door::open(url.clone(), DELIVERY_LIMIT).await;
    let (site, sink) = Site::with_sink(&url, &Plan { delivery_limit: DELIVERY_LIMIT, ..Plan::default() }).await;
    let load = Load::start(&url);
    let mut in_flight = HashMap::new();
    for round in 0..times {
        // Every count in turn, neither in order nor at random.
        let count = 1 + round * 5 % most;
        let mut hub = site.launch(Some(&format!("{point}:{count}")));
        let status = hub.ended().await;
        assert!(is_killed(status), "round {round}, {point}:{count}: {status}: {}", hub.log());
        for id in site.leased() {
            *in_flight.entry(id).or_default() += 1;
        }
    }
    let published = load.stop().await;
    let hub = site.start().await;
    within("all recorded and delivered", site.all_done(published)).await;
    hub.stop().await;
    door.assert_empty().await;
    (judge(&site, &sink, published, &in_flight).await, in_flight.values().sum())
}

fn is_killed(status: std::process::ExitStatus) -> bool {
    std::os::unix::process::ExitStatusExt::signal(&status) == Some(9)
}
