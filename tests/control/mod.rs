//! What an operator's command asks of a running hub.

use crate::ledger::desk::{causing, delivery, notice, terms};
use crate::support::quiet;
use crate::support::story::{WORLD, placement};
use domain::delivery::DeliveryState;
use domain::port::{DeliveryFilter, LedgerView};
use domain::timeline::Ruling;
use placement_hub::control::{Action, Answer, Control, Desk, Request, ask};
use placement_hub::directory::Loaded;
use placement_hub::journey::Envelope;
use placement_hub::receipt::Verdict;
use placement_hub::reload::Reloader;
use sqlite_ledger::LedgerReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

/// A hub without rails: nobody is reachable, so all that is owed is held.
struct Hub {
    file: PathBuf,
    desk: Desk,
    _control: Control,
    _folder: tempfile::TempDir,
}

impl Hub {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ledger.db");
        let (journey, dispatch) = quiet::hub(&file, WORLD.directory.clone());
        let load = Arc::new(|| Ok(Loaded { directory: WORLD.directory.clone(), warnings: Vec::new() }));
        let reloader = Arc::new(Reloader::new(Arc::clone(&journey), dispatch.clone(), load));
        let desk = Desk { journey, dispatch, reloader };
        let control = Control::start(&file, desk.clone()).unwrap();
        Self { file, desk, _control: control, _folder: folder }
    }

    async fn ask(&self, request: &Request) -> Answer {
        ask(&self.file, request).await.unwrap().expect("a hub runs")
    }
}

fn operate(deliveries: Vec<Uuid>, action: Action, reason: &str) -> Request {
    Request::Operate { deliveries, action, reason: reason.to_owned() }
}

#[tokio::test]
async fn a_command_reaches_the_hub_that_has_the_ledger_open() {
    let hub = Hub::start();
    hub.desk.journey.ledger.record(vec![causing(1, 1, 0, vec![notice(1, "RX2", 1)])], terms(0, 0)).await.unwrap();

    let held = hub.ask(&operate(vec![delivery(1), delivery(2)], Action::Hold, "their system moves")).await;
    assert!(matches!(held, Answer::Moved(moved) if moved == [delivery(1)]));
    // Somebody else may look meanwhile, by the file alone.
    let beside = LedgerReader::open(&hub.file).unwrap();
    let rows = beside.deliveries(DeliveryFilter { limit: 10, ..DeliveryFilter::default() }).await.unwrap();
    assert_eq!((rows[0].state, rows[0].reason.as_deref()), (DeliveryState::Held, Some("operator: their system moves")));

    let unreasoned = hub.ask(&operate(vec![delivery(1)], Action::Discard, " ")).await;
    assert!(matches!(unreasoned, Answer::Failed(why) if why.contains("give a reason")));
}

#[tokio::test]
async fn without_a_hub_nobody_answers() {
    let request = operate(vec![], Action::Hold, "no hub");
    assert!(ask(Path::new("/nonexistent/ledger.db"), &request).await.unwrap().is_none());
}

#[tokio::test]
async fn the_socket_is_for_the_hubs_user_alone_and_a_dead_hubs_is_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.db");
    let socket = folder.path().join("ledger.db.control");
    std::fs::write(&socket, "").unwrap();
    let _control = Control::start(&file, Hub::start().desk).unwrap();
    let mode = std::fs::metadata(&socket).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o600);
}

/// An unknown postcode is a question; the answer goes into the timeline, closes the question, and tells the area.
#[tokio::test]
async fn an_answered_question_tells_those_it_names() {
    let hub = Hub::start();
    let envelope =
        Envelope { body: placement("P1", "2026-12-01").at("BN99 9ZZ").0.to_string().into_bytes(), intake: "test", ..Envelope::default() };
    let received = hub.desk.journey.receive(&[envelope], &hub.desk.dispatch.terms()).await.unwrap();
    assert_eq!(received.answers[0].verdict, Verdict::Accepted);
    let open = hub.desk.journey.ledger.reviews(10).await.unwrap();
    assert_eq!(open.iter().map(|item| item.reason.as_str()).collect::<Vec<_>>(), ["unknown-postcode"]);

    let resolve = |code: &str, by: &str| Request::Resolve {
        item: open[0].key.to_hex(),
        ruling: Ruling::Choose(code.parse().unwrap()),
        by: by.to_owned(),
        reason: "the carer confirmed it by telephone".to_owned(),
    };
    assert!(matches!(hub.ask(&resolve("E06000043", " ")).await, Answer::Failed(why) if why.contains("who decides")));
    assert!(matches!(hub.ask(&resolve("X99", "P. Reviewer")).await, Answer::Failed(why) if why.contains("not in the directory")));
    assert!(matches!(hub.ask(&resolve("E06000043", "P. Reviewer")).await, Answer::Resolved(2)));
    assert!(hub.desk.journey.ledger.reviews(10).await.unwrap().is_empty());
    let rows = hub.desk.journey.ledger.deliveries(DeliveryFilter { limit: 10, ..DeliveryFilter::default() }).await.unwrap();
    let mut told: Vec<&str> = rows.iter().map(|row| row.recipient.as_str()).collect();
    told.sort_unstable();
    assert_eq!(told, ["E06000043", "QKS", "S9B9J"]);
    assert!(matches!(hub.ask(&resolve("E06000043", "P. Reviewer")).await, Answer::Failed(why) if why.contains("no open item")));
}
