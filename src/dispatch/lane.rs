//! One recipient's lane: a short queue, a breaker, attempts in flight. It knows no other lane.

use super::attempt::{Done, attempt};
use super::settler::Settling;
use super::shared::{GRACE_SECONDS, Lane, LastOutcome, Shared, Stop, locked};
use crate::telemetry::field;
use domain::breaker::{Breaker, Phase};
use domain::delivery::HoldReason;
use domain::port::{BoxFuture, Lease, Settlement};
use domain::retry::{AttemptOutcome, Next, decide};
use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};
use uuid::Uuid;

/// The queue holds about this much work, so that the lane never waits for the ledger and no lease waits long.
const QUEUE_SECONDS: f64 = 0.25;
/// Bounds of the queue, as multiples of the window: slow receivers get a short one, whatever the clock says.
const DEPTH: (f64, f64) = (2.0, 64.0);
/// Until attempts have been timed.
const FIRST_GUESS_SECONDS: f64 = 0.05;
/// Weight of the newest attempt in the mean time: about the last sixteen count.
const NEWEST: f64 = 1.0 / 16.0;
/// A lease this close to its end is not used: clocks of two hubs differ.
const LEASE_MARGIN: SignedDuration = SignedDuration::from_secs(2);

/// Runs the lane until the hub stops.
pub(super) async fn run(
    shared: Arc<Shared>,
    lane: Arc<Lane>,
    inbox: mpsc::UnboundedReceiver<Vec<Lease>>,
    settling: mpsc::UnboundedSender<Settling>,
) {
    let stop = shared.on_stop();
    let mut runner = Runner {
        shared,
        lane,
        inbox,
        settling,
        queue: VecDeque::new(),
        in_flight: FuturesUnordered::new(),
        flying: BTreeMap::new(),
        breaker: Breaker::default(),
        limit: 1,
        mean_seconds: FIRST_GUESS_SECONDS,
        last: None,
    };
    runner.work(stop).await;
    runner.leave();
}

struct Runner {
    shared: Arc<Shared>,
    lane: Arc<Lane>,
    inbox: mpsc::UnboundedReceiver<Vec<Lease>>,
    settling: mpsc::UnboundedSender<Settling>,
    /// Bounded by the lane's share of all places.
    queue: VecDeque<Lease>,
    /// Bounded by the breaker's window.
    in_flight: FuturesUnordered<BoxFuture<'static, Done>>,
    /// Ids and fences of what is in flight, so that it can be given back.
    flying: BTreeMap<Uuid, u64>,
    breaker: Breaker,
    /// The endpoint's own limit, as last seen.
    limit: u32,
    mean_seconds: f64,
    last: Option<LastOutcome>,
}

impl Runner {
    async fn work(&mut self, mut stop: watch::Receiver<Stop>) {
        loop {
            let stopping = *stop.borrow_and_update();
            self.breaker.look_at_clock(&self.shared.settings.breaker, self.shared.now());
            if stopping == Stop::No {
                self.fill();
            } else {
                self.give_back_queue(self.shared.now());
                if stopping == Stop::Abandon || self.in_flight.is_empty() {
                    return;
                }
            }
            self.publish();
            let probe = self.until_probe();
            tokio::select! {
                // By order and not by chance, so that a simulation can be repeated. Nothing starves: what ends is finished in one go,
                // what comes is bounded by the places, and whether to stop is looked at in every round.
                biased;
                Some(done) = self.in_flight.next(), if !self.in_flight.is_empty() => {
                    self.finish(done);
                    // Whatever else has ended meanwhile, without going around for each.
                    while let Some(Some(done)) = self.in_flight.next().now_or_never() {
                        self.finish(done);
                    }
                }
                Some(leases) = self.inbox.recv() => self.queue.extend(leases),
                () = tokio::time::sleep(probe.unwrap_or_default()), if probe.is_some() => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Starts what may start; an open lane keeps nothing back from others.
    fn fill(&mut self) {
        let now = self.shared.now();
        if self.shared.is_paused(self.lane.recipient) {
            return self.give_back_queue(now);
        }
        while !self.queue.is_empty() && self.breaker.room(self.limit, self.flying(), now) > 0 {
            if let Some(lease) = self.queue.pop_front() {
                self.start(lease, now);
            }
        }
        match self.breaker.phase() {
            Phase::Open { probe_at } => self.give_back_queue(probe_at.max(now)),
            Phase::Probing => self.give_back_queue(now),
            Phase::Closed | Phase::Recovering => {}
        }
    }

    fn start(&mut self, lease: Lease, now: Timestamp) {
        let directory = self.shared.directory.load_full();
        let (timeout_seconds, limit) = match self.shared.reach(&directory, lease.recipient, lease.place, now) {
            Ok((endpoint, _)) => (endpoint.timeout_seconds, endpoint.concurrency.max(1)),
            Err(why) => {
                self.shared.wait_for_endpoint(lease.recipient, lease.place, None);
                let next = Next::Hold { reason: HoldReason::NoEndpoint, why };
                return self.settle(Settling::without_attempt(&lease, next, now));
            }
        };
        self.limit = limit;
        let needs = SignedDuration::from_secs(i64::from(timeout_seconds) + GRACE_SECONDS) + LEASE_MARGIN;
        if lease.until.duration_since(now) < needs {
            return self.settle(Settling::released(&lease, now, now));
        }
        let ticket = self.breaker.start();
        self.flying.insert(lease.delivery, lease.fence);
        self.in_flight.push(Box::pin(attempt(Arc::clone(&self.shared), directory, lease, ticket)));
    }

    fn finish(&mut self, done: Done) {
        let Done { lease, ticket, signal, name, attempt, outcome, gone } = done;
        self.flying.remove(&lease.delivery);
        let now = attempt.ended_at;
        let seconds = now.duration_since(attempt.started_at).as_secs_f64();
        self.mean_seconds += (seconds - self.mean_seconds) * NEWEST;
        let worked = matches!(outcome, AttemptOutcome::Delivered { .. } | AttemptOutcome::Accepted { .. });
        locked(&self.lane.record).add(worked, seconds, now);
        self.last = Some(LastOutcome { at: now, outcome: name.name(), status: attempt.status });
        self.count(&lease, &outcome, attempt.adapter, name, now);

        let before = self.breaker.phase();
        let jitter = (self.shared.random)();
        self.breaker.record(&self.shared.settings.breaker, ticket, signal, self.limit, now, jitter);
        self.tell(before, &attempt.detail);

        if matches!(outcome, AttemptOutcome::Delivered { .. }) {
            crate::crash::point("after-2xx");
        }
        let next = decide(&self.shared.retry, lease.attempts.saturating_add(1), lease.recorded_at, outcome, now, (self.shared.random)());
        if matches!(next, Next::Dead { .. }) {
            self.shared.metrics.dead(lease.recipient);
        }
        let is_gone = gone.is_some();
        if let Some(url) = gone {
            self.hold_queue(&next, now);
            self.shared.wait_for_endpoint(lease.recipient, lease.place, Some(url));
        }
        let settlement = Settlement { delivery: lease.delivery, fence: lease.fence, attempt: Some(attempt), next, at: now };
        self.settle(Settling { recipient: lease.recipient, settlement, gone: is_gone });
    }

    fn count(&self, lease: &Lease, outcome: &AttemptOutcome, adapter: &'static str, name: crate::telemetry::AttemptName, now: Timestamp) {
        let Some(rail) = self.shared.rail(adapter) else { return };
        rail.metrics.attempt(lease.kind, name);
        if matches!(outcome, AttemptOutcome::Delivered { .. }) {
            rail.metrics.delivered_after(lease.kind, now.duration_since(lease.recorded_at).as_secs_f64().max(0.0));
        }
    }

    /// A lane that opens or recovers is told once, not at every probe.
    fn tell(&self, before: Phase, detail: &str) {
        let recipient = self.lane.recipient;
        match (before, self.breaker.phase()) {
            (Phase::Closed | Phase::Recovering, Phase::Open { probe_at }) => {
                self.shared.metrics.lane_open(recipient, true);
                warn!({ field::RECIPIENT } = %recipient, { field::ERROR } = detail, "the lane is shut until {probe_at}: its recipient does not take deliveries");
            }
            (Phase::Probing, Phase::Recovering | Phase::Closed) => {
                self.shared.metrics.lane_open(recipient, false);
                info!({ field::RECIPIENT } = %recipient, "the lane is open again: its recipient takes deliveries");
            }
            _ => {}
        }
    }

    /// The far end is gone for what is queued too. For another place it may not be: that is leased again.
    fn hold_queue(&mut self, next: &Next, now: Timestamp) {
        while let Some(lease) = self.queue.pop_front() {
            self.settle(Settling::without_attempt(&lease, next.clone(), now));
        }
    }

    fn give_back_queue(&mut self, due: Timestamp) {
        let now = self.shared.now();
        while let Some(lease) = self.queue.pop_front() {
            self.settle(Settling::released(&lease, due, now));
        }
    }

    fn settle(&mut self, settling: Settling) {
        self.lane.outstanding.fetch_sub(1, Relaxed);
        if self.settling.send(settling).is_err() {
            // No settler any more: the lease lapses.
            self.shared.settled(1);
        }
    }

    /// Says how much more this lane would take, and wakes the leaser where that is worth a question to the ledger.
    fn publish(&self) {
        let now = self.shared.now();
        let window = self.breaker.window(self.limit, now);
        let target = match self.breaker.phase() {
            Phase::Closed => self.depth(window),
            Phase::Recovering | Phase::Open { .. } => window as usize,
            Phase::Probing => 0,
        };
        let before = self.lane.target.swap(target, Relaxed);
        {
            let mut status = locked(&self.lane.status);
            status.phase = self.breaker.phase();
            status.window = window;
            status.in_flight = self.in_flight.len();
            status.next_probe = self.breaker.probe_at();
            status.last.clone_from(&self.last);
        }
        let room = self.lane.room();
        if room > 0 && (before == 0 || room * 2 >= target && self.lane.is_due(now)) {
            self.shared.wake.notify_one();
        }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 2 and 64 times a window")]
    fn depth(&self, window: u32) -> usize {
        let depth = (QUEUE_SECONDS / self.mean_seconds.max(f64::EPSILON)).clamp(DEPTH.0, DEPTH.1);
        (f64::from(window) * depth) as usize
    }

    fn until_probe(&self) -> Option<Duration> {
        let wait = self.breaker.probe_at()?.duration_since(self.shared.now());
        // Once the time has come, the lane waits for a lease, not for the clock.
        (wait > SignedDuration::ZERO).then(|| wait.unsigned_abs())
    }

    fn flying(&self) -> u32 {
        u32::try_from(self.in_flight.len()).unwrap_or(u32::MAX)
    }

    /// Nothing of this lane stays leased.
    fn leave(&mut self) {
        self.inbox.close();
        while let Ok(leases) = self.inbox.try_recv() {
            self.queue.extend(leases);
        }
        self.in_flight.clear();
        let now = self.shared.now();
        self.give_back_queue(now);
        for (delivery, fence) in std::mem::take(&mut self.flying) {
            let settlement = Settlement { delivery, fence, attempt: None, next: Next::Release(now), at: now };
            self.settle(Settling { recipient: self.lane.recipient, settlement, gone: false });
        }
        self.publish();
    }
}
