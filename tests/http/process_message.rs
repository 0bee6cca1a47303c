//! `POST /fhir/$process-message`: what is answered to a provider that can't be taken at its word.

use super::{Answer, ask, bearer, site, start, token};
use serde_json::{Value, json};

const PATH: &str = "POST /fhir/$process-message";

/// An OperationOutcome of this status, with this code and without a word of the message.
#[track_caller]
fn is_outcome(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/fhir+json"), "{answer:?}");
    let outcome = answer.json();
    assert_eq!((&outcome["resourceType"], &outcome["issue"][0]["code"]), (&json!("OperationOutcome"), &json!(code)), "{outcome:#}");
    assert!(!answer.body.contains("Zerlinda"), "{outcome:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_an_operation_outcome_and_is_recorded_where_somebody_said_it() {
    let (site, _sink) = site().await;
    let hub = start(&site).await;
    let rx2 = bearer(&token("RX2", "publish"));
    let post = async |authorization: &str, content_type: &str, body: &str| {
        let headers = [
            ("Authorization", authorization),
            ("Content-Type", content_type),
            ("X-Request-Id", "1cbdfb97-5859-48a4-8301-d54eab818d68"),
            ("X-Correlation-Id", "e3ab9a0d-9a2a-4b3a-a9a6-0a2ed7f9c1e0"),
        ];
        ask(hub.address(), PATH, &headers, body.as_bytes()).await
    };
    let empty = json!({ "resourceType": "Bundle", "type": "message", "note": "Zerlinda" }).to_string();

    let nobody = post("", "application/fhir+json", &empty).await;
    is_outcome(&nobody, 401, "login");
    assert_eq!(nobody.header("www-authenticate"), Some("Bearer"));
    is_outcome(&post(&bearer(&token("RX2", "read")), "application/fhir+json", &empty).await, 403, "forbidden");
    is_outcome(&post(&rx2, "application/fhir+xml", &empty).await, 415, "not-supported");
    is_outcome(&post(&rx2, "application/fhir+json", &" ".repeat(2 << 20)).await, 413, "too-long");

    // From here on somebody has spoken, so it is recorded: once for the same bytes.
    for _ in 0..2 {
        let refused = post(&rx2, "application/fhir+json; version=1.0.0", &empty).await;
        is_outcome(&refused, 422, "structure");
        assert_eq!(refused.json()["issue"][0]["expression"], json!(["Bundle.entry[0].resource"]));
        assert_eq!(refused.header("x-request-id"), Some("1cbdfb97-5859-48a4-8301-d54eab818d68"));
        assert_eq!(refused.header("x-correlation-id"), Some("e3ab9a0d-9a2a-4b3a-a9a6-0a2ed7f9c1e0"));
    }
    is_outcome(&post(&rx2, "application/fhir+json", "{\"a\":1,\"a\":2}").await, 422, "business-rule");
    is_outcome(&post(&rx2, "application/fhir+json", "Zerlinda").await, 422, "structure");
    // Another provider's word, under its own token, about a referral that nobody made: whose child it is, no one knows here.
    let theirs = json!({ "resourceType": "Bundle", "type": "message", "timestamp": "2026-10-20T15:00:00+01:00", "entry": [
        { "fullUrl": "urn:uuid:1", "resource": { "resourceType": "MessageHeader", "id": "m-1",
            "eventCoding": { "code": "servicerequest-response" }, "response": { "identifier": "1", "code": "ok" },
            "sender": { "identifier": { "system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "RXY" } },
            "focus": [{ "reference": "urn:uuid:2" }] } },
        { "fullUrl": "urn:uuid:2", "resource": { "resourceType": "Task", "status": "accepted",
            "focus": { "identifier": { "system": "urn:placement-hub:referral-reference", "value": "E10000016/104233/R-1" } } } }
    ] });
    let foreign = post(&rx2, "application/fhir+json", &theirs.to_string()).await;
    is_outcome(&foreign, 422, "business-rule");
    assert_eq!(foreign.json()["issue"][0].get("expression"), None::<&Value>, "{foreign:?}");
    ask(hub.address(), "GET /fhir/$process-message", &[], b"").await.is_problem(405);

    let log = hub.log();
    hub.stop().await;
    assert!(!log.contains("Zerlinda"), "{log}");
    assert_eq!(site.balances().await.messages, 4);
}
