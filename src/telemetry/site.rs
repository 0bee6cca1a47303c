//! What the hub measures of itself and of what it stands on: is anything silent, full, or not well? Times are given as instants
//! (`_timestamp_seconds`), so that what has stopped grows old by itself, whether or not anybody still updates it.

use super::{Registered, gauge};
use jiff::{SignedDuration, Timestamp};
use prometheus::{Gauge, GaugeVec, IntCounter, IntGauge, IntGaugeVec};

pub struct Site {
    build_info: IntGaugeVec,
    intake_last: Gauge,
    ledger_recording: IntGauge,
    figures_read: Gauge,
    ledger_bytes: IntGauge,
    disk_free_bytes: IntGauge,
    disk_bytes: IntGauge,
    clock_step_seconds: Gauge,
    broker_messages: IntGaugeVec,
    broker_reconnects: IntGauge,
    mailbox_success: IntGaugeVec,
    mailbox_read: GaugeVec,
    receipts_unsent: IntCounter,
}

/// The disk that the embedded ledger is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    pub ledger_bytes: u64,
    pub free_bytes: u64,
    pub bytes: u64,
}

impl Site {
    pub(super) fn new(new: &Registered<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            build_info: new.int_gauges("build_info", "1, with the version that runs", &["version"])?,
            intake_last: new.float(
                "intake_last_timestamp_seconds",
                "When a message was recorded last, whichever way it came; the start of the hub where none has been",
            )?,
            ledger_recording: new.gauge("ledger_recording", "1 while the ledger records what comes in")?,
            figures_read: new.float("figures_timestamp_seconds", "When backlog, deadlines and the like were read from the ledger last")?,
            ledger_bytes: new.gauge("ledger_bytes", "Size of the embedded ledger with its log")?,
            disk_free_bytes: new.gauge("disk_free_bytes", "What is free on the disk of the embedded ledger")?,
            disk_bytes: new.gauge("disk_bytes", "Size of the disk of the embedded ledger")?,
            clock_step_seconds: new.float(
                "clock_step_seconds",
                "By how much the machine's clock was set, or stood still, since the hub started: against a clock that nobody sets",
            )?,
            broker_messages: new.int_gauges(
                "broker_messages",
                "Messages that wait in a queue of the broker: those to take in, and those that it gave up handing out",
                &["queue"],
            )?,
            broker_reconnects: new
                .gauge("broker_reconnects", "Times the hub consumes again after it had lost the broker, since its start")?,
            mailbox_success: new.int_gauges("mailbox_success", "1 where the last look into a mailbox of the hub was well", &["mailbox"])?,
            mailbox_read: new.gauges(
                "mailbox_read_timestamp_seconds",
                "When a mailbox of the hub was read last without a fault; the first try where it never was",
                &["mailbox"],
            )?,
            receipts_unsent: new.counter("receipts_unsent_total", "Batches whose receipts the broker did not take; `trace` shows them")?,
        })
    }

    /// Where a hub starts: what is not known yet must not look as if it had been long ago.
    pub fn started(&self, now: Timestamp) {
        self.build_info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        self.intake_last.set(seconds(now));
        self.figures_read.set(seconds(now));
        self.ledger_recording.set(1);
    }

    pub fn recorded(&self, now: Timestamp) {
        self.intake_last.set(seconds(now));
    }

    /// To the second, or the start of the hub.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "seconds of this century")]
    pub fn last_recorded(&self) -> Timestamp {
        Timestamp::from_second(self.intake_last.get() as i64).unwrap_or_default()
    }

    pub fn recording(&self, records: bool) {
        self.ledger_recording.set(records.into());
    }

    pub(super) fn figures_read(&self, now: Timestamp) {
        self.figures_read.set(seconds(now));
    }

    pub fn disk(&self, disk: Disk) {
        self.ledger_bytes.set(gauge(disk.ledger_bytes));
        self.disk_free_bytes.set(gauge(disk.free_bytes));
        self.disk_bytes.set(gauge(disk.bytes));
    }

    pub fn clock_step(&self, step: SignedDuration) {
        self.clock_step_seconds.set(step.as_secs_f64());
    }

    /// `queues`: name and messages. None while the broker is away: what waits there is not known then.
    pub fn broker<'a>(&self, queues: impl Iterator<Item = (&'a str, u32)>, reconnects: u64) {
        self.broker_messages.reset();
        for (queue, messages) in queues {
            self.broker_messages.with_label_values(&[queue]).set(messages.into());
        }
        self.broker_reconnects.set(gauge(reconnects));
    }

    pub fn mailbox(&self, name: &str, well: bool, now: Timestamp) {
        self.mailbox_success.with_label_values(&[name]).set(well.into());
        let read = self.mailbox_read.with_label_values(&[name]);
        if well || read.get() == 0.0 {
            read.set(seconds(now));
        }
    }

    /// Another hub looks into the mailboxes, or there are none any more: its metrics tell.
    pub fn no_mailboxes(&self) {
        self.mailbox_success.reset();
        self.mailbox_read.reset();
    }

    pub fn receipts_unsent(&self) {
        self.receipts_unsent.inc();
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Metrics;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn check(metrics: &Metrics, lines: &[&str]) {
        let text = metrics.encode();
        for line in lines {
            assert!(text.lines().any(|each| each == *line), "{line}\n{text}");
        }
    }

    #[test]
    fn what_has_stopped_keeps_its_instant() {
        let metrics = Metrics::new().unwrap();
        metrics.site.started(at(100));
        metrics.site.recorded(at(160));
        metrics.site.recording(false);
        metrics.site.mailbox("X26ABC1", false, at(200));
        metrics.site.mailbox("X26ABC1", false, at(300));
        metrics.site.mailbox("X26ABC2", true, at(300));
        metrics.site.mailbox("X26ABC2", false, at(400));
        check(
            &metrics,
            &[
                concat!("placement_hub_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
                "placement_hub_intake_last_timestamp_seconds 160",
                "placement_hub_figures_timestamp_seconds 100",
                "placement_hub_ledger_recording 0",
                "placement_hub_mailbox_read_timestamp_seconds{mailbox=\"X26ABC1\"} 200",
                "placement_hub_mailbox_read_timestamp_seconds{mailbox=\"X26ABC2\"} 300",
                "placement_hub_mailbox_success{mailbox=\"X26ABC2\"} 0",
            ],
        );
        metrics.site.no_mailboxes();
        assert!(!metrics.encode().contains("X26ABC"));
    }

    #[test]
    fn disk_clock_and_broker_are_told() {
        let metrics = Metrics::new().unwrap();
        metrics.site.disk(Disk { ledger_bytes: 5, free_bytes: 40, bytes: 100 });
        metrics.site.clock_step(SignedDuration::from_millis(-2_500));
        metrics.site.broker([("placement-hub.intake", 7), ("placement-hub.rejected", 0)].into_iter(), 2);
        metrics.site.receipts_unsent();
        check(
            &metrics,
            &[
                "placement_hub_ledger_bytes 5",
                "placement_hub_disk_free_bytes 40",
                "placement_hub_disk_bytes 100",
                "placement_hub_clock_step_seconds -2.5",
                "placement_hub_broker_messages{queue=\"placement-hub.intake\"} 7",
                "placement_hub_broker_messages{queue=\"placement-hub.rejected\"} 0",
                "placement_hub_broker_reconnects 2",
                "placement_hub_receipts_unsent_total 1",
            ],
        );
        metrics.site.broker(std::iter::empty(), 2);
        assert!(!metrics.encode().contains("broker_messages{"), "nobody knows what waits at a broker that is away");
    }
}
