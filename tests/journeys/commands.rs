//! The command line on a ledger with something in it: data on stdout, talk on stderr, exit codes.

use crate::support::door::{Door, url};
use crate::support::letter::{Format, first_placement};
use crate::support::site::{Plan, Site};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_publish_explain_trace_and_list() {
    let url = url("t16");
    let mut door = Door::open(url.clone(), 20).await;
    let (site, sink) = Site::with_sink(&url, &Plan::default()).await;
    let hub = site.start().await;
    let document = |name: &str, format: Format| {
        let letter = first_placement(format, "104233");
        std::fs::write(site.path(name), letter.text()).unwrap();
        site.path(name).to_str().unwrap().to_owned()
    };
    let (good, twin) = (document("move.json", Format::Json), document("move.xml", Format::Xml));
    let bad = site.path("bad.json").to_str().unwrap().to_owned();
    std::fs::write(&bad, "{\"type\":\"placement-change\"}").unwrap();

    // Nothing of a wrong document leaves, and all of it is told.
    let (code, _, said) = site.run(&["publish", &good, &bad]);
    assert!(code == 1 && said.contains("nothing was published") && said.contains("/messageId") && said.contains("/child"), "{said}");
    let (code, printed, said) = site.run(&["publish", &good]);
    assert!(code == 0 && printed.contains("the broker has it"), "{said}");
    let receipt = door.receipt("104233-m1").await;
    sink.until_taken(4).await;

    // A second hub on the same file is refused, with a sentence.
    let (code, _, said) = site.run(&["run"]);
    assert!(code == 3 && said.contains("Another hub (process ") && said.contains("one hub at a time"), "{code} {said}");
    // Looking is no second hub.
    let lines = site.json(&["trace", "104233-m1", "--json"]);
    assert_eq!(lines.as_array().unwrap().iter().filter(|line| line["what"] == "obligation").count(), 4, "{lines:#}");
    assert_eq!(site.json(&["deliveries", "list", "--json"]).as_array().unwrap().len(), 4);
    hub.stop().await;
    door.assert_empty().await;

    let explained = site.json(&["explain", "--json", &good]);
    let told = |obligations: &Value| {
        let line = |one: &Value| format!("{} {} {} {}", one["kind"], one["recipient"], one["dueBy"], one["state"]);
        let mut lines: Vec<_> = obligations.as_array().unwrap().iter().map(line).collect();
        lines.sort();
        lines
    };
    assert_eq!(told(&explained["obligations"]), told(&receipt["obligations"]), "explain says what the hub then did");
    assert_eq!(site.json(&["explain", "--json", &twin])["obligations"], explained["obligations"], "in either format");
    let (code, printed, _) = site.run(&["explain", &good, &bad]);
    assert!(code == 1 && printed.contains("rejected") && printed.contains("/messageId"), "{printed}");

    let list = site.json(&["deliveries", "list", "--json"]);
    assert_eq!(list.as_array().unwrap().len(), 4);
    assert!(list.as_array().unwrap().iter().all(|row| row["state"] == "delivered" && row["attempts"] == 1), "{list:#}");
    assert_eq!(site.json(&["deliveries", "list", "--json", "--recipient", "RX2"])[0]["kind"], "referral");
    assert_eq!(site.json(&["deliveries", "list", "--json", "--state", "dead"]), Value::Array(Vec::new()));

    // By message, placement, child, obligation and delivery: the journey, from message to attempt.
    let delivery = list[0]["id"].as_str().unwrap();
    let obligation = receipt["obligations"][0]["id"].as_str().unwrap();
    for id in ["104233-m1", "104233-1", "104233", "104233-R1", delivery, obligation] {
        let lines = site.json(&["trace", id, "--json"]);
        let what: Vec<_> = lines.as_array().unwrap().iter().map(|line| line["what"].as_str().unwrap()).collect();
        for part in ["message", "obligation", "attempt"] {
            assert!(what.contains(&part), "{id}: no {part} in {lines:#}");
        }
        assert!(!lines.to_string().contains("Ada"), "{lines:#}");
    }
    let (code, _, said) = site.run(&["trace", "nobody-knows"]);
    assert!(code == 1 && said.contains("nobody-knows"), "{said}");

    let (code, printed, said) = site.run(&["check"]);
    assert!(code == 0 && printed.contains("all is well"), "{said}");
    assert_eq!(site.run(&["deliveries", "list", "--state", "lost"]).0, 2);
    assert_eq!(site.run(&["nonsense"]).0, 2);
    let settings = std::fs::read_to_string(site.path("hub.toml")).unwrap();
    std::fs::write(site.path("hub.toml"), format!("{settings}\nunheard_of = 1\nattempts_max = \"many\"\n")).unwrap();
    let (code, _, said) = site.run(&["check"]);
    assert!(code == 3 && said.contains("unheard_of") && said.contains("attempts_max"), "every mistake at once: {said}");
    std::fs::write(site.path("hub.toml"), settings).unwrap();
    site.balances().await;
}
