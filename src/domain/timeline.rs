//! A child's timeline: what has been said of one child, joined so that the order of the messages does not matter.
//!
//! Every part is a join (newest version wins, earliest evidence stays, events are a set), so any permutation or repetition
//! of the same messages ends in the same timeline. Nothing here decides who is told: that is `owed`.

use crate::code::Code;
use crate::message::{
    CarePeriodFacts, Child, Contacts, Message, Needs, PlacementChange, PlacementFacts, ReclaimStatus, ReclaimUpdate, ReferralRequest,
    ReferralStatus, ReferralUpdate, WellbeingConcern,
};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A placement amended more often than this keeps its first version and the newest ones: more would be a fault at the publisher.
const VERSIONS_MAX: usize = 64;
/// Different values claimed for one piece of origin evidence; the earliest is always kept.
const CLAIMS_MAX: usize = 8;
/// Events on one referral or claim.
const EVENTS_MAX: usize = 200;

/// All that is known of one child at one responsible authority.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    pub authority: Code,
    pub local_id: String,
    pub care_periods: BTreeMap<String, CarePeriod>,
    pub placements: BTreeMap<String, Placement>,
    pub referrals: BTreeMap<String, Referral>,
    pub claims: BTreeMap<String, BTreeSet<ClaimEvent>>,
    /// What recipients said that they read or acted on, by the id that they named, with the first message that said so. Two
    /// for each delivery at most, its own id and its obligation's: the hub takes in no word on what it did not send.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub acknowledged: BTreeMap<Uuid, Stamp>,
    /// What people decided, by question ([`question`]).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub decisions: BTreeMap<String, Decision>,
}

/// A person's answer to a question that no rule could decide: an event of the timeline like any other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub stamp: Stamp,
    /// The operator, by name.
    pub by: String,
    pub reason: String,
    pub ruling: Ruling,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ruling {
    /// This organisation it is.
    Choose(Code),
    /// Go on as it stands: send what is held, accept what is missing.
    Proceed,
    /// Let it be: do not send what is held.
    Decline,
}

/// The name of a question: the same for the same thing asked of the same subject.
#[must_use]
pub fn question(reason: &str, subject: &str) -> String {
    format!("{reason}/{subject}")
}

/// When its publisher sent a message, and which it was: the total order by which "newer" is decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp {
    pub sent_at: Timestamp,
    pub message_id: String,
}

/// From coming into care to leaving it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CarePeriod {
    /// By the newest message.
    pub facts: CarePeriodFacts,
    pub stamp: Stamp,
    /// The first message that spoke of it.
    pub first: Stamp,
    /// Evidence of the originating commissioner: each value claimed, with its earliest message. The earliest counts.
    #[serde(default)]
    pub gp_practice: BTreeMap<String, Stamp>,
    #[serde(default)]
    pub commissioner: BTreeMap<Code, Stamp>,
    #[serde(default)]
    pub home_postcode: BTreeMap<String, Stamp>,
}

/// One stay in one place, with the marks of its versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placement {
    /// By the newest version.
    pub newest: Snapshot,
    /// The newest version that is not a change of legal status only, where that is another one: what notices are about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_legal_change: Option<Box<Snapshot>>,
    /// Every version known, oldest first.
    pub versions: Vec<VersionMark>,
}

/// What one message said of a placement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub stamp: Stamp,
    /// When the hub recorded it first.
    pub recorded_at: Timestamp,
    pub child: Child,
    pub care_period: String,
    pub legal_status: String,
    pub facts: PlacementFacts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<Needs>,
    #[serde(default)]
    pub contacts: Contacts,
}

/// What is kept of a version that has been overtaken: enough to tell since when somebody has been concerned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionMark {
    pub version: u32,
    pub stamp: Stamp,
    pub recorded_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postcode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_authority: Option<Code>,
}

/// A request for mental-health support, and what the provider says of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Referral {
    /// None while only updates have come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    #[serde(default)]
    pub events: BTreeSet<ReferralEvent>,
}

/// The newest form of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub stamp: Stamp,
    /// When the hub first recorded any form of it.
    pub recorded_at: Timestamp,
    pub asked: ReferralRequest,
    pub cause: Cause,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<Needs>,
    #[serde(default)]
    pub contacts: Contacts,
}

/// Why a referral was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// It came with this placement.
    Move { placement: String },
    /// Wellbeing deteriorated, as seen on this day.
    Concern { observed_on: Date },
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReferralEvent {
    pub stamp: Stamp,
    pub recorded_at: Timestamp,
    pub status: ReferralStatus,
    pub occurred_on: Date,
    pub provider: Code,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClaimEvent {
    pub stamp: Stamp,
    /// When the hub recorded it first; none in casefiles that were written before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<Timestamp>,
    pub status: ReclaimStatus,
    pub occurred_on: Date,
    pub commissioner: Code,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_pence: Option<u64>,
}

impl Timeline {
    #[must_use]
    pub fn new(authority: Code, local_id: &str) -> Self {
        Self { authority, local_id: local_id.to_owned(), ..Self::default() }
    }

    /// Joins a message into the timeline. `recorded_at` is when the hub recorded it first.
    pub fn apply(&mut self, message: &Message, recorded_at: Timestamp) {
        match message {
            Message::PlacementChange(change) => self.apply_placement(change, recorded_at),
            Message::WellbeingConcern(concern) => self.apply_concern(concern, recorded_at),
            Message::ReferralUpdate(update) => self.apply_referral_update(update, recorded_at),
            Message::ReclaimUpdate(update) => self.apply_reclaim_update(update, recorded_at),
            Message::Acknowledgement(acknowledgement) => {
                join_earliest(&mut self.acknowledged, acknowledgement.notice.id, &Stamp::of(&acknowledgement.header));
            }
        }
    }

    fn apply_placement(&mut self, change: &PlacementChange, recorded_at: Timestamp) {
        let stamp = Stamp::of(&change.header);
        self.join_care_period(&change.care_period, &stamp);
        let snapshot = Snapshot {
            stamp: stamp.clone(),
            recorded_at,
            child: change.child.clone(),
            care_period: change.care_period.id.clone(),
            legal_status: change.care_period.legal_status.clone(),
            facts: change.placement.clone(),
            needs: change.needs.clone(),
            contacts: change.contacts.clone(),
        };
        match self.placements.get_mut(&change.placement.id) {
            Some(placement) => placement.join(snapshot),
            None => {
                self.placements.insert(change.placement.id.clone(), Placement::first(snapshot));
            }
        }
        if let Some(asked) = &change.referral {
            let request = Request {
                stamp,
                recorded_at,
                asked: asked.clone(),
                cause: Cause::Move { placement: change.placement.id.clone() },
                needs: change.needs.clone(),
                contacts: change.contacts.clone(),
            };
            self.referrals.entry(asked.id.clone()).or_default().join(request);
        }
    }

    fn join_care_period(&mut self, facts: &CarePeriodFacts, stamp: &Stamp) {
        let period = self.care_periods.entry(facts.id.clone()).or_insert_with(|| CarePeriod {
            facts: facts.clone(),
            stamp: stamp.clone(),
            first: stamp.clone(),
            gp_practice: BTreeMap::new(),
            commissioner: BTreeMap::new(),
            home_postcode: BTreeMap::new(),
        });
        if *stamp > period.stamp {
            period.facts.clone_from(facts);
            period.stamp.clone_from(stamp);
        }
        if *stamp < period.first {
            period.first.clone_from(stamp);
        }
        // The evidence is kept apart, so that a later message which lacks it takes nothing away.
        period.facts.origin = None;
        let Some(origin) = &facts.origin else { return };
        join_claim(&mut period.gp_practice, origin.gp_practice.clone(), stamp);
        join_claim(&mut period.commissioner, origin.commissioner, stamp);
        join_claim(&mut period.home_postcode, origin.home_postcode.clone(), stamp);
    }

    fn apply_concern(&mut self, concern: &WellbeingConcern, recorded_at: Timestamp) {
        let request = Request {
            stamp: Stamp::of(&concern.header),
            recorded_at,
            asked: concern.referral.clone(),
            cause: Cause::Concern { observed_on: concern.observed_on },
            needs: concern.needs.clone(),
            contacts: concern.contacts.clone(),
        };
        self.referrals.entry(concern.referral.id.clone()).or_default().join(request);
    }

    fn apply_referral_update(&mut self, update: &ReferralUpdate, recorded_at: Timestamp) {
        let event = ReferralEvent {
            stamp: Stamp::of(&update.header),
            recorded_at,
            status: update.status,
            occurred_on: update.occurred_on,
            provider: update.header.publisher,
            reason: update.reason.clone(),
        };
        let events = &mut self.referrals.entry(update.referral.id.clone()).or_default().events;
        if events.len() < EVENTS_MAX {
            join_event(events, event, |event| &event.stamp);
        }
    }

    fn apply_reclaim_update(&mut self, update: &ReclaimUpdate, recorded_at: Timestamp) {
        let event = ClaimEvent {
            stamp: Stamp::of(&update.header),
            recorded_at: Some(recorded_at),
            status: update.status,
            occurred_on: update.occurred_on,
            commissioner: update.header.publisher,
            reason: update.reason.clone(),
            amount_pence: update.amount_pence,
        };
        let events = self.claims.entry(update.claim.id.clone()).or_default();
        join_event(events, event, |event| &event.stamp);
        // The newest word decides, so the oldest one goes.
        if events.len() > EVENTS_MAX {
            events.pop_first();
        }
    }

    /// Takes a person's decision in; of two on one question the newest counts.
    pub fn settle(&mut self, question: String, decision: Decision) {
        match self.decisions.get(&question) {
            Some(known) if known.stamp >= decision.stamp => {}
            _ => {
                self.decisions.insert(question, decision);
            }
        }
    }

    /// What was decided on a question.
    #[must_use]
    pub fn decided(&self, reason: &str, subject: &str) -> Option<Ruling> {
        self.decisions.get(&question(reason, subject)).map(|decision| decision.ruling)
    }

    /// The child as the newest snapshot of any placement describes it; none before the first placement.
    #[must_use]
    pub fn child(&self) -> Option<&Child> {
        self.placements.values().map(|placement| &placement.newest).max_by_key(|snapshot| &snapshot.stamp).map(|snapshot| &snapshot.child)
    }
}

impl Stamp {
    fn of(header: &crate::message::Header) -> Self {
        Self { sent_at: header.sent_at, message_id: header.message_id.clone() }
    }
}

impl Placement {
    fn first(snapshot: Snapshot) -> Self {
        Self { versions: vec![snapshot.mark()], newest: snapshot, before_legal_change: None }
    }

    /// The newest version wins, whenever it arrives; of two with the same version, the one sent last.
    fn join(&mut self, mut snapshot: Snapshot) {
        let mark = snapshot.mark();
        match self.versions.binary_search_by(|known| (known.version, &known.stamp).cmp(&(mark.version, &mark.stamp))) {
            Ok(known) => {
                let first = self.versions[known].recorded_at.min(mark.recorded_at);
                self.versions[known].recorded_at = first;
                snapshot.recorded_at = first;
            }
            Err(position) => self.versions.insert(position, mark),
        }
        if self.versions.len() > VERSIONS_MAX {
            self.versions.remove(1);
        }
        let candidates = [Some(snapshot), Some(self.newest.clone()), self.before_legal_change.take().map(|boxed| *boxed)];
        let mut candidates: Vec<_> = candidates.into_iter().flatten().collect();
        candidates.sort_by(|a, b| (b.facts.version, &b.stamp).cmp(&(a.facts.version, &a.stamp)));
        let told = candidates.iter().position(|snapshot| !snapshot.is_legal_change());
        self.before_legal_change = told.filter(|position| *position > 0).map(|position| Box::new(candidates[position].clone()));
        self.newest = candidates.swap_remove(0);
    }

    /// The version that notices are about.
    #[must_use]
    pub fn told(&self) -> &Snapshot {
        self.before_legal_change.as_deref().unwrap_or(&self.newest)
    }
}

impl Snapshot {
    fn mark(&self) -> VersionMark {
        VersionMark {
            version: self.facts.version,
            stamp: self.stamp.clone(),
            recorded_at: self.recorded_at,
            postcode: self.facts.postcode.clone(),
            local_authority: self.facts.local_authority,
        }
    }

    fn is_legal_change(&self) -> bool {
        self.facts.reason_for_change == "L"
    }
}

impl Referral {
    fn join(&mut self, mut request: Request) {
        if let Some(known) = &mut self.request {
            let first = known.recorded_at.min(request.recorded_at);
            if request.stamp > known.stamp {
                std::mem::swap(known, &mut request);
            }
            known.recorded_at = first;
        } else {
            self.request = Some(request);
        }
    }

    /// The newest word of the provider with this status.
    #[must_use]
    pub fn latest(&self, status: ReferralStatus) -> Option<&ReferralEvent> {
        self.events.iter().rev().find(|event| event.status == status)
    }
}

impl CarePeriod {
    /// The value that counts of one piece of evidence: the one claimed first.
    #[must_use]
    pub fn earliest<T: Ord>(claims: &BTreeMap<T, Stamp>) -> Option<&T> {
        claims.iter().min_by_key(|(_, stamp)| *stamp).map(|(value, _)| value)
    }

    /// Whether a later message claimed another origin.
    #[must_use]
    pub fn is_contradicted(&self) -> bool {
        self.gp_practice.len() > 1 || self.commissioner.len() > 1 || self.home_postcode.len() > 1
    }
}

fn join_claim<T: Ord + Clone>(claims: &mut BTreeMap<T, Stamp>, value: Option<T>, stamp: &Stamp) {
    let Some(value) = value else { return };
    join_earliest(claims, value, stamp);
    if claims.len() > CLAIMS_MAX {
        let newest = claims.iter().max_by_key(|(_, stamp)| *stamp).map(|(value, _)| value.clone());
        if let Some(newest) = newest {
            claims.remove(&newest);
        }
    }
}

/// The first message that said something stays.
fn join_earliest<T: Ord>(said: &mut BTreeMap<T, Stamp>, what: T, stamp: &Stamp) {
    let known = said.entry(what).or_insert_with(|| stamp.clone());
    if stamp < known {
        known.clone_from(stamp);
    }
}

/// Events are a set by message; of one message's, the one that was recorded first stays.
fn join_event<E: Ord>(events: &mut BTreeSet<E>, event: E, stamp: impl Fn(&E) -> &Stamp) {
    if !events.iter().any(|known| stamp(known) == stamp(&event) && *known <= event) {
        events.retain(|known| stamp(known) != stamp(&event));
        events.insert(event);
    }
}
