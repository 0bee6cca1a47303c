//! A new directory is compared with the one in use: what it says otherwise, and who would be told differently.

use super::broken::{append, copy, replace};
use super::{RAILS, day, shipped_folder};
use crate::support::quiet;
use crate::support::story::placement;
use domain::port::DeliveryFilter;
use placement_hub::directory::import::{Codes, Import, import_postcodes};
use placement_hub::directory::{Loaded, Mistakes, POSTCODES, Sources, load, read_postcodes};
use placement_hub::journey::{Envelope, Journey};
use placement_hub::reload::{Moved, Reloader, Told};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

fn read(folder: &Path) -> Result<Loaded, Mistakes> {
    load(&Sources::folder(folder, &RAILS, day("2026-11-22")))
}

/// A hub without rails, with a directory of its own.
struct Hub {
    journey: Arc<Journey>,
    dispatch: placement_hub::dispatch::DispatchHandle,
    reloader: Reloader,
    folder: TempDir,
}

impl Hub {
    fn start() -> Self {
        let folder = copy();
        let (journey, dispatch) = quiet::hub(&folder.path().join("ledger.db"), read(folder.path()).unwrap().directory);
        let again = folder.path().to_owned();
        let reloader = Reloader::new(Arc::clone(&journey), dispatch.clone(), Arc::new(move || read(&again)));
        Self { journey, dispatch, reloader, folder }
    }

    async fn takes(&self, document: &serde_json::Value) {
        let envelope = Envelope { body: document.to_string().into_bytes(), intake: "test", ..Envelope::default() };
        self.journey.receive(&[envelope], &self.dispatch.terms()).await.unwrap();
    }

    async fn questions(&self) -> usize {
        self.journey.ledger.reviews(10).await.unwrap().len()
    }

    async fn told(&self) -> Vec<String> {
        let rows = self.journey.ledger.deliveries(DeliveryFilter { limit: 100, ..DeliveryFilter::default() }).await.unwrap();
        let mut told: Vec<String> = rows.iter().map(|row| row.recipient.to_string()).collect();
        told.sort_unstable();
        told
    }

    /// Imports one postcode on top of what the directory has.
    fn learns(&self, postcode: &str, district: &str, commissioner: &str) {
        let index = self.folder.path().join(POSTCODES);
        let codes = Codes::read(self.folder.path()).unwrap();
        let keep = read_postcodes(&index).unwrap();
        let text = format!("pcds,doterm,lad26cd,ctry26cd,sicbl26cd\n{postcode},,{district},E92000001,{commissioner}\n");
        let import = Import { name: "t.csv", codes: &codes, from: day("2026-04-01"), keep: Some(&keep) };
        std::fs::write(index, import_postcodes(text.as_bytes(), &import).unwrap().bytes).unwrap();
    }
}

#[tokio::test]
async fn a_question_that_the_new_directory_answers_settles_itself() {
    let hub = Hub::start();
    hub.takes(&placement("P1", "2026-12-01").at("BN99 9ZZ").0).await;
    let before = hub.told().await;
    assert_eq!(hub.questions().await, 1);
    hub.learns("BN99 9ZZ", "E06000043", "E38000021");

    let rehearsed = hub.reloader.reload(true).await.unwrap();
    let consequences = &rehearsed.consequences;
    assert_eq!((rehearsed.in_use, consequences.children, consequences.differently), (false, 1, 1));
    let told = |code: &str| consequences.recipients.get(code).copied().unwrap_or_default();
    assert_eq!((told("E06000043").newly, told("S9B9J").newly), (1, 1));
    assert_eq!(consequences.reviews.get("unknown-postcode"), Some(&Moved { opened: 0, closed: 1 }));
    assert!(rehearsed.postcodes.starts_with("postcodes: 1 added, 0 removed"), "{}", rehearsed.postcodes);
    assert_eq!((hub.told().await, hub.questions().await), (before, 1), "a rehearsal changes nothing");

    let reloaded = hub.reloader.reload(false).await.unwrap();
    assert_eq!((reloaded.in_use, &reloaded.consequences), (true, consequences));
    assert_eq!((hub.told().await, hub.questions().await), (["E06000043", "QKS", "S9B9J"].map(str::to_owned).to_vec(), 0));

    let again = hub.reloader.reload(false).await.unwrap();
    assert_eq!((again.changes.len(), again.consequences.differently), (0, 0));
}

#[tokio::test]
async fn a_corrected_directory_corrects_what_follows_from_it() {
    let hub = Hub::start();
    hub.takes(&placement("P1", "2026-12-01").0).await;
    hub.learns("BN1 6AG", "E06000035", "E38000237");
    let told = hub.reloader.reload(false).await.map(|reloaded| reloaded.consequences).unwrap();
    assert_eq!(told.recipients.get("E06000043"), Some(&Told { newly: 0, no_longer: 1, otherwise: 0 }), "{told}");
    assert_eq!(told.recipients.get("E06000035").map(|told| told.newly), Some(1), "{told}");
}

#[tokio::test]
async fn a_wrong_directory_changes_nothing_and_all_its_mistakes_are_told() {
    let hub = Hub::start();
    let before = hub.journey.directory.load_full();
    append(hub.folder.path(), "camhs.csv", "E10000016,ZZZ,2001-01-01,2001-02-01,high,,\n");
    append(hub.folder.path(), "parents.csv", "91Q,ZZZ,2001-01-01,2001-02-01\n");
    for rehearsal in [true, false] {
        let why = hub.reloader.reload(rehearsal).await.unwrap_err().to_string();
        assert!(why.contains("camhs.csv:") && why.contains("parents.csv:") && why.contains("ZZZ is not in"), "{why}");
    }
    assert!(Arc::ptr_eq(&before, &hub.journey.directory.load_full()));
}

#[test]
fn what_two_directories_say_differently_is_listed() {
    let folder = copy();
    append(folder.path(), "bank-holidays.csv", "2027-06-07,An extra day\n");
    replace(folder.path(), "providers.csv", "RX2,Sussex Partnership", "RX2,Downs Partnership");
    let (older, newer) = (read(shipped_folder()).unwrap().directory, read(folder.path()).unwrap().directory);
    let lines: Vec<String> = older.differences(&newer, day("2026-11-22")).changes.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].starts_with("~ organisation RX2: Sussex Partnership") && lines[0].contains("-> Downs Partnership"), "{lines:#?}");
    assert_eq!(lines[1], "+ bank holiday 2027-06-07: a bank holiday");
}
