//! What can be wrong, and when it is. Pure: what is seen comes in, what stands comes out.

use crate::telemetry::Disk;
use domain::Code;
use domain::delivery::DeliveryState;
use domain::port::Figures;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A runbook's name, and whom or what it is about; nothing for the hub itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cause {
    pub name: String,
    pub about: String,
}

/// As for Prometheus: `page` is for now, `ticket` for the next working day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Page,
    Ticket,
}

/// Something that is wrong now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub cause: Cause,
    pub severity: Severity,
    pub summary: String,
    /// How long it must stand before it is told.
    pub patience: SignedDuration,
    /// Where a delivery to look at is found.
    pub look_at: Option<(Code, DeliveryState)>,
}

/// What a look sees.
pub struct Seen<'a> {
    pub now: Timestamp,
    pub figures: &'a Figures,
    /// Recipients whose lane is shut.
    pub shut: Vec<Code>,
    /// Deliveries that were given up or refused and wait for a person.
    pub dead: &'a BTreeMap<Code, usize>,
    pub consuming: bool,
    /// Messages in the hub's queues at the broker.
    pub waiting: Vec<(&'static str, u32)>,
    /// When a message was recorded last.
    pub recorded_at: Timestamp,
    pub recording: bool,
    pub disk: Option<Disk>,
    pub certificates: &'a [(String, Timestamp)],
}

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// A certificate's authority takes days, and people take weeks.
const CERTIFICATE_NOTICE: SignedDuration = SignedDuration::from_hours(21 * 24);
const OLD: SignedDuration = SignedDuration::from_mins(15);
const UNCOLLECTED: SignedDuration = SignedDuration::from_hours(24);
const NOTHING_RECORDED: SignedDuration = SignedDuration::from_mins(10);
/// Of a hundred parts of a disk.
const FREE_MIN: u64 = 10;

/// The same limits as in deploy/prometheus.
pub fn standing(seen: &Seen<'_>) -> Vec<Standing> {
    let mut found = Vec::new();
    hub(seen, &mut found);
    recipients(seen, &mut found);
    promises(seen, &mut found);
    found
}

fn hub(seen: &Seen<'_>, found: &mut Vec<Standing>) {
    let mut tell = |wrong: bool, name: &str, minutes: i32, summary: &str| {
        if wrong {
            found.push(Standing::new(name, "", Severity::Page, MINUTE * minutes, summary.to_owned()));
        }
    };
    tell(!seen.consuming, "BrokerAway", 2, "the hub does not consume from RabbitMQ");
    tell(!seen.recording, "LedgerNotRecording", 1, "the ledger cannot be written: nothing is recorded and nothing acknowledged");
    let waiting = |queue: &str| seen.waiting.iter().any(|(name, messages)| *name == queue && *messages > 0);
    let idle = seen.now.duration_since(seen.recorded_at) > NOTHING_RECORDED;
    tell(
        seen.consuming && idle && waiting(amqp::topology::INTAKE),
        "IntakeStopped",
        5,
        "messages wait at the broker and none was recorded for ten minutes",
    );
    tell(
        waiting(amqp::topology::REJECTED),
        "MessageRejectedByBroker",
        1,
        "messages lie in placement-hub.rejected: the hub failed over them again and again",
    );
    let full = seen.disk.is_some_and(|disk| disk.free_bytes < disk.bytes / 100 * FREE_MIN);
    tell(full, "DiskFilling", 15, "less than a tenth of the ledger's disk is free");
    for (endpoint, ends) in seen.certificates {
        let left = ends.duration_since(seen.now);
        if left <= SignedDuration::ZERO {
            let what = format!("a certificate of the endpoint {endpoint} has ended: nothing goes there");
            found.push(Standing::new("CertificateEnded", endpoint, Severity::Page, MINUTE, what));
        } else if left < CERTIFICATE_NOTICE {
            let what = format!("a certificate of the endpoint {endpoint} ends in {} days", left.as_hours() / 24);
            found.push(Standing::new("CertificateEnding", endpoint, Severity::Ticket, MINUTE, what));
        }
    }
}

fn recipients(seen: &Seen<'_>, found: &mut Vec<Standing>) {
    for recipient in &seen.shut {
        let what = format!("{recipient} has not taken deliveries for half an hour");
        let down = Standing::new("RecipientDown", recipient.as_str(), Severity::Ticket, MINUTE * 30, what);
        found.push(down.looking_at(*recipient, DeliveryState::Due));
    }
    for (recipient, since) in seen.figures.oldest_due.iter().filter(|(recipient, _)| !seen.shut.contains(recipient)) {
        if seen.now.duration_since(*since) > OLD {
            let what = format!("a delivery to {recipient} has waited since {since:.0}, though its lane is not shut");
            found.push(
                Standing::new("OldestDue", recipient.as_str(), Severity::Page, MINUTE * 5, what).looking_at(*recipient, DeliveryState::Due),
            );
        }
    }
    for (recipient, since) in &seen.figures.oldest_accepted {
        if seen.now.duration_since(*since) > UNCOLLECTED {
            let what = format!("{recipient} has left a delivery uncollected since {since:.0}");
            let silent = Standing::new("FeedUncollected", recipient.as_str(), Severity::Ticket, MINUTE * 15, what);
            found.push(silent.looking_at(*recipient, DeliveryState::Accepted));
        }
    }
    for (recipient, count) in seen.dead {
        let what = format!("{count} deliveries to {recipient} were given up or refused and wait for a person");
        let dead = Standing::new("DeadLetters", recipient.as_str(), Severity::Page, SignedDuration::ZERO, what);
        found.push(dead.looking_at(*recipient, DeliveryState::Dead));
    }
}

fn promises(seen: &Seen<'_>, found: &mut Vec<Standing>) {
    for (kind, [_, at_risk, overdue]) in &seen.figures.deadlines {
        if *at_risk > 0 {
            let what = format!("{at_risk} of {kind} are due within a working day and have not arrived");
            found.push(Standing::new("DeadlineAtRisk", kind.name(), Severity::Page, MINUTE * 15, what));
        }
        if *overdue > 0 {
            let what = format!("{overdue} of {kind} are overdue and have not arrived");
            found.push(Standing::new("DeadlineMissed", kind.name(), Severity::Page, MINUTE * 5, what));
        }
    }
    for (reason, count) in seen.figures.reviews.iter().filter(|(_, count)| *count > 0) {
        let what = format!("{count} questions ({reason}) wait for a person since yesterday");
        found.push(Standing::new("ReviewWaiting", reason, Severity::Ticket, SignedDuration::from_hours(24), what));
    }
}

impl Standing {
    fn new(name: &str, about: &str, severity: Severity, patience: SignedDuration, summary: String) -> Self {
        Self { cause: Cause { name: name.to_owned(), about: about.to_owned() }, severity, summary, patience, look_at: None }
    }

    fn looking_at(self, recipient: Code, state: DeliveryState) -> Self {
        Self { look_at: Some((recipient, state)), ..self }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.about.is_empty() { Ok(()) } else { write!(f, " {}", self.about) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::delivery::Kind;
    use std::path::Path;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + minute * 60).unwrap()
    }

    static NONE_DEAD: BTreeMap<Code, usize> = BTreeMap::new();

    fn well(figures: &Figures) -> Seen<'_> {
        Seen {
            now: at(0),
            figures,
            shut: Vec::new(),
            dead: &NONE_DEAD,
            consuming: true,
            waiting: vec![(amqp::topology::INTAKE, 0), (amqp::topology::REJECTED, 0)],
            recorded_at: at(-600),
            recording: true,
            disk: Some(Disk { ledger_bytes: 1, free_bytes: 50, bytes: 100 }),
            certificates: &[],
        }
    }

    fn names(seen: &Seen<'_>) -> Vec<String> {
        standing(seen).iter().map(|standing| standing.cause.to_string()).collect()
    }

    #[test]
    fn a_hub_that_is_well_has_nothing_to_tell_however_quiet_it_is() {
        assert_eq!(names(&well(&Figures::default())), Vec::<String>::new());
    }

    #[test]
    fn everything_that_can_be_wrong_has_a_name_and_a_runbook() {
        let (qks, rx2, kent) = (Code::new("QKS").unwrap(), Code::new("RX2").unwrap(), Code::new("E10000016").unwrap());
        let figures = Figures {
            oldest_due: vec![(qks, at(-60)), (rx2, at(-16)), (kent, at(-14))],
            oldest_accepted: vec![(kent, at(-24 * 60 - 1)), (rx2, at(-24 * 60 + 1))],
            backlog: vec![(kent, DeliveryState::Held, 9)],
            deadlines: vec![(Kind::ArrivalNotice, [5, 1, 0]), (Kind::EndNotice, [5, 0, 1])],
            reviews: vec![("unknown-postcode".to_owned(), 1)],
            ..Figures::default()
        };
        let dead = BTreeMap::from([(rx2, 2)]);
        let certificates = [("A".to_owned(), at(0)), ("B".to_owned(), at(20 * 24 * 60)), ("C".to_owned(), at(22 * 24 * 60))];
        let seen = Seen {
            shut: vec![qks],
            dead: &dead,
            consuming: false,
            waiting: vec![(amqp::topology::INTAKE, 3), (amqp::topology::REJECTED, 1)],
            recording: false,
            disk: Some(Disk { ledger_bytes: 1, free_bytes: 999, bytes: 10_000 }),
            certificates: &certificates,
            ..well(&figures)
        };
        let mut told = names(&seen);
        told.extend(names(&Seen { consuming: true, ..seen }).into_iter().filter(|name| name == "IntakeStopped"));
        assert_eq!(
            told,
            [
                "BrokerAway",
                "LedgerNotRecording",
                "MessageRejectedByBroker",
                "DiskFilling",
                "CertificateEnded A",
                "CertificateEnding B",
                "RecipientDown QKS",
                "OldestDue RX2",
                "FeedUncollected E10000016",
                "DeadLetters RX2",
                "DeadlineAtRisk arrival-notice",
                "DeadlineMissed end-notice",
                "ReviewWaiting unknown-postcode",
                "IntakeStopped",
            ]
        );
        for name in told {
            let runbook = format!("docs/runbooks/{}.md", name.split(' ').next().unwrap());
            assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(&runbook).is_file(), "{runbook}");
        }
    }
}
