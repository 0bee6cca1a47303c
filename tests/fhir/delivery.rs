//! The rail against FHIR servers on loopback.

use super::issued::{endpoint, envelopes};
use crate::adapters::heartbeat::beat;
use crate::adapters::receiver::{Answer, Receiver, Request, answer};
use axum::body::Bytes;
use domain::delivery::Kind;
use domain::directory::{Endpoint, Secret};
use domain::port::{Deliver, Parcel, Report};
use domain::retry::AttemptOutcome;
use fhir::Fhir;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

const ID: Uuid = Uuid::from_u128(77);

async fn deliver(endpoint: &Endpoint, now: Timestamp) -> Report {
    let body = Bytes::from(envelopes().remove("referral").unwrap().1);
    Fhir::new().deliver(Parcel { endpoint, delivery: ID, kind: Kind::Referral, body: &body, traceparent: None, first: true, now }).await
}

/// One attempt at a server that answers so; what it came to and what the server saw.
async fn attempt(answer: Answer) -> (Report, Vec<Request>) {
    let server = Receiver::start(answer).await;
    let endpoint = Endpoint { timeout_seconds: 1, ..endpoint("RX2", &server.url()) };
    (deliver(&endpoint, Timestamp::now()).await, server.requests())
}

fn outcome(report: &Report) -> String {
    match &report.outcome {
        AttemptOutcome::Delivered { receipt } => format!("delivered {receipt}"),
        AttemptOutcome::Accepted { .. } => "accepted".to_owned(),
        AttemptOutcome::TryLater { after, .. } => format!("later {}", after.map_or(-1, |after| after.as_secs())),
        AttemptOutcome::Refused { .. } => "refused".to_owned(),
        AttemptOutcome::Gone { .. } => "gone".to_owned(),
    }
}

#[tokio::test]
async fn a_message_goes_where_the_gateway_can_route_it_and_is_the_same_at_every_attempt() {
    let server = Receiver::start(answer("200 OK", "", "")).await;
    let token = [("token".to_owned(), Secret("t0ken".to_owned()))].into();
    let endpoint = Endpoint { secret_settings: token, ..endpoint("RX2", &server.url()) };
    let now = Timestamp::now();
    deliver(&endpoint, now).await;
    deliver(&endpoint, now.checked_add(SignedDuration::from_secs(60)).unwrap()).await;
    let [first, second] = &server.requests()[..] else { panic!("two requests") };
    assert!(first.head.starts_with("POST /hook/$process-message HTTP/1.1"), "{}", first.head);
    assert_eq!(first.header("content-type"), Some("application/fhir+json;version=1.0.0"));
    assert_eq!(first.header("authorization"), Some("Bearer t0ken"));
    assert_eq!(first.header("x-correlation-id"), Some(ID.to_string().as_str()));
    assert_eq!(first.header("x-correlation-id"), second.header("x-correlation-id"));
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    assert_eq!(first.body, second.body);
    for (name, part) in [
        ("nhsd-target-identifier", r#"{"system":"http://fhir.nhs.uk/Id/dos-service-id","value":"2000012345"}"#),
        ("nhsd-end-user-organisation", r#""value":"X26""#),
        ("nhsd-requesting-software", r#""name":"placement-hub""#),
    ] {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let told = String::from_utf8(BASE64_STANDARD.decode(first.header(name).unwrap()).unwrap()).unwrap();
        assert!(told.contains(part), "{name}: {told}");
    }
}

#[tokio::test]
async fn each_answer_has_its_outcome() {
    for (status, headers, expected) in [
        ("200 OK", "", "delivered 200"),
        ("202 Accepted", "", "delivered 202"),
        ("301 Moved Permanently", "Location: http://127.0.0.1/\r\n", "later -1"),
        ("401 Unauthorized", "", "later -1"),
        ("404 Not Found", "", "later -1"),
        ("410 Gone", "", "gone"),
        ("422 Unprocessable Content", "", "refused"),
        ("429 Too Many Requests", "Retry-After: 120\r\n", "later 120"),
        ("500 Internal Server Error", "", "later -1"),
        ("503 Service Unavailable", "Retry-After: 7\r\n", "later 7"),
    ] {
        let (report, requests) = attempt(answer(status, headers, "")).await;
        assert_eq!(outcome(&report), expected, "{status}");
        assert_eq!(requests.len(), 1, "{status}");
    }
}

#[tokio::test]
async fn slow_oversize_and_dead_servers_are_tried_again() {
    let (slow, _) = attempt(Answer::Hang).await;
    assert_eq!(outcome(&slow), "later -1");
    let (endless, _) = attempt(Answer::Endless("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 9\r\n\r\n".to_owned())).await;
    assert_eq!(outcome(&endless), "later 9");
    let gone = Receiver::start(Answer::Hang).await.url();
    assert_eq!(outcome(&deliver(&endpoint("RX2", &gone), Timestamp::now()).await), "later -1");
    let inside = Endpoint { allow_private: false, ..endpoint("RX2", "https://127.0.0.1/fhir") };
    assert_eq!(outcome(&deliver(&inside, Timestamp::now()).await), "later 900");
}

#[tokio::test]
async fn of_an_operation_outcome_the_codes_are_kept_and_nothing_of_the_child() {
    let body = r#"{"resourceType":"OperationOutcome","issue":[
        {"severity":"error","code":"invalid","diagnostics":"Ada Example is not known","details":{"coding":[{"code":"REC_BAD_REQUEST"}]}},
        {"severity":"error","code":"Ada","details":{"text":"9990000018","coding":[{"code":"9990000018"}]}}]}"#;
    let (report, _) = attempt(answer("400 Bad Request", "", body)).await;
    assert_eq!(report.detail, "400 the receiver refuses the content: invalid REC_BAD_REQUEST, … …");
}

#[test]
fn everything_wrong_with_an_endpoint_is_told_at_once() {
    let mut wrong = Endpoint { allow_private: false, ..endpoint("RX2", "http://example.org/fhir") };
    assert_eq!(Fhir::new().check(&endpoint("RX2", "http://127.0.0.1/fhir")), Vec::<String>::new());
    wrong.settings = [("own_organisation", "E10000016"), ("mailbox", "X")].map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    wrong.secret_settings = [("token".to_owned(), Secret("two words".to_owned()))].into();
    let said = Fhir::new().check(&wrong);
    for part in
        ["plain http", "no setting `mailbox`", "`service_id` is missing", "`own_organisation` is no ODS code", "`token` is empty or"]
    {
        assert!(said.iter().any(|sentence| sentence.contains(part)), "{part}: {said:?}");
    }
    assert!(!said.concat().contains("two words"));
}

#[tokio::test]
async fn a_heartbeat_asks_the_server_what_it_can_do() {
    let server = Receiver::start(answer("200 OK", "", r#"{"resourceType":"CapabilityStatement"}"#)).await;
    let token = [("token".to_owned(), Secret("t0ken".to_owned()))].into();
    let beaten = beat(Fhir::new(), &Endpoint { secret_settings: token, ..endpoint("RX2", &server.url()) }).await;
    assert!(beaten.is_well(), "{beaten:?}");
    let [request] = &server.requests()[..] else { panic!("one request") };
    assert!(request.head.starts_with("GET /hook/metadata HTTP/1.1"), "{}", request.head);
    assert_eq!((request.header("authorization"), request.body.len()), (Some("Bearer t0ken"), 0));

    let shut = Receiver::start(answer("401 Unauthorized", "", "")).await;
    let beaten = beat(Fhir::new(), &endpoint("RX2", &shut.url())).await;
    assert!(!beaten.is_well() && beaten.report.detail.contains("token"), "{beaten:?}");
}
