//! The keys are changed under a running hub: what is there is sealed anew, and nothing is lost with the old key in between.

use crate::support::door::{Door, url, within};
use crate::support::letter::{Format, first_placement};
use crate::support::site::{Plan, Site};
use domain::port::{LedgerView, SealedKind};
use placement_hub::keys::{KeyId, Keys};
use sqlite_ledger::LedgerReader;
use std::time::Duration;

/// Between two looks at the ledger.
const LOOK: Duration = Duration::from_millis(50);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_sealed_anew_in_the_background() {
    let url = url("t19");
    let mut door = Door::open(url.clone(), 20).await;
    let (site, sink) = Site::with_sink(&url, &Plan::default()).await;
    let hub = site.start().await;
    door.accepted(&first_placement(Format::Json, "104233")).await;
    sink.until_taken(4).await;
    let old = site.json(&["keys", "list", "--json"]);
    assert_eq!((old.as_array().unwrap().len(), &old[0]["role"]), (1, &"seals".into()));

    let (code, _, said) = site.run(&["keys", "rotate"]);
    assert!(code == 0 && said.contains("directory reload"), "{said}");
    assert_eq!(site.run(&["directory", "reload"]).0, 0);
    let keys = Keys::load_or_create(&site.path("hub.key")).unwrap();
    within("sealing anew", async {
        while !under_other_keys(&site, &keys).await.is_empty() {
            tokio::time::sleep(LOOK).await;
        }
    })
    .await;
    let now = site.json(&["keys", "list", "--json"]);
    assert_eq!((&now[0]["id"], &now[0]["role"], &now[1]["role"]), (&old[0]["id"], &"opens".into(), &"seals".into()));
    assert!(!hub.log().contains("hub.key"), "{}", hub.log());

    // The hub goes on with what it knows of the child, and a command reads it too.
    door.accepted(&first_placement(Format::Json, "104233").with("/messageId", "104233-m2").with("/placement/version", 2)).await;
    let lines = site.json(&["trace", "104233-1", "--json"]);
    assert!(lines.as_array().unwrap().iter().any(|line| line["what"] == "attempt"), "{lines:#}");
    hub.stop().await;
    let hub = site.start().await;
    door.accepted(&first_placement(Format::Json, "104233").with("/messageId", "104233-m3").with("/placement/version", 3)).await;
    hub.stop().await;
    assert_eq!(under_other_keys(&site, &keys).await, Vec::<String>::new());
    door.assert_empty().await;
    site.balances().await;
}

/// The keys of what is not sealed with the one that seals.
async fn under_other_keys(site: &Site, keys: &Keys) -> Vec<String> {
    let ledger = LedgerReader::open(&site.path("ledger.db")).unwrap();
    let (mut found, mut next) = (Vec::new(), Some(SealedKind::Envelope.start()));
    while let Some(after) = next {
        let page = ledger.sealed(keys.mark().to_vec(), after).await.unwrap();
        found.extend(page.contents.iter().map(|content| KeyId::of_sealed(&content.content).unwrap().to_string()));
        next = page.next;
    }
    found
}
