//! What the hub stands on, looked at every few seconds: the disk of its ledger, the machine's clock, the broker's queues.

use crate::config::Settings;
use crate::journey::Journey;
use crate::telemetry::{Disk, Metrics};
use jiff::{SignedDuration, Timestamp};
use rustix::fs::statvfs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// As often as metrics are usually fetched.
const EVERY: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub struct Ground {
    pub metrics: Arc<Metrics>,
    /// The embedded ledger; none where the ledger is a database, whose disk is watched where it is.
    pub ledger: Option<PathBuf>,
    pub broker: watch::Receiver<amqp::State>,
    /// False while the ledger does not record.
    pub recording: Arc<AtomicBool>,
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// Runs until `stop` turns true.
pub async fn run(mut parts: Ground, mut stop: watch::Receiver<bool>) {
    let begun = Begun { at: (parts.clock)(), steady: Instant::now() };
    let mut interval = tokio::time::interval(EVERY);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            _ = interval.tick() => {}
            // A broker that is away, or back, is told at once.
            Ok(()) = parts.broker.changed() => {}
        }
        parts.look(&begun);
    }
}

struct Begun {
    at: Timestamp,
    steady: Instant,
}

impl Ground {
    #[must_use]
    pub fn of(settings: &Settings, journey: &Journey, broker: watch::Receiver<amqp::State>, recording: Arc<AtomicBool>) -> Self {
        Self {
            metrics: Arc::clone(&journey.metrics),
            ledger: settings.ledger.url.is_none().then(|| settings.ledger.path.clone()),
            broker,
            recording,
            clock: Arc::clone(&journey.now),
        }
    }

    fn look(&mut self, begun: &Begun) {
        let site = &self.metrics.site;
        site.recording(self.recording.load(Relaxed));
        site.clock_step(step(begun.at, (self.clock)(), begun.steady.elapsed()));
        {
            let broker = self.broker.borrow_and_update();
            self.metrics.broker_connected(broker.consuming);
            let queues = broker.queues.iter().filter(|_| broker.consuming);
            site.broker(queues.map(|(queue, messages)| (*queue, *messages)), broker.reconnects);
        }
        if let Some(disk) = self.ledger.as_deref().and_then(disk) {
            site.disk(disk);
        }
    }
}

/// By how much a clock went more, or less, than the time that passed.
fn step(from: Timestamp, to: Timestamp, passed: Duration) -> SignedDuration {
    to.duration_since(from).saturating_sub(SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX))
}

/// None where the disk does not say: then nothing is better than a guess.
#[must_use]
pub fn disk(ledger: &Path) -> Option<Disk> {
    let folder = ledger.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let disk = statvfs(folder).ok()?;
    let size = |file: &Path| std::fs::metadata(file).map_or(0, |file| file.len());
    let mut log = ledger.as_os_str().to_owned();
    log.push("-wal");
    Some(Disk {
        ledger_bytes: size(ledger) + size(Path::new(&log)),
        // What the hub's user may still write, not what is kept for the administrator.
        free_bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
        bytes: disk.f_blocks.saturating_mul(disk.f_frsize),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_shows() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        assert_eq!(step(at(100), at(160), Duration::from_secs(60)), SignedDuration::ZERO);
        assert_eq!(step(at(100), at(3_760), Duration::from_secs(60)), SignedDuration::from_hours(1));
        assert_eq!(step(at(100), at(40), Duration::from_secs(60)), SignedDuration::from_mins(-2));
    }

    #[test]
    fn the_disk_of_a_ledger_is_that_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger.db");
        std::fs::write(&ledger, [0; 5]).unwrap();
        std::fs::write(folder.path().join("ledger.db-wal"), [0; 2]).unwrap();
        let disk = disk(&ledger).unwrap();
        assert_eq!(disk.ledger_bytes, 7);
        assert!(0 < disk.free_bytes && disk.free_bytes <= disk.bytes);
        assert_eq!(super::disk(Path::new("/no/such/folder/ledger.db")), None);
    }
}
