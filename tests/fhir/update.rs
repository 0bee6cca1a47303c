//! A provider's answer becomes our own document, with the reference that the referral carried.

use super::issued::{bundle, envelopes};
use crate::support::story::WORLD;
use serde_json::{Value, json};

/// An answer to the golden referral: a Task about it.
fn response() -> Value {
    let (recipient, envelope) = envelopes().remove("referral").unwrap();
    assessed(&bundle(&recipient, &envelope), "2026-10-20T15:00:00+01:00", "2026-10-19")
}

/// A provider's answer to a referral: it was assessed on a day.
pub fn assessed(referral: &Value, sent_at: &str, on: &str) -> Value {
    let (header, request) = (&referral["entry"][0]["resource"], &referral["entry"][1]["resource"]);
    json!({ "resourceType": "Bundle", "type": "message", "timestamp": sent_at, "entry": [
        { "fullUrl": "urn:uuid:1cbdfb97-5859-48a4-8301-d54eab818d68", "resource": {
            "resourceType": "MessageHeader", "id": "1cbdfb97-5859-48a4-8301-d54eab818d68",
            "eventCoding": { "system": "https://fhir.nhs.uk/CodeSystem/message-events-bars", "code": "servicerequest-response" },
            "sender": { "reference": "urn:uuid:2" }, "source": { "endpoint": "urn:example" },
            "response": { "identifier": header["id"], "code": "ok" }, "focus": [{ "reference": "urn:uuid:3" }] } },
        { "fullUrl": "urn:uuid:2", "resource": { "resourceType": "Organization",
            "identifier": [{ "system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "RX2" }] } },
        { "fullUrl": "urn:uuid:3", "resource": { "resourceType": "Task", "status": "in-progress", "intent": "order",
            "focus": { "identifier": request["requisition"] },
            "businessStatus": { "coding": [{ "system": "urn:placement-hub:referral-status", "code": "assessed" }] },
            "executionPeriod": { "start": on } } }
    ] })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut changed = response();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    changed.pointer_mut(parent).unwrap()[key] = value;
    changed
}

fn read(response: &Value) -> Result<Value, fhir::Refusal> {
    fhir::referral_update(response)
}

#[test]
fn the_reference_comes_back_and_the_document_fits_its_contract() {
    let update = read(&response()).unwrap();
    assert_eq!(update["referral"], json!({ "id": "R-5", "responsibleAuthority": "E10000016", "child": "104233" }));
    assert_eq!((&update["status"], &update["occurredOn"], &update["publisher"]), (&json!("assessed"), &json!("2026-10-19"), &json!("RX2")));
    WORLD.contracts.read(Some("application/json"), update.to_string().as_bytes()).unwrap();
}

#[test]
fn each_status_has_its_word() {
    let plain = |status: &str| with("/entry/2/resource/businessStatus", Value::Null).tap("/entry/2/resource/status", json!(status));
    for (status, word) in [("received", "received"), ("accepted", "accepted"), ("rejected", "refused")] {
        assert_eq!(read(&plain(status)).unwrap()["status"], word);
    }
    for word in ["treatment-started", "treatment-ended"] {
        assert_eq!(read(&with("/entry/2/resource/businessStatus/coding/0/code", json!(word))).unwrap()["status"], word);
    }
    let refused = plain("rejected").tap("/entry/2/resource/statusReason", json!({ "text": "no place" }));
    assert_eq!(read(&refused).unwrap()["reason"], "no place");
    assert!(read(&plain("in-progress")).is_err());
}

/// The answer in the other form that BaRS has: the ServiceRequest itself, with its business status as an extension.
fn answered_by_request(status: &str, word: Option<&str>) -> Value {
    let given = response();
    let request = json!({ "resourceType": "ServiceRequest", "status": status, "intent": "plan",
        "requisition": given["entry"][2]["resource"]["focus"]["identifier"],
        "extension": word.map(|word| json!([{ "url": fhir::codes::REFERRAL_STATUS, "valueCode": word }])),
        "subject": { "type": "Patient" }, "occurrenceDateTime": "2026-10-19T11:30:00+01:00", "note": [{ "text": "seen at the clinic" }] });
    with("/entry/2/resource", request)
}

#[test]
fn every_status_comes_in_either_form_and_fits_its_contract() {
    for word in ["received", "accepted", "refused", "assessed", "treatment-started", "treatment-ended"] {
        let task = with("/entry/2/resource/businessStatus/coding/0/code", json!(word));
        let task = if word == "refused" { task.tap("/entry/2/resource/status", json!("rejected")) } else { task };
        let request = answered_by_request(if word == "refused" { "revoked" } else { "active" }, Some(word));
        for response in [task, request] {
            let update = read(&response).unwrap();
            assert_eq!((&update["status"], &update["occurredOn"]), (&json!(word), &json!("2026-10-19")), "{response:#}");
            WORLD.contracts.read(Some("application/json"), update.to_string().as_bytes()).unwrap();
        }
    }
    let refused = read(&answered_by_request("revoked", None)).unwrap();
    assert_eq!((&refused["status"], &refused["reason"]), (&json!("refused"), &json!("seen at the clinic")));
    for (status, word, code) in
        [("active", None, "required"), ("revoked", Some("assessed"), "value"), ("entered-in-error", Some("assessed"), "not-supported")]
    {
        let outcome = fhir::refusal(&read(&answered_by_request(status, word)).expect_err(status).0);
        assert_eq!((&outcome["resourceType"], &outcome["issue"][0]["code"]), (&json!("OperationOutcome"), &json!(code)), "{status}");
    }
}

#[test]
fn what_is_wrong_is_told_and_nothing_is_quoted() {
    for (pointer, value, code) in [
        ("/type", json!("batch"), "structure"),
        ("/entry/0/resource/response/identifier", Value::Null, "required"),
        ("/entry/0/resource/response/code", json!("fatal-error"), "not-supported"),
        ("/entry/0/resource/sender", json!({ "reference": "urn:uuid:9" }), "required"),
        ("/entry/0/resource/focus", json!([]), "required"),
        ("/entry/2/resource/focus", Value::Null, "required"),
        ("/entry/2/resource/status", json!("rejected"), "value"),
        ("/entry/2/resource/status", json!("entered-in-error"), "not-supported"),
        ("/entry/2/resource/executionPeriod", json!({ "start": "2026-10" }), "required"),
        ("/entry/2/resource/executionPeriod", Value::Null, "required"),
        ("/entry/2/resource/businessStatus/coding/0/code", json!("Adaline"), "value"),
    ] {
        let outcome = fhir::refusal(&read(&with(pointer, value)).expect_err(pointer).0);
        assert_eq!(outcome["issue"][0]["code"], code, "{pointer}: {outcome}");
        assert!(!outcome.to_string().contains("104233") && !outcome.to_string().contains("Adaline"), "{outcome}");
    }
    assert_eq!(read(&json!([])).unwrap_err().0.len(), 1);
}

trait Tap {
    fn tap(self, pointer: &str, value: Value) -> Value;
}

impl Tap for Value {
    fn tap(mut self, pointer: &str, value: Value) -> Value {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        self.pointer_mut(parent).unwrap()[key] = value;
        self
    }
}
