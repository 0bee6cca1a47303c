//! What a commissioner answers to a claim, and how the claim stands.

use super::world::IN_D;
use super::{DIRECTORY, Heard, POLICY, Rules, Told, answer, check, claim, placement, readable, ruling, tell, update};
use crate::casefile::Casefile;
use crate::policy::Stage;
use crate::timeline::Ruling;
use expect_test::{Expect, expect};

fn asked() -> [Told; 2] {
    let stay = placement("P1", "2026-10-05").sent("2026-10-01T09:00:00Z").referring("R-1");
    [stay, update("u-1", "R-1", "assessed", "2026-10-20")]
}

fn id() -> String {
    claim("R-1", Stage::Assessment)
}

fn after(others: &[Told]) -> Vec<Told> {
    asked().into_iter().chain(others.iter().cloned()).collect()
}

/// How the claims stand, a line each.
fn standing(heard: &Heard) -> String {
    let rows = heard.casefile.claims.values().map(|row| {
        format!(
            "{} {} {} since {}, claimed {}, {:?} of {:?}\n",
            row.id, row.commissioner, row.state, row.since, row.claimed_on, row.answered_pence, row.amount_pence
        )
    });
    readable(rows.collect())
}

#[track_caller]
fn stands(others: &[Told], expected: Expect) {
    expected.assert_eq(&standing(&tell(&after(others), "2026-12-01T09:00:00Z")));
}

#[test]
fn a_claim_stands_as_its_commissioner_last_said() {
    stands(
        &[],
        expect![[r#"
        claim(R-1, assessment) QAA requested since 2026-10-20, claimed 2026-10-20, None of Some(58000)
    "#]],
    );
    let agreed = answer("a-1", "QAA", &id(), "agreed", "2026-11-02").with("/amountPence", 50_000);
    stands(
        std::slice::from_ref(&agreed),
        expect![[r#"
        claim(R-1, assessment) QAA agreed since 2026-11-02, claimed 2026-10-20, Some(50000) of Some(58000)
    "#]],
    );
    let paid = answer("a-2", "QAA", &id(), "paid", "2026-11-09");
    stands(
        &[agreed, paid],
        expect![[r#"
        claim(R-1, assessment) QAA paid since 2026-11-09, claimed 2026-10-20, Some(50000) of Some(58000)
    "#]],
    );
}

/// A casefile from before claims had rows: its claim is as old as the word of the provider, not as the first row.
#[test]
fn a_claim_that_was_made_before_rows_were_kept_keeps_its_age() {
    let mut heard = tell(&asked(), "2026-12-01T09:00:00Z");
    heard.casefile.claims.clear();
    heard.decide(Rules { directory: &DIRECTORY, policy: &POLICY }, None, "2026-12-02T09:00:00Z".parse().unwrap());
    expect![[r#"
        claim(R-1, assessment) QAA requested since 2026-10-20, claimed 2026-10-20, None of Some(58000)
    "#]]
    .assert_eq(&standing(&heard));
}

/// By its place's code, or as the successor of the body that was asked; nobody else.
#[test]
fn only_the_body_that_is_asked_is_heard() {
    stands(
        &[answer("a-1", "01A", &id(), "agreed", "2026-11-02")],
        expect![[r#"
        claim(R-1, assessment) QAA agreed since 2026-11-02, claimed 2026-10-20, None of Some(58000)
    "#]],
    );
    stands(
        &[answer("a-1", "QBB", &id(), "agreed", "2026-11-02")],
        expect![[r#"
        claim(R-1, assessment) QAA requested since 2026-10-20, claimed 2026-10-20, None of Some(58000)
    "#]],
    );
    let from_d = |told: Told| told.with("/carePeriod/origin", serde_json::json!({ "commissioner": "04D" }));
    let [stay, assessed] = asked();
    let history = [from_d(stay), assessed, answer("a-1", "QDX", &id(), "agreed", "2027-01-05")];
    expect![[r#"
        claim(R-1, assessment) QDD agreed since 2027-01-05, claimed 2026-10-20, None of Some(58000)
    "#]]
    .assert_eq(&standing(&tell(&history, "2027-01-06T09:00:00Z")));
}

#[test]
fn a_dispute_and_a_query_ask_a_person_and_the_referral_stands() {
    let disputed = answer("a-1", "QAA", &id(), "disputed", "2026-11-02").with("/reason", "not ours");
    check(
        &after(&[disputed]),
        "2026-11-03T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-10-01, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2026-10-16, rule 17: no answer, withdrawn #1
        reclaim-request claim(R-1, assessment) -> QAA/01A by 2026-11-17, rule 7: reclaim, in-force #2
        review disputed-claim claim(R-1, assessment) of 2026-11-02T16:00:00Z by 2026-11-09
    "#]],
    );
    check(
        &after(&[answer("a-1", "QAA", &id(), "queried", "2026-11-02")]),
        "2026-11-03T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-10-01, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2026-10-16, rule 17: no answer, withdrawn #1
        reclaim-request claim(R-1, assessment) -> QAA/01A by 2026-11-17, rule 7: reclaim, in-force #2
        review queried-claim claim(R-1, assessment) of 2026-11-02T16:00:00Z by 2026-11-09
    "#]],
    );
    check(
        &after(&[answer("a-1", "QAA", &id(), "acknowledged", "2026-11-02")]),
        "2026-11-03T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-10-01, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2026-10-16, rule 17: no answer, withdrawn #1
        reclaim-request claim(R-1, assessment) -> QAA/01A by 2026-11-17, rule 7: reclaim, in-force #2
    "#]],
    );
}

#[test]
fn a_later_word_answers_the_question() {
    let disputed = answer("a-1", "QAA", &id(), "disputed", "2026-11-02");
    let agreed = answer("a-2", "QAA", &id(), "agreed", "2026-11-05");
    check(
        &after(&[disputed, agreed]),
        "2026-11-06T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-10-01, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2026-10-16, rule 17: no answer, withdrawn #1
        reclaim-request claim(R-1, assessment) -> QAA/01A by 2026-11-17, rule 7: reclaim, in-force #2
    "#]],
    );
}

fn decided(ruled: Ruling) -> Vec<Told> {
    let disputed = answer("a-1", "QAA", &id(), "disputed", "2026-11-02");
    let question = crate::claim::question_subject(
        &id(),
        &crate::timeline::Stamp { sent_at: "2026-11-02T16:00:00Z".parse().unwrap(), message_id: "a-1".to_owned() },
    );
    after(&[disputed, ruling("2026-11-04T09:00:00Z", "disputed-claim", &question, ruled)])
}

#[test]
fn a_person_lets_a_disputed_claim_stand_or_withdraws_it() {
    check(
        &decided(Ruling::Proceed),
        "2026-11-05T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-10-01, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2026-10-16, rule 17: no answer, withdrawn #1
        reclaim-request claim(R-1, assessment) -> QAA/01A by 2026-11-17, rule 7: reclaim, in-force #2
    "#]],
    );
    check(
        &decided(Ruling::Decline),
        "2026-11-05T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-10-01, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2026-10-16, rule 17: no answer, withdrawn #1
        reclaim-request claim(R-1, assessment) -> QAA/01A by 2026-11-17, rule 7: reclaim, withdrawn #2
        reclaim-withdrawal claim(R-1, assessment) -> QAA/01A by 2026-11-04, rule 7: reclaim, in-force #3 supersedes 2
        suppressed reclaim-request claim(R-1, assessment): the commissioner did not agree, and a person withdrew the claim
    "#]],
    );
}

/// A second dispute is a second question; a claim that was withdrawn stays withdrawn.
#[test]
fn each_word_is_a_question_of_its_own() {
    let again = answer("a-2", "QAA", &id(), "disputed", "2026-11-09");
    let mut stands = decided(Ruling::Proceed);
    stands.push(again.clone());
    check(
        &stands,
        "2026-11-10T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-10-01, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2026-10-16, rule 17: no answer, withdrawn #1
        reclaim-request claim(R-1, assessment) -> QAA/01A by 2026-11-17, rule 7: reclaim, in-force #2
        review disputed-claim claim(R-1, assessment) of 2026-11-09T16:00:00Z by 2026-11-16
    "#]],
    );
    let mut withdrawn = decided(Ruling::Decline);
    withdrawn.push(again);
    check(
        &withdrawn,
        "2026-11-10T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-10-01, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2026-10-16, rule 17: no answer, withdrawn #1
        reclaim-request claim(R-1, assessment) -> QAA/01A by 2026-11-17, rule 7: reclaim, withdrawn #2
        reclaim-withdrawal claim(R-1, assessment) -> QAA/01A by 2026-11-04, rule 7: reclaim, in-force #3 supersedes 2
        suppressed reclaim-request claim(R-1, assessment): the commissioner did not agree, and a person withdrew the claim
    "#]],
    );
}

#[test]
fn a_claim_that_is_not_owed_any_more_is_voided() {
    let cancelled = asked()[0].clone().version(2, "2026-11-02T09:00:00Z").cancelled();
    stands(
        &[cancelled],
        expect![[r#"
        claim(R-1, assessment) QAA voided since 2026-11-02, claimed 2026-10-20, None of Some(58000)
    "#]],
    );
    let moved = asked()[0].clone().version(2, "2026-11-02T09:00:00Z").at(IN_D);
    stands(
        &[moved],
        expect![[r#"
        claim(R-1, assessment) QAA requested since 2026-10-20, claimed 2026-10-20, None of Some(58000)
    "#]],
    );
}

/// A ledger keeps the casefile as bytes: read back it is the same, and what is damaged is not taken for an empty one.
#[test]
fn a_casefile_that_was_kept_reads_back_whole() {
    let kept = tell(&asked(), "2026-12-01T09:00:00Z").casefile;
    assert!(!kept.issued.is_empty() && !kept.claims.is_empty());
    let json = kept.to_json().unwrap();
    assert_eq!(Casefile::from_json(&json).unwrap(), kept);
    assert!(Casefile::from_json(&json[..json.len() - 1]).is_err() && Casefile::from_json(b"").is_err());
}
