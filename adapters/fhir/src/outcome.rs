//! Refusals of what a provider sends, as a FHIR OperationOutcome.

use serde_json::{Value, json};

/// What is wrong with one part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub issue: Issue,
    /// Where, as a FHIRPath expression.
    pub expression: String,
    /// What to do about it. It quotes nothing of the message.
    pub text: String,
}

/// The few of HL7's issue types that say what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issue {
    /// No FHIR message at all.
    Structure,
    Required,
    /// There, and not what it can be.
    Value,
    NotSupported,
    TooLong,
    /// The hub can't take anything now.
    Transient,
}

/// Why a message was not taken: every reason at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub Vec<Reason>);

impl Refusal {
    /// As the HTTP answer's body.
    #[must_use]
    pub fn operation_outcome(&self) -> Value {
        operation_outcome(&self.0)
    }
}

/// An OperationOutcome of errors; where there are none, one that says that all is well.
#[must_use]
pub fn operation_outcome(reasons: &[Reason]) -> Value {
    let mut issues: Vec<Value> = reasons.iter().map(Reason::issue).collect();
    if issues.is_empty() {
        issues.push(json!({ "severity": "information", "code": "informational" }));
    }
    json!({ "resourceType": "OperationOutcome", "issue": issues })
}

impl Reason {
    fn issue(&self) -> Value {
        json!({
            "severity": "error", "code": self.issue.code(), "details": { "text": self.text }, "expression": [self.expression]
        })
    }
}

impl Issue {
    /// HL7's code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Structure => "structure",
            Self::Required => "required",
            Self::Value => "value",
            Self::NotSupported => "not-supported",
            Self::TooLong => "too-long",
            Self::Transient => "transient",
        }
    }
}
