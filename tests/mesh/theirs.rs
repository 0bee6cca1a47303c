//! The NHS's own client at the other end: neither side knows how the other is made.

use super::{BODY, attempt, delivery, endpoint, mailbox, reference};
use crate::support::mesh::{CLIENT, Sandbox};
use crate::support::python::run;
use ::mesh::{Mesh, Received};
use serde_json::{Value, json};

#[tokio::test]
async fn the_nhss_client_reads_what_the_hub_sends() {
    let sandbox = Sandbox::start();
    let (to, id) = (endpoint(sandbox.url()), delivery());
    for mesh in [Mesh::new(), Mesh::with_chunks_of(16)] {
        reference(attempt(&mesh, &to, id, true).await);
    }
    let lines = run(CLIENT, &[sandbox.url(), "receive"], b"");
    let received: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = json!({
        "body": String::from_utf8_lossy(BODY), "sender": "X26ABC1", "workflow_id": "TEST_WORKFLOW", "local_id": id.to_string(), "subject": "arrival-notice",
        "content_type": "application/cloudevents+json",
    });
    assert_eq!(received, [expected.clone(), expected]);
}

#[tokio::test]
async fn the_hub_reads_what_the_nhss_client_sends() {
    let sandbox = Sandbox::start();
    let body = br#"{"messageType":"referral-update","status":"accepted"}"#;
    let sent = run(CLIENT, &[sandbox.url(), "send"], body);
    let mesh = Mesh::new();
    let ours = mailbox(&mesh, &endpoint(sandbox.url()));
    assert_eq!(ours.inbox(10).await.unwrap(), [sent.trim()]);
    let Received::Message(message) = ours.read(sent.trim()).await.unwrap() else { panic!("a message") };
    assert_eq!(message.body, body);
    assert_eq!((message.from.as_str(), message.workflow.as_str()), ("X26ABC2", "TEST_WORKFLOW_ACK"));
    assert_eq!((message.local_id.as_deref(), message.content_type.as_deref()), (Some("theirs-1"), Some("application/json")));
}
