//! Histories of one child, told to the rules, and what is owed because of them, as tables that a person can read.
//!
//! The child is Ada Example of authority A. Each message is recorded when it is sent, unless a test says otherwise; clocks
//! ring in between; whatever is not held reaches its recipient at once.

mod answers;
mod arrivals;
mod chain;
mod chases;
mod data;
mod deadlines;
mod joining;
mod origins;
mod people;
mod places;
mod reclaims;
mod referrals;
#[expect(clippy::too_many_lines, reason = "a golden table is read line by line, not as a story")]
mod why;
#[expect(clippy::too_many_lines, reason = "a golden table is read line by line, not as a story")]
mod why_not;
mod world;

use crate::casefile::{Casefile, Issue};
use crate::delivery::ObligationState;
use crate::directory::Directory;
use crate::message::Message;
use crate::owed::{Owed, claim_id};
use crate::policy::{Policy, Stage};
use crate::timeline::{Decision, Ruling, Stamp, question};
use expect_test::Expect;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::LazyLock;
use uuid::Uuid;
use world::{A, CLAIM_KEY, IN_A, IN_B, code};

/// What somebody says, and when the hub records it.
#[derive(Clone, Debug)]
struct Told {
    recorded_at: Option<Timestamp>,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Message(Value),
    Ruling { reason: &'static str, subject: String, ruling: Ruling },
}

/// A placement of Ada's: planned, in B, the first of her care period, told on 2 November 2026.
fn placement(id: &str, started_on: &str) -> Told {
    Told::message(json!({
        "type": "placement-change", "version": "1.0", "messageId": format!("m-{id}-1"), "sentAt": "2026-11-02T09:00:00Z", "publisher": A,
        "child": { "localId": "1", "givenName": "Ada", "familyName": "Example", "birthDate": "2012-04-09", "sex": "F" },
        "carePeriod": { "id": "CP-1", "startedOn": started_on, "legalStatus": "C2", "origin": { "gpPractice": "G00001", "homePostcode": IN_A } },
        "placement": { "id": id, "version": 1, "status": "active", "startedOn": started_on, "reasonForChange": "S", "type": "U4",
                       "planned": true, "postcode": IN_B }
    }))
}

/// The provider's word on a referral, on the afternoon of a day.
fn update(id: &str, referral: &str, status: &str, on: &str) -> Told {
    Told::message(json!({
        "type": "referral-update", "version": "1.0", "messageId": id, "sentAt": format!("{on}T15:00:00Z"), "publisher": "RPB",
        "referral": { "id": referral, "responsibleAuthority": A, "child": "1" }, "status": status, "occurredOn": on
    }))
}

/// Wellbeing deteriorated, and the authority asks for a referral on the day it is seen.
fn concern(referral: &str, on: &str) -> Told {
    Told::message(json!({
        "type": "wellbeing-concern", "version": "1.0", "messageId": format!("w-{referral}"), "sentAt": format!("{on}T10:00:00Z"),
        "publisher": A, "child": { "localId": "1" }, "referral": { "id": referral, "priority": "urgent", "reason": "self-harm" },
        "observedOn": on
    }))
}

/// The commissioner's word on the claim for a stage of a referral, on the afternoon of a day.
fn answer(id: &str, commissioner: &str, claim: &str, status: &str, on: &str) -> Told {
    Told::message(json!({
        "type": "reclaim-update", "version": "1.0", "messageId": id, "sentAt": format!("{on}T16:00:00Z"), "publisher": commissioner,
        "claim": { "id": claim }, "status": status, "occurredOn": on
    }))
}

/// The recipient's word on a notice, on the afternoon of a day: on the first that was issued in a history, the second, ...
fn acknowledged(id: &str, number: u128, recipient: &str, on: &str) -> Told {
    Told::message(json!({
        "type": "acknowledgement", "version": "1.0", "messageId": id, "sentAt": format!("{on}T14:00:00Z"), "publisher": recipient,
        "notice": { "id": Uuid::from_u128(2 * number) }, "status": "read", "occurredOn": on
    }))
}

/// A person's decision on a question.
fn ruling(at: &str, reason: &'static str, subject: &str, ruling: Ruling) -> Told {
    Told { recorded_at: Some(at.parse().unwrap()), what: What::Ruling { reason, subject: subject.to_owned(), ruling } }
}

fn choose(text: &str) -> Ruling {
    Ruling::Choose(code(text))
}

/// The claim of Ada for a stage of a referral.
fn claim(referral: &str, stage: Stage) -> String {
    claim_id(&CLAIM_KEY, code(A), "1", referral, stage)
}

impl Told {
    fn message(value: Value) -> Self {
        Self { recorded_at: None, what: What::Message(value) }
    }

    /// Changes one value by its JSON pointer.
    fn with(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        let What::Message(message) = &mut self.what else { panic!("a decision has no fields") };
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        message.pointer_mut(parent).expect("the parent is there")[key] = value.into();
        self
    }

    fn sent(self, at: &str) -> Self {
        self.with("/sentAt", at)
    }

    fn recorded(self, at: &str) -> Self {
        Self { recorded_at: Some(at.parse().unwrap()), ..self }
    }

    fn at(self, postcode: &str) -> Self {
        self.with("/placement/postcode", postcode)
    }

    fn ended(self, on: &str) -> Self {
        self.with("/placement/endedOn", on)
    }

    fn unplanned(self) -> Self {
        self.with("/placement/planned", false)
    }

    /// A later placement of the same care period.
    fn in_care_since(self, day: &str) -> Self {
        self.with("/carePeriod/startedOn", day).with("/placement/reasonForChange", "P")
    }

    /// A later version of the placement, sent at a time.
    fn version(self, version: u32, sent_at: &str) -> Self {
        let What::Message(message) = &self.what else { panic!("a decision has no version") };
        let id = format!("m-{}-{version}", message["placement"]["id"].as_str().unwrap());
        self.with("/placement/version", version).with("/messageId", id).sent(sent_at)
    }

    fn cancelled(self) -> Self {
        self.with("/placement/status", "cancelled")
    }

    fn referring(self, referral: &str) -> Self {
        self.with("/referral", json!({ "id": referral, "priority": "urgent", "reason": "low mood" }))
    }

    fn time(&self) -> Timestamp {
        let sent = |message: &Value| message["sentAt"].as_str().unwrap().parse().unwrap();
        match &self.what {
            What::Message(message) => self.recorded_at.unwrap_or_else(|| sent(message)),
            What::Ruling { .. } => self.recorded_at.unwrap(),
        }
    }

    fn as_message(&self) -> Message {
        let What::Message(message) = &self.what else { panic!("a decision is no message") };
        serde_json::from_value(message.clone()).expect("the message is readable")
    }
}

static DIRECTORY: LazyLock<Directory> = LazyLock::new(world::directory);
static POLICY: LazyLock<Policy> = LazyLock::new(world::policy);

/// What a history is judged by.
#[derive(Clone, Copy)]
struct Rules<'a> {
    directory: &'a Directory,
    policy: &'a Policy,
}

/// What came of a history.
#[derive(Default)]
struct Heard {
    casefile: Casefile,
    issues: Vec<Issue>,
    owed: Owed,
}

impl Heard {
    fn decide(&mut self, rules: Rules<'_>, message: Option<&Message>, now: Timestamp) {
        let held: Vec<Uuid> = self.casefile.issued.iter().filter(|one| one.hold.is_some()).map(|one| one.id).collect();
        // The first obligation is 1 and its delivery 2, the second 3 and 4.
        let mut number = 2 * self.casefile.issued.len() as u128;
        let mut new_id = || {
            number += 1;
            Uuid::from_u128(number)
        };
        let decision = self.casefile.decide(message, rules.directory, rules.policy, now, |id| !held.contains(&id), &mut new_id);
        self.issues.extend(decision.issue);
        self.owed = decision.owed;
    }

    /// Lets the clocks ring that are set up to `now`.
    fn wait(&mut self, rules: Rules<'_>, now: Timestamp) {
        while let Some(at) = self.casefile.wake_at.filter(|at| *at <= now) {
            self.decide(rules, None, at);
        }
    }

    /// One line a fact.
    fn table(&self) -> String {
        let issued = self.casefile.issued.iter().filter(|one| one.state != ObligationState::Retracted).map(|one| {
            let place = one.place.map(|place| format!("/{place}")).unwrap_or_default();
            let due = one.due_on.map(|due| format!(" by {due}")).unwrap_or_default();
            let before = self.casefile.issued.iter().find(|before| Some(before.id) == one.supersedes);
            let supersedes = before.map(|before| format!(" supersedes {}", before.sequence)).unwrap_or_default();
            format!(
                "{} {} -> {}{place}{due}, {}, {} #{}{supersedes}",
                one.kind, one.subject, one.recipient, one.basis, one.state, one.sequence
            )
        });
        let suppressed = self.owed.suppressed.iter().map(|one| format!("suppressed {} {}: {}", one.kind, one.subject, one.why));
        let parked = self.owed.parked.iter().map(|one| format!("parked {} until {}", one.subject, one.until));
        let reviews = self.owed.reviews.iter().map(|one| {
            let candidates: Vec<_> = one.candidates.iter().map(|candidate| format!(" {}", candidate.code)).collect();
            let due = one.due_on.map(|due| format!(" by {due}")).unwrap_or_default();
            format!("review {} {}{due}{}", one.reason, one.subject, candidates.concat())
        });
        let wake = self.casefile.wake_at.map(|at| format!("wakes at {at}"));
        let lines: Vec<String> = issued.chain(suppressed).chain(parked).chain(reviews).chain(wake).collect();
        readable(lines.join("\n") + "\n")
    }
}

/// Opaque claim ids in words: `claim R-1 assessment`.
fn readable(mut text: String) -> String {
    for referral in ["R-1", "R-2"] {
        for stage in [Stage::Assessment, Stage::Treatment] {
            text = text.replace(&claim(referral, stage), &format!("claim({referral}, {})", stage.name()));
        }
    }
    text
}

fn tell_by(rules: Rules<'_>, history: &[Told], now: &str) -> Heard {
    let now: Timestamp = now.parse().unwrap();
    let mut heard = Heard { casefile: Casefile::new(code(A), "1"), ..Heard::default() };
    for told in history {
        let at = told.time();
        heard.wait(rules, at);
        match &told.what {
            What::Message(_) => heard.decide(rules, Some(&told.as_message()), at),
            What::Ruling { reason, subject, ruling } => {
                let stamp = Stamp { sent_at: at, message_id: "operator".to_owned() };
                let decision = Decision { stamp, by: "Olive Operator".to_owned(), reason: "seen to".to_owned(), ruling: *ruling };
                heard.casefile.timeline.settle(question(reason, subject), decision);
                heard.decide(rules, None, at);
            }
        }
    }
    heard.wait(rules, now);
    heard.decide(rules, None, now);
    heard
}

fn tell(history: &[Told], now: &str) -> Heard {
    tell_by(Rules { directory: &DIRECTORY, policy: &POLICY }, history, now)
}

/// Tells a history and compares the table of what came of it.
#[track_caller]
fn check(history: &[Told], now: &str, expected: Expect) {
    expected.assert_eq(&tell(history, now).table());
}

/// The same under another policy.
#[track_caller]
fn check_by(change: impl FnOnce(&mut Policy), history: &[Told], now: &str, expected: Expect) {
    let mut policy = world::policy();
    change(&mut policy);
    expected.assert_eq(&tell_by(Rules { directory: &DIRECTORY, policy: &policy }, history, now).table());
}
