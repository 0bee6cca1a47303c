//! One suite for every ledger: what [`domain::port::Ledger`] promises, sentence by sentence.
//!
//! A test gets a [`desk::Desk`] on a fresh ledger and runs over each kind of ledger there is; a new kind adds a line to
//! [`shelves`].

mod any_order;
mod balancing;
mod claims;
mod clocks;
mod crowd;
pub mod desk;
mod feed;
mod finding;
mod histories;
mod leasing;
mod lists;
mod opening;
mod operating;
mod operations;
mod order;
mod recording;
mod reopening;
mod sealed;
mod settling;
mod sharing;

use crate::support::database::Schema;
use desk::Desk;
use domain::port::Ledger;
use std::sync::Arc;

/// Where one ledger's data is: it can be opened, left and opened again.
pub struct Shelf {
    open: Box<dyn Fn() -> Arc<dyn Ledger>>,
    /// Whether several hubs may have it open: then none takes another's leases, whatever it believes of the other.
    pub is_shared: bool,
}

impl Shelf {
    pub fn open(&self) -> Arc<dyn Ledger> {
        (self.open)()
    }
}

/// An empty shelf for each kind of ledger.
fn shelves() -> Vec<Shelf> {
    vec![embedded(), shared()]
}

fn embedded() -> Shelf {
    let folder = tempfile::tempdir().unwrap();
    let open = Box::new(move || Arc::new(sqlite_ledger::SqliteLedger::open(&folder.path().join("ledger.db")).unwrap()) as Arc<dyn Ledger>);
    Shelf { open, is_shared: false }
}

fn shared() -> Shelf {
    let schema = Schema::new();
    let open = Box::new(move || Arc::new(postgres_ledger::PostgresLedger::open(&schema.url()).unwrap()) as Arc<dyn Ledger>);
    Shelf { open, is_shared: true }
}

/// Runs a test over every kind of ledger, each fresh; whatever it did, the ledger must balance at its end.
fn each(test: impl AsyncFn(&mut Desk)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for shelf in shelves() {
        runtime.block_on(async {
            let mut desk = Desk::new(shelf);
            test(&mut desk).await;
            desk.assert_balanced().await;
        });
    }
}
