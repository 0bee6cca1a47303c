//! Asks the ledger for what is due, for every lane with room in one question; and looks whether those that wait for an
//! endpoint have one.

use super::shared::{Lane, Shared, Stop, Who, locked, nanoseconds};
use crate::telemetry::field;
use domain::Code;
use domain::delivery::{DeliveryState, HoldReason};
use domain::port::{DeliveryFilter, LaneRoom, LedgerError};
use jiff::Timestamp;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::time::Instant;
use tracing::{info, warn};

/// Wait after a question that the ledger could not answer.
const WAIT: Duration = Duration::from_secs(1);
/// How often the ledger is asked what is held for want of an endpoint. What the journey holds when it records, and what another hub
/// held, is known in no other way; nobody waits for it in a hurry.
const LOOK_FOR_HELD: Duration = Duration::from_secs(60);
/// Held deliveries of one recipient that are read to learn why they are held: the newest tell.
const HELD_ROWS: usize = 50;

/// Runs until the hub stops.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut leaser = Leaser { shared, next_poll: Instant::now(), next_look: Instant::now(), told: false };
    while leaser.shared.stopping() == Stop::No {
        if let Err(error) = leaser.round().await {
            leaser.complain(&error);
            tokio::time::sleep(WAIT).await;
        }
    }
}

struct Leaser {
    shared: Arc<Shared>,
    next_poll: Instant,
    /// Whether the ledger's failure has been logged.
    told: bool,
    /// When the ledger is asked next what is held.
    next_look: Instant,
}

impl Leaser {
    /// One look at the clock, one question to the ledger or one wait.
    async fn round(&mut self) -> Result<(), LedgerError> {
        if Instant::now() >= self.next_poll {
            self.poll().await?;
        }
        let lanes = self.shared.all_lanes();
        let asked = self.plan(&lanes);
        if asked.is_empty() {
            self.wait(&lanes).await;
            return Ok(());
        }
        self.lease(asked).await
    }

    /// Chooses lanes with something due and room for it. Lanes that hold least come first, so that none starves when
    /// places are short.
    fn plan(&self, lanes: &[Arc<Lane>]) -> Vec<(Arc<Lane>, usize)> {
        let now = self.shared.now();
        let mut room = self.shared.room();
        let active = lanes.iter().filter(|lane| lane.outstanding.load(Relaxed) > 0 || lane.is_due(now)).count();
        let share = self.shared.share(active);
        let mut due: Vec<_> =
            lanes.iter().filter(|lane| lane.is_due(now) && lane.room() > 0 && !self.shared.is_paused(lane.recipient)).collect();
        due.sort_by_key(|lane| lane.outstanding.load(Relaxed));
        let mut asked = Vec::new();
        for lane in due {
            let held = lane.outstanding.load(Relaxed);
            let wanted = lane.room().min(share.saturating_sub(held)).min(room);
            if wanted > 0 && lane.take_due(now) {
                room -= wanted;
                asked.push((Arc::clone(lane), wanted));
            }
        }
        asked
    }

    async fn lease(&mut self, asked: Vec<(Arc<Lane>, usize)>) -> Result<(), LedgerError> {
        let rooms: Vec<_> = asked.iter().map(|(lane, room)| LaneRoom { recipient: lane.recipient, room: *room }).collect();
        let limit = rooms.iter().map(|each| each.room).sum();
        let terms = self.shared.terms(limit, Arc::from([]));
        let now = terms.now;
        let answer = self.shared.ledger.lease_due(rooms, terms).await;
        let leases = match answer {
            Ok(leases) => leases,
            Err(error) => {
                // The hints were taken; they still hold.
                for (lane, _) in asked {
                    self.shared.hint(lane.recipient, now);
                }
                return Err(error);
            }
        };
        self.recovered();
        if !leases.is_empty() {
            crate::crash::point("after-claim");
        }
        let mut got: HashMap<Code, usize> = HashMap::new();
        for lease in &leases {
            *got.entry(lease.recipient).or_default() += 1;
        }
        self.shared.assign(leases);
        for (lane, room) in asked {
            // A lane that was filled may have more; one that was not has nothing, until a hint says otherwise.
            if got.get(&lane.recipient).is_some_and(|count| *count >= room) {
                self.shared.hint(lane.recipient, now);
            }
        }
        Ok(())
    }

    /// Until a hint, room, the next time something falls due, or the next poll.
    async fn wait(&mut self, lanes: &[Arc<Lane>]) {
        let now = self.shared.now();
        let due =
            lanes.iter().filter(|lane| lane.room() > 0).map(|lane| lane.due_at.load(Relaxed)).filter(|at| *at > nanoseconds(now)).min();
        let due = due.map(|at| Duration::from_nanos(at.abs_diff(nanoseconds(now))));
        let until = due.map_or(self.next_poll, |wait| self.next_poll.min(Instant::now().checked_add(wait).unwrap_or(self.next_poll)));
        tokio::select! {
            // By order and not by chance, so that a simulation can be repeated: the rarest first, so none has to wait for long.
            biased;
            () = self.shared.looking.notified() => (self.next_poll, self.next_look) = (Instant::now(), Instant::now()),
            () = self.shared.wake.notified() => {}
            () = tokio::time::sleep_until(until) => {}
        }
    }

    async fn poll(&mut self) -> Result<(), LedgerError> {
        let now = self.shared.now();
        for lane in self.shared.ledger.lanes(now).await? {
            self.shared.hint(lane.recipient, lane.next_at);
        }
        if Instant::now() >= self.next_look {
            self.remember(now).await?;
            self.next_look = Instant::now() + LOOK_FOR_HELD;
        }
        self.release_reachable(now).await?;
        self.recovered();
        self.next_poll = Instant::now() + self.shared.settings.poll;
        Ok(())
    }

    /// What is held for want of an endpoint, by whomever. One that answered 410 to another hub, or to an earlier run of this one, gets one
    /// try: nobody knows which address it had then.
    async fn remember(&self, now: Timestamp) -> Result<(), LedgerError> {
        let today = self.shared.today(now);
        let figures = self.shared.ledger.figures(today, today).await?;
        let held = figures.backlog.into_iter().filter(|(_, state, _)| *state == DeliveryState::Held);
        for (recipient, ..) in held {
            let filter = DeliveryFilter {
                recipient: Some(recipient),
                state: Some(DeliveryState::Held),
                limit: HELD_ROWS,
                ..DeliveryFilter::default()
            };
            for row in self.shared.ledger.deliveries(filter).await? {
                let reason = row.reason.unwrap_or_default();
                if [HoldReason::NoEndpoint, HoldReason::EndpointGone].iter().any(|each| reason.starts_with(each.name())) {
                    locked(&self.shared.waiting).entry((recipient, row.place)).or_default();
                }
            }
        }
        Ok(())
    }

    /// Releases the lanes of those who can be reached now and could not before.
    async fn release_reachable(&self, now: Timestamp) -> Result<(), LedgerError> {
        let waiting: Vec<_> = locked(&self.shared.waiting).iter().map(|(who, gone)| (*who, gone.clone())).collect();
        let directory = self.shared.directory.load_full();
        let reachable = |((recipient, place), gone): &(Who, Option<String>)| {
            let found = self.shared.reach(&directory, *recipient, *place, now);
            found.is_ok_and(|(endpoint, _)| gone.as_ref() != Some(&endpoint.url))
        };
        let back: Vec<_> = waiting.into_iter().filter(reachable).collect();
        let recipients: BTreeSet<Code> = back.iter().map(|((recipient, _), _)| *recipient).collect();
        for recipient in recipients {
            let count = self.shared.ledger.hold_lane(recipient, None, now).await?;
            // What is found unreachable from here on asks for itself again.
            locked(&self.shared.waiting).retain(|who, gone| who.0 != recipient || !back.contains(&(*who, gone.clone())));
            info!({ field::RECIPIENT } = %recipient, { field::COUNT } = count, "the recipient has an endpoint; its deliveries are released");
            self.shared.hint(recipient, now);
        }
        Ok(())
    }

    fn complain(&mut self, error: &LedgerError) {
        if !self.told {
            warn!({ field::ERROR } = %error, "the ledger does not say what is due; asking again every second");
            self.told = true;
        }
    }

    fn recovered(&mut self) {
        if std::mem::take(&mut self.told) {
            info!("the ledger says again what is due");
        }
    }
}
