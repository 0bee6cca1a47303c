//! `demo --once --json` as the built program, on the virtual host `demo` of the broker that TEST_AMQP_URL names.

use crate::support::story::WORLD;
use domain::message::Message;
use placement_hub::demo::SEED;
use placement_hub::demo::story::Story;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The program with its folder; it does not outlive the test.
struct Demo {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn broker() -> String {
    let base = std::env::var("TEST_AMQP_URL").expect("TEST_AMQP_URL names no broker: run `make test`, which starts one");
    let (scheme, rest) = base.split_once("://").expect("TEST_AMQP_URL is a URL");
    format!("{scheme}://{}/demo", rest.split(['/', '?']).next().unwrap())
}

fn start(url: &str) -> Demo {
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_placement-hub"))
        .args(["demo", "--once", "--json", "--port", "0", "--dir"])
        .arg(folder.path().join("demo"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .env("AMQP_URL", url)
        .env_remove("PLACEMENT_HUB_CONFIG")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Demo { child, _folder: folder }
}

/// A page, or nothing once the hub has stopped.
fn get(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    text.starts_with("HTTP/1.1 200").then_some(text)
}

/// Everything about children that councils write in the demo of today. Dates of birth hang on the day.
fn secrets() -> BTreeSet<String> {
    let today = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::get("Europe/London").unwrap()).date();
    let mut secrets = BTreeSet::new();
    for told in Story::new(SEED, today, "t").history(jiff::Timestamp::now()).0 {
        let Ok(Message::PlacementChange(change)) = WORLD.contracts.read(Some(told.content_type), &told.body) else { continue };
        let child = change.child;
        secrets.extend([child.given_name, child.family_name, child.birth_date.to_string(), child.local_id]);
        secrets.extend(child.nhs_number);
        secrets.extend(change.placement.postcode);
        secrets.extend(change.care_period.origin.and_then(|origin| origin.home_postcode));
        secrets.extend(change.contacts.social_worker.map(|worker| worker.name));
    }
    assert!(secrets.len() > 200, "{} is too few", secrets.len());
    secrets
}

#[test]
fn once_plays_to_the_end_adds_up_and_tells_nobody_about_a_child() {
    let secrets = secrets();
    let mut demo = start(&broker());
    let mut talk = BufReader::new(demo.child.stderr.take().unwrap());
    let mut stdout = demo.child.stdout.take().unwrap();
    let mut shown = String::new();
    talk.read_line(&mut shown).unwrap();
    let address =
        shown.split("http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_else(|| panic!("no status page: {shown}"));
    let address = address.to_owned();

    // Every line that it says is a good moment to look at its pages.
    let (mut pages, mut looked, mut line) = (String::new(), 0, String::new());
    while talk.read_line(&mut line).unwrap() > 0 {
        shown.push_str(&line);
        line.clear();
        if let (Some(page), Some(metrics)) = (get(&address, "/"), get(&address, "/metrics")) {
            pages = pages + &page + &metrics;
            looked += 1;
        }
    }
    stdout.read_to_string(&mut shown).unwrap();
    let summary = &shown[shown.find("\n{").unwrap_or_else(|| panic!("no JSON: {shown}"))..];
    let summary: Value = serde_json::from_str(summary).unwrap_or_else(|error| panic!("{error}: {summary}"));
    assert!(demo.child.wait().unwrap().success(), "{shown}");

    assert!(looked >= 2 && pages.contains("placement_hub_messages_total"), "the pages were seen {looked} times");
    for secret in &secrets {
        for (what, text) in [("what it said", &shown), ("its pages", &pages)] {
            assert!(!text.contains(secret.as_str()), "{secret} is in {what}");
        }
    }
    consistent(&summary);
}

fn consistent(summary: &Value) {
    let number = |pointer: &str| summary.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{pointer} in {summary}"));
    let sum = |pointer: &str| summary.pointer(pointer).unwrap().as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum::<u64>();
    assert_eq!((summary["balanced"].as_bool(), summary["mistakes"].as_array().map(Vec::len)), (Some(true), Some(0)), "{summary}");
    assert_eq!(sum("/messages/byVerdict"), number("/messages/published"));
    assert_eq!(sum("/messages/byType"), number("/messages/recorded"));
    let delivered = number("/deliveries/by/delivered") + number("/deliveries/by/acknowledged");
    assert_eq!(number("/organisations/received"), delivered);
    assert_eq!(number("/obligations/total"), number("/deliveries/total"));
    assert_eq!(number("/attempts"), delivered + number("/retries"));
    assert_eq!((number("/dead"), number("/waiting"), number("/organisations/wrongSignatures")), (0, 0, 0));
    // Somebody was out of reach, was asked again, and once had taken what it could not say.
    assert!(number("/organisations/turnedAway") > 0 && number("/organisations/cutOff") > 0 && number("/organisations/duplicates") > 0);
    assert_eq!(number("/retries"), number("/organisations/turnedAway") + number("/organisations/cutOff"));
    for kind in ["arrival-notice", "end-notice", "referral", "reclaim-request", "notice-correction", "worker-task"] {
        assert!(number(&format!("/obligations/by/{kind}")) > 0, "{kind}");
    }
    for verdict in ["accepted", "duplicate", "parked", "rejected"] {
        assert!(number(&format!("/messages/byVerdict/{verdict}")) > 0, "{verdict}");
    }
    assert!(number("/reviews/by/unknown-postcode") > 0);
}

#[test]
fn without_a_broker_it_says_so_and_what_to_do() {
    // A port that was free a moment ago: nobody answers there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut demo = start(&format!("amqp://guest:guest@127.0.0.1:{port}/demo"));
    let mut shown = String::new();
    demo.child.stderr.take().unwrap().read_to_string(&mut shown).unwrap();
    assert_eq!(demo.child.wait().unwrap().code(), Some(1));
    assert!(shown.contains("make demo") && shown.contains("AMQP_URL"), "{shown}");
}
