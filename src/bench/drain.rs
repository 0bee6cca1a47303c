//! A backlog: all messages are in the queue before the hub starts. From the first delivery to the last.

use super::Bench;
use super::child::Hub;
use super::report::Collected;

pub async fn measure(bench: &Bench<'_>, round: u32, collected: &mut Collected) -> Result<(), String> {
    // Runs are numbered so that no message of one can be taken for another's: ten to a round.
    let run = round * 10;
    let messages = bench.options.messages;
    bench.traffic.backlog(&bench.documents, run, messages).await?;
    bench.sinks.expect(run, messages);
    let hub = Hub::start(bench, &format!("drain-{round}")).await?;
    let arrived = bench.sinks.arrived().await.map_err(|what| hub.failed(&what))?;
    // From its start on: loading the directory is a part of it, some hundredths of a second.
    let cpu = hub.cpu_seconds();
    let peak = hub.memory_mib().map(|(_, peak)| peak);
    hub.stop(messages.into()).await?;
    bench.sinks.check_quiet()?;

    let seconds = arrived.last.duration_since(arrived.first).as_secs_f64();
    collected.add("drain: messages", "/s", f64::from(messages) / seconds);
    collected.add("drain: deliveries", "/s", arrived.deliveries as f64 / seconds);
    if let Some(cpu) = cpu {
        collected.add("drain: CPU of the hub a message", "us", cpu * 1e6 / f64::from(messages));
    }
    if let Some(peak) = peak {
        collected.add_within("drain: highest memory (RSS)", "MiB", peak, 160.0);
    }
    Ok(())
}
