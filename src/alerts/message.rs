//! What a watcher reads. Codes, counts and ids of the hub's own: nothing of a child.

use super::Told;
use super::book::Change;
use super::causes::Severity;
use crate::cloud_event::cloud_event;
use jiff::Timestamp;
use serde::Serialize;
use std::fmt::Write;
use uuid::Uuid;

#[derive(Serialize)]
struct Data<'a> {
    changes: Vec<Line<'a>>,
    /// All that stands now, so that a watcher who missed something knows the truth.
    standing: Vec<Stands<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    state: &'static str,
    cause: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    about: &'a str,
    since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sample: Option<Uuid>,
    runbook: String,
}

#[derive(Serialize)]
struct Stands<'a> {
    cause: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    about: &'a str,
    since: Timestamp,
}

/// An envelope of the type `alerts.v1`.
///
/// # Errors
/// Where it cannot be written.
pub fn event(id: Uuid, source: &str, changes: &[Change], stands: &Told, now: Timestamp) -> Result<Vec<u8>, serde_json::Error> {
    let changes = changes.iter().map(Line::of).collect();
    let standing = stands.iter().map(|(cause, since)| Stands { cause: &cause.name, about: &cause.about, since: *since }).collect();
    cloud_event(id, source, "alerts.v1", "alerts", now, &Data { changes, standing })
}

impl<'a> Line<'a> {
    fn of(change: &'a Change) -> Self {
        Self {
            state: if change.fires.is_some() { "fires" } else { "resolved" },
            cause: &change.cause.name,
            about: &change.cause.about,
            since: change.since,
            severity: change.fires.as_ref().map(|(severity, _)| *severity),
            summary: change.fires.as_ref().map(|(_, summary)| summary.as_str()),
            sample: change.sample,
            runbook: runbook(&change.cause.name),
        }
    }
}

fn runbook(name: &str) -> String {
    format!("docs/runbooks/{name}.md")
}

/// One line for a mailbox's list.
pub fn subject(changes: &[Change]) -> String {
    match changes {
        [Change { fires: Some((_, summary)), .. }] => format!("placement-hub: {summary}"),
        [Change { cause, .. }] => format!("placement-hub: over: {cause}"),
        _ => {
            let fires = changes.iter().filter(|change| change.fires.is_some()).count();
            format!("placement-hub: {fires} alerts, {} over", changes.len() - fires)
        }
    }
}

pub fn text(changes: &[Change], stands: &Told) -> String {
    let mut text = String::new();
    for change in changes {
        let Change { cause, since, fires, sample, .. } = change;
        // Writing to a text does not fail.
        let _ = match fires {
            Some((severity, summary)) => {
                let severity = if *severity == Severity::Page { "now" } else { "on the next working day" };
                writeln!(text, "{cause} (to be looked at {severity})\n  {summary}\n  since {since:.0}")
            }
            None => writeln!(text, "{cause} is over\n  it began at {since:.0}"),
        };
        if let Some(sample) = sample {
            let _ = writeln!(text, "  for example: placement-hub deliveries show {sample}");
        }
        let _ = writeln!(text, "  {}\n", runbook(&cause.name));
    }
    let names: Vec<String> = stands.keys().map(ToString::to_string).collect();
    let _ = writeln!(text, "Standing now: {}", if names.is_empty() { "nothing".to_owned() } else { names.join(", ") });
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::causes::Cause;
    use serde_json::json;

    fn cause(name: &str, about: &str) -> Cause {
        Cause { name: name.to_owned(), about: about.to_owned() }
    }

    #[test]
    fn what_a_watcher_reads() {
        let since: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
        let id = Uuid::from_u128(7);
        let fires = Some((Severity::Ticket, "QKS has not taken deliveries for half an hour".to_owned()));
        let began = Change { cause: cause("RecipientDown", "QKS"), since, fires, look_at: None, sample: Some(id) };
        let over = Change { cause: cause("BrokerAway", ""), since, fires: None, look_at: None, sample: None };
        let stands = Told::from([(cause("RecipientDown", "QKS"), since)]);
        assert_eq!(subject(std::slice::from_ref(&began)), "placement-hub: QKS has not taken deliveries for half an hour");
        assert_eq!(subject(std::slice::from_ref(&over)), "placement-hub: over: BrokerAway");
        let both = [began, over];
        assert_eq!(subject(&both), "placement-hub: 1 alerts, 1 over");
        assert_eq!(
            text(&both, &stands),
            "RecipientDown QKS (to be looked at on the next working day)\n  QKS has not taken deliveries for half an hour\n  since 2026-11-22T08:00:00Z\n  \
             for example: placement-hub deliveries show 00000000-0000-0000-0000-000000000007\n  docs/runbooks/RecipientDown.md\n\n\
             BrokerAway is over\n  it began at 2026-11-22T08:00:00Z\n  docs/runbooks/BrokerAway.md\n\nStanding now: RecipientDown QKS\n"
        );
        let event: serde_json::Value = serde_json::from_slice(&event(id, "urn:test", &both, &stands, since).unwrap()).unwrap();
        assert_eq!(event["type"], "alerts.v1");
        assert_eq!(
            event["data"],
            json!({
                "changes": [
                    { "state": "fires", "cause": "RecipientDown", "about": "QKS", "since": "2026-11-22T08:00:00Z", "severity": "ticket",
                      "summary": "QKS has not taken deliveries for half an hour", "sample": id, "runbook": "docs/runbooks/RecipientDown.md" },
                    { "state": "resolved", "cause": "BrokerAway", "since": "2026-11-22T08:00:00Z", "runbook": "docs/runbooks/BrokerAway.md" },
                ],
                "standing": [{ "cause": "RecipientDown", "about": "QKS", "since": "2026-11-22T08:00:00Z" }],
            })
        );
    }
}
