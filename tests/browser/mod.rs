//! The dashboard in a real browser: every page as people with a keyboard, a screen reader, a small window or no script meet it, and what
//! they do with it, down to the ledger. `tests/node/browser.cjs` drives; the pictures that it takes are in var/screenshots.

use crate::support::door::{Door, url};
use crate::support::letter::{Format, Letter, first_placement};
use crate::support::node;
use crate::support::sink::{TAKES, answer};
use crate::support::site::{Hub, Plan, Site};
use serde_json::{Value, json};
use std::path::Path;

/// What goes in about a child.
const SECRETS: [(&str, &str); 3] =
    [("/child/givenName", "Zerlinda"), ("/child/familyName", "Quickenborough"), ("/child/nhsNumber", "9990000018")];

fn secretive(child: &str) -> Letter {
    SECRETS.into_iter().fold(first_placement(Format::Json, child), |letter, (pointer, secret)| letter.with(pointer, secret))
}

/// Whatever this machine calls it; scripts/setup installs one.
fn chromium() -> String {
    let named = std::env::var("CHROMIUM").ok();
    let installed = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let macs = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";
    let found = named.or_else(|| installed.into_iter().chain([macs]).find(|path| Path::new(path).exists()).map(str::to_owned));
    found.expect("no Chromium: scripts/setup test installs it, or name one in CHROMIUM")
}

/// Drives a browser through `steps`; what each found. There is never a violation of what axe looks for.
async fn drive(hub: &Hub, steps: &[&str], more: Value) -> Value {
    let mut asked = json!({
        "address": format!("http://{}", hub.address()),
        "chromium": chromium(),
        "pictures": Path::new(env!("CARGO_MANIFEST_DIR")).join("var/screenshots"),
        "steps": steps,
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        asked[key] = value.clone();
    }
    let asked = asked.to_string();
    let printed = tokio::task::spawn_blocking(move || node::run("browser.cjs", asked.as_bytes())).await.unwrap();
    let found: Value = serde_json::from_str(&printed).unwrap();
    for step in steps {
        let violations = found[step]["violations"].as_array().cloned().unwrap_or_default();
        let violations: Vec<&str> = violations.iter().filter_map(Value::as_str).collect();
        assert!(violations.is_empty(), "{step}:\n{}", violations.join("\n"));
    }
    found
}

/// A site with all that a page can be about: one who does not answer, one who refuses, a question, a refused message.
async fn troubled() -> (Site, crate::support::sink::Sink, Door, Hub) {
    let url = url("t28");
    let mut door = Door::open(url.clone(), 20).await;
    let (site, sink) = Site::with_sink(&url, &Plan::default()).await;
    sink.tell("QKS", answer(500));
    sink.tell("S9B9J", answer(400));
    let hub = site.start().await;
    for child in ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M"] {
        door.accepted(&secretive(child)).await;
    }
    door.send(&secretive("N").with("/placement/postcode", "BN99 9ZZ").with("/placement/localAuthority", Value::Null)).await;
    let refused = secretive("O").with("/child/sex", "unheard of");
    assert_eq!(door.send(&refused).await["verdict"], "rejected");
    sink.until("thirteen refusals", |arrivals| (arrivals.iter().filter(|each| each.recipient == "S9B9J").count() >= 13).then_some(()))
        .await;
    (site, sink, door, hub)
}

fn state(site: &Site, state: &str) -> Vec<Value> {
    site.json(&["deliveries", "list", "--state", state, "--limit", "1000", "--json"]).as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_see_and_do_everything_in_a_browser() {
    let (site, sink, door, hub) = troubled().await;
    assert_eq!(state(&site, "dead").len(), 13);
    drive(&hub, &["look", "keys", "pause"], json!({})).await;

    let delivered = state(&site, "delivered")[0]["id"].as_str().unwrap().to_owned();
    let found = drive(&hub, &["reveal", "explain"], json!({ "id": delivered, "document": secretive("P").text() })).await;
    let seen = |step: &str, what: &str| found[step][what].as_str().unwrap().to_owned();
    for (_, secret) in SECRETS {
        assert!(!seen("reveal", "journey").contains(secret) && !seen("reveal", "masked").contains(secret), "{secret} is shown unasked");
    }
    assert!(seen("reveal", "content").contains("Zerlinda"), "{}", seen("reveal", "content"));
    assert!(hub.log().contains("the ward asks"), "who looked and why is on the record");
    assert!(seen("explain", "text").contains("Brighton and Hove"), "{}", seen("explain", "text"));

    // While they go on refusing, a retry of all stops by itself after the first.
    let retried = async || drive(&hub, &["retry"], json!({})).await["retry"]["sentence"].as_str().unwrap().to_owned();
    let sentence = retried().await;
    assert!(sentence.starts_with("Stopped by itself 1 of 1 failed again"), "{sentence}");
    assert_eq!(state(&site, "dead").len(), 13);
    sink.tell("S9B9J", TAKES);
    let before = sink.count();
    assert_eq!(retried().await, "Done All 13 were moved.");
    assert!(sink.count() >= before + 13);
    assert_eq!(state(&site, "dead").len(), 0);

    let found = drive(&hub, &["decide"], json!({})).await;
    assert!(found["decide"]["sentence"].as_str().unwrap().contains("obligations followed"), "{found}");
    assert_eq!(site.json(&["review", "list", "--json"]), json!([]));

    sink.tell("QKS", TAKES);
    hub.stop().await;
    door.assert_empty().await;
    site.balances().await;
}
