//! `balance` finds what does not add up, because it was planted with another connection.

#[path = "../../../tests/ledger/desk.rs"]
#[allow(dead_code)]
mod desk;

use desk::{Desk, causing, notice};
use domain::port::Ledger;
use rusqlite::Connection;
use sqlite_ledger::SqliteLedger;
use std::{path::PathBuf, sync::Arc};

pub struct Shelf {
    path: PathBuf,
}

impl Shelf {
    pub fn open(&self) -> Arc<dyn Ledger> {
        Arc::new(SqliteLedger::open(&self.path).unwrap())
    }
}

/// On a furnished desk, `plant` is done to the file.
async fn check(plant: &str, expected: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let desk = Desk::furnished(Shelf { path: path.clone() }).await;
    let other = Connection::open(&path).unwrap();
    other.pragma_update(None, "foreign_keys", false).unwrap();
    other.execute_batch(plant).unwrap();
    desk.assert_mistakes(plant, expected).await;
}

#[tokio::test]
async fn each_fault_has_its_sentence() {
    check("UPDATE messages SET receipt = '' WHERE row = 1", &["no receipt"]).await;
    check(
        "INSERT INTO obligations SELECT 99, message, state, changed_at, place, basis, supersedes, payload FROM obligations WHERE row = 1",
        &["row 99"],
    )
    .await;
    check("DELETE FROM obligations WHERE row = 3", &["nothing to send"]).await;
    check("UPDATE deliveries SET state = 1 WHERE row = 4", &["nothing stands before it", "tally of QKS", "tally of QKS"]).await;
    check("UPDATE deliveries SET state = 0 WHERE row = 2", &["another of the same child stands before it", "tally of RX2", "tally of RX2"])
        .await;
    check("UPDATE deliveries SET open = 1 WHERE row = 3", &["done in another", "tally of 91Q"]).await;
    check("UPDATE deliveries SET sequence = 3 WHERE row = 2", &["numbered from 1 without gaps: 2 rows, numbers 1 to 3"]).await;
    check("UPDATE deliveries SET sequence = 2 WHERE row = 3", &["91Q was told"]).await;
    check("UPDATE tallies SET n = n + 1 WHERE state = 1", &["tally of RX2"]).await;
    check("UPDATE message_tallies SET n = 9", &["messages `placement-change` disagrees with a count: accepted is kept as 9 and counts 2"])
        .await;
    check("DELETE FROM deadline_tallies", &["what is due on 20261126"]).await;
    check("UPDATE breach_tally SET n = 1", &["tally of breaches is 1, and 0"]).await;
    check("INSERT INTO acknowledgements VALUES (1, randomblob(16), 'RX2', 'read', 0)", &["which is not there"]).await;
    check(
        "UPDATE tallies SET n = n - 1 WHERE recipient = 3 AND state = 0; UPDATE deliveries SET state = 2, next_at = 0 WHERE row = 4",
        &["lapsed", "tally of QKS"],
    )
    .await;
}

#[tokio::test]
async fn a_value_that_nobody_knows_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let desk = Desk::new(Shelf { path: path.clone() });
    desk.put(causing(1, 1, 0, vec![notice(1, "RX2", 1)])).await;
    Connection::open(&path).unwrap().execute_batch("UPDATE deliveries SET kind = 77").unwrap();
    let error = desk.ledger().deliveries(domain::port::DeliveryFilter { limit: 9, ..Default::default() }).await.unwrap_err();
    assert!(!error.transient && error.what.contains("77") && error.what.contains("doctor"), "{}", error.what);
}

#[tokio::test]
async fn another_program_that_locks_the_file_is_waited_for_and_then_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let desk = Desk::new(Shelf { path: path.clone() });
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = desk.ledger().record(vec![causing(1, 1, 0, vec![])], desk::terms(0, 0)).await.unwrap_err();
    assert!(error.transient && error.what.contains("Another program"), "{}", error.what);
    other.execute_batch("ROLLBACK").unwrap();
    desk.put(causing(1, 1, 0, vec![])).await;
}
