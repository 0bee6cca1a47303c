//! What a certificate says.

use domain::Code;
use domain::delivery::{DeliveryState, HoldReason, Kind, ObligationState};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The version of this shape. A reader refuses one that it does not know.
pub const VERSION: &str = "1.0";

/// What one hub recorded of telling others about one placement, up to the moment of issue. Times are instants in UTC; days are
/// days of `time_zone`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    pub version: String,
    pub issued_at: Timestamp,
    /// The hub that says so, as its envelopes name it.
    pub source: String,
    pub time_zone: String,
    /// As its responsible authority calls it.
    pub placement: String,
    pub responsible_authority: Organisation,
    /// The messages about this placement, and those that caused a delivery: in the order of recording.
    pub messages: Vec<Message>,
    /// In the order of issue.
    pub deliveries: Vec<Delivery>,
}

/// A genuine statement that this program cannot read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("it is genuine, but of version {0}, which this program does not know: use the program that issued it")]
    OtherVersion(String),
    #[error("it is genuine, but its statement cannot be read")]
    Malformed(#[from] serde_json::Error),
}

impl Statement {
    /// # Errors
    /// Where it is of another version or shape.
    pub fn read(text: &[u8]) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Versioned {
            version: String,
        }
        let Versioned { version } = serde_json::from_slice(text)?;
        if version != VERSION {
            return Err(Unreadable::OtherVersion(version));
        }
        Ok(serde_json::from_slice(text)?)
    }
}

/// A code, and what the directory calls it on the day of issue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    pub code: Code,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The hub's own id: [`Delivery::caused_by`].
    pub id: Uuid,
    pub publisher: Organisation,
    /// As the publisher wrote it.
    pub message_id: String,
    #[serde(rename = "type")]
    pub message_type: String,
    pub verdict: String,
    /// Of the bytes as they came: whoever has them can show that these are meant.
    pub sha256: String,
    pub received_at: Timestamp,
    pub recorded_at: Timestamp,
}

/// One thing sent, or to be sent, to one organisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The envelope's `id`.
    pub id: Uuid,
    /// The envelope's `subject`.
    pub obligation: Uuid,
    pub about: About,
    pub kind: Kind,
    pub recipient: Organisation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Organisation>,
    /// The rule that it rests on: `reg 13(4)`.
    pub basis: String,
    /// Position in what this recipient is told about this child, from 1.
    pub sequence: u32,
    /// The position of what it corrects or withdraws.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_by: Option<Date>,
    pub timeliness: Timeliness,
    /// When it was first found to be overdue and undelivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breached_at: Option<Timestamp>,
    /// Whether it still holds, or a correction or withdrawal has followed.
    pub standing: ObligationState,
    pub state: DeliveryState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_for: Option<HoldReason>,
    /// The message that caused it; none where a clock did, or a person's decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caused_by: Option<Uuid>,
    pub recorded_at: Timestamp,
    /// When a rail took it on for the recipient to collect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_known_by: Option<KnownBy>,
    /// Of the envelope as it is sent: whoever received it can show that this content is meant.
    pub envelope_sha256: String,
    pub attempts: Vec<Attempt>,
    pub acknowledgements: Vec<Acknowledgement>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    Placement,
    /// A referral that came with the placement.
    Referral,
}

/// How a delivery stands to the day by which it was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timeliness {
    /// Delivered on or before the day.
    InTime,
    /// Delivered after it.
    Late,
    /// Not delivered, and the day is not over.
    Open,
    /// Not delivered, and the day is over.
    Overdue,
    /// Taken back before anything of it left: nothing was owed any more.
    TakenBack,
    /// No rule gives it a day.
    NoDueDay,
}

/// How the hub knows that something was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnownBy {
    /// The recipient's system answered an attempt.
    Answer,
    /// The rail reported later that it was collected.
    Collection,
    /// The recipient's own acknowledgement; the time is the one that it wrote.
    Acknowledgement,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    /// `webhook`, `mesh`, ...
    pub rail: String,
    /// `delivered`, `accepted`, `try-later`, `refused`.
    pub outcome: String,
    /// HTTP or protocol status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    pub by: Organisation,
    /// `read` or `acted-on`.
    pub status: String,
    /// As the recipient wrote it.
    pub at: Timestamp,
}
