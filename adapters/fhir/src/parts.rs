//! What notices and referrals are made of: the child, the stay, the needs, the people to talk to.

use crate::bundle::{Message, concept, organisation, part};
use crate::codes;
use crate::envelope::{Child, Needs, Placement};
use domain::Code;
use domain::message::{Contact, Contacts};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// The child, with the one identifier that the NHS knows; the authority's own id goes along where the data has it.
pub(crate) fn patient(message: &mut Message<'_>, child: &Child, authority: Code) -> Value {
    let practice = child.gp_practice.map(|code| message.organisation(code));
    let nhs_number = child.nhs_number.as_deref().map(|number| nhs_number(number, child.nhs_number_status.as_deref()));
    let local_id = child.local_id.as_deref().map(|id| message.local(codes::LOCAL_ID, id, authority));
    let patient = json!({
        "resourceType": "Patient",
        "identifier": [nhs_number, local_id],
        "name": [{ "use": "official", "family": child.family_name, "given": [child.given_name] }],
        "gender": gender(&child.sex),
        "birthDate": child.birth_date,
        "generalPractitioner": [practice],
    });
    message.add("patient", patient)
}

fn nhs_number(number: &str, status: Option<&str>) -> Value {
    let status = status.map(|status| match status {
        "verified" => json!({ "coding": [{
            "system": codes::VERIFICATION_CODES, "code": "number-present-and-verified", "display": "Number present and verified"
        }] }),
        // The authority's own word: no code is guessed for it.
        other => json!({ "text": other }),
    });
    json!({ "extension": [part(codes::VERIFICATION, "valueCodeableConcept", status)], "system": codes::NHS_NUMBER, "value": number })
}

fn gender(sex: &str) -> &'static str {
    match sex {
        "F" => "female",
        "M" => "male",
        "X" => "other",
        _ => "unknown",
    }
}

/// The stay, as an episode for which the responsible authority answers.
pub(crate) fn stay(
    message: &mut Message<'_>,
    placement: &Placement,
    legal_status: Option<&str>,
    patient: &Value,
    authority: Code,
) -> Value {
    let managing = message.organisation(authority);
    let known_as = placement.id.as_deref().map(|id| message.local(codes::PLACEMENT, id, authority));
    let today = message.envelope.time.to_zoned(TimeZone::UTC).date();
    let status = match placement.ended_on {
        Some(end) if end <= today => "finished",
        _ if placement.started_on > today => "planned",
        _ => "active",
    };
    let more = |name: &str, kind, value: Value| part(&format!("{}-{name}", codes::STAY), kind, value);
    let episode = json!({
        "resourceType": "EpisodeOfCare",
        "extension": [
            more("planned", "valueBoolean", json!(placement.planned)),
            more("provider", "valueCode", json!(placement.provider)),
            more("legal-status", "valueCode", json!(legal_status)),
            more("expected-end", "valueDate", json!(placement.expected_end_on)),
            more("end-reason", "valueCode", json!(placement.end_reason)),
            more("left-care", "valueBoolean", json!(placement.left_care)),
        ],
        "identifier": [known_as],
        "status": status,
        "type": [placement.placement_type.as_deref().map(|code| concept(codes::PLACEMENT_TYPE, code))],
        "patient": patient,
        "managingOrganization": managing,
        "period": { "start": placement.started_on, "end": placement.ended_on },
    });
    message.add("stay", episode)
}

/// Where the child lives: the address, or the sentence that stands for it; and the area, by its code.
pub(crate) fn whereabouts(message: &mut Message<'_>, placement: &Placement) -> Vec<Value> {
    let code = placement.local_authority.or_else(|| placement.address.as_ref().and_then(|address| address.local_authority));
    let area = code.map(|code| {
        let area = json!({
            "resourceType": "Location", "mode": "instance", "identifier": [organisation(code)], "physicalType": concept(codes::LOCATION_KIND, "jdn")
        });
        message.add("area", area)
    });
    let Some(address) = &placement.address else { return area.into_iter().collect() };
    let home = json!({
        "resourceType": "Location",
        "mode": "instance",
        "name": address.carer,
        "description": address.withheld,
        "address": { "line": address.lines, "postalCode": address.postcode },
        "partOf": area,
    });
    vec![message.add("home", home)]
}

/// One observation for each need, and the care plan as a document.
pub(crate) fn needs(message: &mut Message<'_>, needs: Option<&Needs>, patient: &Value) -> Vec<Value> {
    let Some(needs) = needs else { return Vec::new() };
    let told = [
        ("summary", &needs.summary),
        ("emotional-health", &needs.emotional_health),
        ("education", &needs.education),
        ("why-suitable", &needs.why_suitable),
    ];
    let mut found: Vec<Value> =
        told.iter().filter_map(|(name, text)| Some(observed(message, name, patient, "valueString", json!(text.as_ref()?)))).collect();
    if let Some(score) = needs.sdq_score {
        found.push(observed(message, "sdq-score", patient, "valueInteger", json!(score)));
    }
    if let Some(plan) = &needs.care_plan {
        let document = json!({
            "resourceType": "DocumentReference",
            "status": "current",
            "subject": patient,
            "content": [{ "attachment": {
                "extension": [part(codes::SHA256, "valueString", &plan.sha256)], "url": plan.reference, "title": plan.title
            } }],
        });
        found.push(message.add("care-plan", document));
    }
    found
}

fn observed(message: &mut Message<'_>, name: &str, patient: &Value, kind: &str, value: Value) -> Value {
    let observation = json!({
        "resourceType": "Observation", "status": "final", "code": concept(codes::NEED, name), "subject": patient, kind: value
    });
    message.add(name, observation)
}

/// The people to talk to at the responsible authority: the social worker and the reviewing officer, where the data has them.
pub(crate) fn contacts(message: &mut Message<'_>, contacts: &Contacts, authority: Code) -> [Option<Value>; 2] {
    [("social-worker", &contacts.social_worker), ("reviewing-officer", &contacts.reviewing_officer)]
        .map(|(role, contact)| contact.as_ref().map(|contact| person(message, role, contact, authority)))
}

fn person(message: &mut Message<'_>, role: &str, contact: &Contact, authority: Code) -> Value {
    let organisation = message.organisation(authority);
    let practitioner =
        message.add(&format!("{role}/person"), json!({ "resourceType": "Practitioner", "name": [{ "text": contact.name }] }));
    let reached = |system, value: &Option<String>| value.as_ref().map(|value| json!({ "system": system, "value": value, "use": "work" }));
    let role_of = json!({
        "resourceType": "PractitionerRole",
        "practitioner": practitioner,
        "organization": organisation,
        "code": [concept(codes::CONTACT, role)],
        "telecom": [reached("phone", &contact.phone), reached("email", &contact.email)],
    });
    message.add(role, role_of)
}
