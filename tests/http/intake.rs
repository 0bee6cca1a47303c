//! `POST /api/v1/messages`.

use super::{ask, bearer, post, site, start, token};
use crate::support::letter::{Format, Letter, first_placement};
use rusqlite::Connection;
use serde_json::Value;

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_formats_are_recorded_delivered_and_answered_with_the_receipt() {
    let (site, sink) = site().await;
    let hub = start(&site).await;
    let kent = token("E10000016", "publish");
    let first = first_placement(Format::Json, "104233");

    let headers = [("Authorization", bearer(&kent)), ("traceparent", TRACEPARENT.to_owned())];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let taken = ask(hub.address(), "POST /api/v1/messages", &headers, first.text().as_bytes()).await;
    let receipt = taken.json();
    assert_eq!((taken.status, &receipt["verdict"]), (200, &Value::from("accepted")), "{taken:?}");
    assert_eq!(receipt["obligations"].as_array().unwrap().len(), 4, "{receipt:#}");

    // The same bytes again, and the same message in the other format.
    let sent_at = serde_json::from_str::<Value>(first.text()).unwrap()["sentAt"].clone();
    let xml = first_placement(Format::Xml, "104233").with("/sentAt", sent_at);
    for (content_type, again) in [("application/json", &first), ("text/xml; charset=utf-8", &xml)] {
        let answer = post(&hub, &kent, content_type, again.text()).await;
        assert_eq!((answer.status, &answer.json()["verdict"]), (200, &Value::from("duplicate")), "{answer:?}");
        assert_eq!(answer.json()["obligations"], receipt["obligations"]);
    }
    let other = post(&hub, &kent, "application/xml", first_placement(Format::Xml, "104234").text()).await;
    assert_eq!((other.status, &other.json()["verdict"]), (200, &Value::from("accepted")), "{other:?}");
    sink.until_taken(4).await;
    hub.stop().await;

    assert_eq!(site.balances().await.messages, 2);
    let ledger = Connection::open(site.path("ledger.db")).unwrap();
    let traced: i64 = ledger.query_row("SELECT count(*) FROM messages WHERE traceparent = ?1", [TRACEPARENT], |row| row.get(0)).unwrap();
    assert_eq!(traced, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_is_a_receipt_and_what_is_wrong_is_a_problem() {
    let (site, _sink) = site().await;
    let hub = start(&site).await;
    let kent = token("E10000016", "publish");
    let letter = first_placement(Format::Json, "104233").with("/child/givenName", "Zerlinda");
    let text = letter.text();
    post(&hub, &kent, "application/json", text).await;

    // Recorded, and refused: nobody speaks for another, and no id is used twice.
    let reused = letter.clone().with("/placement/carer", "B. Carer");
    let claim = Letter::example(Format::Json, "reclaim-update", "paid").with("/publisher", "E10000016");
    for (who, body, code) in [
        ("E06000035", first_placement(Format::Json, "104235").text(), "wrong-token"),
        ("E10000016", reused.text(), "message-id-reused"),
        ("E10000016", claim.text(), "publisher-form"),
        ("E10000016", "{", "not-json"),
    ] {
        for _ in 0..2 {
            let answer = post(&hub, &token(who, "publish"), "application/json", body).await;
            let receipt = answer.json();
            assert_eq!((answer.status, &receipt["verdict"]), (422, &Value::from("rejected")), "{answer:?}");
            let codes = receipt["reasons"].to_string();
            assert!(codes.contains(code), "{code}: {codes}");
        }
    }

    let none = ask(hub.address(), "POST /api/v1/messages", &[], text.as_bytes()).await;
    none.is_problem(401);
    assert_eq!(none.header("www-authenticate"), Some("Bearer"));
    let wrong = post(&hub, "somebody", "application/json", text).await;
    assert_eq!((wrong.status, wrong.body), (401, none.body));
    post(&hub, &token("E10000016", "read"), "application/json", text).await.is_problem(403);
    let large = format!("{{\"x\":\"{}\"}}", "Zerlinda".repeat(140_000));
    post(&hub, &kent, "application/json", &large).await.is_problem(413);
    post(&hub, &kent, "text/plain", text).await.is_problem(415);
    let packed = [("Authorization", bearer(&kent)), ("Content-Encoding", "gzip".to_owned())];
    let packed: Vec<(&str, &str)> = packed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    ask(hub.address(), "POST /api/v1/messages", &packed, text.as_bytes()).await.is_problem(415);
    ask(hub.address(), "GET /api/v1/messages", &[], b"").await.is_problem(405);
    ask(hub.address(), "GET /api/v1/nowhere", &[], b"").await.is_problem(404);

    let log = hub.log();
    assert!(!log.contains("Zerlinda") && !log.contains(&kent), "{log}");
    hub.stop().await;
    assert_eq!(site.balances().await.messages, 1 + 4, "what was refused is recorded once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_messages_about_one_child_at_once_never_conflict() {
    let (site, _sink) = site().await;
    let hub = start(&site).await;
    let kent = token("E10000016", "publish");
    let letter = first_placement(Format::Json, "104233");
    let versions = (1..=24).map(|version| letter.clone().with("/messageId", format!("v{version}")).with("/placement/version", version));
    let answers = futures_util::future::join_all(versions.map(|letter| {
        let (kent, hub) = (kent.clone(), &hub);
        async move { post(hub, &kent, "application/json", letter.text()).await }
    }));
    for answer in answers.await {
        assert_eq!((answer.status, &answer.json()["verdict"]), (200, &Value::from("accepted")), "{answer:?}");
    }
    hub.stop().await;
    assert_eq!(site.balances().await.messages, 24);
}
