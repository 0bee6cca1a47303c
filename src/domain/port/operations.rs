//! What operators ask of a ledger beside lists and journeys, and what they keep in it: pauses of an organisation, remarks on a
//! group of failures.

use crate::code::Code;
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use uuid::Uuid;

/// Which clocks: what is owed by a date and not with its recipient, the earliest date first.
#[derive(Clone, Debug, Default)]
pub struct ClockFilter {
    pub recipient: Option<Code>,
    /// Only those after this date and delivery (keyset paging).
    pub after: Option<(Date, Uuid)>,
    pub limit: usize,
}

/// Which refused messages, newest first.
#[derive(Clone, Debug, Default)]
pub struct RejectionFilter {
    /// Who says to have sent them.
    pub sender: Option<Code>,
    /// Only those older than this message (keyset paging).
    pub before: Option<Uuid>,
    pub limit: usize,
}

/// A message that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectionRow {
    pub message: Uuid,
    /// Who says to have sent it; none where it could not be read that far.
    pub sender: Option<Code>,
    /// As its sender wrote it.
    pub message_id: String,
    pub message_type: String,
    pub intake: String,
    pub received_at: Timestamp,
    /// JSON: the receipt as it was answered, with every reason.
    pub receipt: String,
}

/// Nothing is sent to an organisation meanwhile; what is owed to it waits, and nothing is given up because of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pause {
    pub recipient: Code,
    pub from: Timestamp,
    /// None until somebody resumes.
    pub until: Option<Timestamp>,
    pub by: String,
    pub reason: String,
}

impl Pause {
    /// Whether it holds at a moment.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }

    /// Whether it is over for good.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// What people wrote beside a group of failures: the newest word on who looks after it, and a note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    pub recipient: Code,
    /// The group's cause, as [`crate::cause::fingerprint`] has it.
    pub cause: String,
    pub assignee: Option<String>,
    pub note: Option<String>,
    pub by: String,
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_holds_from_its_first_moment_to_just_before_its_last() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let pause = Pause { recipient: Code::NONE, from: at(10), until: Some(at(20)), by: String::new(), reason: String::new() };
        assert_eq!([9, 10, 19, 20].map(|second| pause.holds(at(second))), [false, true, true, false]);
        assert_eq!([19, 20].map(|second| pause.is_over(at(second))), [false, true]);
        let open = Pause { until: None, ..pause };
        assert!(open.holds(at(99)) && !open.is_over(at(99)));
    }
}
