//! The canonical inbound messages: what every intake and every format comes to.

use crate::code::Code;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Deserializer, Serialize};

/// The five messages that the hub reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageType {
    PlacementChange,
    WellbeingConcern,
    ReferralUpdate,
    ReclaimUpdate,
    Acknowledgement,
}

impl MessageType {
    pub const ALL: [Self; 5] =
        [Self::PlacementChange, Self::WellbeingConcern, Self::ReferralUpdate, Self::ReclaimUpdate, Self::Acknowledgement];

    /// The name in `type`, in routing keys and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PlacementChange => "placement-change",
            Self::WellbeingConcern => "wellbeing-concern",
            Self::ReferralUpdate => "referral-update",
            Self::ReclaimUpdate => "reclaim-update",
            Self::Acknowledgement => "acknowledgement",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|message_type| message_type.name() == name)
    }
}

/// One reason why a document was not taken, or what was noticed in it: a stable code, where, and a sentence that says
/// what to do. Never the value itself: receipts travel and are logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, PartialOrd, Ord)]
pub struct Reason {
    pub code: String,
    /// JSON pointer in both formats (`/placement/postcode`); empty for the whole document.
    pub path: String,
    pub message: String,
}

impl Reason {
    pub fn new(code: &str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), path: path.into(), message: message.into() }
    }
}

/// A readable document, whatever its format was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
// Most messages are of the largest kind: a box would cost each of them an allocation to spare the few some stack.
#[allow(clippy::large_enum_variant)]
pub enum Message {
    PlacementChange(PlacementChange),
    WellbeingConcern(WellbeingConcern),
    ReferralUpdate(ReferralUpdate),
    ReclaimUpdate(ReclaimUpdate),
    Acknowledgement(Acknowledgement),
}

/// What every message begins with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    pub version: String,
    pub message_id: String,
    pub sent_at: Timestamp,
    pub publisher: Code,
}

/// A snapshot of one placement, with a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlacementChange {
    #[serde(flatten)]
    pub header: Header,
    pub child: Child,
    pub care_period: CarePeriodFacts,
    pub placement: PlacementFacts,
    #[serde(default, deserialize_with = "empty_as_none", skip_serializing_if = "Option::is_none")]
    pub needs: Option<Needs>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referral: Option<ReferralRequest>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub contacts: Contacts,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Child {
    /// Unique only within its authority.
    pub local_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nhs_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nhs_number_status: Option<String>,
    pub given_name: String,
    pub family_name: String,
    pub birth_date: Date,
    pub sex: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gp_practice: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sibling_group: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CarePeriodFacts {
    pub id: String,
    pub started_on: Date,
    #[serde(default)]
    pub ended_on: Option<Date>,
    #[serde(default)]
    pub end_reason: Option<String>,
    pub legal_status: String,
    #[serde(default, deserialize_with = "empty_as_none", skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// What is known of where the child lived before coming into care.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gp_practice: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commissioner: Option<Code>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_postcode: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlacementStatus {
    Active,
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlacementFacts {
    pub id: String,
    pub version: u32,
    pub status: PlacementStatus,
    pub started_on: Date,
    #[serde(default)]
    pub ended_on: Option<Date>,
    #[serde(default)]
    pub end_reason: Option<String>,
    /// SSDA903 reason for new episode: S, L, P, T, B, U.
    pub reason_for_change: String,
    /// SSDA903 placement type: U4, K1, A3, T2, ...
    #[serde(rename = "type")]
    pub placement_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    pub planned: bool,
    #[serde(default)]
    pub expected_end_on: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postcode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_authority: Option<Code>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub address_withheld: bool,
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub address_lines: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carer: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Needs {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emotional_health: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub education: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdq_score: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_suitable: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub care_plan: Option<CarePlan>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CarePlan {
    pub title: String,
    pub reference: String,
    pub sha256: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReferralRequest {
    /// Unique within the responsible authority.
    pub id: String,
    /// `routine`, `urgent`, `emergency`.
    pub priority: String,
    pub reason: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub continues_treatment: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_provider: Option<Code>,
    /// An earlier referral that this one follows on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contacts {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub social_worker: Option<Contact>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewing_officer: Option<Contact>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// The authority asks for a referral outside a move.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WellbeingConcern {
    #[serde(flatten)]
    pub header: Header,
    pub child: ChildReference,
    pub referral: ReferralRequest,
    /// The day on which wellbeing was seen to deteriorate.
    pub observed_on: Date,
    #[serde(default, deserialize_with = "empty_as_none", skip_serializing_if = "Option::is_none")]
    pub needs: Option<Needs>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub contacts: Contacts,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChildReference {
    pub local_id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReferralStatus {
    Received,
    Accepted,
    Refused,
    Assessed,
    TreatmentStarted,
    TreatmentEnded,
}

/// The provider tells how a referral goes. The `referral` block echoes the reference that the referral carried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReferralUpdate {
    #[serde(flatten)]
    pub header: Header,
    pub referral: ReferralReference,
    pub status: ReferralStatus,
    /// The service date.
    pub occurred_on: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReferralReference {
    pub id: String,
    pub responsible_authority: Code,
    /// The child's id at the responsible authority.
    pub child: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReclaimStatus {
    Acknowledged,
    Queried,
    Disputed,
    Agreed,
    Paid,
}

/// The commissioner tells how a claim goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReclaimUpdate {
    #[serde(flatten)]
    pub header: Header,
    pub claim: ClaimReference,
    pub status: ReclaimStatus,
    pub occurred_on: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Pence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_pence: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimReference {
    pub id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AcknowledgementStatus {
    Read,
    ActedOn,
}

/// A recipient's own word: a person there read the notice, or acted on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Acknowledgement {
    #[serde(flatten)]
    pub header: Header,
    pub notice: NoticeReference,
    pub status: AcknowledgementStatus,
    pub occurred_on: Date,
}

/// `id` of the CloudEvents envelope: the delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NoticeReference {
    pub id: uuid::Uuid,
}

impl Message {
    /// Straight to the message's own type: going by the tag would copy every value once more.
    ///
    /// # Errors
    /// Where the value is not of this type: its contract refuses it before.
    pub fn from_value(message_type: MessageType, value: serde_json::Value) -> Result<Self, serde_json::Error> {
        Ok(match message_type {
            MessageType::PlacementChange => Self::PlacementChange(serde_json::from_value(value)?),
            MessageType::WellbeingConcern => Self::WellbeingConcern(serde_json::from_value(value)?),
            MessageType::ReferralUpdate => Self::ReferralUpdate(serde_json::from_value(value)?),
            MessageType::ReclaimUpdate => Self::ReclaimUpdate(serde_json::from_value(value)?),
            MessageType::Acknowledgement => Self::Acknowledgement(serde_json::from_value(value)?),
        })
    }

    #[must_use]
    pub const fn message_type(&self) -> MessageType {
        match self {
            Self::PlacementChange(_) => MessageType::PlacementChange,
            Self::WellbeingConcern(_) => MessageType::WellbeingConcern,
            Self::ReferralUpdate(_) => MessageType::ReferralUpdate,
            Self::ReclaimUpdate(_) => MessageType::ReclaimUpdate,
            Self::Acknowledgement(_) => MessageType::Acknowledgement,
        }
    }

    #[must_use]
    pub const fn header(&self) -> &Header {
        match self {
            Self::PlacementChange(m) => &m.header,
            Self::WellbeingConcern(m) => &m.header,
            Self::ReferralUpdate(m) => &m.header,
            Self::ReclaimUpdate(m) => &m.header,
            Self::Acknowledgement(m) => &m.header,
        }
    }
}

/// The contracts let an optional value be left out or null; both mean the default here.
fn null_as_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A group without anything in it says as much as one that is left out.
fn empty_as_none<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default + PartialEq>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.filter(|group| *group != T::default()))
}

#[cfg(test)]
mod tests {
    use super::{Message, MessageType, PlacementChange};
    use serde_json::{Value, json};

    fn message(fields: Value) -> Message {
        let mut whole = json!({ "version": "1.0", "messageId": "m-1", "sentAt": "2026-11-20T09:00:00Z", "publisher": "E10000001" });
        whole.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        serde_json::from_value(whole).unwrap()
    }

    fn one_of_each() -> [Message; 5] {
        let referral = json!({ "id": "R-1", "priority": "urgent", "reason": "low mood" });
        [
            json!({ "type": "placement-change",
                    "child": { "localId": "1", "givenName": "Ada", "familyName": "Example", "birthDate": "2012-04-09", "sex": "F" },
                    "carePeriod": { "id": "CP-1", "startedOn": "2026-11-19", "legalStatus": "C2" },
                    "placement": { "id": "P1", "version": 1, "status": "active", "startedOn": "2026-11-19", "reasonForChange": "S", "type": "U4",
                                   "planned": true } }),
            json!({ "type": "wellbeing-concern", "child": { "localId": "1" }, "referral": referral, "observedOn": "2026-11-20" }),
            json!({ "type": "referral-update", "referral": { "id": "R-1", "responsibleAuthority": "E10000001", "child": "1" },
                    "status": "treatment-started", "occurredOn": "2026-11-20" }),
            json!({ "type": "reclaim-update", "claim": { "id": "CLM-1" }, "status": "paid", "occurredOn": "2026-11-20" }),
            json!({ "type": "acknowledgement", "notice": { "id": "00000000-0000-0000-0000-000000000001" }, "status": "acted-on",
                    "occurredOn": "2026-11-20" }),
        ]
        .map(message)
    }

    #[test]
    fn each_message_knows_its_type_and_its_header() {
        let found = one_of_each().map(|message| (message.message_type(), message.header().message_id.clone()));
        assert_eq!(found, MessageType::ALL.map(|message_type| (message_type, "m-1".to_owned())));
    }

    #[test]
    fn types_read_back_from_their_names() {
        for message_type in MessageType::ALL {
            assert_eq!(MessageType::from_name(message_type.name()), Some(message_type));
        }
        assert_eq!(MessageType::from_name("placement"), None);
    }

    #[test]
    fn a_message_reads_back_from_what_it_writes() {
        for message in one_of_each() {
            let written = serde_json::to_value(&message).unwrap();
            assert_eq!(written["type"], message.message_type().name());
            assert_eq!(serde_json::from_value::<Message>(written).unwrap(), message);
        }
    }

    /// An optional value that is left out, null or an empty group says the same: nothing.
    #[test]
    fn null_and_empty_groups_say_nothing() {
        let [Message::PlacementChange(plain), ..] = one_of_each() else { panic!("the first is a placement change") };
        let with = |pointer: &str, value: Value| -> PlacementChange {
            let mut written = serde_json::to_value(&plain).unwrap();
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            written.pointer_mut(parent).unwrap()[key] = value;
            serde_json::from_value(written).unwrap()
        };
        for (pointer, nothing) in [
            ("/needs", Value::Null),
            ("/needs", json!({})),
            ("/carePeriod/origin", Value::Null),
            ("/carePeriod/origin", json!({})),
            ("/contacts", Value::Null),
            ("/placement/addressWithheld", Value::Null),
            ("/placement/addressLines", Value::Null),
        ] {
            assert_eq!(with(pointer, nothing), plain, "{pointer}");
        }
        assert_eq!(with("/needs", json!({ "summary": "calm" })).needs.unwrap().summary.as_deref(), Some("calm"));
        assert!(with("/placement/addressWithheld", true.into()).placement.address_withheld);
        assert_eq!(with("/placement/addressLines", json!(["1 Example Street"])).placement.address_lines, ["1 Example Street"]);
    }
}
