//! The chain of stays in a care period: which placements are moves, which only continue the one before, which are silent.

use super::Desk;
use crate::delivery::Kind;
use crate::directory::Whereabouts;
use crate::message::PlacementStatus;
use crate::timeline::{CarePeriod, Placement, Snapshot};
use jiff::civil::Date;

/// One stay in one place: the placement that began it, and the placements that only continued it.
#[derive(Clone, Debug)]
pub struct Stay<'a> {
    /// The id of the placement that began it: the subject of its notices.
    pub subject: &'a str,
    pub opening: &'a Placement,
    /// The last placement of the stay; the opening one where nothing continued it.
    pub last: &'a Placement,
    pub end: Option<End>,
    /// Whether notices are owed for it at all; the reason is recorded where not.
    pub silent: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    pub on: Date,
    pub by: EndedBy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// The placement's own end date.
    Placement,
    /// The start of the next one.
    NextStart,
    /// Leaving care.
    CarePeriod,
}

impl<'a> Stay<'a> {
    /// What notices of this stay are about.
    #[must_use]
    pub fn told(&self) -> &'a Snapshot {
        self.opening.told()
    }

    #[must_use]
    pub fn started_on(&self) -> Date {
        self.told().facts.started_on
    }

    /// Where the child lives in this stay.
    #[must_use]
    pub fn whereabouts(&self) -> Whereabouts<'a> {
        whereabouts(self.told())
    }
}

/// Where a snapshot says that the child lives.
#[must_use]
pub fn whereabouts(snapshot: &Snapshot) -> Whereabouts<'_> {
    Whereabouts { postcode: snapshot.facts.postcode.as_deref(), local_authority: snapshot.facts.local_authority }
}

/// The stays of a care period in order of their start. Suppressed placements are recorded on the desk.
pub(super) fn chain<'a>(desk: &mut Desk<'a>, period_id: &str, period: &'a CarePeriod) -> Vec<Stay<'a>> {
    let timeline = desk.timeline;
    let mut placements: Vec<(&'a str, &'a Placement)> = timeline
        .placements
        .iter()
        .filter(|(_, placement)| placement.newest.care_period == period_id && placement.newest.facts.status == PlacementStatus::Active)
        .map(|(id, placement)| (id.as_str(), placement))
        .collect();
    placements.sort_by_key(|(id, placement)| (placement.told().facts.started_on, *id));

    let mut chain: Vec<Stay<'a>> = Vec::new();
    for (id, placement) in placements {
        match desk.role(chain.last(), placement) {
            Role::Aside(why) => desk.silent(id, why),
            Role::Continues(why) => {
                desk.silent(id, why);
                if let Some(stay) = chain.last_mut() {
                    stay.last = placement;
                }
            }
            Role::Move { silent } => {
                if let Some(why) = silent {
                    desk.silent(id, why);
                }
                chain.push(Stay { subject: id, opening: placement, last: placement, end: None, silent: silent.is_some() });
            }
        }
    }
    let starts: Vec<Date> = chain.iter().map(Stay::started_on).collect();
    for (position, stay) in chain.iter_mut().enumerate() {
        stay.end = end(stay.last, starts.get(position + 1).copied(), period);
    }
    chain
}

const LEGAL_STATUS_ONLY: &str = "only the legal status changed: the child did not move";

enum Role {
    /// Not part of the chain: the placement before goes on meanwhile.
    Aside(&'static str),
    /// The same stay goes on under another episode.
    Continues(&'static str),
    Move {
        silent: Option<&'static str>,
    },
}

impl Desk<'_> {
    fn silent(&mut self, subject: &str, why: &'static str) {
        self.suppress(Kind::ArrivalNotice, subject, why);
        self.explain_silent(subject, why);
    }

    fn role(&self, before: Option<&Stay<'_>>, placement: &Placement) -> Role {
        let told = placement.told();
        let policy = self.policy;
        if policy.short_break_statuses.contains(&told.legal_status) {
            return Role::Aside("a short break: regulation 48 asks for no notice");
        }
        if policy.temporary_types.contains(&told.facts.placement_type) {
            return Role::Aside("a holiday or the like: the placement before goes on");
        }
        let same_place = before.is_some_and(|stay| whereabouts(stay.last.told()) == whereabouts(told));
        match told.facts.reason_for_change.as_str() {
            "L" if before.is_none() => return Role::Move { silent: Some(LEGAL_STATUS_ONLY) },
            "L" if same_place => return Role::Continues(LEGAL_STATUS_ONLY),
            "T" if same_place => return Role::Continues("the carer stayed at the same address: the child did not move"),
            _ => {}
        }
        let history = policy.notices_from.is_some_and(|from| told.facts.started_on < from);
        let adult = told.facts.started_on >= super::eighteenth_birthday(told.child.birth_date);
        let silent = match (history, adult) {
            (true, _) => Some("it started before this hub took over notifying"),
            (_, true) => Some("it started after the 18th birthday"),
            _ => None,
        };
        Role::Move { silent }
    }
}

/// When a stay ended, as far as it is known: its own end date, else the next start, else leaving care.
fn end(last: &Placement, next_start: Option<Date>, period: &CarePeriod) -> Option<End> {
    let own = last.newest.facts.ended_on.map(|on| End { on, by: EndedBy::Placement });
    let next = next_start.map(|on| End { on, by: EndedBy::NextStart });
    let left = period.facts.ended_on.map(|on| End { on, by: EndedBy::CarePeriod });
    own.or(next).or(left)
}
