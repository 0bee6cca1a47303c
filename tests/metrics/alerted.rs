//! The hub's own alerts: told once to everybody who watches, by webhook and e-mail, and called over once.

use crate::support::door::{Door, url};
use crate::support::letter::{Format, first_placement};
use crate::support::sink::{Arrival, Mode, Sink, answer, secret};
use crate::support::site::{Plan, Site};
use crate::support::smtp::Server;
use serde_json::Value;

/// A refusal: the delivery is dead at once.
const REFUSES: Mode = answer(400);

fn alerts(arrivals: &[Arrival]) -> Vec<Value> {
    arrivals.iter().filter(|arrival| arrival.recipient == "OPS" && arrival.was_taken()).map(Arrival::event).collect()
}

fn watchers(site: &Site, sink: &Sink, mail: &Server) {
    std::fs::write(site.path("OPS.whsec"), secret("OPS")).unwrap();
    let text = format!(
        "[[endpoint]]\norganisation = \"OPS\"\nadapter = \"webhook\"\nurl = \"http://{}/OPS\"\nsecret_files = [\"OPS.whsec\"]\nallow_private = true\n\n\
         [[endpoint]]\norganisation = \"DUTY\"\nadapter = \"email\"\nurl = \"mailto:duty@hub.example\"\nallow_private = true\n\
         settings = {{ smtp = \"smtp://127.0.0.1:{}\", from = \"hub@hub.example\", link = \"Call 01632 960000.\" }}\n",
        sink.address, mail.port
    );
    std::fs::write(site.path("alerts.toml"), text).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_is_told_once_whatever_restarts_and_nothing_of_a_child() {
    let url = url("t32");
    let door = Door::open(url.clone(), 20).await;
    let plan = Plan { settings: "[alerts]\nendpoints = \"alerts.toml\"\n", ..Plan::default() };
    let (site, sink) = Site::with_sink(&url, &plan).await;
    let mail = Server::start();
    watchers(&site, &sink, &mail);
    assert_eq!(site.run(&["check"]).0, 0);
    sink.tell("QKS", REFUSES);
    // Who watches cannot be reached at first: that costs time and not the alert.
    sink.tell("OPS", answer(503));
    let hub = site.start().await;
    door.publish(vec![first_placement(Format::Json, "320001").outgoing()]).await;
    sink.until("a try at whoever watches", |arrivals| arrivals.iter().any(|arrival| arrival.recipient == "OPS").then_some(())).await;
    sink.tell("OPS", answer(200));
    let told = sink.until("the alert", |arrivals| alerts(arrivals).into_iter().next()).await;
    assert_eq!(told["type"], "alerts.v1");
    let change = &told["data"]["changes"][0];
    assert_eq!(
        [&change["state"], &change["cause"], &change["about"], &change["severity"]],
        ["fires", "DeadLetters", "QKS", "page"],
        "{told:#}"
    );
    assert_eq!(change["runbook"], "docs/runbooks/DeadLetters.md");
    let sample = change["sample"].as_str().unwrap().to_owned();
    assert!(site.json(&["deliveries", "list", "--state", "dead", "--json"]).to_string().contains(&sample), "{sample}");
    let mails = mail.mails(1).await;
    let text = mails[0]["text"].as_str().unwrap();
    assert!(
        text.contains("DeadLetters QKS") && text.contains("docs/runbooks/DeadLetters.md") && text.contains("Call 01632 960000."),
        "{text}"
    );
    for secret in ["320001", "Ada", "BN1", "9990000018"] {
        assert!(!told.to_string().contains(secret) && !text.contains(secret), "{secret} is in the alert");
    }
    hub.stop().await;

    // A restart tells nothing twice: the next that is told is the next that is wrong.
    sink.tell("RX2", REFUSES);
    let hub = site.start().await;
    door.publish(vec![first_placement(Format::Json, "320002").outgoing()]).await;
    let told = sink.until("the next alert", |arrivals| alerts(arrivals).into_iter().nth(1)).await;
    let changes = told["data"]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{told:#}");
    assert_eq!([&changes[0]["cause"], &changes[0]["about"]], ["DeadLetters", "RX2"]);
    let standing: Vec<_> = told["data"]["standing"].as_array().unwrap().iter().map(|one| one["about"].as_str().unwrap()).collect();
    assert_eq!(standing, ["QKS", "RX2"]);
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mistakes_in_the_list_of_watchers_are_told_before_anything_starts() {
    let (site, _sink) =
        Site::with_sink("amqp://127.0.0.1:1/none", &Plan { settings: "[alerts]\nendpoints = \"alerts.toml\"\n", ..Plan::default() }).await;
    std::fs::write(site.path("alerts.toml"), "[[endpoint]]\norganisation = \"OPS\"\nadapter = \"feed\"\n").unwrap();
    let (code, _, said) = site.run(&["check"]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("alerts.toml:1: adapter: alerts go by webhook or email"), "{said}");
}
