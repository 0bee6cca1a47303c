//! What a person decides is an event like any other: it goes on deciding.

use super::world::{B, C, IN_C, IN_SCOTLAND, UNKNOWN};
use super::{Told, check, choose, claim, placement, ruling, tell, update};
use crate::policy::Stage;
use crate::timeline::Ruling;
use expect_test::expect;
use serde_json::{Value, json};

const AT: &str = "2026-11-03T09:00:00Z";
const LATER: &str = "2026-11-03T10:00:00Z";

#[test]
fn an_authority_chosen_for_an_unknown_postcode_gives_everybody() {
    let stay = placement("P1", "2026-12-01").at(UNKNOWN).referring("R-1");
    check(
        &[stay, ruling(AT, "unknown-postcode", "P1", choose(C))],
        LATER,
        expect![[r#"
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> E06000003 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QCC/03C by 2026-11-30, reg 13(2), in-force #1
        referral R-1 -> RPX by 2026-11-02, rule 6: referral, in-force #1
        wakes at 2026-11-10T00:00:00Z
    "#]],
    );
}

#[test]
fn a_question_that_is_left_alone_is_closed() {
    for left in [Ruling::Proceed, Ruling::Decline] {
        let stay = placement("P1", "2026-12-01").at(UNKNOWN);
        let heard = tell(&[stay, ruling(AT, "unknown-postcode", "P1", left)], LATER);
        assert_eq!(heard.table(), "arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1\n");
    }
}

#[test]
fn a_contradictory_area_is_decided_either_way() {
    let stay = || placement("P1", "2026-12-01").with("/placement/localAuthority", C);
    check(
        &[stay(), ruling(AT, "contradictory-area", "P1", Ruling::Proceed)],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
    check(
        &[stay(), ruling(AT, "contradictory-area", "P1", choose(C))],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), withdrawn #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), withdrawn #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> E06000003 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QCC/03C by 2026-11-30, reg 13(2), in-force #1
        notice-withdrawal P1 -> E06000002 by 2026-11-03, reg 13(4), in-force #2 supersedes 1
        notice-withdrawal P1 -> QBB/02B by 2026-11-03, reg 13(2), in-force #2 supersedes 1
    "#]],
    );
}

#[test]
fn a_chosen_commissioner_of_any_age_is_followed_to_todays_body() {
    let stay = || placement("P1", "2026-12-01").at(UNKNOWN).with("/placement/localAuthority", super::A);
    check(
        &[stay(), ruling(AT, "ambiguous-area", "P1", choose("00A"))],
        LATER,
        expect![[r#"
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), corrected #1
        notice-correction P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #2 supersedes 1
    "#]],
    );
    // The one chosen was split itself: that is the next question.
    check(
        &[stay(), ruling(AT, "ambiguous-area", "P1", choose("07S"))],
        LATER,
        expect![[r#"
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        review ambiguous-succession P1 by 2026-11-09 01A 03C
    "#]],
    );
    check(
        &[stay(), ruling(AT, "ambiguous-area", "P1", Ruling::Decline)],
        LATER,
        expect![[r#"
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
}

#[test]
fn a_missing_or_contradictory_origin_is_named_by_a_person() {
    let stay = || placement("P1", "2026-12-01").with("/carePeriod/origin", Value::Null);
    check(
        &[stay(), ruling(AT, "no-origin", "CP-1", choose("03C"))],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QCC/03C by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
    let other = stay().with("/carePeriod/origin", json!({ "commissioner": "01A" }));
    let later = stay().version(2, "2026-11-02T10:00:00Z").with("/carePeriod/origin", json!({ "commissioner": "03C" }));
    check(
        &[other.clone(), later.clone(), ruling(AT, "contradictory-origin", "CP-1", choose("03C"))],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), withdrawn #1
        arrival-notice P1 -> QCC/03C by 2026-11-30, reg 13(2), in-force #1
        notice-withdrawal P1 -> QAA/01A by 2026-11-03, reg 13(2), in-force #2 supersedes 1
    "#]],
    );
    check(
        &[other, later, ruling(AT, "contradictory-origin", "CP-1", Ruling::Proceed)],
        LATER,
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
}

#[test]
fn an_orphaned_move_is_closed_by_a_person() {
    let orphan = || placement("P2", "2026-12-01").in_care_since("2026-06-01").at(IN_C);
    let seen_to = ruling("2026-11-06T09:00:00Z", "orphaned-move", "P2", Ruling::Proceed);
    check(
        &[orphan(), seen_to],
        "2026-11-06T10:00:00Z",
        expect![[r#"
        arrival-notice P2 -> E06000003 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P2 -> QCC/03C by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
}

#[test]
fn a_provider_is_named_where_none_is_known() {
    let stay = placement("P1", "2026-12-01").at("QW1 1AA").referring("R-1");
    check(
        &[stay, ruling(AT, "no-coverage", "R-1", choose("RPB"))],
        LATER,
        expect![[r#"
        arrival-notice P1 -> W06000001 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> W11000001 by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
        referral R-1 -> RPB by 2026-11-02, rule 6: referral, in-force #1
        wakes at 2026-11-10T00:00:00Z
    "#]],
    );
}

fn held() -> [Told; 2] {
    let stay = placement("P1", "2026-10-05").sent("2026-10-01T09:00:00Z").at(IN_SCOTLAND).referring("R-1");
    [stay, update("u-1", "R-1", "assessed", "2026-10-20")]
}

#[test]
fn a_held_claim_is_sent_or_not() {
    let id = claim("R-1", Stage::Assessment);
    for decided in [Ruling::Proceed, Ruling::Decline] {
        let history: Vec<Told> = held().into_iter().chain([ruling(AT, "held-reclaim", &id, decided)]).collect();
        let heard = tell(&history, LATER);
        let states: Vec<String> =
            heard.casefile.issued.iter().filter(|one| one.subject == id).map(|one| format!("{} {}", one.kind, one.state)).collect();
        let expected: &[&str] = match decided {
            Ruling::Proceed => &["reclaim-request retracted", "reclaim-request in-force"],
            _ => &["reclaim-request retracted"],
        };
        assert_eq!(states, expected, "{decided:?}");
    }
}

#[test]
fn an_adults_service_is_claimed_only_where_a_person_says_so() {
    let id = claim("R-1", Stage::Assessment);
    for (decided, claims) in [(Ruling::Proceed, 1), (Ruling::Decline, 0)] {
        let stay = placement("P1", "2029-10-05").sent("2029-10-01T09:00:00Z").referring("R-1");
        let seen = update("u-1", "R-1", "assessed", "2030-04-09");
        let heard = tell(&[stay, seen, ruling("2030-04-10T09:00:00Z", "adult-service-date", &id, decided)], "2030-04-11T09:00:00Z");
        assert_eq!(heard.issues.iter().filter(|issue| issue.subject == id).count(), claims, "{decided:?}");
        assert!(heard.owed.reviews.is_empty(), "{decided:?}");
    }
}

/// Of two answers to one question the later one counts, whichever the hub hears first.
#[test]
fn the_newest_decision_counts() {
    let stay = || placement("P1", "2026-12-01").at(UNKNOWN);
    let (one, other) =
        (ruling(AT, "unknown-postcode", "P1", choose(B)), ruling("2026-11-03T09:30:00Z", "unknown-postcode", "P1", choose(C)));
    let decided = |history: &[Told]| tell(history, LATER).casefile.timeline.decided("unknown-postcode", "P1");
    assert_eq!(decided(&[stay(), one.clone(), other.clone()]), Some(choose(C)));
    assert_eq!(decided(&[stay(), other, one]), Some(choose(C)));
}
