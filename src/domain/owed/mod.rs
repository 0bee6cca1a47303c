//! What is owed to whom because of a child's timeline: the heart.
//!
//! [`required`] is a pure function of the timeline, the directory, the policy and the time. It knows nothing of what was
//! sent before: `reconcile` compares. One module per kind of obligation; [`stays`] says what a placement is in the chain.

mod answer;
mod arrival;
mod chase;
mod ending;
mod origin;
mod reasons;
mod reclaim;
mod referral;
pub mod stays;
mod view;

pub use chase::{Chased, chased};
pub use origin::{Grade, Originating};
pub use reclaim::claim_id;
pub(crate) use view::withdrawal;

use crate::claim::Claimed;
use crate::code::Code;
use crate::delivery::{Basis, HoldReason, Kind};
use crate::directory::{Candidate, Commissioner, Directory, Unresolved, Whereabouts};
use crate::policy::Policy;
use crate::rules::Finding;
use crate::timeline::{Ruling, Snapshot, Timeline};
use jiff::{Timestamp, civil::Date};

/// Everything that the timeline asks for at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Owed {
    pub obligations: Vec<Required>,
    pub suppressed: Vec<Suppressed>,
    pub reviews: Vec<Review>,
    pub parked: Vec<Parked>,
    /// The claims among the obligations, with what their commissioners said.
    pub claims: Vec<Claimed>,
    /// When the answer changes although no message comes.
    pub wake_at: Option<Timestamp>,
}

/// A placement whose predecessor is unknown: its notices wait for it, until the time given at the latest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    pub subject: String,
    pub until: Timestamp,
}

/// One thing owed to one recipient.
#[derive(Clone, Debug, PartialEq)]
pub struct Required {
    /// Never a correction or withdrawal: those come of comparing.
    pub kind: Kind,
    pub recipient: Code,
    pub place: Option<Code>,
    /// The placement, referral or claim that it is about.
    pub subject: String,
    pub due_on: Option<Date>,
    /// Which rule asks for it.
    pub basis: Basis,
    pub hold: Option<HoldReason>,
    /// What this recipient may know: a JSON object, the same bytes for the same facts.
    pub content: String,
}

/// Something deliberately not sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suppressed {
    pub kind: Kind,
    pub subject: String,
    pub why: &'static str,
}

/// Something that a person decides.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// A bounded name, also a metric label.
    pub reason: &'static str,
    pub subject: String,
    pub detail: String,
    pub candidates: Vec<Candidate>,
    pub due_on: Option<Date>,
}

/// Decides what is owed at `now`.
#[must_use]
pub fn required(timeline: &Timeline, directory: &Directory, policy: &Policy, now: Timestamp) -> Owed {
    let mut desk = Desk { timeline, directory, policy, now, owed: Owed::default(), notes: None };
    desk.decide();
    desk.owed
}

/// As [`required`], with what each rule came to and why: by rule, then by subject.
#[must_use]
pub fn explained(timeline: &Timeline, directory: &Directory, policy: &Policy, now: Timestamp) -> (Owed, Vec<Finding>) {
    let mut desk = Desk { timeline, directory, policy, now, owed: Owed::default(), notes: Some(Vec::new()) };
    desk.decide();
    desk.explain_absent();
    (desk.owed, desk.notes.unwrap_or_default())
}

/// Questions that are answered by naming the authority in whose area a placement is.
const PLACE_QUESTIONS: [&str; 3] = ["unknown-postcode", "ended-postcode", "contradictory-area"];

/// What every rule works with, and where it puts its answers.
struct Desk<'a> {
    timeline: &'a Timeline,
    directory: &'a Directory,
    policy: &'a Policy,
    now: Timestamp,
    owed: Owed,
    /// Only where somebody asks why.
    notes: Option<Vec<Finding>>,
}

impl Desk<'_> {
    fn decide(&mut self) {
        let timeline = self.timeline;
        for (id, period) in &timeline.care_periods {
            let chain = stays::chain(self, id, period);
            self.origin_review(id, period);
            self.explain_period(id, period);
            for (position, stay) in chain.iter().enumerate() {
                let previous = position.checked_sub(1).map(|before| &chain[before]);
                let told = self.arrival(period, previous, stay);
                self.ending(stay, &told);
            }
        }
        for (id, referral) in &timeline.referrals {
            self.referral(id, referral);
            self.reclaims(id, referral);
        }
        self.owed.suppressed.sort();
        self.owed.suppressed.dedup();
    }

    fn suppress(&mut self, kind: Kind, subject: &str, why: &'static str) {
        self.owed.suppressed.push(Suppressed { kind, subject: subject.to_owned(), why });
    }

    /// What was found, or what a person chose in its place; else the question is opened.
    fn organisation_or_ask(&mut self, subject: &str, found: Result<Code, Unresolved>, since: Date) -> Option<Code> {
        let unresolved = match found {
            Ok(code) => return Some(code),
            Err(unresolved) => unresolved,
        };
        match self.timeline.decided(unresolved.reason, subject) {
            Some(Ruling::Choose(code)) => Some(code),
            Some(Ruling::Proceed | Ruling::Decline) => None,
            None => {
                self.review(subject, &unresolved, since);
                None
            }
        }
    }

    /// As [`Self::organisation_or_ask`]; a chosen commissioner of any age is followed to the body responsible on the day.
    fn commissioner_or_ask(&mut self, subject: &str, found: Result<Commissioner, Unresolved>, on: Date) -> Option<Commissioner> {
        let reason = match &found {
            Ok(commissioner) => return Some(*commissioner),
            Err(unresolved) => unresolved.reason,
        };
        match self.timeline.decided(reason, subject) {
            Some(Ruling::Choose(code)) => match self.directory.responsible_for(code, None, on) {
                Ok(commissioner) => Some(commissioner),
                Err(unresolved) => {
                    self.review(subject, &unresolved, on);
                    None
                }
            },
            _ => self
                .organisation_or_ask(subject, found.map(|commissioner| commissioner.body), on)
                .map(|body| Commissioner { body, place: None }),
        }
    }

    /// Where a placement is: as its message says, unless a person has said which authority it is.
    fn place_of<'s>(&self, subject: &str, snapshot: &'s Snapshot) -> Whereabouts<'s> {
        let said = stays::whereabouts(snapshot);
        let chosen = PLACE_QUESTIONS.iter().find_map(|reason| match self.timeline.decided(reason, subject) {
            Some(Ruling::Choose(authority)) => Some(authority),
            _ => None,
        });
        chosen.map_or(said, |authority| Whereabouts { postcode: None, local_authority: Some(authority) })
    }

    /// Opens a review item for something that could not be resolved, with the clock running from `since`.
    fn review(&mut self, subject: &str, unresolved: &Unresolved, since: Date) {
        self.ask(unresolved.reason, subject, unresolved.sentence.clone(), unresolved.candidates.clone(), since);
    }

    /// Opens a review item, once, with the clock running from `since`.
    fn ask(&mut self, reason: &'static str, subject: &str, detail: String, candidates: Vec<Candidate>, since: Date) {
        let due_on = Some(self.directory.calendar.add(since, self.policy.review_working_days));
        let item = Review { reason, subject: subject.to_owned(), detail, candidates, due_on };
        if !self.owed.reviews.contains(&item) {
            self.owed.reviews.push(item);
        }
    }

    /// The answer changes at `at`: decide again then.
    fn wake(&mut self, at: Timestamp) {
        if at > self.now && self.owed.wake_at.is_none_or(|known| at < known) {
            self.owed.wake_at = Some(at);
        }
    }
}

/// When a day is over.
fn midnight_after(policy: &Policy, day: Date) -> Timestamp {
    policy.midnight(day.tomorrow().unwrap_or(day))
}

/// The 18th birthday. Born on 29 February: 1 March.
fn eighteenth_birthday(born: Date) -> Date {
    let year = born.year().saturating_add(18);
    Date::new(year, born.month(), born.day()).or_else(|_| Date::new(year, 3, 1)).unwrap_or(Date::MAX)
}
