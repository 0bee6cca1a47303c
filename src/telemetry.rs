//! Every metric and every log field name, once. No label, field or message ever holds child data: labels are names of
//! bounded sets and organisation codes.

mod site;
mod traces;

pub use site::{Disk, Site};
pub use traces::{Started, Traces};

use crate::receipt::Verdict;
use domain::Code;
use domain::delivery::Kind;
use domain::message::MessageType;
use domain::port::Figures;
use jiff::{SignedDuration, Timestamp};
use prometheus::{
    Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// Names of log fields: one thing has one name in every line.
pub mod field {
    pub const RECIPIENT: &str = "recipient";
    pub const DELIVERY: &str = "delivery";
    pub const MESSAGE_ID: &str = "message_id";
    pub const PUBLISHER: &str = "publisher";
    pub const KIND: &str = "kind";
    pub const ADAPTER: &str = "adapter";
    pub const STATUS: &str = "status";
    pub const COUNT: &str = "count";
    pub const ERROR: &str = "error";
}

/// What an attempt came to, as metrics and the ledger name it. A 410 counts as refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptName {
    Delivered,
    Accepted,
    TryLater,
    Refused,
}

impl AttemptName {
    const ALL: [Self; 4] = [Self::Delivered, Self::Accepted, Self::TryLater, Self::Refused];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Accepted => "accepted",
            Self::TryLater => "try-later",
            Self::Refused => "refused",
        }
    }
}

/// From arrival to record, and one commit: an embedded ledger needs 0.2 ms on a good disk, 5 ms on a plain one, more in a
/// large batch; past a second something is wrong. Doubling steps keep a percentile within a factor of two.
const FAST: [f64; 14] = [0.000_25, 0.000_5, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1.0, 5.0];
/// From record to delivered: milliseconds when all is well (the aim is 5 and 20), seconds after a retry, minutes with an open
/// lane, hours and days when a receiver is down: the statutory clocks count in days.
const DELIVERY: [f64; 17] =
    [0.001, 0.002_5, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0, 3_600.0, 21_600.0, 86_400.0, 432_000.0];

/// What becomes of an obligation, as it is counted.
const ACTIONS: [&str; 8] = ["issued", "held", "corrected", "withdrawn", "retracted", "acknowledged", "reminded", "escalated"];

/// All metrics, with their own registry.
pub struct Metrics {
    registry: Registry,
    messages: IntCounterVec,
    obligations: IntCounterVec,
    attempts: IntCounterVec,
    delivery_seconds: HistogramVec,
    receive_seconds: Histogram,
    due_oldest_seconds: GaugeVec,
    accepted_oldest_seconds: GaugeVec,
    backlog: IntGaugeVec,
    notice_deadline: IntGaugeVec,
    breaches: IntGauge,
    review_open: IntGaugeVec,
    dead: IntCounterVec,
    lane_open: IntGaugeVec,
    broker_connected: IntGauge,
    ledger_commit_seconds: Histogram,
    heartbeat_success: IntGaugeVec,
    heartbeat_age_seconds: GaugeVec,
    heartbeat_seconds: GaugeVec,
    certificate_ends_seconds: GaugeVec,
    rails: RwLock<HashMap<&'static str, Arc<RailMetrics>>>,
    /// Of the hub itself and what it stands on.
    pub site: Site,
    /// Where spans go beside; nowhere unless the settings name a collector.
    pub traces: Traces,
}

/// How one endpoint's heartbeat stands.
#[derive(Clone, Copy, Debug)]
pub struct Heartbeat {
    /// The last one.
    pub well: bool,
    /// Since the last that was well.
    pub age: SignedDuration,
    pub took: Duration,
}

/// One adapter's metrics with every label looked up beforehand: counting an attempt takes no lock and no hashing.
#[derive(Debug)]
pub struct RailMetrics {
    /// By kind, then by outcome.
    attempts: Vec<[IntCounter; AttemptName::ALL.len()]>,
    delivery_seconds: Vec<Histogram>,
}

impl RailMetrics {
    pub fn attempt(&self, kind: Kind, outcome: AttemptName) {
        self.attempts[kind as usize][outcome as usize].inc();
    }

    /// From recorded to delivered.
    pub fn delivered_after(&self, kind: Kind, seconds: f64) {
        self.delivery_seconds[kind as usize].observe(seconds);
    }
}

impl Metrics {
    /// # Errors
    /// Where a metric's name or label is not allowed: a mistake in this file, found by its test.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let new = Registered { registry: &registry };
        new.process()?;
        let metrics = Self {
            messages: new.counters("messages_total", "Messages recorded, by type and verdict", &["type", "verdict"])?,
            obligations: new.counters(
                "obligations_total",
                "Obligations issued, held, corrected, withdrawn, retracted; acknowledged by their recipient; reminded of, escalated",
                &["kind", "action"],
            )?,
            attempts: new.counters("attempts_total", "Delivery attempts by outcome", &["kind", "adapter", "outcome"])?,
            delivery_seconds: new.histograms("delivery_seconds", "From recorded to delivered", &DELIVERY, &["kind", "adapter"])?,
            receive_seconds: new.histogram("receive_seconds", "From a message's arrival to its record", &FAST)?,
            due_oldest_seconds: new.gauges("due_oldest_seconds", "Age of the oldest pending delivery", &["recipient"])?,
            accepted_oldest_seconds: new.gauges(
                "accepted_oldest_seconds",
                "How long the oldest delivery that was accepted waits to be collected",
                &["recipient"],
            )?,
            backlog: new.int_gauges("backlog", "Pending deliveries", &["recipient", "state"])?,
            notice_deadline: new.int_gauges(
                "notice_deadline",
                "What is owed by a date and not delivered, by how its clock stands",
                &["kind", "state"],
            )?,
            breaches: new.gauge("breaches", "Obligations that did not reach their recipient by the due date, ever: a breach stays one")?,
            review_open: new.int_gauges("review_open", "Questions that wait for a person", &["reason"])?,
            dead: new.counters("dead_total", "Deliveries given up or refused", &["recipient"])?,
            lane_open: new.int_gauges("lane_open", "1 while a recipient's lane is shut by its breaker", &["recipient"])?,
            broker_connected: new.gauge("broker_connected", "1 while the hub consumes from the broker")?,
            ledger_commit_seconds: new.histogram("ledger_commit_seconds", "One write transaction of the ledger", &FAST)?,
            heartbeat_success: new.int_gauges("heartbeat_success", "1 where an endpoint's last heartbeat was well", &["recipient"])?,
            heartbeat_age_seconds: new.gauges(
                "heartbeat_age_seconds",
                "Since an endpoint's last heartbeat that was well",
                &["recipient"],
            )?,
            heartbeat_seconds: new.gauges("heartbeat_seconds", "How long an endpoint's last heartbeat took", &["recipient"])?,
            certificate_ends_seconds: new.gauges(
                "certificate_ends_seconds",
                "Until the first certificate of an endpoint ends; below nought once it has",
                &["recipient"],
            )?,
            rails: RwLock::default(),
            site: Site::new(&new)?,
            traces: Traces::default(),
            registry,
        };
        metrics.count_from_nought();
        Ok(metrics)
    }

    /// A counter that first shows itself as 1 hides its first event from every rate: so all that can be known beforehand begins at 0.
    fn count_from_nought(&self) {
        for message_type in MessageType::ALL.iter().map(|each| each.name()).chain(["unknown"]) {
            for verdict in Verdict::ALL {
                let _ = self.messages.with_label_values(&[message_type, verdict.name()]);
            }
        }
        for kind in Kind::ALL {
            for action in ACTIONS {
                let _ = self.obligations.with_label_values(&[kind.name(), action]);
            }
        }
    }

    /// A message was recorded; `message_type` and `verdict` are wire names.
    pub fn message(&self, message_type: &str, verdict: &str) {
        self.messages.with_label_values(&[message_type, verdict]).inc();
    }

    /// `action` is one of [`ACTIONS`].
    pub fn obligation(&self, kind: Kind, action: &'static str) {
        self.obligations.with_label_values(&[kind.name(), action]).inc();
    }

    pub fn received_after(&self, elapsed: Duration) {
        self.receive_seconds.observe(elapsed.as_secs_f64());
    }

    /// Deliveries that this hub has made: taken by their recipient, or by the rail where it is collected.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        let rails = self.rails.read().unwrap_or_else(PoisonError::into_inner);
        let made = |counters: &[IntCounter; AttemptName::ALL.len()]| {
            counters[AttemptName::Delivered as usize].get() + counters[AttemptName::Accepted as usize].get()
        };
        rails.values().flat_map(|rail| rail.attempts.iter().map(made)).sum()
    }

    pub fn committed_in(&self, elapsed: Duration) {
        self.ledger_commit_seconds.observe(elapsed.as_secs_f64());
    }

    pub fn broker_connected(&self, connected: bool) {
        self.broker_connected.set(i64::from(connected));
    }

    pub fn dead(&self, recipient: Code) {
        self.dead.with_label_values(&[recipient.as_str()]).inc();
    }

    /// A recipient with a lane: from now on its counters are there, at nought.
    pub fn lane(&self, recipient: Code) {
        let _ = self.dead.with_label_values(&[recipient.as_str()]);
        let _ = self.lane_open.with_label_values(&[recipient.as_str()]);
    }

    pub fn lane_open(&self, recipient: Code, open: bool) {
        self.lane_open.with_label_values(&[recipient.as_str()]).set(i64::from(open));
    }

    /// How each endpoint's heartbeat stands; an endpoint that is not among them any more is gone from the metrics too.
    pub fn heartbeats<'a>(&self, stand: impl Iterator<Item = (&'a str, Heartbeat)>) {
        self.heartbeat_success.reset();
        self.heartbeat_age_seconds.reset();
        self.heartbeat_seconds.reset();
        for (endpoint, Heartbeat { well, age, took }) in stand {
            self.heartbeat_success.with_label_values(&[endpoint]).set(i64::from(well));
            self.heartbeat_age_seconds.with_label_values(&[endpoint]).set(age.as_secs_f64().max(0.0));
            self.heartbeat_seconds.with_label_values(&[endpoint]).set(took.as_secs_f64());
        }
    }

    /// When the first certificate of each endpoint ends.
    pub fn certificates<'a>(&self, ends: impl Iterator<Item = (&'a str, SignedDuration)>) {
        self.certificate_ends_seconds.reset();
        let mut first: HashMap<&str, SignedDuration> = HashMap::new();
        for (endpoint, left) in ends {
            first.entry(endpoint).and_modify(|known| *known = left.min(*known)).or_insert(left);
        }
        for (endpoint, left) in first {
            self.certificate_ends_seconds.with_label_values(&[endpoint]).set(left.as_secs_f64());
        }
    }

    /// The metrics of one adapter; keep what comes.
    #[must_use]
    pub fn rail(&self, adapter: &'static str) -> Arc<RailMetrics> {
        let known = self.rails.read().unwrap_or_else(PoisonError::into_inner).get(adapter).map(Arc::clone);
        known.unwrap_or_else(|| {
            let mut rails = self.rails.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(rails.entry(adapter).or_insert_with(|| Arc::new(self.new_rail(adapter))))
        })
    }

    fn new_rail(&self, adapter: &'static str) -> RailMetrics {
        let attempts =
            |kind: &Kind| AttemptName::ALL.map(|outcome| self.attempts.with_label_values(&[kind.name(), adapter, outcome.name()]));
        let seconds = |kind: &Kind| self.delivery_seconds.with_label_values(&[kind.name(), adapter]);
        RailMetrics { attempts: Kind::ALL.iter().map(attempts).collect(), delivery_seconds: Kind::ALL.iter().map(seconds).collect() }
    }

    /// Takes over what the ledger says; a recipient or reason that is not among it any more is gone from the metrics too.
    pub fn figures(&self, figures: &Figures, now: Timestamp) {
        self.backlog.reset();
        for (recipient, state, count) in &figures.backlog {
            self.backlog.with_label_values(&[recipient.as_str(), state.name()]).set(gauge(*count));
        }
        self.due_oldest_seconds.reset();
        for (recipient, since) in &figures.oldest_due {
            self.due_oldest_seconds.with_label_values(&[recipient.as_str()]).set(now.duration_since(*since).as_secs_f64().max(0.0));
        }
        self.accepted_oldest_seconds.reset();
        for (recipient, since) in &figures.oldest_accepted {
            self.accepted_oldest_seconds.with_label_values(&[recipient.as_str()]).set(now.duration_since(*since).as_secs_f64().max(0.0));
        }
        self.notice_deadline.reset();
        for (kind, counts) in &figures.deadlines {
            for (state, count) in ["on-time", "at-risk", "overdue"].into_iter().zip(counts) {
                self.notice_deadline.with_label_values(&[kind.name(), state]).set(gauge(*count));
            }
        }
        self.breaches.set(gauge(figures.breaches));
        self.site.figures_read(now);
        self.review_open.reset();
        for (reason, count) in &figures.reviews {
            self.review_open.with_label_values(&[reason.as_str()]).set(gauge(*count));
        }
    }

    /// The Prometheus text format, as `/metrics` answers it.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = Vec::new();
        // Writing to memory fails only for a family without a metric, which is left out.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        String::from_utf8(text).unwrap_or_default()
    }
}

/// How log lines look on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Starts logging to stderr. `filter` is as tracing's: `info`, `placement_hub=debug,warn`.
///
/// # Errors
/// Where the filter cannot be read or logging was started before.
pub fn init_logging(format: LogFormat, filter: &str) -> Result<(), String> {
    let filter =
        EnvFilter::try_new(filter).map_err(|error| format!("log filter `{filter}`: {error}; try `info` or `placement_hub=debug,warn`"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).try_init(),
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
    };
    started.map_err(|error| format!("logging was started before: {error}"))
}

fn gauge(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Makes metrics with the hub's prefix and registers them.
struct Registered<'a> {
    registry: &'a Registry,
}

impl Registered<'_> {
    fn keep<M: prometheus::core::Collector + Clone + 'static>(&self, metric: M) -> Result<M, prometheus::Error> {
        self.registry.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
        self.keep(IntCounterVec::new(opts(name, help), labels)?)
    }

    /// CPU, memory, open files, start time, under the names that every program's have. Linux tells them.
    #[cfg_attr(not(target_os = "linux"), expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "there is nothing to register"))]
    fn process(&self) -> Result<(), prometheus::Error> {
        #[cfg(target_os = "linux")]
        self.registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        Ok(())
    }

    fn counter(&self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        self.keep(IntCounter::with_opts(opts(name, help))?)
    }

    fn float(&self, name: &str, help: &str) -> Result<Gauge, prometheus::Error> {
        self.keep(Gauge::with_opts(opts(name, help))?)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
        self.keep(IntGauge::with_opts(opts(name, help))?)
    }

    fn int_gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, prometheus::Error> {
        self.keep(IntGaugeVec::new(opts(name, help), labels)?)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec, prometheus::Error> {
        self.keep(GaugeVec::new(opts(name, help), labels)?)
    }

    fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram, prometheus::Error> {
        self.keep(Histogram::with_opts(HistogramOpts::from(opts(name, help)).buckets(buckets.to_vec()))?)
    }

    fn histograms(&self, name: &str, help: &str, buckets: &[f64], labels: &[&str]) -> Result<HistogramVec, prometheus::Error> {
        self.keep(HistogramVec::new(HistogramOpts::from(opts(name, help)).buckets(buckets.to_vec()), labels)?)
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("placement_hub")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::delivery::DeliveryState;

    /// Uses each metric once.
    fn used() -> String {
        let metrics = Metrics::new().unwrap();
        let code = Code::new("QKS").unwrap();
        let now = Timestamp::from_second(1_700_000_100).unwrap();
        metrics.message("placement-change", "accepted");
        metrics.obligation(Kind::Referral, "issued");
        metrics.received_after(Duration::from_millis(3));
        metrics.committed_in(Duration::from_millis(1));
        metrics.broker_connected(true);
        metrics.dead(code);
        metrics.lane_open(code, true);
        metrics.rail("webhook").attempt(Kind::Referral, AttemptName::TryLater);
        metrics.rail("webhook").delivered_after(Kind::Referral, 0.004);
        let figures = Figures {
            backlog: vec![(code, DeliveryState::Due, 7)],
            oldest_due: vec![(code, Timestamp::from_second(1_700_000_000).unwrap())],
            oldest_accepted: vec![(code, Timestamp::from_second(1_700_000_040).unwrap())],
            deadlines: vec![(Kind::ArrivalNotice, [3, 2, 1])],
            reviews: vec![("unknown-postcode".to_owned(), 4)],
            breaches: 2,
            ..Figures::default()
        };
        metrics.figures(&figures, now);
        let heartbeat = Heartbeat { well: true, age: SignedDuration::from_secs(9), took: Duration::from_millis(250) };
        metrics.heartbeats([("QKS/91Q", heartbeat)].into_iter());
        metrics.certificates([("QKS", SignedDuration::from_secs(90)), ("QKS", SignedDuration::from_secs(-5))].into_iter());
        metrics.encode()
    }

    #[test]
    fn every_promised_name_is_there_with_its_labels() {
        let text = used();
        for line in [
            "placement_hub_messages_total{type=\"placement-change\",verdict=\"accepted\"} 1",
            "placement_hub_obligations_total{action=\"issued\",kind=\"referral\"} 1",
            "placement_hub_attempts_total{adapter=\"webhook\",kind=\"referral\",outcome=\"try-later\"} 1",
            "placement_hub_delivery_seconds_count{adapter=\"webhook\",kind=\"referral\"} 1",
            "placement_hub_receive_seconds_count 1",
            "placement_hub_due_oldest_seconds{recipient=\"QKS\"} 100",
            "placement_hub_accepted_oldest_seconds{recipient=\"QKS\"} 60",
            "placement_hub_backlog{recipient=\"QKS\",state=\"due\"} 7",
            "placement_hub_notice_deadline{kind=\"arrival-notice\",state=\"overdue\"} 1",
            "placement_hub_breaches 2",
            "placement_hub_review_open{reason=\"unknown-postcode\"} 4",
            "placement_hub_dead_total{recipient=\"QKS\"} 1",
            "placement_hub_lane_open{recipient=\"QKS\"} 1",
            "placement_hub_broker_connected 1",
            "placement_hub_heartbeat_success{recipient=\"QKS/91Q\"} 1",
            "placement_hub_heartbeat_age_seconds{recipient=\"QKS/91Q\"} 9",
            "placement_hub_heartbeat_seconds{recipient=\"QKS/91Q\"} 0.25",
            "placement_hub_certificate_ends_seconds{recipient=\"QKS\"} -5",
            "placement_hub_ledger_commit_seconds_count 1",
        ] {
            assert!(text.lines().any(|each| each == line), "{line}\n{text}");
        }
    }

    #[test]
    fn what_the_ledger_does_not_name_any_more_is_gone() {
        let metrics = Metrics::new().unwrap();
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        metrics.figures(&Figures { reviews: vec![("ended-postcode".to_owned(), 1)], ..Figures::default() }, now);
        metrics.figures(&Figures::default(), now);
        metrics.certificates([("RX2", SignedDuration::ZERO)].into_iter());
        metrics.certificates(std::iter::empty());
        assert!(!metrics.encode().contains("RX2"));
        assert!(!metrics.encode().contains("ended-postcode"));
    }

    #[test]
    fn kinds_and_outcomes_count_apart() {
        let metrics = Metrics::new().unwrap();
        for (index, kind) in Kind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, index, "the position is the index of the counters");
            for outcome in AttemptName::ALL {
                metrics.rail("webhook").attempt(*kind, outcome);
            }
        }
        let text = metrics.encode();
        let counted = text.lines().filter(|line| line.starts_with("placement_hub_attempts_total{") && line.ends_with(" 1")).count();
        assert_eq!(counted, Kind::ALL.len() * AttemptName::ALL.len());
    }

    #[test]
    fn a_wrong_filter_is_told() {
        assert!(init_logging(LogFormat::Json, "placement_hub=loud").unwrap_err().contains("placement_hub=loud"));
    }
}
