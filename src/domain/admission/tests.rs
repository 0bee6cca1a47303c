use super::{Vouched, check};
use crate::code::Code;
use crate::directory::{Directory, Organisation, OrganisationKind, Parts, Publisher};
use crate::message::{Message, MessageType};
use serde_json::json;

const AUTHORITY: &str = "E10000001";

fn code(text: &str) -> Code {
    Code::new(text).unwrap()
}

/// An authority that may send concerns as either of two users, and a provider that may send everything as anybody.
fn directory() -> Directory {
    let organisation = |text: &str, kind| Organisation { code: code(text), name: text.to_owned(), kind, from: None, to: None };
    Directory::from_parts(Parts {
        organisations: vec![organisation(AUTHORITY, OrganisationKind::Authority), organisation("RPA", OrganisationKind::Provider)],
        publishers: vec![
            Publisher {
                organisation: code(AUTHORITY),
                may_send: vec![MessageType::WellbeingConcern, MessageType::Acknowledgement],
                user_ids: vec!["one".to_owned(), "other".to_owned()],
            },
            Publisher { organisation: code("RPA"), may_send: MessageType::ALL.to_vec(), user_ids: Vec::new() },
        ],
        ..Parts::default()
    })
}

fn concern(publisher: &str) -> Message {
    let message = json!({
        "type": "wellbeing-concern", "version": "1.0", "messageId": "m-1", "sentAt": "2026-11-20T09:00:00Z", "publisher": publisher,
        "child": { "localId": "1" }, "referral": { "id": "R-1", "priority": "urgent", "reason": "low mood" }, "observedOn": "2026-11-20"
    });
    serde_json::from_value(message).unwrap()
}

fn update(publisher: &str, authority: &str) -> Message {
    let message = json!({
        "type": "referral-update", "version": "1.0", "messageId": "m-1", "sentAt": "2026-11-20T09:00:00Z", "publisher": publisher,
        "referral": { "id": "R-1", "responsibleAuthority": authority, "child": "1" }, "status": "accepted", "occurredOn": "2026-11-20"
    });
    serde_json::from_value(message).unwrap()
}

#[track_caller]
fn refused(message: &Message, vouched: Vouched<'_>, expected: &[&str]) {
    let reasons = check(message, vouched, &directory());
    assert_eq!(reasons.iter().map(|reason| reason.code.as_str()).collect::<Vec<_>>(), expected);
}

#[test]
fn only_publishers_of_the_directory_come_in() {
    refused(&concern(AUTHORITY), Vouched::default(), &[]);
    refused(&concern("E10000002"), Vouched::default(), &["unknown-publisher"]);
}

#[test]
fn each_sends_what_it_may() {
    refused(&update(AUTHORITY, AUTHORITY), Vouched::default(), &["not-allowed"]);
    let reasons = check(&update(AUTHORITY, AUTHORITY), Vouched::default(), &directory());
    assert_eq!(reasons[0].message, "this publisher may send wellbeing-concern, acknowledgement only");
}

#[test]
fn a_routing_key_names_the_type_and_the_publisher() {
    let by = |routing_key| Vouched { routing_key: Some(routing_key), ..Vouched::default() };
    refused(&concern(AUTHORITY), by("wellbeing-concern.E10000001"), &[]);
    refused(&concern(AUTHORITY), by("wellbeing-concern.E10000002"), &["wrong-routing-key"]);
    refused(&concern(AUTHORITY), by("placement-change.E10000001"), &["wrong-routing-key"]);
}

#[test]
fn a_brokers_user_is_one_of_the_publishers_where_it_has_any() {
    let by = |user_id| Vouched { user_id: Some(user_id), ..Vouched::default() };
    refused(&concern(AUTHORITY), by("one"), &[]);
    refused(&concern(AUTHORITY), by("other"), &[]);
    refused(&concern(AUTHORITY), by("third"), &["wrong-user"]);
    refused(&concern("RPA"), by("anybody"), &[]);
}

#[test]
fn a_user_is_asked_for_only_where_the_hub_requires_one() {
    let required = Vouched { require_user_id: true, ..Vouched::default() };
    refused(&concern(AUTHORITY), required, &["missing-user"]);
    refused(&concern(AUTHORITY), Vouched { user_id: Some("one"), ..required }, &[]);
    refused(&concern(AUTHORITY), Vouched { organisation: Some(code(AUTHORITY)), ..required }, &[]);
}

#[test]
fn a_token_stands_for_one_organisation() {
    let by = |organisation| Vouched { organisation: Some(code(organisation)), ..Vouched::default() };
    refused(&concern(AUTHORITY), by(AUTHORITY), &[]);
    refused(&concern(AUTHORITY), by("RPA"), &["wrong-token"]);
}

#[test]
fn an_update_names_an_authority_that_the_directory_knows() {
    refused(&update("RPA", AUTHORITY), Vouched::default(), &[]);
    refused(&update("RPA", "E10000009"), Vouched::default(), &["unknown-organisation"]);
}
