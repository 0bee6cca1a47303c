//! What is not yours is not there; what is not right is told.

use super::{ask, bearer, collect, ids, placed, read, site, start, token};
use rusqlite::Connection;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_feed_an_unknown_one_and_no_permission_look_the_same() {
    let (site, _sink) = site().await;
    let hub = start(&site).await;
    placed(&hub, "A").await;
    for (method, route, body) in [("GET", "", ""), ("POST", "/collected", "{\"upTo\":\"x\"}"), ("GET", "/stream", "")] {
        let mut seen = Vec::new();
        for (organisation, token) in [
            ("S9B9J", token("QKS", "read")),
            ("S9B9J", token("S9B9J", "publish")),
            ("ZZZ", token("QKS", "read")),
            ("no-code", token("QKS", "read")),
            ("%FF", token("QKS", "read")),
        ] {
            let line = format!("{method} /api/v1/feeds/{organisation}{route}");
            let answer = ask(hub.address(), &line, &[("Authorization", &bearer(&token))], body.as_bytes()).await;
            answer.is_problem(404);
            seen.push(answer.body);
        }
        seen.dedup();
        assert_eq!(seen.len(), 1, "{seen:?}");
        for headers in [vec![], vec![("Authorization", "Bearer nobody")], vec![("Authorization", "Basic eDp5")]] {
            ask(hub.address(), &format!("{method} /api/v1/feeds/S9B9J{route}"), &headers, body.as_bytes()).await.is_problem(401);
        }
    }
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_is_a_problem_and_changes_nothing() {
    let (site, _sink) = site().await;
    let hub = start(&site).await;
    placed(&hub, "A").await;
    let council = read(&hub, "E06000043", "?wait=60").await.json();
    let foreign = council["next"].as_str().unwrap();
    for query in
        ["?after=x", &format!("?after={foreign}"), "?limit=0", "?limit=501", "?limit=many", "?wait=61", "?wait=-1", "?wait=1&wait=2"]
    {
        read(&hub, "S9B9J", query).await.is_problem(400);
    }
    collect(&hub, "S9B9J", foreign).await.is_problem(400);
    collect(&hub, "S9B9J", "").await.is_problem(400);
    let auth = bearer(&token("E06000043", "read"));
    for (body, status) in [("{}", 400), ("{\"upTo\":7}", 400), ("[", 400), (&*"x".repeat(2_000), 413)] {
        let answer = ask(hub.address(), "POST /api/v1/feeds/E06000043/collected", &[("Authorization", &auth)], body.as_bytes()).await;
        answer.is_problem(status);
    }
    let stream = [("Authorization", auth.as_str()), ("Last-Event-ID", "x")];
    ask(hub.address(), "GET /api/v1/feeds/E06000043/stream", &stream, b"").await.is_problem(400);
    // Nothing of it was collected.
    let answer = collect(&hub, "E06000043", foreign).await;
    assert_eq!((answer.json()["collected"].clone(), ids(&council).len()), (Value::from(1), 1));
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_organisation_has_a_bounded_number_of_readers() {
    let (site, _sink) = site().await;
    let hub = start(&site).await;
    let open: Vec<_> = futures_util::future::join_all((0..8).map(|_| super::stream::Events::open(&hub, "S9B9J", None))).await;
    let refused = read(&hub, "S9B9J", "").await;
    refused.is_problem(429);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(read(&hub, "E06000043", "").await.status, 200, "the others are not concerned");
    drop(open);
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_for_a_closed_body_is_its_one_successors_to_collect() {
    let (site, _sink) = site().await;
    let hub = start(&site).await;
    placed(&hub, "A").await;
    read(&hub, "S9B9J", "?wait=60").await;
    hub.stop().await;
    // As if it had been put there before 1 April 2026, when S9B9J took over from QNX.
    let ledger = Connection::open(site.path("ledger.db")).unwrap();
    assert_eq!(ledger.execute("UPDATE recipients SET code = 'QNX' WHERE code = 'S9B9J'", []).unwrap(), 1);
    drop(ledger);

    let hub = start(&site).await;
    let successor = bearer(&token("S9B9J", "read"));
    let page = ask(hub.address(), "GET /api/v1/feeds/QNX", &[("Authorization", &successor)], b"").await.json();
    assert_eq!(ids(&page).len(), 1, "{page:#}");
    // QNQ was split: neither of its successors is the one. And QNX is nobody else's.
    ask(hub.address(), "GET /api/v1/feeds/QNQ", &[("Authorization", &successor)], b"").await.is_problem(404);
    ask(hub.address(), "GET /api/v1/feeds/QNX", &[("Authorization", &bearer(&token("QKS", "read")))], b"").await.is_problem(404);
    let body = json!({ "upTo": page["next"] }).to_string();
    let collected = ask(hub.address(), "POST /api/v1/feeds/QNX/collected", &[("Authorization", &successor)], body.as_bytes()).await;
    assert_eq!((collected.status, collected.json()), (200, json!({ "collected": 1 })));
    hub.stop().await;
    site.balances().await;
}
