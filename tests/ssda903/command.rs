//! The command: what it prints, writes, publishes and remembers.

use super::fixture;
use crate::support::door::{Door, url};
use crate::support::site::{Plan, Site};
use serde_json::Value;

fn arguments<'a>(files: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["import-903", &files[0], &files[1], "--authority", "E10000016", "--extra", &files[2], "--year", "2026"];
    arguments.extend(more);
    arguments
}

fn files() -> Vec<String> {
    ["episodes.csv", "header.csv", "extra.csv"].iter().map(|name| fixture(name).to_str().unwrap().to_owned()).collect()
}

#[test]
fn a_dry_run_says_what_would_be_published_and_leaves_nothing() {
    let site = Site::new("amqp://127.0.0.1:1", "127.0.0.1:1".parse().unwrap(), &Plan::default());
    let files = files();
    let report = site.path("found.csv").to_str().unwrap().to_owned();
    let (code, printed, said) = site.run(&arguments(&files, &["--dry-run", "--report", &report]));
    assert_eq!(code, 0, "{said}");
    assert!(printed.contains("104233: 3 new\n104234: 2 new\n") && printed.contains("would be published: 5 new, 0 updated"), "{printed}");
    assert!(said.is_empty() && !printed.contains("Ada"), "{said}");
    assert!(!site.path("ledger.db.903").exists() && !site.path("hub.key").exists());
    let heads = site.json(&arguments(&files, &["--dry-run", "--json"]));
    assert_eq!(heads["children"][1]["documents"][0]["placement"], "104234-20250603");
    let (code, _, said) = site.run(&["import-903", &files[0], "--authority", "QKS", "--dry-run"]);
    assert!(code == 1 && said.contains("GSS code"), "{said}");
}

#[test]
fn documents_in_a_folder_are_those_that_publish_takes() {
    let site = Site::new("amqp://127.0.0.1:1", "127.0.0.1:1".parse().unwrap(), &Plan::default());
    let files = files();
    let out = site.path("out").to_str().unwrap().to_owned();
    let (code, printed, said) = site.run(&arguments(&files, &["--out", &out]));
    assert!(code == 0 && printed.contains("written: 5 new"), "{printed}{said}");
    let mut names: Vec<_> = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names[0], "104233-20250501-v1.json");
    let paths: Vec<_> = names.iter().map(|name| format!("{out}/{name}")).collect();
    let explained = site.json(&[&["explain", "--json"], &paths.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat());
    assert!(explained["receipts"].as_array().unwrap().iter().all(|receipt| receipt["verdict"] != "rejected"), "{explained:#}");
    let (code, _, said) = site.run(&arguments(&files, &["--out", &out]));
    assert!(code == 1 && said.contains("not empty"), "{said}");
    assert!(!site.path("ledger.db.903").exists(), "the state says what the broker has");
}

#[test]
fn nothing_is_remembered_that_the_broker_did_not_take() {
    let site = Site::new("amqp://127.0.0.1:1", "127.0.0.1:1".parse().unwrap(), &Plan::default());
    let (code, _, said) = site.run(&arguments(&files(), &[]));
    assert!(code == 1 && said.contains("the broker does not answer"), "{said}");
    for left in ["ledger.db.903", "ledger.db.903.new", "ledger.db.903.pending"] {
        assert!(!site.path(left).exists(), "{left}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_cut_off_is_repeated_and_the_hub_knows_it_again() {
    let mut door = Door::open(url("t30"), 20).await;
    let (site, _sink) = Site::with_sink(&door.url, &Plan::default()).await;
    let files = files();
    let arguments = arguments(&files, &["--json"]);
    // The broker has all five, and the state was not saved.
    let cut_off = site.command(&arguments).env("PLACEMENT_HUB_CRASH_AT", "after-confirm:1").output().unwrap();
    assert!(!cut_off.status.success() && cut_off.stdout.is_empty() && !site.path("ledger.db.903").exists());

    let (code, printed, said) = site.run(&arguments);
    assert!(code == 0 && said.contains("cut off before"), "{said}");
    let published: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((&published["verdict"], &published["summary"]["new"]), (&Value::from("published"), &Value::from(5)), "{published:#}");
    let hub = site.start().await;
    let documents = published["children"].as_array().unwrap().iter().flat_map(|child| child["documents"].as_array().unwrap());
    for document in documents {
        let id = document["messageId"].as_str().unwrap();
        let (first, second) = (door.receipt(id).await, door.receipt(id).await);
        let verdicts = [&first, &second].map(|receipt| receipt["verdict"].as_str().unwrap());
        assert!(["accepted", "parked"].contains(&verdicts[0]) && verdicts[1] == "duplicate", "{verdicts:?}: {first:#}");
    }
    let again = site.json(&arguments);
    assert_eq!((&again["summary"]["new"], &again["summary"]["unchanged"]), (&Value::from(0), &Value::from(5)), "{again:#}");
    assert!(!site.path("ledger.db.903.pending").exists() && !site.path("ledger.db.903.new").exists());
    hub.stop().await;
    door.assert_empty().await;
}
