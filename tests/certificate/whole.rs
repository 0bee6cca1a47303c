//! From a message to a certificate that stands: a ledger, a rail and recipients that answer; only the broker is left out.

use crate::support::letter::{Format, Letter, day, first_placement};
use crate::support::sink::{TAKES, answer};
use crate::support::site::{Plan, Site};
use arc_swap::ArcSwap;
use domain::port::Ledger;
use jiff::Timestamp;
use placement_hub::certificate::{PublicKey, Timeliness};
use placement_hub::config::Settings;
use placement_hub::contracts::Contracts;
use placement_hub::dispatch::{Dispatch, DispatchHandle, LaneSettings, Parts};
use placement_hub::journey::{Envelope, Journey, SEAL_PAYLOAD};
use placement_hub::keys::Keys;
use placement_hub::telemetry::Metrics;
use placement_hub::wiring;
use serde_json::Value;
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// A hub that is told by hand.
struct Hub {
    journey: Journey,
    dispatch: DispatchHandle,
}

impl Hub {
    fn start(site: &Site) -> Self {
        let settings = Settings::load(Some(&site.path("hub.toml")), &|_| None).unwrap();
        let keys = Arc::new(Keys::load_or_create(&settings.ledger.key_file).unwrap());
        let ledger: Arc<dyn Ledger> = wiring::ledger(&settings).unwrap();
        let directory = Arc::new(ArcSwap::from_pointee(wiring::directory(&settings, Timestamp::now()).unwrap().directory));
        let metrics = Arc::new(Metrics::new().unwrap());
        let opener = Arc::clone(&keys);
        let dispatch = Dispatch::start(Parts {
            ledger: Arc::clone(&ledger),
            directory: Arc::clone(&directory),
            deliverers: wiring::rails(&wiring::broker(&settings)).rails,
            open: Arc::new(move |sealed| opener.open(SEAL_PAYLOAD, sealed).map_err(|error| error.to_string())),
            retry: settings.delivery.retry,
            lanes: LaneSettings::default(),
            metrics: Arc::clone(&metrics),
            clock: Arc::new(Timestamp::now),
            random: Arc::new(|| 0.0),
            holder: Uuid::now_v7(),
        });
        let journey = Journey {
            contracts: Arc::new(Contracts::new().unwrap()),
            ledger,
            directory,
            policy: Arc::new(settings.policy(keys.claim_key())),
            keys,
            source: settings.source.clone(),
            require_user_id: false,
            metrics,
            now: Arc::new(Timestamp::now),
        };
        Self { journey, dispatch }
    }

    async fn tell(&self, letter: &Letter) {
        let outgoing = letter.outgoing();
        let envelope = Envelope {
            body: outgoing.body,
            content_type: outgoing.content_type,
            intake: "http",
            received_at: Timestamp::now(),
            ..Envelope::default()
        };
        let received = self.journey.receive(&[envelope], &self.dispatch.terms()).await.unwrap();
        assert_eq!(received.answers[0].verdict.name(), "accepted", "{}", received.answers[0].receipt);
        self.dispatch.offer(received.leased);
        self.dispatch.nudge(received.due);
    }

    async fn stop(self) {
        assert_eq!(self.dispatch.drain(Instant::now() + crate::support::sink::BOUND).await.left, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_placement_that_was_told_of_is_certified() {
    let (site, sink) = Site::with_sink("amqp://127.0.0.1:1/%2f", &Plan::default()).await;
    let hub = Hub::start(&site);
    // One recipient is away at first: the attempt that failed is part of the proof.
    sink.tell("S9B9J", answer(503));
    let first = first_placement(Format::Json, "LOCALID42").with("/messageId", "MESSAGE1").with("/placement/id", "MOVE7");
    hub.tell(&first).await;
    sink.until("the one that is away", |arrivals| {
        arrivals.iter().any(|each| each.recipient == "S9B9J" && each.mode == answer(503)).then_some(())
    })
    .await;
    sink.tell("S9B9J", TAKES);
    sink.until_taken(4).await;
    hub.tell(&first.clone().with("/messageId", "MESSAGE2").with("/placement/version", 2).with("/placement/carer", "B. Carer")).await;
    sink.until_taken(7).await;
    let notice = sink.arrivals().into_iter().find(|each| each.recipient == "E06000043").unwrap();
    let read = Letter::example(Format::Json, "acknowledgement", "read-by-an-authority").with("/messageId", "READ1");
    hub.tell(&read.with("/publisher", "E06000043").with("/notice/id", notice.id.to_string()).with("/occurredOn", day(0))).await;
    hub.stop().await;

    let (code, certificate, said) = site.run(&["trace", "--certificate", "MOVE7"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("Certificate of notification") && said.contains("7 issued: 7 delivered in time."), "{said}");
    std::fs::write(site.path("c.jws"), &certificate).unwrap();
    let file = site.path("c.jws").to_str().unwrap().to_owned();
    let (code, text, said) = site.run(&["trace", "--verify", &file]);
    assert!(code == 0 && said.contains("GENUINE"), "{said}");
    for line in ["placement MOVE7 of Kent (E10000016)", "read by Brighton and Hove (E06000043)", "webhook: try-later 503"] {
        assert!(text.contains(line), "no `{line}` in {text}");
    }

    let statement = site.json(&["trace", "--verify", &file, "--json"]);
    let deliveries = statement["deliveries"].as_array().unwrap();
    let to =
        |kind: &str, recipient: &str| deliveries.iter().find(|one| one["kind"] == kind && one["recipient"]["code"] == recipient).unwrap();
    assert_eq!(to("arrival-notice", "S9B9J")["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(to("arrival-notice", "E06000043")["standing"], "corrected");
    assert_eq!(to("arrival-notice", "E06000043")["state"], "acknowledged");
    assert_eq!(to("notice-correction", "E06000043")["supersedes"], 1);
    assert_eq!(to("referral", "RX2")["about"], "referral");
    assert!(deliveries.iter().all(|one| one["timeliness"] == serde_json::to_value(Timeliness::InTime).unwrap()));
    // The digest is that of the bytes that the recipient has.
    for arrival in sink.arrivals().iter().filter(|each| each.was_taken()) {
        let digest = ring::digest::digest(&ring::digest::SHA256, &arrival.body);
        let stated = deliveries.iter().find(|one| one["id"] == arrival.id.to_string()).unwrap();
        assert_eq!(stated["envelopeSha256"], domain::hex::hex(digest.as_ref()));
    }
    nothing_of_the_child(&first, &format!("{statement}{text}{said}"));
    checked_by_others(&site, &file, &certificate);
    site.balances().await;
}

fn nothing_of_the_child(told: &Letter, said: &str) {
    let told: Value = serde_json::from_str(told.text()).unwrap();
    for pointer in ["/child", "/needs", "/contacts", "/referral", "/carePeriod/origin", "/placement/addressLines"] {
        let mut values = Vec::new();
        super::stated::leaves(told.pointer(pointer).unwrap(), &mut values);
        // A commissioner's place has a code of its own, and three letters are found anywhere.
        for value in values.iter().filter(|value| value.len() > 4 && value.as_str() != "Brighton") {
            assert!(!said.contains(value.as_str()), "{pointer}: `{value}` is in {said}");
        }
    }
    for secret in ["BN1 6AG", "A. Carer", "B. Carer", "LOCALID42", "9990000018"] {
        assert!(!said.contains(secret), "`{secret}` is in {said}");
    }
}

/// By the public key's file, from another installation, and after a change.
fn checked_by_others(site: &Site, file: &str, certificate: &str) {
    let (code, key, _) = site.run(&["trace", "--public-key"]);
    assert!(code == 0 && PublicKey::from_pem(&key).is_ok(), "{key}");
    std::fs::write(site.path("key.pem"), &key).unwrap();
    let key_file = site.path("key.pem").to_str().unwrap().to_owned();

    let other = Site::new("amqp://127.0.0.1:1/%2f", "127.0.0.1:9".parse().unwrap(), &Plan::default());
    let (code, _, said) = other.run(&["trace", "--verify", file]);
    assert!(code == 1 && said.contains("there is no key file"), "no key is made by looking: {said}");
    assert!(!other.path("hub.key").exists());
    assert_eq!(other.run(&["trace", "--verify", file, "--public-key", &key_file]).0, 0);
    Keys::load_or_create(&other.path("hub.key")).unwrap();
    let (code, printed, said) = other.run(&["trace", "--verify", file]);
    assert!(code == 1 && printed.is_empty() && said.contains("signed with another key"), "{said}");

    let mut altered: Value = serde_json::from_str(certificate).unwrap();
    let payload = altered["payload"].as_str().unwrap().to_owned();
    altered["payload"] = payload[..payload.len() - 4].into();
    std::fs::write(site.path("c.jws"), altered.to_string()).unwrap();
    let (code, printed, said) = site.run(&["trace", "--verify", file]);
    assert!(code == 1 && printed.is_empty() && said.contains("ALTERED"), "{said}");

    let (code, _, said) = site.run(&["trace", "--certificate", "nobody-knows"]);
    assert!(code == 1 && said.contains("knows no placement"), "{said}");
    let (code, printed, said) = site.run(&["trace", "--certificate", "MOVE7", "--authority", "E10000016", "--out", file]);
    assert!(code == 0 && printed.is_empty() && said.contains("written to"), "{said}");
    assert_eq!(site.run(&["trace", "--verify", file]).0, 0);
    for wrong in [
        &["trace"][..],
        &["trace", "MOVE7", "--certificate", "MOVE7"],
        &["trace", "MOVE7", "--out", file],
        &["trace", "--public-key", file],
    ] {
        assert_eq!(site.run(wrong).0, 2, "{wrong:?}");
    }
}
