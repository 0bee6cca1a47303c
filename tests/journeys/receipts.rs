//! What publishers are told, whatever they send.

use crate::support::door::{Door, url, within};
use crate::support::letter::{Format, Letter, day, first_placement};
use crate::support::site::{Plan, Site};
use amqp::{Outgoing, Reader};
use serde_json::Value;
use std::path::Path;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_is_recorded_and_answered_and_none_comes_for_ever() {
    let url = url("t11");
    let mut door = Door::open(url.clone(), 20).await;
    let mut replies = Reader::of_replies(&url).await.unwrap();
    let (site, sink) = Site::with_sink(&url, &Plan::default()).await;
    let hub = site.start().await;

    let first = first_placement(Format::Json, "104233");
    let accepted = door.send(&first).await;
    assert_eq!(accepted["verdict"], "accepted", "{accepted:#}");
    assert_eq!(accepted["obligations"].as_array().unwrap().len(), 4, "{accepted:#}");
    // The same bytes again, and the same message in the other format.
    for again in [&first, &first_placement(Format::Xml, "104233").with("/sentAt", sent_at(&first))] {
        let receipt = door.send(again).await;
        assert_eq!((&receipt["verdict"], &receipt["obligations"]), (&Value::from("duplicate"), &accepted["obligations"]), "{receipt:#}");
    }
    let parked = door.send(&a_move_without_its_predecessor()).await;
    assert_eq!((&parked["verdict"], codes(&parked)), (&Value::from("parked"), vec!["awaits-predecessor /placement".to_owned()]));

    // Other content under the same id; somebody else's exchange key; nobody that the hub knows; an unknown claim and notice.
    let reused = first.clone().with("/placement/carer", "B. Carer").outgoing();
    let key = Outgoing { routing_key: "placement-change.E06000043".to_owned(), ..first_placement(Format::Json, "104235").outgoing() };
    let stranger = first_placement(Format::Json, "104236").with("/publisher", "E06000001").outgoing();
    let claim = Letter::example(Format::Json, "reclaim-update", "paid").with("/claim/id", "CLM-NONE").outgoing();
    let notice = Letter::example(Format::Xml, "acknowledgement", "read-by-an-authority").with("/publisher", "E10000016").outgoing();
    let garbage = Outgoing { body: b"\xff\xfe\x00 not a document".to_vec(), message_id: Some("garbage".to_owned()), ..first.outgoing() };
    for (message, expected) in [
        (reused, vec!["message-id-reused /messageId"]),
        (key, vec!["wrong-routing-key "]),
        (stranger, vec!["unknown-publisher /publisher"]),
        (claim, vec!["unknown-claim /claim/id"]),
        (notice, vec!["unknown-notice /notice/id"]),
        (garbage, vec!["not-utf8 "]),
    ] {
        let receipt = answered(&door, &mut replies, message).await;
        assert_eq!((&receipt["verdict"], codes(&receipt)), (&Value::from("rejected"), expected.into_iter().map(str::to_owned).collect()));
    }

    // Every reason at once, in both formats; and the same again, which is recorded once.
    for extension in ["json", "xml", "xml"] {
        let (body, expected) = many_mistakes(extension);
        let content_type = Some(format!("application/{extension}"));
        let receipt = answered(&door, &mut replies, Outgoing { body, content_type, ..first.outgoing() }).await;
        assert_eq!(codes(&receipt), expected);
    }
    sink.until_taken(4).await;
    hub.stop().await;
    door.assert_empty().await;

    let balance = site.balances().await;
    // One accepted, one parked, one under a used id, five refused, two wrong in every way.
    assert_eq!(balance.messages, 2 + 1 + 5 + 2, "only duplicates add no message");
    // What was refused is found by the id that its publisher wrote, as what was taken is.
    let lines = site.json(&["trace", &first.message_id(), "--json"]);
    let told = |verdict: &str| lines.as_array().unwrap().iter().any(|line| line["text"].as_str().unwrap().contains(verdict));
    assert!(told("accepted") && told("rejected"), "{lines:#}");
    let digest = ring::digest::digest(&ring::digest::SHA256, b"\xff\xfe\x00 not a document");
    let key = digest.as_ref().iter().fold("sha256:".to_owned(), |key, byte| key + &format!("{byte:02x}"));
    let lines = site.json(&["trace", &key, "--json"]);
    assert!(lines[0]["text"].as_str().unwrap().contains("rejected"), "{lines:#}");
}

fn sent_at(letter: &Letter) -> Value {
    serde_json::from_str::<Value>(letter.text()).unwrap()["sentAt"].clone()
}

/// Months away, so that its own deadline does not press.
fn a_move_without_its_predecessor() -> Letter {
    first_placement(Format::Json, "104234")
        .with("/carePeriod/startedOn", day(-400))
        .with("/placement/startedOn", day(60))
        .with("/placement/expectedEndOn", day(90))
        .with("/placement/planned", true)
        .with("/placement/reasonForChange", "P")
}

/// Publishes with a `reply_to`, and answers the reply.
async fn answered(door: &Door, replies: &mut Reader, message: Outgoing) -> Value {
    let correlation = format!("correlation-{}", message.body.len());
    let asked = Outgoing { reply_to: Some(replies.queue().to_owned()), correlation_id: Some(correlation.clone()), ..message };
    door.publish(vec![asked]).await;
    let reply = within("a reply", replies.next()).await.unwrap();
    assert_eq!(reply.correlation_id, Some(correlation));
    serde_json::from_slice(&reply.body).unwrap()
}

fn codes(receipt: &Value) -> Vec<String> {
    let reasons = receipt["reasons"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    reasons.iter().map(|reason| format!("{} {}", text(&reason["code"]), text(&reason["path"]))).collect()
}

fn many_mistakes(extension: &str) -> (Vec<u8>, Vec<String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/placement-change/1.0/examples/invalid");
    let file = if extension == "json" { "many-mistakes-at-once.json" } else { "wrong-types-in-xml.xml" };
    let reasons = std::fs::read_to_string(folder.join(file).with_extension("reasons.json")).unwrap();
    let reasons: Value = serde_json::from_str(&reasons).unwrap();
    (std::fs::read(folder.join(file)).unwrap(), codes(&serde_json::json!({ "reasons": reasons })))
}
