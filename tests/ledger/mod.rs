//! One suite for every ledger: what [`domain::port::Ledger`] promises, sentence by sentence.
//!
//! A test gets a [`desk::Desk`] on a fresh ledger and runs over each kind of ledger there is; a new kind adds a line to
//! [`shelves`].

mod any_order;
mod balancing;
mod claims;
mod clocks;
pub mod desk;
mod feed;
mod finding;
mod histories;
mod leasing;
mod lists;
mod operating;
mod order;
mod recording;
mod reopening;
mod sealed;
mod settling;

use desk::Desk;
use domain::port::Ledger;
use std::sync::Arc;

/// Where one ledger's data is: it can be opened, left and opened again.
pub struct Shelf {
    open: Box<dyn Fn() -> Arc<dyn Ledger>>,
}

impl Shelf {
    pub fn open(&self) -> Arc<dyn Ledger> {
        (self.open)()
    }
}

/// An empty shelf for each kind of ledger.
fn shelves() -> Vec<Shelf> {
    vec![embedded()]
}

fn embedded() -> Shelf {
    let folder = tempfile::tempdir().unwrap();
    Shelf { open: Box::new(move || Arc::new(sqlite_ledger::SqliteLedger::open(&folder.path().join("ledger.db")).unwrap())) }
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
