//! 20: CAMHS: assessed, then treatment started; and what the commissioner says of the claims.

use crate::support::story::{KENT, Told, WORLD, check, placement, reclaim_update, referral_update};
use domain::casefile::{Casefile, Decision};
use domain::claim::ClaimState;
use domain::delivery::{Kind, ObligationState};
use domain::owed::{Review, claim_id};
use domain::policy::Stage;
use domain::port::ClaimRow;
use domain::timeline::{self, Ruling, Stamp, question};
use expect_test::expect;
use jiff::Timestamp;
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// Two reclaims to A. A disputes one: the referral is untouched, and a person is asked.
#[test]
fn two_reclaims_and_a_dispute_that_touches_nothing_else() {
    let [stay, assessed] = claimed();
    let started = referral_update("u-2", "RX2", "R-1", "treatment-started", "2026-10-28");
    let disputed = said("c-1", "disputed", "2026-11-02");
    check(
        &[stay, assessed, started, disputed],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        u-1 accepted
        u-2 accepted
        c-1 accepted
        arrival-notice P1 -> E06000043 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-10-04, reg 13(2), in-force #1
        referral R-1 -> RX2 by 2026-09-28, rule 6: referral, in-force #1
        worker-task R-1 -> E10000016 by 2026-10-13, rule 17: no answer, withdrawn #1
        reclaim-request claim -> QKS/91Q by 2026-11-17, rule 7: reclaim, in-force #2
        reclaim-request claim -> QKS/91Q by 2026-11-25, rule 7: reclaim, in-force #3
        review disputed-claim: QKS has disputed the claim, and says: not ours; proceed if it stands, decline to withdraw it; candidates []
    "#]],
    );
}

#[test]
fn a_query_is_a_question_with_a_clock() {
    let mut child = Child::told(&claimed());
    child.take(&said("c-1", "queried", "2026-10-30"));
    child.stands(ClaimState::Queried, "2026-10-30");
    let [question] = child.questions();
    assert_eq!((question.reason, question.due_on), ("queried-claim", Some("2026-11-06".parse().unwrap())), "five working days");
    assert_eq!(question.subject, format!("{} of 2026-10-30T16:00:00Z", assessment()), "the claim, and which word");
    child.take(&said("c-2", "agreed", "2026-11-04"));
    child.stands(ClaimState::Agreed, "2026-11-04");
    let [] = child.questions();
}

#[test]
fn a_disputed_claim_that_stands_is_asked_about_again_at_the_next_dispute() {
    let mut child = Child::told(&claimed());
    let disputed = child.take(&said("c-1", "disputed", "2026-11-02"));
    assert!(disputed.issue.is_empty() && disputed.mark.is_empty() && disputed.retract.is_empty(), "only a question");
    let [first] = child.questions();
    let stands = child.answer(&first, Ruling::Proceed, "2026-11-03T09:00:00Z");
    assert!(stands.issue.is_empty() && stands.claims.is_empty(), "it stands as it stood");
    let [] = child.questions();

    child.take(&said("c-2", "disputed", "2026-11-09"));
    let [second] = child.questions();
    assert_ne!(first.subject, second.subject);
    child.stands(ClaimState::Disputed, "2026-11-09");
    child.take(&said("c-3", "paid", "2026-11-16"));
    let [] = child.questions();
}

#[test]
fn a_disputed_claim_that_is_given_up_is_withdrawn_for_good() {
    let mut child = Child::told(&claimed());
    child.take(&said("c-1", "disputed", "2026-11-02"));
    let [asked] = child.questions();
    let given_up = child.answer(&asked, Ruling::Decline, "2026-11-03T09:00:00Z");
    let sent: Vec<_> = given_up.issue.iter().map(|issue| (issue.kind, issue.recipient.as_str())).collect();
    assert_eq!(sent, [(Kind::ReclaimWithdrawal, "QKS")], "nothing but the claim");
    child.stands(ClaimState::Voided, "2026-11-03");
    assert_eq!(child.in_force(Kind::Referral), 1, "the referral is untouched");

    // An agreement that crossed the withdrawal in the post does not bring it back.
    let agreed = child.take(&said("c-2", "agreed", "2026-11-04"));
    assert!(agreed.issue.is_empty() && agreed.claims.is_empty());
    let [] = child.questions();
    child.stands(ClaimState::Voided, "2026-11-03");
}

#[test]
fn acknowledged_agreed_and_paid_are_followed() {
    let mut child = Child::told(&claimed());
    child.stands(ClaimState::Requested, "2026-10-20");
    for (number, status, state) in
        [(1, "acknowledged", ClaimState::Acknowledged), (2, "agreed", ClaimState::Agreed), (3, "paid", ClaimState::Paid)]
    {
        let day = format!("2026-11-0{number}");
        let word = said(&format!("c-{number}"), status, &day);
        let decision = child.take(&if status == "agreed" { word.with("/amountPence", 50_000) } else { word });
        assert!(decision.issue.is_empty());
        child.stands(state, &day);
        let [] = child.questions();
    }
    let row = child.row();
    assert_eq!((row.amount_pence, row.answered_pence), (Some(58_000), Some(50_000)));
    assert_eq!(
        (row.stage, row.claimed_on.to_string(), row.service_on.to_string()),
        (Stage::Assessment, "2026-10-20".into(), "2026-10-20".into())
    );
}

#[test]
fn a_late_dispute_that_is_older_than_the_payment_changes_nothing() {
    let mut child = Child::told(&claimed());
    child.take(&said("c-2", "paid", "2026-11-09"));
    let late = child.take(&said("c-1", "disputed", "2026-11-02"));
    assert!(late.claims.is_empty() && late.issue.is_empty());
    let [] = child.questions();
    child.stands(ClaimState::Paid, "2026-11-09");
}

/// A body that is not asked has no say; one of its own places has.
#[test]
fn only_the_body_that_is_asked_has_a_say() {
    let mut child = Child::told(&claimed());
    child.take(&reclaim_update("c-1", "S9B9J", &assessment(), "paid", "2026-11-02"));
    child.stands(ClaimState::Requested, "2026-10-20");
    child.take(&reclaim_update("c-2", "91Q", &assessment(), "agreed", "2026-11-03"));
    child.stands(ClaimState::Agreed, "2026-11-03");
}

#[test]
fn a_claim_that_is_held_waits_for_that_decision_first() {
    let [stay, assessed] = claimed();
    let mut child = Child::told(&[stay.clone(), assessed, said("c-1", "disputed", "2026-11-02")]);
    child.take(&stay.version(2).with("/placement/type", "K1").sent("2026-11-03T09:00:00Z"));
    child.stands(ClaimState::Held, "2026-11-03");
    let [held] = child.questions();
    assert_eq!(held.reason, "held-reclaim");
    child.answer(&held, Ruling::Proceed, "2026-11-04T09:00:00Z");
    child.stands(ClaimState::Disputed, "2026-11-02");
    let [disputed] = child.questions();
    assert_eq!(disputed.reason, "disputed-claim");
}

#[test]
fn a_cancelled_placement_voids_its_claims() {
    let [stay, assessed] = claimed();
    let mut child = Child::told(&[stay.clone(), assessed, said("c-1", "queried", "2026-10-30")]);
    child.take(&stay.version(2).cancelled().sent("2026-11-03T09:00:00Z"));
    child.stands(ClaimState::Voided, "2026-11-03");
    let [] = child.questions();
}

#[test]
fn the_order_of_the_words_does_not_matter() {
    let [stay, assessed] = claimed();
    let agreed = said("c-2", "agreed", "2026-11-03").with("/amountPence", 50_000);
    let told = [stay, assessed, said("c-1", "disputed", "2026-11-02"), agreed, said("c-3", "queried", "2026-11-04")];
    let mut orders = vec![Vec::new()];
    for number in 0..told.len() {
        let longer = |order: &Vec<usize>| (0..=order.len()).map(|at| [&order[..at], &[number], &order[at..]].concat()).collect::<Vec<_>>();
        orders = orders.iter().flat_map(longer).collect();
    }
    assert_eq!(orders.len(), 120);
    for order in orders {
        let child = Child::told(&order.iter().map(|at| told[*at].clone()).collect::<Vec<_>>());
        child.stands(ClaimState::Queried, "2026-11-04");
        assert_eq!(child.row().answered_pence, Some(50_000), "{order:?}");
        let [question] = child.questions();
        assert_eq!((question.reason, question.due_on), ("queried-claim", Some("2026-11-11".parse().unwrap())), "{order:?}");
    }
}

/// A casefile as it was written before claims were kept in it.
#[test]
fn an_older_casefile_reads_and_its_claims_are_found() {
    let [stay, assessed] = claimed();
    let child = Child::told(&[stay, assessed, said("c-1", "disputed", "2026-11-02")]);
    let mut written = serde_json::to_value(&child.casefile).unwrap();
    written.as_object_mut().unwrap().remove("claims");
    let events = written["timeline"]["claims"][assessment()].as_array_mut().unwrap();
    events[0].as_object_mut().unwrap().remove("recorded_at");
    let mut old = Child { casefile: serde_json::from_value(written).unwrap(), ..child };
    old.rows.clear();
    old.decide(None, "2026-11-10T09:00:00Z".parse().unwrap());
    let row = old.row();
    assert_eq!((row.state, row.claimed_on.to_string()), (ClaimState::Disputed, "2026-10-20".to_owned()));
    let [question] = old.questions();
    assert_eq!(question.due_on, Some("2026-11-09".parse().unwrap()), "counted from when it was sent");
}

/// A placement with a referral, and the assessment that is claimed.
fn claimed() -> [Told; 2] {
    let stay = placement("P1", "2026-10-05").sent("2026-09-28T09:00:00Z").referring("R-1");
    [stay, referral_update("u-1", "RX2", "R-1", "assessed", "2026-10-20")]
}

fn assessment() -> String {
    claim_id(&WORLD.policy.claim_key, KENT.parse().unwrap(), "104233", "R-1", Stage::Assessment)
}

/// A's word on the assessment.
fn said(id: &str, status: &str, on: &str) -> Told {
    reclaim_update(id, "QKS", &assessment(), status, on)
}

/// One child, told message by message; what goes out is delivered.
struct Child {
    casefile: Casefile,
    seen: HashSet<Uuid>,
    /// As a ledger would keep them.
    rows: BTreeMap<String, ClaimRow>,
    questions: Vec<Review>,
}

impl Child {
    fn told(history: &[Told]) -> Self {
        let casefile = Casefile::new(KENT.parse().unwrap(), "104233");
        let mut child = Self { casefile, seen: HashSet::new(), rows: BTreeMap::new(), questions: Vec::new() };
        for told in history {
            child.take(told);
        }
        child
    }

    fn take(&mut self, told: &Told) -> Decision {
        let document = told.json();
        let message = WORLD.contracts.read(document.content_type.as_deref(), &document.body).unwrap();
        let at = message.header().sent_at;
        self.decide(Some(&message), at)
    }

    fn answer(&mut self, review: &Review, ruling: Ruling, at: &str) -> Decision {
        let at = at.parse().unwrap();
        let stamp = Stamp { sent_at: at, message_id: "answer".to_owned() };
        let decision = timeline::Decision { stamp, by: "R. Decider".to_owned(), reason: "known".to_owned(), ruling };
        self.casefile.timeline.settle(question(review.reason, &review.subject), decision);
        self.decide(None, at)
    }

    fn decide(&mut self, message: Option<&domain::message::Message>, at: Timestamp) -> Decision {
        let seen = &self.seen;
        let decision = self.casefile.decide(message, &WORLD.directory, &WORLD.policy, at, |id| seen.contains(&id), &mut Uuid::now_v7);
        let sent = self.casefile.issued.iter().filter(|one| one.hold.is_none() && one.state != ObligationState::Retracted);
        self.seen.extend(sent.map(|one| one.id));
        self.rows.extend(decision.claims.iter().map(|row| (row.id.clone(), row.clone())));
        assert_eq!(self.rows, self.casefile.claims, "a ledger that takes the changes in has what the casefile has");
        self.questions.clone_from(&decision.owed.reviews);
        decision
    }

    fn questions<const N: usize>(&self) -> [Review; N] {
        self.questions.clone().try_into().unwrap_or_else(|open| panic!("{open:#?}"))
    }

    fn row(&self) -> &ClaimRow {
        &self.rows[&assessment()]
    }

    #[track_caller]
    fn stands(&self, state: ClaimState, since: &str) {
        assert_eq!((self.row().state, self.row().since.to_string()), (state, since.to_owned()));
    }

    fn in_force(&self, kind: Kind) -> usize {
        self.casefile.in_force().keys().filter(|(base, _, _)| *base == kind).count()
    }
}
