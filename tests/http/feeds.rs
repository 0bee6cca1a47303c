//! Reading a feed and collecting from it.

use super::{collect, ids, placed, read, site, start};
use crate::support::door::within;
use crate::support::site::Hub;
use domain::delivery::DeliveryState;
use serde_json::Value;
use std::time::{Duration, Instant};

/// Without a signal a reader looks again after ten seconds.
const BACKSTOP: Duration = Duration::from_secs(10);

/// Between two looks at a page.
const LOOK: Duration = Duration::from_millis(50);

/// The whole page, when it has so many items.
async fn until(hub: &Hub, organisation: &str, count: usize) -> Value {
    within("items in the feed", async {
        loop {
            let page = read(hub, organisation, "?wait=1").await.json();
            if page["items"].as_array().unwrap().len() >= count {
                return page;
            }
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_is_read_in_pages_collected_and_survives_whatever_happens_to_the_hub() {
    let (site, sink) = site().await;
    let hub = start(&site).await;
    for child in ["A", "B", "C"] {
        placed(&hub, child).await;
    }
    let all = until(&hub, "S9B9J", 3).await;
    for item in all["items"].as_array().unwrap() {
        assert_eq!((&item["specversion"], &item["type"]), (&Value::from("1.0"), &Value::from("arrival-notice.v1")), "{item:#}");
        assert!(item["data"]["dueBy"].is_string(), "{item:#}");
    }
    // Page by page it is the same, and behind the last there is nothing.
    let mut next = String::new();
    let mut paged = Vec::new();
    for _ in 0..3 {
        let page = read(&hub, "S9B9J", &format!("?limit=1{next}")).await;
        assert_eq!(page.header("cache-control"), Some("no-store"));
        paged.extend(ids(&page.json()));
        next = format!("&after={}", page.json()["next"].as_str().unwrap());
    }
    assert_eq!(paged, ids(&all));
    let behind = read(&hub, "S9B9J", &format!("?limit=1{next}")).await.json();
    assert_eq!((ids(&behind).len(), format!("&after={}", behind["next"].as_str().unwrap())), (0, next));

    // What is accepted stays, with its place: after a power cut, and after a restart.
    hub.kill();
    let hub = start(&site).await;
    assert_eq!(read(&hub, "S9B9J", "").await.json(), all);
    hub.stop().await;
    let hub = start(&site).await;
    assert_eq!(read(&hub, "S9B9J", "").await.json(), all);

    // Until it is collected, everybody can see that it is not.
    within("the figures", async {
        while !hub.get("/").await.unwrap().1.contains("S9B9J</span> has not collected what has been ready for") {
            tokio::time::sleep(LOOK).await;
        }
    })
    .await;
    let (_, metrics) = hub.get("/metrics").await.unwrap();
    assert!(metrics.contains("placement_hub_accepted_oldest_seconds{recipient=\"S9B9J\"}"), "{metrics}");

    let first = read(&hub, "S9B9J", "?limit=1").await.json()["next"].as_str().unwrap().to_owned();
    for (cursor, collected) in [(first.as_str(), 1), (first.as_str(), 0), (all["next"].as_str().unwrap(), 2)] {
        let answer = collect(&hub, "S9B9J", cursor).await;
        assert_eq!((answer.status, answer.json()), (200, serde_json::json!({ "collected": collected })));
    }
    assert_eq!(ids(&read(&hub, "S9B9J", "").await.json()), ids(&all), "what was collected can be read again");
    let council = until(&hub, "E06000043", 3).await;
    collect(&hub, "E06000043", council["next"].as_str().unwrap()).await;
    sink.until_taken(6).await;
    hub.stop().await;
    let balance = site.balances().await;
    assert_eq!(balance.states, vec![(DeliveryState::Delivered, 12)], "three children, four recipients each");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_is_woken_by_what_comes() {
    let (site, _sink) = site().await;
    let hub = start(&site).await;
    let begun = Instant::now();
    let waiting = read(&hub, "S9B9J", "?wait=60");
    let (page, _) = tokio::join!(within("news", waiting), placed(&hub, "A"));
    assert_eq!(ids(&page.json()).len(), 1);
    assert!(begun.elapsed() < BACKSTOP, "it was found by looking, not by being told");
    // Who waits for nothing is let go when the hub stops.
    let next = page.json()["next"].as_str().unwrap().to_owned();
    let query = format!("?wait=60&after={next}");
    let waiting = read(&hub, "S9B9J", &query);
    let (page, ()) = tokio::join!(within("the end of the wait", waiting), async { hub.terminate() });
    assert!(page.status == 200 && ids(&page.json()).is_empty(), "{page:?}");
}
