//! A steady stream: from publishing a message, before its confirm, to the first and the last of its deliveries.

use super::Bench;
use super::child::Hub;
use super::report::Collected;
use super::sinks::Arrived;
use hdrhistogram::Histogram;
use std::time::{Duration, Instant};

/// Before the figures: connections are made, caches and statements filled.
const WARM_UP_MESSAGES: u32 = 500;
/// A hub that has nothing to do has finished starting after this.
const IDLE: Duration = Duration::from_secs(2);
/// Longest latency that is told apart, in microseconds: the patience of the sinks.
const LONGEST: u64 = 120_000_000;

pub async fn measure(bench: &Bench<'_>, round: u32, collected: &mut Collected) -> Result<(), String> {
    let hub = Hub::start(bench, &format!("latency-{round}")).await?;
    collected.add_within("ready after the start, ledger empty", "ms", hub.ready.as_secs_f64() * 1e3, 150.0);
    tokio::time::sleep(IDLE).await;
    if let Some((idle, _)) = hub.memory_mib() {
        collected.add_within("idle: memory (RSS)", "MiB", idle, 45.0);
    }
    let mut run = round * 10 + 1;
    bench.sinks.expect(run, WARM_UP_MESSAGES);
    bench.traffic.backlog(&bench.documents, run, WARM_UP_MESSAGES).await?;
    bench.sinks.arrived().await.map_err(|what| hub.failed(&what))?;
    let mut messages = u64::from(WARM_UP_MESSAGES);
    for rate in &bench.options.rates {
        run += 1;
        bench.sinks.expect(run, rate * bench.options.seconds);
        let sent = bench.traffic.steady(&bench.documents, run, *rate, bench.options.seconds).await?;
        let arrived = bench.sinks.arrived().await.map_err(|what| hub.failed(&what))?;
        messages += sent.len() as u64;
        let latencies = Latencies::of(&sent, &arrived)?;
        let bar = |at_100: f64, at_3000: f64| match rate {
            100 => Some(at_100),
            3_000 => Some(at_3000),
            _ => None,
        };
        let mut add = |what: &str, microseconds: u64, bar: Option<f64>| {
            let (name, value) = (format!("{rate}/s: {what}"), microseconds as f64 / 1e3);
            match bar {
                Some(bar) => collected.add_within(&name, "ms", value, bar),
                None => collected.add(&name, "ms", value),
            }
        };
        add("first delivery, p50", latencies.first.value_at_quantile(0.5), None);
        add("first delivery, p99", latencies.first.value_at_quantile(0.99), None);
        add("last delivery, p50", latencies.last.value_at_quantile(0.5), None);
        add("last delivery, p99", latencies.last.value_at_quantile(0.99), bar(5.0, 20.0));
        add("last delivery, max", latencies.last.max(), None);
    }
    hub.stop(messages).await?;
    bench.sinks.check_quiet()
}

/// In microseconds.
struct Latencies {
    first: Histogram<u64>,
    last: Histogram<u64>,
}

impl Latencies {
    fn of(sent: &[Instant], arrived: &Arrived) -> Result<Self, String> {
        let histogram = || Histogram::<u64>::new_with_bounds(1, LONGEST, 3).map_err(|error| error.to_string());
        let mut latencies = Self { first: histogram()?, last: histogram()? };
        for (sent, message) in sent.iter().zip(&arrived.messages) {
            for (histogram, came) in [(&mut latencies.first, message.first), (&mut latencies.last, message.last)] {
                let took = came.map_or(Duration::ZERO, |came| came.saturating_duration_since(*sent));
                histogram.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LONGEST).max(1));
            }
        }
        Ok(latencies)
    }
}
