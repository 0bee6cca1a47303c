//! A notice that nobody acknowledges, over weeks: the hub itself, by a clock that the test moves, with a restart in between.

use crate::http::{ask, bearer, site, token};
use crate::support::letter::{Format, first_placement};
use crate::support::site::Site;
use crate::support::story::acknowledged;
use jiff::{SignedDuration, Timestamp};
use placement_hub::config::Settings;
use placement_hub::hub::Hub;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const COUNCIL: &str = "E06000043";
const COMMISSIONER: &str = "S9B9J";
const KENT: &str = "E10000016";

/// Seconds by which the hub's clock is ahead.
#[derive(Clone, Default)]
struct Ahead(Arc<AtomicI64>);

impl Ahead {
    fn days(&self, days: i64) {
        self.0.store(days * 86_400, Ordering::SeqCst);
    }

    async fn start(&self, site: &Site) -> Hub {
        let settings =
            Settings::load(Some(&site.path("hub.toml")), &|name| (name == "AMQP_URL").then(|| crate::http::NO_BROKER.to_owned()));
        let ahead = Arc::clone(&self.0);
        let clock = Arc::new(move || Timestamp::now() + SignedDuration::from_secs(ahead.load(Ordering::SeqCst)));
        Hub::start_by(&settings.unwrap(), clock).await.unwrap()
    }
}

async fn post(hub: &Hub, organisation: &str, body: &str) -> Value {
    let headers = [("Authorization", bearer(&token(organisation, "publish"))), ("Content-Type", "application/json".to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    ask(hub.address(), "POST /api/v1/messages", &headers, body.as_bytes()).await.json()
}

/// What is in an organisation's feed once there are so many.
async fn feed(hub: &Hub, organisation: &str, count: usize) -> Vec<Value> {
    let bearer = bearer(&token(organisation, "read"));
    let (mut items, mut after) = (Vec::new(), String::new());
    while items.len() < count {
        let line = format!("GET /api/v1/feeds/{organisation}?wait=30{after}");
        let page = ask(hub.address(), &line, &[("Authorization", &bearer)], b"").await.json();
        items.extend(page["items"].as_array().unwrap().clone());
        after = format!("&after={}", page["next"].as_str().unwrap());
    }
    items
}

fn counted(hub: &Hub, kind: &str, action: &str) -> Option<u32> {
    let name = format!("placement_hub_obligations_total{{action=\"{action}\",kind=\"{kind}\"}} ");
    hub.metrics.encode().lines().find_map(|line| line.strip_prefix(name.as_str()).and_then(|count| count.parse().ok()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_that_nobody_reads_comes_back_to_its_council() {
    let (site, sink) = site().await;
    let endpoints = std::fs::read_to_string(site.path("endpoints.toml")).unwrap();
    let answering = endpoints.replace("adapter = \"feed\"\n", "adapter = \"feed\"\nacknowledges = true\n");
    std::fs::write(site.path("endpoints.toml"), answering).unwrap();
    let ahead = Ahead::default();
    let hub = ahead.start(&site).await;

    let told = post(&hub, KENT, first_placement(Format::Json, "104233").with("/referral", Value::Null).text()).await;
    assert_eq!(told["verdict"], "accepted", "{told}");
    let id = |item: &Value| item["id"].as_str().unwrap().parse().unwrap();
    let (council, commissioner) = (id(&feed(&hub, COUNCIL, 1).await[0]), id(&feed(&hub, COMMISSIONER, 1).await[0]));
    let today = &crate::support::letter::day(0);
    let read = acknowledged("read-1", COMMISSIONER, commissioner, today);
    assert_eq!(post(&hub, COMMISSIONER, &read.0.to_string()).await["verdict"], "accepted");
    let foreign = acknowledged("read-2", COMMISSIONER, council, today);
    let refused = post(&hub, COMMISSIONER, &foreign.0.to_string()).await;
    assert_eq!(refused["reasons"][0]["code"], "unknown-notice", "another's notice is not there: {refused}");

    // A week on there are two working days in any week: the council is reminded, whoever has answered is not.
    ahead.days(7);
    let reminder = feed(&hub, COUNCIL, 2).await.remove(1);
    assert_eq!((&reminder["type"], &reminder["data"]["task"]), (&"worker-task.v1".into(), &"acknowledge-notice".into()), "{reminder}");
    assert_eq!(reminder["data"]["notice"]["id"], council.to_string());
    hub.stop().await;

    // A hub that starts weeks later finds that the clock has run out.
    ahead.days(60);
    let hub = ahead.start(&site).await;
    let escalation = sink
        .until("the escalation", |arrivals| arrivals.iter().find(|each| each.recipient == KENT && each.kind() == "worker-task").cloned())
        .await
        .event();
    let data = &escalation["data"];
    assert_eq!((&data["task"], &data["recipient"], &data["child"]), (&"notice-not-acknowledged".into(), &COUNCIL.into(), &"104233".into()));
    assert_eq!(data["notice"]["id"], council.to_string());

    // At last. Both tasks have lapsed, which needs no word.
    let read = acknowledged("read-3", COUNCIL, council, today);
    assert_eq!(post(&hub, COUNCIL, &read.0.to_string()).await["verdict"], "accepted");
    assert_eq!(counted(&hub, "arrival-notice", "acknowledged"), Some(1));
    assert_eq!(counted(&hub, "worker-task", "withdrawn"), Some(2));
    assert_eq!(feed(&hub, COMMISSIONER, 1).await.len(), 1, "whoever has answered is not chased");
    hub.stop().await;
    let shown = site.json(&["deliveries", "list", "--recipient", COUNCIL, "--json"]);
    let states: Vec<_> =
        shown.as_array().unwrap().iter().map(|row| (row["kind"].as_str().unwrap(), row["state"].as_str().unwrap())).collect();
    assert_eq!(states, [("worker-task", "accepted"), ("arrival-notice", "acknowledged")]);
}

/// Who begins to acknowledge is chased for what is issued from then on, although nothing is said of the child meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_begins_to_acknowledge_is_chased_from_then_on() {
    let (site, _sink) = site().await;
    let ahead = Ahead::default();
    let hub = ahead.start(&site).await;
    assert_eq!(
        post(&hub, KENT, first_placement(Format::Json, "104233").with("/referral", Value::Null).text()).await["verdict"],
        "accepted"
    );
    feed(&hub, COUNCIL, 1).await;
    let endpoints = std::fs::read_to_string(site.path("endpoints.toml")).unwrap();
    let today = crate::support::letter::day(0);
    let feed_of = |code: &str| format!("organisation = \"{code}\"\nadapter = \"feed\"\n");
    let answering = endpoints.replace(&feed_of(COUNCIL), &format!("{}acknowledges = \"{today}\"\n", feed_of(COUNCIL)));
    let later = crate::support::letter::day(1);
    let answering = answering.replace(&feed_of(COMMISSIONER), &format!("{}acknowledges = \"{later}\"\n", feed_of(COMMISSIONER)));
    std::fs::write(site.path("endpoints.toml"), answering).unwrap();
    let reloaded = hub.reloader().reload(false).await.unwrap();
    assert_eq!((reloaded.changes.len(), reloaded.consequences.differently), (2, 0), "{reloaded:?}");
    ahead.days(7);
    assert_eq!(feed(&hub, COUNCIL, 2).await[1]["data"]["task"], "acknowledge-notice");
    assert_eq!(feed(&hub, COMMISSIONER, 1).await.len(), 1);
    hub.stop().await;
}
