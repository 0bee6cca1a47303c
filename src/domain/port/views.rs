//! What a ledger answers to those who look: rows for lists, journeys, certificates and metrics.

use super::{Alias, ChildKey, ChildRecord, MessageKey};
use crate::claim::ClaimState;
use crate::code::Code;
use crate::delivery::{DeliveryState, Kind, ObligationState};
use crate::policy::Stage;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// One row per fact that an operator or a metric asks for.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Pending deliveries by recipient and state.
    pub backlog: Vec<(Code, DeliveryState, u64)>,
    /// Dead letters by recipient.
    pub dead: Vec<(Code, u64)>,
    /// The oldest due, leased or held delivery's time of recording, by recipient.
    pub oldest_due: Vec<(Code, Timestamp)>,
    /// By recipient, when the oldest of what is accepted and not collected was accepted.
    pub oldest_accepted: Vec<(Code, Timestamp)>,
    /// What is owed by a date and not delivered, by kind: on time, at risk (due today or later, up to the last day that
    /// is), overdue.
    pub deadlines: Vec<(Kind, [u64; 3])>,
    pub reviews: Vec<(String, u64)>,
    pub breaches: u64,
    pub messages: Vec<(String, String, u64)>,
}

/// One line of a journey, in time order.
#[derive(Clone, Debug)]
pub struct Trace {
    pub at: Timestamp,
    /// `message`, `obligation`, `delivery`, `attempt`, `acknowledgement`, `review`, `suppressed`, `operator`.
    pub what: &'static str,
    pub id: String,
    /// A sentence without child data.
    pub text: String,
}

#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    pub recipient: Option<Code>,
    pub state: Option<DeliveryState>,
    pub kind: Option<Kind>,
    /// Only those older than this delivery id (keyset paging).
    pub before: Option<Uuid>,
    pub limit: usize,
}

#[derive(Clone, Debug)]
pub struct DeliveryRow {
    pub id: Uuid,
    pub obligation: Uuid,
    pub kind: Kind,
    pub recipient: Code,
    pub place: Option<Code>,
    pub state: DeliveryState,
    pub reason: Option<String>,
    pub due_on: Option<Date>,
    pub attempts: u32,
    pub recorded_at: Timestamp,
    pub next_at: Option<Timestamp>,
    pub settled_at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct ReviewRow {
    pub key: Alias,
    pub child: ChildKey,
    pub reason: String,
    pub opened_at: Timestamp,
    pub due_on: Option<Date>,
    /// Sealed.
    pub detail: Vec<u8>,
}

/// What adds up, and what does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    pub messages: u64,
    pub obligations: u64,
    pub deliveries: u64,
    pub attempts: u64,
    /// Deliveries by state.
    pub states: Vec<(DeliveryState, u64)>,
    /// Sentences; empty where everything adds up.
    pub mistakes: Vec<String>,
}

/// One child's whole record, for a certificate.
#[derive(Clone, Debug)]
pub struct History {
    pub child: ChildRecord,
    /// The messages about this child, oldest first.
    pub messages: Vec<MessageNote>,
    /// Oldest first.
    pub deliveries: Vec<DeliveryHistory>,
}

/// What is told of a message that was recorded: not its content.
#[derive(Clone, Debug)]
pub struct MessageNote {
    pub id: Uuid,
    pub key: MessageKey,
    pub message_type: String,
    pub verdict: String,
    /// SHA-256 of the bytes as they came.
    pub digest: [u8; 32],
    pub received_at: Timestamp,
    pub recorded_at: Timestamp,
}

/// An obligation and its delivery, with every attempt.
#[derive(Clone, Debug)]
pub struct DeliveryHistory {
    pub row: DeliveryRow,
    pub obligation_state: ObligationState,
    pub basis: String,
    pub sequence: u32,
    pub supersedes: Option<Uuid>,
    /// The message that caused it; none where a clock did.
    pub message: Option<Uuid>,
    /// Sealed: the envelope as it is sent.
    pub payload: Arc<[u8]>,
    /// In the order of their leases.
    pub attempts: Vec<AttemptRow>,
    /// Oldest first.
    pub acknowledgements: Vec<AcknowledgementRow>,
    pub breached_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRow {
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    pub adapter: String,
    pub outcome: String,
    pub status: Option<u16>,
    pub detail: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcknowledgementRow {
    pub by: Code,
    pub status: String,
    pub at: Timestamp,
}

/// Which claims: all conditions hold.
#[derive(Clone, Debug, Default)]
pub struct ClaimFilter {
    pub commissioner: Option<Code>,
    pub state: Option<ClaimState>,
    /// Only those that nobody has paid, withdrawn or declined yet.
    pub open: bool,
    /// Only those after this claim's id (keyset paging).
    pub after: Option<String>,
    pub limit: usize,
}

/// One claim as it stands. Nothing in it is about the child: its id is opaque.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimRow {
    pub id: String,
    pub stage: Stage,
    /// The body that is asked to pay.
    pub commissioner: Code,
    pub place: Option<Code>,
    pub provider: Code,
    pub service_on: Date,
    /// What was claimed; none where no tariff line holds for the day.
    pub amount_pence: Option<u64>,
    /// What the commissioner agreed to or paid, as it last said.
    pub answered_pence: Option<u64>,
    pub state: ClaimState,
    /// The day on which the claim was first made: its age counts from here.
    pub claimed_on: Date,
    /// The day on which it came into its state.
    pub since: Date,
}

/// A page of a feed.
#[derive(Clone, Debug, Default)]
pub struct FeedPage {
    /// In the order in which they came into the feed.
    pub items: Vec<FeedItem>,
    /// Whether there is more after the last one.
    pub more: bool,
}

/// One delivery in an organisation's feed.
#[derive(Clone, Debug)]
pub struct FeedItem {
    /// Where it is in this organisation's feed; positions only rise, and what comes later has a higher one.
    pub position: u64,
    pub delivery: Uuid,
    pub kind: Kind,
    pub place: Option<Code>,
    /// Sealed: the envelope.
    pub payload: Arc<[u8]>,
    pub accepted_at: Timestamp,
}

/// A delivery that is on its way by a rail where it must be collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedRow {
    pub delivery: Uuid,
    pub recipient: Code,
    pub place: Option<Code>,
    pub adapter: String,
    /// What the rail calls it (a MESH message id, a feed's name).
    pub reference: String,
    pub accepted_at: Timestamp,
}
