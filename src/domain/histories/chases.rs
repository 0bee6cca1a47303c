//! Who has not acknowledged what is reminded, and then told on.
//!
//! The placement is told on Monday 2 November 2026, so a reminder goes as Thursday 5 begins, and an escalation as Thursday 12 does.

use super::world::{A, B, IN_C, answering, code};
use super::{DIRECTORY, Heard, POLICY, Rules, Told, acknowledged, placement, tell_by, world};
use crate::casefile::Casefile;
use crate::delivery::{Basis, Kind};
use crate::directory::Directory;
use crate::policy::Policy;
use expect_test::{Expect, expect};
use jiff::Timestamp;
use jiff::civil::{Date, date};

/// B's authority and commissioner have agreed to acknowledge, A's has not.
fn agreed() -> Directory {
    answering(&[B, "QBB"], Date::MIN)
}

fn tell(history: &[Told], now: &str) -> Heard {
    tell_by(Rules { directory: &agreed(), policy: &POLICY }, history, now)
}

/// Notices are numbered as they are issued: 1 to B, 2 to QBB, 3 to QAA.
#[track_caller]
fn check(history: &[Told], now: &str, expected: Expect) {
    let table = tell(history, now).table();
    let short = (1_u128..=8)
        .fold(table, |table, number| table.replace(&uuid::Uuid::from_u128(2 * number).to_string(), &format!("notice {number}")));
    let lines: String =
        short.lines().filter(|line| line.starts_with("worker-task") || line.starts_with("wakes")).map(|line| format!("{line}\n")).collect();
    expected.assert_eq(&lines);
}

fn told() -> Told {
    placement("P1", "2026-12-01")
}

#[test]
fn nobody_is_chased_who_has_not_agreed_to_answer() {
    let heard = tell_by(Rules { directory: &DIRECTORY, policy: &POLICY }, &[told()], "2027-11-02T09:00:00Z");
    assert!(heard.casefile.issued.iter().all(|one| one.kind == Kind::ArrivalNotice));
    assert_eq!(heard.casefile.wake_at, None);
}

#[test]
fn two_working_days_are_left_to_answer() {
    check(
        &[told()],
        "2026-11-04T23:59:59Z",
        expect![[r#"
        wakes at 2026-11-05T00:00:00Z
    "#]],
    );
}

#[test]
fn then_the_recipient_is_reminded() {
    check(
        &[told()],
        "2026-11-05T00:00:00Z",
        expect![[r#"
        worker-task notice 1 -> E06000002 by 2026-11-11, not acknowledged: reminder, in-force #2
        worker-task notice 2 -> QBB/02B by 2026-11-11, not acknowledged: reminder, in-force #2
        wakes at 2026-11-12T00:00:00Z
    "#]],
    );
}

#[test]
fn and_after_five_more_the_responsible_authority_is_told() {
    check(
        &[told()],
        "2026-11-12T00:00:00Z",
        expect![[r#"
        worker-task notice 1 -> E06000002 by 2026-11-11, not acknowledged: reminder, in-force #2
        worker-task notice 2 -> QBB/02B by 2026-11-11, not acknowledged: reminder, in-force #2
        worker-task notice 1 -> E10000001 by 2026-11-13, not acknowledged: escalation, in-force #1
        worker-task notice 2 -> E10000001 by 2026-11-13, not acknowledged: escalation, in-force #2
    "#]],
    );
}

#[test]
fn that_is_all_that_ever_follows() {
    let issued = |now| tell(&[told()], now).casefile.issued;
    assert_eq!(issued("2026-11-12T00:00:00Z"), issued("2028-11-12T00:00:00Z"));
}

#[test]
fn a_word_in_time_saves_the_reminder_and_a_late_one_ends_the_tasks() {
    let word = |on| acknowledged("k-1", 1, B, on);
    check(
        &[told(), word("2026-11-04")],
        "2026-11-12T09:00:00Z",
        expect![[r#"
        worker-task notice 2 -> QBB/02B by 2026-11-11, not acknowledged: reminder, in-force #2
        worker-task notice 2 -> E10000001 by 2026-11-13, not acknowledged: escalation, in-force #1
    "#]],
    );
    check(
        &[told(), word("2026-11-16")],
        "2026-11-17T09:00:00Z",
        expect![[r#"
        worker-task notice 1 -> E06000002 by 2026-11-11, not acknowledged: reminder, withdrawn #2
        worker-task notice 2 -> QBB/02B by 2026-11-11, not acknowledged: reminder, in-force #2
        worker-task notice 1 -> E10000001 by 2026-11-13, not acknowledged: escalation, withdrawn #1
        worker-task notice 2 -> E10000001 by 2026-11-13, not acknowledged: escalation, in-force #2
    "#]],
    );
}

/// The envelope names both, and either is the notice.
#[test]
fn a_notice_is_known_by_its_delivery_or_its_obligation() {
    let by_obligation = acknowledged("k-1", 1, B, "2026-11-04").with("/notice/id", uuid::Uuid::from_u128(1).to_string());
    let chased = tell(&[told(), by_obligation], "2026-11-06T09:00:00Z").casefile.issued;
    assert_eq!(chased.iter().filter(|one| one.basis.is_chase()).map(|one| one.recipient).collect::<Vec<_>>(), [code("QBB")]);
}

/// What took its place has a clock of its own, and the answer to the first says nothing of it.
#[test]
fn a_correction_is_a_new_notice() {
    let corrected = told().version(2, "2026-11-09T09:00:00Z").with("/placement/expectedEndOn", "2027-01-04");
    check(
        &[told(), acknowledged("k-1", 1, B, "2026-11-03"), corrected],
        "2026-11-12T09:00:00Z",
        expect![[r#"
        worker-task notice 2 -> QBB/02B by 2026-11-11, not acknowledged: reminder, withdrawn #2
        worker-task notice 5 -> E06000002 by 2026-11-18, not acknowledged: reminder, in-force #3
        worker-task notice 6 -> QBB/02B by 2026-11-18, not acknowledged: reminder, in-force #4
        wakes at 2026-11-19T00:00:00Z
    "#]],
    );
}

/// Whoever was told that a notice is void must have read that too.
#[test]
fn a_withdrawal_is_chased_and_what_it_withdrew_is_not() {
    let elsewhere = told().version(2, "2026-11-04T09:00:00Z").at(IN_C);
    let heard = tell(&[told(), elsewhere], "2026-11-18T09:00:00Z");
    let chased: Vec<_> = heard.issues.iter().filter(|issue| issue.basis == Basis::Reminder).map(|issue| issue.data.as_str()).collect();
    assert_eq!(chased.len(), 2, "{chased:?}");
    assert!(chased.iter().all(|data| data.contains(r#""kind":"notice-withdrawal""#)), "{chased:?}");
}

/// Who begins to acknowledge on a day is not asked about what came before.
#[test]
fn an_agreement_counts_from_its_day() {
    let chased = |from: Date| {
        let directory = answering(&[B], from);
        let heard = tell_by(Rules { directory: &directory, policy: &POLICY }, &[told()], "2026-11-06T09:00:00Z");
        heard.casefile.issued.iter().filter(|one| one.basis.is_chase()).count()
    };
    assert_eq!((chased(date(2026, 11, 2)), chased(date(2026, 11, 3))), (1, 0));
}

/// When an agreement ends, what is chased lapses; the policy says how long to wait.
#[test]
fn directory_and_policy_decide() {
    let mut heard = tell(&[told()], "2026-11-06T09:00:00Z");
    let slow = Policy { reminder_working_days: 3, escalation_working_days: 1, ..world::policy() };
    let live = |heard: &Heard| heard.casefile.in_force().len() + chased(heard);
    assert_eq!((heard.casefile.issued.len(), live(&heard)), (5, 5));
    heard.decide(Rules { directory: &agreed(), policy: &slow }, None, "2026-11-05T10:00:00Z".parse().unwrap());
    assert_eq!((chased(&heard), heard.casefile.wake_at), (0, Some("2026-11-06T00:00:00Z".parse().unwrap())));
    heard.decide(Rules { directory: &agreed(), policy: &slow }, None, "2026-11-07T00:00:00Z".parse().unwrap());
    assert_eq!((chased(&heard), heard.casefile.wake_at), (4, None), "the very midnight is over, and nothing is left to wait for");
    heard.decide(Rules { directory: &DIRECTORY, policy: &slow }, None, "2026-11-07T00:00:00Z".parse().unwrap());
    assert_eq!((chased(&heard), heard.casefile.wake_at), (0, None));
}

fn chased(heard: &Heard) -> usize {
    let live = |one: &&crate::reconcile::Issued| one.basis.is_chase() && one.state == crate::delivery::ObligationState::InForce;
    heard.casefile.issued.iter().filter(live).count()
}

/// What has not left is asked for again each midnight, and the clock goes on from when it was issued.
#[test]
fn what_never_left_is_not_chased() {
    let directory = agreed();
    let mut casefile = Casefile::new(code(A), "1");
    let mut ids = (1..).map(uuid::Uuid::from_u128);
    let mut decide = |message: Option<&Told>, at: &str, left: bool| {
        let message = message.map(Told::as_message);
        let at: Timestamp = at.parse().unwrap();
        let decision = casefile.decide(message.as_ref(), &directory, &POLICY, at, |_| left, &mut || ids.next().unwrap());
        (decision.issue.len(), casefile.wake_at.map(|at| at.to_string()))
    };
    assert_eq!(decide(Some(&told()), "2026-11-02T09:00:00Z", false), (3, Some("2026-11-05T00:00:00Z".to_owned())));
    assert_eq!(decide(None, "2026-11-05T00:00:00Z", false), (0, Some("2026-11-06T00:00:00Z".to_owned())));
    assert_eq!(decide(None, "2026-11-13T12:00:00Z", false), (0, Some("2026-11-14T00:00:00Z".to_owned())));
    assert_eq!(decide(None, "2026-11-14T00:00:00Z", true), (4, None));
    assert_eq!(decide(None, "2026-11-14T00:00:00Z", true), (0, None), "deciding twice changes nothing");
}

/// A recipient learns which notice it is about, its authority also whose and at whom.
#[test]
fn a_task_says_no_more_than_it_must() {
    let heard = tell(&[told()], "2026-11-12T09:00:00Z");
    let data = |basis| heard.issues.iter().find(|issue| issue.basis == basis).unwrap().data.clone();
    expect![[r#"{"sequence":2,"basis":"not acknowledged: reminder","dueBy":"2026-11-11","subject":"00000000-0000-0000-0000-000000000002","task":"acknowledge-notice","responsibleAuthority":"E10000001","notice":{"id":"00000000-0000-0000-0000-000000000002","kind":"arrival-notice","sequence":1,"issuedOn":"2026-11-02"}}"#]]
        .assert_eq(&data(Basis::Reminder));
    expect![[r#"{"sequence":1,"basis":"not acknowledged: escalation","dueBy":"2026-11-13","subject":"00000000-0000-0000-0000-000000000002","task":"notice-not-acknowledged","responsibleAuthority":"E10000001","notice":{"id":"00000000-0000-0000-0000-000000000002","kind":"arrival-notice","sequence":1,"issuedOn":"2026-11-02"},"recipient":"E06000002","child":"1","placement":"P1"}"#]]
        .assert_eq(&data(Basis::Escalation));
}
