//! A message that nobody collected: MESH says so, and the delivery goes out again.

use super::{attempt, delivery, endpoint, mailbox, reference};
use crate::support::mesh::Sandbox;
use ::mesh::{Mesh, Received, Tracked};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The sandbox's own commands, which the real service does not have: five days do not pass in a test.
pub async fn command(sandbox: &Sandbox, path: &str, body: serde_json::Value) {
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    let body = body.to_string();
    let head = format!("POST /messageexchange/admin{path} HTTP/1.1\r\nHost: mesh\r\nConnection: close\r\nContent-Type: application/json");
    stream.write_all(format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn an_uncollected_message_is_reported_and_sent_again_under_a_name_of_its_own() {
    let sandbox = Sandbox::start();
    let (mesh, to, id) = (Mesh::new(), endpoint(sandbox.url()), delivery());
    let lost = reference(attempt(&mesh, &to, id, true).await);
    command(&sandbox, &format!("/message/{lost}/event"), json!({"status": "undeliverable"})).await;
    let report = json!({"mailbox_id": "X26ABC1", "code": "14", "description": "not collected", "workflow_id": "TEST_WORKFLOW",
        "local_id": id.to_string(), "linked_message_id": lost});
    command(&sandbox, "/report", report).await;

    let ours = mailbox(&mesh, &to);
    assert!(matches!(ours.track(&lost).await.unwrap(), Tracked::Error(_)));
    let waiting = ours.inbox(10).await.unwrap();
    let Received::Report(report) = ours.read(&waiting[0]).await.unwrap() else { panic!("a report") };
    assert_eq!((report.linked.as_ref(), report.status_code.as_deref(), report.delivery()), (Some(&lost), Some("14"), Some(id)));
    ours.acknowledge(&waiting[0]).await.unwrap();
    assert!(ours.inbox(10).await.unwrap().is_empty());

    let second = reference(attempt(&mesh, &to, id, false).await);
    assert_ne!(second, lost);
    assert_eq!(reference(attempt(&mesh, &to, id, false).await), second, "the second is found by its own name");
    let theirs = mailbox(&mesh, &super::theirs(sandbox.url()));
    assert_eq!(theirs.inbox(10).await.unwrap(), [second.as_str()]);
    let Received::Message(message) = theirs.read(&second).await.unwrap() else { panic!("a message") };
    assert_eq!(message.local_id, Some(format!("{id}-2")));
    assert_eq!(theirs.read(&lost).await.unwrap(), Received::Gone);
}
