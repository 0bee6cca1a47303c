//! Referrals: the ServiceRequest of a BaRS message to a provider.

use crate::bundle::{Message, concept, identifier, part};
use crate::envelope::{Reference, Referral};
use crate::{codes, parts};
use serde_json::{Value, json};

/// A referral; where it supersedes an earlier one, the same with what has changed.
pub(crate) fn asked(message: &mut Message<'_>, referral: Referral) -> Value {
    let asked = &referral.referral;
    let authority = referral.reference.responsible_authority;
    let patient = parts::patient(message, &referral.child);
    let mut supporting = vec![parts::stay(message, &referral.placement, None, &patient, authority)];
    supporting.extend(parts::whereabouts(message, &referral.placement));
    supporting.extend(parts::needs(message, referral.needs.as_ref(), &patient));
    let [worker, officer] = parts::contacts(message, &referral.contacts, authority);
    supporting.extend(officer);
    let requester = worker.unwrap_or_else(|| message.organisation(authority));
    let treated_by = asked.current_provider.map(|code| message.organisation(code));
    let mut request = service_request(message, "active", &asked.id);
    request["extension"] = json!([
        part(&format!("{}-continues-treatment", codes::ASKED), "valueBoolean", asked.continues_treatment),
        part(&format!("{}-current-provider", codes::ASKED), "valueReference", treated_by),
    ]);
    request["requisition"] = requisition(&referral.reference);
    request["replaces"] =
        json!([asked.follows.as_deref().map(|id| json!({ "type": "ServiceRequest", "identifier": identifier(codes::REFERRAL, id) }))]);
    request["priority"] = json!(priority(&asked.priority));
    request["subject"] = patient;
    request["requester"] = requester;
    request["reasonCode"] = json!([{ "text": asked.reason }]);
    request["supportingInfo"] = json!(supporting);
    request
}

/// The referral is not asked for any more. It holds nothing of the child: `subject` must be there, so it says that it is masked.
pub(crate) fn revoked(message: &mut Message<'_>) -> Value {
    let id = message.common.subject.clone();
    let mut request = service_request(message, "revoked", &id);
    request["subject"] = json!({ "extension": [part(codes::ABSENT, "valueCode", "masked")], "type": "Patient" });
    request
}

/// What a provider gives back in every answer: authority and child hold no slash, so that it comes apart again.
pub(crate) fn requisition(reference: &Reference) -> Value {
    identifier(codes::REFERENCE, &format!("{}/{}/{}", reference.responsible_authority, reference.child, reference.id))
}

fn service_request(message: &mut Message<'_>, status: &str, id: &str) -> Value {
    let provider = message.organisation(message.terms.recipient);
    json!({
        "resourceType": "ServiceRequest",
        "identifier": [identifier(codes::REFERRAL, id)],
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
