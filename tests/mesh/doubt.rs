//! Answers that are lost: a message must arrive once, whatever the hub did not hear.

use super::{BODY, attempt, collected, delivery, endpoint, later, mailbox, reference};
use crate::support::mesh::Sandbox;
use crate::support::road::Road;
use ::mesh::{Mesh, Tracked};
use domain::retry::AttemptOutcome;

#[tokio::test]
async fn a_message_whose_acceptance_was_lost_is_not_sent_again() {
    let sandbox = Sandbox::start();
    let road = Road::to(sandbox.address()).await;
    let (mesh, to, id) = (Mesh::new(), endpoint(&road.url()), delivery());
    road.lose_answer_to("POST /messageexchange/X26ABC1/outbox ");
    let report = attempt(&mesh, &to, id, true).await;
    let (after, why) = later(&report);
    assert_eq!((after, report.status), (Some(30), None), "{why}");
    assert_eq!(road.requests(), ["POST", "POST /outbox"], "a handshake and the message; a first attempt asks nothing");

    let accepted = reference(attempt(&mesh, &to, id, false).await);
    assert_eq!(road.requests(), [format!("GET /outbox/tracking/{id}")]);
    assert_eq!(mailbox(&mesh, &to).track(&accepted).await.unwrap(), Tracked::Accepted);
    let messages = collected(&sandbox).await;
    assert_eq!((messages.len(), &messages[0].body[..]), (1, BODY));
}

#[tokio::test]
async fn a_message_that_never_arrived_is_sent() {
    let sandbox = Sandbox::start();
    let road = Road::to(sandbox.address()).await;
    let (mesh, id) = (Mesh::new(), delivery());
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let report = attempt(&mesh, &endpoint(&format!("http://{nobody}")), id, true).await;
    assert_eq!(later(&report).0, None, "it certainly did not arrive: {report:?}");

    let to = endpoint(&road.url());
    let accepted = reference(attempt(&mesh, &to, id, false).await);
    assert_eq!(road.requests(), ["POST".to_owned(), format!("GET /outbox/tracking/{id}"), "POST /outbox".to_owned()]);
    assert_eq!(reference(attempt(&mesh, &to, id, false).await), accepted, "and is the same from then on");
    assert_eq!(collected(&sandbox).await.len(), 1);
}

#[tokio::test]
async fn a_message_that_was_cut_off_between_its_chunks_is_completed() {
    let sandbox = Sandbox::start();
    let road = Road::to(sandbox.address()).await;
    let (mesh, to, id) = (Mesh::with_chunks_of(32), endpoint(&road.url()), delivery());
    road.lose_answer_to("/2 ");
    later(&attempt(&mesh, &to, id, true).await);
    assert!(collected(&sandbox).await.is_empty(), "what is not whole is not handed out");

    road.requests();
    let accepted = reference(attempt(&mesh, &to, id, false).await);
    let chunk = |number| format!("POST /outbox/{accepted}/{number}");
    assert_eq!(road.requests(), [format!("GET /outbox/tracking/{id}"), chunk(2), chunk(3)]);
    let messages = collected(&sandbox).await;
    assert_eq!((messages.len(), &messages[0].body[..]), (1, BODY));
}

#[tokio::test]
async fn a_message_whose_last_chunk_was_lost_is_found_whole() {
    let sandbox = Sandbox::start();
    let road = Road::to(sandbox.address()).await;
    let (mesh, to, id) = (Mesh::with_chunks_of(32), endpoint(&road.url()), delivery());
    road.lose_answer_to("/3 ");
    later(&attempt(&mesh, &to, id, true).await);
    road.requests();
    reference(attempt(&mesh, &to, id, false).await);
    assert_eq!(road.requests(), [format!("GET /outbox/tracking/{id}")]);
    assert_eq!(collected(&sandbox).await.len(), 1);
}

#[tokio::test]
async fn an_upload_that_another_version_cut_otherwise_is_begun_anew() {
    let sandbox = Sandbox::start();
    let road = Road::to(sandbox.address()).await;
    let (to, id) = (endpoint(&road.url()), delivery());
    road.lose_answer_to("POST /messageexchange/X26ABC1/outbox ");
    later(&attempt(&Mesh::with_chunks_of(16), &to, id, true).await);
    reference(attempt(&Mesh::with_chunks_of(32), &to, id, false).await);
    let messages = collected(&sandbox).await;
    assert_eq!((messages.len(), &messages[0].body[..]), (1, BODY));
    assert_eq!(messages[0].local_id, Some(format!("{id}-2")));
}

#[tokio::test]
async fn a_message_that_is_there_twice_is_not_sent_a_third_time() {
    let sandbox = Sandbox::start();
    let (mesh, to, id) = (Mesh::new(), endpoint(sandbox.url()), delivery());
    for _ in 0..2 {
        reference(attempt(&mesh, &to, id, true).await);
    }
    let report = attempt(&mesh, &to, id, false).await;
    assert_eq!((report.status, &report.outcome), (Some(300), &AttemptOutcome::Accepted { reference: format!("local:{id}") }));
    assert_eq!(mailbox(&mesh, &to).track(&reference(report)).await.unwrap(), Tracked::Accepted);
    assert_eq!(collected(&sandbox).await.len(), 2);
}
