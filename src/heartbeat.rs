//! Heartbeats: a test event to each endpoint that has agreed to take them, so that silence means trouble.
//!
//! A beat is nothing that is owed: no child, no retry, nothing in the ledger. Its rail says what it is; what is kept of it is in the
//! metrics, and in the log where an endpoint falls silent or speaks again.

use crate::cloud_event::cloud_event;
use crate::directory::Rails;
use crate::journey::Journey;
use crate::telemetry::{Heartbeat, Metrics, field};
use arc_swap::ArcSwap;
use domain::directory::{Directory, Endpoint};
use domain::port::{Beat, Report};
use domain::retry::AttemptOutcome;
use futures_util::StreamExt;
use futures_util::stream;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use uuid::Uuid;

/// How often it is looked whether a beat is due: intervals are minutes.
const TICK: Duration = Duration::from_secs(1);
/// Beats on their way at once. Each ends within its endpoint's time limit, so a hundred silent ends take some minutes.
const AT_ONCE: usize = 16;

pub struct Parts {
    pub directory: Arc<ArcSwap<Directory>>,
    pub rails: Rails,
    pub metrics: Arc<Metrics>,
    /// `source` of the envelopes.
    pub source: String,
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    pub day: Arc<dyn Fn(Timestamp) -> Date + Send + Sync>,
    /// Whether it is this hub that beats: of several on one ledger, one.
    pub may_beat: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Parts {
    /// Of a hub that beats while it is on duty among those that share its ledger.
    #[must_use]
    pub fn of(journey: &Journey, rails: Rails, on_duty: Arc<AtomicBool>) -> Self {
        let policy = Arc::clone(&journey.policy);
        Self {
            directory: Arc::clone(&journey.directory),
            rails,
            metrics: Arc::clone(&journey.metrics),
            source: journey.source.clone(),
            now: Arc::clone(&journey.now),
            day: Arc::new(move |at| policy.day(at)),
            may_beat: Arc::new(move || on_duty.load(Relaxed)),
        }
    }
}

/// What became of one beat.
#[derive(Clone, Debug)]
pub struct Beaten {
    pub report: Report,
    pub took: Duration,
}

impl Beaten {
    #[must_use]
    pub const fn is_well(&self) -> bool {
        matches!(self.report.outcome, AttemptOutcome::Delivered { .. } | AttemptOutcome::Accepted { .. })
    }
}

/// Runs until `stop` turns true.
pub async fn run(parts: Parts, mut stop: watch::Receiver<bool>) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut pulses = Pulses::default();
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            _ = interval.tick() => {}
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = pulses.look(&parts) => {}
        }
    }
}

/// One beat at one endpoint, now.
pub async fn beat(rails: &Rails, endpoint: &Endpoint, source: &str, now: Timestamp) -> Beaten {
    let begun = Instant::now();
    let id = Uuid::now_v7();
    let report = match (rails.get(endpoint.adapter.as_str()), envelope(endpoint, id, source, now)) {
        (Some(rail), Ok(body)) => rail.heartbeat(Beat { endpoint, id, body: &body, now }).await,
        (None, _) => failed(format!("this hub has no rail {}", endpoint.adapter)),
        (_, Err(error)) => failed(error.to_string()),
    };
    Beaten { report, took: begun.elapsed() }
}

fn failed(why: String) -> Report {
    Report { outcome: AttemptOutcome::Refused { why: why.clone() }, status: None, detail: why }
}

/// The endpoints that take heartbeats on a day.
pub fn takers(directory: &Directory, today: Date) -> impl Iterator<Item = &Endpoint> {
    directory.endpoints().iter().filter(move |endpoint| endpoint.agreed.heartbeat_minutes.is_some() && endpoint.span().holds(today))
}

/// Like a delivery, and marked as a test.
fn envelope(endpoint: &Endpoint, id: Uuid, source: &str, now: Timestamp) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Data {
        test: bool,
        sent_at: Timestamp,
        interval_minutes: Option<u32>,
    }
    let data = Data { test: true, sent_at: now, interval_minutes: endpoint.agreed.heartbeat_minutes };
    cloud_event(id, source, "heartbeat.v1", endpoint.organisation.as_str(), now, &data)
}

/// How each endpoint does, by name.
#[derive(Default)]
struct Pulses(HashMap<String, Pulse>);

#[derive(Clone, Copy)]
struct Pulse {
    next_at: Timestamp,
    /// Since when it is silent: the last beat that was well, or the first look at it.
    well_at: Timestamp,
    /// None before the first.
    well: Option<bool>,
    took: Duration,
}

impl Pulses {
    /// Beats where it is time, and tells how all do.
    async fn look(&mut self, parts: &Parts) {
        if !(parts.may_beat)() {
            // Another hub's metrics tell.
            self.0.clear();
            parts.metrics.heartbeats(std::iter::empty());
            return;
        }
        let now = (parts.now)();
        let directory = parts.directory.load_full();
        let takers: HashMap<String, &Endpoint> = takers(&directory, (parts.day)(now)).map(|endpoint| (endpoint.name(), endpoint)).collect();
        self.0.retain(|name, _| takers.contains_key(name));
        let due: Vec<(&str, &Endpoint)> = takers
            .iter()
            .filter(|(name, _)| {
                self.0.entry((*name).clone()).or_insert(Pulse { next_at: now, well_at: now, well: None, took: Duration::ZERO }).next_at
                    <= now
            })
            .map(|(name, endpoint)| (name.as_str(), *endpoint))
            .collect();
        let beats: Vec<_> = due.into_iter().map(|(name, endpoint)| named(parts, name, endpoint, now)).collect();
        let mut beats = stream::iter(beats).buffer_unordered(AT_ONCE);
        while let Some((name, endpoint, beaten)) = beats.next().await {
            let minutes = endpoint.agreed.heartbeat_minutes.unwrap_or(1);
            if let Some(pulse) = self.0.get_mut(name) {
                pulse.take(name, endpoint, &beaten, now);
                pulse.next_at = now.saturating_add(SignedDuration::from_mins(minutes.into())).unwrap_or(Timestamp::MAX);
            }
        }
        let stands = |pulse: &Pulse| Some(Heartbeat { well: pulse.well?, age: now.duration_since(pulse.well_at), took: pulse.took });
        parts.metrics.heartbeats(self.0.iter().filter_map(|(name, pulse)| Some((name.as_str(), stands(pulse)?))));
    }
}

async fn named<'a>(parts: &Parts, name: &'a str, endpoint: &'a Endpoint, now: Timestamp) -> (&'a str, &'a Endpoint, Beaten) {
    (name, endpoint, beat(&parts.rails, endpoint, &parts.source, now).await)
}

impl Pulse {
    fn take(&mut self, name: &str, endpoint: &Endpoint, beaten: &Beaten, now: Timestamp) {
        let well = beaten.is_well();
        self.took = beaten.took;
        if well {
            self.well_at = now;
        }
        match self.well.replace(well) {
            None | Some(true) if !well => {
                let why = &beaten.report.detail;
                tracing::warn!({ field::RECIPIENT } = name, { field::ADAPTER } = endpoint.adapter, why, "an endpoint's heartbeat fails");
            }
            Some(false) if well => {
                tracing::info!({ field::RECIPIENT } = name, { field::ADAPTER } = endpoint.adapter, "an endpoint's heartbeat is well again");
            }
            _ => {}
        }
    }
}
