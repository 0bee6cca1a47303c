//! What a commissioner answers to a claim, and what a person then decides.
//!
//! An answer changes the claim and nothing else: no referral and no notice is looked at here.

use super::Desk;
use crate::claim::{self, ClaimState, Claimed};
use crate::code::Code;
use crate::message::ReclaimStatus;
use crate::rules::{Rule, Verdict};
use crate::timeline::{ClaimEvent, Ruling};

/// What the body that is asked has said of one claim.
pub(super) struct Words<'a> {
    events: Vec<&'a ClaimEvent>,
}

impl<'a> Words<'a> {
    fn newest(&self) -> Option<&'a ClaimEvent> {
        claim::newest(&self.events)
    }

    /// What a claim keeps of them.
    pub(super) fn of(&self, claimed: Claimed) -> Claimed {
        let word = self.newest().map(|event| (event.status, event.occurred_on));
        Claimed { word, answered_pence: claim::answered(&self.events), ..claimed }
    }
}

impl<'a> Desk<'a> {
    /// The words of the body that is asked. What another one said, that was asked before or never, does not count.
    pub(super) fn words(&self, claim: &str, asked: Code, home: Option<&str>) -> Words<'a> {
        let events = self.timeline.claims.get(claim).into_iter().flatten();
        Words { events: events.filter(|event| self.speaks_for(event, asked, home)).collect() }
    }

    /// By its own code, by that of one of its places, or as its successor.
    fn speaks_for(&self, event: &ClaimEvent, asked: Code, home: Option<&str>) -> bool {
        let on = self.policy.day(event.stamp.sent_at);
        let body = |code| self.directory.responsible_for(code, home, on).map(|commissioner| commissioner.body).ok();
        event.commissioner == asked || body(asked).is_some_and(|asked| body(event.commissioner) == Some(asked))
    }

    /// Whether a person withdrew the claim because of any of these words. That holds, whatever the commissioner says later.
    pub(super) fn is_given_up(&self, claim: &str, words: &Words<'_>) -> bool {
        words.events.iter().any(|event| self.ruling(claim, event) == Some(Ruling::Decline))
    }

    /// Opens the question that the newest word raises, if it raises one that nobody has answered. The claim stays meanwhile.
    pub(super) fn ask_about(&mut self, claim: &str, words: &Words<'_>) {
        let Some(event) = words.newest() else { return };
        let Some(reason) = reason_to_ask(event.status) else { return };
        if self.ruling(claim, event).is_some() {
            return;
        }
        self.note(Rule::Reclaim, claim, Verdict::AsksAPerson, |_| {
            format!("the commissioner has {} it: a person decides whether it stands", ClaimState::from(event.status))
        });
        let said = event.reason.as_deref().map(|reason| format!(", and says: {reason}")).unwrap_or_default();
        let since = self.policy.day(event.recorded_at.unwrap_or(event.stamp.sent_at));
        let detail = format!(
            "{} has {} the claim{said}; proceed if it stands, decline to withdraw it",
            event.commissioner,
            ClaimState::from(event.status)
        );
        // Not the bare claim id: a receipt repeats what is asked about its own subject, and the reason may tell of a child.
        self.ask(reason, &claim::question_subject(claim, &event.stamp), detail, Vec::new(), since);
    }

    fn ruling(&self, claim: &str, event: &ClaimEvent) -> Option<Ruling> {
        self.timeline.decided(reason_to_ask(event.status)?, &claim::question_subject(claim, &event.stamp))
    }
}

const fn reason_to_ask(status: ReclaimStatus) -> Option<&'static str> {
    match status {
        ReclaimStatus::Disputed => Some("disputed-claim"),
        ReclaimStatus::Queried => Some("queried-claim"),
        ReclaimStatus::Acknowledged | ReclaimStatus::Agreed | ReclaimStatus::Paid => None,
    }
}
