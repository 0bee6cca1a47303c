//! Answers that the sandbox does not give: gateways, SOAP, and what is not MESH at all.

use super::{attempt, delivery, endpoint};
use ::mesh::Mesh;
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use domain::port::Report;
use domain::retry::AttemptOutcome;
use std::sync::{Arc, Mutex};

/// A MESH that takes the handshake, knows no message, and answers each message so.
pub struct Fake {
    pub url: String,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    answer: Mutex<(StatusCode, HeaderMap, String)>,
    /// The local ids of what was answered with 202.
    taken: Mutex<Vec<String>>,
}

impl Fake {
    pub async fn start(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Self {
        let shared = Arc::new(Shared { answer: Mutex::new(answer(status, headers, body)), taken: Mutex::default() });
        let serving = Arc::clone(&shared);
        let outbox = async move |sent: HeaderMap| {
            let answer = serving.answer.lock().unwrap().clone();
            if answer.0 == StatusCode::ACCEPTED {
                serving.taken.lock().unwrap().push(sent["mex-localid"].to_str().unwrap().to_owned());
            }
            answer
        };
        let routes = Router::new()
            .route("/messageexchange/{mailbox}", post(async || ()))
            .route("/messageexchange/{mailbox}/outbox", post(outbox))
            .route("/messageexchange/{mailbox}/outbox/tracking/{id}", get(async || StatusCode::NOT_FOUND));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, shared, task }
    }

    /// From now on it answers so.
    pub fn tell(&self, status: u16, headers: &[(&'static str, &'static str)], body: &str) {
        *self.shared.answer.lock().unwrap() = answer(status, headers, body);
    }

    /// The local ids of what it has taken.
    pub fn taken(&self) -> Vec<String> {
        self.shared.taken.lock().unwrap().clone()
    }
}

fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> (StatusCode, HeaderMap, String) {
    let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    (StatusCode::from_u16(status).unwrap(), headers, body.to_owned())
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answered(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Report {
    let fake = Fake::start(status, headers, body).await;
    attempt(&Mesh::new(), &endpoint(&fake.url), delivery(), true).await
}

/// A short name of an outcome, with the wait that was asked for.
fn outcome(report: &Report) -> String {
    match &report.outcome {
        AttemptOutcome::TryLater { after, .. } => format!("later {}", after.map_or(-1, |after| after.as_secs())),
        AttemptOutcome::Refused { .. } => "refused".to_owned(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_status_has_its_outcome() {
    for (expected, statuses) in [
        ("refused", &[413, 415, 422][..]),
        ("later 900", &[400, 401, 403, 404, 410, 417]),
        ("later -1", &[301, 307, 408, 409, 423, 425, 429, 500, 501, 502, 503, 504]),
    ] {
        for status in statuses {
            let report = answered(*status, &[("location", "/elsewhere")], "").await;
            assert_eq!((outcome(&report).as_str(), report.status), (expected, Some(*status)));
            assert!(report.detail.starts_with(&status.to_string()), "{}", report.detail);
        }
    }
}

#[tokio::test]
async fn a_wait_that_is_asked_for_is_obeyed() {
    for status in [429, 503] {
        assert_eq!(outcome(&answered(status, &[("retry-after", "120")], "").await), "later 120");
    }
}

#[tokio::test]
async fn the_status_counts_whatever_the_body_is() {
    let soap = "<soap:Envelope><soap:Fault>Ada is not known</soap:Fault></soap:Envelope>";
    let report = answered(500, &[("content-type", "text/xml")], soap).await;
    assert_eq!((outcome(&report).as_str(), report.detail.as_str()), ("later -1", "500 MESH failed"));
    let endless = "x".repeat(1 << 20);
    assert_eq!(outcome(&answered(502, &[], &endless).await), "later -1");
}

#[tokio::test]
async fn what_mesh_says_is_kept_without_what_was_sent() {
    let said = r#"{"detail":[{"event":"SEND","code":"17","msg":"Workflow of Ada 9990000018 is not registered"}]}"#;
    let report = answered(417, &[], said).await;
    assert!(report.detail.contains("code 17") && report.detail.contains("registered"), "{}", report.detail);
    assert!(!report.detail.contains("Ada") && !report.detail.contains("9990000018"), "{}", report.detail);
}

#[tokio::test]
async fn an_acceptance_without_an_id_leaves_a_doubt() {
    for body in ["", "{}", r#"{"message_id":"../inbox"}"#, "<html>"] {
        let report = answered(202, &[], body).await;
        assert_eq!((outcome(&report).as_str(), report.status), ("later 30", Some(202)), "{body}");
    }
}
