//! Arrival notices: to the commissioners of the area left and the area reached, for every placement (reg 13(2)), and to
//! the area authority for every placement out of area (reg 13(4)). The two boundaries are independent tests.

use super::stays::{Stay, whereabouts};
use super::view::{self, Role};
use super::{Desk, Parked, Required};
use crate::code::Code;
use crate::delivery::{Basis, Kind};
use crate::directory::{Candidate, Commissioner, Unresolved, Whereabouts};
use crate::timeline::{CarePeriod, VersionMark};
use jiff::{Timestamp, civil::Date};

/// Somebody whom a stay concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Concerned {
    pub recipient: Code,
    pub place: Option<Code>,
    pub role: Role,
}

impl Desk<'_> {
    /// Owes the arrival notices of a stay, and says whom it concerns (they are owed its end notice too).
    pub(super) fn arrival(&mut self, period: &CarePeriod, previous: Option<&Stay<'_>>, stay: &Stay<'_>) -> Vec<Concerned> {
        if stay.silent {
            return Vec::new();
        }
        let orphaned = previous.is_none() && needs_predecessor(period, stay);
        let parked = if orphaned { self.park(stay) } else { None };
        self.explain_stay(previous, stay, parked, orphaned);
        if let Some(until) = parked {
            self.explain_parked(stay, until);
            return Vec::new();
        }
        let concerned = self.concerned(period, previous, stay, orphaned);
        let first = self.owed.obligations.len();
        for one in &concerned {
            let since = match (one.role, previous) {
                (Role::FormerAreaCommissioner, Some(previous)) => self.concerned_since(&previous.last.versions, one.recipient),
                (Role::FormerAreaCommissioner, None) => None,
                _ => self.concerned_since(&stay.opening.versions, one.recipient),
            };
            let basis = if one.role == Role::AreaAuthority { Basis::ArrivalToAuthority } else { Basis::ArrivalToCommissioner };
            self.owed.obligations.push(Required {
                kind: Kind::ArrivalNotice,
                recipient: one.recipient,
                place: one.place,
                subject: stay.subject.to_owned(),
                due_on: Some(self.notice_deadline(stay, since)),
                basis,
                hold: None,
                content: view::arrival(self.policy, self.timeline, stay, one.role),
            });
        }
        self.explain_arrival(stay, &concerned, first, orphaned);
        concerned
    }

    /// A move without its predecessor waits for it, but never past its own deadline. Answers until when it still waits.
    fn park(&mut self, stay: &Stay<'_>) -> Option<Timestamp> {
        let due_on = self.notice_deadline(stay, None);
        let patience = first_recorded(stay).saturating_add(self.policy.park).unwrap_or(Timestamp::MAX);
        let release = patience.min(self.policy.midnight(due_on));
        if self.now < release {
            self.owed.parked.push(Parked { subject: stay.subject.to_owned(), until: release });
            self.wake(release);
            return Some(release);
        }
        if self.timeline.decided("orphaned-move", stay.subject).is_some() {
            return None;
        }
        let detail =
            "the placement before this one is unknown, so the commissioner of the area left could not be told; those of the new area were";
        self.ask("orphaned-move", stay.subject, detail.to_owned(), Vec::new(), self.policy.day(first_recorded(stay)));
        None
    }

    fn concerned(&mut self, period: &CarePeriod, previous: Option<&Stay<'_>>, stay: &Stay<'_>, orphaned: bool) -> Vec<Concerned> {
        let as_of = self.policy.day(placed_there_since(stay));
        let place = self.place_of(stay.subject, stay.told());
        let here = self.directory.locate(place, as_of);
        let mut concerned = Vec::with_capacity(3);
        if let Some(found) = self.organisation_or_ask(stay.subject, here.authority, as_of) {
            if let Some(said) = place.local_authority.filter(|said| *said != found) {
                self.contradictory_area(stay, found, said, as_of);
            }
            if found != self.timeline.authority {
                concerned.push(Concerned { recipient: found, place: None, role: Role::AreaAuthority });
            }
        }
        if let Some(commissioner) = self.commissioner_or_ask(stay.subject, here.commissioner, as_of) {
            add_commissioner(&mut concerned, commissioner, Role::NewAreaCommissioner);
        }
        if orphaned {
            return concerned;
        }
        // A care period without an origin is one question, asked once, about the care period; and the place of the stay
        // before is a question about that stay.
        let (subject, former) = match previous {
            Some(previous) => {
                (previous.subject, self.directory.locate(self.place_of(previous.subject, previous.last.told()), as_of).commissioner)
            }
            None => (stay.subject, self.home_area(period, as_of)),
        };
        if former.as_ref().is_err_and(|unresolved| unresolved.reason == "no-origin") {
            return concerned;
        }
        if let Some(commissioner) = self.commissioner_or_ask(subject, former, as_of) {
            add_commissioner(&mut concerned, commissioner, Role::FormerAreaCommissioner);
        }
        concerned
    }

    /// The commissioner of the area where the child was living before care.
    fn home_area(&self, period: &CarePeriod, as_of: Date) -> Result<Commissioner, Unresolved> {
        let home = CarePeriod::earliest(&period.home_postcode).map(String::as_str);
        if home.is_some() {
            let located = self.directory.locate(Whereabouts { postcode: home, local_authority: None }, as_of).commissioner;
            if located.is_ok() {
                return located;
            }
        }
        let origin = self.originating(period)?;
        self.directory.responsible_for(origin.code_at_entry, home, as_of)
    }

    fn contradictory_area(&mut self, stay: &Stay<'_>, found: Code, said: Code, as_of: Date) {
        if self.timeline.decided("contradictory-area", stay.subject).is_some() {
            return;
        }
        let candidate = |code: Code, evidence: &str| Candidate {
            code,
            name: self.directory.organisation(code).map(|body| body.name.clone()).unwrap_or_default(),
            evidence: evidence.to_owned(),
        };
        let unresolved = Unresolved {
            reason: "contradictory-area",
            sentence: "the postcode and the local authority of the placement do not agree; the postcode was followed".to_owned(),
            candidates: vec![candidate(found, "by the postcode"), candidate(said, "by the message")],
        };
        self.review(stay.subject, &unresolved, as_of);
    }

    /// reg 13(1): before the start, or for an unplanned placement within five working days of it. For somebody who became
    /// concerned by a later amendment, the clock starts when that was recorded, unless the start is still to come.
    pub(super) fn notice_deadline(&self, stay: &Stay<'_>, concerned_since: Option<Timestamp>) -> Date {
        let facts = &stay.told().facts;
        let days = self.policy.notice_working_days;
        let standard = if facts.planned {
            facts.started_on.yesterday().unwrap_or(facts.started_on)
        } else {
            self.directory.calendar.add(facts.started_on, days)
        };
        match concerned_since.map(|since| self.policy.day(since)) {
            Some(since) if !facts.planned || since >= facts.started_on => standard.max(self.directory.calendar.add(since, days)),
            _ => standard,
        }
    }

    /// When an amendment first made this recipient concerned; none where the first version known already did.
    fn concerned_since(&self, versions: &[VersionMark], recipient: Code) -> Option<Timestamp> {
        let newest = versions.last()?;
        if versions.iter().all(|version| same_place(version, newest)) {
            return None;
        }
        let mut since = newest;
        for version in versions.iter().rev() {
            let place = Whereabouts { postcode: version.postcode.as_deref(), local_authority: version.local_authority };
            let located = self.directory.locate(place, self.policy.day(version.recorded_at));
            let concerns =
                located.authority.is_ok_and(|code| code == recipient) || located.commissioner.is_ok_and(|body| body.body == recipient);
            if !concerns {
                return Some(since.recorded_at);
            }
            since = version;
        }
        None
    }
}

/// A move that is not the first of its care period came from somewhere.
fn needs_predecessor(period: &CarePeriod, stay: &Stay<'_>) -> bool {
    let facts = &stay.told().facts;
    facts.reason_for_change != "S" && facts.started_on > period.facts.started_on
}

fn first_recorded(stay: &Stay<'_>) -> Timestamp {
    stay.opening.versions.iter().map(|version| version.recorded_at).min().unwrap_or(stay.told().recorded_at)
}

/// When the version was recorded that first put the child where the newest one has it: on that day the responsible
/// bodies are looked up, so that a later reorganisation does not readdress what was already told.
pub(super) fn placed_there_since(stay: &Stay<'_>) -> Timestamp {
    let told = stay.told();
    let here = whereabouts(told);
    let run = stay.opening.versions.iter().rev().skip_while(|version| version.stamp != told.stamp);
    run.take_while(|version| version.postcode.as_deref() == here.postcode && version.local_authority == here.local_authority)
        .map(|version| version.recorded_at)
        .min()
        .unwrap_or(told.recorded_at)
}

fn same_place(one: &VersionMark, other: &VersionMark) -> bool {
    one.postcode == other.postcode && one.local_authority == other.local_authority
}

/// Two places of one body are one recipient, told once; the area reached comes first.
fn add_commissioner(concerned: &mut Vec<Concerned>, commissioner: Commissioner, role: Role) {
    if concerned.iter().all(|known| known.recipient != commissioner.body) {
        concerned.push(Concerned { recipient: commissioner.body, place: commissioner.place, role });
    }
}
