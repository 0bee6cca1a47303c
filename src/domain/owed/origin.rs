//! The originating commissioner: responsible immediately before this period of care began (SI 2012/2996 Sch 1 para 4).

use super::Desk;
use crate::code::Code;
use crate::directory::{Unresolved, Whereabouts};
use crate::timeline::{CarePeriod, Ruling};
use serde::Serialize;

/// The code as at entry, never recomputed, and how good the evidence for it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Originating {
    pub code_at_entry: Code,
    pub grade: Grade,
}

/// Best first: GP registration decides, usual residence only where there is nothing better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    GpPractice,
    DeclaredCommissioner,
    HomePostcode,
    /// A person said so.
    Decided,
}

impl Desk<'_> {
    /// Grades the evidence of a care period: GP practice at entry, else declared commissioner, else home postcode at entry.
    pub(super) fn originating(&self, period: &CarePeriod) -> Result<Originating, Unresolved> {
        let entry = period.facts.started_on;
        for reason in ["contradictory-origin", "no-origin"] {
            if let Some(Ruling::Choose(code_at_entry)) = self.timeline.decided(reason, &period.facts.id) {
                return Ok(Originating { code_at_entry, grade: Grade::Decided });
            }
        }
        let by_practice =
            CarePeriod::earliest(&period.gp_practice).and_then(|practice| self.directory.commissioner_of_practice(practice, entry));
        if let Some(code_at_entry) = by_practice {
            return Ok(Originating { code_at_entry, grade: Grade::GpPractice });
        }
        if let Some(code_at_entry) = CarePeriod::earliest(&period.commissioner).copied() {
            return Ok(Originating { code_at_entry, grade: Grade::DeclaredCommissioner });
        }
        let Some(postcode) = CarePeriod::earliest(&period.home_postcode) else {
            return Err(Unresolved {
                reason: "no-origin",
                sentence: "nothing says where the child lived before this period of care: no GP practice that the directory knows, no declared commissioner, no home postcode".to_owned(),
                candidates: Vec::new(),
            });
        };
        let home = Whereabouts { postcode: Some(postcode), local_authority: None };
        let commissioner = self.directory.locate(home, entry).commissioner?;
        Ok(Originating { code_at_entry: commissioner.place.unwrap_or(commissioner.body), grade: Grade::HomePostcode })
    }

    /// A later message that contradicts the origin, or no origin at all, is for a person.
    pub(super) fn origin_review(&mut self, period_id: &str, period: &CarePeriod) {
        let since = self.policy.day(period.first.sent_at);
        if period.is_contradicted() && self.timeline.decided("contradictory-origin", period_id).is_none() {
            let candidates = period
                .commissioner
                .iter()
                .map(|(code, stamp)| crate::directory::Candidate {
                    code: *code,
                    name: self.directory.organisation(*code).map(|body| body.name.clone()).unwrap_or_default(),
                    evidence: format!("declared on {}", self.policy.day(stamp.sent_at)),
                })
                .collect();
            let detail = "a later message gives another origin for this period of care; the first one still counts";
            self.ask("contradictory-origin", period_id, detail.to_owned(), candidates, since);
        }
        if let Err(unresolved) = self.originating(period)
            && self.timeline.decided(unresolved.reason, period_id).is_none()
        {
            self.review(period_id, &unresolved, since);
        }
    }
}
