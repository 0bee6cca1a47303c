//! An envelope of every kind, as the hub itself makes their data.

use crate::support::story::{KENT, Told, WORLD, placement, referral_update};
use domain::casefile::Casefile;
use domain::delivery::Kind;
use domain::directory::Endpoint;
use fhir::Terms;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A move, what came of the referral, its amendment, its end, and its cancellation.
fn history() -> Vec<Told> {
    let moved = placement("P-7", "2026-10-05")
        .sent("2026-09-28T09:00:00Z")
        .with("/needs/summary", "needs a calm home")
        .with("/contacts/reviewingOfficer", json!({ "name": "Robin Officer" }))
        .referring("R-5")
        .with("/referral/follows", "R-4")
        .with("/referral/currentProvider", "RXY");
    vec![
        moved.clone(),
        referral_update("u-1", "RX2", "R-5", "assessed", "2026-10-20"),
        moved.clone().version(2).sent("2026-10-21T09:00:00Z").with("/needs/sdqScore", 23),
        referral_update("u-2", "RX2", "R-5", "refused", "2026-10-22"),
        moved.clone().version(3).sent("2026-11-02T09:00:00Z").with("/placement/endedOn", "2026-10-30").with("/placement/endReason", "X1"),
        moved.version(4).sent("2026-11-03T09:00:00Z").cancelled(),
    ]
}

/// The first envelope of each kind, notices by role and referrals by new or update, with the recipient of each.
pub fn envelopes() -> BTreeMap<String, (String, Vec<u8>)> {
    let mut casefile = Casefile::new(KENT.parse().unwrap(), "104233");
    let (mut number, mut found) = (0_u128, BTreeMap::new());
    for told in history() {
        let document = told.json();
        let message = WORLD.contracts.read(document.content_type.as_deref(), &document.body).unwrap();
        let at = message.header().sent_at;
        let mut new_id = || {
            number += 1;
            Uuid::from_u128(number)
        };
        for issue in casefile.decide(Some(&message), &WORLD.directory, &WORLD.policy, at, |_| true, &mut new_id).issue {
            let data: Value = serde_json::from_str(&issue.data).unwrap();
            // A referral that supersedes one is a message of its own kind: an update.
            let again = (issue.kind == Kind::Referral && issue.supersedes.is_some()).then_some("update");
            let role = data["role"].as_str().or(again).map(|role| format!("-{role}")).unwrap_or_default();
            let envelope = json!({
                "specversion": "1.0", "id": Uuid::from_u128(issue.id.as_u128() + 1_000), "source": "urn:placement-hub:test",
                "type": format!("{}.v1", issue.kind), "subject": issue.id, "time": at, "datacontenttype": "application/json", "data": data
            });
            found.entry(format!("{}{role}", issue.kind)).or_insert((issue.recipient.to_string(), envelope.to_string().into_bytes()));
        }
    }
    found
}

pub fn endpoint(organisation: &str, url: &str) -> Endpoint {
    let settings = [("service_id", "2000012345"), ("own_organisation", "X26"), ("own_name", "Example hub")];
    Endpoint {
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..crate::adapters::directory::endpoint(organisation, "fhir", url)
    }
}

pub fn bundle(recipient: &str, envelope: &[u8]) -> Value {
    let terms = Terms::of(&endpoint(recipient, "http://127.0.0.1:1/fhir")).unwrap();
    serde_json::from_slice(&fhir::bundle(envelope, &terms).unwrap()).unwrap()
}
