//! What an operator sees: life, readiness, metrics, the status page and logs; and what nobody may see in any of them.

use crate::support::door::{Door, url};
use crate::support::letter::{Format, Letter, first_placement};
use crate::support::sink::answer;
use crate::support::site::{Plan, Site};
use serde_json::Value;

/// Every name that the hub promises.
const METRICS: [&str; 13] = [
    "placement_hub_messages_total",
    "placement_hub_obligations_total",
    "placement_hub_attempts_total",
    "placement_hub_delivery_seconds",
    "placement_hub_receive_seconds",
    "placement_hub_due_oldest_seconds",
    "placement_hub_backlog",
    "placement_hub_notice_deadline",
    "placement_hub_review_open",
    "placement_hub_dead_total",
    "placement_hub_lane_open",
    "placement_hub_broker_connected",
    "placement_hub_ledger_commit_seconds",
];

/// What goes in about a child, and out to its recipients only.
const SECRETS: [(&str, &str); 9] = [
    ("/child/localId", "KQ77"),
    ("/child/givenName", "Zerlinda"),
    ("/child/familyName", "Quickenborough"),
    ("/child/nhsNumber", "9990000018"),
    ("/child/birthDate", "2012-03-17"),
    ("/placement/postcode", "BN1 6AG"),
    ("/placement/carer", "Wilhelmina Dustworthy"),
    ("/carePeriod/origin/homePostcode", "ME14 2AA"),
    ("/needs/summary", "cannot abide thunder"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_sees_how_the_hub_stands_and_nothing_of_a_child() {
    let url = url("t17");
    let mut door = Door::open(url.clone(), 20).await;
    let (site, sink) = Site::with_sink(&url, &Plan { settings: "[log]\nfilter = \"debug\"\n", ..Plan::default() }).await;
    // A lane that is shut, dead letters, deadlines that wait; and a question for a person.
    sink.tell("RX2", answer(500));
    sink.tell("QKS", answer(500));
    sink.tell("S9B9J", answer(400));
    let hub = site.start().await;
    for child in ["A", "B", "C", "D", "E"] {
        door.accepted(&secretive(child)).await;
    }
    let nowhere = secretive("F").with("/placement/postcode", "BN99 9ZZ").with("/placement/localAuthority", Value::Null);
    door.send(&nowhere).await;
    // And one that is refused, with all of it inside.
    let refused = secretive("G").with("/child/sex", "unheard of");
    assert_eq!(door.send(&refused).await["verdict"], "rejected");
    sink.until("what can be delivered", |arrivals| (arrivals.iter().filter(|each| each.was_taken()).count() >= 5).then_some(())).await;

    let mut missing = Vec::new();
    let mut pages = String::new();
    let all_there = tokio::time::timeout(crate::support::sink::BOUND, async {
        loop {
            let (status, page) = hub.get("/metrics").await.unwrap();
            assert_eq!(status, 200);
            missing = METRICS.into_iter().filter(|name| !page.lines().any(|line| line.starts_with(name))).collect();
            pages = page;
            if missing.is_empty() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    });
    assert!(all_there.await.is_ok(), "missing: {missing:?}");
    let (_, page) = hub.get("/").await.unwrap();
    assert!(page.contains("Sussex") && page.contains("Not answering"), "{page}");
    assert_eq!(hub.get("/livez").await.unwrap().0, 200);
    assert_eq!(hub.get("/nowhere").await.unwrap().0, 404);
    pages.push_str(&page);

    for recipient in ["QKS", "S9B9J", "RX2"] {
        sink.tell(recipient, answer(200));
    }
    let log = hub.log();
    hub.stop().await;
    door.assert_empty().await;

    let delivered: Vec<u8> = sink.arrivals().into_iter().flat_map(|arrival| arrival.body).collect();
    for (pointer, secret) in SECRETS {
        let found_in = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(pointer.contains("homePostcode") || found_in(&delivered), "{pointer} was never there to leak");
        assert!(!found_in(pages.as_bytes()), "{pointer} is on a page");
        assert!(!found_in(log.as_bytes()), "{pointer} is in the log");
        for file in std::fs::read_dir(site.path("")).unwrap().map(|entry| entry.unwrap().path()) {
            assert!(!found_in(&std::fs::read(&file).unwrap()), "{pointer} is in {}", file.display());
        }
    }
    site.balances().await;
}

fn secretive(child: &str) -> Letter {
    let letter = first_placement(Format::Json, child).with("/messageId", format!("message-{child}"));
    let letter = SECRETS.into_iter().fold(letter, |letter, (pointer, secret)| letter.with(pointer, secret));
    // The hub's own name for the child, and what is the child's only.
    letter.with("/child/localId", format!("KQ77{child}")).with("/placement/id", format!("KQ77{child}-1"))
}
