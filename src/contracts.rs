//! The published contracts: which documents the hub reads, and reading them.
//!
//! One [`Contract`] is one version of one message, compiled from its JSON Schema in `schemas/`. The schema is the one
//! truth: the XML reader's shape is made from it too, so that both formats are held to the same words. A document goes
//! bytes -> value -> contract -> message, and every mistake found on the way is reported at once. A FHIR message (a provider's answer
//! to a referral) becomes a value of the contract `referral-update` first.

mod format;
mod reasons;
mod schema;

pub use format::{FHIR, Format};

use domain::Code;
use domain::contract::Shape;
use domain::message::{Message, MessageType, Reason};
use domain::message_rules;
use jsonschema::Validator;
use serde_json::Value;
use std::cell::Cell;

/// Most reasons in one answer: whoever made fifty mistakes has to start over anyway.
pub const REASONS_MAX: usize = 50;

/// As much as a document may have, in either format.
pub const BYTES_MAX: usize = if json::BYTES_MAX > xml::BYTES_MAX { json::BYTES_MAX } else { xml::BYTES_MAX };

/// Every published version of every inbound message.
const PUBLISHED: [(MessageType, &str); 5] = [
    (MessageType::PlacementChange, include_str!("../schemas/placement-change/1.0/placement-change.schema.json")),
    (MessageType::WellbeingConcern, include_str!("../schemas/wellbeing-concern/1.0/wellbeing-concern.schema.json")),
    (MessageType::ReferralUpdate, include_str!("../schemas/referral-update/1.0/referral-update.schema.json")),
    (MessageType::ReclaimUpdate, include_str!("../schemas/reclaim-update/1.0/reclaim-update.schema.json")),
    (MessageType::Acknowledgement, include_str!("../schemas/acknowledgement/1.0/acknowledgement.schema.json")),
];
const VERSION: &str = "1.0";

/// The contracts, compiled: make it once, share it.
pub struct Contracts {
    contracts: Vec<Contract>,
    /// What is looked for in a document that has no contract: who sent it, so that it can be answered.
    header: Shape,
}

struct Contract {
    message_type: MessageType,
    namespace: String,
    schema: Value,
    shape: Shape,
    validator: Validator,
}

/// A document as its format's reader leaves it.
struct Draft {
    value: Value,
    /// What the reader found wrong already.
    found: Vec<Reason>,
    /// False where an XML document's root has no contract, or a FHIR message is no answer that the hub takes; `found` says so then.
    /// A JSON document names its contract inside.
    has_contract: bool,
}

/// A document that was not taken: why, and whatever could still be made out, so that a receipt can be addressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    pub message_type: Option<MessageType>,
    pub message_id: Option<String>,
    pub publisher: Option<Code>,
    /// Sorted by path; at least one, at most [`REASONS_MAX`].
    pub reasons: Vec<Reason>,
}

/// A published schema is broken: a fault of this build, not of any document.
#[derive(Debug, thiserror::Error)]
#[error("the published contract of {message_type} cannot be used: {problem}")]
pub struct BrokenContract {
    message_type: &'static str,
    problem: String,
}

impl Contracts {
    /// # Errors
    /// Where an embedded schema is broken.
    pub fn new() -> Result<Self, BrokenContract> {
        let contracts = PUBLISHED.iter().map(|(message_type, text)| Contract::new(*message_type, text)).collect::<Result<_, _>>()?;
        Ok(Self { contracts, header: schema::header() })
    }

    /// Reads one document. Without a content type, its first character decides between JSON and XML.
    ///
    /// # Errors
    /// With every reason found, where the document breaks its contract or a rule; or the first one, where it is neither
    /// JSON nor XML.
    pub fn read(&self, content_type: Option<&str>, bytes: &[u8]) -> Result<Message, Unreadable> {
        let draft = self.parse(content_type, bytes).map_err(|reason| Unreadable::new(&Value::Null, vec![reason]))?;
        if !draft.has_contract {
            return Err(Unreadable::new(&draft.value, draft.found));
        }
        match self.identify(&draft.value) {
            Ok(contract) => contract.read(draft.value, draft.found),
            Err(reason) => Err(Unreadable::new(&draft.value, [draft.found, vec![reason]].concat())),
        }
    }

    fn parse(&self, content_type: Option<&str>, bytes: &[u8]) -> Result<Draft, Reason> {
        match Format::of(content_type, bytes)? {
            Format::Fhir => Ok(match fhir::referral_update(&json::parse(bytes)?) {
                Ok(value) => Draft { value, found: Vec::new(), has_contract: true },
                Err(fhir::Refusal(reasons)) => {
                    let found = reasons.into_iter().map(|reason| Reason::new(reason.issue.code(), reason.expression, reason.text));
                    Draft { value: Value::Null, found: found.collect(), has_contract: false }
                }
            }),
            Format::Json => Ok(Draft { value: json::parse(bytes)?, found: Vec::new(), has_contract: true }),
            Format::Xml => {
                let has_contract = Cell::new(false);
                let contracts = |namespace: &str, root: &str| {
                    let contract = self.contract(root).filter(|contract| contract.namespace == namespace);
                    has_contract.set(contract.is_some());
                    contract.map_or_else(
                        || xml::Contract::Unknown { reason: self.unknown_root(namespace, root), header: &self.header },
                        |contract| xml::Contract::Known(&contract.shape),
                    )
                };
                let parsed = xml::parse(bytes, &contracts)?;
                Ok(Draft { value: parsed.value, found: parsed.reasons, has_contract: has_contract.get() })
            }
        }
    }

    fn contract(&self, name: &str) -> Option<&Contract> {
        self.contracts.iter().find(|contract| contract.message_type.name() == name)
    }

    fn unknown_root(&self, namespace: &str, root: &str) -> Reason {
        let Some(contract) = self.contract(root) else {
            return Reason::new("unknown-type", "", format!("The root element must be one of: {}.", self.types()));
        };
        let family = contract.namespace.trim_end_matches(char::is_numeric);
        let is_version =
            namespace.strip_prefix(family).is_some_and(|version| !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit()));
        let (code, what) = if is_version {
            ("unknown-version", "This version of the namespace is not known")
        } else {
            ("wrong-namespace", "The root element is in another namespace")
        };
        Reason::new(code, "", format!("{what}. Use {}.", contract.namespace))
    }

    /// The contract of a document by its `type` and `version`. A missing version is left to the schema to tell.
    fn identify(&self, value: &Value) -> Result<&Contract, Reason> {
        let Some(object) = value.as_object() else {
            return Err(Reason::new("wrong-type", "", "Expected: an object with `type`, `version` and the fields of that message."));
        };
        let known = || format!("one of: {}", self.types());
        let contract = match object.get("type") {
            None => return Err(Reason::new("missing", "/type", format!("This is required: {}.", known()))),
            Some(Value::String(name)) => self.contract(name),
            Some(_) => None,
        };
        let contract = contract.ok_or_else(|| Reason::new("unknown-type", "/type", format!("Expected {}.", known())))?;
        match object.get("version") {
            Some(version) if version != VERSION => {
                let sentence = format!("This version of {} is not known. Expected: {VERSION}.", contract.message_type.name());
                Err(Reason::new("unknown-version", "/version", sentence))
            }
            _ => Ok(contract),
        }
    }

    fn types(&self) -> String {
        self.contracts.iter().map(|contract| contract.message_type.name()).collect::<Vec<_>>().join(", ")
    }
}

impl Contract {
    fn new(message_type: MessageType, text: &str) -> Result<Self, BrokenContract> {
        let broken = |problem: String| BrokenContract { message_type: message_type.name(), problem };
        let schema: Value = serde_json::from_str(text).map_err(|error| broken(error.to_string()))?;
        let validator = jsonschema::options()
            .offline()
            .should_validate_formats(true)
            // Linear in the text, whatever the pattern.
            .with_pattern_options(jsonschema::PatternOptions::regex())
            .build(&schema)
            .map_err(|error| broken(error.to_string()))?;
        let shape = schema::shape(text).map_err(broken)?;
        let namespace = format!("urn:placement-hub:{}:1", message_type.name());
        Ok(Self { message_type, namespace, schema, shape, validator })
    }

    /// Holds a document against the schema, then, where it fits, against the rules of the message. `found` is what the
    /// format's reader found wrong already.
    fn read(&self, value: Value, mut found: Vec<Reason>) -> Result<Message, Unreadable> {
        if !self.validator.is_valid(&value) {
            reasons::from_schema(&self.validator, &self.schema, &value, &mut found);
        }
        if !found.is_empty() {
            return Err(Unreadable::new(&value, found));
        }
        let message = Message::from_value(self.message_type, value).map_err(|_| {
            // Tests hold every schema against its type, so this is for the document that nobody thought of.
            let sentence = "The document fits its contract, and still the hub could not read it. Report this as a fault of the hub.";
            let unreadable = Unreadable::new(&Value::Null, vec![Reason::new("not-read", "", sentence)]);
            Unreadable { message_type: Some(self.message_type), ..unreadable }
        })?;
        let broken = message_rules::check(&message);
        if broken.is_empty() {
            return Ok(message);
        }
        let header = message.header();
        Err(Unreadable {
            message_type: Some(self.message_type),
            message_id: Some(header.message_id.clone()),
            publisher: Some(header.publisher),
            reasons: reasons::in_order(broken),
        })
    }
}

impl Unreadable {
    /// What of the header is sound in `value` is kept; the rest counts as unknown.
    fn new(value: &Value, reasons: Vec<Reason>) -> Self {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let is_message_id = |id: &&str| (1..=80).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
        Self {
            message_type: text("type").and_then(MessageType::from_name),
            message_id: text("messageId").filter(is_message_id).map(str::to_owned),
            publisher: text("publisher").and_then(|code| Code::new(code).ok()),
            reasons: reasons::in_order(reasons),
        }
    }
}
