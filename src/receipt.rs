//! The receipt: what the publisher is told of its message. No child data: receipts travel and are kept in the clear.

use domain::Code;
use domain::casefile::Decision;
use domain::delivery::{Kind, ObligationState};
use domain::message::Reason;
use domain::reconcile::Issued;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type", rename = "receipt")]
pub struct Receipt {
    pub version: String,
    /// Null where the message could not be read that far.
    pub message_id: Option<String>,
    pub verdict: Verdict,
    /// Every reason found; with `accepted` and `parked`, what a person will look at.
    pub reasons: Vec<Reason>,
    /// What this message caused or changed.
    pub obligations: Vec<ReceiptLine>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Accepted,
    Duplicate,
    /// Taken, but it waits for a message that must come before it.
    Parked,
    Rejected,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptLine {
    pub id: Uuid,
    pub kind: Kind,
    pub recipient: Code,
    pub due_by: Option<Date>,
    pub state: ObligationState,
}

impl Verdict {
    pub const ALL: [Self; 4] = [Self::Accepted, Self::Duplicate, Self::Parked, Self::Rejected];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Parked => "parked",
            Self::Rejected => "rejected",
        }
    }
}

impl Receipt {
    #[must_use]
    pub fn rejected(message_id: Option<String>, reasons: Vec<Reason>) -> Self {
        Self { version: "1.0".to_owned(), message_id, verdict: Verdict::Rejected, reasons, obligations: Vec::new() }
    }

    /// Other content under a message id that was used before.
    #[must_use]
    pub fn reused(message_id: Option<String>) -> Self {
        let sentence = "this messageId was used before for other content; send it again under a new messageId";
        Self::rejected(message_id, vec![Reason::new("message-id-reused", "/messageId", sentence)])
    }

    /// The receipt of a message that was taken. `issued` is the casefile's list after the decision.
    #[must_use]
    pub fn taken(message_id: &str, subject: &str, decision: &Decision, issued: &[Issued]) -> Self {
        let parked = decision.owed.parked.iter().find(|parked| parked.subject == subject);
        let waits = parked.map(|parked| {
            let until = parked.until.strftime("%Y-%m-%dT%H:%M:%SZ");
            let sentence =
                format!("the placement before this one is not known yet: its notices wait for that message, and go without it at {until}");
            Reason::new("awaits-predecessor", "/placement", sentence)
        });
        let reviews = decision.owed.reviews.iter().filter(|review| review.subject == subject);
        let without_placement = reviews.clone().any(|review| review.reason == "no-placement");
        let reviews = reviews.map(|review| Reason::new(review.reason, "", format!("for review: {}", review.detail)));
        let changed =
            decision.retract.iter().chain(decision.mark.iter().map(|(id, _)| id)).chain(decision.issue.iter().map(|issue| &issue.id));
        let obligations = changed
            .filter_map(|id| issued.iter().find(|one| one.id == *id))
            .map(|one| ReceiptLine { id: one.id, kind: one.kind, recipient: one.recipient, due_by: one.due_on, state: one.state })
            .collect();
        Self {
            version: "1.0".to_owned(),
            message_id: Some(message_id.to_owned()),
            verdict: if parked.is_some() || without_placement { Verdict::Parked } else { Verdict::Accepted },
            reasons: waits.into_iter().chain(reviews).collect(),
            obligations,
        }
    }

    #[must_use]
    pub fn json(&self) -> String {
        // Strings, ids and dates: serialising cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}
