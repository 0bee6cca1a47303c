//! Every example is what its folder and its name say.

use crate::contracts::{CONTRACTS, content_type, documents, folder};
use domain::message::{Message, MessageType};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

#[test]
fn every_valid_example_is_read_and_both_formats_come_to_the_same_message() {
    for message_type in MessageType::ALL {
        let documents = documents(message_type, "valid");
        assert!(documents.len() >= 8, "{message_type:?} has at least four examples in two formats");
        for path in documents {
            let message = read(&path, Some(content_type(&path)));
            assert_eq!(message.message_type(), message_type, "{}", path.display());
            assert_eq!(message, read(&path, None), "{}: the first character tells the format", path.display());
            let twin = path.with_extension(if content_type(&path).ends_with("xml") { "json" } else { "xml" });
            assert_eq!(message, read(&twin, None), "{} and its twin", path.display());
        }
    }
}

#[test]
fn a_message_that_was_read_is_written_as_a_document_that_is_read() {
    for message_type in MessageType::ALL {
        for path in documents(message_type, "valid") {
            let message = read(&path, None);
            let again = serde_json::to_vec(&message).unwrap();
            assert_eq!(CONTRACTS.read(Some("application/json"), &again).as_ref(), Ok(&message), "{}", path.display());
        }
    }
}

#[test]
fn every_invalid_example_gives_exactly_its_reasons() {
    let mut wrong = Vec::new();
    for message_type in MessageType::ALL {
        let documents = documents(message_type, "invalid");
        assert!(documents.len() >= 6, "{message_type:?} has at least six invalid examples");
        for path in documents {
            let expected: Value = serde_json::from_slice(&fs::read(path.with_extension("reasons.json")).unwrap()).unwrap();
            let told = match CONTRACTS.read(Some(content_type(&path)), &fs::read(&path).unwrap()) {
                Ok(_) => json!("it was read"),
                Err(unreadable) => unreadable.reasons.iter().map(|reason| json!({ "code": reason.code, "path": reason.path })).collect(),
            };
            if told != expected {
                wrong.push(format!("{}\n  expected {expected}\n  told     {told}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn whoever_can_be_made_out_can_be_answered() {
    let example = |name: &str| {
        let path = folder("placement-change").join("examples/invalid").join(name);
        let unreadable = CONTRACTS.read(None, &fs::read(path).unwrap()).unwrap_err();
        (unreadable.message_type, unreadable.message_id, unreadable.publisher.map(|code| code.to_string()))
    };
    let ada = (Some(MessageType::PlacementChange), Some("0b7c6e0e-58b5-4f5b-9a56-0d9c3c6f1a10".to_owned()), Some("E10000016".to_owned()));
    for name in ["many-mistakes-at-once.json", "many-mistakes-at-once.xml", "unknown-version.xml", "days-out-of-order.json"] {
        assert_eq!(example(name), ada, "{name}");
    }
    let bjorn = (Some("m-2026-000017".to_owned()), Some("E10000030".to_owned()));
    assert_eq!(example("namespace-of-another-version.xml"), (Some(MessageType::PlacementChange), bjorn.0.clone(), bjorn.1.clone()));
    assert_eq!(example("unknown-type.json"), (None, bjorn.0.clone(), bjorn.1.clone()));
    assert_eq!(example("root-unknown.xml"), (None, bjorn.0, bjorn.1));
    assert_eq!(example("cut-short.json"), (None, None, None));
}

#[test]
fn every_code_is_explained_to_suppliers() {
    let guide = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/README.md")).unwrap();
    let codes = MessageType::ALL.into_iter().flat_map(|message_type| documents(message_type, "invalid")).flat_map(|path| {
        let reasons = json(&path.with_extension("reasons.json"));
        reasons.as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    });
    for code in codes.chain(domain::message_rules::CODES.map(str::to_owned)) {
        assert!(guide.contains(&format!("`{code}`")), "schemas/README.md does not explain {code}");
    }
}

#[test]
fn no_reason_repeats_a_value() {
    let path = folder("placement-change").join("examples/invalid/many-mistakes-at-once.json");
    let unreadable = CONTRACTS.read(None, &fs::read(path).unwrap()).unwrap_err();
    for value in ["999 000 0018", "female", "09/04/2012", "bn1 6ag", "blue", "not a digest", "high", "Ada"] {
        assert!(unreadable.reasons.iter().all(|reason| !reason.message.contains(value)), "{value} is repeated");
    }
    assert!(unreadable.reasons.iter().all(|reason| reason.message.ends_with('.') && reason.message.len() > 15));
}

#[test]
fn the_answer_is_bounded() {
    let lines: Vec<&str> = vec![""; 10_000];
    let fields: serde_json::Map<String, Value> = (0..500).map(|n| (format!("field-{n}"), json!(n))).collect();
    let mut document = json!({ "type": "placement-change", "version": "1.0", "placement": { "addressLines": lines } });
    document.as_object_mut().unwrap().extend(fields);
    let unreadable = CONTRACTS.read(None, &serde_json::to_vec(&document).unwrap()).unwrap_err();
    assert_eq!(unreadable.reasons.len(), 50);
}

#[test]
fn the_schemas_are_schemas_and_receipts_have_theirs() {
    for message_type in MessageType::ALL {
        let name = message_type.name();
        let schema = json(&folder(name).join(format!("{name}.schema.json")));
        assert!(jsonschema::meta::validate(&schema).is_ok(), "{name}");
        assert_eq!(schema["properties"]["type"]["const"], name);
    }
    let schema = json(&folder("receipt").join("receipt.schema.json"));
    assert!(jsonschema::meta::validate(&schema).is_ok());
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    for name in ["accepted", "rejected"] {
        let receipt = json(&folder("receipt").join(format!("examples/valid/{name}.json")));
        assert!(validator.is_valid(&receipt), "{name}");
    }
    assert!(!validator.is_valid(
        &json!({ "type": "receipt", "version": "1.0", "messageId": "m-1", "verdict": "lost", "reasons": [], "obligations": [] })
    ));
}

fn read(path: &Path, content_type: Option<&str>) -> Message {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    CONTRACTS.read(content_type, &bytes).unwrap_or_else(|unreadable| panic!("{}: {unreadable:#?}", path.display()))
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}
