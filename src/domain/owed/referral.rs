//! Referrals to the CAMHS provider of the area where the child lives now, and the tasks that follow when it does not take them.
//!
//! Nothing in here looks at money, at whether a stay is short, or at whether the move was parked: care does not wait.

use super::{Desk, Required, view};
use crate::delivery::{Basis, Kind};
use crate::directory::Unresolved;
use crate::message::{PlacementStatus, ReferralStatus};
use crate::rules::{Rule, Verdict};
use crate::timeline::{Cause, Placement, Referral, Request};
use jiff::civil::Date;

impl<'a> Desk<'a> {
    pub(super) fn referral(&mut self, id: &str, referral: &'a Referral) {
        let Some(request) = &referral.request else { return };
        let Some(placement) = self.placement_of(request) else {
            self.no_placement(id, request);
            return self.explain_referral(id, request, None);
        };
        if is_revoked(placement, request) {
            return self
                .note(Rule::Referral, id, Verdict::DoesNotApply, |_| "it was cancelled with the placement that it came with".to_owned());
        }
        let told = placement.told();
        let recorded_on = self.policy.day(request.recorded_at);
        let on = recorded_on.max(told.facts.started_on);
        let provider = self.directory.locate(self.place_of(&told.facts.id, told), on).camhs;
        let recipient = self.organisation_or_ask(id, provider, recorded_on);
        self.explain_referral(id, request, recipient);
        if let Some(recipient) = recipient {
            self.owed.obligations.push(Required {
                kind: Kind::Referral,
                recipient,
                place: None,
                subject: id.to_owned(),
                // At once: the same day, short or unplanned stays alike.
                due_on: Some(recorded_on),
                basis: Basis::Referral,
                hold: None,
                content: view::referral(self.policy, self.timeline, id, request, placement),
            });
        }
        self.unanswered(id, referral, request);
    }

    /// Refused, or not answered in time: the responsible authority's worker is asked to act.
    fn unanswered(&mut self, id: &str, referral: &Referral, request: &Request) {
        let answer_by = self.directory.calendar.add(self.policy.day(request.recorded_at), self.policy.referral_answer_working_days);
        let refused = referral.latest(ReferralStatus::Refused);
        let (basis, refusal, since) = match refused {
            Some(refusal) => (Basis::Refused, Some(refusal), refusal.occurred_on),
            None if !referral.events.is_empty() => return self.explain_answered(id, referral, None),
            None => {
                let escalate_on = answer_by.tomorrow().unwrap_or(answer_by);
                let escalate_at = self.policy.midnight(escalate_on);
                if self.now < escalate_at {
                    self.explain_answered(id, referral, Some(escalate_at));
                    return self.wake(escalate_at);
                }
                (Basis::NoAnswer, None, escalate_on)
            }
        };
        self.note(Rule::Unanswered, id, Verdict::Applies, |desk| match refusal {
            Some(event) => format!("refused on {}: the child's worker at {} is asked to act", event.occurred_on, desk.timeline.authority),
            None => format!("not answered by {answer_by}: the child's worker at {} is asked to act", desk.timeline.authority),
        });
        self.owed.obligations.push(Required {
            kind: Kind::WorkerTask,
            recipient: self.timeline.authority,
            place: None,
            subject: id.to_owned(),
            due_on: Some(self.directory.calendar.add(since, self.policy.referral_answer_working_days)),
            basis,
            hold: None,
            content: view::task(self.timeline, id, refusal),
        });
    }

    /// The placement that a request is about: the one it came with, else the one where the child lives at that time.
    pub(super) fn placement_of(&self, request: &Request) -> Option<&'a Placement> {
        match &request.cause {
            Cause::Move { placement } => self.timeline.placements.get(placement),
            Cause::Concern { observed_on } => self.placement_on(self.policy.day(request.recorded_at).max(*observed_on)),
        }
    }

    /// Where the child lives on a day: the active placement that began last before it and has not ended; between two, the
    /// last one known.
    pub(super) fn placement_on(&self, day: Date) -> Option<&'a Placement> {
        let mut candidates: Vec<_> = self
            .timeline
            .placements
            .iter()
            .filter(|(_, placement)| placement.newest.facts.status == PlacementStatus::Active)
            .filter(|(_, placement)| placement.told().facts.started_on <= day)
            .collect();
        candidates.sort_by_key(|(id, placement)| (placement.told().facts.started_on, id.as_str()));
        let lives_there = |placement: &&Placement| {
            !self.policy.temporary_types.contains(&placement.told().facts.placement_type)
                && placement.newest.facts.ended_on.is_none_or(|ended| ended > day)
        };
        let current = candidates.iter().rev().map(|(_, placement)| *placement).find(lives_there);
        current.or_else(|| candidates.last().map(|(_, placement)| *placement))
    }

    fn no_placement(&mut self, id: &str, request: &Request) {
        let unresolved = Unresolved {
            reason: "no-placement",
            sentence:
                "a referral was asked for, but no placement of this child is known yet: it goes to the local provider as soon as one is"
                    .to_owned(),
            candidates: Vec::new(),
        };
        self.review(id, &unresolved, self.policy.day(request.recorded_at));
    }
}

/// Revoked with the placement that it came with.
pub(super) fn is_revoked(placement: &Placement, request: &Request) -> bool {
    matches!(request.cause, Cause::Move { .. }) && placement.newest.facts.status == PlacementStatus::Cancelled
}
