//! A Task: for the responsible authority's worker, because a provider refused or has not answered or somebody has not acknowledged
//! a notice; for whoever has not, to do so.

use crate::bundle::{Message, concept, identifier};
use crate::codes;
use crate::envelope::{Sent, WorkerTask};
use crate::referral::requisition;
use serde_json::{Value, json};

pub(crate) fn asked(message: &mut Message<'_>, asked: &WorkerTask) -> Value {
    let owner = message.organisation(message.terms.recipient);
    let requester = message.organisation(message.terms.own_organisation);
    let provider = asked.provider.map(|code| message.organisation(code));
    let recipient = asked.recipient.map(|code| message.organisation(code));
    let authority = asked.responsible_authority.map(|code| message.organisation(code));
    let notice = asked.notice.as_ref();
    let referral = asked.reference.as_ref().map(|reference| json!({ "type": "ServiceRequest", "identifier": requisition(reference) }));
    json!({
        "resourceType": "Task",
        "identifier": [identifier(codes::OBLIGATION, &message.envelope.subject.to_string())],
        "status": "requested",
        "intent": "order",
        "code": concept(codes::TASK, &asked.task),
        "focus": referral.or_else(|| notice.map(focus)),
        "authoredOn": message.time(),
        "requester": requester,
        "owner": owner,
        "input": [
            input("provider", "valueReference", json!(provider)),
            input("refused-on", "valueDate", json!(asked.refused_on)),
            input("reason", "valueString", json!(asked.reason)),
            input("recipient", "valueReference", json!(recipient)),
            input("responsible-authority", "valueReference", json!(authority)),
            input("notice-kind", "valueCode", json!(notice.map(|sent| sent.kind.name()))),
            input("notice-sequence", "valuePositiveInt", json!(notice.map(|sent| sent.sequence))),
            input("issued-on", "valueDate", json!(notice.map(|sent| sent.issued_on))),
            input("placement", "valueString", json!(asked.placement)),
            input("child", "valueString", json!(asked.child)),
        ],
    })
}

/// A notice by the identifier of the message that brought it.
fn focus(sent: &Sent) -> Value {
    json!({ "type": "Communication", "identifier": identifier(codes::URI, &format!("urn:uuid:{}", sent.id)) })
}

/// A named input, or nothing where there is no value.
pub(crate) fn input(name: &str, kind: &str, value: Value) -> Value {
    if value.is_null() {
        return Value::Null;
    }
    json!({ "type": concept(codes::INPUT, name), kind: value })
}
