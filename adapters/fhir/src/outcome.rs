//! Answers to what a provider sends, as a FHIR OperationOutcome.

use serde_json::{Value, json};

/// What is wrong with one part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub issue: Issue,
    /// Where, as a FHIRPath expression; empty where it is about the whole message.
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
    /// It can be read, and a rule of the hub's speaks against it.
    BusinessRule,
    /// Nobody knows who asks.
    Login,
    Forbidden,
    /// The message did not come in time.
    Timeout,
    /// Too many at once.
    Throttled,
    /// The hub can't take anything now.
    Transient,
    /// The hub made a mistake.
    Exception,
}

/// Why a message was not taken: every reason at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub Vec<Reason>);

/// That a message was not taken, and why: at least one reason.
#[must_use]
pub fn refusal(reasons: &[Reason]) -> Value {
    outcome(reasons.iter().map(Reason::issue).collect())
}

/// That a message was taken: `verdict` is the hub's word for it (`accepted`, `duplicate`), with what else there is to know.
#[must_use]
pub fn taken(verdict: &str, notes: &[String]) -> Value {
    let said = std::iter::once(verdict).chain(notes.iter().map(String::as_str));
    outcome(said.map(|text| json!({ "severity": "information", "code": "informational", "details": { "text": text } })).collect())
}

fn outcome(issues: Vec<Value>) -> Value {
    json!({ "resourceType": "OperationOutcome", "issue": issues })
}

impl Reason {
    fn issue(&self) -> Value {
        let mut issue = json!({ "severity": "error", "code": self.issue.code(), "details": { "text": self.text } });
        if !self.expression.is_empty() {
            issue["expression"] = json!([self.expression]);
        }
        issue
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
            Self::BusinessRule => "business-rule",
            Self::Login => "login",
            Self::Forbidden => "forbidden",
            Self::Timeout => "timeout",
            Self::Throttled => "throttled",
            Self::Transient => "transient",
            Self::Exception => "exception",
        }
    }
}
