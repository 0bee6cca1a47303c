//! The port of a rail: one attempt at one delivery.

use crate::delivery::Kind;
use crate::directory::Endpoint;
use crate::port::BoxFuture;
use crate::retry::AttemptOutcome;
use jiff::Timestamp;
use uuid::Uuid;

/// Carries one delivery to one party. One value per rail; endpoints come with the call.
pub trait Deliver: Send + Sync {
    /// The adapter's name, as in metrics and the directory: `webhook`.
    fn name(&self) -> &'static str;

    /// What is wrong with an endpoint as it is configured, a sentence each; nothing is sent. Called when a directory is
    /// loaded, so that every mistake is told at once.
    fn check(&self, endpoint: &Endpoint) -> Vec<String> {
        let _ = endpoint;
        Vec::new()
    }

    /// Makes one attempt, within the parcel's time limit. Never panics, never retries by itself.
    fn deliver<'a>(&'a self, parcel: Parcel<'a>) -> BoxFuture<'a, Report>;

    /// Ends what the rail holds open. Called once, when nothing is on its way any more.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// One attempt's input.
#[derive(Clone, Copy, Debug)]
pub struct Parcel<'a> {
    pub endpoint: &'a Endpoint,
    pub delivery: Uuid,
    pub kind: Kind,
    /// Opened: the CloudEvents envelope.
    pub body: &'a [u8],
    pub traceparent: Option<&'a str>,
    /// Surely the first attempt: no lease before this one. The count of attempts cannot say so, because a hub that died in
    /// mid-send left none behind. A rail that makes two of what is sent twice asks first where this is false.
    pub first: bool,
    pub now: Timestamp,
}

/// One attempt's outcome, as an adapter tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub outcome: AttemptOutcome,
    pub status: Option<u16>,
    /// Bounded; no child data.
    pub detail: String,
}
