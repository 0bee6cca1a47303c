//! What is claimed back, from whom, when it is held, and when it is not claimed at all.

use super::world::{A, CLAIM_KEY, CORNER_OF_A, IN_A, IN_D, IN_E, IN_SCOTLAND, IN_WALES, NORTH_OF_B, code};
use super::{Rules, Told, check, check_by, claim, concern, placement, tell, tell_by, update};
use crate::message::ReferralStatus;
use crate::owed::claim_id;
use crate::policy::Stage;
use expect_test::expect;
use serde_json::Value;

const LATER: &str = "2026-10-21T09:00:00Z";

/// In B since 5 October, referred, and assessed on the 20th.
fn referred() -> Told {
    placement("P1", "2026-10-05").sent("2026-10-01T09:00:00Z").referring("R-1")
}

fn assessed() -> Told {
    update("u-1", "R-1", "assessed", "2026-10-20")
}

#[test]
fn each_stage_is_claimed_once_from_the_originating_commissioner() {
    check(
        &[referred(), assessed(), update("u-2", "R-1", "treatment-started", "2026-11-09")],
        "2026-11-10T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-10-01, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2026-10-16, rule 17: no answer, withdrawn #1
        reclaim-request claim(R-1, assessment) -> QAA/01A by 2026-11-17, rule 7: reclaim, in-force #2
        reclaim-request claim(R-1, treatment) -> QAA/01A by 2026-12-07, rule 7: reclaim, in-force #3
    "#]],
    );
}

#[test]
fn other_words_of_the_provider_claim_nothing() {
    for status in ["received", "accepted", "refused", "treatment-ended"] {
        let heard = tell(&[referred(), update("u-1", "R-1", status, "2026-10-20")], LATER);
        assert!(heard.issues.iter().all(|issue| !issue.subject.starts_with("CLM-")), "{status}");
    }
}

#[test]
fn the_triggers_and_the_days_are_the_policys() {
    check_by(
        |policy| {
            policy.assessment_trigger = ReferralStatus::Accepted;
            policy.treatment_trigger = ReferralStatus::Assessed;
            policy.reclaim_working_days = 1;
        },
        &[referred(), update("u-0", "R-1", "accepted", "2026-10-19"), assessed()],
        LATER,
        expect![[r#"
            arrival-notice P1 -> E06000002 by 2026-10-04, reg 13(4), in-force #1
            arrival-notice P1 -> QBB/02B by 2026-10-04, reg 13(2), in-force #1
            arrival-notice P1 -> QAA/01A by 2026-10-04, reg 13(2), in-force #1
            referral R-1 -> RPB by 2026-10-01, rule 6: referral, in-force #1
            worker-task R-1 -> E10000001 by 2026-10-16, rule 17: no answer, withdrawn #1
            reclaim-request claim(R-1, assessment) -> QAA/01A by 2026-10-20, rule 7: reclaim, in-force #2
            reclaim-request claim(R-1, treatment) -> QAA/01A by 2026-10-21, rule 7: reclaim, in-force #3
        "#]],
    );
}

#[test]
fn nothing_is_claimed_from_the_body_where_the_child_lives() {
    check(
        &[referred().at(IN_E), assessed()],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000005 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RPA by 2026-10-01, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2026-10-16, rule 17: no answer, withdrawn #1
        suppressed reclaim-request claim(R-1, assessment): the originating and the current commissioner are the same body
    "#]],
    );
    check(
        &[referred().at(CORNER_OF_A), assessed()],
        LATER,
        expect![[r#"
        arrival-notice P1 -> QAX/01X by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RPA by 2026-10-01, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2026-10-16, rule 17: no answer, withdrawn #1
        reclaim-request claim(R-1, assessment) -> QAA/01A by 2026-11-17, rule 7: reclaim, in-force #2
    "#]],
    );
    // Two places of one body: what counts is the body.
    let from_b = referred().at(NORTH_OF_B).with("/carePeriod/origin", serde_json::json!({ "commissioner": "02B" }));
    check(
        &[from_b, assessed()],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/06B by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-10-01, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2026-10-16, rule 17: no answer, withdrawn #1
        suppressed reclaim-request claim(R-1, assessment): the originating and the current commissioner are the same body
    "#]],
    );
}

#[test]
fn secure_homes_and_scotland_are_held_and_wales_is_not() {
    check(
        &[referred().with("/placement/type", "K1"), assessed()],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-10-01, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2026-10-16, rule 17: no answer, withdrawn #1
        reclaim-request claim(R-1, assessment) -> QAA/01A by 2026-11-17, rule 7: reclaim, held #2
        review held-reclaim claim(R-1, assessment) by 2026-10-27
    "#]],
    );
    check(
        &[referred().at(IN_SCOTLAND), assessed()],
        LATER,
        expect![[r#"
        arrival-notice P1 -> QAA/01A by 2026-10-04, reg 13(2), in-force #1
        worker-task R-1 -> E10000001 by 2026-10-16, rule 17: no answer, withdrawn #1
        reclaim-request claim(R-1, assessment) -> QAA/01A by 2026-11-17, rule 7: reclaim, held #2
        review outside-england-and-wales P1 by 2026-10-08
        review outside-england-and-wales R-1 by 2026-10-08
        review held-reclaim claim(R-1, assessment) by 2026-10-27
    "#]],
    );
    check(
        &[referred().at(IN_WALES), assessed()],
        LATER,
        expect![[r#"
        arrival-notice P1 -> W06000001 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> W11000001 by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-10-04, reg 13(2), in-force #1
        worker-task R-1 -> E10000001 by 2026-10-16, rule 17: no answer, withdrawn #1
        reclaim-request claim(R-1, assessment) -> QAA/01A by 2026-11-17, rule 7: reclaim, in-force #2
        review no-coverage R-1 by 2026-10-08
    "#]],
    );
}

/// Born on 9 April 2012.
#[test]
fn service_from_the_eighteenth_birthday_on_is_for_a_person() {
    let stay = || placement("P1", "2029-10-05").sent("2029-10-01T09:00:00Z").referring("R-1");
    check(
        &[stay(), update("u-1", "R-1", "assessed", "2030-04-08")],
        "2030-04-10T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2029-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2029-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2029-10-04, reg 13(2), in-force #1
        referral R-1 -> RPB by 2029-10-01, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2029-10-16, rule 17: no answer, withdrawn #1
        reclaim-request claim(R-1, assessment) -> QAA/01A by 2030-05-06, rule 7: reclaim, in-force #2
    "#]],
    );
    check(
        &[stay(), update("u-1", "R-1", "assessed", "2030-04-09")],
        "2030-04-10T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2029-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2029-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2029-10-04, reg 13(2), in-force #1
        referral R-1 -> RPB by 2029-10-01, rule 6: referral, in-force #1
        worker-task R-1 -> E10000001 by 2029-10-16, rule 17: no answer, withdrawn #1
        review adult-service-date claim(R-1, assessment) by 2030-04-16
    "#]],
    );
}

/// Referred with P1 in B, assessed when the child lived in A again: the body there is the originating one.
#[test]
fn the_service_date_decides_where_the_child_lived() {
    let back = |start: &str| placement("P2", start).in_care_since("2026-10-05").at(IN_A).sent("2026-10-01T10:00:00Z");
    let claims = |start: &str| {
        let heard = tell(&[referred(), back(start), assessed()], LATER);
        heard.issues.iter().filter(|issue| issue.subject.starts_with("CLM-")).count()
    };
    assert_eq!([claims("2026-10-20"), claims("2026-10-21")], [0, 1]);
}

#[test]
fn a_concern_is_claimed_from_the_origin_of_the_care_period_it_falls_in() {
    let history = [
        placement("P1", "2026-10-05").sent("2026-10-01T09:00:00Z").at(IN_D),
        concern("R-2", "2026-10-12"),
        update("u-1", "R-2", "assessed", "2026-10-20"),
    ];
    check(
        &history,
        LATER,
        expect![[r#"
        arrival-notice P1 -> E10000004 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> QDD/04D by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-10-04, reg 13(2), in-force #1
        referral R-2 -> RPD by 2026-10-12, rule 6: referral, in-force #1
        worker-task R-2 -> E10000001 by 2026-10-27, rule 17: no answer, withdrawn #1
        reclaim-request claim(R-2, assessment) -> QAA/01A by 2026-11-17, rule 7: reclaim, in-force #2
    "#]],
    );
}

#[test]
fn a_cancelled_placement_takes_its_claims_with_it() {
    let cancelled = referred().version(2, "2026-10-20T17:00:00Z").cancelled();
    check(
        &[referred(), assessed(), cancelled],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-10-04, reg 13(4), withdrawn #1
        arrival-notice P1 -> QBB/02B by 2026-10-04, reg 13(2), withdrawn #1
        arrival-notice P1 -> QAA/01A by 2026-10-04, reg 13(2), withdrawn #1
        referral R-1 -> RPB by 2026-10-01, rule 6: referral, withdrawn #1
        worker-task R-1 -> E10000001 by 2026-10-16, rule 17: no answer, withdrawn #1
        reclaim-request claim(R-1, assessment) -> QAA/01A by 2026-11-17, rule 7: reclaim, withdrawn #2
        notice-withdrawal P1 -> E06000002 by 2026-10-20, reg 13(4), in-force #2 supersedes 1
        notice-withdrawal P1 -> QAA/01A by 2026-10-20, reg 13(2), in-force #3 supersedes 1
        notice-withdrawal P1 -> QBB/02B by 2026-10-20, reg 13(2), in-force #2 supersedes 1
        referral-withdrawal R-1 -> RPB by 2026-10-20, rule 6: referral, in-force #2 supersedes 1
        reclaim-withdrawal claim(R-1, assessment) -> QAA/01A by 2026-10-20, rule 7: reclaim, in-force #4 supersedes 2
    "#]],
    );
}

#[test]
fn without_a_request_nothing_is_claimed() {
    check(
        &[placement("P1", "2026-10-05").sent("2026-10-01T09:00:00Z"), assessed()],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-10-04, reg 13(2), in-force #1
    "#]],
    );
}

/// D's body changes on 1 January 2027: whom to ask is decided by the day on which the word was recorded.
#[test]
fn the_body_asked_is_that_of_the_day_of_recording() {
    let from_d = || referred().with("/carePeriod/origin", serde_json::json!({ "commissioner": "04D" }));
    let asked = |recorded_at: &str| {
        let heard = tell(&[from_d(), assessed().recorded(recorded_at)], "2027-02-01T09:00:00Z");
        heard.issues.iter().find(|issue| issue.subject.starts_with("CLM-")).unwrap().recipient.to_string()
    };
    assert_eq!([asked("2026-12-31T12:00:00Z"), asked("2027-01-04T12:00:00Z")], ["QDD", "QDX"]);
}

#[test]
fn the_nhs_number_goes_only_where_the_region_wants_it() {
    let number = |wanted: bool| {
        let mut policy = super::world::policy();
        policy.reclaim_nhs_number = wanted;
        let stay = referred().with("/child/nhsNumber", "9990000018");
        let heard = tell_by(Rules { directory: &super::DIRECTORY, policy: &policy }, &[stay, assessed()], LATER);
        let claim = heard.issues.iter().find(|issue| issue.subject.starts_with("CLM-")).unwrap();
        serde_json::from_str::<Value>(&claim.data).unwrap()["nhsNumber"].clone()
    };
    assert_eq!([number(false), number(true)], [Value::Null, "9990000018".into()]);
}

/// Pinned: a claim that was sent must be found again under its id, by every version of the hub.
#[test]
fn a_claims_id_is_the_same_for_ever_and_another_for_everything_else() {
    let id = claim("R-1", Stage::Assessment);
    assert_eq!(id, "CLM-ZXDWJXBKCP3C6XJH");
    let others = [
        claim("R-1", Stage::Treatment),
        claim("R-2", Stage::Assessment),
        claim_id(&CLAIM_KEY, code(A), "2", "R-1", Stage::Assessment),
        claim_id(&CLAIM_KEY, code("E06000002"), "1", "R-1", Stage::Assessment),
        claim_id(&[8; 32], code(A), "1", "R-1", Stage::Assessment),
        // Where one part ends and the next begins is part of it.
        claim_id(&CLAIM_KEY, code(A), "1R", "-1", Stage::Assessment),
    ];
    assert!(!others.contains(&id));
}
