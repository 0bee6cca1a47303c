//! Read models: what people and programs are told of the hub, as plain structs with units in their names. The dashboard draws them,
//! the API writes them. One file per subject, each filled by a function of [`Views`].
//!
//! Nothing here shows what is sealed, but [`content`], which is asked for with a reason, and an open review item.

pub mod clocks;
pub mod content;
pub mod deliveries;
pub mod failures;
pub mod journey;
pub mod organisations;
pub mod overview;
pub mod rates;
pub mod reclaims;
pub mod rejections;
pub mod reviews;

use crate::directory::Rails;
use crate::dispatch::DispatchHandle;
use crate::journey::Journey;
use domain::Code;
use domain::directory::Directory;
use domain::port::{Figures, LedgerError};
use jiff::Timestamp;
use jiff::civil::Date;
use rates::Rates;
use std::sync::Arc;
use tokio::sync::watch;

/// What a page may hold, and what it holds where nothing is asked for.
pub const PAGE_MAX: usize = 500;
pub const PAGE_DEFAULT: usize = 50;

/// What views are filled from. Cheap to clone.
#[derive(Clone)]
pub struct Views {
    pub journey: Arc<Journey>,
    pub dispatch: DispatchHandle,
    pub figures: watch::Receiver<Figures>,
    pub broker: watch::Receiver<amqp::State>,
    pub rates: Arc<Rates>,
    pub rails: Rails,
}

/// Why there is no view.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// What is kept cannot be opened or read; a sentence.
    #[error("{0}")]
    Damaged(String),
}

impl Views {
    fn now(&self) -> Timestamp {
        (self.journey.now)()
    }

    fn today(&self) -> Date {
        self.journey.policy.day(self.now())
    }

    fn directory(&self) -> Arc<Directory> {
        self.journey.directory.load_full()
    }
}

/// An organisation's name; its code is beside it wherever it is shown.
#[must_use]
pub fn name(directory: &Directory, code: Code) -> &str {
    directory.organisation(code).map_or("Not in the directory", |organisation| organisation.name.as_str())
}

/// Whole seconds since a moment; none below nought, for clocks differ.
fn seconds_since(since: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.duration_since(since).as_secs()).unwrap_or_default()
}
