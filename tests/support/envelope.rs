//! An envelope as the hub sends it: an arrival notice to the council of the area, about a child whose every word is found nowhere else.

use super::story::{KENT, Told, WORLD, placement};
use domain::casefile::Casefile;
use domain::delivery::Kind;
use serde_json::{Value, json};
use std::sync::LazyLock;
use uuid::Uuid;

/// What must not be seen where only the recipient may read.
pub const SECRETS: [&str; 5] = ["Quillfeather", "9990000018", "LOCALID42", "PLACEMENTID7", "Example Street"];

/// The obligation that it is about.
pub const SUBJECT: Uuid = Uuid::from_u128(0x0190_0000_0000_7001_8000_0000_0000_0042);

/// `data` as the rules make it.
pub static DATA: LazyLock<Value> = LazyLock::new(|| {
    let told: Told = placement("PLACEMENTID7", "2026-10-05").with("/child/localId", "LOCALID42").with("/child/familyName", "Quillfeather");
    let document = told.json();
    let message = WORLD.contracts.read(document.content_type.as_deref(), &document.body).unwrap();
    let mut casefile = Casefile::new(KENT.parse().unwrap(), "LOCALID42");
    let at = message.header().sent_at;
    let decided = casefile.decide(Some(&message), &WORLD.directory, &WORLD.policy, at, |_| false, &mut Uuid::now_v7);
    let notice = decided.issue.into_iter().find(|issue| issue.kind == Kind::ArrivalNotice && issue.data.contains("carePlan")).unwrap();
    serde_json::from_str(&notice.data).unwrap()
});

pub fn envelope(delivery: Uuid) -> Vec<u8> {
    with_data(delivery, DATA.clone())
}

/// One of at least so many bytes.
pub fn large(delivery: Uuid, bytes: usize) -> Vec<u8> {
    let mut data = DATA.clone();
    data["needs"]["summary"] = "calm ".repeat(bytes / 5 + 1).into();
    with_data(delivery, data)
}

fn with_data(delivery: Uuid, data: Value) -> Vec<u8> {
    let event = json!({
        "specversion": "1.0", "id": delivery, "source": "urn:placement-hub:test", "type": "arrival-notice.v1", "subject": SUBJECT,
        "time": "2026-11-20T12:00:00Z", "datacontenttype": "application/json", "data": data
    });
    event.to_string().into_bytes()
}
