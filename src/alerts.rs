//! The hub's own alerts, for sites without a Prometheus: by webhook and e-mail, when something begins to be wrong and when it is well
//! again.
//!
//! The cast: a *cause* ([`causes`]) is what is wrong with whom; each *watcher* (an endpoint of the settings' own list) has a *book*
//! ([`book`]) of what it was told. A look compares the two, and what changed goes out in one message, however much it is: so there is no
//! flood, and who could not be reached is told the truth of the moment when it can. Of hubs that share a ledger one tells.
//! Names and runbooks are those of deploy/prometheus.

mod book;
mod causes;
mod message;

use crate::directory::{Rails, certificates};
use crate::dispatch::{DispatchHandle, LaneStatus};
use crate::journey::Journey;
use crate::machine::{self, Ground};
use crate::telemetry::field;
use book::{Change, Shelf};
use causes::{Seen, Standing};
use domain::Code;
use domain::delivery::DeliveryState;
use domain::directory::Endpoint;
use domain::port::{Alert, DeliveryFilter, Figures};
use domain::retry::AttemptOutcome;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

/// What is told stands for minutes, so ten seconds are soon enough.
const EVERY: Duration = Duration::from_secs(10);
/// Every so many looks, it is looked when certificates end.
const CERTIFICATE_LOOKS: u64 = 60;
/// Dead deliveries that are looked at: more than anybody leaves lying about.
const DEAD_ROWS: usize = 200;
/// After so many seconds without a word of the hub that tells, another one does.
const DUTY_SECONDS: i64 = 60;

pub struct Parts {
    pub journey: Arc<Journey>,
    pub dispatch: DispatchHandle,
    pub rails: Rails,
    pub watchers: Vec<Endpoint>,
    pub figures: watch::Receiver<Figures>,
    pub ground: Ground,
    /// What was told is kept here, so that a restart tells nothing twice.
    pub file: PathBuf,
    pub holder: Uuid,
}

/// Runs until `stop` turns true; without watchers there is nothing to do.
pub async fn run(parts: Parts, mut stop: watch::Receiver<bool>) {
    if parts.watchers.is_empty() {
        return;
    }
    let mut desk = Desk { shelf: Shelf::open(&parts.file), on_duty: true, ends: Vec::new(), looks: 0, dead: BTreeMap::new(), parts };
    let mut interval = tokio::time::interval(EVERY);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            _ = interval.tick() => {}
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = desk.look() => {}
        }
    }
}

struct Desk {
    parts: Parts,
    shelf: Shelf,
    on_duty: bool,
    /// Until each endpoint's certificates end.
    ends: Vec<(String, Timestamp)>,
    looks: u64,
    /// Deliveries that were given up or refused and wait for a person, by recipient.
    dead: BTreeMap<Code, usize>,
}

impl Desk {
    async fn look(&mut self) {
        let now = (self.parts.journey.now)();
        let until = now.saturating_add(SignedDuration::from_secs(DUTY_SECONDS)).unwrap_or(Timestamp::MAX);
        // A ledger that does not answer is itself worth telling: then whoever told last goes on.
        if let Ok(ours) = self.parts.journey.ledger.hold_duty("alerts", self.parts.holder, until, now).await {
            self.on_duty = ours;
        }
        if !self.on_duty {
            self.shelf.clear();
            return;
        }
        self.look_for_dead().await;
        let standing = self.standing(now);
        for number in 0..self.parts.watchers.len() {
            let name = self.parts.watchers[number].name() + "/" + &self.parts.watchers[number].adapter;
            let book = self.shelf.book(&name);
            let changes = book.compare(&standing, now);
            if !changes.is_empty() && book.may_try(now) {
                self.tell(number, &name, changes, now).await;
            }
        }
    }

    /// The newest of them, by an index of their own. Where the ledger does not answer, what was seen last stands.
    async fn look_for_dead(&mut self) {
        let filter = DeliveryFilter { state: Some(DeliveryState::Dead), limit: DEAD_ROWS, ..DeliveryFilter::default() };
        if let Ok(rows) = self.parts.journey.ledger.deliveries(filter).await {
            self.dead.clear();
            for row in rows {
                *self.dead.entry(row.recipient).or_default() += 1;
            }
        }
    }

    fn standing(&mut self, now: Timestamp) -> Vec<Standing> {
        let parts = &self.parts;
        if self.looks.is_multiple_of(CERTIFICATE_LOOKS) {
            let held = certificates(&parts.journey.directory.load(), &parts.rails, now, parts.journey.policy.day(now));
            self.ends = held.into_iter().map(|held| (held.endpoint, held.certificate.to)).collect();
        }
        self.looks += 1;
        let seen = Seen {
            now,
            figures: &parts.figures.borrow(),
            shut: parts.dispatch.lanes().into_iter().filter(LaneStatus::is_shut).map(|lane| lane.recipient).collect(),
            consuming: parts.ground.broker.borrow().consuming,
            waiting: parts.ground.broker.borrow().queues.clone(),
            recorded_at: parts.journey.metrics.site.last_recorded(),
            dead: &self.dead,
            recording: parts.ground.recording.load(Relaxed),
            disk: parts.ground.ledger.as_deref().and_then(machine::disk),
            certificates: &self.ends,
        };
        causes::standing(&seen)
    }

    async fn tell(&mut self, number: usize, name: &str, mut changes: Vec<Change>, now: Timestamp) {
        for change in &mut changes {
            change.sample = self.sample(change).await;
        }
        let watcher = &self.parts.watchers[number];
        let id = Uuid::now_v7();
        let stands = self.shelf.book(name).told_after(&changes);
        let report = match (
            self.parts.rails.get(watcher.adapter.as_str()),
            message::event(id, &self.parts.journey.source, &changes, &stands, now),
        ) {
            (Some(rail), Ok(body)) => {
                let (subject, text) = (message::subject(&changes), message::text(&changes, &stands));
                Ok(rail.alert(Alert { endpoint: watcher, id, subject: &subject, text: &text, body: &body, now }).await)
            }
            (None, _) => Err(format!("this hub has no rail {}", watcher.adapter)),
            (_, Err(error)) => Err(error.to_string()),
        };
        let (taken, detail) = match report {
            Ok(report) => (matches!(report.outcome, AttemptOutcome::Delivered { .. } | AttemptOutcome::Accepted { .. }), report.detail),
            Err(why) => (false, why),
        };
        let book = self.shelf.book(name);
        if taken {
            book.told(&changes);
            if let Err(error) = self.shelf.keep() {
                tracing::warn!(%error, file = %self.parts.file.display(), "what was told cannot be kept: after a restart it is told again");
            }
        } else if book.failed(now) {
            tracing::warn!(
                watcher = name,
                { field::ADAPTER } = watcher.adapter,
                why = detail,
                "an alert could not be told; it is tried again"
            );
        }
    }

    /// One delivery to look at.
    async fn sample(&self, change: &Change) -> Option<Uuid> {
        let (recipient, state) = change.look_at?;
        let filter = DeliveryFilter { recipient: Some(recipient), state: Some(state), limit: 1, ..DeliveryFilter::default() };
        self.parts.journey.ledger.deliveries(filter).await.ok()?.first().map(|row| row.id)
    }
}

/// What stands at a watcher, by cause: since when.
type Told = BTreeMap<causes::Cause, Timestamp>;
