//! What was sent is corrected or withdrawn; what was not is taken back and never seen.

use crate::support::door::{Door, url};
use crate::support::letter::{Format, Letter, day, first_placement};
use crate::support::sink::{Arrival, Mode, TAKES};
use crate::support::site::{Plan, Site};
use domain::delivery::DeliveryState;

const CHILD: &str = "104233";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amendments_are_seen_by_those_who_were_told_and_by_nobody_else() {
    let url = url("t14");
    let mut door = Door::open(url.clone(), 20).await;
    let (site, sink) = Site::with_sink(&url, &Plan::default()).await;
    let hub = site.start().await;
    door.accepted(&first_placement(Format::Json, CHILD)).await;
    sink.until_taken(4).await;

    // Delivered, then amended: those who were told are corrected, and the provider of the referral is not concerned.
    door.accepted(
        &first_placement(Format::Xml, CHILD).with("/messageId", "m2").with("/placement/version", 2).with("/placement/carer", "B. Carer"),
    )
    .await;
    let corrected = sink.until("corrections", |arrivals| of_kind(arrivals, "notice-correction", 3)).await;
    for correction in corrected {
        let data = &correction.event()["data"];
        assert_eq!((&data["supersedes"], &data["sequence"]), (&1.into(), &2.into()));
        assert_eq!(data["placement"]["address"]["carer"], "B. Carer");
    }

    // A move to Southampton while the commissioner of Brighton does not answer: one of its two notices is on its way, the
    // other waits behind.
    sink.tell("S9B9J", Mode::Hang);
    let told = sink.count();
    door.accepted(&moved(1)).await;
    sink.until("the move's notices", |arrivals| {
        let told = &arrivals[told..];
        let hangs = told.iter().any(|each| each.recipient == "S9B9J");
        (hangs && ["E06000045", "QRL", "E06000043", "QKS"].iter().all(|code| took(told, code))).then_some(())
    })
    .await;
    // To Oxford instead: Southampton's notices are withdrawn.
    door.accepted(&moved(2).with("/placement/postcode", "OX1 1BU").with("/placement/localAuthority", "E10000025")).await;
    let withdrawn = sink.until("Southampton's withdrawals", |arrivals| of_kind(arrivals, "notice-withdrawal", 2)).await;
    let mut withdrawn: Vec<_> = withdrawn.into_iter().map(|each| each.recipient).collect();
    withdrawn.sort();
    assert_eq!(withdrawn, ["E06000045", "QRL"]);
    sink.until("Oxford's notices", |arrivals| ["E10000025", "S0E4D"].iter().all(|code| took(arrivals, code)).then_some(())).await;
    // And it never took place at all: all that was told of it is withdrawn, and what still waited is never seen.
    door.accepted(&moved(3).with("/placement/status", "cancelled")).await;
    sink.until("Oxford's withdrawals, and of the end in Brighton", |arrivals| of_kind(arrivals, "notice-withdrawal", 6)).await;
    sink.tell("S9B9J", TAKES);
    sink.until("the hanging commissioner's last", |arrivals| {
        let last = arrivals.iter().rfind(|each| each.recipient == "S9B9J" && each.was_taken())?;
        (last.kind() == "notice-withdrawal").then_some(())
    })
    .await;
    hub.stop().await;
    door.assert_empty().await;

    let arrivals = sink.arrivals();
    let mine: Vec<_> = arrivals.iter().filter(|each| each.recipient == "S9B9J" && each.was_taken()).collect();
    let sequences: Vec<_> = mine.iter().map(|each| each.sequence).collect();
    let mut in_order = sequences.clone();
    in_order.sort_unstable();
    in_order.dedup();
    assert_eq!(sequences, in_order);
    let balance = site.balances().await;
    let count = |state| balance.states.iter().find(|(each, _)| *each == state).map_or(0, |(_, count)| *count);
    assert!(count(DeliveryState::Withdrawn) > 0, "something was taken back unsent: {:?}", balance.states);
    let ids: std::collections::HashSet<_> = arrivals.iter().map(|each| each.id).collect();
    assert_eq!(count(DeliveryState::Delivered), ids.len() as u64, "what was taken back was never seen: {:?}", balance.states);
}

/// The second placement of the same care period, in Southampton.
fn moved(version: u32) -> Letter {
    first_placement(Format::Json, CHILD)
        .with("/messageId", format!("move-{version}"))
        .with("/placement/id", format!("{CHILD}-2"))
        .with("/placement/version", version)
        .with("/placement/reasonForChange", "P")
        .with("/placement/startedOn", day(-1))
        .with("/placement/postcode", "SO14 7LY")
        .with("/placement/localAuthority", "E06000045")
        .with("/referral", serde_json::Value::Null)
}

fn of_kind(arrivals: &[Arrival], kind: &str, count: usize) -> Option<Vec<Arrival>> {
    let found: Vec<_> = arrivals.iter().filter(|each| each.kind() == kind && each.was_taken()).cloned().collect();
    (found.len() >= count).then_some(found)
}

fn took(arrivals: &[Arrival], recipient: &str) -> bool {
    arrivals.iter().any(|each| each.recipient == recipient && each.was_taken())
}
