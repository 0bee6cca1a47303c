//! An envelope of every kind, as the hub itself makes their data.

use crate::support::story::{ANSWERING, KENT, Told, WORLD, placement, referral_update};
use domain::casefile::Casefile;
use domain::delivery::Kind;
use domain::directory::{Directory, Endpoint};
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
    let mut desk = Desk::default();
    let mut casefile = Casefile::new(KENT.parse().unwrap(), "104233");
    for told in history() {
        desk.decide(&mut casefile, Some(&told), &WORLD.directory, "");
    }
    // And what follows where nobody acknowledges the first notices.
    let mut unread = Casefile::new(KENT.parse().unwrap(), "104233");
    desk.decide(&mut unread, history().first(), &ANSWERING, "");
    desk.decide(&mut unread, None, &ANSWERING, "2026-10-08T00:00:00Z");
    desk.found
}

#[derive(Default)]
struct Desk {
    /// Ids that were given: an obligation's, and a thousand further on its delivery's.
    ids: u128,
    found: BTreeMap<String, (String, Vec<u8>)>,
}

impl Desk {
    fn decide(&mut self, casefile: &mut Casefile, told: Option<&Told>, directory: &Directory, now: &str) {
        let message = told.map(|told| WORLD.contracts.read(Some("application/json"), &told.json().body).unwrap());
        let at = message.as_ref().map_or_else(|| now.parse().unwrap(), |message| message.header().sent_at);
        let ids = &mut self.ids;
        let mut new_id = || {
            *ids += 1;
            Uuid::from_u128(if ids.is_multiple_of(2) { *ids / 2 + 1_000 } else { ids.div_ceil(2) })
        };
        for issue in casefile.decide(message.as_ref(), directory, &WORLD.policy, at, |_| true, &mut new_id).issue {
            let data: Value = serde_json::from_str(&issue.data).unwrap();
            // A referral that supersedes one is a message of its own kind: an update.
            let again = (issue.kind == Kind::Referral && issue.supersedes.is_some()).then_some("update");
            let about = data["role"].as_str().or(data["task"].as_str().filter(|_| issue.basis.is_chase())).or(again);
            let about = about.map(|about| format!("-{about}")).unwrap_or_default();
            let envelope = json!({
                "specversion": "1.0", "id": issue.delivery, "source": "urn:placement-hub:test",
                "type": format!("{}.v1", issue.kind), "subject": issue.id, "time": at, "datacontenttype": "application/json", "data": data
            });
            let told = (issue.recipient.to_string(), envelope.to_string().into_bytes());
            self.found.entry(format!("{}{about}", issue.kind)).or_insert(told);
        }
    }
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
