//! What an organisation does about a notice: a provider answers a referral, a commissioner a claim, a council reads.

use super::Organisation;
use crate::demo::paper::{Fields, Format, Paper};
use amqp::{Outgoing, topology};
use domain::Code;
use domain::directory::OrganisationKind;
use domain::message::MessageType;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::time::Duration;

/// One referral in so many is refused.
const REFUSED: u64 = 20;
/// One claim in so many is disputed.
const DISPUTED: u64 = 8;
/// A council acknowledges the first of every so many notices.
const ACKNOWLEDGED: u64 = 4;

/// How fast the organisations work.
#[derive(Clone, Copy, Debug)]
pub struct Tempo {
    /// From one step of an answer to the next: days in life, a moment in the demo.
    pub step: Duration,
}

impl Tempo {
    #[must_use]
    pub fn delay(self, stage: u32) -> Duration {
        self.step * stage
    }
}

/// What one organisation remembers of its answers.
#[derive(Default)]
pub struct Answers {
    notices: u64,
    sent: u64,
}

/// One step of an answer.
pub struct Step {
    /// Steps before it, and it.
    pub stage: u32,
    number: u64,
    message_type: MessageType,
    fields: Fields,
}

impl Answers {
    /// What follows from `envelope`.
    pub fn to(&mut self, organisation: &Organisation, envelope: &Value, today: Date) -> Vec<Step> {
        let kind = envelope["type"].as_str().unwrap_or_default().trim_end_matches(".v1");
        let data = &envelope["data"];
        let papers = match (organisation.kind, kind) {
            (OrganisationKind::Provider, "referral") => referral(data, today),
            (OrganisationKind::CommissionerBody, "reclaim-request") => reclaim(data, today),
            (OrganisationKind::Authority, "arrival-notice" | "end-notice" | "worker-task") => {
                self.notices += 1;
                if self.notices % ACKNOWLEDGED == 1 { acknowledgement(&envelope["id"], kind, today) } else { Vec::new() }
            }
            _ => Vec::new(),
        };
        let mut steps = Vec::with_capacity(papers.len());
        for (stage, (message_type, fields)) in (1..).zip(papers) {
            self.sent += 1;
            steps.push(Step { stage, number: self.sent, message_type, fields });
        }
        steps
    }
}

impl Step {
    /// As it is published, `delay` from `now`.
    pub fn outgoing(self, publisher: Code, run: &str, now: Timestamp, delay: Duration) -> Outgoing {
        let message_id = format!("demo-{run}-{publisher}-{}", self.number);
        let sent_at = SignedDuration::try_from(delay).ok().and_then(|delay| now.checked_add(delay).ok()).unwrap_or(now);
        // Trusts write JSON, and boards XML: the hub does not mind.
        let format = if publisher.as_str().len() > 3 { Format::Xml } else { Format::Json };
        let paper = Paper::new(self.message_type, &message_id, sent_at, publisher.as_str(), self.fields);
        Outgoing {
            exchange: topology::INTAKE.to_owned(),
            routing_key: format!("{}.{publisher}", self.message_type.name()),
            body: paper.write(format),
            content_type: Some(format.content_type().to_owned()),
            message_id: Some(message_id),
            ..Outgoing::default()
        }
    }
}

type Papers = Vec<(MessageType, Fields)>;

/// Received, assessed, treatment started; or received and refused. Before the child has arrived, only accepted.
fn referral(data: &Value, today: Date) -> Papers {
    let text = |name: &str| data["reference"][name].as_str().unwrap_or_default().to_owned();
    let started_on: Option<Date> = data["placement"]["startedOn"].as_str().and_then(|day| day.parse().ok());
    let arrives_later = started_on.is_some_and(|day| day > today);
    let path: &[&str] = match (arrives_later, one_in(&text("id"), REFUSED)) {
        (_, true) => &["received", "refused"],
        (true, false) => &["received", "accepted"],
        (false, false) => &["received", "assessed", "treatment-started"],
    };
    let step = |status: &&str| {
        let reference: Fields =
            vec![("id", text("id").into()), ("responsibleAuthority", text("responsibleAuthority").into()), ("child", text("child").into())];
        let mut fields: Fields = vec![("referral", reference.into()), ("status", (*status).into()), ("occurredOn", today.into())];
        if *status == "refused" {
            fields.push(("reason", "No place before spring; another service is nearer.".into()));
        }
        (MessageType::ReferralUpdate, fields)
    };
    path.iter().map(step).collect()
}

/// Acknowledged, then agreed; or disputed.
fn reclaim(data: &Value, today: Date) -> Papers {
    let claim = data["claim"].as_str().unwrap_or_default().to_owned();
    let verdict = if one_in(&claim, DISPUTED) { "disputed" } else { "agreed" };
    let step = |status: &str| {
        let reference: Fields = vec![("id", claim.as_str().into())];
        let mut fields: Fields = vec![("claim", reference.into()), ("status", status.into()), ("occurredOn", today.into())];
        match (status, data["amountPence"].as_u64()) {
            ("disputed", _) => fields.push(("reason", "The child was not registered in our area.".into())),
            ("agreed", Some(pence)) => fields.push(("amountPence", pence.into())),
            _ => {}
        }
        (MessageType::ReclaimUpdate, fields)
    };
    vec![step("acknowledged"), step(verdict)]
}

fn acknowledgement(delivery: &Value, kind: &str, today: Date) -> Papers {
    let notice: Fields = vec![("id", delivery.as_str().unwrap_or_default().into())];
    let status = if kind == "worker-task" { "acted-on" } else { "read" };
    vec![(MessageType::Acknowledgement, vec![("notice", notice.into()), ("status", status.into()), ("occurredOn", today.into())])]
}

/// True for one in `count` of all ids, always the same ones (FNV-1a).
fn one_in(id: &str, count: u64) -> bool {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    ((hash >> 32) % count) == 0
}

#[cfg(test)]
mod tests {
    use super::{Papers, one_in, reclaim, referral};
    use crate::demo::paper::Node;
    use serde_json::json;

    fn statuses(papers: &Papers) -> Vec<String> {
        let status = |node: &Node| if let Node::Text(text) = node { text.clone() } else { String::new() };
        papers.iter().map(|(_, fields)| fields.iter().find(|(name, _)| *name == "status").map(|(_, node)| status(node)).unwrap()).collect()
    }

    #[test]
    fn a_provider_treats_whoever_has_arrived_and_refuses_a_few() {
        let today = jiff::civil::date(2026, 11, 22);
        let answer = |id: &str, started_on: &str| {
            statuses(&referral(&json!({ "reference": { "id": id }, "placement": { "startedOn": started_on } }), today))
        };
        let taken = (0..).map(|n| format!("R-{n}")).find(|id| !one_in(id, 20)).unwrap();
        let refused = (0..).map(|n| format!("R-{n}")).find(|id| one_in(id, 20)).unwrap();
        assert_eq!(answer(&taken, "2026-11-22"), ["received", "assessed", "treatment-started"]);
        assert_eq!(answer(&taken, "2026-11-23"), ["received", "accepted"]);
        assert_eq!(answer(&refused, "2026-11-20"), ["received", "refused"]);
    }

    #[test]
    fn most_claims_are_agreed() {
        let today = jiff::civil::date(2026, 11, 22);
        let second = |n: u32| statuses(&reclaim(&json!({ "claim": format!("CLM-{n}"), "amountPence": 58_000 }), today)).remove(1);
        let disputed = (0..800).filter(|n| second(*n) == "disputed").count();
        assert!((60..140).contains(&disputed), "{disputed}");
    }
}
