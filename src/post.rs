//! The hub's mailboxes (MESH): looks into each every few minutes, takes in what others sent, and asks what became of what the
//! hub sent.
//!
//! Recorded first, taken out then: a crash between the two repeats a document, and the ledger knows it.

use crate::error::chain;
use crate::intake::Recorder;
use crate::journey::Envelope;
use domain::Code;
use domain::directory::{Directory, Endpoint};
use domain::port::{Confirmation, Confirmed, Letter, Mailbox, Post};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use uuid::Uuid;

/// Documents taken out of one mailbox in one look; the rest waits for the next.
const LETTERS_MAX: usize = 500;
/// Accepted deliveries read from the ledger at once.
const PAGE: usize = 500;

pub struct Parts {
    pub recorder: Recorder,
    pub rails: Vec<Arc<dyn Post>>,
    /// Time between two looks.
    pub every: Duration,
    /// This hub, among those that share the ledger: one of them looks.
    pub holder: Uuid,
    pub stop: watch::Receiver<bool>,
}

/// Runs until `stop` turns true. Without an endpoint on such a rail it asks nobody.
pub async fn run(parts: Parts) {
    let mut stop = parts.stop.clone();
    let mut interval = tokio::time::interval(parts.every);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            _ = interval.tick() => {}
        }
        if !parts.is_on_duty().await {
            parts.recorder.metrics.site.no_mailboxes();
            continue;
        }
        for rail in &parts.rails {
            if *parts.stop.borrow() {
                return;
            }
            parts.look(rail.as_ref()).await;
        }
    }
}

impl Parts {
    /// Whether the looks are this hub's now, and until the one after the next. A hub that cannot ask cannot record either.
    async fn is_on_duty(&self) -> bool {
        let now = self.recorder.now();
        let until = now.saturating_add(self.every * 2).unwrap_or(Timestamp::MAX);
        match self.recorder.journey.ledger.hold_duty("mailboxes", self.holder, until, now).await {
            Ok(ours) => ours,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the mailboxes are not looked into until the ledger answers");
                false
            }
        }
    }

    /// One look at all mailboxes of one rail.
    pub async fn look(&self, rail: &dyn Post) {
        let directory = self.recorder.journey.directory.load_full();
        let now = self.recorder.now();
        for mailbox in rail.mailboxes(directory.endpoints(), now) {
            let read = self.empty(rail, &directory, mailbox.as_ref()).await;
            self.recorder.metrics.site.mailbox(mailbox.name(), read.is_ok(), self.recorder.now());
            if let Err(why) = read {
                tracing::warn!(rail = rail.name(), mailbox = mailbox.name(), why, "a mailbox could not be read; the next look tries again");
            }
        }
        if let Err(why) = self.follow(rail, &directory, now).await {
            tracing::warn!(rail = rail.name(), why, "what became of deliveries could not be asked; the next look tries again");
        }
    }

    async fn empty(&self, rail: &dyn Post, directory: &Directory, mailbox: &dyn Mailbox) -> Result<(), String> {
        for id in mailbox.list(LETTERS_MAX).await? {
            match mailbox.read(&id).await? {
                Letter::Document { from, content_type, body } => {
                    let sender = sender(rail, directory, &from);
                    if sender.is_none() {
                        tracing::warn!(rail = rail.name(), from, "a document came from a mailbox that the directory does not know");
                    }
                    self.receive(rail, sender, content_type, body).await?;
                }
                Letter::Undelivered { delivery: Some(delivery), why } => {
                    self.confirm(vec![again(delivery, why, self.recorder.now())]).await?;
                }
                Letter::Undelivered { delivery: None, why } => {
                    tracing::warn!(rail = rail.name(), why, "a report about nothing of this hub's");
                }
                Letter::Unreadable(why) => tracing::error!(rail = rail.name(), id, why, "a document cannot be read and is put aside"),
                Letter::Gone => continue,
            }
            mailbox.acknowledge(&id).await?;
        }
        Ok(())
    }

    /// A document of a sender that nobody knows is refused like that of any other who may not send it.
    async fn receive(&self, rail: &dyn Post, sender: Code, content_type: Option<String>, body: Vec<u8>) -> Result<(), String> {
        let envelope = Envelope {
            body,
            content_type,
            intake: rail.name(),
            organisation: Some(sender),
            received_at: self.recorder.now(),
            ..Envelope::default()
        };
        self.recorder.record(&[envelope], Instant::now()).await.map(drop).map_err(|error| chain(&error))
    }

    /// Asks after everything that this rail has accepted and nobody has collected.
    async fn follow(&self, rail: &dyn Post, directory: &Directory, now: Timestamp) -> Result<(), String> {
        let today = self.recorder.journey.policy.day(now);
        let mut after: Option<Uuid> = None;
        loop {
            let page = self.recorder.journey.ledger.accepted(rail.name(), after, PAGE).await.map_err(|error| error.to_string())?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.delivery);
            let mut found = Vec::new();
            for row in &page {
                let reached = |endpoint: &&Endpoint| endpoint.adapter == rail.name();
                let Some(endpoint) = directory.endpoint(row.recipient, row.place, today).filter(reached) else { continue };
                match rail.track(endpoint, &row.reference, now).await {
                    Ok(Some(outcome)) => {
                        if matches!(outcome, Confirmed::Dead { .. }) {
                            self.recorder.metrics.dead(row.recipient);
                        }
                        found.push(Confirmation { delivery: row.delivery, outcome, at: self.recorder.now() });
                    }
                    Ok(None) => {}
                    Err(why) => {
                        self.confirm(found).await?;
                        return Err(why);
                    }
                }
            }
            self.confirm(found).await?;
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    async fn confirm(&self, found: Vec<Confirmation>) -> Result<(), String> {
        if found.is_empty() {
            return Ok(());
        }
        self.recorder.journey.ledger.confirm(found).await.map(drop).map_err(|error| error.to_string())
    }
}

fn again(delivery: Uuid, why: String, at: Timestamp) -> Confirmation {
    Confirmation { delivery, outcome: Confirmed::Again { why }, at }
}

/// The organisation whose mailbox it is; [`Code::NONE`] for nobody's.
fn sender(rail: &dyn Post, directory: &Directory, from: &str) -> Code {
    let theirs = directory.endpoints().iter().find(|endpoint| endpoint.adapter == rail.name() && rail.is_from(endpoint, from));
    theirs.map_or(Code::NONE, |endpoint| endpoint.organisation)
}
