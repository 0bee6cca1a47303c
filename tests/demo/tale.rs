//! What councils write in the demo.

use crate::support::story::WORLD;
use domain::directory::{AreaEvidence, Whereabouts};
use domain::message::{Message, MessageType};
use jiff::civil::date;
use placement_hub::demo::SEED;
use placement_hub::demo::region::{OUT_OF_REACH, PLACES, UNKNOWN_POSTCODE};
use placement_hub::demo::story::{Story, Told};
use std::collections::BTreeSet;

fn history(seed: u64) -> (Vec<Told>, u64) {
    Story::new(seed, date(2026, 11, 22), "t").history("2026-11-22T12:00:00Z".parse().unwrap())
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let bodies = |seed| history(seed).0.into_iter().map(|told| told.body).collect::<Vec<_>>();
    assert_eq!(bodies(SEED), bodies(SEED));
    assert_ne!(bodies(SEED), bodies(SEED + 1));
}

#[test]
fn every_document_is_taken_but_those_that_are_meant_to_be_wrong() {
    for seed in SEED..SEED + 20 {
        for told in history(seed).0 {
            match WORLD.contracts.read(Some(told.content_type), &told.body) {
                Ok(message) => {
                    assert!(!told.malformed, "seed {seed}: {} is taken", told.message_id);
                    assert_eq!(message.message_type(), told.message_type);
                    assert_eq!((message.header().publisher, &message.header().message_id), (told.publisher, &told.message_id));
                }
                Err(unreadable) => assert!(told.malformed, "seed {seed}: {}: {:?}", told.message_id, unreadable.reasons),
            }
        }
    }
}

#[test]
fn the_history_has_everything_in_it() {
    let (told, children) = history(SEED);
    let ids: BTreeSet<_> = told.iter().map(|one| &one.message_id).collect();
    let count = |fits: &dyn Fn(&Told) -> bool| told.iter().filter(|one| fits(one)).count();
    assert!((50..=70).contains(&children) && (100..=150).contains(&told.len()), "{children} children, {} documents", told.len());
    assert!(ids.len() < told.len(), "nothing is repeated");
    assert!(count(&|one| one.malformed) >= 2);
    assert!(count(&|one| one.message_type == MessageType::WellbeingConcern) >= 4);
    for content_type in ["application/json", "application/xml"] {
        assert!(count(&|one| one.content_type == content_type) > told.len() / 4, "{content_type}");
    }
    let read = told.iter().filter_map(|one| WORLD.contracts.read(Some(one.content_type), &one.body).ok());
    let changes: Vec<_> =
        read.filter_map(|message| if let Message::PlacementChange(change) = message { Some(change) } else { None }).collect();
    let some = |what: &str, fits: &dyn Fn(&domain::message::PlacementChange) -> bool| assert!(changes.iter().any(fits), "no {what}");
    some("cancellation", &|change| change.placement.status == domain::message::PlacementStatus::Cancelled);
    some("end of care", &|change| change.care_period.ended_on.is_some());
    some("siblings", &|change| change.child.sibling_group.is_some());
    some("amendment", &|change| change.placement.version > 1);
    some("emergency", &|change| !change.placement.planned);
    some("referral", &|change| change.referral.is_some());
    some("unknown postcode", &|change| change.placement.postcode.as_deref() == Some(UNKNOWN_POSTCODE));
    some("change of legal status", &|change| change.placement.reason_for_change == "L");
    let numbers: BTreeSet<_> = changes.iter().filter_map(|change| change.child.nhs_number.as_deref()).collect();
    assert!(numbers.len() > 40 && numbers.iter().all(|number| number.starts_with("999")), "NHS numbers are of the synthetic range");
}

#[test]
fn a_place_is_where_the_story_says_and_the_unknown_one_is_nowhere() {
    let day = date(2026, 11, 22);
    let locate = |postcode| WORLD.directory.locate(Whereabouts { postcode: Some(postcode), local_authority: None }, day);
    let mut bodies = BTreeSet::new();
    for place in &PLACES {
        let located = locate(place.postcode);
        assert_eq!(located.authority.unwrap().as_str(), place.authority, "{place:?}");
        bodies.insert(located.commissioner.unwrap().body.to_string());
        located.camhs.unwrap();
    }
    assert_eq!(bodies.into_iter().collect::<Vec<_>>(), ["QKS", "QRL", "S0E4D", "S1Y5D", "S9B9J"]);
    assert_eq!(locate(UNKNOWN_POSTCODE).evidence, AreaEvidence::Nothing);
    assert!(OUT_OF_REACH.iter().all(|code| WORLD.directory.organisation(code.parse().unwrap()).is_some()));
}
