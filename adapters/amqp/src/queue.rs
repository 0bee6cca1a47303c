//! Delivers to organisations that read queues: each has a durable queue on the hub's own broker, from which it takes its
//! deliveries when it likes.
//!
//! One message per delivery: the CloudEvents envelope, persistent and mandatory, to the topic exchange
//! [`topology::DELIVERIES`] with the organisation's code as routing key, into the queue `placement-hub.deliveries.<code>`. A
//! place with an endpoint of its own has `<code>.<place>` for both. `message_id` is the delivery's id, the same at every attempt;
//! `type` is the kind; the header `traceparent` goes along.
//!
//! | the broker's answer | outcome | why |
//! |---|---|---|
//! | confirmed | delivered | it is on disk in the organisation's own queue |
//! | returned (312) | try later | no queue is bound: somebody deleted it; it is declared again with the next attempt |
//! | refused | try later | the queue is full: the organisation does not read, and nothing is dropped for it |
//! | no answer in time, connection lost | try later | it may be there: the same id tells its reader |
//! | blocked (short of memory or disk) | try later, in half a minute | nothing is sent before it reads again |
//! | not reachable, login refused | try later, when the connection is tried next | one attempt to connect serves all that wait |
//! | the queue exists with other properties | try later, in a quarter of an hour | a person mends it |
//! | the message is larger than the broker takes | try later, in a quarter of an hour | a person raises `max_message_size` |
//!
//! A heartbeat is a message of the type `heartbeat`, which expires when the next one is due.
//!
//! The broker confirms a message although it is unroutable, so the return is the answer. An alternate exchange on
//! [`topology::DELIVERIES`] would swallow it: set none.

use crate::{
    line::{Lines, Trouble},
    publisher::Outgoing,
    settings::{Mistakes, Settings},
    topology::{self, Limits},
};
use domain::{
    directory::Endpoint,
    port::{Beat, BoxFuture, Deliver, Parcel, Report},
    retry::AttemptOutcome,
};
use jiff::SignedDuration;
use std::time::Duration;

const MAX_LENGTH: &str = "max_length";
const MAX_LENGTH_BYTES: &str = "max_length_bytes";
/// Below, one large notice may never fit; above, one recipient could fill a broker's disk.
const BYTES: std::ops::RangeInclusive<u32> = 4 << 20..=1 << 30;
const MESSAGES: std::ops::RangeInclusive<u32> = 1..=1_000_000;
/// As a returned message says it.
const NO_ROUTE: u16 = 312;
/// Longest sentence about an attempt.
const DETAIL_CHARS_MAX: usize = 200;

/// The rail. Cheap to hold; it connects when it is first used, and keeps one connection for all organisations.
pub struct Queue {
    /// None where the broker's settings are wrong.
    lines: Result<Lines, Mistakes>,
}

impl Queue {
    /// Of `settings` it takes the broker's URL, the heartbeat and the connection's name. Where they are wrong, as
    /// [`Settings::check`] says, each attempt says so; endpoints can be checked all the same.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self { lines: settings.address().map(|address| Lines::new(address, format!("{} deliveries", settings.connection_name))) }
    }

    async fn put(&self, event: Event<'_>) -> Report {
        match self.attempt(&event).await {
            Ok(receipt) => Report { detail: receipt.clone(), status: None, outcome: AttemptOutcome::Delivered { receipt } },
            Err(trouble) => report(trouble),
        }
    }

    async fn attempt(&self, event: &Event<'_>) -> Result<String, Trouble> {
        let routing_key = routing_key(event.endpoint);
        let wrong = |mistakes: &[String]| Trouble::standing(mistakes.join("; "));
        let lines = self.lines.as_ref().map_err(|mistakes| wrong(&mistakes.0))?;
        let limits = limits(event.endpoint).map_err(|mistakes| wrong(&mistakes))?;
        lines.send(&routing_key, limits, message(event, &routing_key), patience(event.endpoint)).await?;
        Ok(format!("queue {}", topology::delivery_queue(&routing_key)))
    }
}

impl Deliver for Queue {
    fn name(&self) -> &'static str {
        "queue"
    }

    fn check(&self, endpoint: &Endpoint) -> Vec<String> {
        mistakes(endpoint)
    }

    fn deliver<'a>(&'a self, parcel: Parcel<'a>) -> BoxFuture<'a, Report> {
        let event = Event {
            endpoint: parcel.endpoint,
            id: parcel.delivery.hyphenated().to_string(),
            kind: parcel.kind.name(),
            body: parcel.body,
            traceparent: parcel.traceparent,
            expires_after: None,
        };
        Box::pin(self.put(event))
    }

    fn no_heartbeat(&self) -> Option<&'static str> {
        None
    }

    /// An event of the type `heartbeat`. It goes when the next one comes, so that a queue that nobody reads does not fill with them.
    fn heartbeat<'a>(&'a self, beat: Beat<'a>) -> BoxFuture<'a, Report> {
        let minutes = beat.endpoint.agreed.heartbeat_minutes.unwrap_or(1);
        let event = Event {
            endpoint: beat.endpoint,
            id: beat.id.hyphenated().to_string(),
            kind: "heartbeat",
            body: beat.body,
            traceparent: None,
            expires_after: Some(Duration::from_secs(u64::from(minutes) * 60)),
        };
        Box::pin(self.put(event))
    }

    /// What is on its way then is answered as not confirmed.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Ok(lines) = &self.lines {
                lines.close().await;
            }
        })
    }
}

/// What goes into a queue.
struct Event<'a> {
    endpoint: &'a Endpoint,
    id: String,
    kind: &'static str,
    body: &'a [u8],
    traceparent: Option<&'a str>,
    expires_after: Option<Duration>,
}

fn report(trouble: Trouble) -> Report {
    let status = trouble.returned.then_some(NO_ROUTE);
    let detail: String = trouble.sentence.chars().take(DETAIL_CHARS_MAX).collect();
    let after = trouble.after.and_then(|after| SignedDuration::try_from(after).ok());
    Report { outcome: AttemptOutcome::TryLater { after, why: detail.clone() }, status, detail }
}

fn message(event: &Event<'_>, routing_key: &str) -> Outgoing {
    Outgoing {
        exchange: topology::DELIVERIES.to_owned(),
        routing_key: routing_key.to_owned(),
        body: event.body.to_vec(),
        content_type: Some("application/cloudevents+json".to_owned()),
        message_id: Some(event.id.clone()),
        kind: Some(event.kind.to_owned()),
        traceparent: event.traceparent.map(str::to_owned),
        expires_after: event.expires_after,
        ..Outgoing::default()
    }
}

pub(crate) fn routing_key(endpoint: &Endpoint) -> String {
    match endpoint.place {
        Some(place) => format!("{}.{place}", endpoint.organisation),
        None => endpoint.organisation.to_string(),
    }
}

fn patience(endpoint: &Endpoint) -> Duration {
    Duration::from_secs(u64::from(endpoint.timeout_seconds.max(1)))
}

/// Everything that is wrong with an endpoint of this rail.
fn mistakes(endpoint: &Endpoint) -> Vec<String> {
    let mut mistakes = limits(endpoint).err().unwrap_or_default();
    if !endpoint.url.is_empty() {
        mistakes.push("a queue has no `url`: it is on the hub's own broker, so leave it out".to_owned());
    }
    if !(endpoint.secrets.is_empty() && endpoint.secret_settings.is_empty()) {
        mistakes.push("a queue needs no secret: the broker knows its reader by user and password, so leave it out".to_owned());
    }
    for key in endpoint.settings.keys().filter(|key| ![MAX_LENGTH, MAX_LENGTH_BYTES].contains(&key.as_str())) {
        mistakes.push(format!("a queue has no setting `{key}`: known are {MAX_LENGTH} and {MAX_LENGTH_BYTES}"));
    }
    mistakes
}

pub(crate) fn limits(endpoint: &Endpoint) -> Result<Limits, Vec<String>> {
    let mut mistakes = Vec::new();
    let mut read = |key: &str, range: std::ops::RangeInclusive<u32>, unless_set: u32| match endpoint.settings.get(key) {
        None => unless_set,
        Some(text) => text.parse().ok().filter(|value| range.contains(value)).unwrap_or_else(|| {
            mistakes.push(format!("`{key}` must be a whole number from {} to {}", range.start(), range.end()));
            unless_set
        }),
    };
    let Limits { messages, bytes } = Limits::default();
    let limits = Limits { messages: read(MAX_LENGTH, MESSAGES, messages), bytes: read(MAX_LENGTH_BYTES, BYTES, bytes) };
    if mistakes.is_empty() { Ok(limits) } else { Err(mistakes) }
}
