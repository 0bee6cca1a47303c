//! The broker ends, restarts and closes connections under load.

use super::load::Load;
use super::oracle::{Figures, judge};
use crate::support::broker::Broker;
use crate::support::door::{Door, within};
use crate::support::sink::Sink;
use crate::support::site::{Hub, Plan, Site};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Promised: consuming again so soon after the broker is back.
const AGAIN: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_restarts_twice_under_load_loses_nothing() {
    restarted("faults-hub-twice", 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "some five minutes: make faults"]
async fn a_broker_that_restarts_twenty_times_under_load_loses_nothing() {
    let slowest = restarted("faults-hub-twenty", 20).await;
    assert!(slowest <= AGAIN, "{slowest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_closed_under_load_lose_nothing() {
    let broker = Broker::start("faults-hub-closed");
    let scene = Scene::set(&broker).await;
    for _ in 0..5 {
        let before = scene.hub.consumed();
        broker.ctl(&["close_all_connections", "--vhost", "t01", "a test"]);
        within("another session", async {
            while scene.hub.consumed() <= before {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }
    let figures = scene.end().await;
    println!("connections closed 5 times: {} messages, {} deliveries, {} lost", figures.messages, figures.deliveries, figures.lost);
}

/// The longest that it took to consume again.
async fn restarted(name: &'static str, times: usize) -> Duration {
    let broker = Broker::start(name);
    let scene = Scene::set(&broker).await;
    let mut took = Vec::new();
    for round in 0..times {
        let ending = if round % 2 == 0 { "stop" } else { "kill" };
        broker.does(ending);
        let why = scene.hub.until_status("/readyz", 503).await;
        assert!(why.contains("not consuming"), "{why}");
        assert_eq!(scene.hub.get("/livez").await.unwrap().0, 200, "a hub without a broker is alive");
        took.push(back(&broker, &scene.hub).await);
        let before = scene.sink.count();
        scene.sink.until("load again", |arrivals| (arrivals.len() > before + 200).then_some(())).await;
    }
    let figures = scene.end().await;
    let Figures { messages, deliveries, lost, .. } = figures;
    took.sort();
    let (median, slowest) = (took[took.len() / 2], took[took.len() - 1]);
    println!(
        "the broker ended and started {times} times (SIGTERM and SIGKILL in turn): {messages} messages, {deliveries} deliveries, {lost} lost"
    );
    println!("consuming again after the broker's port opened: median {median:.1?}, slowest {slowest:.1?}");
    slowest
}

/// Starts the broker; how long after its port opened the hub consumed again.
async fn back(broker: &Broker, hub: &Hub) -> Duration {
    let opened = async {
        while tokio::net::TcpStream::connect(broker.address()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let opened = Instant::now();
        hub.until_status("/readyz", 200).await;
        opened.elapsed()
    };
    let starting = broker.starting();
    let took = opened.await;
    within("the broker's start", starting).await.unwrap();
    took
}

/// A hub under load on a broker of its own.
struct Scene {
    door: Door,
    site: Site,
    sink: Sink,
    hub: Hub,
    load: Load,
}

impl Scene {
    async fn set(broker: &Broker) -> Self {
        let url = broker.on("t01");
        let door = Door::open(url.clone(), Plan::default().delivery_limit).await;
        let (site, sink) = Site::with_sink(&url, &Plan::default()).await;
        let hub = site.start().await;
        let load = Load::start(&url);
        sink.until_taken(20).await;
        Self { door, site, sink, hub, load }
    }

    /// All that was confirmed is recorded and delivered, and nothing came twice: the hub itself lived on.
    async fn end(self) -> Figures {
        let published = self.load.stop().await;
        within("all recorded and delivered", self.site.all_done(published)).await;
        self.hub.stop().await;
        self.door.assert_empty().await;
        let figures = judge(&self.site, &self.sink, published, &HashMap::new()).await;
        assert_eq!((figures.lost, figures.duplicates), (0, 0));
        figures
    }
}
