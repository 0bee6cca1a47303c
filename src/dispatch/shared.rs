//! What leaser, lanes and settler have in common: the places, the hints, and the way to an endpoint.

use super::accepted::Accepted;
use super::record::{Recent, Record};
use super::{Chance, Clock, LaneSettings, Open, Parts, lane, settler::Settling};
use crate::telemetry::{Metrics, RailMetrics};
use arc_swap::ArcSwap;
use domain::Code;
use domain::breaker::Phase;
use domain::directory::{Directory, Endpoint};
use domain::port::{Deliver, Lease, LeaseTerms, Ledger, Settlement};
use domain::retry::{Next, RetryPolicy};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// A lane that nothing is due for.
const NEVER: i64 = i64::MAX;
/// No lane may hold more than this part of all places, however few lanes there are.
const SHARE_MAX: usize = 4;
/// Seconds that an adapter may overrun its endpoint's time-out before dispatch cuts it off.
pub(super) const GRACE_SECONDS: i64 = 5;

/// A recipient, or one place of it.
pub(super) type Who = (Code, Option<Code>);

pub(super) struct Shared {
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) directory: Arc<ArcSwap<Directory>>,
    rails: HashMap<&'static str, Rail>,
    pub(super) open: Open,
    pub(super) retry: RetryPolicy,
    pub(super) settings: LaneSettings,
    pub(super) metrics: Arc<Metrics>,
    clock: Clock,
    pub(super) random: Chance,
    holder: Uuid,
    /// Ordered, as all that is gone through here: the same story takes the same course again.
    lanes: Mutex<BTreeMap<Code, Arc<Lane>>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    /// Leases in memory: queued, in flight, or not yet settled.
    leased: AtomicUsize,
    /// Wakes the leaser.
    pub(super) wake: Notify,
    /// Wakes the leaser to look for endpoints.
    pub(super) looking: Notify,
    pub(super) accepted: Accepted,
    /// Taken at the end: the settler ends when the last sender is gone.
    settling: Mutex<Option<mpsc::UnboundedSender<Settling>>>,
    stop: watch::Sender<Stop>,
    /// Who waits for an endpoint, and for which place; with the address that answered 410, where one did.
    pub(super) waiting: Mutex<BTreeMap<Who, Option<String>>>,
    london: TimeZone,
    /// Organisations to whom nothing is sent for now.
    paused: ArcSwap<BTreeSet<Code>>,
}

/// A deliverer with its metrics.
pub(super) struct Rail {
    pub(super) deliverer: Arc<dyn Deliver>,
    pub(super) metrics: Arc<RailMetrics>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    No,
    /// Nothing new; what is in flight may end.
    Drain,
    /// Give up what is in flight.
    Abandon,
}

/// The outside of a lane; its inside is its task's.
pub(super) struct Lane {
    pub(super) recipient: Code,
    inbox: mpsc::UnboundedSender<Vec<Lease>>,
    /// Queued and in flight, with what is on its way to the lane.
    pub(super) outstanding: AtomicUsize,
    /// How many the lane would like to have outstanding.
    pub(super) target: AtomicUsize,
    /// When something is, or may be, due: exact, because a question a moment too early finds nothing.
    pub(super) due_at: AtomicI64,
    pub(super) status: Mutex<LaneStatus>,
    pub(super) record: Mutex<Record>,
}

/// A lane for the dashboard.
#[derive(Clone, Debug)]
pub struct LaneStatus {
    pub recipient: Code,
    pub phase: Phase,
    /// Most attempts at once, now.
    pub window: u32,
    pub in_flight: usize,
    pub queued: usize,
    pub next_probe: Option<Timestamp>,
    pub last: Option<LastOutcome>,
    pub recent: Recent,
}

impl LaneStatus {
    /// Whether its recipient takes nothing now.
    #[must_use]
    pub const fn is_shut(&self) -> bool {
        matches!(self.phase, Phase::Open { .. } | Phase::Probing)
    }
}

#[derive(Clone, Debug)]
pub struct LastOutcome {
    pub at: Timestamp,
    /// `delivered`, `accepted`, `try-later`, `refused`.
    pub outcome: &'static str,
    pub status: Option<u16>,
}

impl Shared {
    pub(super) fn new(parts: Parts, settling: mpsc::UnboundedSender<Settling>) -> Self {
        let rail = |(name, deliverer)| (name, Rail { deliverer, metrics: parts.metrics.rail(name) });
        Self {
            ledger: parts.ledger,
            directory: parts.directory,
            rails: parts.deliverers.into_iter().map(rail).collect(),
            open: parts.open,
            retry: parts.retry,
            settings: parts.lanes,
            metrics: parts.metrics,
            clock: parts.clock,
            random: parts.random,
            holder: parts.holder,
            lanes: Mutex::default(),
            tasks: Mutex::default(),
            leased: AtomicUsize::new(0),
            wake: Notify::new(),
            looking: Notify::new(),
            accepted: Accepted::default(),
            settling: Mutex::new(Some(settling)),
            stop: watch::channel(Stop::No).0,
            waiting: Mutex::default(),
            // The time zones are compiled in. An endpoint's days are days in England.
            london: TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC),
            paused: ArcSwap::default(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(super) fn today(&self, now: Timestamp) -> Date {
        self.london.to_datetime(now).date()
    }

    // Places.

    pub(super) fn leased(&self) -> usize {
        self.leased.load(Relaxed)
    }

    pub(super) fn room(&self) -> usize {
        if self.stopping() == Stop::No { self.settings.leased_max.saturating_sub(self.leased()) } else { 0 }
    }

    /// Places are free again: `count` leases are settled, or given up for lost.
    pub(super) fn settled(&self, count: usize) {
        self.leased.fetch_sub(count, Relaxed);
        self.wake.notify_one();
    }

    /// Most that one lane may hold while `active` lanes have something to do.
    pub(super) fn share(&self, active: usize) -> usize {
        let most = self.settings.leased_max;
        (most / active.max(SHARE_MAX)).max(1)
    }

    pub(super) fn shut(&self) -> Arc<[Code]> {
        locked(&self.lanes)
            .values()
            .filter(|lane| lane.room() == 0)
            .map(|lane| lane.recipient)
            .chain(self.paused.load().iter().copied())
            .collect()
    }

    /// A lease outlasts one time-out in the queue and one in flight.
    pub(super) fn terms(&self, limit: usize, shut: Arc<[Code]>) -> LeaseTerms {
        let now = self.now();
        let timeout = self.directory.load().endpoints().iter().map(|endpoint| endpoint.timeout_seconds).max().unwrap_or_default();
        let until = now.saturating_add(SignedDuration::from_secs(2 * i64::from(timeout) + 30)).unwrap_or(Timestamp::MAX);
        LeaseTerms { holder: self.holder, now, until, limit, shut }
    }

    // Pauses.

    pub(super) fn set_paused(&self, paused: BTreeSet<Code>) {
        self.paused.store(Arc::new(paused));
        self.wake.notify_one();
    }

    pub(super) fn is_paused(&self, recipient: Code) -> bool {
        self.paused.load().contains(&recipient)
    }

    // Lanes.

    pub(super) fn all_lanes(&self) -> Vec<Arc<Lane>> {
        locked(&self.lanes).values().map(Arc::clone).collect()
    }

    /// Hands leases to their lanes. What is more than a lane's share is given back.
    pub(super) fn assign(self: &Arc<Self>, leases: Vec<Lease>) {
        self.leased.fetch_add(leases.len(), Relaxed);
        let mut by_lane: BTreeMap<Code, Vec<Lease>> = BTreeMap::new();
        for lease in leases {
            by_lane.entry(lease.recipient).or_default().push(lease);
        }
        let share = self.share(1);
        for (recipient, mut leases) in by_lane {
            let Some(lane) = self.lane(recipient) else {
                self.give_back(leases);
                continue;
            };
            let fits = share.saturating_sub(lane.outstanding.load(Relaxed)).min(leases.len());
            self.give_back(leases.split_off(fits));
            lane.outstanding.fetch_add(leases.len(), Relaxed);
            if let Err(mpsc::error::SendError(leases)) = lane.inbox.send(leases) {
                self.give_back(leases);
            }
        }
    }

    /// Something is due for `recipient` at `at`.
    pub(super) fn hint(self: &Arc<Self>, recipient: Code, at: Timestamp) {
        if let Some(lane) = self.lane(recipient)
            && lane.due_at.fetch_min(nanoseconds(at), Relaxed) > nanoseconds(at)
        {
            self.wake.notify_one();
        }
    }

    /// The lane of a recipient, started where it is the first time; none where the hub is stopping.
    fn lane(self: &Arc<Self>, recipient: Code) -> Option<Arc<Lane>> {
        let mut lanes = locked(&self.lanes);
        if let Some(lane) = lanes.get(&recipient) {
            return Some(Arc::clone(lane));
        }
        if self.stopping() != Stop::No {
            return None;
        }
        let settling = locked(&self.settling).clone()?;
        self.metrics.lane(recipient);
        let (inbox, leases) = mpsc::unbounded_channel();
        let lane = Arc::new(Lane::new(recipient, inbox));
        lanes.insert(recipient, Arc::clone(&lane));
        let task = lane::run(Arc::clone(self), Arc::clone(&lane), leases, settling);
        locked(&self.tasks).push(tokio::spawn(task));
        Some(lane)
    }

    fn give_back(&self, leases: Vec<Lease>) {
        if leases.is_empty() {
            return;
        }
        let (settling, now) = (locked(&self.settling).clone(), self.now());
        for lease in leases {
            let released = Settling::released(&lease, now, now);
            if settling.as_ref().is_none_or(|settling| settling.send(released).is_err()) {
                self.leased.fetch_sub(1, Relaxed);
            }
        }
    }

    pub(super) fn statuses(&self) -> Vec<LaneStatus> {
        let now = self.now();
        locked(&self.lanes).values().map(|lane| lane.snapshot(now)).collect()
    }

    // Endpoints.

    /// The endpoint for a delivery today and the rail to it, or why there is none.
    pub(super) fn reach<'a>(
        &'a self,
        directory: &'a Directory,
        recipient: Code,
        place: Option<Code>,
        now: Timestamp,
    ) -> Result<(&'a Endpoint, &'a Rail), String> {
        let Some(endpoint) = directory.endpoint(recipient, place, self.today(now)) else {
            return Err(format!("{recipient} has no endpoint today: give it one in the directory"));
        };
        let Some(rail) = self.rails.get(endpoint.adapter.as_str()) else {
            let known: Vec<_> = self.rails.keys().copied().collect();
            return Err(format!("the endpoint of {recipient} uses `{}`; this hub has {}", endpoint.adapter, known.join(", ")));
        };
        Ok((endpoint, rail))
    }

    pub(super) fn rail(&self, adapter: &str) -> Option<&Rail> {
        self.rails.get(adapter)
    }

    /// From now on the leaser looks whether `recipient` has an endpoint; other than `gone`, where that one answered 410.
    pub(super) fn wait_for_endpoint(&self, recipient: Code, place: Option<Code>, gone: Option<String>) {
        locked(&self.waiting).insert((recipient, place), gone);
    }

    pub(super) fn look_again(&self) {
        self.looking.notify_one();
    }

    // The end.

    pub(super) fn stopping(&self) -> Stop {
        *self.stop.borrow()
    }

    pub(super) fn on_stop(&self) -> watch::Receiver<Stop> {
        self.stop.subscribe()
    }

    pub(super) fn stop(&self, stop: Stop) {
        self.stop.send_replace(stop);
        self.wake.notify_one();
    }

    pub(super) fn end_lanes(&self) -> Vec<JoinHandle<()>> {
        // Under the lanes' lock: a lane that is just being started is among them.
        let _lanes = locked(&self.lanes);
        std::mem::take(&mut *locked(&self.tasks))
    }

    pub(super) fn end_settling(&self) {
        locked(&self.settling).take();
    }
}

impl Lane {
    fn new(recipient: Code, inbox: mpsc::UnboundedSender<Vec<Lease>>) -> Self {
        let status = LaneStatus {
            recipient,
            phase: Phase::Closed,
            window: 0,
            in_flight: 0,
            queued: 0,
            next_probe: None,
            last: None,
            recent: Recent::default(),
        };
        Self {
            recipient,
            inbox,
            outstanding: AtomicUsize::new(0),
            // Until the lane has found its endpoint and says so itself.
            target: AtomicUsize::new(1),
            due_at: AtomicI64::new(NEVER),
            status: Mutex::new(status),
            record: Mutex::default(),
        }
    }

    pub(super) fn room(&self) -> usize {
        self.target.load(Relaxed).saturating_sub(self.outstanding.load(Relaxed))
    }

    /// Whether something may be due now; asking takes the hint away.
    pub(super) fn take_due(&self, now: Timestamp) -> bool {
        let now = nanoseconds(now);
        self.due_at.fetch_update(Relaxed, Relaxed, |at| (at <= now).then_some(NEVER)).is_ok()
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.due_at.load(Relaxed) <= nanoseconds(now)
    }

    fn snapshot(&self, now: Timestamp) -> LaneStatus {
        let mut status = locked(&self.status).clone();
        status.queued = self.outstanding.load(Relaxed).saturating_sub(status.in_flight);
        status.recent = locked(&self.record).recent(now);
        status
    }
}

impl Settling {
    /// Given back without an attempt, due again at `at`.
    pub(super) fn released(lease: &Lease, at: Timestamp, now: Timestamp) -> Self {
        Self::without_attempt(lease, Next::Release(at), now)
    }

    pub(super) fn without_attempt(lease: &Lease, next: Next, now: Timestamp) -> Self {
        let settlement = Settlement { delivery: lease.delivery, fence: lease.fence, attempt: None, next, at: now };
        Self { recipient: lease.recipient, settlement, gone: false }
    }
}

/// Since 1970; the year 2262 is never.
pub(super) fn nanoseconds(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond()).unwrap_or(NEVER)
}

/// No code panics while it holds one of these locks; if one did, the data is still whole.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
