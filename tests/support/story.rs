//! Histories to tell the hub, and what it would do about them, as a table that a person can read.
//!
//! A is Kent (commissioner 91Q, body QKS), B Brighton and Hove (09D, S9B9J), C Southampton (D9Y0V, QRL), D Oxford (10Q, S0E4D).

use domain::directory::Directory;
use domain::policy::Policy;
use expect_test::Expect;
use placement_hub::contracts::Contracts;
use placement_hub::explain::{Assume, Document, Explanation, explain};
use placement_hub::receipt::Verdict;
use placement_hub::{config::Settings, wiring};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::LazyLock;
use uuid::Uuid;

pub const KENT: &str = "E10000016";
pub const HOME_A: &str = "ME14 2AA";
pub const IN_A: &str = "ME1 1EE";
pub const IN_B: &str = "BN1 6AG";
pub const IN_C: &str = "SO14 7LY";
pub const IN_D: &str = "OX1 1BU";

/// The real directory and the published contracts, as the program itself loads them.
pub struct World {
    pub contracts: Contracts,
    pub directory: Directory,
    pub policy: Policy,
}

pub static WORLD: LazyLock<World> = LazyLock::new(|| {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/hub.example.toml");
    let settings = Settings::load(Some(&config), &|_| None).expect("the example settings are right");
    let now = "2026-11-22T12:00:00Z".parse().unwrap();
    let directory = wiring::directory(&settings, now).expect("the directory is right").directory;
    World { contracts: Contracts::new().unwrap(), directory, policy: settings.policy([7; 32]) }
});

/// The same directory, where everybody here has agreed to acknowledge notices.
pub static ANSWERING: LazyLock<Directory> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let endpoints = folder.path().join("endpoints.toml");
    let entry = |code: &str| format!("[[endpoint]]\norganisation = \"{code}\"\nadapter = \"feed\"\nacknowledges = true\n\n");
    std::fs::write(&endpoints, super::site::EVERYBODY.map(entry).concat()).unwrap();
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/hub.example.toml");
    let named = |variable: &str| (variable == "PLACEMENT_HUB_DIRECTORY_ENDPOINTS").then(|| endpoints.display().to_string());
    let settings = Settings::load(Some(&config), &named).expect("the example settings are right");
    wiring::directory(&settings, "2026-11-22T12:00:00Z".parse().unwrap()).expect("the directory is right").directory
});

/// The recipient's word on what it was sent: on a delivery, or on an obligation.
pub fn acknowledged(id: &str, recipient: &str, notice: Uuid, on: &str) -> Told {
    Told(json!({
        "type": "acknowledgement", "version": "1.0", "messageId": id, "sentAt": format!("{on}T14:00:00Z"), "publisher": recipient,
        "notice": { "id": notice }, "status": "read", "occurredOn": on
    }))
}

/// One document of a history.
#[derive(Clone, Debug)]
pub struct Told(pub Value);

/// A placement of Ada Example, of Kent: planned, at Brighton, the first of her care period.
pub fn placement(id: &str, started_on: &str) -> Told {
    Told(json!({
        "type": "placement-change", "version": "1.0",
        "messageId": format!("m-{id}-1"), "sentAt": "2026-11-02T09:00:00Z", "publisher": KENT,
        "child": { "localId": "104233", "nhsNumber": "9990000018", "nhsNumberStatus": "verified", "givenName": "Ada",
                   "familyName": "Example", "birthDate": "2012-04-09", "sex": "F", "gpPractice": "G82014" },
        "carePeriod": { "id": "CP-1", "startedOn": started_on, "endedOn": null, "endReason": null, "legalStatus": "C2",
                        "origin": { "gpPractice": "G82014", "commissioner": "91Q", "homePostcode": HOME_A } },
        "placement": { "id": id, "version": 1, "status": "active", "startedOn": started_on, "endedOn": null, "endReason": null,
                       "reasonForChange": "S", "type": "U4", "provider": "PR4", "planned": true, "postcode": IN_B,
                       "addressWithheld": false, "addressLines": ["1 Example Street"], "carer": "A. Carer" },
        "needs": { "summary": "needs a calm home", "emotionalHealth": "anxious", "education": "year 9", "sdqScore": 21,
                   "whySuitable": "close to her aunt",
                   "carePlan": { "title": "Care plan", "reference": "https://plans.example/1",
                                 "sha256": "0f343b0931126a20f133d67c2b018a3b1e4a1f0d6e1f5a6c3d2b1a0f9e8d7c6b" } },
        "contacts": { "socialWorker": { "name": "Sam Worker", "email": "sam@example.org", "phone": "01234 567890" } }
    }))
}

/// The provider's word on a referral.
pub fn referral_update(id: &str, provider: &str, referral: &str, status: &str, on: &str) -> Told {
    Told(json!({
        "type": "referral-update", "version": "1.0", "messageId": id, "sentAt": format!("{on}T15:00:00Z"), "publisher": provider,
        "referral": { "id": referral, "responsibleAuthority": KENT, "child": "104233" }, "status": status, "occurredOn": on
    }))
}

/// Wellbeing deteriorated after the move.
pub fn concern(id: &str, referral: &str, on: &str) -> Told {
    Told(json!({
        "type": "wellbeing-concern", "version": "1.0", "messageId": id, "sentAt": format!("{on}T10:00:00Z"), "publisher": KENT,
        "child": { "localId": "104233" },
        "referral": { "id": referral, "priority": "urgent", "reason": "self-harm", "continuesTreatment": false },
        "observedOn": on
    }))
}

/// The commissioner's word on a claim.
pub fn reclaim_update(id: &str, commissioner: &str, claim: &str, status: &str, on: &str) -> Told {
    Told(json!({
        "type": "reclaim-update", "version": "1.0", "messageId": id, "sentAt": format!("{on}T16:00:00Z"), "publisher": commissioner,
        "claim": { "id": claim }, "status": status, "occurredOn": on, "reason": "not ours"
    }))
}

impl Told {
    /// Changes one value by its JSON pointer.
    pub fn with(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        let parent = self.0.pointer_mut(parent).expect("the parent is there");
        parent[key] = value.into();
        self
    }

    pub fn sent(self, at: &str) -> Self {
        self.with("/sentAt", at)
    }

    pub fn message(self, id: &str) -> Self {
        self.with("/messageId", id)
    }

    pub fn at(self, postcode: &str) -> Self {
        self.with("/placement/postcode", postcode)
    }

    pub fn unplanned(self) -> Self {
        self.with("/placement/planned", false)
    }

    /// A later placement of the same care period.
    pub fn in_care_since(self, day: &str) -> Self {
        self.with("/carePeriod/startedOn", day).with("/placement/reasonForChange", "P")
    }

    pub fn version(self, version: u32) -> Self {
        let id = self.0["placement"]["id"].as_str().unwrap().to_owned();
        self.with("/placement/version", version).message(&format!("m-{id}-{version}"))
    }

    pub fn cancelled(self) -> Self {
        self.with("/placement/status", "cancelled")
    }

    pub fn referring(self, referral: &str) -> Self {
        self.with("/referral", json!({ "id": referral, "priority": "urgent", "reason": "low mood", "continuesTreatment": false }))
    }

    pub fn json(&self) -> Document {
        Document { content_type: Some("application/json".to_owned()), body: self.0.to_string().into_bytes() }
    }
}

/// Tells the hub a history and lets the clocks run to `now`.
pub fn tell(history: &[Told], now: &str, assume: Assume) -> Explanation {
    let documents: Vec<Document> = history.iter().map(Told::json).collect();
    let world = &*WORLD;
    explain(&world.contracts, &world.directory, &world.policy, &documents, now.parse().unwrap(), assume)
}

/// As [`check`], where everybody has agreed to acknowledge notices, and nobody does.
#[track_caller]
pub fn check_unread(history: &[Told], now: &str, expected: Expect) {
    let documents: Vec<Document> = history.iter().map(Told::json).collect();
    let world = &*WORLD;
    let explanation = explain(&world.contracts, &ANSWERING, &world.policy, &documents, now.parse().unwrap(), Assume::Delivered);
    expected.assert_eq(&table(&explanation));
}

/// Tells a history, delivered as it goes, and compares the table of what came of it.
#[track_caller]
pub fn check(history: &[Told], now: &str, expected: Expect) -> Explanation {
    check_assuming(history, now, Assume::Delivered, expected)
}

#[track_caller]
pub fn check_assuming(history: &[Told], now: &str, assume: Assume, expected: Expect) -> Explanation {
    let explanation = tell(history, now, assume);
    expected.assert_eq(&table(&explanation));
    explanation
}

/// One line a fact, in the order of decision.
pub fn table(explanation: &Explanation) -> String {
    let mut lines = Vec::new();
    for receipt in &explanation.receipts {
        let reasons: Vec<_> = receipt.reasons.iter().map(|reason| format!(" [{} {}]", reason.code, reason.path)).collect();
        lines.push(format!("{} {}{}", receipt.message_id.as_deref().unwrap_or("?"), receipt.verdict.name(), reasons.concat()));
    }
    for one in &explanation.obligations {
        let place = one.place.map(|place| format!("/{place}")).unwrap_or_default();
        let due = one.due_by.map(|due| format!(" by {due}")).unwrap_or_default();
        let supersedes = one.supersedes.map(|sequence| format!(" supersedes {sequence}")).unwrap_or_default();
        let subject = match &one.subject {
            claim if claim.starts_with("CLM-") => "claim",
            notice if notice.parse::<Uuid>().is_ok() => "notice",
            other => other,
        };
        lines.push(format!(
            "{} {subject} -> {}{place}{due}, {}, {} #{}{supersedes}",
            one.kind, one.recipient, one.basis, one.state, one.sequence
        ));
    }
    lines.extend(explanation.suppressed.iter().map(|one| {
        let subject = if one.subject.starts_with("CLM-") { "claim" } else { &one.subject };
        format!("suppressed {} {subject}: {}", one.kind, one.why)
    }));
    lines.extend(explanation.review.iter().map(|one| {
        let candidates: Vec<_> = one.candidates.iter().map(|candidate| candidate.code.to_string()).collect();
        format!("review {}: {}; candidates {:?}", one.reason, one.detail, candidates)
    }));
    lines.join("\n") + "\n"
}

/// Every receipt has this verdict.
#[track_caller]
pub fn all_accepted(explanation: &Explanation) {
    for receipt in &explanation.receipts {
        assert_eq!(receipt.verdict, Verdict::Accepted, "{:?}", receipt.reasons);
    }
}
