//! The timeline is a join: order and repetition do not matter, the newest version wins, the earliest evidence stays, and
//! nothing grows without bound.

use super::world::{A, IN_A, IN_C, IN_D, code};
use super::{Told, acknowledged, answer, check, claim, concern, placement, tell, update};
use crate::policy::Stage;
use crate::timeline::Timeline;
use expect_test::expect;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

fn joined(history: &[Told]) -> Timeline {
    let mut timeline = Timeline::new(code(A), "1");
    for told in history {
        timeline.apply(&told.as_message(), told.time());
    }
    timeline
}

/// Everything that can be said, recorded in one moment: every order of three, with one repeated, ends in the same.
#[test]
fn any_order_and_any_repetition_end_in_the_same_timeline() {
    let moment = "2026-11-20T09:00:00Z";
    let stay = || placement("P1", "2026-10-05").referring("R-1");
    let all = [
        stay(),
        stay().at(IN_C).version(2, "2026-11-03T09:00:00Z").with("/referral/priority", "routine"),
        stay().version(3, "2026-11-04T09:00:00Z").with("/placement/reasonForChange", "L").with("/carePeriod/legalStatus", "E1"),
        stay().version(2, "2026-11-05T09:00:00Z").at(IN_D).with("/carePeriod/origin", json!({ "commissioner": "03C" })),
        placement("P2", "2026-11-10").in_care_since("2026-10-05").at(IN_A),
        concern("R-2", "2026-11-12"),
        update("u-1", "R-1", "assessed", "2026-11-12"),
        update("u-2", "R-1", "refused", "2026-11-13"),
        answer("a-1", "QAA", &claim("R-1", Stage::Assessment), "disputed", "2026-11-14"),
        acknowledged("k-1", 1, "QBB", "2026-11-14"),
        acknowledged("k-2", 1, "QBB", "2026-11-16"),
    ]
    .map(|told| told.recorded(moment));
    for one in 0..all.len() {
        for two in 0..all.len() {
            for three in 0..all.len() {
                let [a, b, c] = [&all[one], &all[two], &all[three]].map(Clone::clone);
                let straight = joined(&[a.clone(), b.clone(), c.clone()]);
                assert_eq!(joined(&[c.clone(), b.clone(), a.clone()]), straight, "{one} {two} {three}");
                assert_eq!(joined(&[b.clone(), a.clone(), c.clone(), b, a]), straight, "{one} {two} {three}");
            }
        }
    }
}

/// The same version twice: the one sent last counts, and the message id decides between two sent in one moment.
#[test]
fn of_two_messages_with_one_version_the_later_counts() {
    let stay = |id: &str, sent_at: &str, postcode: &str| placement("P1", "2026-12-01").with("/messageId", id).sent(sent_at).at(postcode);
    let postcode = |history: &[Told]| joined(history).placements["P1"].newest.facts.postcode.clone().unwrap();
    let (early, late) = (stay("m-2", "2026-11-02T09:00:00Z", IN_C), stay("m-1", "2026-11-02T09:00:01Z", IN_D));
    assert_eq!([postcode(&[early.clone(), late.clone()]), postcode(&[late, early])], [IN_D, IN_D]);
    let (one, other) = (stay("m-1", "2026-11-02T09:00:00Z", IN_C), stay("m-2", "2026-11-02T09:00:00Z", IN_D));
    assert_eq!([postcode(&[one.clone(), other.clone()]), postcode(&[other, one])], [IN_D, IN_D]);
}

#[test]
fn a_message_is_recorded_when_it_first_came() {
    let stay = placement("P1", "2026-12-01");
    let (first, again) = ("2026-11-03T09:00:00Z", "2026-11-05T09:00:00Z");
    for history in [[first, again], [again, first]] {
        let timeline = joined(&history.map(|at| stay.clone().recorded(at)));
        let known = &timeline.placements["P1"];
        assert_eq!((known.newest.recorded_at, known.versions[0].recorded_at), (first.parse().unwrap(), first.parse().unwrap()));
        assert_eq!(known.versions.len(), 1);
    }
}

#[test]
fn an_event_is_recorded_when_it_first_came() {
    let told = update("u-1", "R-1", "assessed", "2026-11-12");
    let (first, again) = ("2026-11-13T09:00:00Z", "2026-11-15T09:00:00Z");
    for history in [[first, again], [again, first]] {
        let timeline = joined(&history.map(|at| told.clone().recorded(at)));
        let recorded: Vec<Timestamp> = timeline.referrals["R-1"].events.iter().map(|event| event.recorded_at).collect();
        assert_eq!(recorded, [first.parse::<Timestamp>().unwrap()]);
    }
}

#[test]
fn a_care_period_is_as_its_newest_message_says() {
    let stay = |id: &str, sent_at: &str, status: &str| {
        placement("P1", "2026-12-01").with("/messageId", id).sent(sent_at).with("/carePeriod/legalStatus", status)
    };
    let (early, late) = (stay("m-1", "2026-11-02T09:00:00Z", "C2"), stay("m-2", "2026-11-03T09:00:00Z", "E1"));
    for history in [[early.clone(), late.clone()], [late, early]] {
        let timeline = joined(&history);
        let period = &timeline.care_periods["CP-1"];
        assert_eq!(period.facts.legal_status, "E1");
        assert_eq!((period.first.message_id.as_str(), period.stamp.message_id.as_str()), ("m-1", "m-2"));
        assert_eq!(period.facts.origin, None, "the evidence is kept apart");
        assert_eq!(period.gp_practice["G00001"].message_id, "m-1");
    }
}

/// What notices are about is the newest version that tells more than a legal status.
#[test]
fn a_change_of_legal_status_corrects_no_notice() {
    let legal = placement("P1", "2026-12-01")
        .version(2, "2026-11-04T09:00:00Z")
        .with("/placement/reasonForChange", "L")
        .with("/carePeriod/legalStatus", "E1");
    check(
        &[placement("P1", "2026-12-01"), legal.clone()],
        "2026-11-05T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
    let moved = placement("P1", "2026-12-01").version(3, "2026-11-05T09:00:00Z").at(IN_C);
    for history in [[placement("P1", "2026-12-01"), legal.clone(), moved.clone()], [moved, legal, placement("P1", "2026-12-01")]] {
        let timeline = joined(&history);
        let known = &timeline.placements["P1"];
        assert_eq!((known.told().facts.version, known.before_legal_change.is_none()), (3, true));
    }
}

#[test]
fn the_child_is_as_the_newest_snapshot_describes_it() {
    let named = |id: &str, sent_at: &str, name: &str| placement(id, "2026-12-01").sent(sent_at).with("/child/givenName", name);
    let history = [
        named("P2", "2026-11-02T09:00:00Z", "Ada"),
        named("P1", "2026-11-03T09:00:00Z", "Ida"),
        named("P3", "2026-11-01T09:00:00Z", "Eda"),
    ];
    assert_eq!(joined(&history).child().map(|child| child.given_name.as_str()), Some("Ida"));
    assert!(joined(&[]).child().is_none());
}

fn versions(history: &[Told]) -> Vec<u32> {
    joined(history).placements["P1"].versions.iter().map(|mark| mark.version).collect()
}

/// 64 at most: the first, since when the placement is known, and the newest.
#[test]
fn the_first_version_and_the_newest_are_kept() {
    let stay = |version: u32| placement("P1", "2026-12-01").with("/placement/version", version).with("/messageId", format!("m-{version}"));
    let upto = |last: u32| (1..=last).map(stay).collect::<Vec<_>>();
    assert_eq!(versions(&upto(64)), (1..=64).collect::<Vec<_>>());
    assert_eq!(versions(&upto(65)), [1].into_iter().chain(3..=65).collect::<Vec<_>>());
    assert_eq!(versions(&upto(70)), [1].into_iter().chain(8..=70).collect::<Vec<_>>());
}

#[test]
fn of_many_claims_of_an_origin_the_earliest_are_kept() {
    let claimed = |number: i64| {
        let sent_at = "2026-11-02T09:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(number);
        let stay = placement("P1", "2026-12-01").with("/messageId", format!("m-{number}")).sent(&sent_at.to_string());
        stay.with("/carePeriod/origin", json!({ "gpPractice": format!("G1000{number}") }))
    };
    for order in [(0..10).collect::<Vec<_>>(), (0..10).rev().collect()] {
        let history: Vec<Told> = order.into_iter().map(claimed).collect();
        let timeline = joined(&history);
        let kept: Vec<&str> = timeline.care_periods["CP-1"].gp_practice.keys().map(String::as_str).collect();
        assert_eq!(kept, (0..8).map(|number| format!("G1000{number}")).collect::<Vec<_>>());
    }
}

/// The same value claimed again keeps its earliest message.
#[test]
fn a_claim_keeps_its_earliest_message() {
    let stay = |id: &str, sent_at: &str| placement("P1", "2026-12-01").with("/messageId", id).sent(sent_at);
    let (early, late) = (stay("m-1", "2026-11-02T09:00:00Z"), stay("m-2", "2026-11-03T09:00:00Z"));
    for history in [[early.clone(), late.clone()], [late, early]] {
        assert_eq!(joined(&history).care_periods["CP-1"].home_postcode[IN_A].message_id, "m-1");
    }
}

#[test]
fn events_are_bounded() {
    let minute = |number: i64| ("2026-11-02T09:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(number)).to_string();
    let updates: Vec<Told> =
        (0..203).map(|number| update(&format!("u-{number}"), "R-1", "received", "2026-11-02").sent(&minute(number))).collect();
    assert_eq!(joined(&updates).referrals["R-1"].events.len(), 200);
    let answers: Vec<Told> =
        (0..203).map(|number| answer(&format!("a-{number}"), "QAA", "CLM-1", "queried", "2026-11-02").sent(&minute(number))).collect();
    let timeline = joined(&answers);
    let kept = &timeline.claims["CLM-1"];
    assert_eq!((kept.len(), kept.first().unwrap().stamp.message_id.as_str()), (200, "a-3"));
}

#[test]
fn of_several_acknowledgements_of_one_notice_the_first_counts() {
    let read = || acknowledged("k-1", 1, "QAA", "2026-11-05");
    let again = || acknowledged("k-2", 1, "QAA", "2026-11-09").with("/status", "acted-on");
    let stay = || placement("P1", "2026-12-01");
    let once = joined(&[stay(), read()]);
    assert_eq!(once.acknowledged[&Uuid::from_u128(2)].message_id, "k-1");
    assert_eq!(joined(&[again(), stay(), read(), again()]), once);
    assert_eq!(Timeline { acknowledged: BTreeMap::new(), ..once }, joined(&[stay()]));
}

/// A casefile of before acknowledgements were kept opens, and what it issued is let be.
#[test]
fn an_older_casefile_opens() {
    let casefile = tell(&[placement("P1", "2026-12-01")], "2026-11-03T09:00:00Z").casefile;
    let mut written = serde_json::to_value(&casefile).unwrap();
    for issued in written["issued"].as_array_mut().unwrap() {
        issued.as_object_mut().unwrap().retain(|key, _| key != "delivery" && key != "issued_at");
    }
    let older: crate::casefile::Casefile = serde_json::from_value(written).unwrap();
    assert!(older.timeline.acknowledged.is_empty());
    let answering = super::world::answering(&["QAA", "QBB", "E06000002"], jiff::civil::Date::MIN);
    let asked = |casefile: &crate::casefile::Casefile| {
        let owed = casefile.owed(&answering, &super::POLICY, "2027-11-03T09:00:00Z".parse().unwrap(), |_| true);
        let chases = owed.obligations.iter().filter(|one| one.basis.is_chase()).count();
        (owed.obligations.len() - chases, chases)
    };
    // Three notices; of one that says when it was sent, a reminder and an escalation each.
    assert_eq!((asked(&casefile), asked(&older)), ((3, 6), (3, 0)));
}

/// What was sent is corrected or withdrawn, and what is owed is the same as if the last version had come alone.
#[test]
fn an_amendment_corrects_withdraws_and_tells_anew() {
    let stay = || placement("P1", "2026-12-01");
    let history = [stay(), stay().at(IN_C).version(2, "2026-11-04T09:00:00Z")];
    check(
        &history,
        "2026-11-05T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), withdrawn #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), withdrawn #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), corrected #1
        arrival-notice P1 -> E06000003 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QCC/03C by 2026-11-30, reg 13(2), in-force #1
        notice-correction P1 -> QAA/01A by 2026-11-30, reg 13(2), in-force #2 supersedes 1
        notice-withdrawal P1 -> E06000002 by 2026-11-04, reg 13(4), in-force #2 supersedes 1
        notice-withdrawal P1 -> QBB/02B by 2026-11-04, reg 13(2), in-force #2 supersedes 1
    "#]],
    );
    let in_force = |history: &[Told]| tell(history, "2026-11-05T09:00:00Z").casefile.in_force();
    let expected: Vec<_> = in_force(&history[1..]).into_iter().collect();
    assert_eq!(in_force(&history).into_iter().collect::<Vec<_>>(), expected);
    assert_eq!(expected.len(), 3);
    assert!(expected.iter().all(|((_, _, subject), (digest, held))| subject == "P1" && !digest.is_empty() && !held));
}

#[test]
fn a_cancelled_placement_is_withdrawn_from_everybody() {
    let stay = || placement("P1", "2026-12-01");
    check(
        &[stay(), stay().version(2, "2026-11-04T09:00:00Z").cancelled()],
        "2026-11-05T09:00:00Z",
        expect![[r#"
        arrival-notice P1 -> E06000002 by 2026-11-30, reg 13(4), withdrawn #1
        arrival-notice P1 -> QBB/02B by 2026-11-30, reg 13(2), withdrawn #1
        arrival-notice P1 -> QAA/01A by 2026-11-30, reg 13(2), withdrawn #1
        notice-withdrawal P1 -> E06000002 by 2026-11-04, reg 13(4), in-force #2 supersedes 1
        notice-withdrawal P1 -> QAA/01A by 2026-11-04, reg 13(2), in-force #2 supersedes 1
        notice-withdrawal P1 -> QBB/02B by 2026-11-04, reg 13(2), in-force #2 supersedes 1
    "#]],
    );
}

/// A casefile is kept as JSON between two messages.
#[test]
fn a_casefile_reads_back() {
    let history = [placement("P1", "2026-10-05").referring("R-1"), update("u-1", "R-1", "assessed", "2026-11-12")];
    let casefile = tell(&history, "2026-11-20T09:00:00Z").casefile;
    let written: Value = serde_json::to_value(&casefile).unwrap();
    assert_eq!(serde_json::from_value::<crate::casefile::Casefile>(written).unwrap(), casefile);
}
