//! What each kind of recipient reads: the least that it needs. Whole contents, so that nothing more can slip in.

use super::world::{B, IN_C};
use super::{Told, placement, readable, tell, update};
use crate::delivery::Kind;
use expect_test::{Expect, expect};
use serde_json::{Value, json};

/// A placement with a value in every field.
fn full() -> Told {
    let stay = placement("P1", "2026-10-05").sent("2026-10-01T09:00:00Z").referring("R-1");
    stay.with("/child/nhsNumber", "9990000018")
        .with("/child/nhsNumberStatus", "verified")
        .with("/child/gpPractice", "G00001")
        .with("/placement/provider", "PR4")
        .with("/placement/expectedEndOn", "2027-01-31")
        .with("/placement/localAuthority", B)
        .with("/placement/addressLines", json!(["1 Example Street"]))
        .with("/placement/carer", "A. Carer")
        .with("/placement/endedOn", "2026-12-01")
        .with("/placement/endReason", "E8")
        .with("/referral/continuesTreatment", true)
        .with("/referral/currentProvider", "RPA")
        .with("/referral/follows", "R-0")
        .with(
            "/needs",
            json!({ "summary": "needs a calm home", "emotionalHealth": "anxious", "education": "year 9", "sdqScore": 21,
                    "whySuitable": "close to her aunt",
                    "carePlan": { "title": "Care plan", "reference": "https://plans.example/1", "sha256": "0f" } }),
        )
        .with("/contacts", json!({ "socialWorker": { "name": "Sam Worker", "email": "sam@example.org" } }))
}

/// What `recipient` reads of the last thing of a kind.
#[track_caller]
fn reads(history: &[Told], kind: Kind, recipient: &str, expected: Expect) {
    let heard = tell(history, "2026-10-21T09:00:00Z");
    let issue = heard.issues.iter().rfind(|issue| issue.kind == kind && issue.recipient.as_str() == recipient).expect("it is issued");
    let data: Value = serde_json::from_str(&issue.data).expect("an object");
    expected.assert_eq(&readable(serde_json::to_string_pretty(&data).unwrap()));
}

#[test]
fn the_area_authority_reads_everything_with_the_care_plan() {
    reads(
        &[full()],
        Kind::ArrivalNotice,
        B,
        expect![[r#"
        {
          "basis": "reg 13(4)",
          "child": {
            "birthDate": "2012-04-09",
            "familyName": "Example",
            "givenName": "Ada",
            "gpPractice": "G00001",
            "localId": "1",
            "nhsNumber": "9990000018",
            "nhsNumberStatus": "verified",
            "sex": "F"
          },
          "contacts": {
            "socialWorker": {
              "email": "sam@example.org",
              "name": "Sam Worker"
            }
          },
          "dueBy": "2026-10-04",
          "legalStatus": "C2",
          "needs": {
            "carePlan": {
              "reference": "https://plans.example/1",
              "sha256": "0f",
              "title": "Care plan"
            },
            "education": "year 9",
            "emotionalHealth": "anxious",
            "sdqScore": 21,
            "summary": "needs a calm home",
            "whySuitable": "close to her aunt"
          },
          "placement": {
            "address": {
              "carer": "A. Carer",
              "lines": [
                "1 Example Street"
              ],
              "localAuthority": "E06000002",
              "postcode": "QB1 1AA"
            },
            "expectedEndOn": "2027-01-31",
            "id": "P1",
            "planned": true,
            "provider": "PR4",
            "startedOn": "2026-10-05",
            "type": "U4"
          },
          "responsibleAuthority": "E10000001",
          "role": "area-authority",
          "sequence": 1,
          "subject": "P1"
        }"#]],
    );
}

#[test]
fn a_commissioner_reads_the_child_the_placement_and_the_health_needs() {
    reads(
        &[full()],
        Kind::ArrivalNotice,
        "QAA",
        expect![[r#"
        {
          "basis": "reg 13(2)",
          "child": {
            "birthDate": "2012-04-09",
            "familyName": "Example",
            "givenName": "Ada",
            "gpPractice": "G00001",
            "nhsNumber": "9990000018",
            "nhsNumberStatus": "verified",
            "sex": "F"
          },
          "dueBy": "2026-10-04",
          "needs": {
            "emotionalHealth": "anxious",
            "sdqScore": 21,
            "summary": "needs a calm home"
          },
          "placement": {
            "address": {
              "carer": "A. Carer",
              "lines": [
                "1 Example Street"
              ],
              "localAuthority": "E06000002",
              "postcode": "QB1 1AA"
            },
            "expectedEndOn": "2027-01-31",
            "id": "P1",
            "planned": true,
            "provider": "PR4",
            "startedOn": "2026-10-05",
            "type": "U4"
          },
          "responsibleAuthority": "E10000001",
          "role": "former-area-commissioner",
          "sequence": 1,
          "subject": "P1"
        }"#]],
    );
}

#[test]
fn an_end_notice_says_when_and_why() {
    reads(
        &[full()],
        Kind::EndNotice,
        B,
        expect![[r#"
        {
          "basis": "reg 14",
          "child": {
            "birthDate": "2012-04-09",
            "familyName": "Example",
            "givenName": "Ada",
            "gpPractice": "G00001",
            "localId": "1",
            "nhsNumber": "9990000018",
            "nhsNumberStatus": "verified",
            "sex": "F"
          },
          "dueBy": "2026-12-15",
          "placement": {
            "endReason": "E8",
            "endedOn": "2026-12-01",
            "id": "P1",
            "leftCare": false,
            "localAuthority": "E06000002",
            "startedOn": "2026-10-05"
          },
          "responsibleAuthority": "E10000001",
          "role": "area-authority",
          "sequence": 2,
          "subject": "P1"
        }"#]],
    );
    reads(
        &[full()],
        Kind::EndNotice,
        "QBB",
        expect![[r#"
        {
          "basis": "reg 14",
          "child": {
            "birthDate": "2012-04-09",
            "familyName": "Example",
            "givenName": "Ada",
            "gpPractice": "G00001",
            "nhsNumber": "9990000018",
            "nhsNumberStatus": "verified",
            "sex": "F"
          },
          "dueBy": "2026-12-15",
          "placement": {
            "endReason": "E8",
            "endedOn": "2026-12-01",
            "id": "P1",
            "leftCare": false,
            "localAuthority": "E06000002",
            "startedOn": "2026-10-05"
          },
          "responsibleAuthority": "E10000001",
          "role": "new-area-commissioner",
          "sequence": 2,
          "subject": "P1"
        }"#]],
    );
}

#[test]
fn an_end_by_the_next_start_or_by_leaving_care_has_no_reason_of_its_own() {
    let open = || full().with("/placement/endedOn", Value::Null);
    let next = placement("P2", "2026-12-01").in_care_since("2026-10-05").sent("2026-10-02T09:00:00Z").at(IN_C);
    reads(
        &[open(), next],
        Kind::EndNotice,
        "QBB",
        expect![[r#"
        {
          "basis": "reg 14",
          "child": {
            "birthDate": "2012-04-09",
            "familyName": "Example",
            "givenName": "Ada",
            "gpPractice": "G00001",
            "nhsNumber": "9990000018",
            "nhsNumberStatus": "verified",
            "sex": "F"
          },
          "dueBy": "2026-12-15",
          "placement": {
            "endedOn": "2026-12-01",
            "id": "P1",
            "leftCare": false,
            "localAuthority": "E06000002",
            "startedOn": "2026-10-05"
          },
          "responsibleAuthority": "E10000001",
          "role": "new-area-commissioner",
          "sequence": 2,
          "subject": "P1"
        }"#]],
    );
    reads(
        &[open().with("/carePeriod/endedOn", "2026-12-01")],
        Kind::EndNotice,
        "QBB",
        expect![[r#"
        {
          "basis": "reg 14",
          "child": {
            "birthDate": "2012-04-09",
            "familyName": "Example",
            "givenName": "Ada",
            "gpPractice": "G00001",
            "nhsNumber": "9990000018",
            "nhsNumberStatus": "verified",
            "sex": "F"
          },
          "dueBy": "2026-12-15",
          "placement": {
            "endedOn": "2026-12-01",
            "id": "P1",
            "leftCare": true,
            "localAuthority": "E06000002",
            "startedOn": "2026-10-05"
          },
          "responsibleAuthority": "E10000001",
          "role": "new-area-commissioner",
          "sequence": 2,
          "subject": "P1"
        }"#]],
    );
}

#[test]
fn the_provider_reads_the_clinical_need_and_whom_to_call() {
    reads(
        &[full()],
        Kind::Referral,
        "RPB",
        expect![[r#"
        {
          "basis": "rule 6: referral",
          "child": {
            "birthDate": "2012-04-09",
            "familyName": "Example",
            "givenName": "Ada",
            "gpPractice": "G00001",
            "nhsNumber": "9990000018",
            "nhsNumberStatus": "verified",
            "sex": "F"
          },
          "contacts": {
            "socialWorker": {
              "email": "sam@example.org",
              "name": "Sam Worker"
            }
          },
          "dueBy": "2026-10-01",
          "needs": {
            "emotionalHealth": "anxious",
            "sdqScore": 21,
            "summary": "needs a calm home"
          },
          "placement": {
            "expectedEndOn": "2027-01-31",
            "localAuthority": "E06000002",
            "startedOn": "2026-10-05"
          },
          "reference": {
            "child": "1",
            "id": "R-1",
            "responsibleAuthority": "E10000001"
          },
          "referral": {
            "continuesTreatment": true,
            "currentProvider": "RPA",
            "follows": "R-0",
            "id": "R-1",
            "priority": "urgent",
            "reason": "low mood"
          },
          "sequence": 1,
          "subject": "R-1"
        }"#]],
    );
}

/// A concern that tells of needs is read with these, else with those of the placement.
#[test]
fn the_needs_are_those_of_the_request_else_of_the_placement() {
    let needs = |concern: Told| {
        let heard = tell(&[full(), concern], "2026-10-21T09:00:00Z");
        let issue = heard.issues.iter().rfind(|issue| issue.subject == "R-2").unwrap();
        serde_json::from_str::<Value>(&issue.data).unwrap()["needs"]["summary"].clone()
    };
    let plain = super::concern("R-2", "2026-10-20");
    assert_eq!(needs(plain.clone()), "needs a calm home");
    assert_eq!(needs(plain.with("/needs", json!({ "summary": "does not sleep" }))), "does not sleep");
}

#[test]
fn the_worker_reads_which_referral_and_why() {
    let refused = update("u-1", "R-1", "refused", "2026-10-07").with("/reason", "no room");
    reads(
        &[full(), refused],
        Kind::WorkerTask,
        super::A,
        expect![[r#"
        {
          "basis": "rule 17: refused",
          "dueBy": "2026-10-14",
          "provider": "RPB",
          "reason": "no room",
          "reference": {
            "child": "1",
            "id": "R-1",
            "responsibleAuthority": "E10000001"
          },
          "refusedOn": "2026-10-07",
          "sequence": 1,
          "subject": "R-1",
          "task": "referral-refused"
        }"#]],
    );
    reads(
        &[full()],
        Kind::WorkerTask,
        super::A,
        expect![[r#"
        {
          "basis": "rule 17: no answer",
          "dueBy": "2026-10-16",
          "reference": {
            "child": "1",
            "id": "R-1",
            "responsibleAuthority": "E10000001"
          },
          "sequence": 1,
          "subject": "R-1",
          "task": "referral-not-answered"
        }"#]],
    );
}

#[test]
fn a_reclaim_reads_nothing_of_the_child() {
    reads(
        &[full(), update("u-1", "R-1", "assessed", "2026-10-20")],
        Kind::ReclaimRequest,
        "QAA",
        expect![[r#"
        {
          "amountPence": 58000,
          "basis": "rule 7: reclaim",
          "claim": "claim(R-1, assessment)",
          "currency": "GBP",
          "dueBy": "2026-11-17",
          "evidence": "gp-practice",
          "originatingCommissioner": "01A",
          "provider": "RPB",
          "responsibleCommissioner": "QAA",
          "sequence": 3,
          "serviceDate": "2026-10-20",
          "serviceLine": "CAMHS-assessment",
          "stage": "assessment",
          "subject": "claim(R-1, assessment)",
          "unit": "case",
          "units": 1
        }"#]],
    );
    // Before the tariff began: no price, and a person at the commissioner asks.
    let before = full().with("/placement/startedOn", "2026-03-02").with("/carePeriod/startedOn", "2026-03-02");
    reads(
        &[before, update("u-1", "R-1", "assessed", "2026-03-31")],
        Kind::ReclaimRequest,
        "QAA",
        expect![[r#"
        {
          "basis": "rule 7: reclaim",
          "claim": "claim(R-1, assessment)",
          "currency": "GBP",
          "dueBy": "2026-04-30",
          "evidence": "gp-practice",
          "originatingCommissioner": "01A",
          "provider": "RPB",
          "responsibleCommissioner": "QAA",
          "sequence": 3,
          "serviceDate": "2026-03-31",
          "stage": "assessment",
          "subject": "claim(R-1, assessment)",
          "units": 1
        }"#]],
    );
}

#[test]
fn a_withdrawal_names_what_it_takes_back_and_nothing_else() {
    reads(
        &[full(), full().version(2, "2026-10-06T09:00:00Z").cancelled()],
        Kind::NoticeWithdrawal,
        "QBB",
        expect![[r#"
        {
          "basis": "reg 14",
          "dueBy": "2026-10-06",
          "responsibleAuthority": "E10000001",
          "sequence": 4,
          "subject": "P1",
          "supersedes": 2
        }"#]],
    );
}

/// Of another authority's child there may be a referral of the same id.
#[test]
fn a_withdrawn_referral_is_named_as_it_was_made() {
    reads(
        &[full(), full().version(2, "2026-10-06T09:00:00Z").cancelled()],
        Kind::ReferralWithdrawal,
        "RPB",
        expect![[r#"
            {
              "basis": "rule 6: referral",
              "dueBy": "2026-10-06",
              "reference": {
                "child": "1",
                "id": "R-1",
                "responsibleAuthority": "E10000001"
              },
              "sequence": 2,
              "subject": "R-1",
              "supersedes": 1
            }"#]],
    );
}

/// Each way of withholding alone: said so, secure, adoptive.
#[test]
fn a_withheld_address_leads_nobody_to_the_door() {
    let ways =
        [full().with("/placement/addressWithheld", true), full().with("/placement/type", "R5"), full().with("/placement/type", "A3")];
    for stay in ways {
        let heard = tell(&[stay], "2026-10-21T09:00:00Z");
        for issue in &heard.issues {
            for secret in ["QB1", "Example Street", "A. Carer", "localAuthority"] {
                assert!(!issue.data.contains(secret), "{} {}: {secret}", issue.kind, issue.recipient);
            }
            let told = issue.data.contains("address withheld, contact the duty desk");
            assert_eq!(told, issue.kind == Kind::ArrivalNotice, "{} {}", issue.kind, issue.recipient);
        }
        assert_eq!(heard.issues.len(), 8);
    }
}
