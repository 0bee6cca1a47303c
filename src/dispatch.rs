//! Lanes: leases what is due, delivers it, settles what came of it. Bounded everywhere.
//!
//! The cast: the *leaser* asks the ledger for what is due, for all lanes with room at once. A *lane* per recipient has a short
//! queue, a breaker and its attempts in flight. The *settler* writes outcomes in batches: whatever came while the last
//! batch was written. Nobody waits for anybody but through a lease: what is leased is in a queue, in flight or on its
//! way to the settler, and there are never more than `leased_max` of these.
//!
//! ```text
//! ledger.record --offer--> lane --attempt--> settler --settle--> ledger
//! ledger.lease_due --leaser--^                  '--due again: hint--> leaser
//! ```
//!
//! Order per (recipient, child) is the ledger's: it leases only the first pending delivery. A slow or dead recipient fills
//! its own share of the places, not the others'. A lease that could lapse before its attempt ends is given back, not
//! sent; a settlement that comes too late is ignored by its fence. Nothing here knows child data: payloads are opened for
//! the one call to the adapter.

mod accepted;
mod attempt;
mod lane;
mod leaser;
mod record;
mod settler;
mod shared;

pub use record::{Count, Recent};
pub use shared::{LaneStatus, LastOutcome};

use crate::telemetry::Metrics;
use arc_swap::ArcSwap;
use domain::Code;
use domain::breaker::BreakerPolicy;
use domain::directory::Directory;
use domain::port::{Deliver, Lease, LeaseTerms, Ledger};
use domain::retry::RetryPolicy;
use jiff::Timestamp;
use shared::{Shared, Stop};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

/// Opens a sealed payload; the error is a sentence without child data.
pub type Open = Arc<dyn Fn(&[u8]) -> Result<Vec<u8>, String> + Send + Sync>;
/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
/// A number in `0.0..1.0`, evenly spread.
pub type Chance = Arc<dyn Fn() -> f64 + Send + Sync>;

/// The settler gets this long after the lanes have ended; a ledger that does not answer by then will see the leases lapse.
const LAST_SETTLE: Duration = Duration::from_secs(5);

/// All that dispatch works with.
pub struct Parts {
    pub ledger: Arc<dyn Ledger>,
    pub directory: Arc<ArcSwap<Directory>>,
    /// By the name that endpoints use.
    pub deliverers: HashMap<&'static str, Arc<dyn Deliver>>,
    pub open: Open,
    pub retry: RetryPolicy,
    pub lanes: LaneSettings,
    pub metrics: Arc<Metrics>,
    pub clock: Clock,
    pub random: Chance,
    /// This hub instance; a new one at each start.
    pub holder: Uuid,
}

#[derive(Clone, Copy, Debug)]
pub struct LaneSettings {
    pub breaker: BreakerPolicy,
    /// Most leased deliveries in memory. 4,096 of 2 KB are 8 MB, and a fifth of a second's work at full rate.
    pub leased_max: usize,
    /// How often the ledger is asked which lanes have something due: a backstop, because everything that this hub
    /// causes is known at once. It finds what another hub left behind.
    pub poll: Duration,
}

impl Default for LaneSettings {
    fn default() -> Self {
        Self { breaker: BreakerPolicy::default(), leased_max: 4_096, poll: Duration::from_secs(1) }
    }
}

pub struct Dispatch;

impl Dispatch {
    /// Starts leasing and delivering. Call within a tokio runtime.
    #[must_use]
    pub fn start(parts: Parts) -> DispatchHandle {
        let (settling, settlements) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::new(parts, settling));
        let leaser = tokio::spawn(leaser::run(Arc::clone(&shared)));
        let settler = tokio::spawn(settler::run(Arc::clone(&shared), settlements));
        DispatchHandle { shared, tasks: Arc::new(Mutex::new(Some(Tasks { leaser, settler }))) }
    }
}

/// The way to running lanes. Cheap to clone.
#[derive(Clone)]
pub struct DispatchHandle {
    shared: Arc<Shared>,
    tasks: Arc<Mutex<Option<Tasks>>>,
}

struct Tasks {
    leaser: JoinHandle<()>,
    settler: JoinHandle<()>,
}

/// How a shutdown went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Leases that could not be settled or given back: the ledger did not answer. They lapse by themselves.
    pub left: usize,
}

impl DispatchHandle {
    /// Takes deliveries that came leased from [`Ledger::record`].
    pub fn offer(&self, leases: Vec<Lease>) {
        if !leases.is_empty() {
            crate::crash::point("after-claim");
            self.shared.assign(leases);
        }
    }

    /// Something is due at these recipients.
    pub fn nudge(&self, recipients: Vec<Code>) {
        let now = self.shared.now();
        for recipient in recipients {
            self.shared.hint(recipient, now);
        }
    }

    /// How many more leases there is room for.
    #[must_use]
    pub fn room(&self) -> usize {
        self.shared.room()
    }

    /// Recipients that take nothing now: their breaker is open or their queue full.
    #[must_use]
    pub fn shut(&self) -> Arc<[Code]> {
        self.shared.shut()
    }

    /// Terms for the next [`Ledger::record`], from [`Self::room`], [`Self::shut`] and the longest time-out of the directory.
    #[must_use]
    pub fn terms(&self) -> LeaseTerms {
        self.shared.terms(self.room(), self.shut())
    }

    /// Changes whenever something was accepted for `recipient` by a rail where it must be collected. A backstop is still needed
    /// where several hubs share a ledger: what the others tell of their settlements may get lost.
    #[must_use]
    pub fn accepted(&self, recipient: Code) -> watch::Receiver<()> {
        self.shared.accepted.watch(recipient)
    }

    /// Another hub had something accepted for `recipient`.
    pub fn tell_accepted(&self, recipient: Code) {
        self.shared.accepted.tell(recipient);
    }

    /// The directory was swapped: what waits for an endpoint is looked at again now, not at the next poll.
    pub fn directory_changed(&self) {
        self.shared.look_again();
    }

    /// Nothing is leased for these from now on, until they are not among them any more; what is on its way ends.
    pub fn set_paused(&self, recipients: BTreeSet<Code>) {
        self.shared.set_paused(recipients);
    }

    /// One row per lane, by recipient.
    #[must_use]
    pub fn lanes(&self) -> Vec<LaneStatus> {
        self.shared.statuses()
    }

    /// False where a part of dispatch has ended though nobody asked it to: the hub is not ready then.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.as_ref().is_some_and(|tasks| !tasks.leaser.is_finished() && !tasks.settler.is_finished())
    }

    /// Stops: nothing more is leased, attempts in flight get until `deadline`, the rest is given back. Stop intake first: what is
    /// offered later is given back too, while the settler lives. A second call finds nothing to do.
    pub async fn drain(&self, deadline: Instant) -> Drained {
        self.shared.stop(Stop::Drain);
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Tasks { leaser, settler }) = tasks {
            // The leaser first: what it has just leased must find its lane still there. One that waits for a ledger which does not
            // answer is given up; what that may have leased lapses.
            let stuck = leaser.abort_handle();
            if tokio::time::timeout_at(deadline, leaser).await.is_err() {
                stuck.abort();
            }
            let mut lanes = self.shared.end_lanes();
            if tokio::time::timeout_at(deadline, join(&mut lanes)).await.is_err() {
                self.shared.stop(Stop::Abandon);
                join(&mut lanes).await;
            }
            self.shared.end_settling();
            let abort = settler.abort_handle();
            if tokio::time::timeout(LAST_SETTLE, settler).await.is_err() {
                abort.abort();
            }
        }
        Drained { left: self.shared.leased() }
    }
}

/// Waits for all; those that have ended are taken out, so that waiting can go on after a time-out.
async fn join(lanes: &mut Vec<JoinHandle<()>>) {
    while let Some(lane) = lanes.last_mut() {
        // A lane that panicked has ended too; its leases lapse.
        let _ = lane.await;
        lanes.pop();
    }
}
