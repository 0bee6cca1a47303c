//! The originating commissioner: by the best evidence, as at entry, the first that was given.

use super::world::{CORNER_OF_A, IN_A, IN_C, UNKNOWN};
use super::{Told, check, placement, tell, update};
use expect_test::expect;
use serde_json::{Value, json};

/// What the claim of an assessment says of the origin: code at entry, evidence, the body asked.
fn originates(origin: Value) -> String {
    let stay = placement("P1", "2026-10-05").sent("2026-10-01T09:00:00Z").referring("R-1").with("/carePeriod/origin", origin);
    let heard = tell(&[stay, update("u-1", "R-1", "assessed", "2026-10-20")], "2026-10-21T09:00:00Z");
    let Some(claim) = heard.issues.iter().find(|issue| issue.subject.starts_with("CLM-")) else {
        let mut reasons: Vec<&str> = heard.owed.reviews.iter().map(|review| review.reason).collect();
        reasons.dedup();
        return format!("none: {}", reasons.join(", "));
    };
    let data: Value = serde_json::from_str(&claim.data).unwrap();
    let text = |key: &str| data[key].as_str().unwrap().to_owned();
    format!("{} by {}, from {}", text("originatingCommissioner"), text("evidence"), text("responsibleCommissioner"))
}

#[test]
fn the_practice_comes_before_the_declaration_and_the_declaration_before_the_home() {
    let all = [("gpPractice", "G00004"), ("commissioner", "03C"), ("homePostcode", IN_A)];
    let from = |first: usize| originates(all[first..].iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect());
    assert_eq!(from(0), "04D by gp-practice, from QDD");
    assert_eq!(from(1), "03C by declared-commissioner, from QCC");
    assert_eq!(from(2), "01A by home-postcode, from QAA");
}

#[test]
fn a_practice_that_nobody_knows_is_no_evidence() {
    assert_eq!(originates(json!({ "gpPractice": "G00009", "commissioner": "03C" })), "03C by declared-commissioner, from QCC");
}

#[test]
fn without_evidence_a_person_is_asked() {
    assert_eq!(originates(Value::Null), "none: no-origin");
    assert_eq!(originates(json!({ "gpPractice": "G00009" })), "none: no-origin");
    assert_eq!(originates(json!({ "homePostcode": UNKNOWN })), "none: unknown-postcode");
}

#[test]
fn an_old_code_is_followed_and_both_are_quoted() {
    assert_eq!(originates(json!({ "commissioner": "00A" })), "00A by declared-commissioner, from QAA");
}

#[test]
fn a_split_is_decided_by_the_home() {
    assert_eq!(originates(json!({ "commissioner": "07S", "homePostcode": IN_C })), "07S by declared-commissioner, from QCC");
    assert_eq!(originates(json!({ "commissioner": "07S", "homePostcode": CORNER_OF_A })), "none: ambiguous-succession");
}

fn claiming(commissioner: &str, id: &str, at: &str) -> Told {
    let stay = placement("P1", "2026-12-01").with("/carePeriod/origin", json!({ "commissioner": commissioner }));
    stay.with("/messageId", id).sent(at).recorded("2026-11-04T09:00:00Z")
}

/// The first counts, by when it was sent, and the question tells both.
#[test]
fn a_contradiction_is_a_question_and_the_first_claim_counts() {
    let (early, late) = (claiming("01A", "m-1", "2026-11-02T09:00:00Z"), claiming("03C", "m-2", "2026-11-03T09:00:00Z"));
    check(
        &[early.clone(), late.clone()],
        "2026-11-04T10:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        review contradictory-origin CP-1 by 2026-11-09 01A 03C
    "#]],
    );
    assert_eq!(
        tell(&[late.clone(), early.clone()], "2026-11-04T10:00:00Z").casefile.timeline,
        tell(&[early, late], "2026-11-04T10:00:00Z").casefile.timeline
    );
}

#[test]
fn each_kind_of_evidence_can_contradict() {
    let first = json!({ "gpPractice": "G00001", "commissioner": "01A", "homePostcode": IN_A });
    for (key, other) in [("gpPractice", "G00004"), ("commissioner", "03C"), ("homePostcode", IN_C)] {
        let stay =
            |id: &str, origin: &Value| placement("P1", "2026-12-01").with("/messageId", id).with("/carePeriod/origin", origin.clone());
        let mut second = first.clone();
        second[key] = json!(other);
        let reasons =
            |history: &[Told]| tell(history, "2026-11-04T10:00:00Z").owed.reviews.iter().map(|one| one.reason).collect::<Vec<_>>();
        assert_eq!(reasons(&[stay("m-1", &first), stay("m-2", &first)]), [""; 0]);
        assert_eq!(reasons(&[stay("m-1", &first), stay("m-2", &second)]), ["contradictory-origin"], "{key}");
        assert_eq!(reasons(&[stay("m-1", &first), stay("m-2", &Value::Null)]), [""; 0], "what is left out takes nothing away");
    }
}

/// The question about an origin that nobody gave is asked once, about the care period, with the clock from the first message.
#[test]
fn a_missing_origin_is_asked_about_once() {
    let stay = placement("P1", "2026-12-01").with("/carePeriod/origin", Value::Null);
    let again = stay.clone().version(2, "2026-11-10T09:00:00Z");
    check(
        &[stay, again],
        "2026-11-10T10:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        review no-origin CP-1 by 2026-11-09
    "#]],
    );
}
