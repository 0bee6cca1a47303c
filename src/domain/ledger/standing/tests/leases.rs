//! What a lease's word makes of a delivery, how often it is heard, and when a lease lapses.

use super::*;

#[test]
fn what_arrives_keeps_the_receipt_and_when() {
    let arrived = Move { attempts: 4, lease_open: false, settled_at: at(ON_ITS_DAY), ..moved(Delivered) };
    let settled = |next| standing(Leased).settled(&settlement(next));
    assert_eq!(settled(delivered()), Some(Move { note: note("R-9"), ..arrived.clone() }));
    assert_eq!(settled(Next::Delivered { receipt: String::new() }), Some(arrived.clone()));
    assert_eq!(settled(accepted()), Some(Move { to: Accepted, note: note("M-9"), ..arrived }));
}

#[test]
fn what_the_recipient_acknowledged_before_its_system_answered_is_acknowledged() {
    let known = Standing { acknowledged: true, ..standing(Leased) };
    for next in [delivered(), accepted()] {
        assert_eq!(known.settled(&settlement(next)).unwrap().to, Heard);
    }
    assert_eq!(known.settled(&settlement(retry())).unwrap().to, Due);
}

#[test]
fn what_did_not_arrive_says_when_or_why() {
    let settled = |next| standing(Leased).settled(&settlement(next)).unwrap();
    let after = |to| Move { attempts: 4, lease_open: false, ..moved(to) };
    assert_eq!(settled(retry()), Move { next_at: micros(time(LATER)), note: note("busy"), ..after(Due) });
    assert_eq!(settled(release()), Move { next_at: micros(time(LATER)), attempts: 3, ..after(Due) });
    assert_eq!(settled(hold()), Move { hold: Some(HoldReason::EndpointGone), note: note("gone"), ..after(Held) });
    assert_eq!(settled(dead()), Move { note: note("refused"), settled_at: at(ON_ITS_DAY), ..after(Dead) });
}

#[test]
fn an_attempt_counts_once_and_only_where_one_was_made() {
    let attempts = |standing: &Standing, settlement: &Settlement| standing.attempts_after(settlement);
    for (name, next) in every_next() {
        let counted = if name == "release" { 3 } else { 4 };
        let made = settlement(next.clone());
        assert_eq!(attempts(&standing(Leased), &made), counted, "{name}");
        assert_eq!(attempts(&heard(Leased), &made), 3, "{name}: told twice");
        assert_eq!(attempts(&standing(Leased), &Settlement { attempt: None, ..made }), 3, "{name}: none was made");
    }
    let tired = Standing { attempts: u32::MAX, ..standing(Leased) };
    assert_eq!(attempts(&tired, &settlement(retry())), u32::MAX);
}

/// The last lease's word counts once; what was accepted may be told of again, but not that it is accepted or released.
#[test]
fn a_lease_is_heard_once_and_its_collection_after_that() {
    let hears = |standing: &Standing, fence, next| standing.hears(&Settlement { fence, ..settlement(next) });
    for (name, next) in every_next() {
        for state in State::ALL {
            assert!(hears(&standing(state), FENCE, next.clone()), "{state:?} {name}");
            let tells_more = state == Accepted && !["accepted", "release"].contains(&name);
            assert_eq!(hears(&heard(state), FENCE, next.clone()), tells_more, "{state:?} {name}, its lease closed");
        }
        for (open, fence) in [(standing(Leased), FENCE - 1), (standing(Leased), FENCE + 1), (heard(Accepted), FENCE - 1)] {
            assert!(!hears(&open, fence, next.clone()), "{name} of lease {fence}");
        }
        assert!(!hears(&Standing { fence: 0, ..standing(Leased) }, 0, next), "{name}: it was never leased");
    }
}

#[test]
fn a_lease_lapses_when_its_time_is_over_and_nothing_else_does() {
    let lapsed = |state, now: &str| standing(state).is_lapsed(time(now));
    assert!(!lapsed(Leased, ON_ITS_DAY) && !lapsed(Leased, LEASED_UNTIL) && lapsed(Leased, "2026-11-20T12:05:00.000001Z"));
    for state in State::ALL.into_iter().filter(|state| *state != Leased) {
        assert!(!lapsed(state, LATER), "{state:?}");
    }
}

#[test]
fn a_lapsed_lease_may_be_moved_by_hand_as_what_is_due() {
    let operated = |action| standing(Leased).operated(action, "asked", time(LATER)).map(|to| to.to);
    assert_eq!(operated(OperatorAction::Retry), Some(Due));
    assert_eq!(operated(OperatorAction::Hold), Some(Held));
    assert_eq!(operated(OperatorAction::Discard), Some(Withdrawn));
    assert_eq!(operated(OperatorAction::Release), None);
}
