//! A Task for the responsible authority's worker: a provider refused, or has not answered.

use crate::bundle::{Message, concept, identifier};
use crate::codes;
use crate::envelope::WorkerTask;
use crate::referral::requisition;
use serde_json::{Value, json};

pub(crate) fn asked(message: &mut Message<'_>, asked: &WorkerTask) -> Value {
    let owner = message.organisation(message.terms.recipient);
    let requester = message.organisation(message.terms.own_organisation);
    let provider = asked.provider.map(|code| message.organisation(code));
    json!({
        "resourceType": "Task",
        "identifier": [identifier(codes::OBLIGATION, &message.envelope.subject.to_string())],
        "status": "requested",
        "intent": "order",
        "code": concept(codes::TASK, &asked.task),
        "focus": { "type": "ServiceRequest", "identifier": requisition(&asked.reference) },
        "authoredOn": message.time(),
        "requester": requester,
        "owner": owner,
        "input": [
            input("provider", "valueReference", json!(provider)),
            input("refused-on", "valueDate", json!(asked.refused_on)),
            input("reason", "valueString", json!(asked.reason)),
        ],
    })
}

/// A named input, or nothing where there is no value.
pub(crate) fn input(name: &str, kind: &str, value: Value) -> Value {
    if value.is_null() {
        return Value::Null;
    }
    json!({ "type": concept(codes::INPUT, name), kind: value })
}
