//! Rule 14: each kind of recipient gets the least that it needs. For each, which fields go out, and that no value of any other
//! field of the input is anywhere in what goes out.

use crate::support::story::{ANSWERING, KENT, Told, WORLD, placement, referral_update};
use domain::casefile::{Casefile, Issue};
use domain::delivery::Kind;
use domain::message::Message;
use expect_test::{Expect, expect};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A move in which every value that may be child data is found nowhere else.
fn marked() -> Told {
    placement("PLACEMENTID7", "2026-10-05")
        .sent("2026-09-28T09:00:00Z")
        .with("/child/localId", "LOCALID42")
        .with("/child/givenName", "Givenname")
        .with("/child/familyName", "Familyname")
        .with("/child/siblingGroup", "SIBLINGS9")
        .with("/carePeriod/id", "CAREPERIOD3")
        .with("/carePeriod/legalStatus", "E1")
        .with("/placement/addressLines", json!(["Address line"]))
        .with("/placement/carer", "Carername")
        .with("/placement/expectedEndOn", "2027-03-29")
        .with("/needs/summary", "Needsummary")
        .with("/needs/emotionalHealth", "Emotionalhealth")
        .with("/needs/education", "Educationneed")
        .with("/needs/whySuitable", "Whysuitable")
        .with("/needs/carePlan/title", "Careplantitle")
        .with("/contacts/socialWorker/name", "Workername")
        .with("/contacts/socialWorker/phone", "01632 960001")
        .with("/contacts/reviewingOfficer", json!({ "name": "Officername" }))
        .referring("REFERRAL5")
        .with("/referral/reason", "Referralreason")
}

/// Everything that leaves because of the move and an assessment, and because nobody acknowledges the notices.
fn issued() -> Vec<Issue> {
    let assessed = referral_update("u-1", "RX2", "REFERRAL5", "assessed", "2026-10-20").with("/referral/child", "LOCALID42");
    let mut casefile = Casefile::new(KENT.parse().unwrap(), "LOCALID42");
    let mut issued = Vec::new();
    let mut decide = |message: Option<&Message>, at: Timestamp| {
        issued.extend(casefile.decide(message, &ANSWERING, &WORLD.policy, at, |_| true, &mut Uuid::now_v7).issue);
    };
    for told in [marked(), assessed] {
        let document = told.json();
        let message = WORLD.contracts.read(document.content_type.as_deref(), &document.body).unwrap();
        decide(Some(&message), message.header().sent_at);
    }
    decide(None, "2026-10-21T09:00:00Z".parse().unwrap());
    issued
}

/// The paths of what this recipient reads, and that it reads no other value of the input.
fn check(kind: Kind, recipient: &str, expected: Expect) {
    let issue = issued().into_iter().find(|issue| issue.kind == kind && issue.recipient.as_str() == recipient).expect("it is told");
    let data: Value = serde_json::from_str(&issue.data).unwrap();
    let mut read = Vec::new();
    leaves(&data, "", &mut read);
    let paths: BTreeSet<&str> = read.iter().map(|(path, _)| path.as_str()).collect();
    expected.assert_eq(&(paths.into_iter().collect::<Vec<_>>().join("\n") + "\n"));

    let values: BTreeSet<&str> = read.iter().map(|(_, value)| value.as_str()).collect();
    let mut input = Vec::new();
    leaves(&marked().0, "", &mut input);
    // Short codes and flags are many things at once; what is longer tells a child or a place.
    for (path, value) in input.iter().filter(|(_, value)| value.len() > 6 && !values.contains(value.as_str())) {
        assert!(!issue.data.contains(value.as_str()), "{path} is in what {recipient} reads of a {kind}");
    }
}

fn leaves(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| leaves(value, &format!("{path}/{key}"), found)),
        Value::Array(list) => list.iter().for_each(|value| leaves(value, path, found)),
        Value::String(text) => found.push((path.to_owned(), text.clone())),
        Value::Null => {}
        other => found.push((path.to_owned(), other.to_string())),
    }
}

#[test]
fn the_area_authority_reads_everything_with_the_care_plan() {
    check(
        Kind::ArrivalNotice,
        "E06000043",
        expect![[r#"
        /basis
        /child/birthDate
        /child/familyName
        /child/givenName
        /child/gpPractice
        /child/localId
        /child/nhsNumber
        /child/nhsNumberStatus
        /child/sex
        /contacts/reviewingOfficer/name
        /contacts/socialWorker/email
        /contacts/socialWorker/name
        /contacts/socialWorker/phone
        /dueBy
        /legalStatus
        /needs/carePlan/reference
        /needs/carePlan/sha256
        /needs/carePlan/title
        /needs/education
        /needs/emotionalHealth
        /needs/sdqScore
        /needs/summary
        /needs/whySuitable
        /placement/address/carer
        /placement/address/lines
        /placement/address/postcode
        /placement/expectedEndOn
        /placement/id
        /placement/planned
        /placement/provider
        /placement/startedOn
        /placement/type
        /responsibleAuthority
        /role
        /sequence
        /subject
    "#]],
    );
}

#[test]
fn a_commissioner_reads_child_placement_and_health_needs() {
    check(
        Kind::ArrivalNotice,
        "S9B9J",
        expect![[r#"
        /basis
        /child/birthDate
        /child/familyName
        /child/givenName
        /child/gpPractice
        /child/nhsNumber
        /child/nhsNumberStatus
        /child/sex
        /dueBy
        /needs/emotionalHealth
        /needs/sdqScore
        /needs/summary
        /placement/address/carer
        /placement/address/lines
        /placement/address/postcode
        /placement/expectedEndOn
        /placement/id
        /placement/planned
        /placement/provider
        /placement/startedOn
        /placement/type
        /responsibleAuthority
        /role
        /sequence
        /subject
    "#]],
    );
}

#[test]
fn camhs_reads_the_clinical_need_and_whom_to_call() {
    check(
        Kind::Referral,
        "RX2",
        expect![[r#"
        /basis
        /child/birthDate
        /child/familyName
        /child/givenName
        /child/gpPractice
        /child/nhsNumber
        /child/nhsNumberStatus
        /child/sex
        /contacts/reviewingOfficer/name
        /contacts/socialWorker/email
        /contacts/socialWorker/name
        /contacts/socialWorker/phone
        /dueBy
        /needs/emotionalHealth
        /needs/sdqScore
        /needs/summary
        /placement/expectedEndOn
        /placement/startedOn
        /reference/child
        /reference/id
        /reference/responsibleAuthority
        /referral/continuesTreatment
        /referral/id
        /referral/priority
        /referral/reason
        /sequence
        /subject
    "#]],
    );
}

/// Whoever is reminded reads which notice, and nothing of the child: all of that is in the notice.
#[test]
fn a_reminder_says_which_notice() {
    for recipient in ["S9B9J", "E06000043"] {
        check(
            Kind::WorkerTask,
            recipient,
            expect![[r#"
            /basis
            /dueBy
            /notice/id
            /notice/issuedOn
            /notice/kind
            /notice/sequence
            /responsibleAuthority
            /sequence
            /subject
            /task
        "#]],
        );
    }
}

/// The child's own authority reads about which of its children, and whom to ask.
#[test]
fn an_escalation_says_whose_notice_and_who_has_not_read_it() {
    check(
        Kind::WorkerTask,
        KENT,
        expect![[r#"
        /basis
        /child
        /dueBy
        /notice/id
        /notice/issuedOn
        /notice/kind
        /notice/sequence
        /placement
        /recipient
        /responsibleAuthority
        /sequence
        /subject
        /task
    "#]],
    );
}

#[test]
fn a_reclaim_reads_nothing_of_the_child() {
    check(
        Kind::ReclaimRequest,
        "QKS",
        expect![[r#"
        /amountPence
        /basis
        /claim
        /currency
        /dueBy
        /evidence
        /originatingCommissioner
        /provider
        /responsibleCommissioner
        /sequence
        /serviceDate
        /serviceLine
        /stage
        /subject
        /unit
        /units
    "#]],
    );
    let reclaim = issued().into_iter().find(|issue| issue.kind == Kind::ReclaimRequest).unwrap();
    for secret in
        ["Givenname", "Familyname", "2012-04-09", "9990000018", "LOCALID42", "PLACEMENTID7", "REFERRAL5", "BN1 6AG", "ME14 2AA", "E1\""]
    {
        assert!(!reclaim.data.contains(secret), "{secret}");
    }
}
