//! A golden of every kind; foreign validators and our own rules agree that each is a sound R4 message.
//! Refresh with UPDATE_EXPECT=1, and read what changed.

use super::issued::{bundle, envelopes};
use crate::support::node;
use domain::delivery::Kind;
use domain::identifiers::is_nhs_number;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::path::Path;

fn bundles() -> Vec<(String, Value)> {
    envelopes().into_iter().map(|(name, (recipient, envelope))| (name, bundle(&recipient, &envelope))).collect()
}

#[test]
fn every_kind_is_as_it_was_reviewed() {
    let bundles = bundles();
    for kind in Kind::ALL {
        assert!(bundles.iter().any(|(name, _)| name.starts_with(kind.name())), "no {kind} came of the history");
    }
    for (name, bundle) in bundles {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fhir/goldens/{name}.json"));
        expect_test::expect_file![path].assert_eq(&(serde_json::to_string_pretty(&bundle).unwrap() + "\n"));
    }
}

#[test]
fn the_same_envelope_gives_the_same_bytes() {
    assert_eq!(bundles(), bundles());
}

#[test]
fn two_foreign_validators_take_every_kind_and_refuse_what_is_broken() {
    let sound: Vec<Value> = bundles().into_iter().map(|(_, bundle)| bundle).collect();
    let broken: Vec<Value> = ["/entry/1/resource/status", "/entry/0/resource/source", "/timestamp"]
        .iter()
        .map(|pointer| {
            let mut bundle = sound[0].clone();
            *bundle.pointer_mut(pointer).expect(pointer) = json!({ "nonsense": [1] });
            bundle
        })
        .collect();
    let count = sound.len();
    let all: Vec<Value> = sound.into_iter().chain(broken).collect();
    let said = validate(&all);
    for (resource, said) in all.iter().zip(&said).take(count) {
        assert_eq!(said, &json!({ "structure": [], "schema": [] }), "{}", resource["entry"][1]);
    }
    assert_eq!(said.len(), count + 3);
    for said in &said[count..] {
        assert_ne!(said["structure"], json!([]), "HL7's structure definitions let it pass");
        assert_ne!(said["schema"], json!([]), "HL7's JSON schema lets it pass");
    }
}

/// What each validator says against each resource.
fn validate(resources: &[Value]) -> Vec<Value> {
    serde_json::from_str(&node::run("validate.cjs", &serde_json::to_vec(resources).unwrap())).unwrap()
}

#[test]
fn our_own_rules_hold() {
    for (name, bundle) in bundles() {
        let entries = bundle["entry"].as_array().unwrap();
        let urls: HashSet<&str> = entries.iter().map(|entry| entry["fullUrl"].as_str().unwrap()).collect();
        assert_eq!(urls.len(), entries.len(), "{name}: each entry has its own url");
        let mut pointed = HashSet::new();
        walk(&bundle, &mut |key, value| {
            if key == "reference" {
                let url = value.as_str().unwrap();
                assert!(urls.contains(url), "{name}: {url} leads nowhere");
                pointed.insert(url.to_owned());
            }
            if key == "period" && value["end"].is_string() {
                assert!(value["start"].as_str() <= value["end"].as_str(), "{name}: a period ends before it starts");
            }
            if value["system"] == fhir::codes::NHS_NUMBER {
                assert!(is_nhs_number(value["value"].as_str().unwrap()), "{name}: no NHS number");
            }
        });
        assert_eq!(pointed.len(), entries.len() - 1, "{name}: an entry that nothing refers to");
        let patients = entries.iter().filter(|entry| entry["resource"]["resourceType"] == "Patient").count();
        let nameless = name.contains("reclaim") || name.contains("withdrawal") || name.starts_with("worker-task");
        assert_eq!(patients, usize::from(!nameless), "{name}");
    }
}

/// A receiver finds what is taken back by the identifiers that it was given.
#[test]
fn what_is_withdrawn_is_named_as_it_was_told() {
    let bundles: HashMap<String, Value> = bundles().into_iter().collect();
    let focus = |name: &str| bundles[name]["entry"][1]["resource"].clone();
    let (asked, revoked) = (focus("referral"), focus("referral-withdrawal"));
    assert_eq!((&revoked["status"], &revoked["requisition"]), (&json!("revoked"), &asked["requisition"]));
    let known_as = |name: &str, identifier: &Value| {
        let entries = bundles[name]["entry"].as_array().unwrap();
        let assigner = entries.iter().find(|entry| entry["fullUrl"] == identifier["assigner"]["reference"]).expect("an authority");
        let code = assigner["resource"]["identifier"][0]["value"].clone();
        [identifier["system"].clone(), identifier["value"].clone(), code]
    };
    let referral = known_as("referral", &asked["identifier"][0]);
    assert_eq!(referral, known_as("referral-withdrawal", &revoked["identifier"][0]));
    assert_eq!(referral, [json!(fhir::codes::REFERRAL), json!("R-5"), json!("E10000016")]);

    let told = "arrival-notice-area-authority";
    let stays = bundles[told]["entry"].as_array().unwrap().iter().filter(|entry| entry["resource"]["resourceType"] == "EpisodeOfCare");
    let [stay] = stays.collect::<Vec<_>>()[..] else { panic!("one stay") };
    let void = &focus("notice-withdrawal")["about"][0]["identifier"];
    assert_eq!(known_as(told, &stay["resource"]["identifier"][0]), known_as("notice-withdrawal", void));
}

/// Every word of the data reaches the recipient, and no other word of the child does.
#[test]
fn nothing_is_lost_and_nothing_is_added() {
    let known = envelopes();
    for (name, (recipient, envelope)) in &known {
        let text = bundle(recipient, envelope).to_string();
        let envelope: Value = serde_json::from_slice(envelope).unwrap();
        walk(&envelope["data"], &mut |key, value| {
            // Codes that FHIR writes otherwise.
            if let (Value::String(word), false) = (value, ["sex", "priority", "nhsNumberStatus"].contains(&key)) {
                let written = serde_json::to_string(word).unwrap();
                assert!(text.contains(written.trim_matches('"')), "{name}: {key} is lost");
            }
        });
        let told = envelope.to_string();
        for word in ["104233", "9990000018", "Ada", "2012-04-09", "1 Example Street", "BN1 6AG", "Sam Worker", "calm home", "R-5", "P-7"] {
            assert!(told.contains(word) || !text.contains(word), "{name}: {word} is told, and is not in the data");
        }
    }
}

fn walk<'a>(value: &'a Value, look: &mut impl FnMut(&'a str, &'a Value)) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            look(key, value);
            walk(value, look);
        }),
        Value::Array(items) => items.iter().for_each(|item| {
            look("", item);
            walk(item, look);
        }),
        _ => {}
    }
}
