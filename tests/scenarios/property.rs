//! The property that must hold for all scenarios: any permutation, duplication or batching of the same messages ends in the
//! same timeline, the same obligations in force and the same claims. What was sent on the way is followed by corrections or
//! withdrawals. Everybody has agreed to acknowledge notices, and does it for some: so what is chased is there too.

use crate::support::story::{
    ANSWERING, HOME_A, IN_A, IN_B, IN_C, IN_D, KENT, Told, WORLD, acknowledged, concern, placement, reclaim_update, referral_update,
};
use domain::casefile::Casefile;
use domain::claim::ClaimState;
use domain::delivery::{Kind, ObligationState};
use domain::message::Message;
use domain::owed::claim_id;
use domain::policy::Stage;
use domain::port::ClaimRow;
use domain::reconcile::Issued;
use jiff::{Timestamp, ToSpan, civil::Date};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use proptest::test_runner::TestRunner;
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// What happens to one placement of a history.
#[derive(Clone, Debug)]
pub struct Plan {
    pub days_after: i64,
    pub postcode: &'static str,
    pub planned: bool,
    pub reason: &'static str,
    pub kind: &'static str,
    pub legal_status: &'static str,
    pub referring: bool,
    pub withheld: bool,
    /// Later versions: another postcode, an end, a cancellation, a change of legal status.
    pub amendments: Vec<Amendment>,
    pub updates: Vec<&'static str>,
    pub answers: Vec<Answer>,
}

/// What a commissioner says of a claim: of which stage, what, after how many days, and an amount.
pub type Answer = (Stage, &'static str, i64, Option<u64>);

#[derive(Clone, Debug)]
pub enum Amendment {
    Postcode(&'static str),
    Ended(i64),
    Cancelled,
    LegalStatus(&'static str),
}

fn plan() -> impl Strategy<Value = Plan> {
    let postcode = || select(vec![IN_A, IN_B, IN_C, IN_D, HOME_A, "SN6 8AD", "BN99 9ZZ", "BN11 1DP"]);
    let amendment = prop_oneof![
        3 => postcode().prop_map(Amendment::Postcode),
        2 => (1_i64..60).prop_map(Amendment::Ended),
        1 => Just(Amendment::Cancelled),
        1 => select(vec!["E1", "V4"]).prop_map(Amendment::LegalStatus),
    ];
    let answer = (
        select(vec![Stage::Assessment, Stage::Treatment]),
        select(vec!["acknowledged", "queried", "disputed", "agreed", "paid"]),
        1_i64..20,
        prop_oneof![Just(None), (1_u64..500_000).prop_map(Some)],
    );
    (
        1_i64..60,
        postcode(),
        any::<bool>(),
        select(vec!["P", "P", "B", "T", "L"]),
        select(vec!["U4", "U4", "U4", "K2", "K1", "T2", "A3"]),
        select(vec!["C2", "C2", "C2", "V4"]),
        any::<bool>(),
        any::<bool>(),
        vec(amendment, 0..3),
        (subsequence(vec!["received", "refused", "assessed", "treatment-started"], 0..=4), vec(answer, 0..4)),
    )
        .prop_map(
            |(days_after, postcode, planned, reason, kind, legal_status, referring, withheld, amendments, (updates, answers))| Plan {
                days_after,
                postcode,
                planned,
                reason,
                kind,
                legal_status,
                referring,
                withheld,
                amendments,
                updates,
                answers,
            },
        )
}

pub const CARE_BEGAN: Date = jiff::civil::date(2026, 1, 5);

/// Turns plans into messages: the first begins care, each later one follows on.
fn history(case: &Case) -> Vec<Message> {
    let Case { plans, concerned, leaves, read, .. } = case;

    let mut told = Vec::new();
    let mut day = CARE_BEGAN;
    for (number, plan) in plans.iter().enumerate() {
        if number > 0 {
            day = day.saturating_add(plan.days_after.days());
        }
        let id = format!("P{number}");
        let referral = format!("R{number}");
        let first = begin(plan, &id, day, number == 0, &referral);
        let mut newest = first.clone();
        told.push(first);
        for (count, amendment) in plan.amendments.iter().enumerate() {
            newest = amend(newest, amendment, day, u32::try_from(count).unwrap() + 2);
            told.push(newest.clone());
        }
        for (count, status) in plan.updates.iter().enumerate().filter(|_| plan.referring) {
            let on = day.saturating_add(i64::try_from(count + 1).unwrap().days());
            told.push(referral_update(&format!("u-{number}-{count}"), "RX2", &referral, status, &on.to_string()));
        }
        for (count, answer) in plan.answers.iter().enumerate().filter(|_| plan.referring) {
            told.push(answered(&format!("c-{number}-{count}"), &referral, answer, day));
        }
    }
    if *concerned {
        told.push(concern("w-1", "RW-1", &day.saturating_add(3.days()).to_string()));
    }
    if *leaves && let Some(last) = told.iter().rfind(|one| one.0["type"] == "placement-change").cloned() {
        let end = day.saturating_add(70.days()).to_string();
        let version = u32::try_from(last.0["placement"]["version"].as_u64().unwrap()).unwrap() + 1;
        let left = last.version(version).with("/carePeriod/endedOn", end.clone()).with("/carePeriod/endReason", "E4A");
        told.push(left.sent(&format!("{end}T17:00:00Z")));
    }
    // Of whatever comes to be issued first, second, ... in an order: who reads what depends on it, and the record does not.
    for (count, (number, days)) in read.iter().enumerate() {
        let on = CARE_BEGAN.saturating_add(days.days()).to_string();
        told.push(acknowledged(&format!("k-{count}"), "QKS", delivery(*number), &on));
    }
    told.iter().map(as_message).collect()
}

/// The delivery of what is issued as the nth.
fn delivery(number: u32) -> Uuid {
    Uuid::from_u128(2 * u128::from(number))
}

pub fn begin(plan: &Plan, id: &str, day: Date, first: bool, referral: &str) -> Told {
    let told = placement(id, &day.to_string())
        .sent(&format!("{}T09:00:00Z", day.saturating_sub(2.days())))
        .at(plan.postcode)
        .with("/placement/planned", plan.planned)
        .with("/placement/type", plan.kind)
        .with("/placement/addressWithheld", plan.withheld)
        .with("/carePeriod/legalStatus", plan.legal_status);
    let told = if first { told } else { told.in_care_since(&CARE_BEGAN.to_string()).with("/placement/reasonForChange", plan.reason) };
    if plan.referring { told.referring(referral) } else { told }
}

pub fn amend(newest: Told, amendment: &Amendment, day: Date, version: u32) -> Told {
    let told = newest.version(version).sent(&format!("{}T12:00:00Z", day.saturating_add((i64::from(version) * 2).days())));
    match amendment {
        Amendment::Postcode(postcode) => told.at(postcode),
        Amendment::Ended(days) => told.with("/placement/endedOn", day.saturating_add(days.days()).to_string()),
        Amendment::Cancelled => told.cancelled(),
        Amendment::LegalStatus(status) => told.with("/placement/reasonForChange", "L").with("/carePeriod/legalStatus", *status),
    }
}

/// The word of A, where every child here comes from.
fn answered(id: &str, referral: &str, (stage, status, days, pence): &Answer, day: Date) -> Told {
    let claim = claim_id(&WORLD.policy.claim_key, KENT.parse().unwrap(), "104233", referral, *stage);
    let told = reclaim_update(id, "QKS", &claim, status, &day.saturating_add(days.days()).to_string());
    match pence {
        Some(pence) => told.with("/amountPence", *pence),
        None => told,
    }
}

fn as_message(told: &Told) -> Message {
    let document = told.json();
    match WORLD.contracts.read(document.content_type.as_deref(), &document.body) {
        Ok(message) => message,
        Err(unreadable) => panic!("a generated document breaks its contract: {:?}\n{}", unreadable.reasons, told.0),
    }
}

/// Decides on the messages in this order, each recorded at its own `sentAt`; `sent` says after which of them everything
/// issued so far counts as sent. Ends with the clocks run out, and all that is not held sent.
fn play<'a>(messages: impl Iterator<Item = &'a Message>, sent: impl Fn(usize) -> bool) -> Casefile {
    let mut casefile = Casefile::new(KENT.parse().unwrap(), "104233");
    let mut touched: HashSet<Uuid> = HashSet::new();
    let mut ids = 0_u128;
    let mut decide = |casefile: &mut Casefile, message: Option<&Message>, now: Timestamp, touched: &HashSet<Uuid>| {
        let mut new_id = || {
            ids += 1;
            Uuid::from_u128(ids)
        };
        casefile.decide(message, &ANSWERING, &WORLD.policy, now, |id| touched.contains(&id), &mut new_id)
    };
    let send = |casefile: &Casefile, touched: &mut HashSet<Uuid>| {
        let live = casefile.issued.iter().filter(|one| one.hold.is_none() && one.state != ObligationState::Retracted);
        touched.extend(live.map(|one| one.id));
    };
    for (number, message) in messages.enumerate() {
        decide(&mut casefile, Some(message), message.header().sent_at, &touched);
        if sent(number) {
            send(&casefile, &mut touched);
        }
    }
    for end in ["2027-12-01T00:00:00Z", "2028-12-01T00:00:00Z"] {
        decide(&mut casefile, None, end.parse().unwrap(), &touched);
        send(&casefile, &mut touched);
    }
    let again = decide(&mut casefile, None, "2028-12-01T00:00:00Z".parse().unwrap(), &touched);
    assert!(again.issue.is_empty() && again.mark.is_empty() && again.retract.is_empty(), "deciding twice changes nothing: {again:?}");
    casefile
}

/// Histories in each of the tests below, which run side by side: 10,000 in all. `PROPTEST_CASES` asks for more.
const CASES: u32 = 2_500;

/// A history, and another order of it.
#[derive(Clone, Debug)]
struct Case {
    plans: Vec<Plan>,
    concerned: bool,
    leaves: bool,
    /// The nth thing issued is acknowledged, so many days after care began.
    read: Vec<(u32, i64)>,
    shuffle: Vec<Index>,
    repeated: Vec<Index>,
    sent: Vec<bool>,
}

fn case(placements: usize) -> impl Strategy<Value = Case> {
    let order = (vec(any::<Index>(), 48), vec(any::<Index>(), 0..4), vec(any::<bool>(), 64));
    let read = vec((1_u32..16, 0_i64..120), 0..6);
    (vec(plan(), placements), any::<bool>(), any::<bool>(), read, order).prop_map(
        |(plans, concerned, leaves, read, (shuffle, repeated, sent))| Case { plans, concerned, leaves, read, shuffle, repeated, sent },
    )
}

#[track_caller]
fn check(placements: usize) {
    let cases = std::env::var("PROPTEST_CASES").map_or(CASES, |cases| cases.parse().expect("PROPTEST_CASES is a number"));
    let mut runner = TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() });
    runner.run(&case(placements), |case| holds(&case)).unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn order_and_repetition_do_not_matter_for_one_placement() {
    check(1);
}

#[test]
fn order_and_repetition_do_not_matter_for_two_placements() {
    check(2);
}

#[test]
fn order_and_repetition_do_not_matter_for_three_placements() {
    check(3);
}

#[test]
fn order_and_repetition_do_not_matter_for_four_placements() {
    check(4);
}

fn holds(case: &Case) -> Result<(), TestCaseError> {
    let messages = history(case);
    let in_order = play(messages.iter(), |_| true);
    let mut order: Vec<usize> = (0..messages.len()).collect();
    order.extend(case.repeated.iter().map(|index| index.index(messages.len())));
    for (position, index) in case.shuffle.iter().enumerate().take(order.len()) {
        let other = index.index(order.len());
        order.swap(position, other);
    }
    let shuffled = play(order.iter().map(|at| &messages[*at]), |number| case.sent[number % case.sent.len()]);
    prop_assert_eq!(&in_order.timeline, &shuffled.timeline);
    prop_assert_eq!(in_order.in_force(), shuffled.in_force());
    prop_assert_eq!(claims(&in_order), claims(&shuffled));
    for casefile in [&in_order, &shuffled] {
        balanced(casefile)?;
        accounted(casefile)?;
        chased(casefile)?;
    }
    Ok(())
}

/// The claims that stand. When each was first made, and since when one waits that nobody has answered, is history; a claim
/// that was taken back before the other order ever made it is history too.
fn claims(casefile: &Casefile) -> BTreeMap<&str, ClaimRow> {
    let standing = casefile.claims.values().filter(|row| row.state != ClaimState::Voided);
    let without_history = |row: &ClaimRow| {
        let answered = !matches!(row.state, ClaimState::Held | ClaimState::Requested);
        ClaimRow { claimed_on: Date::ZERO, since: if answered { row.since } else { Date::ZERO }, ..row.clone() }
    };
    standing.map(|row| (row.id.as_str(), without_history(row))).collect()
}

/// A claim stands where its reclaim is in force, at the same commissioner, and is held where that is held.
fn accounted(casefile: &Casefile) -> Result<(), TestCaseError> {
    let standing = claims(casefile);
    let rows: Vec<_> = standing.values().map(|row| (row.commissioner, row.id.clone(), row.state == ClaimState::Held)).collect();
    let in_force = casefile.in_force();
    let reclaims = in_force.iter().filter(|((base, _, _), _)| *base == Kind::ReclaimRequest);
    let mut reclaims: Vec<_> = reclaims.map(|((_, recipient, subject), (_, held))| (*recipient, subject.clone(), *held)).collect();
    reclaims.sort_by(|a, b| a.1.cmp(&b.1));
    prop_assert_eq!(rows, reclaims);
    Ok(())
}

/// In the end each last word on an arrival or end that was not acknowledged is chased at its recipient and at the child's
/// authority, and nothing else is.
fn chased(casefile: &Casefile) -> Result<(), TestCaseError> {
    let live = |one: &&Issued| one.state != ObligationState::Retracted;
    let mut last = BTreeMap::new();
    for one in casefile.issued.iter().filter(live).filter(|one| matches!(one.base, Kind::ArrivalNotice | Kind::EndNotice)) {
        last.insert((one.base, one.recipient, &one.subject), one);
    }
    let unread = last.into_values().filter_map(|one| {
        let delivery = one.delivery?;
        ANSWERING.endpoint(one.recipient, one.place, "2028-12-01".parse().unwrap())?;
        (!casefile.timeline.acknowledged.contains_key(&delivery)).then_some((one.recipient, delivery.to_string()))
    });
    let kent = KENT.parse().unwrap();
    let mut expected: Vec<_> = unread.flat_map(|(recipient, notice)| [(recipient, notice.clone()), (kent, notice)]).collect();
    let tasks = casefile.issued.iter().filter(|one| one.basis.is_chase() && one.state == ObligationState::InForce);
    let mut tasks: Vec<_> = tasks.map(|one| (one.recipient, one.subject.clone())).collect();
    expected.sort();
    tasks.sort();
    prop_assert_eq!(tasks, expected);
    Ok(())
}

/// What was sent and is not owed any more was followed by a withdrawal or correction; sequences have no gap.
fn balanced(casefile: &Casefile) -> Result<(), TestCaseError> {
    for one in &casefile.issued {
        if matches!(one.state, ObligationState::Withdrawn | ObligationState::Corrected) && one.base != domain::delivery::Kind::WorkerTask {
            let followed =
                casefile.issued.iter().any(|other| other.supersedes == Some(one.id) && other.state != ObligationState::Retracted);
            prop_assert!(followed, "{} to {} is {} and nothing followed it", one.kind, one.recipient, one.state);
        }
    }
    for (recipient, last) in &casefile.sequences {
        let numbers: Vec<u32> = casefile.issued.iter().filter(|one| one.recipient == *recipient).map(|one| one.sequence).collect();
        prop_assert_eq!(numbers, (1..=*last).collect::<Vec<_>>());
    }
    Ok(())
}
