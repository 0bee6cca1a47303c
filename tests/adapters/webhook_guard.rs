//! Addresses that must not be reached: no connection is made, nothing is lost, and an operator is told.

use super::directory::endpoint;
use super::receiver::{Receiver, answer};
use super::webhook::deliver;
use domain::directory::{Endpoint, Secret};
use domain::retry::AttemptOutcome;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use webhook::Webhook;

/// An attempt makes no connection and waits for a person; the sentence it gives.
async fn refused(receiver: &Receiver, endpoint: &Endpoint) -> String {
    let report = deliver(&Webhook::new(), endpoint, Uuid::from_u128(7), Timestamp::now()).await;
    assert_eq!((receiver.connections(), report.status), (0, None), "{}: {report:?}", endpoint.url);
    match report.outcome {
        AttemptOutcome::TryLater { after: Some(after), why } if after >= SignedDuration::from_mins(15) => why,
        other => panic!("{}: {other:?}", endpoint.url),
    }
}

#[tokio::test]
async fn private_addresses_are_not_connected_to() {
    let receiver = Receiver::start(answer("200 OK", "", "")).await;
    let port = receiver.address.port();
    let hosts = [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "169.254.169.254",
        "10.1.2.3",
    ];
    for host in hosts {
        let endpoint = Endpoint { allow_private: false, ..endpoint("QKS", "webhook", &format!("https://{host}:{port}/hook")) };
        let why = refused(&receiver, &endpoint).await;
        assert!(why.contains("allow_private"), "{host}: {why}");
    }
    let open = endpoint("QKS", "webhook", &format!("http://localhost:{port}/hook"));
    let report = deliver(&Webhook::new(), &open, Uuid::from_u128(7), Timestamp::now()).await;
    assert!(matches!(report.outcome, AttemptOutcome::Delivered { .. }), "the same receiver, where it is allowed: {report:?}");
}

#[tokio::test]
async fn faults_of_the_directory_wait_for_a_person() {
    let receiver = Receiver::start(answer("200 OK", "", "")).await;
    let good = endpoint("QKS", "webhook", &receiver.url());
    let cases = [
        (Endpoint { secrets: Vec::new(), ..good.clone() }, "no signing secret"),
        (Endpoint { secrets: vec![Secret("whsec_%%%".to_owned())], ..good.clone() }, "signing secret"),
        (Endpoint { url: "ftp://127.0.0.1/".to_owned(), ..good.clone() }, "url"),
        (Endpoint { url: "http://example.org/".to_owned(), allow_private: false, ..good }, "plain http"),
    ];
    for (endpoint, piece) in cases {
        let why = refused(&receiver, &endpoint).await;
        assert!(why.contains(piece) && !why.contains("%%%"), "{why}");
    }
}

/// One client for what is allowed must not serve what is not.
#[tokio::test]
async fn an_open_connection_does_not_lend_its_rights() {
    let receiver = Receiver::start(answer("200 OK", "", "")).await;
    let open = endpoint("QKS", "webhook", &receiver.url());
    let adapter = Webhook::new();
    deliver(&adapter, &open, Uuid::from_u128(1), Timestamp::now()).await;
    let shut = Endpoint { allow_private: false, ..open };
    let report = deliver(&adapter, &shut, Uuid::from_u128(2), Timestamp::now()).await;
    assert!(matches!(report.outcome, AttemptOutcome::TryLater { .. }));
    assert_eq!(receiver.requests().len(), 1);
}
