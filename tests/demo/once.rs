//! `demo --once --json` as the built program, on the virtual host `demo` of a broker of its own, so that all it leaves there is its own.

use crate::support::broker::Broker;
use crate::support::story::WORLD;
use domain::message::Message;
use placement_hub::demo::SEED;
use placement_hub::demo::story::Story;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The program with its folder; it does not outlive the test.
struct Demo {
    child: Child,
    folder: tempfile::TempDir,
}

/// What the hub and the broker keep and say, by what it is.
type Seen = BTreeMap<String, Vec<u8>>;

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
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
    Demo { child, folder }
}

/// A page, or nothing once the hub has stopped.
fn get(address: &str, path: &str, cookie: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: hub\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    (text.starts_with("HTTP/1.1 200") || text.starts_with("HTTP/1.1 303")).then_some(text)
}

impl Demo {
    /// The ledger as it is on disk, the log of what is not in it yet included. Several looks at one file follow each other.
    fn look_at_files(&self, seen: &mut Seen) {
        for name in ["hub.db", "hub.db-wal", "hub.db-shm"] {
            // The log goes when the ledger is closed.
            if let Ok(bytes) = std::fs::read(self.folder.path().join("demo").join(name)) {
                seen.entry(name.to_owned()).or_default().extend(bytes);
            }
        }
    }
}

/// What outlives the messages in a broker: its queues, exchanges and bindings by name, and its log.
fn look_at_broker(broker: &Broker, folder: &Path, seen: &mut Seen) {
    let definitions = folder.join("definitions.json");
    broker.ctl(&["export_definitions", definitions.to_str().unwrap()]);
    seen.insert("the broker's definitions".to_owned(), std::fs::read(definitions).unwrap());
    for entry in std::fs::read_dir(broker.folder().join("log")).unwrap() {
        let path = entry.unwrap().path();
        seen.insert(path.display().to_string(), std::fs::read(&path).unwrap());
    }
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
    let broker = Broker::start("demo-once");
    let mut demo = start(&broker.on("demo"));
    let mut seen = Seen::new();
    let mut talk = BufReader::new(demo.child.stderr.take().unwrap());
    let mut stdout = demo.child.stdout.take().unwrap();
    let mut shown = String::new();
    talk.read_line(&mut shown).unwrap();
    let address =
        shown.split("http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_else(|| panic!("no status page: {shown}"));
    let address = address.to_owned();
    // The link that it prints signs in whoever reads the terminal.
    let link = shown.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next()).map(|rest| rest[address.len()..].to_owned());
    let signed_in = get(&address, &link.unwrap(), "").unwrap();
    let cookie = signed_in.lines().find_map(|line| line.strip_prefix("set-cookie: ")).and_then(|line| line.split(';').next());
    let cookie = cookie.unwrap_or_else(|| panic!("no session: {signed_in}")).to_owned();

    // Every line that it says is a good moment to look at its pages.
    let (mut pages, mut looked, mut line) = (String::new(), 0, String::new());
    while talk.read_line(&mut line).unwrap() > 0 {
        shown.push_str(&line);
        line.clear();
        if let (Some(page), Some(metrics)) = (get(&address, "/", &cookie), get(&address, "/metrics", "")) {
            pages = pages + &page + &metrics;
            looked += 1;
        }
        demo.look_at_files(&mut seen);
    }
    stdout.read_to_string(&mut shown).unwrap();
    let summary = &shown[shown.find("\n{").unwrap_or_else(|| panic!("no JSON: {shown}"))..];
    let summary: Value = serde_json::from_str(summary).unwrap_or_else(|error| panic!("{error}: {summary}"));
    assert!(demo.child.wait().unwrap().success(), "{shown}");

    assert!(looked >= 2 && pages.contains("placement_hub_messages_total"), "the pages were seen {looked} times");
    demo.look_at_files(&mut seen);
    look_at_broker(&broker, demo.folder.path(), &mut seen);
    assert!(
        seen["hub.db-wal"].len() > 100_000 && contains(&seen["the broker's definitions"], "placement-hub.deliveries.QKS"),
        "what was looked at is there"
    );
    seen.insert("what it said".to_owned(), shown.into_bytes());
    seen.insert("its pages".to_owned(), pages.into_bytes());
    for (what, bytes) in &seen {
        for secret in &secrets {
            assert!(!contains(bytes, secret), "{secret} is in {what}");
        }
    }
    consistent(&summary);
}

/// Whether a text stands somewhere among bytes, as UTF-8 or as the two-byte characters of a page that was written wide.
fn contains(bytes: &[u8], text: &str) -> bool {
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    memchr::memmem::find(bytes, text.as_bytes()).or_else(|| memchr::memmem::find(bytes, &wide)).is_some()
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
