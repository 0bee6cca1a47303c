//! The rail `queue`: what the broker answers, and that nothing is lost whatever becomes of it.

use super::{url, within};
use crate::adapters::heartbeat::beat;
use crate::support::{broker::Broker, envelope::envelope, python};
use amqp::{Queue, Reader, Settings, topology};
use domain::delivery::Kind;
use domain::directory::{Endpoint, Secret};
use domain::port::{Deliver, Parcel, Report};
use domain::retry::AttemptOutcome;
use futures_util::future::join_all;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

pub fn endpoint(organisation: &str, settings: &[(&str, &str)]) -> Endpoint {
    Endpoint {
        organisation: organisation.parse().unwrap(),
        place: None,
        adapter: "queue".to_owned(),
        url: String::new(),
        secrets: Vec::new(),
        allow_private: false,
        timeout_seconds: 20,
        concurrency: 16,
        settings: settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        secret_settings: BTreeMap::new(),
        agreed: domain::directory::Agreed::default(),
        from: None,
        to: None,
    }
}

async fn deliver(queue: &Queue, endpoint: &Endpoint, delivery: Uuid) -> Report {
    let now = "2026-11-22T12:00:00Z".parse().unwrap();
    let body = envelope(delivery);
    let parcel = Parcel { endpoint, delivery, kind: Kind::ArrivalNotice, body: &body, traceparent: Some(TRACE), first: true, now };
    let report = within("an answer", queue.deliver(parcel)).await;
    assert!(report.detail.chars().count() <= 200 && !report.detail.contains("Quillfeather"), "{report:?}");
    report
}

fn delivered(report: &Report) -> bool {
    matches!(report.outcome, AttemptOutcome::Delivered { .. })
}

/// What was said, and for how many seconds to leave it alone.
fn later(report: &Report) -> (&str, i64) {
    match &report.outcome {
        AttemptOutcome::TryLater { after, why } => (why, after.map_or(0, |after| after.as_secs())),
        other => panic!("{other:?}"),
    }
}

fn ids(numbers: std::ops::Range<u128>) -> Vec<Uuid> {
    let run = Uuid::now_v7().as_u128();
    numbers.map(|number| Uuid::from_u128(run.wrapping_add(number))).collect()
}

/// Reads until each of these has been seen at least once.
async fn read_all(url: &str, routing_key: &str, expected: &[Uuid]) {
    let mut reader = Reader::of_queue(url, &topology::delivery_queue(routing_key)).await.unwrap();
    let mut missing: BTreeSet<String> = expected.iter().map(ToString::to_string).collect();
    while !missing.is_empty() {
        let got = within(&format!("{} are missing", missing.len()), reader.next()).await.unwrap();
        missing.remove(&got.message_id.unwrap());
    }
    reader.close().await;
}

/// Deletes queues, with what an earlier run of a test has left in them: the runner's broker keeps its queues.
pub const DELETE: &str = r"
import pika, sys
channel = pika.BlockingConnection(pika.URLParameters(sys.argv[1])).channel()
for queue in sys.argv[2:]:
    channel.queue_delete(queue)
";

/// Reads one message as a supplier's own program would: the first time it dies over it, the second time it takes it; then deletes the queue.
const PIKA: &str = r"
import json, pika, sys
def get():
    connection = pika.BlockingConnection(pika.URLParameters(sys.argv[1]))
    channel, frame = connection.channel(), None
    while frame is None:
        frame, properties, body = channel.basic_get(sys.argv[2])
    return connection, frame, properties, body
connection, frame, properties, body = get()
lost = [frame.redelivered, properties.message_id]
connection.close()
connection, frame, properties, body = get()
print(json.dumps({'routing_key': frame.routing_key, 'exchange': frame.exchange, 'type': properties.type, 'message_id': properties.message_id,
    'content_type': properties.content_type, 'delivery_mode': properties.delivery_mode, 'headers': properties.headers,
    'redelivered': [*lost, frame.redelivered], 'event': json.loads(body)}))
connection.channel().queue_delete(sys.argv[2])
";

/// Declares an organisation's queue with one other limit at a time, and prints which the broker says it has.
const LIMITS: &str = r#"
import json, pika, sys
found = {}
for key in ['x-max-length', 'x-max-length-bytes', 'x-overflow']:
    channel = pika.BlockingConnection(pika.URLParameters(sys.argv[1])).channel()
    arguments = {'x-queue-type': 'quorum', 'x-max-length': 10000, 'x-max-length-bytes': 134217728, 'x-overflow': 'reject-publish'}
    arguments[key] = 'drop-head' if key == 'x-overflow' else 7
    try:
        channel.queue_declare(sys.argv[2], durable=True, arguments=arguments)
    except pika.exceptions.ChannelClosedByBroker as refused:
        found[key] = refused.reply_text.rsplit("current is '", 1)[1].split("'")[0]
print(json.dumps(found))
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_in_another_language_gets_it_with_its_properties() {
    let url = url("t09");
    let queue = Queue::new(&Settings::new(&url));
    python::run(DELETE, &[&url, &topology::delivery_queue("PIKA1"), &topology::delivery_queue("PIKA1.09D")], b"");
    let place = Endpoint { place: Some("09D".parse().unwrap()), ..endpoint("PIKA1", &[]) };
    for (endpoint, key) in [(endpoint("PIKA1", &[]), "PIKA1"), (place, "PIKA1.09D")] {
        let id = ids(0..1)[0];
        let report = deliver(&queue, &endpoint, id).await;
        let name = topology::delivery_queue(key);
        assert_eq!(report.outcome, AttemptOutcome::Delivered { receipt: format!("queue {name}") });
        let mut got: Value = serde_json::from_str(&python::run(PIKA, &[&url, &name], b"")).unwrap();
        // The broker's own: some versions give it from the first time on.
        got["headers"].as_object_mut().unwrap().remove("x-delivery-count");
        let expected = serde_json::json!({
            "routing_key": key, "exchange": "placement-hub.deliveries", "type": "arrival-notice", "message_id": id.to_string(),
            "content_type": "application/cloudevents+json", "delivery_mode": 2, "headers": { "traceparent": TRACE },
            "redelivered": [false, id.to_string(), true], "event": serde_json::from_slice::<Value>(&envelope(id)).unwrap()
        });
        assert_eq!(got, expected);
        // Deleted by that reader: told, and made good with the next attempt.
        let report = deliver(&queue, &endpoint, id).await;
        assert_eq!(report.status, Some(312), "{report:?}");
        assert!(later(&report).0.contains(&format!("`{name}` is gone or unbound")), "{report:?}");
        assert!(delivered(&deliver(&queue, &endpoint, id).await));
        let limits: Value = serde_json::from_str(&python::run(LIMITS, &[&url, &name], b"")).unwrap();
        let expected = serde_json::json!({ "x-max-length": "10000", "x-max-length-bytes": "134217728", "x-overflow": "reject-publish" });
        assert_eq!(limits, expected, "as the broker itself tells them");
    }
    queue.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_until_somebody_reads_and_other_limits_are_told() {
    let url = url("t09");
    let queue = Queue::new(&Settings::new(&url));
    python::run(DELETE, &[&url, &topology::delivery_queue("FULL1"), &topology::delivery_queue("FULL2")], b"");
    let small = endpoint("FULL1", &[("max_length", "2")]);
    let mut waiting = ids(0..12);
    let all = waiting.clone();
    let (mut rounds, mut refused) = (0, 0);
    while !waiting.is_empty() {
        let mut taken = Vec::new();
        for id in waiting.clone() {
            let report = deliver(&queue, &small, id).await;
            if delivered(&report) {
                taken.push(id);
            } else {
                assert!(later(&report).0.contains("is full"), "{report:?}");
                refused += 1;
            }
        }
        waiting.retain(|id| !taken.contains(id));
        read_all(&url, "FULL1", &taken).await;
        rounds += 1;
        assert!(rounds <= all.len() * 2, "it never empties");
    }
    assert!(refused > 0, "it was never full, so nothing is proved");

    let report = deliver(&queue, &endpoint("FULL1", &[("max_length", "3")]), all[0]).await;
    let (why, seconds) = later(&report);
    assert!(why.contains("`placement-hub.deliveries.FULL1` exists with other properties") && seconds == 900, "{report:?}");
    // And that is nobody else's trouble.
    assert!(delivered(&deliver(&queue, &endpoint("FULL2", &[]), all[0]).await));
    assert!(delivered(&deliver(&queue, &small, all[0]).await));
    read_all(&url, "FULL1", &all[..1]).await;
    queue.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_by_closed_connections_alarms_or_a_broker_that_is_away() {
    let broker = Broker::start("queue-faults");
    let url = broker.on("t01");
    let queue = Queue::new(&Settings::new(&url));
    let organisations: Vec<_> = (0..8).map(|n| endpoint(&format!("ORG{n}"), &[])).collect();
    let all: Vec<_> = ids(0..3_000);

    // Thousands on their way at once, and every connection is closed beneath them; what was not confirmed goes again, under its id.
    let mut waiting: Vec<_> = all.iter().enumerate().map(|(n, id)| (n % organisations.len(), *id)).collect();
    let mut rounds = 0;
    while !waiting.is_empty() {
        let sending = join_all(waiting.iter().map(|(to, id)| deliver(&queue, &organisations[*to], *id)));
        let closing = async {
            if rounds == 0 {
                tokio::task::block_in_place(|| broker.ctl(&["close_all_connections", "--vhost", "t01", "a test"]));
            }
        };
        let (reports, ()) = tokio::join!(sending, closing);
        let mut answers = reports.iter().map(delivered);
        waiting.retain(|_| !answers.next().unwrap());
        rounds += 1;
        assert!(rounds < 500, "{} are never delivered", waiting.len());
    }
    for (n, endpoint) in organisations.iter().enumerate() {
        let expected: Vec<_> = all.iter().copied().skip(n).step_by(organisations.len()).collect();
        read_all(&url, endpoint.organisation.as_str(), &expected).await;
    }

    // Short of memory: told at once, after the first that waited in vain, and over when the alarm is.
    let hasty = Endpoint { timeout_seconds: 1, ..organisations[0].clone() };
    broker.ctl(&["set_vm_memory_high_watermark", "absolute", "1MB"]);
    let blocked = within("the broker blocks", async {
        loop {
            let report = deliver(&queue, &hasty, all[0]).await;
            if !delivered(&report) && later(&report).0.contains("short of memory or disk: free some") {
                return report;
            }
        }
    });
    assert_eq!(later(&blocked.await).1, 30);
    broker.ctl(&["set_vm_memory_high_watermark", "0.6"]);
    within("it is delivered again", async { while !delivered(&deliver(&queue, &hasty, all[0]).await) {} }).await;

    // Away: one attempt to connect serves all, and they are told how long to wait.
    broker.does("kill");
    within("it is noticed", async { while delivered(&deliver(&queue, &hasty, all[0]).await) {} }).await;
    let reports = join_all(all[..200].iter().map(|id| deliver(&queue, &organisations[1], *id))).await;
    assert!(reports.iter().all(|report| later(report).0.contains("RabbitMQ at")), "{:?}", reports[0]);
    within("starting", broker.starting()).await.unwrap();
    within("it is back", async { while !delivered(&deliver(&queue, &hasty, all[1]).await) {} }).await;
    read_all(&url, "ORG0", &all[..2]).await;
    queue.close().await;
}

#[test]
fn every_mistake_of_an_endpoint_is_told() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let queue = runtime.block_on(async { Queue::new(&Settings::new("amqp://u:p@127.0.0.1:1/")) });
    assert_eq!(queue.check(&endpoint("RX2", &[("max_length", "500"), ("max_length_bytes", "8388608")])), Vec::<String>::new());
    let wrong = Endpoint {
        url: "amqp://elsewhere".to_owned(),
        secrets: vec![Secret("whsec_x".to_owned())],
        ..endpoint("RX2", &[("max_length", "0"), ("max_length_bytes", "lots"), ("ttl", "5")])
    };
    assert_eq!(queue.check(&wrong).len(), 5, "{:?}", queue.check(&wrong));
}

/// Marked by its type, and gone when the next one is due.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_heartbeat_is_a_message_that_expires() {
    let url = url("t09");
    python::run(DELETE, &[&url, &topology::delivery_queue("PULSE1")], b"");
    let beaten = beat(Queue::new(&Settings::new(&url)), &endpoint("PULSE1", &[])).await;
    assert!(beaten.is_well(), "{beaten:?}");
    let got: Value = serde_json::from_str(&python::run(PULSE, &[&url, &topology::delivery_queue("PULSE1")], b"")).unwrap();
    assert_eq!(got, serde_json::json!({ "type": "heartbeat", "expiration": "900000", "event": "heartbeat.v1", "test": true }));
}

/// Reads a heartbeat, and deletes the queue.
const PULSE: &str = r"
import json, pika, sys
channel = pika.BlockingConnection(pika.URLParameters(sys.argv[1])).channel()
frame, properties, body = channel.basic_get(sys.argv[2], auto_ack=True)
event = json.loads(body)
print(json.dumps({'type': properties.type, 'expiration': properties.expiration, 'event': event['type'], 'test': event['data']['test']}))
channel.queue_delete(sys.argv[2])
";
