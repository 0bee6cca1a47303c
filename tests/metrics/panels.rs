//! A hub under some load, read by a real Prometheus: every question that the dashboard asks has an answer.

use super::dashboard::{Query, queries};
use super::server::Prometheus;
use crate::support::door::{Door, url};
use crate::support::letter::{Format, Letter, first_placement};
use crate::support::sink::answer;
use crate::support::site::{Plan, Site};
use std::time::Duration;

const LOOK: Duration = Duration::from_millis(200);
/// Twice what it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Nothing to show in this story, so no answer is one: no mailbox, no certificate, and no version before this one. They must be understood all the same.
const MAY_BE_EMPTY: [&str; 3] = ["Since a mailbox was read", "Certificates, first to end", "Starts of a hub"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_panel_of_the_dashboard_shows_something() {
    let url = url("panels");
    let mut door = Door::open(url.clone(), 20).await;
    // Brighton collects its feed itself, and does not; Kent takes a test event a minute.
    let everybody = ["E10000016", "QKS", "S9B9J", "RX2"];
    let (site, sink) = Site::with_sink(&url, &Plan { recipients: &everybody, ..Plan::default() }).await;
    site.add_endpoints("[[endpoint]]\norganisation = \"E06000043\"\nadapter = \"feed\"\n");
    let endpoints = std::fs::read_to_string(site.path("endpoints.toml")).unwrap();
    std::fs::write(site.path("endpoints.toml"), endpoints.replacen("concurrency =", "heartbeat_minutes = 1\nconcurrency =", 1)).unwrap();
    // One is away, so that something is due for as long as the test looks.
    sink.tell("RX2", answer(503));
    let hub = site.start().await;
    let prometheus = Prometheus::start(hub.address()).await;
    // Rates count from the second reading on.
    assert!(answered_in_time(&prometheus, "placement_hub_messages_total").await, "Prometheus does not read the hub");

    for number in 0..20 {
        door.accepted(&first_placement(Format::Json, &format!("2810{number:02}"))).await;
    }
    // Refused: there is no such day. And a question: nobody knows the place.
    let refused = door.send(&first_placement(Format::Json, "281091").with("/child/birthDate", "2012-02-30")).await;
    assert_eq!(refused["verdict"], "rejected", "{refused:#}");
    door.send(&unknown_place()).await;

    let mut silent = Vec::new();
    for Query { title, expression } in queries() {
        let expression = filled_in(&expression);
        if MAY_BE_EMPTY.contains(&title.as_str()) {
            prometheus.ask(&expression).await.unwrap_or_else(|why| panic!("{title}: {expression}: {why}"));
        } else if !answered_in_time(&prometheus, &expression).await {
            silent.push(format!("{title}: {expression}"));
        }
    }
    assert!(silent.is_empty(), "no answer:\n{}\n{}", silent.join("\n"), hub.get("/metrics").await.unwrap().1);
    let fires = prometheus.ask("ALERTS{alertstate=\"firing\", severity=\"page\"}").await.unwrap();
    assert!(fires.is_empty(), "all is well, and yet: {fires:#?}");
    hub.stop().await;
}

fn unknown_place() -> Letter {
    first_placement(Format::Json, "281092")
        .with("/placement/postcode", "ZZ99 3VZ")
        .with("/placement/localAuthority", serde_json::Value::Null)
}

/// As Grafana fills in its variables; its own interval is at least four readings.
fn filled_in(expression: &str) -> String {
    expression.replace("$job", "placement-hub").replace("$recipient", ".*").replace("$__rate_interval", "1m")
}

async fn answered_in_time(prometheus: &Prometheus, expression: &str) -> bool {
    let answered = async {
        loop {
            let found = prometheus.ask(expression).await.unwrap_or_else(|why| panic!("{expression}: {why}"));
            // NaN is a panel that shows nothing.
            if found.iter().any(|series| series["value"][1] != "NaN") {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(PATIENCE, answered).await.is_ok()
}
