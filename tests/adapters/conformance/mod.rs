//! One suite for every rail: what [`Deliver`] promises, case by case, whatever carries the delivery.
//!
//! The cast: a [`Rail`] builds a [`Stand`] for a [`Manner`]: an endpoint of the rail and a far end that behaves so. Each [`Case`] of `cases.rs`
//! makes attempts at a stand and looks at what the far end took. A new rail implements [`Rail`], says in [`Promise`] what the tables of
//! its documentation say, and adds itself to [`RAILS`]; it gets all cases. One that can't exist on it is named with its reason.

mod cases;
mod email;
mod feed;
mod http;
mod mesh;
mod queue;

use crate::support::door::within;
use crate::support::envelope::{SECRETS, envelope};
use crate::support::road::Road;
use domain::delivery::Kind;
use domain::directory::Endpoint;
use domain::port::{BoxFuture, Deliver, Parcel, Report};
use domain::retry::AttemptOutcome;
use expect_test::expect;
use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use std::fmt::Write;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use uuid::Uuid;

/// Every rail that there is, by its name.
const RAILS: [(&str, fn() -> Box<dyn Rail>); 6] = [
    ("webhook", || Box::new(http::Http::webhook())),
    ("feed", || Box::new(feed::Feed)),
    ("queue", || Box::new(queue::Queue)),
    ("email", || Box::new(email::Email)),
    ("fhir", || Box::new(http::Http::fhir())),
    ("mesh", || Box::new(mesh::Mesh)),
];

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
    const ALL: [Self; 11] = [
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

/// All cases of one rail; each that fails is named.
async fn check(name: &str) {
    let rail = RAILS.iter().find(|(rail, _)| *rail == name).expect("a rail").1();
    let mut failed = Vec::new();
    for case in Case::ALL.into_iter().filter(|case| rail.without(*case).is_none()) {
        eprintln!("{name}: {case:?}");
        if AssertUnwindSafe(cases::run(case, &*rail)).catch_unwind().await.is_err() {
            failed.push(format!("{case:?}"));
        }
    }
    assert!(failed.is_empty(), "{name} fails: {}", failed.join(", "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhook() {
    check("webhook").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn feed() {
    check("feed").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queue() {
    check("queue").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn email() {
    check("email").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fhir() {
    check("fhir").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mesh() {
    check("mesh").await;
}

#[test]
fn a_case_that_cannot_exist_is_named_with_its_reason() {
    let mut lines = String::new();
    for (name, rail) in RAILS {
        let rail = rail();
        for case in Case::ALL {
            if let Some(reason) = rail.without(case) {
                writeln!(lines, "{name}: {case:?}: {reason}").unwrap();
            }
        }
    }
    expect![[r#"
        feed: Slow: an attempt is over at once: nothing is sent
        feed: Refused: nobody is asked, so nobody says no
        feed: RetryLater: nobody is asked, so nobody says no
        feed: AmbiguousTimeOut: no answer can be lost: one transaction settles the attempt and puts it into the feed
        feed: BackPressure: nobody is turned away: it waits in the ledger, where it was before
        feed: ShutdownInMidSend: an attempt is over at once: nothing is sent
        feed: Unreachable: a feed has no address: its reader comes
        feed: GuardedAddress: a feed has no address: its reader comes
        queue: Refused: a broker has no word for never: a queue that is full, gone or declared otherwise can be mended
        queue: GuardedAddress: the address is the broker's, and the hub's own settings name it
        email: GuardedAddress: the relay is the hub's own, so its address is not judged
    "#]]
    .assert_eq(&lines);
}

/// Whoever implements the port is in the suite.
#[test]
fn no_rail_is_left_out() {
    let adapters = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    let sources = |package: std::fs::DirEntry| std::fs::read_dir(package.path().join("src")).unwrap().map(|file| file.unwrap().path());
    let files = std::fs::read_dir(adapters).unwrap().flat_map(|package| sources(package.unwrap()));
    let deliverers = files.filter(|file| std::fs::read_to_string(file).unwrap().contains("impl Deliver for")).count();
    assert_eq!(deliverers, RAILS.len(), "a rail of adapters/ is not in the suite, or the suite has one that is gone");
}
