//! The webhook adapter against receivers on loopback.

use super::directory::{SECRET, endpoint};
use super::receiver::{Answer, Receiver, Request, answer};
use domain::delivery::Kind;
use domain::directory::{Endpoint, Secret};
use domain::port::{Deliver, Parcel, Report};
use domain::retry::AttemptOutcome;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use webhook::Webhook;

const BODY: &[u8] = br#"{"id":"1","data":{"child":{"givenName":"Ada","familyName":"Quillfeather","nhsNumber":"9990000018"}}}"#;
const OTHER_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

pub async fn deliver(deliverer: &Webhook, endpoint: &Endpoint, delivery: Uuid, now: Timestamp) -> Report {
    let trace = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    deliverer.deliver(Parcel { endpoint, delivery, kind: Kind::ArrivalNotice, body: BODY, traceparent: trace, first: false, now }).await
}

/// One attempt at a receiver that answers so; what it came to and what the receiver saw.
async fn attempt(answer: Answer) -> (Report, Vec<Request>) {
    let receiver = Receiver::start(answer).await;
    let endpoint = Endpoint { timeout_seconds: 1, ..endpoint("QKS", "webhook", &receiver.url()) };
    let report = deliver(&Webhook::new(), &endpoint, Uuid::from_u128(7), Timestamp::now()).await;
    (report, receiver.requests())
}

/// A short name of an outcome, with the wait that was asked for.
fn outcome(report: &Report) -> String {
    match &report.outcome {
        AttemptOutcome::Delivered { receipt } => format!("delivered {receipt}"),
        AttemptOutcome::Accepted { .. } => "accepted".to_owned(),
        AttemptOutcome::TryLater { after, .. } => format!("later {}", after.map_or(-1, |after| after.as_secs())),
        AttemptOutcome::Refused { .. } => "refused".to_owned(),
        AttemptOutcome::Gone { .. } => "gone".to_owned(),
    }
}

fn verify(secret: &str, request: &Request) -> bool {
    let mut headers = http_headers(request);
    let verified = |headers: &_| standardwebhooks::Webhook::new(secret).unwrap().verify(&request.body, headers).is_ok();
    let genuine = verified(&headers);
    headers.insert("webhook-id", "another".parse().unwrap());
    genuine && !verified(&headers)
}

fn http_headers(request: &Request) -> axum::http::HeaderMap {
    let mut headers = axum::http::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name, request.header(name).unwrap().parse().unwrap());
    }
    headers
}

#[tokio::test]
async fn a_request_is_signed_by_every_secret_and_says_what_it_is() {
    let receiver = Receiver::start(answer("200 OK", "", "")).await;
    let secrets = [SECRET, OTHER_SECRET].map(|text| Secret(text.to_owned())).to_vec();
    let endpoint = Endpoint { secrets, ..endpoint("QKS", "webhook", &receiver.url()) };
    let (adapter, now) = (Webhook::new(), Timestamp::now());
    let id = Uuid::from_u128(7);
    deliver(&adapter, &endpoint, id, now).await;
    deliver(&adapter, &endpoint, id, now.checked_add(SignedDuration::from_secs(60)).unwrap()).await;
    let [first, second] = &receiver.requests()[..] else { panic!("two requests") };

    assert!(first.head.starts_with("POST /hook HTTP/1.1"), "{}", first.head);
    assert_eq!(first.header("content-type"), Some("application/cloudevents+json"));
    assert_eq!(first.header("traceparent"), Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    assert!(first.header("user-agent").unwrap().starts_with("placement-hub/"));
    assert_eq!(first.header("accept-encoding"), None);
    assert_eq!(first.body, BODY);
    for request in [first, second] {
        assert!(verify(SECRET, request) && verify(OTHER_SECRET, request), "{}", request.head);
        assert!(!verify("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", request));
    }
    let signature = first.header("webhook-signature").unwrap();
    let newest = standardwebhooks::Webhook::new(SECRET).unwrap().sign(&id.to_string(), now.as_second(), BODY).unwrap();
    assert_eq!(signature.split(' ').collect::<Vec<_>>().first(), Some(&newest.as_str()));
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"), "the id is the delivery's");
    assert_ne!(first.header("webhook-timestamp"), second.header("webhook-timestamp"), "the time is the attempt's");
}

#[tokio::test]
async fn each_status_has_its_outcome() {
    for (outcomes, statuses) in [
        ("gone", &[410_u16][..]),
        ("refused", &[400, 405, 406, 411, 413, 414, 415, 422, 431]),
        ("later -1", &[300, 301, 302, 304, 307, 308, 401, 403, 404, 408, 409, 418, 425, 429, 500, 501, 502, 503, 504, 599]),
    ] {
        for status in statuses {
            let (report, _) = attempt(answer(&format!("{status} Because"), "Location: /elsewhere\r\n", "reasons")).await;
            assert_eq!((outcome(&report).as_str(), report.status), (outcomes, Some(*status)));
            assert!(report.detail.starts_with(&status.to_string()), "{}", report.detail);
        }
    }
    for status in [200, 201, 202, 204, 299] {
        let (report, _) = attempt(answer(&format!("{status} Fine"), "", "")).await;
        assert_eq!((outcome(&report), report.status), (format!("delivered {status}"), Some(status)));
    }
}

#[tokio::test]
async fn a_receipt_is_the_status_and_the_answers_id() {
    for (body, receipt) in
        [(r#"{"id":"evt-1"}"#, "delivered 200 evt-1"), ("thanks", "delivered 200"), (r#"{"id":"9990000018"}"#, "delivered 200")]
    {
        let (report, _) = attempt(answer("200 OK", "", body)).await;
        assert_eq!(outcome(&report), receipt, "{body}");
    }
}

#[tokio::test]
async fn retry_after_is_obeyed_in_seconds_and_as_a_date() {
    for status in ["429 Too Many Requests", "503 Service Unavailable"] {
        let (report, _) = attempt(answer(status, "Retry-After: 120\r\n", "")).await;
        assert_eq!(outcome(&report), "later 120");
    }
    let (report, _) = attempt(answer("503 Service Unavailable", "Retry-After: Thu, 31 Dec 2099 23:59:59 GMT\r\n", "")).await;
    assert!(matches!(report.outcome, AttemptOutcome::TryLater { after: Some(after), .. } if after > SignedDuration::from_hours(24)));
    for (header, expected) in [("Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "later 0"), ("Retry-After: soon\r\n", "later -1")] {
        let (report, _) = attempt(answer("503 Service Unavailable", header, "")).await;
        assert_eq!(outcome(&report), expected);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Receiver::start(answer("200 OK", "", "")).await;
    for status in ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let (report, requests) = attempt(answer(status, &format!("Location: {}\r\n", elsewhere.url()), "")).await;
        assert_eq!((outcome(&report).as_str(), requests.len()), ("later -1", 1), "{status}");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn silence_and_broken_answers_are_tried_later() {
    for silence in [
        Answer::Hang,
        Answer::Drip("HTTP/1.1 200 OK\r\nX: ".to_owned()),
        Answer::Reset(String::new()),
        Answer::Reset("HTTP/1.1 2".to_owned()),
        Answer::Bytes("SMTP ready\r\n\r\n".to_owned()),
        Answer::Endless("HTTP/1.1 200 OK\r\nX: ".to_owned()),
    ] {
        let (report, requests) = attempt(silence.clone()).await;
        assert_eq!((outcome(&report).as_str(), report.status, requests.len()), ("later -1", None, 1), "{silence:?}: {report:?}");
        assert!(!report.detail.contains("/hook"), "an address may hold a token: {}", report.detail);
    }
}

#[tokio::test]
async fn the_status_is_the_answer_whatever_becomes_of_the_body() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n{\"id\":\"cut";
    for broken in [Answer::Drip(head.to_owned()), Answer::Reset(head.to_owned()), Answer::Endless(head.to_owned())] {
        let (report, _) = attempt(broken.clone()).await;
        assert_eq!(outcome(&report), "delivered 200", "{broken:?}");
    }
    let (report, _) = attempt(Answer::Endless("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".to_owned())).await;
    assert_eq!(outcome(&report), "refused");
    assert!(report.detail.chars().count() <= 200);
}

#[tokio::test]
async fn a_connection_is_kept() {
    let receiver = Receiver::start(answer("200 OK", "", r#"{"id":"x"}"#)).await;
    let (adapter, first) = (Webhook::new(), endpoint("QKS", "webhook", &receiver.url()));
    // Another path and another recipient, the same origin.
    let second = endpoint("RX2", "webhook", &format!("{}/other", receiver.url()));
    for n in 0..5 {
        deliver(&adapter, &first, Uuid::from_u128(n), Timestamp::now()).await;
        deliver(&adapter, &second, Uuid::from_u128(100 + n), Timestamp::now()).await;
    }
    assert_eq!((receiver.requests().len(), receiver.connections()), (10, 1));
}
