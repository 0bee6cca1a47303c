//! The rail as the hub's post loop sees it, with the NHS's own client at the other end: documents that come in, and what becomes of
//! what went out.

use super::reports::command;
use super::{attempt, delivery, endpoint, reference};
use crate::support::letter::{Format, Letter as Document};
use crate::support::mesh::{CLIENT, Sandbox};
use crate::support::python::run;
use crate::support::story::WORLD;
use ::mesh::Mesh;
use domain::directory::Endpoint;
use domain::port::{Confirmed, Letter, Mailbox, Post};
use jiff::Timestamp;
use serde_json::json;

/// The hub's only mailbox.
fn ours(mesh: &Mesh, endpoint: &Endpoint) -> Box<dyn Mailbox> {
    let mut mailboxes = Post::mailboxes(mesh, std::slice::from_ref(endpoint), Timestamp::now());
    assert_eq!(mailboxes.len(), 1);
    mailboxes.remove(0)
}

#[tokio::test]
async fn every_document_that_recipients_send_comes_in_whole_and_leaves_when_it_is_taken() {
    let sandbox = Sandbox::start();
    let mut sent = Vec::new();
    for (message_type, example) in
        [("referral-update", "assessed"), ("reclaim-update", "disputed"), ("acknowledgement", "read-by-an-authority")]
    {
        for (format, content_type) in [(Format::Json, "application/json"), (Format::Xml, "application/xml")] {
            let document = Document::example(format, message_type, example);
            // Pieces of 64 bytes, each compressed by itself.
            let id = run(CLIENT, &[sandbox.url(), "send", content_type, "64"], document.text().as_bytes());
            sent.push((id.trim().to_owned(), content_type, document.text().to_owned()));
        }
    }
    let (mesh, theirs) = (Mesh::new(), endpoint(sandbox.url()));
    let mailbox = ours(&mesh, &theirs);
    assert_eq!(mailbox.list(100).await.unwrap(), sent.iter().map(|(id, ..)| id.clone()).collect::<Vec<_>>());
    for (id, expected_type, text) in &sent {
        let Letter::Document { from, content_type, body } = mailbox.read(id).await.unwrap() else { panic!("a document") };
        assert_eq!((content_type.as_deref(), std::str::from_utf8(&body)), (Some(*expected_type), Ok(text.as_str())));
        assert!(mesh.is_from(&theirs, &from) && !mesh.is_from(&theirs, "X26ABC3"), "{from}");
        WORLD.contracts.read(content_type.as_deref(), &body).unwrap();
        mailbox.acknowledge(id).await.unwrap();
    }
    assert!(mailbox.list(100).await.unwrap().is_empty());
    assert_eq!(run(CLIENT, &[sandbox.url(), "track", &sent[0].0], b"").trim().to_lowercase(), "acknowledged", "and its sender sees so");
}

#[tokio::test]
async fn what_is_too_large_is_told_and_stands_in_nobodys_way() {
    let sandbox = Sandbox::start();
    // Two MiB that travel as two kilobytes.
    let large = run(CLIENT, &[sandbox.url(), "send", "application/json", "10000000"], &vec![b' '; 2 << 20]);
    let small = run(CLIENT, &[sandbox.url(), "send"], b"{}");
    let mesh = Mesh::new();
    let mailbox = ours(&mesh, &endpoint(sandbox.url()));
    let Letter::Unreadable(why) = mailbox.read(large.trim()).await.unwrap() else { panic!("it is too large") };
    assert!(why.contains("1048576 bytes"), "{why}");
    mailbox.acknowledge(large.trim()).await.unwrap();
    assert_eq!(mailbox.list(100).await.unwrap(), [small.trim()]);
    assert!(matches!(mailbox.read(small.trim()).await.unwrap(), Letter::Document { .. }));
}

#[tokio::test]
async fn what_nobody_collects_goes_out_again_and_is_delivered_when_somebody_does() {
    let sandbox = Sandbox::start();
    let (mesh, to, id) = (Mesh::new(), endpoint(sandbox.url()), delivery());
    let now = Timestamp::now();
    let lost = reference(attempt(&mesh, &to, id, true).await);
    assert_eq!(mesh.track(&to, &lost, now).await, Ok(None), "it waits");

    command(&sandbox, &format!("/message/{lost}/event"), json!({"status": "undeliverable"})).await;
    let report = json!({"mailbox_id": "X26ABC1", "code": "14", "description": "not collected", "workflow_id": "TEST_WORKFLOW",
        "local_id": id.to_string(), "linked_message_id": lost});
    command(&sandbox, "/report", report).await;
    assert!(matches!(mesh.track(&to, &lost, now).await, Ok(Some(Confirmed::Again { .. }))));
    let mailbox = ours(&mesh, &to);
    let [waiting] = &mailbox.list(100).await.unwrap()[..] else { panic!("one report") };
    let Letter::Undelivered { delivery, why } = mailbox.read(waiting).await.unwrap() else { panic!("a report") };
    assert!(delivery == Some(id) && why.contains("five days"), "{delivery:?}: {why}");
    mailbox.acknowledge(waiting).await.unwrap();

    let second = reference(attempt(&mesh, &to, id, false).await);
    assert_eq!(run(CLIENT, &[sandbox.url(), "receive"], b"").lines().count(), 1, "the lost one is not there any more");
    let Ok(Some(Confirmed::Delivered { receipt })) = mesh.track(&to, &second, now).await else { panic!("it was collected") };
    assert!(receipt.contains(&second), "{receipt}");
}
