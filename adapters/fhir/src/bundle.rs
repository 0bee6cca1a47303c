//! A message Bundle: its header, its focus, and what they refer to.

use crate::Unmappable;
use crate::codes;
use crate::envelope::{Common, Envelope};
use crate::settings::Terms;
use crate::{notice, reclaim, referral, task};
use domain::Code;
use domain::delivery::Kind;
use domain::identifiers::is_gss;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use uuid::{Builder, Uuid};

/// The FHIR R4 message that carries the hub's CloudEvents envelope to an endpoint.
///
/// The same envelope and terms give the same bytes: ids come of the delivery's id, times of the envelope's. Nothing
/// is told that is not in the envelope's `data`, but for codes and the two organisations between which it goes.
///
/// # Errors
/// Where the envelope is not one that this version of the hub writes.
pub fn bundle(envelope: &[u8], terms: &Terms) -> Result<Vec<u8>, Unmappable> {
    let envelope = Envelope::read(envelope)?;
    let mut message = Message::new(&envelope, terms)?;
    let focus = match envelope.kind {
        Kind::ArrivalNotice | Kind::EndNotice | Kind::NoticeCorrection => notice::told(&mut message, envelope.data()?),
        Kind::NoticeWithdrawal => notice::withdrawn(&mut message, &envelope.data()?),
        Kind::Referral => referral::asked(&mut message, envelope.data()?),
        Kind::ReferralWithdrawal => referral::revoked(&mut message, &envelope.data()?),
        Kind::ReclaimRequest => reclaim::requested(&mut message, envelope.data()?)?,
        Kind::ReclaimWithdrawal => reclaim::cancelled(&mut message),
        Kind::WorkerTask => task::asked(&mut message, &envelope.data()?),
    };
    Ok(message.finish(focus))
}

/// A message being put together.
pub(crate) struct Message<'a> {
    pub envelope: &'a Envelope<'a>,
    pub common: Common,
    pub terms: &'a Terms,
    entries: Vec<Value>,
    organisations: BTreeSet<Code>,
}

impl<'a> Message<'a> {
    fn new(envelope: &'a Envelope<'a>, terms: &'a Terms) -> Result<Self, Unmappable> {
        Ok(Self { envelope, common: envelope.data()?, terms, entries: Vec::new(), organisations: BTreeSet::new() })
    }

    /// The moment at which it was decided, as FHIR writes it.
    pub(crate) fn time(&self) -> String {
        format!("{:.3}", self.envelope.time)
    }

    /// Adds a resource under a name that is its own in this message; answers the reference to it.
    pub(crate) fn add(&mut self, name: &str, resource: Value) -> Value {
        let id = self.id_of(name);
        self.entries.push(entry(id, resource));
        reference(id)
    }

    /// The reference to an organisation, which is added once.
    pub(crate) fn organisation(&mut self, code: Code) -> Value {
        let name = format!("organisation/{code}");
        if self.organisations.insert(code) {
            return self.add(&name, json!({ "resourceType": "Organization", "identifier": [organisation(code)] }));
        }
        reference(self.id_of(&name))
    }

    /// An id that an authority gave and that only it knows to be its own: another authority may have the same.
    pub(crate) fn local(&mut self, system: &str, value: &str, authority: Code) -> Value {
        let assigner = self.organisation(authority);
        json!({ "system": system, "value": value, "assigner": assigner })
    }

    /// A new message, or one that changes what an earlier one said.
    fn is_update(&self) -> bool {
        self.envelope.kind.is_withdrawal() || self.common.supersedes.is_some()
    }

    fn finish(mut self, focus: Value) -> Vec<u8> {
        let referral = matches!(self.envelope.kind, Kind::Referral | Kind::ReferralWithdrawal);
        let (system, code) =
            if referral { (codes::BARS_EVENT, "servicerequest-request") } else { (codes::EVENT, self.envelope.kind.name()) };
        let sender = self.organisation(self.terms.own_organisation);
        let receiver = self.organisation(self.terms.recipient);
        let focus_id = self.id_of("focus");
        let header = json!({
            "resourceType": "MessageHeader",
            "extension": [{ "url": codes::DELIVERY, "extension": [
                part("sequence", "valuePositiveInt", self.common.sequence),
                part("supersedes", "valuePositiveInt", self.common.supersedes),
                part("basis", "valueCode", &self.common.basis),
                part("due-by", "valueDate", self.common.due_by),
            ] }],
            "eventCoding": { "system": system, "code": code },
            "destination": [{ "endpoint": self.terms.service, "receiver": receiver }],
            "sender": sender,
            "source": { "software": self.terms.software, "endpoint": format!("{}|{}", codes::ODS, self.terms.own_organisation) },
            "reason": concept(codes::BARS_REASON, if self.is_update() { "update" } else { "new" }),
            "focus": [reference(focus_id)],
            "definition": referral.then_some(codes::BARS_REFERRAL),
        });
        let mut entries = vec![entry(self.envelope.id, header), entry(focus_id, focus)];
        entries.append(&mut self.entries);
        let bundle = json!({
            "resourceType": "Bundle",
            "id": self.envelope.id,
            "identifier": { "system": codes::URI, "value": format!("urn:uuid:{}", self.envelope.id) },
            "type": "message",
            "timestamp": self.time(),
            "entry": entries,
        });
        pruned(bundle).unwrap_or_default().to_string().into_bytes()
    }

    /// The delivery's id and the name, hashed: the same at every attempt, another in every message.
    fn id_of(&self, name: &str) -> Uuid {
        let digest = Sha256::new().chain_update(self.envelope.id.as_bytes()).chain_update(name.as_bytes()).finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Builder::from_custom_bytes(bytes).into_uuid()
    }
}

/// An organisation's identifier: GSS for authorities, ODS for the others.
pub(crate) fn organisation(code: Code) -> Value {
    identifier(if is_gss(code.as_str()) { codes::GSS } else { codes::ODS }, code.as_str())
}

pub(crate) fn identifier(system: &str, value: &str) -> Value {
    json!({ "system": system, "value": value })
}

/// One code of one list.
pub(crate) fn concept(system: &str, code: &str) -> Value {
    json!({ "coding": [{ "system": system, "code": code }] })
}

/// An extension, or nothing where there is no value.
pub(crate) fn part(url: &str, kind: &str, value: impl serde::Serialize) -> Value {
    match json!(value) {
        Value::Null => Value::Null,
        value => json!({ "url": url, kind: value }),
    }
}

fn entry(id: Uuid, mut resource: Value) -> Value {
    resource["id"] = json!(id);
    json!({ "fullUrl": format!("urn:uuid:{id}"), "resource": resource })
}

fn reference(id: Uuid) -> Value {
    json!({ "reference": format!("urn:uuid:{id}") })
}

/// Without nulls, empty lists and empty objects: FHIR has none of them.
fn pruned(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(items) => {
            let kept: Vec<_> = items.into_iter().filter_map(pruned).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        Value::Object(fields) => {
            let kept: serde_json::Map<_, _> = fields.into_iter().filter_map(|(name, value)| Some((name, pruned(value)?))).collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        other => Some(other),
    }
}
