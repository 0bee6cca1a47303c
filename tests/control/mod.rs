//! What an operator's command asks of a running hub.

use crate::ledger::desk::{causing, delivery, notice, terms};
use domain::delivery::DeliveryState;
use domain::port::{DeliveryFilter, Ledger};
use placement_hub::control::{Action, Answer, Control, Request, ask};
use sqlite_ledger::{LedgerReader, SqliteLedger};
use std::sync::Arc;
use uuid::Uuid;

fn request(deliveries: Vec<Uuid>, action: Action, reason: &str) -> Request {
    Request { deliveries, action, reason: reason.to_owned() }
}

#[tokio::test]
async fn a_command_reaches_the_hub_that_has_the_ledger_open() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.db");
    assert!(ask(&file, &request(vec![], Action::Hold, "no hub")).await.unwrap().is_none());

    let ledger: Arc<dyn Ledger> = Arc::new(SqliteLedger::open(&file).unwrap());
    ledger.record(vec![causing(1, 1, 0, vec![notice(1, "RX2", 1)])], terms(0, 0)).await.unwrap();
    let control = Control::start(&file, Arc::clone(&ledger)).unwrap();

    let held = ask(&file, &request(vec![delivery(1), delivery(2)], Action::Hold, "their system moves")).await.unwrap();
    assert!(matches!(held, Some(Answer::Moved(moved)) if moved == [delivery(1)]));
    // Somebody else may look meanwhile, by the file alone.
    let beside = LedgerReader::open(&file).unwrap();
    let rows = domain::port::LedgerView::deliveries(&beside, DeliveryFilter { limit: 10, ..DeliveryFilter::default() }).await.unwrap();
    assert_eq!((rows[0].state, rows[0].reason.as_deref()), (DeliveryState::Held, Some("operator: their system moves")));

    let unreasoned = ask(&file, &request(vec![delivery(1)], Action::Discard, " ")).await.unwrap();
    assert!(matches!(unreasoned, Some(Answer::Failed(why)) if why.contains("give a reason")));
    drop(control);
    assert!(ask(&file, &request(vec![], Action::Hold, "no hub")).await.unwrap().is_none());
}

#[test]
fn the_socket_is_for_the_hubs_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let ledger: Arc<dyn Ledger> = Arc::new(SqliteLedger::open(&file).unwrap());
    // A dead hub's socket is taken away.
    std::fs::write(folder.path().join("ledger.db.control"), "").unwrap();
    let _control = Control::start(&file, ledger).unwrap();
    let mode = std::fs::metadata(folder.path().join("ledger.db.control")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o600);
}
