//! The MESH adapter against the NHS's own sandbox and client. The hub is X26ABC1, the recipient X26ABC2.

pub mod answers;
mod certificates;
mod delivery;
mod doubt;
mod port;
mod reports;
mod settings;
mod theirs;

use crate::support::mesh::{SHARED_KEY, Sandbox};
use ::mesh::{Mailbox, Mesh, Message, Received};
use domain::Code;
use domain::delivery::Kind;
use domain::directory::{Endpoint, Secret};
use domain::port::{Deliver, Parcel, Report};
use domain::retry::AttemptOutcome;
use jiff::Timestamp;
use std::collections::BTreeMap;
use uuid::Uuid;

const BODY: &[u8] = br#"{"specversion":"1.0","id":"1","data":{"child":{"givenName":"Ada","nhsNumber":"9990000018"}}}"#;

/// X26ABC2 as an endpoint of the hub's.
pub fn endpoint(url: &str) -> Endpoint {
    between(url, "X26ABC1", "X26ABC2", "TEST_WORKFLOW")
}

/// The other way round.
fn theirs(url: &str) -> Endpoint {
    between(url, "X26ABC2", "X26ABC1", "TEST_WORKFLOW_ACK")
}

fn between(url: &str, own: &str, mailbox: &str, workflow: &str) -> Endpoint {
    let plain = [("own_mailbox", own), ("mailbox", mailbox), ("workflow", workflow)];
    let secret = [("password", "password"), ("shared_key", SHARED_KEY)];
    Endpoint {
        organisation: Code::new("QKS").unwrap(),
        place: None,
        adapter: "mesh".to_owned(),
        url: url.to_owned(),
        secrets: Vec::new(),
        allow_private: true,
        timeout_seconds: 30,
        concurrency: 4,
        settings: plain.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        secret_settings: secret.map(|(name, value)| (name.to_owned(), Secret(value.to_owned()))).into_iter().collect::<BTreeMap<_, _>>(),
        agreed: domain::directory::Agreed::default(),
        from: None,
        to: None,
    }
}

/// A delivery's first attempt, or a later one.
async fn attempt(mesh: &Mesh, endpoint: &Endpoint, delivery: Uuid, first: bool) -> Report {
    let parcel = Parcel { endpoint, delivery, kind: Kind::ArrivalNotice, body: BODY, traceparent: None, first, now: Timestamp::now() };
    mesh.deliver(parcel).await
}

fn delivery() -> Uuid {
    Uuid::now_v7()
}

/// MESH's id of a message that it accepted.
fn reference(report: Report) -> String {
    match report.outcome {
        AttemptOutcome::Accepted { reference } => reference,
        other => panic!("not accepted: {other:?}"),
    }
}

/// Why it is tried later, and after how many seconds.
fn later(report: &Report) -> (Option<i64>, &str) {
    match &report.outcome {
        AttemptOutcome::TryLater { after, why } => (after.map(|after| after.as_secs()), why),
        other => panic!("not tried later: {other:?}"),
    }
}

fn mailbox(mesh: &Mesh, endpoint: &Endpoint) -> Mailbox {
    mesh.mailbox(endpoint, Timestamp::now()).unwrap()
}

/// Everything in X26ABC2's mailbox.
pub async fn collected(sandbox: &Sandbox) -> Vec<Message> {
    collected_by(&theirs(sandbox.url())).await
}

async fn collected_by(endpoint: &Endpoint) -> Vec<Message> {
    let mesh = Mesh::new();
    let mailbox = mailbox(&mesh, endpoint);
    let mut messages = Vec::new();
    for id in mailbox.inbox(100).await.unwrap() {
        match mailbox.read(&id).await.unwrap() {
            Received::Message(message) => messages.push(message),
            other => panic!("{other:?}"),
        }
    }
    messages
}
