//! What a schema cannot say: how the values of one message fit together.
//!
//! Only contradictions are found here. Evidence that is missing (no origin, no contacts) is not an error: the message is
//! taken, and what cannot be decided goes to review. Nothing here looks at other messages, the directory or the clock.

use crate::code::Code;
use crate::identifiers::{is_authority, is_nhs_number, is_ods};
use crate::message::{CarePeriodFacts, Child, Message, PlacementChange, PlacementFacts, Reason, ReferralRequest};
use jiff::civil::Date;

/// Every code that [`check`] can give.
pub const CODES: [&str; 7] = [
    "publisher-form",
    "nhs-number-check-digit",
    "born-after-care-began",
    "ends-before-start",
    "outside-care-period",
    "no-area",
    "follows-itself",
];

/// All rules that the message breaks; empty where it is sound.
#[must_use]
pub fn check(message: &Message) -> Vec<Reason> {
    let mut reasons = Vec::new();
    publisher(message, &mut reasons);
    match message {
        Message::PlacementChange(change) => placement_change(change, &mut reasons),
        Message::WellbeingConcern(concern) => referral(&concern.referral, &mut reasons),
        Message::ReferralUpdate(_) | Message::ReclaimUpdate(_) | Message::Acknowledgement(_) => {}
    }
    reasons
}

/// Authorities sign with their GSS code, health bodies with their ODS code; an acknowledgement can come from either.
fn publisher(message: &Message, reasons: &mut Vec<Reason>) {
    let code = message.header().publisher;
    let authority = "This must be the GSS code of the authority that sends it, such as E10000016.";
    let health = "This must be the ODS code of the health organisation that sends it, such as RX2 or QKS.";
    let (fits, sentence) = match message {
        Message::PlacementChange(_) | Message::WellbeingConcern(_) => (is_authority(code.as_str()), authority),
        Message::ReferralUpdate(_) | Message::ReclaimUpdate(_) => (is_ods(code.as_str()), health),
        Message::Acknowledgement(_) => (
            is_authority(code.as_str()) || is_ods(code.as_str()),
            "This must be the code of the recipient that sends it: an authority's GSS code or an ODS code.",
        ),
    };
    if !fits {
        reasons.push(Reason::new("publisher-form", "/publisher", sentence));
    }
}

fn placement_change(change: &PlacementChange, reasons: &mut Vec<Reason>) {
    child(&change.child, &change.care_period, reasons);
    not_before(change.care_period.ended_on, change.care_period.started_on, "/carePeriod/endedOn", "the care period", reasons);
    not_before(change.placement.ended_on, change.placement.started_on, "/placement/endedOn", "the placement", reasons);
    not_before(change.placement.expected_end_on, change.placement.started_on, "/placement/expectedEndOn", "the placement", reasons);
    inside_care_period(&change.placement, &change.care_period, reasons);
    area(&change.placement, reasons);
    if let Some(request) = &change.referral {
        referral(request, reasons);
    }
}

/// A child can be taken into care on the day of its birth, not before.
fn child(child: &Child, care_period: &CarePeriodFacts, reasons: &mut Vec<Reason>) {
    if child.nhs_number.as_deref().is_some_and(|number| !is_nhs_number(number)) {
        let sentence = "The check digit of this NHS number does not fit. Correct the number, or leave it out.";
        reasons.push(Reason::new("nhs-number-check-digit", "/child/nhsNumber", sentence));
    }
    if child.birth_date > care_period.started_on {
        let sentence = "The date of birth lies after the start of the care period. Correct one of them.";
        reasons.push(Reason::new("born-after-care-began", "/child/birthDate", sentence));
    }
}

fn not_before(end: Option<Date>, start: Date, path: &str, of_what: &str, reasons: &mut Vec<Reason>) {
    if end.is_some_and(|end| end < start) {
        let sentence = format!("This lies before the start of {of_what}. Correct one of them.");
        reasons.push(Reason::new("ends-before-start", path, sentence));
    }
}

/// A placement belongs to its care period whole. One without an end may stand in a period that has one: the period's end
/// ends it.
fn inside_care_period(placement: &PlacementFacts, care_period: &CarePeriodFacts, reasons: &mut Vec<Reason>) {
    let outside = |day: Date| day < care_period.started_on || care_period.ended_on.is_some_and(|end| day > end);
    let sentence = "This lies outside the care period. Correct one of them; coming back into care starts a new care period.";
    if outside(placement.started_on) {
        reasons.push(Reason::new("outside-care-period", "/placement/startedOn", sentence));
    }
    // An end before the start is told above; telling it twice would not help.
    if placement.ended_on.is_some_and(|end| end >= placement.started_on && outside(end)) {
        reasons.push(Reason::new("outside-care-period", "/placement/endedOn", sentence));
    }
}

/// Without either, nobody could be told.
fn area(placement: &PlacementFacts, reasons: &mut Vec<Reason>) {
    if placement.postcode.is_none() && placement.local_authority.is_none_or(|code: Code| code.is_none()) {
        let sentence = "Give the postcode of the placement, or the authority in whose area it is, or both.";
        reasons.push(Reason::new("no-area", "/placement", sentence));
    }
}

fn referral(request: &ReferralRequest, reasons: &mut Vec<Reason>) {
    if request.follows.as_deref() == Some(&request.id) {
        let sentence = "A referral cannot follow on from itself. Give the earlier referral's id, or leave it out.";
        reasons.push(Reason::new("follows-itself", "/referral/follows", sentence));
    }
}

#[cfg(test)]
mod tests {
    use super::{CODES, check};
    use crate::message::Message;
    use serde_json::{Value, json};

    /// A sound placement change, with `edits` (pointer, value) made to it.
    fn reasons_after(edits: &[(&str, Value)]) -> Vec<(String, String)> {
        let mut document = json!({
            "type": "placement-change", "version": "1.0", "messageId": "m-1", "sentAt": "2026-11-20T09:15:00Z", "publisher": "E10000016",
            "child": { "localId": "1", "nhsNumber": "9990000018", "givenName": "Ada", "familyName": "Example",
                       "birthDate": "2012-04-09", "sex": "F" },
            "carePeriod": { "id": "CP-1", "startedOn": "2024-05-01", "endedOn": null, "legalStatus": "C2" },
            "placement": { "id": "P-1", "version": 1, "status": "active", "startedOn": "2026-11-19", "endedOn": null, "reasonForChange": "P",
                           "type": "U4", "planned": true, "expectedEndOn": null, "postcode": "BN1 6AG", "localAuthority": "E06000043" },
            "referral": { "id": "R-2", "priority": "routine", "reason": "Needs support.", "follows": "R-1" }
        });
        for (pointer, value) in edits {
            *document.pointer_mut(pointer).unwrap() = value.clone();
        }
        let message: Message = serde_json::from_value(document).unwrap();
        check(&message).into_iter().map(|reason| (reason.code, reason.path)).collect()
    }

    fn breaks(edits: &[(&str, Value)], expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|(code, path)| ((*code).to_owned(), (*path).to_owned())).collect();
        assert_eq!(reasons_after(edits), expected, "after {edits:?}");
        assert!(expected.iter().all(|(code, _)| CODES.contains(&code.as_str())));
    }

    #[test]
    fn a_sound_message_breaks_nothing() {
        breaks(&[], &[]);
        breaks(&[("/child/nhsNumber", Value::Null), ("/placement/postcode", Value::Null)], &[]);
        breaks(&[("/placement/startedOn", json!("2024-05-01")), ("/placement/endedOn", json!("2024-05-01"))], &[]);
    }

    #[test]
    fn identifiers_have_the_right_form() {
        breaks(&[("/child/nhsNumber", json!("9990000019"))], &[("nhs-number-check-digit", "/child/nhsNumber")]);
        breaks(&[("/publisher", json!("QKS"))], &[("publisher-form", "/publisher")]);
        breaks(&[("/publisher", json!("E07000106"))], &[("publisher-form", "/publisher")]);
    }

    /// Born, placed and moved out on the first and on the last day of care: all of it is inside.
    #[test]
    fn the_first_and_the_last_day_belong_to_the_period() {
        breaks(&[("/child/birthDate", json!("2024-05-01"))], &[]);
        let last_day = json!("2026-11-19");
        breaks(&[("/carePeriod/endedOn", last_day.clone()), ("/placement/endedOn", last_day.clone())], &[]);
        breaks(&[("/placement/expectedEndOn", last_day)], &[]);
    }

    #[test]
    fn days_are_in_order() {
        breaks(&[("/child/birthDate", json!("2024-05-02"))], &[("born-after-care-began", "/child/birthDate")]);
        breaks(&[("/placement/expectedEndOn", json!("2026-11-18"))], &[("ends-before-start", "/placement/expectedEndOn")]);
        breaks(&[("/placement/endedOn", json!("2024-04-01"))], &[("ends-before-start", "/placement/endedOn")]);
        breaks(&[("/placement/startedOn", json!("2024-04-30"))], &[("outside-care-period", "/placement/startedOn")]);
        breaks(
            &[("/carePeriod/endedOn", json!("2026-11-30")), ("/placement/endedOn", json!("2026-12-01"))],
            &[("outside-care-period", "/placement/endedOn")],
        );
        breaks(
            &[("/carePeriod/endedOn", json!("2024-04-30"))],
            &[("ends-before-start", "/carePeriod/endedOn"), ("outside-care-period", "/placement/startedOn")],
        );
    }

    #[test]
    fn somebody_can_be_told() {
        breaks(&[("/placement/postcode", Value::Null), ("/placement/localAuthority", Value::Null)], &[("no-area", "/placement")]);
    }

    #[test]
    fn a_referral_follows_another() {
        breaks(&[("/referral/follows", json!("R-2"))], &[("follows-itself", "/referral/follows")]);
    }

    #[test]
    fn health_bodies_sign_with_their_ods_code() {
        let update = |publisher: &str| {
            let document = json!({ "type": "referral-update", "version": "1.0", "messageId": "m-2", "sentAt": "2026-11-20T09:15:00Z",
                "publisher": publisher, "referral": { "id": "R-1", "responsibleAuthority": "E10000016", "child": "1" },
                "status": "accepted", "occurredOn": "2026-11-20" });
            check(&serde_json::from_value(document).unwrap()).len()
        };
        assert_eq!((update("RX2"), update("E10000016")), (0, 1));
    }

    #[test]
    fn a_recipient_of_either_kind_acknowledges_with_its_own_code() {
        let acknowledgement = |publisher: &str| {
            let document = json!({ "type": "acknowledgement", "version": "1.0", "messageId": "m-3", "sentAt": "2026-11-20T09:15:00Z",
                "publisher": publisher, "notice": { "id": "00000000-0000-0000-0000-000000000001" }, "status": "read",
                "occurredOn": "2026-11-20" });
            check(&serde_json::from_value(document).unwrap()).len()
        };
        assert_eq!(["E10000016", "QKS", "E07000106"].map(acknowledgement), [0, 0, 1]);
    }
}
