//! The rail `email` against a real SMTP server.

use crate::adapters::heartbeat::beat;
use crate::support::envelope::{DATA, SUBJECT, envelope};
use crate::support::python;
use crate::support::smtp::Server;
use domain::delivery::Kind;
use domain::directory::{Endpoint, Secret};
use domain::port::{Deliver, Parcel, Report};
use domain::retry::AttemptOutcome;
use email::Email;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

async fn deliver(endpoint: &Endpoint, body: &[u8], delivery: Uuid) -> Report {
    let now = "2026-11-22T12:00:00Z".parse().unwrap();
    let report = Email.deliver(Parcel { endpoint, delivery, kind: Kind::ArrivalNotice, body, traceparent: None, first: true, now }).await;
    assert!(report.detail.chars().count() <= 200, "{report:?}");
    report
}

fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.values().for_each(|value| leaves(value, found)),
        Value::Array(list) => list.iter().for_each(|value| leaves(value, found)),
        Value::String(text) => found.push(text.clone()),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_waits_and_nothing_of_the_child() {
    let server = Server::start();
    let endpoint = server.endpoint("duty@council.example");
    assert_eq!(Email.check(&endpoint), Vec::<String>::new());
    let id = Uuid::from_u128(7);
    let body = envelope(id);
    let first = deliver(&endpoint, &body, id).await;
    let message_id = format!("<{id}@council.example>");
    assert_eq!(first.outcome, AttemptOutcome::Accepted { reference: message_id.clone() }, "{first:?}");
    assert_eq!(deliver(&endpoint, &body, id).await, first, "the same delivery again is the same");

    let mails = server.mails(2).await;
    let [mail, again] = &mails[..] else { panic!("two e-mails: {mails:?}") };
    assert_eq!(mail, again);
    assert_eq!((mail["from"].as_str(), mail["to"][0].as_str()), (Some("hub@council.example"), Some("duty@council.example")));
    let text = mail["text"].as_str().unwrap();
    let due: jiff::civil::Date = DATA["dueBy"].as_str().unwrap().parse().unwrap();
    let reference = SUBJECT.to_string();
    let due = due.strftime("%-d %B %Y").to_string();
    for wanted in [
        &message_id,
        "Subject: Placement notice waiting",
        "Auto-Submitted: auto-generated",
        "text/plain",
        &reference,
        &due,
        "https://notices.example/inbox",
    ] {
        assert!(text.contains(wanted), "no {wanted} in {text}");
    }
    let mut values = Vec::new();
    leaves(&DATA, &mut values);
    let told = text.to_lowercase();
    let names = ["Ada", "Example Street", "Carer"].map(str::to_owned);
    for value in values.iter().filter(|value| value.len() > 6).chain(&names) {
        assert!(!told.contains(&value.to_lowercase()), "{value} is in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_has_its_outcome() {
    let server = Server::start();
    let body = envelope(Uuid::from_u128(7));
    for (to, status, expected) in [
        ("rcpt-550", 550, "refused"),
        ("rcpt-551", 551, "refused"),
        ("rcpt-553", 553, "refused"),
        ("rcpt-550_x", 550, "later 900"),
        ("rcpt-552", 552, "later 900"),
        ("rcpt-451", 451, "later 0"),
        ("rcpt-421", 421, "later 0"),
        ("data-451", 451, "later 0"),
        ("data-550", 550, "later 900"),
        ("data-554", 554, "later 900"),
    ] {
        let report = deliver(&server.endpoint(&format!("{to}@council.example")), &body, Uuid::from_u128(7)).await;
        let outcome = match &report.outcome {
            AttemptOutcome::Refused { .. } => "refused".to_owned(),
            AttemptOutcome::TryLater { after, .. } => format!("later {}", after.map_or(0, |after| after.as_secs())),
            other => format!("{other:?}"),
        };
        assert_eq!((outcome.as_str(), report.status), (expected, Some(status)), "{to}: {report:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tls_nothing_is_sent_and_a_dead_relay_is_tried_later() {
    let server = Server::start();
    let body = envelope(Uuid::from_u128(7));
    let strict = Endpoint { allow_private: false, ..server.endpoint("duty@council.example") };
    let report = deliver(&strict, &body, Uuid::from_u128(7)).await;
    assert!(matches!(&report.outcome, AttemptOutcome::TryLater { after: Some(_), why } if why.contains("offers no TLS")), "{report:?}");
    let dead = server.endpoint("duty@council.example");
    drop(server);
    let report = deliver(&dead, &body, Uuid::from_u128(7)).await;
    assert!(matches!(&report.outcome, AttemptOutcome::TryLater { after: None, .. }), "{report:?}");
}

/// Whoever stands between could answer in the relay's place.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_a_stranger_vouches_for_gets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    python::run(include_str!("../mesh/certificates.py"), &[folder.path().to_str().unwrap()], b"");
    let server = Server::with_tls(&file("server.pem"), &file("server.key"));
    for allow_private in [false, true] {
        let endpoint = Endpoint { allow_private, ..server.endpoint("duty@council.example") };
        let report = deliver(&endpoint, &envelope(Uuid::from_u128(7)), Uuid::from_u128(7)).await;
        let AttemptOutcome::TryLater { why, .. } = &report.outcome else { panic!("{report:?}") };
        assert!(why.contains("certificate is not trusted"), "{why}");
    }
    assert!(server.mails(0).await.is_empty());
}

#[test]
fn every_mistake_of_an_endpoint_is_told() {
    let server_less = Endpoint {
        organisation: "E06000043".parse().unwrap(),
        place: None,
        adapter: "email".to_owned(),
        url: "duty@council.example".to_owned(),
        secrets: vec![Secret("whsec_x".to_owned())],
        allow_private: false,
        timeout_seconds: 10,
        concurrency: 4,
        settings: [("smtp", "relay"), ("username", "hub"), ("subject", "hi")].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        secret_settings: BTreeMap::new(),
        agreed: domain::directory::Agreed::default(),
        from: None,
        to: None,
    };
    // url, secret, smtp, from, link, login, unknown setting.
    assert_eq!(Email.check(&server_less).len(), 7, "{:?}", Email.check(&server_less));
}

/// Only as far as the relay's login: the next e-mail that the relay takes is another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_heartbeat_writes_to_nobody() {
    let server = Server::start();
    let endpoint = server.endpoint("duty@council.example");
    let beaten = beat(Email, &endpoint).await;
    assert!(beaten.is_well(), "{beaten:?}");
    let id = Uuid::now_v7();
    deliver(&endpoint, &envelope(id), id).await;
    assert!(server.mails(1).await[0]["text"].as_str().unwrap().contains(&SUBJECT.to_string()));
    let mut gone = endpoint;
    gone.settings.insert("smtp".to_owned(), "smtp://127.0.0.1:1".to_owned());
    assert!(!beat(Email, &gone).await.is_well());
}
