//! All five message types, in both formats, on one hub.

use crate::support::door::{Door, url};
use crate::support::letter::{Format, Letter, day, first_placement};
use crate::support::sink::{Arrival, Sink};
use crate::support::site::{Plan, Site};
use domain::delivery::{DeliveryState, Kind, Line};
use domain::port::{DeliveryFilter, LedgerView};
use std::collections::HashMap;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_message_types_in_two_formats_become_signed_deliveries_in_order() {
    let url = url("t10");
    let mut door = Door::open(url.clone(), 20).await;
    let (site, sink) = Site::with_sink(&url, &Plan::default()).await;
    let hub = site.start().await;
    let mut acknowledged = Vec::new();
    for (format, child) in [(Format::Json, "104233"), (Format::Xml, "104234")] {
        acknowledged.push(tell(&mut door, &sink, format, child).await);
    }
    hub.stop().await;
    door.assert_empty().await;

    let expected = [
        ("arrival-notice -> E06000043", 2),
        ("arrival-notice -> QKS", 2),
        ("arrival-notice -> S9B9J", 2),
        ("reclaim-request -> QKS", 4),
        ("referral -> RX2", 4),
    ];
    let expected: Vec<_> = expected.into_iter().flat_map(|(line, count)| std::iter::repeat_n(line, count)).collect();
    assert_eq!(sink.taken(), expected);
    for arrival in sink.arrivals() {
        is_a_signed_event(&arrival);
    }
    in_order(&sink.arrivals(), &site.children());

    let balance = site.balances().await;
    assert_eq!((balance.messages, balance.deliveries), (14, 14));
    let ledger = site.ledger();
    let rows = ledger.deliveries(DeliveryFilter { limit: 100, ..DeliveryFilter::default() }).await.unwrap();
    for row in rows {
        // The dispute changed nothing: what was delivered stands, and one notice of each child was acknowledged.
        let expected = if acknowledged.contains(&row.id) { DeliveryState::Acknowledged } else { DeliveryState::Delivered };
        assert_eq!((row.state, row.attempts), (expected, 1), "{} {}", row.kind, row.recipient);
    }
}

/// One child's story; answers which notice was acknowledged.
async fn tell(door: &mut Door, sink: &Sink, format: Format, child: &str) -> Uuid {
    let told = sink.count();
    door.accepted(&first_placement(format, child)).await;
    sink.until_taken(told + 4).await;

    for status in ["received", "assessed", "treatment-started"] {
        let update = Letter::example(format, "referral-update", status)
            .with("/messageId", format!("{child}-{status}"))
            .with("/referral/id", format!("{child}-R1"))
            .with("/referral/child", child)
            .with("/occurredOn", day(0));
        door.accepted(&update).await;
    }
    sink.until_taken(told + 6).await;
    let arrivals = sink.arrivals().split_off(told);
    let claims: Vec<_> = arrivals.iter().filter(|each| each.kind() == "reclaim-request").map(|each| each.event()["data"].clone()).collect();
    assert_eq!([&claims[0]["stage"], &claims[1]["stage"]], ["assessment", "treatment"]);
    let disputed = Letter::example(format, "reclaim-update", "disputed")
        .with("/messageId", format!("{child}-disputed"))
        .with("/claim/id", claims[0]["claim"].as_str().unwrap())
        .with("/occurredOn", day(0));
    door.accepted(&disputed).await;

    let notice = arrivals.iter().find(|each| each.recipient == "E06000043").unwrap().id;
    let read = Letter::example(format, "acknowledgement", "read-by-an-authority")
        .with("/messageId", format!("{child}-read"))
        .with("/publisher", "E06000043")
        .with("/notice/id", notice.to_string())
        .with("/occurredOn", day(0));
    door.accepted(&read).await;

    let concern = Letter::example(format, "wellbeing-concern", "follows-an-earlier-referral")
        .with("/messageId", format!("{child}-concern"))
        .with("/child/localId", child)
        .with("/referral/id", format!("{child}-R2"))
        .with("/referral/follows", format!("{child}-R1"))
        .with("/observedOn", day(0));
    door.accepted(&concern).await;
    sink.until_taken(told + 7).await;
    notice
}

fn is_a_signed_event(arrival: &Arrival) {
    assert!(arrival.signed, "{} to {}", arrival.kind(), arrival.recipient);
    assert_eq!(arrival.content_type, "application/cloudevents+json");
    let event = arrival.event();
    assert_eq!(event["id"], arrival.id.to_string(), "the envelope's id is the header `webhook-id`");
    assert_eq!([&event["specversion"], &event["datacontenttype"], &event["source"]], ["1.0", "application/json", "urn:placement-hub"]);
    assert!(event["type"].as_str().unwrap().ends_with(".v1"));
    event["subject"].as_str().unwrap().parse::<Uuid>().unwrap();
    assert!(event["data"]["basis"].is_string() && event["data"]["sequence"].is_u64(), "{event:#}");
}

/// Care and money each in sequence, per recipient and child.
fn in_order(arrivals: &[Arrival], children: &HashMap<Uuid, i64>) {
    let mut last: HashMap<(&str, i64, Line), u64> = HashMap::new();
    for arrival in arrivals {
        let line = arrival.kind().parse::<Kind>().unwrap().line();
        let before = last.insert((&arrival.recipient, children[&arrival.id], line), arrival.sequence);
        assert!(before.is_none_or(|before| before < arrival.sequence), "{} to {}", arrival.kind(), arrival.recipient);
    }
    assert!(last.len() > 4, "nothing was compared");
}
