//! From the publisher's `traceparent` to the recipient's: the spans as a collector gets them.

use crate::support::door::{Door, url, within};
use crate::support::letter::{Format, first_placement};
use crate::support::python::Running;
use crate::support::sink::answer;
use crate::support::site::{Plan, Site};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use tokio::sync::watch;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PUBLISHER: &str = "00f067aa0ba902b7";

struct Collector {
    port: u16,
    spans: watch::Receiver<Vec<Value>>,
    _running: Running,
}

impl Collector {
    fn start() -> Self {
        let mut running = Running::start(include_str!("collector.py"), &[]);
        let mut lines = BufReader::new(running.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines.next().expect("it says its port").trim().parse().unwrap();
        let (taken, spans) = watch::channel(Vec::new());
        std::thread::spawn(move || {
            lines.for_each(|line| taken.send_modify(|spans| spans.push(serde_json::from_str(&line).unwrap())));
        });
        Self { port, spans, _running: running }
    }

    async fn until(&mut self, what: &str, is_so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        within(what, self.spans.wait_for(|spans| is_so(spans))).await.unwrap().clone()
    }
}

fn named<'a>(spans: &'a [Value], name: &str) -> Vec<&'a Value> {
    spans.iter().filter(|span| span["name"] == name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_reaches_from_the_publisher_to_each_recipient() {
    let url = url("t27");
    let mut collector = Collector::start();
    let door = Door::open(url.clone(), 20).await;
    let settings = format!("[telemetry]\notlp_endpoint = \"http://127.0.0.1:{}/v1/traces\"\n", collector.port);
    let (site, sink) = Site::with_sink(&url, &Plan { settings: &settings, ..Plan::default() }).await;
    // The first try fails, and the next one does not.
    sink.tell("QKS", answer(500));
    let hub = site.start().await;
    let mut message = first_placement(Format::Json, "270001").outgoing();
    message.traceparent = Some(format!("00-{TRACE}-{PUBLISHER}-01"));
    door.publish(vec![message]).await;
    sink.until("a try at QKS", |arrivals| arrivals.iter().any(|arrival| arrival.recipient == "QKS").then_some(())).await;
    sink.tell("QKS", answer(200));
    sink.until_taken(4).await;
    hub.stop().await;

    let spans = collector.until("the spans", |spans| named(spans, "deliver").len() >= 5 && named(spans, "receive").len() == 1).await;
    assert!(spans.iter().all(|span| span["trace"] == TRACE && span["service"] == "placement-hub"), "{spans:#?}");
    let receive = named(&spans, "receive")[0];
    assert_eq!((&receive["parent"], &receive["kind"]), (&Value::from(PUBLISHER), &Value::from(5)), "a consumer, called by the publisher");
    assert_eq!(receive["attributes"]["placement_hub.verdict"], "accepted");
    let record = named(&spans, "record")[0];
    assert_eq!(record["parent"], receive["span"]);
    for deliver in named(&spans, "deliver") {
        assert_eq!((&deliver["parent"], &deliver["kind"]), (&receive["span"], &Value::from(3)), "a client, because of the message");
    }
    let outcomes: Vec<_> =
        named(&spans, "deliver").into_iter().filter(|span| span["attributes"]["placement_hub.recipient"] == "QKS").collect();
    assert!(outcomes.iter().any(|span| span["failed"] == true && span["attributes"]["http.response.status_code"] == 500), "{outcomes:#?}");
    assert!(
        outcomes.iter().any(|span| span["failed"] == false && span["attributes"]["placement_hub.outcome"] == "delivered"),
        "{outcomes:#?}"
    );

    // What a recipient got is the attempt that brought it.
    for arrival in sink.arrivals() {
        let its_own = |span: &&Value| arrival.traceparent == format!("00-{TRACE}-{}-01", span["span"].as_str().unwrap());
        let span = named(&spans, "deliver").into_iter().find(its_own).unwrap_or_else(|| panic!("no span of {}", arrival.traceparent));
        assert_eq!(span["attributes"]["placement_hub.delivery"], arrival.id.to_string());
    }
    let told = format!("{spans:?}");
    for secret in ["270001", "Ada", "BN1", "9990000018"] {
        assert!(!told.contains(secret), "{secret} is in the spans");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_costs_nothing_but_spans() {
    let url = url("t26");
    let door = Door::open(url.clone(), 20).await;
    let settings = "[telemetry]\notlp_endpoint = \"http://127.0.0.1:9/v1/traces\"\n";
    let (site, sink) = Site::with_sink(&url, &Plan { settings, ..Plan::default() }).await;
    let hub = site.start().await;
    door.publish(vec![first_placement(Format::Json, "260001").outgoing()]).await;
    sink.until_taken(4).await;
    hub.stop().await;
    site.balances().await;
}
