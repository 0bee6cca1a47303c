//! A child's record as a ledger answers it, made from real decisions on told histories; what a ledger adds is set by hand.

use crate::support::story::{KENT, Told, WORLD, placement};
use domain::Code;
use domain::casefile::Casefile;
use domain::delivery::{DeliveryState, Kind, ObligationState};
use domain::port::{AttemptRow, ChildRecord, DeliveryHistory, DeliveryRow, History, MessageKey, MessageNote};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use placement_hub::certificate::{CertificateError, Delivery, Issuer, Statement, draw_up};
use placement_hub::journey::{SEAL_CASEFILE, SEAL_PAYLOAD};
use placement_hub::keys::Keys;
use ring::digest::{SHA256, digest};
use serde_json::json;
use std::sync::LazyLock;
use uuid::Uuid;

pub static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys::from_master(&[7; 32]).unwrap());

/// When certificates are issued here: in the afternoon of a Monday in London.
pub const NOW: &str = "2026-11-23T15:00:00Z";

/// Ada's planned move to Brighton, told a week before, in which no value of the child's is found anywhere else; with a referral.
pub fn moved() -> Told {
    placement("MOVE7", "2026-10-05")
        .sent("2026-09-28T09:00:00Z")
        .message("MESSAGE1")
        .with("/child/localId", "LOCALID42")
        .with("/child/givenName", "Givenname")
        .with("/child/familyName", "Familyname")
        .with("/child/siblingGroup", "SIBLINGS9")
        .with("/carePeriod/id", "CAREPERIOD3")
        .with("/placement/addressLines", json!(["Address line"]))
        .with("/placement/carer", "Carername")
        .with("/contacts/socialWorker/name", "Workername")
        .referring("REFERRAL5")
        .with("/referral/reason", "Referralreason")
}

/// Of the child of these messages, each recorded when it was sent; everything issued was delivered a second later.
pub fn history(authority: &str, local_id: &str, told: &[Told]) -> History {
    let mut casefile = Casefile::new(code(authority), local_id);
    let (mut messages, mut deliveries) = (Vec::new(), Vec::<DeliveryHistory>::new());
    for told in told {
        let document = told.json();
        let message = WORLD.contracts.read(document.content_type.as_deref(), &document.body).unwrap();
        let (header, at) = (message.header(), message.header().sent_at);
        let decision = casefile.decide(Some(&message), &WORLD.directory, &WORLD.policy, at, |_| true, &mut Uuid::now_v7);
        let mut own = [0; 32];
        own.copy_from_slice(digest(&SHA256, &document.body).as_ref());
        messages.push(MessageNote {
            id: Uuid::now_v7(),
            key: MessageKey { publisher: header.publisher, message_id: header.message_id.clone() },
            message_type: message.message_type().name().to_owned(),
            verdict: "accepted".to_owned(),
            digest: own,
            received_at: at,
            recorded_at: at,
        });
        for (id, state) in decision.mark {
            deliveries.iter_mut().find(|one| one.row.obligation == id).unwrap().obligation_state = state;
        }
        let cause = messages.last().unwrap().id;
        deliveries.extend(decision.issue.into_iter().map(|issue| DeliveryHistory {
            row: DeliveryRow {
                id: Uuid::now_v7(),
                obligation: issue.id,
                kind: issue.kind,
                recipient: issue.recipient,
                place: issue.place,
                state: DeliveryState::Delivered,
                reason: Some("what the far end said of Givenname".to_owned()),
                due_on: issue.due_on,
                attempts: 1,
                recorded_at: at,
                next_at: None,
                settled_at: Some(second_after(at)),
            },
            obligation_state: ObligationState::InForce,
            basis: issue.basis.name().to_owned(),
            sequence: issue.sequence,
            supersedes: issue.supersedes,
            message: Some(cause),
            payload: KEYS.seal(SEAL_PAYLOAD, issue.data.as_bytes()).unwrap().into(),
            attempts: vec![attempt(at, "delivered", Some(200))],
            acknowledgements: Vec::new(),
            breached_at: None,
        }));
    }
    let sealed = KEYS.seal(SEAL_CASEFILE, &casefile.to_json().unwrap()).unwrap();
    let key = KEYS.child(code(authority), local_id);
    History { child: ChildRecord { key, version: 1, casefile: sealed, touched: Vec::new() }, messages, deliveries }
}

/// The child of [`moved`], to whom this was told.
pub fn of_kent(told: &[Told]) -> History {
    history(KENT, "LOCALID42", told)
}

/// An attempt that began at `at` and took a second.
pub fn attempt(at: Timestamp, outcome: &str, status: Option<u16>) -> AttemptRow {
    AttemptRow {
        started_at: at,
        ended_at: second_after(at),
        adapter: "webhook".to_owned(),
        outcome: outcome.to_owned(),
        status,
        detail: "what the far end said of Givenname".to_owned(),
    }
}

pub fn certify(histories: &[History], placement: &str, authority: Option<&str>) -> Result<Statement, CertificateError> {
    let time_zone = TimeZone::get("Europe/London").unwrap();
    let issuer = Issuer { keys: &KEYS, directory: &WORLD.directory, source: "urn:test", time_zone: &time_zone, now: NOW.parse().unwrap() };
    draw_up(&issuer, histories, placement, authority.map(code))
}

/// The one delivery of this kind to this recipient.
pub fn to<'a>(statement: &'a Statement, kind: Kind, recipient: &str) -> &'a Delivery {
    let mut found = statement.deliveries.iter().filter(|one| one.kind == kind && one.recipient.code == code(recipient));
    let one = found.next().unwrap_or_else(|| panic!("no {kind} to {recipient}: {statement}"));
    assert!(found.next().is_none(), "several: {statement}");
    one
}

pub fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn second_after(at: Timestamp) -> Timestamp {
    at + jiff::SignedDuration::from_secs(1)
}
