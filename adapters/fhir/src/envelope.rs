//! What the hub's CloudEvents envelope holds, kind by kind: the recipient's view as `domain` builds it.

use crate::Unmappable;
use domain::Code;
use domain::delivery::Kind;
use domain::message::{CarePlan, Contacts};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use uuid::Uuid;

/// The envelope, with its kind read from `type`.
pub(crate) struct Envelope<'a> {
    /// The delivery's.
    pub id: Uuid,
    /// The obligation's.
    pub subject: Uuid,
    pub time: Timestamp,
    pub kind: Kind,
    data: &'a RawValue,
}

/// What every kind says of itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Common {
    pub sequence: u32,
    pub basis: String,
    pub due_by: Option<Date>,
    /// The sequence number of what this one corrects or withdraws.
    pub supersedes: Option<u32>,
    /// The placement, referral or claim.
    pub subject: String,
}

impl<'a> Envelope<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Unmappable> {
        #[derive(Deserialize)]
        struct CloudEvent<'a> {
            id: Uuid,
            #[serde(rename = "type")]
            event_type: String,
            subject: Uuid,
            time: Timestamp,
            #[serde(borrow)]
            data: &'a RawValue,
        }
        let event: CloudEvent<'_> = serde_json::from_slice(bytes).map_err(|_| Unmappable::Envelope)?;
        let kind = event.event_type.strip_suffix(".v1").and_then(|name| name.parse().ok()).ok_or(Unmappable::Kind)?;
        Ok(Self { id: event.id, subject: event.subject, time: event.time, kind, data: event.data })
    }

    /// The data, or a part of it.
    pub(crate) fn data<T: DeserializeOwned>(&self) -> Result<T, Unmappable> {
        // The parser's own words may quote a value.
        serde_json::from_str(self.data.get()).map_err(|_| Unmappable::Data(self.kind))
    }
}

/// An arrival or an end notice: where `placement` has ended it is the latter.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Notice {
    pub responsible_authority: Code,
    pub role: String,
    pub child: Child,
    pub legal_status: Option<String>,
    pub placement: Placement,
    pub needs: Option<Needs>,
    pub contacts: Option<Contacts>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Child {
    pub local_id: Option<String>,
    pub nhs_number: Option<String>,
    pub nhs_number_status: Option<String>,
    pub given_name: String,
    pub family_name: String,
    pub birth_date: Date,
    pub sex: String,
    pub gp_practice: Option<Code>,
}

/// A stay as a notice or a referral tells it: each leaves out another part.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Placement {
    pub id: Option<String>,
    pub started_on: Date,
    pub expected_end_on: Option<Date>,
    pub ended_on: Option<Date>,
    pub end_reason: Option<String>,
    pub left_care: Option<bool>,
    pub planned: Option<bool>,
    #[serde(rename = "type")]
    pub placement_type: Option<String>,
    pub provider: Option<String>,
    pub address: Option<Address>,
    pub local_authority: Option<Code>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Address {
    /// The sentence that stands for an address which is withheld.
    pub withheld: Option<String>,
    #[serde(default)]
    pub lines: Vec<String>,
    pub postcode: Option<String>,
    pub local_authority: Option<Code>,
    pub carer: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Needs {
    pub summary: Option<String>,
    pub emotional_health: Option<String>,
    pub sdq_score: Option<u8>,
    pub education: Option<String>,
    pub why_suitable: Option<String>,
    pub care_plan: Option<CarePlan>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Withdrawn {
    pub responsible_authority: Code,
}

#[derive(Deserialize)]
pub(crate) struct Revoked {
    pub reference: Reference,
}

#[derive(Deserialize)]
pub(crate) struct Referral {
    pub referral: Asked,
    pub reference: Reference,
    pub child: Child,
    pub placement: Placement,
    pub needs: Option<Needs>,
    pub contacts: Contacts,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asked {
    pub priority: String,
    pub reason: String,
    pub continues_treatment: bool,
    pub current_provider: Option<Code>,
    pub follows: Option<String>,
}

/// What a provider gives back so that the hub finds the child.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reference {
    pub id: String,
    pub responsible_authority: Code,
    pub child: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkerTask {
    pub task: String,
    /// Of the referral that it is about.
    pub reference: Option<Reference>,
    pub provider: Option<Code>,
    pub refused_on: Option<Date>,
    pub reason: Option<String>,
    /// Which it is about, where it is not a referral.
    pub notice: Option<Sent>,
    /// Who sent the child; in a referral's reference it is already.
    pub responsible_authority: Option<Code>,
    /// Who has not acknowledged it; none where the reader itself has not.
    pub recipient: Option<Code>,
    pub child: Option<String>,
    pub placement: Option<String>,
}

/// A notice that was sent before.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sent {
    pub id: Uuid,
    pub kind: Kind,
    pub sequence: u32,
    pub issued_on: Date,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reclaim {
    pub claim: String,
    pub stage: String,
    pub service_line: Option<String>,
    pub service_date: Date,
    pub units: u32,
    pub unit: Option<String>,
    pub amount_pence: Option<u64>,
    pub currency: String,
    pub provider: Code,
    pub originating_commissioner: Code,
    pub responsible_commissioner: Code,
    pub evidence: String,
    pub nhs_number: Option<String>,
}
