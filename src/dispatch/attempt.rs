//! One attempt: opens the payload, calls the adapter within a time limit, survives whatever the adapter does.

use super::shared::{GRACE_SECONDS, Shared};
use crate::telemetry::{AttemptName, Started};
use domain::breaker::{Signal, Ticket};
use domain::directory::Directory;
use domain::port::{Attempt, Lease, Parcel, Report};
use domain::retry::AttemptOutcome;
use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

/// A fault on our own side waits for a person this long.
const MENDING_TIME: SignedDuration = SignedDuration::from_mins(15);

/// What came of it.
pub(super) struct Done {
    pub(super) lease: Lease,
    pub(super) ticket: Ticket,
    pub(super) signal: Signal,
    pub(super) name: AttemptName,
    pub(super) attempt: Attempt,
    pub(super) outcome: AttemptOutcome,
    /// The address that answered 410.
    pub(super) gone: Option<String>,
}

/// Makes the attempt. `directory` is the one by which the lane decided to send; a swap meanwhile changes nothing.
pub(super) async fn attempt(shared: Arc<Shared>, directory: Arc<Directory>, lease: Lease, ticket: Ticket) -> Done {
    let started_at = shared.now();
    // The lane has just asked the same; only the day can have changed in between.
    let (endpoint, rail) = match shared.reach(&directory, lease.recipient, lease.place, started_at) {
        Ok(found) => found,
        Err(why) => return Done::own_fault(lease, ticket, started_at, "none", why),
    };
    let adapter = rail.deliverer.name();
    let body = match (shared.open)(&lease.payload) {
        Ok(body) => body,
        Err(why) => return Done::own_fault(lease, ticket, started_at, adapter, format!("the stored payload cannot be opened: {why}")),
    };
    let mut span = shared.metrics.traces.attempt(lease.traceparent.as_deref(), adapter);
    let traceparent = span.traceparent().or_else(|| lease.traceparent.clone());
    let parcel = Parcel {
        endpoint,
        delivery: lease.delivery,
        kind: lease.kind,
        body: &body,
        traceparent: traceparent.as_deref(),
        first: lease.fence <= 1,
        now: started_at,
    };
    crate::crash::point("in-send");
    let timeout = Duration::from_secs(u64::from(endpoint.timeout_seconds) + GRACE_SECONDS.unsigned_abs());
    let sending = AssertUnwindSafe(async { tokio::time::timeout(timeout, rail.deliverer.deliver(parcel)).await });
    let report = match sending.catch_unwind().await {
        Ok(Ok(report)) => report,
        Ok(Err(_)) => no_report(format!("the adapter `{adapter}` did not end within {} s and was cut off", timeout.as_secs())),
        // The panic's message may hold anything, so it is not kept; the panic hook has already printed where.
        Err(_) => no_report(format!("the adapter `{adapter}` panicked: a fault of the hub, see its log")),
    };
    let ended_at = shared.now();
    tell(&mut span, &lease, &report);
    let signal = signal(&report, ended_at.duration_since(started_at), endpoint.timeout_seconds, ended_at);
    let name = name(&report.outcome);
    let gone = matches!(report.outcome, AttemptOutcome::Gone { .. }).then(|| endpoint.url.clone());
    let attempt = Attempt { started_at, ended_at, adapter, outcome: name.name(), status: report.status, detail: report.detail };
    Done { lease, ticket, signal, name, attempt, outcome: report.outcome, gone }
}

/// What a trace says of an attempt: nothing that the far end wrote, for that may be anything.
fn tell(span: &mut Started, lease: &Lease, report: &Report) {
    span.note("placement_hub.recipient", lease.recipient.as_str().to_owned());
    span.note("placement_hub.kind", lease.kind.name());
    span.note("placement_hub.delivery", lease.delivery.to_string());
    span.note("placement_hub.attempt", i64::from(lease.attempts) + 1);
    let name = name(&report.outcome);
    span.note("placement_hub.outcome", name.name());
    if let Some(status) = report.status {
        span.note("http.response.status_code", i64::from(status));
    }
    if matches!(name, AttemptName::TryLater | AttemptName::Refused) {
        span.failed(name.name());
    }
}

impl Done {
    /// Nothing was sent and nothing is known of the far end.
    fn own_fault(lease: Lease, ticket: Ticket, at: Timestamp, adapter: &'static str, why: String) -> Self {
        let name = AttemptName::TryLater;
        let attempt = Attempt { started_at: at, ended_at: at, adapter, outcome: name.name(), status: None, detail: why.clone() };
        let outcome = AttemptOutcome::TryLater { after: Some(MENDING_TIME), why };
        Self { lease, ticket, signal: Signal::Nothing, name, attempt, outcome, gone: None }
    }
}

fn no_report(why: String) -> Report {
    Report { outcome: AttemptOutcome::TryLater { after: None, why: why.clone() }, status: None, detail: why }
}

/// What the lane learns. A refusal is a proper answer; 410 says nothing about being up or down.
fn signal(report: &Report, took: SignedDuration, timeout_seconds: u32, now: Timestamp) -> Signal {
    match &report.outcome {
        AttemptOutcome::Delivered { .. } | AttemptOutcome::Accepted { .. } | AttemptOutcome::Refused { .. } => Signal::Worked,
        AttemptOutcome::Gone { .. } => Signal::Nothing,
        AttemptOutcome::TryLater { after, .. } => {
            let timed_out = took >= SignedDuration::from_secs(i64::from(timeout_seconds));
            let not_before = after.and_then(|after| now.checked_add(after).ok());
            Signal::Failed { slow: timed_out || after.is_some(), not_before }
        }
    }
}

const fn name(outcome: &AttemptOutcome) -> AttemptName {
    match outcome {
        AttemptOutcome::Delivered { .. } => AttemptName::Delivered,
        AttemptOutcome::Accepted { .. } => AttemptName::Accepted,
        AttemptOutcome::TryLater { .. } => AttemptName::TryLater,
        AttemptOutcome::Refused { .. } | AttemptOutcome::Gone { .. } => AttemptName::Refused,
    }
}
