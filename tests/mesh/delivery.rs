//! A delivery from acceptance to collection, and what MESH refuses.

use super::{BODY, attempt, collected, delivery, endpoint, later, mailbox, reference, theirs};
use crate::adapters::heartbeat::beat;
use crate::support::mesh::Sandbox;
use ::mesh::{Mesh, Received, Tracked};
use domain::directory::{Agreed, Endpoint, Secret};
use domain::port::Deliver;
use domain::retry::AttemptOutcome;
use jiff::Timestamp;

#[tokio::test]
async fn a_delivery_is_accepted_collected_and_acknowledged() {
    let sandbox = Sandbox::start();
    let (mesh, to, id) = (Mesh::new(), endpoint(sandbox.url()), delivery());
    let report = attempt(&mesh, &to, id, true).await;
    assert_eq!(report.status, Some(202));
    let reference = reference(report);
    let ours = mailbox(&mesh, &to);
    assert_eq!(ours.track(&reference).await.unwrap(), Tracked::Accepted);

    let theirs = mailbox(&mesh, &theirs(sandbox.url()));
    assert_eq!(theirs.inbox(10).await.unwrap(), [reference.as_str()]);
    let Received::Message(message) = theirs.read(&reference).await.unwrap() else { panic!("a message") };
    assert_eq!((message.from.as_str(), message.workflow.as_str()), ("X26ABC1", "TEST_WORKFLOW"));
    assert_eq!(message.local_id, Some(id.to_string()));
    assert_eq!(message.content_type.as_deref(), Some("application/cloudevents+json"));
    assert_eq!(message.body, BODY);
    assert!(!format!("{message:?}").contains("Ada"));

    theirs.acknowledge(&reference).await.unwrap();
    theirs.acknowledge(&reference).await.unwrap();
    assert!(theirs.inbox(10).await.unwrap().is_empty());
    assert_eq!(ours.track(&reference).await.unwrap(), Tracked::Acknowledged);
    // A hub that died before it heard of the acceptance learns more than that.
    let again = attempt(&mesh, &to, id, false).await;
    assert_eq!(again.outcome, AttemptOutcome::Delivered { receipt: reference });
}

#[tokio::test]
async fn a_large_message_travels_in_chunks() {
    let sandbox = Sandbox::start();
    let (mesh, to) = (Mesh::with_chunks_of(16), endpoint(sandbox.url()));
    let accepted = reference(attempt(&mesh, &to, delivery(), true).await);
    assert_eq!(mailbox(&mesh, &to).track(&accepted).await.unwrap(), Tracked::Accepted);
    let messages = collected(&sandbox).await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].body, BODY);
    assert_eq!(messages[0].content_type.as_deref(), Some("application/cloudevents+json"));
}

#[tokio::test]
async fn wrong_settings_wait_for_a_person_and_secrets_are_not_told() {
    let sandbox = Sandbox::start();
    let good = endpoint(sandbox.url());
    let with = |name: &str, value: &str| {
        let mut endpoint = good.clone();
        match endpoint.settings.get_mut(name) {
            Some(setting) => value.clone_into(setting),
            None => _ = endpoint.secret_settings.insert(name.to_owned(), Secret(value.to_owned())),
        }
        endpoint
    };
    let cases = [
        (with("shared_key", "Quince4"), 403, "shared_key"),
        (with("password", "Quince4"), 403, "password"),
        (with("own_mailbox", "X26QUINCE"), 403, "own_mailbox"),
        (with("mailbox", "X26QUINCE"), 417, "code 12"),
    ];
    let mesh = Mesh::new();
    for (wrong, status, piece) in cases {
        let report = attempt(&mesh, &wrong, delivery(), true).await;
        let (after, why) = later(&report);
        assert_eq!((report.status, after), (Some(status), Some(900)), "{why}");
        assert!(why.contains(piece) && report.detail.contains(piece), "{why}");
        assert!(!format!("{report:?}").contains("Quince4"), "{report:?}");
    }
    // The same line, after its settings were mended.
    reference(attempt(&mesh, &good, delivery(), true).await);
    assert_eq!(collected(&sandbox).await.len(), 1);
}

#[tokio::test]
async fn an_inbox_is_read_as_far_as_asked() {
    let sandbox = Sandbox::start();
    let (mesh, to) = (Mesh::new(), endpoint(sandbox.url()));
    let mut sent = Vec::new();
    for _ in 0..3 {
        sent.push(reference(attempt(&mesh, &to, delivery(), true).await));
    }
    let theirs = mailbox(&mesh, &theirs(sandbox.url()));
    assert_eq!(theirs.inbox(2).await.unwrap(), sent[..2]);
    assert_eq!(theirs.inbox(100).await.unwrap(), sent);
    assert_eq!(theirs.read("00000000000000000000000000000000").await.unwrap(), Received::Gone);
    assert!(theirs.read("../../X26ABC1").await.is_err(), "an id is not a path");
    let ours = mailbox(&mesh, &to);
    assert_eq!(ours.track("00000000000000000000000000000000").await.unwrap(), Tracked::Gone);
}

#[tokio::test]
async fn each_mailbox_of_the_hubs_is_looked_into_once() {
    let url = "http://127.0.0.1:9";
    let (mesh, one) = (Mesh::new(), endpoint(url));
    let mut elsewhere = one.clone();
    "X26ABC3".clone_into(elsewhere.settings.get_mut("mailbox").unwrap());
    let webhook = Endpoint { adapter: "webhook".to_owned(), ..one.clone() };
    let broken = Endpoint { url: "nowhere".to_owned(), ..one.clone() };
    let endpoints = [one, elsewhere, theirs(url), webhook, broken];
    assert_eq!(mesh.mailboxes(&endpoints, Timestamp::now()).len(), 2);
    assert_eq!(mesh.name(), "mesh");
}

/// The hub's own mailbox is greeted, each time anew, and nobody gets anything.
#[tokio::test]
async fn a_heartbeat_is_a_handshake() {
    let sandbox = Sandbox::start();
    let beaten = beat(Mesh::new(), &endpoint(sandbox.url())).await;
    assert_eq!((beaten.is_well(), beaten.report.detail.as_str()), (true, "handshake"));
    assert_eq!(collected(&sandbox).await.len(), 0);
    let mut stranger = endpoint(sandbox.url());
    stranger.secret_settings.insert("password".to_owned(), Secret("wrong".to_owned()));
    assert!(!beat(Mesh::new(), &stranger).await.is_well());
    let hasty = |minutes| Endpoint { agreed: Agreed { heartbeat_minutes: Some(minutes), ..Agreed::default() }, ..endpoint(sandbox.url()) };
    assert_eq!((Mesh::new().check(&hasty(5)).len(), Mesh::new().check(&hasty(4)).len()), (0, 1));
}
