//! The rail `email` against a real SMTP server, which answers as it is told and prints what it takes.

use crate::support::python::Running;
use crate::support::story::{Told, WORLD, placement};
use domain::delivery::Kind;
use domain::directory::{Endpoint, Secret};
use domain::port::{Deliver, Parcel, Report};
use domain::retry::AttemptOutcome;
use email::Email;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, BufReader};
use std::process::ChildStdout;
use uuid::Uuid;

/// Answers with the status that is the recipient's name where there is one: `rcpt-451@..`, `data-550@..`.
const SERVER: &str = r"
import json, sys, time
from aiosmtpd.controller import Controller
class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        step, _, status = address.split('@')[0].partition('-')
        if step == 'rcpt':
            return status.replace('_', ' ').replace('x', '5.7.1') + ' said to the recipient'
        envelope.rcpt_tos.append(address)
        return '250 fine'
    async def handle_DATA(self, server, session, envelope):
        step, _, status = envelope.rcpt_tos[0].split('@')[0].partition('-')
        if step == 'data':
            return status + ' said to the content'
        print(json.dumps({'from': envelope.mail_from, 'to': envelope.rcpt_tos, 'text': envelope.content.decode()}), flush=True)
        return '250 taken'
import socket
free = socket.socket()
free.bind(('127.0.0.1', 0))
port = free.getsockname()[1]
free.close()
controller = Controller(Handler(), hostname='127.0.0.1', port=port)
controller.start()
print(port, flush=True)
sys.stdin.read()
";

pub struct Server {
    pub port: u16,
    lines: BufReader<ChildStdout>,
    _running: Running,
}

impl Server {
    pub fn start() -> Self {
        let mut running = Running::start(SERVER, &[]);
        let mut lines = BufReader::new(running.stdout.take().unwrap());
        let mut port = String::new();
        lines.read_line(&mut port).unwrap();
        Self { port: port.trim().parse().unwrap(), lines, _running: running }
    }

    /// The next e-mail that it took.
    pub fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn endpoint(&self, to: &str) -> Endpoint {
        let smtp = format!("smtp://127.0.0.1:{}", self.port);
        let settings =
            [("smtp", smtp.as_str()), ("from", "Placement hub <hub@council.example>"), ("link", "https://notices.example/inbox")];
        Endpoint {
            organisation: "E06000043".parse().unwrap(),
            place: None,
            adapter: "email".to_owned(),
            url: format!("mailto:{to}"),
            secrets: Vec::new(),
            allow_private: true,
            timeout_seconds: 10,
            concurrency: 4,
            settings: settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            secret_settings: BTreeMap::new(),
            from: None,
            to: None,
        }
    }
}

/// What the hub would send to the area authority of a real placement, and every value of it.
fn envelope() -> (Vec<u8>, Uuid) {
    let told: Told = placement("PLACEMENTID7", "2026-10-05").with("/child/localId", "LOCALID42");
    let document = told.json();
    let message = WORLD.contracts.read(document.content_type.as_deref(), &document.body).unwrap();
    let mut casefile = domain::casefile::Casefile::new(crate::support::story::KENT.parse().unwrap(), "LOCALID42");
    let at = message.header().sent_at;
    let seen: HashSet<Uuid> = HashSet::new();
    let decided = casefile.decide(Some(&message), &WORLD.directory, &WORLD.policy, at, |id| seen.contains(&id), &mut Uuid::now_v7);
    let issue = decided.issue.into_iter().find(|issue| issue.kind == Kind::ArrivalNotice).unwrap();
    let subject = Uuid::now_v7();
    let data: Value = serde_json::from_str(&issue.data).unwrap();
    let envelope =
        serde_json::json!({ "specversion": "1.0", "id": Uuid::now_v7(), "type": "arrival-notice.v1", "subject": subject, "data": data });
    (envelope.to_string().into_bytes(), subject)
}

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
    let mut server = Server::start();
    let endpoint = server.endpoint("duty@council.example");
    assert_eq!(Email.check(&endpoint), Vec::<String>::new());
    let (body, reference) = envelope();
    let id = Uuid::from_u128(7);
    let first = deliver(&endpoint, &body, id).await;
    let message_id = format!("<{id}@council.example>");
    assert_eq!(first.outcome, AttemptOutcome::Accepted { reference: message_id.clone() }, "{first:?}");
    assert_eq!(deliver(&endpoint, &body, id).await, first, "the same delivery again is the same");

    let (mail, again) = (server.next(), server.next());
    assert_eq!(mail, again);
    assert_eq!((mail["from"].as_str(), mail["to"][0].as_str()), (Some("hub@council.example"), Some("duty@council.example")));
    let text = mail["text"].as_str().unwrap();
    let data = &serde_json::from_slice::<Value>(&body).unwrap()["data"];
    let due: jiff::civil::Date = data["dueBy"].as_str().unwrap().parse().unwrap();
    let reference = reference.to_string();
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
    leaves(data, &mut values);
    let told = text.to_lowercase();
    let names = ["Ada", "Example Street", "Carer"].map(str::to_owned);
    // The child's family name is that of the example's mail domain too.
    for value in values.iter().filter(|value| value.len() > 6 && value.as_str() != "Example").chain(&names) {
        assert!(!told.contains(&value.to_lowercase()), "{value} is in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_has_its_outcome() {
    let server = Server::start();
    let (body, _) = envelope();
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
    let (body, _) = envelope();
    let strict = Endpoint { allow_private: false, ..server.endpoint("duty@council.example") };
    let report = deliver(&strict, &body, Uuid::from_u128(7)).await;
    assert!(matches!(&report.outcome, AttemptOutcome::TryLater { after: Some(_), why } if why.contains("offers no TLS")), "{report:?}");
    let dead = server.endpoint("duty@council.example");
    drop(server);
    let report = deliver(&dead, &body, Uuid::from_u128(7)).await;
    assert!(matches!(&report.outcome, AttemptOutcome::TryLater { after: None, .. }), "{report:?}");
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
        from: None,
        to: None,
    };
    // url, secret, smtp, from, link, login, unknown setting.
    assert_eq!(Email.check(&server_less).len(), 7, "{:?}", Email.check(&server_less));
}
