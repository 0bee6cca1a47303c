//! From bytes to something that can be judged, and from a decision to something that can be recorded.

use super::{Answer, Envelope, Journey, JourneyError, Judged, Working};
use crate::cloud_event::cloud_event;
use crate::keys::Keys;
use crate::receipt::{Receipt, Verdict};
use domain::Code;
use domain::admission::{self, Vouched};
use domain::casefile::{Casefile, Issue};
use domain::delivery::HoldReason;
use domain::directory::Directory;
use domain::hex::hex;
use domain::message::{AcknowledgementStatus, Message, MessageType, Reason};
use domain::port::{
    Acknowledged, Alias, ChildKey, ChildUpdate, Clue, Found, MessageKey, MessageRow, NewObligation, NewReview, RecordedMessage,
};
use jiff::{Timestamp, civil::Date};
use ring::digest::{SHA256, digest};
use serde::Serialize;
use std::collections::HashSet;
use uuid::Uuid;

/// What a message's bytes are sealed for.
pub const SEAL_ENVELOPE: &str = "envelope";
/// What a child's casefile is sealed for.
pub const SEAL_CASEFILE: &str = "casefile";
/// What a delivery's payload is sealed for; dispatch opens it.
pub const SEAL_PAYLOAD: &str = "payload";
/// What a review item's detail is sealed for.
pub const SEAL_REVIEW: &str = "review";

/// A message as far as its own bytes, its rail and the directory tell.
pub(super) struct Prepared {
    pub key: MessageKey,
    digest: [u8; 32],
    message_type: Option<MessageType>,
    content: Result<Message, Vec<Reason>>,
    /// None where it could not be read.
    message_id: Option<String>,
    /// Whom to answer.
    answer_to: Code,
    child: Option<ChildKey>,
}

/// What a message turns out to be about.
pub(super) enum Subject<'a> {
    Refused(Receipt),
    /// A recipient's word, and the child whose notice it is about.
    Acknowledged(Acknowledged, ChildKey, &'a Message),
    Child(ChildKey, &'a Message),
}

/// Reads, validates and admits one message.
pub(super) fn prepare(journey: &Journey, directory: &Directory, envelope: &Envelope) -> Prepared {
    let mut own = [0; 32];
    own.copy_from_slice(digest(&SHA256, &envelope.body).as_ref());
    let (routed_type, routed_publisher) = envelope.routing_key.as_deref().map(routed).unwrap_or_default();
    match journey.contracts.read(envelope.content_type.as_deref(), &envelope.body) {
        Ok(message) => {
            let vouched = Vouched {
                routing_key: envelope.routing_key.as_deref(),
                user_id: envelope.user_id.as_deref(),
                organisation: envelope.organisation,
                require_user_id: journey.require_user_id,
            };
            let reasons = admission::check(&message, vouched, directory);
            let header = message.header();
            let (publisher, message_id) = (header.publisher, header.message_id.clone());
            let (authority, local_id) = whose(&message);
            let child = (!authority.is_none()).then(|| journey.keys.child(authority, local_id));
            // A message that its publisher did not send must not use up that publisher's message id.
            let key = if reasons.is_empty() { MessageKey { publisher, message_id: message_id.clone() } } else { refused_key(&own) };
            Prepared {
                key,
                digest: own,
                message_type: Some(message.message_type()),
                content: if reasons.is_empty() { Ok(message) } else { Err(reasons) },
                message_id: Some(message_id),
                answer_to: publisher,
                child,
            }
        }
        Err(unreadable) => Prepared {
            key: refused_key(&own),
            digest: own,
            message_type: unreadable.message_type.or(routed_type),
            content: Err(unreadable.reasons),
            message_id: unreadable.message_id,
            answer_to: unreadable.publisher.or(routed_publisher).unwrap_or(Code::NONE),
            child: None,
        },
    }
}

/// Rejected messages are known by their bytes: a redelivery is the same one, a mended message is another.
fn refused_key(digest: &[u8; 32]) -> MessageKey {
    MessageKey { publisher: Code::NONE, message_id: format!("sha256:{}", hex(digest)) }
}

fn routed(key: &str) -> (Option<MessageType>, Option<Code>) {
    let (message_type, publisher) = key.split_once('.').unwrap_or((key, ""));
    (MessageType::from_name(message_type), Code::new(publisher).ok())
}

/// The responsible authority and the child's id there; [`Code::NONE`] where the message names a claim or a notice instead.
pub(crate) fn whose(message: &Message) -> (Code, &str) {
    match message {
        Message::PlacementChange(change) => (change.header.publisher, &change.child.local_id),
        Message::WellbeingConcern(concern) => (concern.header.publisher, &concern.child.local_id),
        Message::ReferralUpdate(update) => (update.referral.responsible_authority, &update.referral.child),
        Message::ReclaimUpdate(_) | Message::Acknowledgement(_) => (Code::NONE, ""),
    }
}

/// A closed body's notices go to its one successor, so it is the successor who has read them.
fn speaks_for(publisher: Code, recipient: Code, directory: &Directory, today: Date) -> bool {
    publisher == recipient || directory.endpoint(recipient, None, today).is_some_and(|endpoint| endpoint.organisation == publisher)
}

impl Prepared {
    /// What the ledger must look up before this one can be judged.
    pub fn clue(&self, keys: &Keys) -> Option<Clue> {
        match self.content.as_ref().ok()? {
            Message::ReclaimUpdate(update) => Some(Clue::Alias(keys.alias(&update.claim.id))),
            Message::Acknowledgement(acknowledgement) => Some(Clue::Id(acknowledgement.notice.id)),
            _ => None,
        }
    }

    pub fn child(&self) -> Option<ChildKey> {
        self.content.is_ok().then_some(self.child).flatten()
    }

    pub fn subject(&self, found: Option<&Found>, directory: &Directory, today: Date) -> Subject<'_> {
        let message = match &self.content {
            Ok(message) => message,
            Err(reasons) => return Subject::Refused(self.rejected(reasons.clone())),
        };
        match (message, self.child, found) {
            (Message::Acknowledgement(acknowledgement), _, Some(Found { child, delivery: Some((delivery, recipient)) }))
                if speaks_for(acknowledgement.header.publisher, *recipient, directory, today) =>
            {
                let status = match acknowledgement.status {
                    AcknowledgementStatus::Read => "read",
                    AcknowledgementStatus::ActedOn => "acted-on",
                };
                let (by, at) = (acknowledgement.header.publisher, acknowledgement.header.sent_at);
                Subject::Acknowledged(Acknowledged { delivery: *delivery, by, status, at }, *child, message)
            }
            (Message::Acknowledgement(_), _, _) => {
                let sentence = "no notice with this id was sent to you; use the `id` of the envelope that you received";
                Subject::Refused(self.rejected(vec![Reason::new("unknown-notice", "/notice/id", sentence)]))
            }
            (_, Some(child), _) => Subject::Child(child, message),
            (_, None, Some(found)) => Subject::Child(found.child, message),
            (_, None, None) => {
                let sentence = "the hub has made no claim with this id; use the `claim` of the request that you received";
                Subject::Refused(self.rejected(vec![Reason::new("unknown-claim", "/claim/id", sentence)]))
            }
        }
    }

    /// The receipt of an acknowledgement. What follows from it is between the hub and the responsible authority.
    pub fn acknowledged(&self) -> Receipt {
        Receipt { verdict: Verdict::Accepted, ..self.rejected(Vec::new()) }
    }

    fn rejected(&self, reasons: Vec<Reason>) -> Receipt {
        Receipt::rejected(self.message_id.clone(), reasons)
    }

    /// Whether what is recorded under its key is this very message.
    pub fn repeats(&self, known: &RecordedMessage, journey: &Journey) -> bool {
        known.digest == self.digest || self.same_content(known, journey)
    }

    /// The key under which it is recorded where its own is taken by another message.
    pub fn refused_key(&self) -> MessageKey {
        refused_key(&self.digest)
    }

    /// The receipt for other content under a message id that was used before.
    pub fn reused(&self) -> Receipt {
        Receipt::reused(self.message_id.clone())
    }

    /// JSON and XML of the same message are the same message.
    fn same_content(&self, known: &RecordedMessage, journey: &Journey) -> bool {
        let first = journey.keys.open(SEAL_ENVELOPE, &known.envelope).ok();
        let first = first.and_then(|bytes| journey.contracts.read(Some(&known.content_type), &bytes).ok());
        matches!((&self.content, first), (Ok(message), Some(first)) if *message == first)
    }

    pub fn answer(&self, verdict: Verdict, receipt: String) -> Answer {
        Answer {
            publisher: self.answer_to,
            message_id: self.message_id.clone().unwrap_or_default(),
            message_type: self.message_type.map_or("unknown", MessageType::name),
            verdict,
            receipt,
        }
    }

    /// Its row under `key`: its own, or that of refused bytes.
    pub fn row(
        &self,
        journey: &Journey,
        envelope: &Envelope,
        key: &MessageKey,
        receipt: &Receipt,
        now: Timestamp,
    ) -> Result<MessageRow, JourneyError> {
        Ok(MessageRow {
            id: Uuid::now_v7(),
            key: key.clone(),
            written_id: self.message_id.clone().filter(|id| *id != key.message_id),
            sender: key.publisher.is_none().then_some(self.answer_to).filter(|code| !code.is_none()),
            message_type: self.message_type.map_or("unknown", MessageType::name),
            verdict: receipt.verdict.name(),
            digest: self.digest,
            envelope: journey.keys.seal(SEAL_ENVELOPE, &envelope.body)?,
            content_type: envelope.content_type.clone().unwrap_or_default(),
            traceparent: envelope.traceparent.clone(),
            receipt: receipt.json(),
            intake: envelope.intake,
            received_at: envelope.received_at,
            recorded_at: now,
        })
    }
}

impl Working {
    pub fn new(authority: Code, local_id: &str) -> Self {
        Self { casefile: Casefile::new(authority, local_id), version: 0, touched: HashSet::new() }
    }

    pub fn open(keys: &Keys, sealed: Vec<u8>, version: u64, touched: Vec<Uuid>) -> Result<Self, JourneyError> {
        if version == 0 {
            return Ok(Self::new(Code::NONE, ""));
        }
        let casefile = Casefile::from_json(&keys.open(SEAL_CASEFILE, &sealed)?)?;
        Ok(Self { casefile, version, touched: touched.into_iter().collect() })
    }

    /// What the ledger is to write for this child; the working copy is one version on.
    pub fn update(
        &mut self,
        journey: &Journey,
        directory: &Directory,
        key: ChildKey,
        judged: &Judged,
        message: Option<&Message>,
    ) -> Result<ChildUpdate, JourneyError> {
        let now = (journey.now)();
        let decision = &judged.decision;
        let casefile = journey.keys.seal(SEAL_CASEFILE, &self.casefile.to_json()?)?;
        let issue = decision.issue.iter().map(|issue| obligation(journey, directory, issue, now)).collect::<Result<_, _>>()?;
        let reviews = decision.owed.reviews.iter().map(|review| sealed_review(journey, key, review)).collect::<Result<_, _>>()?;
        let update = ChildUpdate {
            key,
            read_version: self.version,
            casefile,
            wake_at: self.casefile.wake_at,
            issue,
            retract: decision.retract.clone(),
            mark: decision.mark.clone(),
            aliases: aliases(&journey.keys, message, decision.issue.iter().map(|issue| issue.subject.as_str())),
            reviews,
            suppressed: decision.owed.suppressed.iter().map(|one| format!("{}: {}", one.kind, one.why)).collect(),
            claims: decision.claims.clone(),
        };
        self.version += 1;
        Ok(update)
    }
}

fn obligation(journey: &Journey, directory: &Directory, issue: &Issue, now: Timestamp) -> Result<NewObligation, JourneyError> {
    // Without an endpoint it must not look as if it had been sent: it waits, held, until the directory has one.
    let reachable = directory.endpoint(issue.recipient, issue.place, journey.policy.day(now)).is_some();
    let hold = issue.hold.or_else(|| (!reachable).then_some(HoldReason::NoEndpoint));
    Ok(NewObligation {
        id: issue.id,
        delivery: issue.delivery,
        kind: issue.kind,
        recipient: issue.recipient,
        place: issue.place,
        due_on: issue.due_on,
        basis: issue.basis.name(),
        sequence: issue.sequence,
        supersedes: issue.supersedes,
        hold,
        payload: journey.keys.seal(SEAL_PAYLOAD, &envelope(&journey.source, issue, now)?)?.into(),
    })
}

fn envelope(source: &str, issue: &Issue, now: Timestamp) -> Result<Vec<u8>, serde_json::Error> {
    let data: &serde_json::value::RawValue = serde_json::from_str(&issue.data)?;
    cloud_event(issue.delivery, source, &format!("{}.v1", issue.kind), &issue.id.to_string(), now, data)
}

fn sealed_review(journey: &Journey, child: ChildKey, review: &domain::owed::Review) -> Result<NewReview, JourneyError> {
    #[derive(Serialize)]
    struct Detail<'a> {
        subject: &'a str,
        detail: &'a str,
        candidates: Vec<(Code, &'a str, &'a str)>,
    }
    let candidates = review.candidates.iter().map(|one| (one.code, one.name.as_str(), one.evidence.as_str())).collect();
    let detail = serde_json::to_vec(&Detail { subject: &review.subject, detail: &review.detail, candidates })?;
    let question = format!("{child:?}/{}/{}", review.reason, review.subject);
    Ok(NewReview {
        key: journey.keys.alias(&question),
        reason: review.reason,
        due_on: review.due_on,
        detail: journey.keys.seal(SEAL_REVIEW, &detail)?,
    })
}

/// What a review item is about.
pub(super) fn review_subject(keys: &Keys, detail: &[u8]) -> Result<String, JourneyError> {
    #[derive(serde::Deserialize)]
    struct Detail {
        subject: String,
    }
    let detail: Detail = serde_json::from_slice(&keys.open(SEAL_REVIEW, detail)?)?;
    Ok(detail.subject)
}

/// Every id by which a person may look for this child: those in the message, and the claims that came of it.
fn aliases<'a>(keys: &Keys, message: Option<&'a Message>, subjects: impl Iterator<Item = &'a str>) -> Vec<Alias> {
    let mut ids: Vec<&str> = match message {
        Some(Message::PlacementChange(change)) => vec![&change.child.local_id, &change.placement.id],
        Some(Message::WellbeingConcern(concern)) => vec![&concern.child.local_id],
        Some(Message::ReferralUpdate(update)) => vec![&update.referral.child, &update.referral.id],
        _ => Vec::new(),
    };
    ids.extend(subjects);
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(|id| keys.alias(id)).collect()
}
