//! `bench`: how fast is this hub, on this machine, now? Measures; asserts that nothing was lost.
//!
//! The cast: *documents* are first placements out of area, each of which three organisations must be told of. *Sinks* stand for
//! those organisations: HTTP servers in this process that answer at once and remember what came. A *child* is a hub, this
//! very program, on a ledger of its own under `var/`. Each *round* takes the machine's own limits, a drain and the
//! latencies, so that a machine that slows down slows all of them.
//!
//! Nothing is switched off for the figures: schema, rules, sealing, order, receipts and metrics are on.

mod child;
mod documents;
mod drain;
mod latency;
mod limits;
mod machine;
mod report;
mod sinks;
mod traffic;

pub use report::{Figure, Report};

use crate::config::Settings;
use documents::{Documents, Format};
use machine::Watch;
use report::Collected;
use sinks::Sinks;
use std::path::{Path, PathBuf};
use traffic::Traffic;

/// Steady rates, in messages a second, unless others are asked for: a quiet day, and a region's busiest minute.
pub const RATES: [u32; 2] = [100, 3_000];
/// A virtual host whose name holds this word may be emptied.
const OWN_VHOST: &str = "bench";

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Messages of one drain.
    pub messages: u32,
    pub rounds: u32,
    /// Steady rates, in messages a second.
    pub rates: Vec<u32>,
    /// How long each steady rate is kept up.
    pub seconds: u32,
    pub xml: bool,
}

/// What every part of a round works with.
struct Bench<'a> {
    options: &'a Options,
    /// With the broker and the directory; the rest is the child's own.
    settings: &'a Settings,
    documents: Documents,
    sinks: Sinks,
    traffic: Traffic,
    folder: Folder,
}

/// Runs all rounds. Progress goes to `tell`, a sentence each.
///
/// # Errors
/// A sentence, where something needed is missing, or where anything was lost, refused or sent twice.
pub async fn run(settings: &Settings, options: &Options, tell: &(dyn Fn(&str) + Sync)) -> Result<Report, String> {
    check_vhost(&settings.broker.url)?;
    let format = if options.xml { Format::Xml } else { Format::Json };
    let documents = Documents::new(settings, format)?;
    let sinks = Sinks::start(documents.organisations()).await?;
    let traffic = Traffic::connect(settings).await?;
    let folder = Folder::new()?;
    let bench = Bench { options, settings, documents, sinks, traffic, folder };
    let mut collected = Collected::default();
    for round in 1..=options.rounds {
        let begun = Watch::begin(&settings.broker.url);
        tell(&format!("round {round} of {}: what the machine can do", options.rounds));
        limits::measure(&bench, round, &mut collected).await?;
        tell(&format!("round {round} of {}: draining {} messages", options.rounds, options.messages));
        drain::measure(&bench, round, &mut collected).await?;
        tell(&format!("round {round} of {}: latencies", options.rounds));
        latency::measure(&bench, round, &mut collected).await?;
        if let Some(note) = begun.unquiet() {
            collected.note(format!("round {round}: {note}"));
        }
    }
    bench.traffic.close().await;
    Ok(collected.into_report(&bench.documents))
}

/// The bench empties the queues that it uses, so it stays away from those that somebody may need.
fn check_vhost(url: &str) -> Result<(), String> {
    let vhost = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, vhost)| vhost);
    let vhost = vhost.split('?').next().unwrap_or_default();
    if vhost.contains(OWN_VHOST) {
        return Ok(());
    }
    Err(format!(
        "the bench empties the queues of its virtual host, so that host must be its own: give AMQP_URL a virtual host with `{OWN_VHOST}` in its name, not `{vhost}`"
    ))
}

/// A folder under `var/` that goes when the bench ends, unless it ends in an error: then the hub's log is still there.
struct Folder {
    path: PathBuf,
    kept: std::sync::atomic::AtomicBool,
}

impl Folder {
    fn new() -> Result<Self, String> {
        let path = std::env::current_dir().map(|here| here.join(format!("var/bench-{}", std::process::id())));
        let path = path.and_then(|path| std::fs::create_dir_all(&path).map(|()| path));
        let path = path.map_err(|error| format!("the folder var/ cannot be written: {error}; run the bench where it may write"))?;
        Ok(Self { path, kept: false.into() })
    }

    /// A new folder inside.
    fn part(&self, name: &str) -> Result<PathBuf, String> {
        let path = self.path.join(name);
        std::fs::create_dir_all(&path).map_err(|error| format!("{} cannot be made: {error}", path.display()))?;
        Ok(path)
    }

    /// Deletes a part that is done with: a ledger of a long drain is large.
    fn done(&self, part: &Path) {
        // What cannot be deleted now goes with the whole folder.
        let _ = std::fs::remove_dir_all(part);
    }

    fn keep(&self) {
        self.kept.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.kept.load(std::sync::atomic::Ordering::Relaxed) {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check_vhost;

    #[test]
    fn only_a_virtual_host_of_its_own_is_emptied() {
        for (url, ours) in [
            ("amqp://guest:guest@127.0.0.1:5672/bench", true),
            ("amqp://guest:guest@127.0.0.1:5672/my-bench?heartbeat=5", true),
            ("amqp://bench:bench@127.0.0.1:5672/", false),
            ("amqp://bench:bench@bench:5672", false),
            ("amqp://guest:guest@127.0.0.1:5672/%2f?name=bench", false),
        ] {
            assert_eq!(check_vhost(url).is_ok(), ours, "{url}");
        }
    }
}
