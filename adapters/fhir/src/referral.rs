//! Referrals: the ServiceRequest of a BaRS message to a provider.

use crate::bundle::{Message, concept, identifier, part};
use crate::envelope::{Reference, Referral, Revoked};
use crate::{codes, parts};
use serde_json::{Value, json};

/// A referral; where it supersedes an earlier one, the same with what has changed.
pub(crate) fn asked(message: &mut Message<'_>, referral: Referral) -> Value {
    let asked = &referral.referral;
    let authority = referral.reference.responsible_authority;
    let patient = parts::patient(message, &referral.child, authority);
    let mut supporting = vec![parts::stay(message, &referral.placement, None, &patient, authority)];
    supporting.extend(parts::whereabouts(message, &referral.placement));
    supporting.extend(parts::needs(message, referral.needs.as_ref(), &patient));
    let [worker, officer] = parts::contacts(message, &referral.contacts, authority);
    supporting.extend(officer);
    let requester = worker.unwrap_or_else(|| message.organisation(authority));
    let treated_by = asked.current_provider.map(|code| message.organisation(code));
    let follows = asked.follows.as_deref().map(|id| message.local(codes::REFERRAL, id, authority));
    let mut request = service_request(message, "active", &referral.reference);
    request["extension"] = json!([
        part(&format!("{}-continues-treatment", codes::ASKED), "valueBoolean", asked.continues_treatment),
        part(&format!("{}-current-provider", codes::ASKED), "valueReference", treated_by),
    ]);
    request["replaces"] = json!([follows.map(|id| json!({ "type": "ServiceRequest", "identifier": id }))]);
    request["priority"] = json!(priority(&asked.priority));
    request["subject"] = patient;
    request["requester"] = requester;
    request["reasonCode"] = json!([{ "text": asked.reason }]);
    request["supportingInfo"] = json!(supporting);
    request
}

/// The referral is not asked for any more: identifier and requisition are those that it carried. Nothing else of the child is told:
/// `subject` must be there, so it says that it is masked.
pub(crate) fn revoked(message: &mut Message<'_>, revoked: &Revoked) -> Value {
    let mut request = service_request(message, "revoked", &revoked.reference);
    request["subject"] = json!({ "extension": [part(codes::ABSENT, "valueCode", "masked")], "type": "Patient" });
    request
}

/// What a provider gives back in every answer: authority and child hold no slash, so that it comes apart again.
pub(crate) fn requisition(reference: &Reference) -> Value {
    identifier(codes::REFERENCE, &format!("{}/{}/{}", reference.responsible_authority, reference.child, reference.id))
}

fn service_request(message: &mut Message<'_>, status: &str, reference: &Reference) -> Value {
    let provider = message.organisation(message.terms.recipient);
    let id = message.local(codes::REFERRAL, &reference.id, reference.responsible_authority);
    json!({
        "resourceType": "ServiceRequest",
        "identifier": [id],
        "requisition": requisition(reference),
        "status": status,
        "intent": "plan",
        "category": [concept(codes::BARS_CATEGORY, "referral")],
        "code": concept(codes::ASKED_FOR, "camhs"),
        "authoredOn": message.time(),
        "performer": [provider],
    })
}

fn priority(priority: &str) -> &'static str {
    match priority {
        "emergency" => "stat",
        "urgent" => "urgent",
        _ => "routine",
    }
}
