//! Reclaims: a Task that asks the originating commissioner for money, with no patient in it.

use crate::Unmappable;
use crate::bundle::{Message, concept, identifier, organisation};
use crate::codes;
use crate::envelope::Reclaim;
use crate::task::input;
use domain::Code;
use serde_json::{Number, Value, json};

/// Stage, dates, units, amount and evidence, about a claim that is known by its opaque id alone.
pub(crate) fn requested(message: &mut Message<'_>, claim: Reclaim) -> Result<Value, Unmappable> {
    let money =
        claim.amount_pence.map(|pence| amount(pence).map(|value| json!({ "value": value, "currency": claim.currency }))).transpose()?;
    let coded = |name: &str, code: Code| input(name, "valueIdentifier", organisation(code));
    let inputs = json!([
        input("stage", "valueCode", json!(claim.stage)),
        input("service-line", "valueString", json!(claim.service_line)),
        input("service-date", "valueDate", json!(claim.service_date)),
        input("units", "valueUnsignedInt", json!(claim.units)),
        input("unit", "valueString", json!(claim.unit)),
        input("amount", "valueMoney", json!(money)),
        input("evidence", "valueCode", json!(claim.evidence)),
        coded("originating-commissioner", claim.originating_commissioner),
        coded("responsible-commissioner", claim.responsible_commissioner),
        input("nhs-number", "valueIdentifier", json!(claim.nhs_number.as_deref().map(|number| identifier(codes::NHS_NUMBER, number)))),
    ]);
    let provider = message.organisation(claim.provider);
    let mut task = task(message, "requested", &claim.claim);
    task["requester"] = provider;
    task["input"] = inputs;
    Ok(task)
}

/// Nothing is asked any more.
pub(crate) fn cancelled(message: &mut Message<'_>) -> Value {
    let claim = message.common.subject.clone();
    task(message, "cancelled", &claim)
}

fn task(message: &mut Message<'_>, status: &str, claim: &str) -> Value {
    let owner = message.organisation(message.terms.recipient);
    json!({
        "resourceType": "Task",
        "identifier": [identifier(codes::CLAIM, claim)],
        "status": status,
        "intent": "order",
        "code": concept(codes::TASK, "reclaim"),
        "focus": { "type": "Claim", "identifier": identifier(codes::CLAIM, claim) },
        "authoredOn": message.time(),
        "owner": owner,
    })
}

/// Pounds, with exactly two decimals on the way: no binary fraction rounds them.
fn amount(pence: u64) -> Result<Number, Unmappable> {
    format!("{}.{:02}", pence / 100, pence % 100).parse().map_err(|_| Unmappable::Amount)
}
