//! What this machine gives at most, part by part, while nothing else of the bench runs: the broker, the ledger's disk, HTTP.

use super::Bench;
use super::documents::MARK;
use super::report::Collected;
use crate::wiring;
use amqp::Intake;
use domain::directory::{Endpoint, Secret};
use domain::port::{Deliver, Entry, LeaseTerms, MessageKey, MessageRow, Parcel};
use domain::{Code, delivery::Kind};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A second of the broker's work, more or less.
const BROKER_MESSAGES: u32 = 20_000;
const PREFETCH: u16 = 2_000;
const ACK_EVERY: usize = 200;
/// How long commits and POSTs go on.
const SPAN: Duration = Duration::from_secs(1);
const POST_BYTES: usize = 2_048;
const POSTS_AT_ONCE: usize = 32;
/// POSTs between two looks at the clock.
const POSTS: u32 = 2_000;
/// The broker says nothing for this long: it is not there any more.
const SILENCE: Duration = Duration::from_secs(30);

pub async fn measure(bench: &Bench<'_>, round: u32, collected: &mut Collected) -> Result<(), String> {
    broker(bench, round, collected).await?;
    collected.add("machine: ledger commits of one small message", "/s", commits(bench, round).await?);
    collected.add("machine: signed POSTs of 2 KB, 32 at once", "/s", posts(bench).await?);
    Ok(())
}

async fn broker(bench: &Bench<'_>, round: u32, collected: &mut Collected) -> Result<(), String> {
    let begun = Instant::now();
    bench.traffic.backlog(&bench.documents, round * 10 + 9, BROKER_MESSAGES).await?;
    collected.add("machine: broker, publish with confirms", "/s", f64::from(BROKER_MESSAGES) / begun.elapsed().as_secs_f64());
    let settings = amqp::Settings { prefetch: PREFETCH, ..wiring::broker(bench.settings) };
    let intake = Intake::start(&settings).map_err(|mistakes| mistakes.to_string())?;
    let (mut count, mut begun) = (0, None);
    let mut unacknowledged = Vec::with_capacity(ACK_EVERY);
    while count < BROKER_MESSAGES as usize {
        let batch = tokio::time::timeout(SILENCE, intake.next_batch(ACK_EVERY)).await;
        let batch = batch.ok().flatten().ok_or("the broker hands out nothing more")?;
        begun.get_or_insert_with(Instant::now);
        count += batch.len();
        unacknowledged.extend(batch.iter().map(|incoming| incoming.tag));
        if unacknowledged.len() >= ACK_EVERY || count >= BROKER_MESSAGES as usize {
            intake.ack(&unacknowledged).await;
            unacknowledged.clear();
        }
    }
    let seconds = begun.unwrap_or_else(Instant::now).elapsed().as_secs_f64();
    collected.add("machine: broker, consume and acknowledge", "/s", f64::from(BROKER_MESSAGES) / seconds);
    intake.close().await;
    Ok(())
}

/// One after another, each durable before the next: what a group of one costs.
async fn commits(bench: &Bench<'_>, round: u32) -> Result<f64, String> {
    let folder = bench.folder.part(&format!("commits-{round}"))?;
    let mut settings = bench.settings.clone();
    settings.ledger.in_file(folder.join("ledger.db"));
    let ledger = wiring::ledger(&settings).map_err(|error| error.to_string())?;
    let now = Timestamp::now();
    let terms = LeaseTerms { holder: Uuid::nil(), now, until: now, limit: 0, shut: Arc::from([]) };
    let (begun, mut count) = (Instant::now(), 0_u32);
    while begun.elapsed() < SPAN {
        ledger.record(vec![small_entry(count, now)], terms.clone()).await.map_err(|error| error.to_string())?;
        count += 1;
    }
    let rate = f64::from(count) / begun.elapsed().as_secs_f64();
    drop(ledger);
    bench.folder.done(&folder);
    Ok(rate)
}

fn small_entry(number: u32, at: Timestamp) -> Entry {
    let row = MessageRow {
        id: Uuid::now_v7(),
        key: MessageKey { publisher: Code::NONE, message_id: format!("{MARK}{number}") },
        written_id: None,
        sender: None,
        message_type: "placement-change",
        verdict: "accepted",
        digest: [0; 32],
        envelope: vec![0; 64],
        content_type: String::new(),
        traceparent: None,
        receipt: "{}".to_owned(),
        intake: "bench",
        received_at: at,
        recorded_at: at,
    };
    Entry { message: Some(row), child: None, acknowledgement: None }
}

/// Through the hub's own adapter to one of the bench's own sinks: client and server share the machine, as in the drain.
async fn posts(bench: &Bench<'_>) -> Result<f64, String> {
    let Some((organisation, address)) = bench.sinks.addresses().first_key_value() else { return Ok(0.0) };
    let endpoint = Endpoint {
        organisation: *organisation,
        place: None,
        adapter: "webhook".to_owned(),
        url: format!("http://{address}/limit"),
        secrets: vec![Secret(format!("whsec_{}{}", Uuid::now_v7().simple(), Uuid::now_v7().simple()))],
        allow_private: true,
        timeout_seconds: 20,
        concurrency: 32,
        settings: std::collections::BTreeMap::new(),
        secret_settings: std::collections::BTreeMap::new(),
        agreed: domain::directory::Agreed::default(),
        from: None,
        to: None,
    };
    let webhook = wiring::rails(&wiring::broker(bench.settings)).rails.remove("webhook").ok_or("this build has no webhook adapter")?;
    let (begun, mut count) = (Instant::now(), 0_u32);
    bench.sinks.expect(u32::MAX, POSTS_MAX);
    while begun.elapsed() < SPAN {
        some_posts(&webhook, &endpoint, count).await?;
        count += POSTS;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}

/// No machine makes three times as many in the time.
const POSTS_MAX: u32 = 100_000;

/// Shared out over the runtime's threads, as the lanes of the hub are.
async fn some_posts(webhook: &Arc<dyn Deliver>, endpoint: &Endpoint, first: u32) -> Result<(), String> {
    let tasks = 4;
    let mut running = tokio::task::JoinSet::new();
    for task in 0..tasks {
        let (webhook, endpoint) = (Arc::clone(webhook), endpoint.clone());
        running.spawn(async move {
            let mut body = format!(r#"{{"data":{{"placement":{{"id":"{MARK}{}-{}"}}}}}}"#, u32::MAX, first + task).into_bytes();
            body.resize(POST_BYTES, b' ');
            let post = || async {
                let parcel = Parcel {
                    endpoint: &endpoint,
                    delivery: Uuid::now_v7(),
                    kind: Kind::ArrivalNotice,
                    body: &body,
                    traceparent: None,
                    first: true,
                    now: Timestamp::now(),
                };
                webhook.deliver(parcel).await
            };
            let mut reports = stream::iter(0..POSTS / tasks).map(|_| post()).buffer_unordered(POSTS_AT_ONCE / tasks as usize);
            while let Some(report) = reports.next().await {
                if report.status != Some(204) {
                    return Err(format!("a POST to the bench's own sink failed: {}", report.detail));
                }
            }
            Ok(())
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.map_err(|error| error.to_string())??;
    }
    Ok(())
}
