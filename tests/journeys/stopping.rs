//! SIGTERM in the middle of things.

use crate::support::door::{Door, url};
use crate::support::letter::{Format, first_placement};
use crate::support::sink::{Mode, TAKES};
use crate::support::site::{EVERYBODY, Plan, Site};
use domain::delivery::DeliveryState;
use std::collections::HashSet;
use std::time::{Duration, Instant};

const CHILDREN: usize = 150;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_stop_it_finishes_what_is_in_hand_and_repeats_nothing() {
    let url = url("t15");
    let door = Door::open(url.clone(), 20).await;
    let (site, sink) = Site::with_sink(&url, &Plan::default()).await;
    for recipient in EVERYBODY {
        sink.tell(recipient, Mode::Hang);
    }
    let mut hub = site.start().await;
    let placements = |from: usize, to: usize| (from..to).map(|n| first_placement(Format::Json, &format!("C{n}")).outgoing()).collect();
    door.publish(placements(0, CHILDREN)).await;
    // Four recipients, sixteen at once each.
    sink.until("deliveries in flight", |arrivals| (arrivals.len() >= 32).then_some(())).await;
    // More come in while it is told to stop.
    door.publish(placements(CHILDREN, 2 * CHILDREN)).await;
    let told = Instant::now();
    hub.terminate();
    crate::support::door::within("the hub's word that it stops", async {
        while !hub.log().contains("told to stop") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    for recipient in EVERYBODY {
        sink.tell(recipient, TAKES);
    }
    assert!(hub.ended().await.success(), "{}", hub.log());
    // A supervisor's patience; a promise to operators, so it is asserted.
    assert!(told.elapsed() < Duration::from_secs(30), "{:?}", told.elapsed());
    let half_way = site.balances().await;
    assert!(
        half_way.states.iter().any(|(state, count)| *state == DeliveryState::Due && *count > 0),
        "nothing was left to do: {half_way:?}"
    );

    let hub = site.start().await;
    sink.until_taken(8 * CHILDREN).await;
    hub.stop().await;
    door.assert_empty().await;
    let ids: HashSet<_> = sink.arrivals().iter().map(|each| each.id).collect();
    assert_eq!((sink.count(), ids.len()), (8 * CHILDREN, 8 * CHILDREN), "each delivery came once");
    let balance = site.balances().await;
    assert_eq!((balance.messages, balance.states), (2 * CHILDREN as u64, vec![(DeliveryState::Delivered, 8 * CHILDREN as u64)]));
}
