//! What a statement says of each delivery, what it is about, and what is not in it.

use super::built::{NOW, attempt, certify, moved, of_kent, to};
use crate::support::story::{Told, WORLD, concern, placement, referral_update};
use domain::delivery::{DeliveryState, HoldReason, Kind, ObligationState};
use domain::hex::hex;
use domain::port::{AcknowledgementRow, DeliveryHistory, History};
use expect_test::expect;
use jiff::Timestamp;
use placement_hub::certificate::{About, CertificateError, KnownBy, Timeliness};
use ring::digest::{SHA256, digest};
use serde_json::Value;

#[test]
fn everything_about_the_placement_is_there_and_nothing_else() {
    let assessed = referral_update("u-1", "RX2", "REFERRAL5", "assessed", "2026-10-20").with("/referral/child", "LOCALID42");
    let later = concern("c-1", "LATERREFERRAL", "2026-10-22").with("/child/localId", "LOCALID42");
    let next = placement("MOVE8", "2026-10-30").in_care_since("2026-10-05").sent("2026-10-29T09:00:00Z").message("MESSAGE8");
    let next = next.with("/child/localId", "LOCALID42").with("/carePeriod/id", "CAREPERIOD3").at("SO14 7LY");
    let corrected = moved().version(2).sent("2026-10-01T09:00:00Z").message("MESSAGE2").with("/placement/carer", "Othercarer");
    let history = of_kent(&[moved(), corrected, assessed, later, next]);
    let statement = certify(std::slice::from_ref(&history), "MOVE7", None).unwrap();

    let table: Vec<String> = statement
        .deliveries
        .iter()
        .map(|one| {
            let name = one.recipient.name.as_deref().unwrap_or("?");
            let supersedes = one.supersedes.map(|number| format!(" supersedes {number}")).unwrap_or_default();
            let due = one.due_by.map(|day| day.to_string()).unwrap_or_default();
            format!(
                "{:?} {} {name} {} #{}{supersedes} {due} {:?} {}",
                one.about, one.kind, one.basis, one.sequence, one.timeliness, one.standing
            )
        })
        .collect();
    expect![[r#"
        Placement arrival-notice Brighton and Hove reg 13(4) #1 2026-10-04 InTime corrected
        Placement arrival-notice NHS Surrey and Sussex ICB reg 13(2) #1 2026-10-04 InTime corrected
        Placement arrival-notice NHS Kent and Medway ICB reg 13(2) #1 2026-10-04 InTime corrected
        Referral referral Sussex Partnership NHS Foundation Trust rule 6: referral #1 2026-09-28 InTime in-force
        Placement notice-correction Brighton and Hove reg 13(4) #2 supersedes 1 2026-10-04 InTime in-force
        Placement notice-correction NHS Surrey and Sussex ICB reg 13(2) #2 supersedes 1 2026-10-04 InTime in-force
        Placement notice-correction NHS Kent and Medway ICB reg 13(2) #2 supersedes 1 2026-10-04 InTime in-force
        Placement end-notice Brighton and Hove reg 14 #3 2026-11-13 InTime in-force
        Placement end-notice NHS Surrey and Sussex ICB reg 14 #3 2026-11-13 InTime in-force
        Placement end-notice NHS Kent and Medway ICB reg 14 #4 2026-11-13 InTime in-force
    "#]]
    .assert_eq(&(table.join("\n") + "\n"));
    assert!(history.deliveries.iter().any(|one| one.row.kind == Kind::ReclaimRequest), "there is something to leave out");
    let messages: Vec<_> = statement.messages.iter().map(|one| one.message_id.as_str()).collect();
    assert_eq!(messages, ["MESSAGE1", "MESSAGE2", "MESSAGE8"], "those about this placement, and the next, which ended it");
    assert_eq!(statement.messages[0].sha256, hex(digest(&SHA256, &moved().json().body).as_ref()));
    assert_eq!(statement.deliveries[0].caused_by, Some(statement.messages[0].id));
    assert_eq!(to(&statement, Kind::Referral, "RX2").about, About::Referral);
    assert_eq!(statement.responsible_authority.name.as_deref(), Some("Kent"));
}

/// A move that waited for the message about the placement before it is told of because of that one.
#[test]
fn a_move_that_was_parked_names_both_messages() {
    let parked = moved().in_care_since("2026-09-01").sent("2026-09-28T09:00:00Z");
    let before = placement("MOVE6", "2026-09-01").sent("2026-09-28T11:00:00Z").message("MESSAGE6").at("ME1 1EE");
    let before = before.with("/child/localId", "LOCALID42").with("/carePeriod/id", "CAREPERIOD3");
    let statement = certify(&[of_kent(&[parked, before])], "MOVE7", None).unwrap();
    let notice = to(&statement, Kind::ArrivalNotice, "E06000043");
    assert_eq!(notice.caused_by, Some(statement.messages[1].id), "{statement}");
    let messages: Vec<_> = statement.messages.iter().map(|one| one.message_id.as_str()).collect();
    assert_eq!(messages, ["MESSAGE1", "MESSAGE6"]);
}

/// The notice to the authority of the area, as the ledger might hold it.
fn with(change: impl Fn(&mut DeliveryHistory)) -> placement_hub::certificate::Delivery {
    let mut history = of_kent(&[moved()]);
    let notice = history.deliveries.iter_mut().find(|one| one.row.recipient.as_str() == "E06000043").unwrap();
    change(notice);
    to(&certify(&[history], "MOVE7", None).unwrap(), Kind::ArrivalNotice, "E06000043").clone()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Never delivered, and in this state.
fn unsent(one: &mut DeliveryHistory, state: DeliveryState) {
    one.attempts.clear();
    one.row.state = state;
    one.row.settled_at = None;
}

#[test]
fn in_time_is_by_the_day_in_london() {
    let delivered = |time: &str, due: &str| {
        with(|one| {
            one.row.due_on = Some(due.parse().unwrap());
            one.attempts = vec![attempt(at(time), "delivered", Some(200))];
        })
        .timeliness
    };
    assert_eq!(delivered("2026-09-28T09:00:00Z", "2026-09-28"), Timeliness::InTime);
    assert_eq!(delivered("2026-09-28T22:59:58Z", "2026-09-28"), Timeliness::InTime);
    // Summer time: it ends at midnight in London, an hour before midnight in UTC.
    assert_eq!(delivered("2026-09-28T22:59:59Z", "2026-09-28"), Timeliness::Late);
    assert_eq!(delivered("2026-11-02T23:59:58Z", "2026-11-02"), Timeliness::InTime);
    assert_eq!(delivered("2026-11-02T23:59:59Z", "2026-11-02"), Timeliness::Late);
}

#[test]
fn what_was_not_delivered_is_open_overdue_or_taken_back() {
    let undelivered = |due: Option<&str>, state: DeliveryState, standing: ObligationState| {
        with(|one| {
            unsent(one, state);
            one.row.due_on = due.map(|due| due.parse().unwrap());
            one.obligation_state = standing;
        })
        .timeliness
    };
    let today = &NOW[..10];
    assert_eq!(undelivered(Some(today), DeliveryState::Due, ObligationState::InForce), Timeliness::Open);
    assert_eq!(undelivered(Some("2026-11-22"), DeliveryState::Due, ObligationState::InForce), Timeliness::Overdue);
    assert_eq!(undelivered(Some("2026-11-22"), DeliveryState::Accepted, ObligationState::InForce), Timeliness::Overdue);
    assert_eq!(undelivered(Some("2026-11-22"), DeliveryState::Dead, ObligationState::InForce), Timeliness::Overdue);
    assert_eq!(undelivered(Some("2026-11-22"), DeliveryState::Withdrawn, ObligationState::Retracted), Timeliness::TakenBack);
    // Given up by a person's hand, though it is still owed.
    assert_eq!(undelivered(Some("2026-11-22"), DeliveryState::Withdrawn, ObligationState::InForce), Timeliness::Overdue);
    assert_eq!(undelivered(None, DeliveryState::Due, ObligationState::InForce), Timeliness::NoDueDay);
}

#[test]
fn it_is_said_how_a_delivery_is_known() {
    let answered = with(|_| ());
    assert_eq!((answered.delivered_at, answered.delivery_known_by), (Some(at("2026-09-28T09:00:01Z")), Some(KnownBy::Answer)));

    let accepted = |one: &mut DeliveryHistory| one.attempts = vec![attempt(at("2026-09-28T09:00:00Z"), "accepted", Some(202))];
    let collected = with(|one| {
        accepted(one);
        one.row.settled_at = Some(at("2026-09-29T08:00:00Z"));
    });
    assert_eq!(collected.accepted_at, Some(at("2026-09-28T09:00:01Z")));
    assert_eq!((collected.delivered_at, collected.delivery_known_by), (Some(at("2026-09-29T08:00:00Z")), Some(KnownBy::Collection)));

    let read = AcknowledgementRow { by: "E06000043".parse().unwrap(), status: "read".to_owned(), at: at("2026-09-29T10:00:00Z") };
    let said = with(|one| {
        accepted(one);
        one.row.state = DeliveryState::Acknowledged;
        one.acknowledgements = vec![read.clone()];
    });
    assert_eq!((said.delivered_at, said.delivery_known_by), (Some(read.at), Some(KnownBy::Acknowledgement)));
    assert_eq!((said.acknowledgements[0].status.as_str(), said.acknowledgements[0].at), ("read", read.at));
    // An acknowledgement takes nothing from the answer that came before it.
    let both = with(|one| {
        one.row.state = DeliveryState::Acknowledged;
        one.row.settled_at = Some(read.at);
        one.acknowledgements = vec![read.clone()];
    });
    assert_eq!((both.delivered_at, both.delivery_known_by), (answered.delivered_at, Some(KnownBy::Answer)));

    let waiting = with(|one| {
        accepted(one);
        one.row.state = DeliveryState::Accepted;
    });
    assert_eq!((waiting.delivered_at, waiting.delivery_known_by, waiting.accepted_at), (None, None, collected.accepted_at));
}

#[test]
fn a_hold_is_named_without_the_words_behind_it() {
    let held = with(|one| {
        unsent(one, DeliveryState::Held);
        one.row.reason = Some("operator: Givenname's aunt asked".to_owned());
    });
    assert_eq!(held.held_for, Some(HoldReason::Operator));
    assert_eq!(with(|_| ()).held_for, None, "what the far end said is no hold");
}

#[test]
fn a_record_with_a_hole_is_not_certified() {
    let without = |change: fn(&mut History)| {
        let mut history = of_kent(&[moved()]);
        change(&mut history);
        certify(&[history], "MOVE7", None)
    };
    assert!(without(|_| ()).is_ok());
    assert!(matches!(without(|history| drop(history.deliveries.pop())), Err(CertificateError::NotWhole(_))));
    assert!(matches!(without(|history| history.messages.clear()), Err(CertificateError::NotWhole(_))));
    assert!(matches!(without(|history| history.child.casefile[30] ^= 1), Err(CertificateError::Sealed(_))));
}

/// No value of the input that is longer than a code, but for the ids of placement, message and publisher, and the time of sending,
/// at which it is recorded here.
#[test]
fn nothing_of_the_child_is_in_it() {
    let statement = certify(&[of_kent(&[moved()])], "MOVE7", None).unwrap();
    let said = format!("{}\n{statement}", serde_json::to_string(&statement).unwrap());
    let mut values = Vec::new();
    leaves(&moved().0, &mut values);
    let told = ["MOVE7", "MESSAGE1", "placement-change", "E10000016", "2026-09-28T09:00:00Z"];
    let secret: Vec<_> = values.iter().filter(|value| value.len() > 3 && !told.contains(&value.as_str()) && *value != "false").collect();
    assert!(secret.len() > 20, "{secret:?}");
    for value in secret {
        assert!(!said.contains(value.as_str()), "`{value}` is in {said}");
    }
    // But the digests are of just these contents.
    assert!(said.contains(&hex(digest(&SHA256, &moved().json().body).as_ref())));
    assert!(WORLD.directory.organisation("E06000043".parse().unwrap()).is_some_and(|it| said.contains(&it.name)));
}

pub fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.values().for_each(|value| leaves(value, found)),
        Value::Array(list) => list.iter().for_each(|value| leaves(value, found)),
        Value::String(text) => found.push(text.clone()),
        Value::Null => {}
        other => found.push(other.to_string()),
    }
}

/// What its own text and its own reader make of it.
#[test]
fn it_reads_as_a_text_and_comes_back_from_json() {
    let mut history = of_kent(&[moved()]);
    history.deliveries.truncate(4);
    history.deliveries[0].breached_at = Some(at("2026-10-05T00:00:10Z"));
    let statement = certify(&[history], "MOVE7", None).unwrap();
    let json = serde_json::to_vec(&statement).unwrap();
    assert_eq!(placement_hub::certificate::Statement::read(&json).unwrap(), statement);
    let other = String::from_utf8(json).unwrap().replace(r#""version":"1.0""#, r#""version":"9.0""#);
    let refused = placement_hub::certificate::Statement::read(other.as_bytes()).unwrap_err();
    assert!(refused.to_string().contains("9.0"), "{refused}");

    // Ids and digests differ from run to run.
    let text = statement.to_string();
    let steady: Vec<&str> = text.lines().filter(|line| !line.contains("SHA-256") && !line.contains("   delivery ")).collect();
    expect![[r#"
        Certificate of notification
        placement MOVE7 of Kent (E10000016)
        issued 2026-11-23 15:00:00Z by the hub urn:test; days are days in Europe/London

        4 issued: 4 delivered in time.

        1. arrival-notice to Brighton and Hove (E06000043)
           by reg 13(4), number 1 about this child, due by 2026-10-04: delivered in time
           delivered, in-force; recorded 2026-09-28 09:00:00Z
           breached: first found overdue 2026-10-05 00:00:10Z
           2026-09-28 09:00:00Z by webhook: delivered 200

        2. arrival-notice to NHS Surrey and Sussex ICB (S9B9J), for NHS Brighton and Hove (CCG to June 2022, then sub-ICB location) (09D)
           by reg 13(2), number 1 about this child, due by 2026-10-04: delivered in time
           delivered, in-force; recorded 2026-09-28 09:00:00Z
           2026-09-28 09:00:00Z by webhook: delivered 200

        3. arrival-notice to NHS Kent and Medway ICB (QKS), for NHS Kent and Medway (CCG to June 2022, then sub-ICB location) (91Q)
           by reg 13(2), number 1 about this child, due by 2026-10-04: delivered in time
           delivered, in-force; recorded 2026-09-28 09:00:00Z
           2026-09-28 09:00:00Z by webhook: delivered 200

        4. referral to Sussex Partnership NHS Foundation Trust (RX2), about a referral that came with the placement
           by rule 6: referral, number 1 about this child, due by 2026-09-28: delivered in time
           delivered, in-force; recorded 2026-09-28 09:00:00Z
           2026-09-28 09:00:00Z by webhook: delivered 200

        Because of
         - placement-change `MESSAGE1` of Kent (E10000016), accepted
           received 2026-09-28 09:00:00Z, recorded 2026-09-28 09:00:00Z

        This shows what this hub recorded, and that nothing was changed since it was issued. Times are the hub's own clock, and
        an acknowledgement's is its sender's. `delivered` means that the recipient's system took it, not that somebody read it.
    "#]]
    .assert_eq(&(steady.join("\n") + "\n"));

    let none: Told = placement("MOVE7", "2026-10-05").with("/child/localId", "LOCALID42").cancelled();
    let statement = certify(&[of_kent(&[none])], "MOVE7", None).unwrap();
    assert!(statement.to_string().contains("Nothing was issued about this placement."), "{statement}");
    let commanding = placement_hub::certificate::Statement { source: "urn:\u{1b}[2J".to_owned(), ..statement };
    assert!(!commanding.to_string().contains('\u{1b}'), "a terminal is not commanded");
}
