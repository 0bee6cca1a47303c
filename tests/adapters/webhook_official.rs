//! Signatures judged by the official verifier in another language, not by the library that made them.

use super::directory::{SECRET, endpoint};
use super::receiver::{Receiver, answer};
use super::webhook::deliver;
use crate::support::python;
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

#[tokio::test]
async fn the_official_verifier_takes_each_secret_and_no_changed_body() {
    let receiver = Receiver::start(answer("200 OK", "", "")).await;
    let secrets = [SECRET, OLDER].map(|text| Secret(text.to_owned())).to_vec();
    let rotating = Endpoint { secrets, ..endpoint("QKS", "webhook", &receiver.url()) };
    deliver(&Webhook::new(), &rotating, Uuid::from_u128(7), Timestamp::now()).await;
    let [request] = &receiver.requests()[..] else { panic!("one request") };
    let body = String::from_utf8(request.body.clone()).unwrap();
    let headers = |id: Option<&str>| {
        let mut headers = json!({});
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            headers[name] = request.header(name).unwrap().into();
        }
        if let Some(id) = id {
            headers["webhook-id"] = id.into();
        }
        headers
    };
    let changed = body.replace("Ada", "Eve");
    assert_ne!(changed, body);
    let mut cases = Vec::new();
    for secret in [SECRET, OLDER, NOBODYS] {
        for (body, id) in [(&body, None), (&changed, None), (&body, Some("another"))] {
            cases.push(json!({ "secret": secret, "body": body, "headers": headers(id) }));
        }
    }
    let printed = python::run(VERIFY, &[], Value::Array(cases).to_string().as_bytes());
    let verdicts: Vec<bool> = serde_json::from_str(&printed).unwrap();
    assert_eq!(verdicts, [true, false, false, true, false, false, false, false, false]);
}
