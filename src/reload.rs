//! A new directory for a running hub: loaded and checked whole, compared with the one in use, and put in its place.
//!
//! A wrong one changes nothing. A right one is in use for every decision that begins after the swap; those children of whom
//! something else follows are decided on again at once, and the difference is delivered like any other.

mod consequences;

pub use consequences::{Consequences, Moved, Told};

use crate::directory::{Loaded, Mistakes};
use crate::dispatch::DispatchHandle;
use crate::error::chain;
use crate::intake::hand_over;
use crate::journey::Journey;
use consequences::Affected;
use domain::directory::Directory;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Changes that are told one by one, in the log and to the operator. A national list of practices may change all at once.
const CHANGES_TOLD_MAX: usize = 1_000;
/// Children decided on in one transaction.
const BATCH: usize = 200;

/// Reads the directory that the settings name.
pub type Load = Arc<dyn Fn() -> Result<Loaded, Mistakes> + Send + Sync>;

pub struct Reloader {
    journey: Arc<Journey>,
    dispatch: DispatchHandle,
    load: Load,
    /// One at a time: a comparison is with the directory that it replaces.
    turn: tokio::sync::Mutex<()>,
}

/// What a new directory changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reloaded {
    /// False where it was only looked at.
    pub in_use: bool,
    /// What works and yet should be looked at.
    pub warnings: Vec<String>,
    /// A line each, the first thousand.
    pub changes: Vec<String>,
    pub more_changes: usize,
    pub postcodes: String,
    pub consequences: Consequences,
}

/// Why the directory stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum NotReloaded {
    #[error("the new directory is wrong, and the old one stays in use:\n{0}")]
    Wrong(#[from] Mistakes),
    #[error("the new directory could not be compared with the old one, which stays in use: {0}")]
    NotCompared(String),
}

impl Reloader {
    #[must_use]
    pub fn new(journey: Arc<Journey>, dispatch: DispatchHandle, load: Load) -> Self {
        Self { journey, dispatch, load, turn: tokio::sync::Mutex::new(()) }
    }

    /// Loads, checks, compares and, unless it is a rehearsal, uses the directory.
    ///
    /// # Errors
    /// Where it is wrong (every mistake) or the ledger cannot be asked. Then nothing has changed.
    pub async fn reload(&self, rehearsal: bool) -> Result<Reloaded, NotReloaded> {
        let _turn = self.turn.lock().await;
        let outcome = self.turned(rehearsal).await;
        if let Err(why) = &outcome {
            tracing::error!("{why}");
        }
        outcome
    }

    async fn turned(&self, rehearsal: bool) -> Result<Reloaded, NotReloaded> {
        let load = Arc::clone(&self.load);
        let loaded = tokio::task::spawn_blocking(move || load()).await.map_err(|error| NotReloaded::NotCompared(error.to_string()))??;
        let older = self.journey.directory.load_full();
        let newer = Arc::new(loaded.directory);
        let today = self.journey.policy.day((self.journey.now)());
        let differences = {
            let (older, newer) = (Arc::clone(&older), Arc::clone(&newer));
            let compared = tokio::task::spawn_blocking(move || older.differences(&newer, today)).await;
            compared.map_err(|error| NotReloaded::NotCompared(error.to_string()))?
        };
        let mut reloaded = Reloaded {
            in_use: !rehearsal,
            warnings: loaded.warnings,
            changes: differences.changes.iter().take(CHANGES_TOLD_MAX).map(ToString::to_string).collect(),
            more_changes: differences.changes.len().saturating_sub(CHANGES_TOLD_MAX),
            postcodes: differences.postcodes.to_string(),
            consequences: Consequences::default(),
        };
        if !rehearsal && let Err(error) = self.journey.keys.reload() {
            reloaded.warnings.push(format!("sealing goes on with the keys that were known: {}", chain(&error)));
        }
        let mut affected = Affected::default();
        if !differences.is_empty() {
            affected = consequences::compare(&self.journey, &older, &newer).await.map_err(NotReloaded::NotCompared)?;
            reloaded.consequences = affected.consequences;
        }
        if !rehearsal {
            self.swap(newer, &reloaded);
            self.decide_again(affected.children).await;
        }
        Ok(reloaded)
    }

    fn swap(&self, newer: Arc<Directory>, reloaded: &Reloaded) {
        self.journey.directory.store(newer);
        self.dispatch.directory_changed();
        for warning in &reloaded.warnings {
            tracing::warn!("{warning}");
        }
        for change in &reloaded.changes {
            tracing::info!("directory: {change}");
        }
        let changes = reloaded.changes.len() + reloaded.more_changes;
        tracing::info!(changes, postcodes = %reloaded.postcodes, consequences = %reloaded.consequences, "a new directory is in use");
    }

    /// What fails here is not lost: whatever decides on the child next, a message or a clock, finds the new directory.
    async fn decide_again(&self, children: Vec<domain::port::ChildKey>) {
        for batch in children.chunks(BATCH) {
            match self.journey.wake(batch.to_vec(), &self.dispatch.terms()).await {
                Ok(received) => drop(hand_over(received, &self.dispatch, &self.journey.metrics)),
                Err(error) => tracing::warn!(error = %chain(&error), "some children are decided on later by the new directory"),
            }
        }
    }
}
