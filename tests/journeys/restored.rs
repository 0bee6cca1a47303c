//! A backup that was taken under a running hub is put back: by an operator, with the commands of docs/OPERATIONS.md, after a lost disk
//! and after an upgrade that is taken back.

use crate::support::database::Schema;
use crate::support::door::{Door, url};
use crate::support::letter::{Format, first_placement};
use crate::support::sink::Sink;
use crate::support::site::{Plan, Site};
use domain::port::LedgerView;
use jiff::Timestamp;
use postgres_ledger::PostgresLedger;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_running_hub_is_put_back_after_its_disk_is_lost() {
    let url = url("restored-1");
    let mut door = Door::open(url.clone(), 20).await;
    let (site, sink) = Site::with_sink(&url, &Plan::default()).await;
    let hub = site.start().await;
    let first = first_placement(Format::Json, "104233");
    door.accepted(&first).await;
    sink.until_taken(4).await;
    let backup = site.path("backup.db");
    let (code, printed, said) = site.run(&["ledger", "backup", backup.to_str().unwrap()]);
    assert!(code == 0 && printed.contains("1 messages, 4 deliveries") && said.contains("hub.key"), "{printed}{said}");
    let later = first_placement(Format::Json, "104234");
    door.accepted(&later).await;
    sink.until_taken(8).await;
    hub.kill();

    restore(&site, &backup);
    let hub = site.start().await;
    // What came before the backup is known; what came after it is sent again by its council, and is told again.
    let again = door.send(&first).await;
    assert_eq!(again["verdict"], "duplicate", "{again}");
    door.accepted(&later).await;
    sink.until_taken(12).await;
    hub.stop().await;
    door.assert_empty().await;
    site.balances().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_is_taken_back_by_the_backup_from_before_it() {
    let url = url("restored-2");
    let mut door = Door::open(url.clone(), 20).await;
    let (site, sink) = Site::with_sink(&url, &Plan::default()).await;
    let hub = site.start().await;
    let first = first_placement(Format::Json, "104233");
    door.accepted(&first).await;
    sink.until_taken(4).await;
    hub.stop().await;
    let backup = site.path("before.db");
    assert_eq!(site.run(&["ledger", "backup", backup.to_str().unwrap()]).0, 0);

    // A newer hub has been at it.
    rusqlite::Connection::open(site.path("ledger.db")).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let (code, _, said) = site.run(&["run"]);
    assert!(code == 3 && said.contains("restore the backup from before the upgrade"), "{code}: {said}");
    let (code, _, said) = site.run(&["ledger", "backup", site.path("no.db").to_str().unwrap()]);
    assert!(code == 1 && said.contains("newer hub"), "{code}: {said}");

    restore(&site, &backup);
    let hub = site.start().await;
    let again = door.send(&first).await;
    assert_eq!(again["verdict"], "duplicate", "{again}");
    hub.stop().await;
    door.assert_empty().await;
    site.balances().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_of_a_shared_ledger_is_put_back() {
    let (schema, url) = (Schema::new(), url("restored-3"));
    let mut door = Door::open(url.clone(), 20).await;
    let sink = Sink::start().await;
    let database = schema.url();
    let site = Site::new(&url, sink.address, &Plan { database: Some(&database), ..Plan::default() });
    let hub = site.start().await;
    let first = first_placement(Format::Json, "104233");
    door.accepted(&first).await;
    sink.until_taken(4).await;
    let dump = site.path("ledger.dump");
    postgres("pg_dump", &["--format=custom", &format!("--schema={}", schema.name()), "--file", dump.to_str().unwrap(), &database]);
    let (code, _, said) = site.run(&["ledger", "backup", site.path("copy.db").to_str().unwrap()]);
    assert!(code == 1 && said.contains("pg_dump"), "{code}: {said}");
    hub.stop().await;

    // All of it is lost.
    schema.run(&format!("DROP SCHEMA {} CASCADE", schema.name()));
    postgres("pg_restore", &["--exit-on-error", "--dbname", &database, dump.to_str().unwrap()]);
    let hub = site.start().await;
    let again = door.send(&first).await;
    assert_eq!(again["verdict"], "duplicate", "{again}");
    hub.stop().await;
    door.assert_empty().await;
    let balance = PostgresLedger::look(&database).unwrap().balance(Timestamp::now()).await.unwrap();
    assert_eq!(balance.mistakes, Vec::<String>::new());
}

/// The ledger is replaced whole: what belongs to the old one goes with it.
fn restore(site: &Site, backup: &Path) {
    for beside in ["ledger.db-wal", "ledger.db-shm"] {
        let _ = fs::remove_file(site.path(beside));
    }
    fs::copy(backup, site.path("ledger.db")).unwrap();
}

/// One of PostgreSQL's own programs, of the version that serves the tests.
fn postgres(program: &str, arguments: &[&str]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/postgres");
    let folder = Command::new(script).arg("programs").output().unwrap();
    let folder = PathBuf::from(String::from_utf8(folder.stdout).unwrap().trim());
    let done = Command::new(folder.join(program)).args(arguments).output().unwrap();
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
}
