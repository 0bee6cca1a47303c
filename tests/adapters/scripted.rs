//! A world with the clock in hand: lanes over the model ledger, and far ends that act a script.

use super::directory::{directory, endpoint};
use super::model_ledger::Model;
use arc_swap::ArcSwap;
use domain::Code;
use domain::delivery::DeliveryState;
use domain::directory::{Directory, Endpoint};
use domain::port::{BoxFuture, Deliver, Ledger, Parcel, Report};
use domain::retry::{AttemptOutcome, RetryPolicy};
use jiff::{SignedDuration, Timestamp};
use placement_hub::dispatch::{Dispatch, DispatchHandle, LaneSettings, Parts};
use placement_hub::telemetry::Metrics;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// What a far end does with one attempt.
pub enum Act {
    Take,
    Fail,
    TellLater(i64),
    Refuse,
    Gone,
    Hang,
    Panic,
}

/// One attempt as the far ends saw it.
#[derive(Clone, Debug)]
pub struct Sent {
    pub at: Duration,
    pub organisation: Code,
    pub delivery: Uuid,
    /// With this one, at the same organisation.
    pub in_flight: usize,
}

type Script = Box<dyn Fn(&Sent) -> (u64, Act) + Send + Sync>;

/// Far ends: each attempt takes the script's milliseconds, then it does as the script says.
pub struct Far {
    script: Script,
    started: Instant,
    sent: Mutex<Vec<Sent>>,
    in_flight: Mutex<HashMap<Code, usize>>,
}

/// Counts down even where the attempt is cut off.
struct InFlight<'a>(&'a Far, Code);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        *self.0.in_flight.lock().unwrap().get_mut(&self.1).unwrap() -= 1;
    }
}

impl Deliver for Far {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn deliver<'a>(&'a self, parcel: Parcel<'a>) -> BoxFuture<'a, Report> {
        assert_eq!(parcel.body, b"opened", "payloads are opened before they are sent");
        let organisation = parcel.endpoint.organisation;
        let in_flight = {
            let mut all = self.in_flight.lock().unwrap();
            let count = all.entry(organisation).or_default();
            *count += 1;
            *count
        };
        let sent = Sent { at: self.started.elapsed(), organisation, delivery: parcel.delivery, in_flight };
        self.sent.lock().unwrap().push(sent.clone());
        let (millis, act) = (self.script)(&sent);
        Box::pin(async move {
            let _counted = InFlight(self, organisation);
            tokio::time::sleep(Duration::from_millis(millis)).await;
            let (outcome, status) = match act {
                Act::Take => (AttemptOutcome::Delivered { receipt: "200".to_owned() }, Some(200)),
                Act::Fail => (AttemptOutcome::TryLater { after: None, why: "500".to_owned() }, Some(500)),
                Act::TellLater(s) => {
                    (AttemptOutcome::TryLater { after: Some(SignedDuration::from_secs(s)), why: "503".to_owned() }, Some(503))
                }
                Act::Refuse => (AttemptOutcome::Refused { why: "400".to_owned() }, Some(400)),
                Act::Gone => (AttemptOutcome::Gone { why: "410".to_owned() }, Some(410)),
                Act::Hang => std::future::pending().await,
                Act::Panic => panic!("a fault in an adapter"),
            };
            Report { outcome, status, detail: "as scripted".to_owned() }
        })
    }
}

pub struct World {
    pub ledger: Arc<Model>,
    pub far: Arc<Far>,
    pub directory: Arc<ArcSwap<Directory>>,
    pub metrics: Arc<Metrics>,
    pub dispatch: DispatchHandle,
    started: Instant,
}

/// 2026-11-20T09:00:00Z.
pub fn epoch() -> Timestamp {
    Timestamp::from_second(1_795_165_200).unwrap()
}

pub fn scripted_endpoint(organisation: &str) -> Endpoint {
    endpoint(organisation, "scripted", "https://receiver.example/hook")
}

impl World {
    pub fn start(endpoints: Vec<Endpoint>, ledger: Model, script: impl Fn(&Sent) -> (u64, Act) + Send + Sync + 'static) -> Self {
        Self::with(endpoints, ledger, script, |_| {})
    }

    pub fn with(
        endpoints: Vec<Endpoint>,
        ledger: Model,
        script: impl Fn(&Sent) -> (u64, Act) + Send + Sync + 'static,
        change: impl FnOnce(&mut Parts),
    ) -> Self {
        let started = Instant::now();
        let far = Arc::new(Far { script: Box::new(script), started, sent: Mutex::default(), in_flight: Mutex::default() });
        let (ledger, metrics) = (Arc::new(ledger), Arc::new(Metrics::new().unwrap()));
        let directory = Arc::new(ArcSwap::from_pointee(directory(endpoints)));
        let chance = AtomicU64::new(1);
        let mut parts = Parts {
            ledger: Arc::clone(&ledger) as Arc<dyn Ledger>,
            directory: Arc::clone(&directory),
            deliverers: HashMap::from([("scripted", Arc::clone(&far) as Arc<dyn Deliver>)]),
            open: Arc::new(|sealed| if sealed == b"sealed" { Ok(b"opened".to_vec()) } else { Err("no such key".to_owned()) }),
            retry: RetryPolicy::default(),
            lanes: LaneSettings::default(),
            metrics: Arc::clone(&metrics),
            clock: Arc::new(move || epoch().checked_add(started.elapsed()).unwrap()),
            // Knuth's linear congruence: evenly spread and the same at every run.
            random: Arc::new(move || {
                let next = |seed: u64| Some(seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
                (chance.fetch_update(Relaxed, Relaxed, next).unwrap() >> 11) as f64 / (1_u64 << 53) as f64
            }),
            holder: Uuid::from_u128(99),
        };
        change(&mut parts);
        Self { ledger, far, directory, metrics, dispatch: Dispatch::start(parts), started }
    }

    pub fn now(&self) -> Timestamp {
        epoch().checked_add(self.started.elapsed()).unwrap()
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.far.sent.lock().unwrap().clone()
    }

    /// Lets the clock run until `is_so`; fails after four days of it.
    pub async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !is_so(self) {
            assert!(begun.elapsed() < Duration::from_secs(4 * 86_400), "never: {what}: {:?}", self.dispatch.lanes());
            // Ever coarser: days pass in some hundred steps.
            tokio::time::sleep((begun.elapsed() / 100).max(Duration::from_millis(5))).await;
        }
    }

    pub async fn until_delivered(&self, count: usize) {
        self.until("all delivered", |world| world.ledger.count(DeliveryState::Delivered) == count).await;
    }

    /// Stops with a minute for what is in flight; then nothing is leased, nothing in memory.
    pub async fn end(self) {
        self.end_within(60).await;
    }

    pub async fn end_within(self, seconds: u64) {
        let drained = self.dispatch.drain(Instant::now() + Duration::from_secs(seconds)).await;
        assert_eq!((drained.left, self.ledger.count(DeliveryState::Leased)), (0, 0));
        assert!(self.far.in_flight.lock().unwrap().values().all(|count| *count == 0), "nothing runs on");
        assert_eq!(*self.ledger.stale.lock().unwrap(), 0);
    }
}
