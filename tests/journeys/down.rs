//! Recipients that are down, slow, gone, unwilling or unknown.

use crate::support::door::{Door, url};
use crate::support::letter::{Format, first_placement};
use crate::support::sink::{Arrival, Mode, Sink, TAKES, answer};
use crate::support::site::{EVERYBODY, Plan, Site};
use domain::delivery::DeliveryState;
use domain::port::{DeliveryFilter, LedgerView};
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

/// More children than a dead recipient's lane takes at once.
const CHILDREN: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipients_that_are_down_get_all_of_it_later_and_hold_up_nobody() {
    let url = url("t12");
    let door = Door::open(url.clone(), 20).await;
    let plan = Plan { timeout: 2, ..Plan::default() };
    let (site, sink) = Site::with_sink(&url, &plan).await;
    sink.tell("QKS", Mode::Answer { status: 503, retry_after: Some(2) });
    sink.tell("S9B9J", Mode::Hang);
    sink.tell("RX2", Mode::Reset);
    let hub = site.start().await;
    let placements = (0..CHILDREN).map(|n| first_placement(Format::Json, &format!("C{n}")).outgoing()).collect();
    door.publish(placements).await;

    // Brighton has all of its notices while not one of the others has taken any.
    let taken = |arrivals: &[Arrival]| of(arrivals, "E06000043").into_iter().filter(|each| each.was_taken()).count();
    sink.until("Brighton's notices", |arrivals| (taken(arrivals) >= CHILDREN).then_some(())).await;
    assert_eq!(sink.taken(), vec!["arrival-notice -> E06000043"; CHILDREN]);
    let recovers = |recipient: &'static str| {
        let sink = &sink;
        async move {
            sink.until(&format!("more attempts at {recipient}"), |arrivals| tried_again(&of(arrivals, recipient))).await;
            sink.tell(recipient, TAKES);
        }
    };
    tokio::join!(recovers("QKS"), recovers("S9B9J"), recovers("RX2"));
    sink.until_taken(4 * CHILDREN).await;
    hub.stop().await;
    door.assert_empty().await;

    let arrivals = sink.arrivals();
    for recipient in ["QKS", "S9B9J", "RX2", "E06000043"] {
        let mine = of(&arrivals, recipient);
        let ids: HashSet<_> = mine.iter().map(|each| each.id).collect();
        let bodies: HashSet<_> = mine.iter().map(|each| (each.id, &each.body)).collect();
        assert_eq!((ids.len(), bodies.len()), (CHILDREN, CHILDREN), "{recipient}: each retry has the first attempt's id and bytes");
    }
    assert!(arrivals.iter().all(|arrival| arrival.signed));
    // `Retry-After` is a floor for a delivery: never sooner.
    for id in of(&arrivals, "QKS").iter().map(|each| each.id).collect::<HashSet<_>>() {
        let times: Vec<_> = arrivals.iter().filter(|each| each.id == id).collect();
        for pair in times.windows(2).filter(|pair| !pair[0].was_taken()) {
            assert!(pair[1].at - pair[0].at >= Duration::from_secs(2), "{:?}", pair[1].at - pair[0].at);
        }
    }
    let balance = site.balances().await;
    assert_eq!(balance.states, [(DeliveryState::Delivered, 4 * CHILDREN as u64)]);
    assert_eq!(balance.attempts, arrivals.len() as u64, "each attempt is kept, and none was made up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gone_unwilling_and_unknown_recipients_keep_what_is_theirs() {
    let url = url("t13");
    let mut door = Door::open(url.clone(), 20).await;
    let sink = Sink::start().await;
    let without_brighton: Vec<_> = EVERYBODY.into_iter().filter(|code| *code != "E06000043").collect();
    let site = Site::new(&url, sink.address, &Plan { recipients: &without_brighton, ..Plan::default() });
    sink.tell("QKS", answer(410));
    sink.tell("S9B9J", answer(400));
    let hub = site.start().await;
    door.accepted(&first_placement(Format::Json, "104233")).await;
    sink.until("an attempt at each", |arrivals| (arrivals.len() == 3).then_some(())).await;
    hub.stop().await;
    assert_eq!(
        standing(&site).await,
        ["E06000043 held after 0: no-endpoint", "QKS held after 1: endpoint-gone", "RX2 delivered after 1: ", "S9B9J dead after 1: 400",]
    );
    site.balances().await;

    // Brighton gets an endpoint; the one that was gone gets one try at a start, and is there again. What is dead stays so.
    let all = Site::new(&url, sink.address, &Plan::default());
    for file in ["endpoints.toml", "E06000043.whsec"] {
        std::fs::copy(all.path(file), site.path(file)).unwrap();
    }
    sink.tell("QKS", TAKES);
    sink.tell("S9B9J", TAKES);
    let hub = site.start().await;
    sink.until_taken(3).await;
    hub.stop().await;
    door.assert_empty().await;
    assert_eq!(
        standing(&site).await,
        ["E06000043 delivered after 1: ", "QKS delivered after 2: ", "RX2 delivered after 1: ", "S9B9J dead after 1: 400"]
    );
    let attempts: BTreeMap<_, _> = EVERYBODY.iter().map(|code| (*code, of(&sink.arrivals(), code).len())).filter(|(_, n)| *n > 0).collect();
    assert_eq!(attempts, BTreeMap::from([("E06000043", 1), ("QKS", 2), ("RX2", 1), ("S9B9J", 1)]));
    site.balances().await;
}

fn of<'a>(arrivals: &'a [Arrival], recipient: &str) -> Vec<&'a Arrival> {
    arrivals.iter().filter(|arrival| arrival.recipient == recipient).collect()
}

/// Whether the first failures were followed by others: a lane that failed or was told to wait pauses, then asks with one.
fn tried_again(arrivals: &[&Arrival]) -> Option<()> {
    let pause = |pair: &[&Arrival]| pair[1].at - pair[0].at >= Duration::from_secs(1);
    (arrivals.windows(2).filter(|pair| pause(pair)).count() >= 1).then_some(())
}

/// By recipient: state, attempts, and the first word of the reason.
async fn standing(site: &Site) -> Vec<String> {
    let rows = site.ledger().deliveries(DeliveryFilter { limit: 100, ..DeliveryFilter::default() }).await.unwrap();
    let mut lines: Vec<_> = rows
        .iter()
        .map(|row| {
            let reason = row.reason.as_deref().filter(|_| row.state != DeliveryState::Delivered).unwrap_or_default();
            let word = reason.split([' ', ':', ';']).next().unwrap_or_default();
            format!("{} {} after {}: {word}", row.recipient, row.state, row.attempts)
        })
        .collect();
    lines.sort();
    lines
}
