//! Signatures judged by the official verifiers in two other languages, not by the library that made them.

use super::directory::{SECRET, endpoint};
use super::receiver::{Receiver, Request, answer};
use super::webhook::deliver;
use crate::support::{node, python};
use domain::directory::{Endpoint, Secret};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;
use webhook::Webhook;

const OLDER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const NOBODYS: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// For each case whether it verifies.
const VERIFY: &str = r"
import json, sys
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
verdicts = []
for case in json.load(sys.stdin):
    try:
        Webhook(case['secret']).verify(case['body'], case['headers'])
        verdicts.append(True)
    except WebhookVerificationError:
        verdicts.append(False)
print(json.dumps(verdicts))
";

/// What a receiver gets from an endpoint with these secrets.
async fn signed(secrets: &[&str]) -> Request {
    let receiver = Receiver::start(answer("200 OK", "", "")).await;
    let secrets = secrets.iter().map(|text| Secret((*text).to_owned())).collect();
    let rotating = Endpoint { secrets, ..endpoint("QKS", "webhook", &receiver.url()) };
    deliver(&Webhook::new(), &rotating, Uuid::from_u128(7), Timestamp::now()).await;
    receiver.requests().remove(0)
}

/// A receiver's secret and what it gets, with one header or the body exchanged where a name is given.
fn case(secret: &str, request: &Request, exchanged: Option<(&str, &str)>) -> Value {
    let mut body = String::from_utf8(request.body.clone()).unwrap();
    let mut headers = json!({});
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers[name] = request.header(name).unwrap().into();
    }
    match exchanged {
        Some(("body", by)) => body = by.to_owned(),
        Some((name, by)) => headers[name] = by.into(),
        None => {}
    }
    json!({ "secret": secret, "body": body, "headers": headers })
}

#[tokio::test]
async fn both_official_verifiers_take_each_secret_of_a_rotation_and_nothing_that_was_changed() {
    let (before, during, after) = (signed(&[OLDER]).await, signed(&[SECRET, OLDER]).await, signed(&[SECRET]).await);
    let changed = String::from_utf8(during.body.clone()).unwrap().replace("Ada", "Eve");
    assert_ne!(changed.as_bytes(), during.body);
    let earlier = (Timestamp::now().as_second() - 60).to_string();
    let others = case(SECRET, &signed(&[NOBODYS]).await, None)["headers"]["webhook-signature"].as_str().unwrap().to_owned();
    let mut cases = Vec::new();
    let mut expected = Vec::new();
    // Who holds which secret takes what was sent before, during and after the rotation.
    for (secret, takes) in [(OLDER, [true, true, false]), (SECRET, [false, true, true]), (NOBODYS, [false, false, false])] {
        cases.extend([&before, &during, &after].map(|request| case(secret, request, None)));
        expected.extend(takes);
    }
    for secret in [SECRET, OLDER] {
        for exchanged in [
            ("body", changed.as_str()),
            ("webhook-id", "another"),
            ("webhook-timestamp", earlier.as_str()),
            ("webhook-signature", others.as_str()),
        ] {
            cases.push(case(secret, &during, Some(exchanged)));
            expected.push(false);
        }
    }
    let input = Value::Array(cases).to_string();
    for (verifier, printed) in [("PyPI", python::run(VERIFY, &[], input.as_bytes())), ("npm", node::run("verify.cjs", input.as_bytes()))] {
        let verdicts: Vec<bool> = serde_json::from_str(&printed).unwrap();
        assert_eq!(verdicts, expected, "{verifier}");
    }
}
