//! The port of a rail: one attempt at one delivery, and what tells beforehand whether it would get through.

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

    /// The certificates without which an endpoint cannot be used, as far as its settings hold them.
    fn certificates(&self, endpoint: &Endpoint) -> Vec<Certificate> {
        let _ = endpoint;
        Vec::new()
    }

    /// Makes one attempt, within the parcel's time limit. Never panics, never retries by itself.
    fn deliver<'a>(&'a self, parcel: Parcel<'a>) -> BoxFuture<'a, Report>;

    /// Ends what the rail holds open. Called once, when nothing is on its way any more.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Why this rail has no heartbeat, a sentence for the operator; none where it has one.
    fn no_heartbeat(&self) -> Option<&'static str> {
        Some("this rail has no heartbeat: leave it out")
    }

    /// One sign of life, within the endpoint's time limit: the test event on its way like a delivery, or where that would bother
    /// somebody, the call that comes nearest. It is nothing that is owed, and it is not tried again.
    fn heartbeat<'a>(&'a self, beat: Beat<'a>) -> BoxFuture<'a, Report> {
        let _ = beat;
        Box::pin(std::future::ready(refused(self.no_heartbeat().unwrap_or_default())))
    }

    /// Tells whoever watches over the hub what is wrong with it, within the endpoint's time limit. Not a delivery: nothing is owed,
    /// and the caller tries again.
    fn alert<'a>(&'a self, alert: Alert<'a>) -> BoxFuture<'a, Report> {
        let _ = alert;
        Box::pin(std::future::ready(refused("this rail carries no alerts: use webhook or email")))
    }
}

fn refused(why: &str) -> Report {
    Report { outcome: AttemptOutcome::Refused { why: why.to_owned() }, status: None, detail: why.to_owned() }
}

/// What a watcher is told, for a program and for a person. No child data.
#[derive(Clone, Copy, Debug)]
pub struct Alert<'a> {
    pub endpoint: &'a Endpoint,
    pub id: Uuid,
    /// One line.
    pub subject: &'a str,
    pub text: &'a str,
    /// A CloudEvents envelope of the type `alerts.v1`.
    pub body: &'a [u8],
    pub now: Timestamp,
}

/// A certificate that an endpoint stands on. What ends first in a chain, and last among authorities that are trusted side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// `client certificate`, `certificate authority`.
    pub what: &'static str,
    pub from: Timestamp,
    pub to: Timestamp,
}

/// A test event.
#[derive(Clone, Copy, Debug)]
pub struct Beat<'a> {
    pub endpoint: &'a Endpoint,
    pub id: Uuid,
    /// A CloudEvents envelope of the type `heartbeat.v1`.
    pub body: &'a [u8],
    pub now: Timestamp,
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

#[cfg(test)]
mod tests {
    use super::{Alert, Deliver, Parcel, Report};
    use crate::directory::sample::endpoint;
    use crate::port::BoxFuture;
    use jiff::Timestamp;
    use uuid::Uuid;

    /// A rail whose endpoints have nothing that it could check.
    struct Plain;

    impl Deliver for Plain {
        fn name(&self) -> &'static str {
            "plain"
        }

        fn deliver<'a>(&'a self, _: Parcel<'a>) -> BoxFuture<'a, Report> {
            Box::pin(std::future::pending())
        }
    }

    #[test]
    fn a_rail_that_checks_nothing_finds_no_mistake() {
        assert_eq!(Plain.check(&endpoint("QKS", None, "..")), Vec::<String>::new());
    }

    #[test]
    fn a_rail_that_carries_no_alerts_says_so() {
        let endpoint = endpoint("QKS", None, "..");
        let alert = Alert { endpoint: &endpoint, id: Uuid::nil(), subject: "", text: "", body: b"", now: Timestamp::UNIX_EPOCH };
        let mut told = Plain.alert(alert);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(report) = told.as_mut().poll(&mut context) else { panic!("it waits for nothing") };
        assert!(report.detail.contains("no alerts"), "{report:?}");
    }

    #[test]
    fn a_rail_without_a_heartbeat_says_so() {
        assert!(Plain.no_heartbeat().is_some_and(|why| why.contains("no heartbeat")));
    }
}
