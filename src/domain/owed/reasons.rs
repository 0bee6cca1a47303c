//! Why: what each rule came to, in a sentence, for a person who asks. The rules hand over what they decided, so that the
//! sentences tell of the decision itself; without somebody who asks nothing is written.

use super::arrival::{Concerned, placed_there_since};
use super::origin::{Grade, Originating};
use super::stays::{End, EndedBy, Stay};
use super::view::{self, Role};
use super::{Desk, Required, eighteenth_birthday};
use crate::code::Code;
use crate::directory::AreaEvidence;
use crate::message::PlacementStatus;
use crate::rules::{Finding, Rule, Verdict};
use crate::timeline::{CarePeriod, Placement, Referral, Request};
use jiff::Timestamp;

impl Desk<'_> {
    /// Writes down what a rule came to, where somebody asks. The sentence is only made then.
    pub(super) fn note(&mut self, rule: Rule, subject: &str, verdict: Verdict, sentence: impl FnOnce(&Self) -> String) {
        if self.notes.is_none() {
            return;
        }
        let finding = Finding { rule, subject: subject.to_owned(), verdict, sentence: sentence(self) };
        if let Some(notes) = &mut self.notes {
            notes.push(finding);
        }
    }

    fn name(&self, code: Code) -> String {
        self.directory.organisation(code).map_or_else(|| code.to_string(), |body| format!("{code} ({})", body.name))
    }

    /// Rules 8, 9 and 18, and the placements that were cancelled (10).
    pub(super) fn explain_period(&mut self, id: &str, period: &CarePeriod) {
        if self.notes.is_none() {
            return;
        }
        match self.originating(period) {
            Ok(origin) => {
                let verdict = if period.is_contradicted() { Verdict::AsksAPerson } else { Verdict::Applies };
                self.note(Rule::Origin, id, verdict, |desk| desk.origin_sentence(period, origin));
                self.explain_succession(id, period, origin);
            }
            Err(unresolved) => self.note(Rule::Origin, id, Verdict::AsksAPerson, |_| unresolved.sentence),
        }
        match period.facts.ended_on {
            Some(on) => self.note(Rule::LeavingCare, id, Verdict::Applies, |_| {
                format!(
                    "care ended on {on}: those who were told of the last placement are told of its end; open reclaims stay with the originating commissioner of this period"
                )
            }),
            None => self.note(Rule::LeavingCare, id, Verdict::DoesNotApply, |_| "the child is still in care".to_owned()),
        }
        let timeline = self.timeline;
        for (placement_id, placement) in &timeline.placements {
            let facts = &placement.newest.facts;
            if placement.newest.care_period == id && facts.status == PlacementStatus::Cancelled {
                self.note(Rule::Amendments, placement_id, Verdict::Applies, |_| {
                    format!("version {} cancels it: what was not sent is retracted, what was sent is withdrawn", facts.version)
                });
            }
        }
    }

    fn origin_sentence(&self, period: &CarePeriod, origin: Originating) -> String {
        let by = match origin.grade {
            Grade::GpPractice => "the GP practice at entry, the best evidence",
            Grade::DeclaredCommissioner => "the authority's declaration, as no known GP practice was given",
            Grade::HomePostcode => "the home postcode at entry, as nothing better was given",
            Grade::Decided => "a person's decision",
        };
        let doubt =
            if period.is_contradicted() { "; a later message says otherwise, and the first one counts until a person decides" } else { "" };
        format!("{} is the originating commissioner by {by}{doubt}", self.name(origin.code_at_entry))
    }

    fn explain_succession(&mut self, id: &str, period: &CarePeriod, origin: Originating) {
        let home = CarePeriod::earliest(&period.home_postcode).map(String::as_str);
        let today = self.policy.day(self.now);
        match self.directory.responsible_for(origin.code_at_entry, home, today) {
            Ok(found) if found.body == origin.code_at_entry => {
                self.note(Rule::Succession, id, Verdict::DoesNotApply, |_| {
                    format!("{} is still the responsible body on {today}", found.body)
                });
            }
            Ok(found) => self.note(Rule::Succession, id, Verdict::Applies, |desk| {
                format!("on {today} {} answers for {}", desk.name(found.body), origin.code_at_entry)
            }),
            Err(unresolved) => self.note(Rule::Succession, id, Verdict::AsksAPerson, |_| unresolved.sentence),
        }
    }

    /// Rule 12, for a placement that is not a move.
    pub(super) fn explain_silent(&mut self, subject: &str, why: &str) {
        self.note(Rule::Silent, subject, Verdict::Applies, |_| format!("no notice: {why}"));
    }

    /// Rules 10 and 11, 13 to 16: what the stay is, before anybody is told.
    pub(super) fn explain_stay(&mut self, previous: Option<&Stay<'_>>, stay: &Stay<'_>, parked: Option<Timestamp>, orphaned: bool) {
        if self.notes.is_none() {
            return;
        }
        let subject = stay.subject;
        self.note(Rule::Amendments, subject, Verdict::Applies, |_| {
            let known = stay.opening.versions.len();
            let others = if known == 1 { "the only one known".to_owned() } else { format!("the newest of {known} known") };
            format!("version {} counts, {others}", stay.opening.newest.facts.version)
        });
        let (verdict, sentence) = match (previous, parked) {
            (_, Some(until)) => (Verdict::Waits, format!("the placement before it is unknown: its notices wait for it until {until}")),
            (Some(before), _) => (Verdict::Applies, format!("it follows {}, which ended by then", before.subject)),
            (None, _) if orphaned => (
                Verdict::AsksAPerson,
                "the placement before it never came: those of the new area are told, and a person finds out who was told before".to_owned(),
            ),
            (None, _) => (Verdict::Applies, "it is the first placement of the care period".to_owned()),
        };
        self.note(Rule::Order, subject, verdict, |_| sentence);
        self.explain_address(stay);
        self.explain_place(stay);
        let child = &stay.told().child;
        if let Some(reason) = stay.last.newest.facts.end_reason.as_deref().filter(|reason| matches!(*reason, "E11" | "E12")) {
            self.note(Rule::Adoption, subject, Verdict::Applies, |_| {
                format!("adopted ({reason}): the record closes and is never linked to a new identity")
            });
        } else if child.sibling_group.is_some() {
            self.note(Rule::Adoption, subject, Verdict::Applies, |_| {
                "there are brothers or sisters: each has notices of their own, and none names another".to_owned()
            });
        } else {
            self.note(Rule::Adoption, subject, Verdict::DoesNotApply, |_| "no adoption, and no siblings were named".to_owned());
        }
    }

    fn explain_address(&mut self, stay: &Stay<'_>) {
        let why = view::why_restricted(self.policy, stay.told());
        let (verdict, sentence) = match why {
            Some(why) => (Verdict::Applies, format!("{why}: notices give no address, and say to contact the duty desk")),
            None => (Verdict::DoesNotApply, "the address is not withheld".to_owned()),
        };
        self.note(Rule::Withheld, stay.subject, verdict, |_| sentence);
    }

    fn explain_place(&mut self, stay: &Stay<'_>) {
        let told = stay.told();
        let place = self.place_of(stay.subject, told);
        let decided = place != stay.whereabouts();
        let found = self.directory.locate(place, self.policy.day(placed_there_since(stay)));
        let (verdict, sentence) = match (found.evidence, &found.authority) {
            (_, Ok(area)) if decided => (Verdict::Applies, format!("a person decided that it is in the area of {}", self.name(*area))),
            (AreaEvidence::Postcode, _) => (Verdict::DoesNotApply, "the postcode is known".to_owned()),
            (AreaEvidence::LocalAuthority, _) => {
                (Verdict::Applies, "the postcode does not help, so that the local authority of the message was followed".to_owned())
            }
            (AreaEvidence::Nothing, _) => (
                Verdict::AsksAPerson,
                "neither a postcode nor a local authority places it: a person decides, with the clock running".to_owned(),
            ),
        };
        self.note(Rule::Place, stay.subject, verdict, |_| sentence);
    }

    /// Rules 1 and 2, of a move that waits for the one before it.
    pub(super) fn explain_parked(&mut self, stay: &Stay<'_>, until: Timestamp) {
        for rule in [Rule::ArrivalToCommissioner, Rule::ArrivalToAuthority] {
            self.note(rule, stay.subject, Verdict::Waits, |_| format!("decided when the placement before it is known, or at {until}"));
        }
    }

    /// Rules 1 to 3, 5, 12 and 14: who is told of the arrival, by when, and what they may know.
    pub(super) fn explain_arrival(&mut self, stay: &Stay<'_>, concerned: &[Concerned], first: usize, orphaned: bool) {
        if self.notes.is_none() {
            return;
        }
        let owed: Vec<Required> = self.owed.obligations[first..].to_vec();
        let subject = stay.subject;
        self.note(Rule::Silent, subject, Verdict::DoesNotApply, |_| "the child moved: notices are owed".to_owned());
        let commissioners: Vec<&Required> =
            concerned.iter().zip(&owed).filter(|(one, _)| one.role != Role::AreaAuthority).map(|(_, owed)| owed).collect();
        if commissioners.is_empty() {
            self.note(Rule::ArrivalToCommissioner, subject, Verdict::AsksAPerson, |_| "no commissioner could be told yet".to_owned());
        }
        for (one, owed) in concerned.iter().zip(&owed) {
            let (rule, who) = match one.role {
                Role::AreaAuthority => (Rule::ArrivalToAuthority, "the authority in whose area the child lives now"),
                Role::NewAreaCommissioner => (Rule::ArrivalToCommissioner, "the commissioner of the area where the child lives now"),
                Role::FormerAreaCommissioner => (Rule::ArrivalToCommissioner, "the commissioner of the area where the child was living"),
            };
            self.note(rule, subject, Verdict::Applies, |desk| {
                let due = owed.due_on.map(|due| format!(" by {due}")).unwrap_or_default();
                format!("{}, {who}, is told{due}", desk.name(one.recipient))
            });
        }
        let out_of_area = concerned.iter().any(|one| one.role == Role::AreaAuthority);
        if !out_of_area {
            let as_of = self.policy.day(placed_there_since(stay));
            let found = self.directory.locate(self.place_of(subject, stay.told()), as_of).authority;
            let own = found == Ok(self.timeline.authority);
            let (verdict, sentence) = if own {
                (Verdict::DoesNotApply, "the placement is in the responsible authority's own area")
            } else {
                (Verdict::AsksAPerson, "the authority of the area is not known yet")
            };
            self.note(Rule::ArrivalToAuthority, subject, verdict, |_| sentence.to_owned());
        }
        let moved_on = concerned.iter().any(|one| one.role == Role::FormerAreaCommissioner);
        self.note(Rule::Boundaries, subject, Verdict::Applies, |_| {
            let authority = if out_of_area { "is crossed" } else { "is not crossed" };
            let commissioner = match (moved_on, orphaned) {
                (true, _) => "is crossed",
                (false, false) => "is not crossed",
                (false, true) => "cannot be told, as the placement before is unknown",
            };
            format!("the authority's boundary {authority}; the commissioner's {commissioner}")
        });
        self.explain_deadlines(stay, &owed);
        self.note(Rule::LeastData, subject, Verdict::Applies, |_| {
            let whole = if out_of_area { "the area authority sees everything with the care plan; " } else { "" };
            format!("{whole}commissioners see the child, the placement and the health needs")
        });
    }

    fn explain_deadlines(&mut self, stay: &Stay<'_>, owed: &[Required]) {
        let facts = &stay.told().facts;
        let standard = self.notice_deadline(stay, None);
        let days = self.policy.notice_working_days;
        self.note(Rule::Deadline, stay.subject, Verdict::Applies, |_| {
            if facts.planned {
                format!("planned: notices are due before the start on {}, so by {standard}", facts.started_on)
            } else {
                format!("unplanned: notices are due within {days} working days of the start on {}, so by {standard}", facts.started_on)
            }
        });
        for later in owed.iter().filter(|one| one.due_on.is_some_and(|due| due != standard)) {
            self.note(Rule::Deadline, stay.subject, Verdict::Applies, |_| {
                let due = later.due_on.map(|due| due.to_string()).unwrap_or_default();
                format!(
                    "{} became concerned by an amendment: {days} working days from when that was recorded, so by {due}",
                    later.recipient
                )
            });
        }
    }

    /// Rule 4.
    pub(super) fn explain_ending(&mut self, stay: &Stay<'_>, end: Option<End>, told: &[Concerned]) {
        let Some(end) = end else {
            return self.note(Rule::End, stay.subject, Verdict::DoesNotApply, |_| "the placement has not ended".to_owned());
        };
        let by = match end.by {
            EndedBy::Placement => "it ended",
            EndedBy::NextStart => "the next placement began",
            EndedBy::CarePeriod => "the child left care",
        };
        if told.is_empty() {
            return self.note(Rule::End, stay.subject, Verdict::DoesNotApply, |_| format!("{by} on {}, and nobody was told of it", end.on));
        }
        self.note(Rule::End, stay.subject, Verdict::Applies, |desk| {
            let days = desk.policy.end_notice_working_days;
            let due = desk.directory.calendar.add(end.on, days);
            let who: Vec<String> = told.iter().map(|one| one.recipient.to_string()).collect();
            format!("{by} on {}: {} are told within {days} working days, so by {due}", end.on, who.join(", "))
        });
    }

    /// Rule 6.
    pub(super) fn explain_referral(&mut self, id: &str, request: &Request, provider: Option<Code>) {
        match provider {
            Some(provider) => self.note(Rule::Referral, id, Verdict::Applies, |desk| {
                let follows = request.asked.follows.as_deref().map(|other| format!(", following {other}")).unwrap_or_default();
                format!("{} serves the area where the child lives: it is asked at once{follows}, whatever it costs", desk.name(provider))
            }),
            None => {
                self.note(Rule::Referral, id, Verdict::AsksAPerson, |_| {
                    "who serves the area where the child lives is not known yet".to_owned()
                });
            }
        }
    }

    /// Rule 17, where the provider has answered or there is time left: refusals and silence say so themselves.
    pub(super) fn explain_answered(&mut self, id: &str, referral: &Referral, escalate_at: Option<Timestamp>) {
        match escalate_at {
            Some(at) => self.note(Rule::Unanswered, id, Verdict::Waits, |_| {
                format!("the provider has not answered; at {at} the child's worker is asked to act")
            }),
            None => self.note(Rule::Unanswered, id, Verdict::DoesNotApply, |_| {
                let events = referral.events.len();
                format!("the provider has answered ({events} update{})", if events == 1 { "" } else { "s" })
            }),
        }
    }

    /// Rules that had nothing to decide on at all.
    pub(super) fn explain_absent(&mut self) {
        let Some(notes) = &self.notes else { return };
        let silent: Vec<Rule> = Rule::ALL.iter().copied().filter(|rule| notes.iter().all(|note| note.rule != *rule)).collect();
        for rule in silent {
            self.note(rule, "", Verdict::DoesNotApply, |desk| desk.absent(rule).to_owned());
        }
        if let Some(notes) = &mut self.notes {
            notes.sort();
            notes.dedup();
        }
    }

    fn absent(&self, rule: Rule) -> &'static str {
        let adult = |placement: &Placement| {
            let child = &placement.newest.child;
            self.policy.day(self.now) >= eighteenth_birthday(child.birth_date)
        };
        match rule {
            Rule::Referral | Rule::Unanswered => "no referral was asked for",
            Rule::Reclaim if self.timeline.referrals.is_empty() => "no referral was asked for, so that there is nothing to claim",
            Rule::Reclaim => "the provider has not reported what makes a claim due",
            _ if self.timeline.placements.values().any(adult) => "the child is an adult now: no placement is owed a notice",
            _ if self.timeline.placements.is_empty() => "no placement is known",
            _ => "no placement made it a question",
        }
    }
}
