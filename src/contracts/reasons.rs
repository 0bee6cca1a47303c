//! From what the schema validator found to reasons that a supplier can act on.
//!
//! Sentences come from the schema's own descriptions, so that the contract and the answers say the same; a value is never
//! repeated.

use super::REASONS_MAX;
use domain::contract::push_segment;
use domain::message::Reason;
use jsonschema::JsonType;
use jsonschema::Validator;
use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind as Kind};
use serde_json::Value;

/// Most findings looked at: several can be about one place, and only one of those is told.
const FINDINGS_MAX: usize = 4 * REASONS_MAX;

/// Adds what is wrong with `value` to `found`. Where several things are wrong with one value, the first that has to be put
/// right is told: its type, then its length or range, then its form.
pub fn from_schema(validator: &Validator, schema: &Value, value: &Value, found: &mut Vec<Reason>) {
    let mut ranked: Vec<(u8, Reason)> = Vec::new();
    for error in validator.iter_errors(value).take(FINDINGS_MAX) {
        told(&error, schema, &mut ranked);
    }
    ranked.sort_by(|(left_rank, left), (right_rank, right)| (&left.path, left_rank).cmp(&(&right.path, right_rank)));
    ranked.dedup_by(|(_, later), (_, earlier)| later.path == earlier.path);
    // What the format's reader has told of a place is closer to the cause.
    ranked.retain(|(_, reason)| !found.iter().any(|known| known.path == reason.path));
    found.extend(ranked.into_iter().map(|(_, reason)| reason));
}

/// Sorted by path, each once, at most [`REASONS_MAX`].
pub fn in_order(mut reasons: Vec<Reason>) -> Vec<Reason> {
    reasons.sort_by(|left, right| (&left.path, &left.code).cmp(&(&right.path, &right.code)));
    reasons.dedup();
    reasons.truncate(REASONS_MAX);
    reasons
}

fn told(error: &ValidationError<'_>, schema: &Value, told: &mut Vec<(u8, Reason)>) {
    let path = error.instance_path().as_str();
    let node = parent(error.schema_path().as_str()).and_then(|parent| schema.pointer(parent));
    let description = node.and_then(|node| node.get("description")).and_then(Value::as_str).unwrap_or("what the contract says.");
    let expected = || format!("Expected: {}", uncapitalised(description));
    let (rank, code, sentence) = match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let what = node.and_then(|node| property_description(schema, node, name)).unwrap_or("see the contract.");
            return told.push((0, Reason::new("missing", below(path, name), format!("This is required: {}", uncapitalised(what)))));
        }
        Kind::AdditionalProperties { unexpected } => {
            let sentence = "The contract has no such field. Leave it out, or correct its name.";
            return told.extend(unexpected.iter().map(|name| (0, Reason::new("unknown-field", below(path, name), sentence))));
        }
        Kind::Type { kind } => (0, "wrong-type", format!("This has the wrong type. {}", group(kind).map_or_else(expected, str::to_owned))),
        Kind::Enum { options } => (1, "not-in-list", format!("Expected one of: {}.", listed(options))),
        Kind::Constant { expected_value } => (1, "not-in-list", format!("Expected: {}.", expected_value.as_str().unwrap_or_default())),
        Kind::MinLength { .. } => (1, "too-short", expected()),
        Kind::MaxLength { .. } => (1, "too-long", expected()),
        Kind::Minimum { .. } | Kind::Maximum { .. } => (1, "out-of-range", expected()),
        Kind::MaxItems { limit } => (1, "too-many", format!("At most {limit} are allowed.")),
        Kind::Format { .. } | Kind::Pattern { .. } => (2, "bad-format", expected()),
        _ => (3, "not-allowed", expected()),
    };
    told.push((rank, Reason::new(code, path, sentence)));
}

/// Groups and lists describe what they are for, not what they are.
fn group(kind: &TypeKind) -> Option<&'static str> {
    let is = |wanted| match kind {
        TypeKind::Single(one) => *one == wanted,
        TypeKind::Multiple(several) => several.contains(wanted),
    };
    let group = is(JsonType::Object).then_some("Expected: a group of fields in braces.");
    group.or_else(|| is(JsonType::Array).then_some("Expected: a list in brackets."))
}

fn parent(pointer: &str) -> Option<&str> {
    pointer.rsplit_once('/').map(|(parent, _)| parent)
}

fn below(path: &str, name: &str) -> String {
    let mut path = path.to_owned();
    push_segment(&mut path, name);
    path
}

/// What a property is: its own description, else that of what it refers to.
fn property_description<'s>(schema: &'s Value, node: &'s Value, name: &str) -> Option<&'s str> {
    let property = node.get("properties")?.get(name)?;
    let description = |node: &'s Value| node.get("description").and_then(Value::as_str);
    description(property).or_else(|| {
        let reference = property.get("$ref")?.as_str()?;
        description(schema.pointer(reference.strip_prefix('#')?)?)
    })
}

fn listed(options: &Value) -> String {
    let texts = options.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.collect::<Vec<_>>().join(", ")
}

/// The descriptions begin with an article or a plain word, never with a name.
fn uncapitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
