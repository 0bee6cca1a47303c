//! What a rail says to the suite, and what the suite asks of it.

use crate::support::door::within;
use crate::support::envelope::{SECRETS, envelope};
use crate::support::road::Road;
use domain::delivery::Kind;
use domain::directory::Endpoint;
use domain::port::{BoxFuture, Deliver, Parcel, Report};
use domain::retry::AttemptOutcome;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use uuid::Uuid;

pub trait Rail: Send + Sync {
    fn promise(&self) -> Promise;

    /// Why a case can't exist on this rail.
    fn without(&self, case: Case) -> Option<&'static str>;

    /// A far end that behaves so, and the way to it. Asked only for what the cases need that exist here.
    fn stand(&self, manner: Manner) -> BoxFuture<'_, Stand>;
}

/// What a rail says of itself.
pub struct Promise {
    /// Who takes it has not read it yet: an attempt that went well is accepted, not delivered.
    pub is_collected: bool,
    /// What is sent twice is there once: the rail asks before it sends again. Elsewhere it is there twice, under one id.
    pub arrives_once: bool,
    /// How long a busy far end asks to be left alone, where the rail has words for it.
    pub busy_for: Option<SignedDuration>,
    /// What becomes of a body of so many bytes, which is more than the far end takes at once.
    pub oversize: (usize, Oversize),
    /// All of the rail's deliveries share one connection, which stays when an attempt is dropped.
    pub shares_connection: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Oversize {
    /// It will never be taken.
    Refused,
    /// A person has to raise a limit.
    Later,
    /// It arrives all the same, in pieces or because only a word of it is sent.
    Arrives,
}

/// How a far end behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Takes everything.
    Well,
    /// Takes the connection and never says a word; the endpoint waits a second.
    Mute,
    /// Nobody is there.
    Absent,
    /// At an address to which the endpoint must not lead.
    Inside,
    /// Refuses for good, and quotes what it was sent where it has read it.
    Refusing,
    /// Takes nothing now, until it is mended.
    Busy,
    /// Takes bodies of at most [`NARROW_BYTES`].
    Narrow,
    /// Takes one at a time and turns away the others.
    Crowded,
}

/// What a narrow far end takes at once.
pub const NARROW_BYTES: usize = 65_536;

pub struct Stand {
    pub deliverer: Arc<dyn Deliver>,
    pub endpoint: Endpoint,
    /// A well one of the same rail, served by the same value.
    pub neighbour: Endpoint,
    /// The way to the far end, where there is one that can break.
    pub road: Option<Road>,
    pub far: Box<dyn FarEnd>,
}

pub trait FarEnd: Send + Sync {
    /// All that it has taken, oldest first, as soon as it is so much.
    fn taken(&mut self, at_least: usize) -> BoxFuture<'_, Vec<Taken>>;

    /// From now on it takes everything; by another endpoint where the rail tells its far ends apart by that.
    fn mend<'a>(&'a mut self, endpoint: &'a mut Endpoint) -> BoxFuture<'a, ()> {
        let _ = endpoint;
        Box::pin(async {})
    }

    /// Whether this is what was sent: the same bytes, unless the rail has a form of its own.
    fn is_whole(&self, sent: &[u8], taken: &[u8]) -> bool {
        sent == taken
    }
}

/// A delivery as the far end knows it: the id is read from where the rail puts it, not from the body.
pub struct Taken {
    pub id: Uuid,
    pub body: Vec<u8>,
}

/// What every rail must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    Delivered,
    Slow,
    Refused,
    RetryLater,
    AmbiguousTimeOut,
    Oversize,
    BackPressure,
    ShutdownInMidSend,
    RedeliveryWithTheSameId,
    Unreachable,
    GuardedAddress,
}

impl Case {
    pub const ALL: [Self; 11] = [
        Self::Delivered,
        Self::Slow,
        Self::Refused,
        Self::RetryLater,
        Self::AmbiguousTimeOut,
        Self::Oversize,
        Self::BackPressure,
        Self::ShutdownInMidSend,
        Self::RedeliveryWithTheSameId,
        Self::Unreachable,
        Self::GuardedAddress,
    ];
}

impl Stand {
    /// One attempt, surely the first or not. Whatever it comes to, its report is short and holds nothing of what was sent.
    pub async fn attempt(&self, id: Uuid, first: bool) -> Report {
        self.send(&self.endpoint, id, &envelope(id), first).await
    }

    pub async fn send(&self, endpoint: &Endpoint, delivery: Uuid, body: &[u8], first: bool) -> Report {
        let trace = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        let now = Timestamp::now();
        let parcel = Parcel { endpoint, delivery, kind: Kind::ArrivalNotice, body, traceparent: trace, first, now };
        let report = within("an attempt ends", self.deliverer.deliver(parcel)).await;
        let told = format!("{report:?}");
        assert!(!report.detail.is_empty() && report.detail.chars().count() <= 200, "{told}");
        for word in SECRETS {
            assert!(!told.contains(word), "{word} in {told}");
        }
        report
    }

    /// Tries as the hub would until it is taken; every attempt but the last says to try later.
    pub async fn until_taken(&self, rail: &dyn Rail, id: Uuid) {
        let trying = async {
            loop {
                let report = self.attempt(id, false).await;
                if is_taken(rail, &report) {
                    return;
                }
                later(&report);
            }
        };
        within("it is taken", trying).await;
    }

    pub fn road(&self) -> &Road {
        self.road.as_ref().expect("a rail without a road has no such case")
    }
}

/// Whether the attempt went well, in the way that the rail promises.
pub fn is_taken(rail: &dyn Rail, report: &Report) -> bool {
    match report.outcome {
        AttemptOutcome::Accepted { .. } => rail.promise().is_collected,
        AttemptOutcome::Delivered { .. } => !rail.promise().is_collected,
        _ => false,
    }
}

/// How long to leave it alone.
#[track_caller]
pub fn later(report: &Report) -> Option<SignedDuration> {
    match &report.outcome {
        AttemptOutcome::TryLater { after, .. } => *after,
        other => panic!("not tried later: {other:?}"),
    }
}
