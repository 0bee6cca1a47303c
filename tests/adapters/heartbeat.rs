//! Heartbeats: to whom, what they say, and what is told of them.

use super::directory::{code, directory, endpoint};
use super::receiver::{Answer, Receiver, answer};
use crate::support::site::{Plan, Site};
use arc_swap::ArcSwap;
use domain::directory::{Agreed, Endpoint};
use domain::port::Deliver;
use jiff::{SignedDuration, Timestamp};
use placement_hub::directory::Rails;
use placement_hub::heartbeat::{self, Beaten, Parts};
use placement_hub::telemetry::Metrics;
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use tokio::sync::watch;
use webhook::Webhook;

const AT: &str = "2026-11-22T12:00:00Z";

/// One beat by a rail, every quarter of an hour, at noon.
pub async fn beat(rail: impl Deliver + 'static, endpoint: &Endpoint) -> Beaten {
    let endpoint = every(endpoint.clone(), 15);
    heartbeat::beat(&rails(rail), &endpoint, "urn:test", AT.parse().unwrap()).await
}

fn rails(rail: impl Deliver + 'static) -> Rails {
    let rail: Arc<dyn Deliver> = Arc::new(rail);
    Rails::from([(rail.name(), rail)])
}

fn every(endpoint: Endpoint, minutes: u32) -> Endpoint {
    Endpoint { agreed: Agreed { heartbeat_minutes: Some(minutes), ..Agreed::default() }, ..endpoint }
}

#[tokio::test]
async fn a_webhooks_beat_is_signed_and_marked_as_a_test() {
    let receiver = Receiver::start(answer("204 No Content", "", "")).await;
    let beaten = beat(Webhook::new(), &endpoint("QKS", "webhook", &receiver.url())).await;
    assert!(beaten.is_well(), "{beaten:?}");
    let [request] = &receiver.requests()[..] else { panic!("one request") };
    let mut event: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(request.header("webhook-id"), event["id"].as_str());
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| request.header(name).unwrap());
    let signed = standardwebhooks::Webhook::new(super::directory::SECRET).unwrap();
    let second = AT.parse::<Timestamp>().unwrap().as_second();
    assert_eq!((headers[1], headers[2]), (second.to_string().as_str(), signed.sign(headers[0], second, &request.body).unwrap().as_str()));
    event["id"] = Value::Null;
    let expected = json!({
        "specversion": "1.0", "id": null, "source": "urn:test", "type": "heartbeat.v1", "subject": "QKS", "time": AT,
        "datacontenttype": "application/json", "data": { "test": true, "sentAt": AT, "intervalMinutes": 15 }
    });
    assert_eq!(event, expected);
}

#[tokio::test]
async fn an_end_that_does_not_take_it_is_not_well_and_nothing_is_tried_again() {
    for said in [answer("500 Oops", "", ""), answer("410 Gone", "", ""), Answer::Hang] {
        let receiver = Receiver::start(said.clone()).await;
        let silent = Endpoint { timeout_seconds: 1, ..endpoint("QKS", "webhook", &receiver.url()) };
        let beaten = beat(Webhook::new(), &silent).await;
        assert!(!beaten.is_well(), "{said:?}: {beaten:?}");
        assert_eq!(receiver.requests().len(), 1);
    }
    // A feed has none, whoever asks.
    let beaten = beat(feed::Feed, &endpoint("QKS", "feed", "")).await;
    assert!(!beaten.is_well() && beaten.report.detail.contains("a feed has no heartbeat"), "{beaten:?}");
}

/// The loop with the clock in hand.
struct World {
    minutes: Arc<AtomicI64>,
    may_beat: Arc<AtomicBool>,
    endpoints: Arc<ArcSwap<domain::directory::Directory>>,
    metrics: Arc<Metrics>,
    stop: watch::Sender<bool>,
}

impl World {
    fn start(endpoints: Vec<Endpoint>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (minutes, may_beat) = (Arc::<AtomicI64>::default(), Arc::new(AtomicBool::new(true)));
        let (clock, leave) = (Arc::clone(&minutes), Arc::clone(&may_beat));
        let world = Self {
            minutes,
            may_beat,
            endpoints: Arc::new(ArcSwap::from_pointee(directory(endpoints))),
            metrics: Arc::new(Metrics::new().unwrap()),
            stop,
        };
        let parts = Parts {
            directory: Arc::clone(&world.endpoints),
            rails: rails(Webhook::new()),
            metrics: Arc::clone(&world.metrics),
            source: "urn:test".to_owned(),
            now: Arc::new(move || AT.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(clock.load(Ordering::SeqCst))),
            day: Arc::new(|at| at.to_zoned(jiff::tz::TimeZone::UTC).date()),
            may_beat: Arc::new(move || leave.load(Ordering::SeqCst)),
        };
        tokio::spawn(heartbeat::run(parts, stopped));
        world
    }

    /// Waits until a metric of an endpoint has this value; none for one that is not there.
    async fn until(&self, metric: &str, recipient: &str, value: Option<&str>) {
        let line = format!("placement_hub_{metric}{{recipient=\"{recipient}\"}} ");
        crate::support::door::within(&format!("{line}{value:?}"), async {
            loop {
                let text = self.metrics.encode();
                if text.lines().find_map(|each| each.strip_prefix(line.as_str())) == value {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn each_beats_at_its_own_interval_and_silence_is_told() {
    let (well, ill) = (Receiver::start(answer("200 OK", "", "")).await, Receiver::start(answer("500 Oops", "", "")).await);
    let at = |url: String| every(endpoint("QKS", "webhook", &url), 15);
    let place = Endpoint { place: Some(code("91Q")), ..every(endpoint("QKS", "webhook", &well.url()), 60) };
    let never = endpoint("RX2", "webhook", &well.url());
    let world = World::start(vec![at(well.url()), place.clone(), never.clone()]);
    world.until("heartbeat_success", "QKS", Some("1")).await;
    world.until("heartbeat_success", "QKS/91Q", Some("1")).await;
    world.until("heartbeat_success", "RX2", None).await;
    assert_eq!(well.requests().len(), 2);

    // A quarter of an hour on it is silent; how long, counts from the last one that was well.
    world.endpoints.store(Arc::new(directory(vec![at(ill.url()), place, never])));
    world.minutes.store(14, Ordering::SeqCst);
    world.until("heartbeat_age_seconds", "QKS", Some("840")).await;
    world.minutes.store(20, Ordering::SeqCst);
    world.until("heartbeat_success", "QKS", Some("0")).await;
    world.until("heartbeat_age_seconds", "QKS", Some("1200")).await;
    assert_eq!((well.requests().len(), ill.requests().len()), (2, 1));

    // And well again. Who has left the directory is not told of.
    world.endpoints.store(Arc::new(directory(vec![at(well.url())])));
    world.minutes.store(35, Ordering::SeqCst);
    world.until("heartbeat_success", "QKS", Some("1")).await;
    world.until("heartbeat_age_seconds", "QKS", Some("0")).await;
    world.until("heartbeat_success", "QKS/91Q", None).await;

    // Another hub's turn; and when it is this one's again, it beats once, whatever time went by.
    let before = well.requests().len();
    world.may_beat.store(false, Ordering::SeqCst);
    world.until("heartbeat_success", "QKS", None).await;
    world.minutes.store(600, Ordering::SeqCst);
    world.may_beat.store(true, Ordering::SeqCst);
    world.until("heartbeat_success", "QKS", Some("1")).await;
    world.stop.send_replace(true);
    assert_eq!(well.requests().len(), before + 1);
}

/// On demand, of a site where two have agreed, and one does not answer well.
#[test]
fn doctor_sends_one_on_demand() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (well, ill) =
        runtime.block_on(async { (Receiver::start(answer("200 OK", "", "")).await, Receiver::start(answer("500 Oops", "", "")).await) });
    let site = Site::new("amqp://127.0.0.1:1/%2f", well.address, &Plan { recipients: &["E06000043", "QKS", "RX2"], ..Plan::default() });
    let mut endpoints = String::new();
    for entry in std::fs::read_to_string(site.path("endpoints.toml")).unwrap().split_inclusive("\n\n") {
        let beats = if entry.contains("RX2") { "" } else { "heartbeat_minutes = 30\n" };
        let entry =
            if entry.contains("QKS") { entry.replace(&well.address.to_string(), &ill.address.to_string()) } else { entry.to_owned() };
        writeln!(endpoints, "{}\n{beats}", entry.trim_end()).unwrap();
    }
    std::fs::write(site.path("endpoints.toml"), endpoints).unwrap();
    let (_, printed, _) = site.run(&["doctor", "--heartbeat"]);
    assert!(printed.contains("well  heartbeat E06000043: 200") && printed.contains("ILL   heartbeat QKS: 500"), "{printed}");
    assert!(!printed.contains("heartbeat RX2"), "{printed}");
    let (_, printed, _) = site.run(&["doctor", "--heartbeat", "E06000043"]);
    assert!(printed.contains("well  heartbeat E06000043") && !printed.contains("heartbeat QKS"), "{printed}");
    let (_, printed, _) = site.run(&["doctor", "--heartbeat", "RX2"]);
    assert!(printed.contains("ILL   heartbeat: no endpoint of RX2 takes heartbeats"), "{printed}");
    let (_, printed, _) = site.run(&["doctor"]);
    assert!(!printed.contains("heartbeat"), "{printed}");
    assert_eq!(well.requests().len(), 2);
}
