//! One child's casefile: the timeline, and what was issued because of it. Loaded, decided on, and recorded as one.

use crate::claim::standing;
use crate::code::Code;
use crate::delivery::{Basis, HoldReason, Kind, ObligationState};
use crate::directory::Directory;
use crate::message::Message;
use crate::owed::{self, Owed, withdrawal};
use crate::policy::Policy;
use crate::port::ClaimRow;
use crate::reconcile::{Draft, Issued, Step, reconcile};
use crate::timeline::Timeline;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Casefile {
    pub timeline: Timeline,
    /// In the order of issue.
    pub issued: Vec<Issued>,
    /// The last sequence number given to each recipient.
    pub sequences: BTreeMap<Code, u32>,
    /// How each claim stood after the last decision.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<String, ClaimRow>,
    /// When to decide again without a message.
    #[serde(default)]
    pub wake_at: Option<Timestamp>,
}

/// What a decision changes.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    pub issue: Vec<Issue>,
    pub retract: Vec<Uuid>,
    pub mark: Vec<(Uuid, ObligationState)>,
    /// Claims that are new or stand otherwise than before.
    pub claims: Vec<ClaimRow>,
    pub owed: Owed,
}

/// A new obligation, with the data that its recipient will read.
#[derive(Clone, Debug, PartialEq)]
pub struct Issue {
    pub id: Uuid,
    /// The delivery's id: fixed here, for ever.
    pub delivery: Uuid,
    pub kind: Kind,
    pub recipient: Code,
    pub place: Option<Code>,
    pub subject: String,
    pub due_on: Option<Date>,
    pub basis: Basis,
    pub sequence: u32,
    pub supersedes: Option<Uuid>,
    pub hold: Option<HoldReason>,
    /// `data` of the envelope: a JSON object.
    pub data: String,
}

impl Casefile {
    #[must_use]
    pub fn new(authority: Code, local_id: &str) -> Self {
        Self { timeline: Timeline::new(authority, local_id), ..Self::default() }
    }

    /// As a ledger keeps it, but for the seal.
    ///
    /// # Errors
    /// Where the format cannot hold it: never.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// # Errors
    /// Where it is damaged, or was written by a newer version.
    pub fn from_json(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }

    /// Joins a message (none: a clock rang), decides what is owed now, and takes the difference into the casefile.
    ///
    /// `touched` tells whether an obligation may have been seen by its recipient; `new_id` gives time-ordered ids.
    pub fn decide(
        &mut self,
        message: Option<&Message>,
        directory: &Directory,
        policy: &Policy,
        now: Timestamp,
        touched: impl Fn(Uuid) -> bool,
        new_id: &mut dyn FnMut() -> Uuid,
    ) -> Decision {
        if let Some(message) = message {
            self.timeline.apply(message, now);
        }
        let today = policy.day(now);
        let mut owed = owed::required(&self.timeline, directory, policy, now);
        let steps = reconcile(&owed.obligations, self.issued.iter().filter(|one| !one.basis.is_chase()), &touched, today);
        let mut decision = Decision { claims: self.stand(&owed, today), ..Decision::default() };
        self.take(steps, now, new_id, &mut decision);
        // What is chased follows from what stands as sent, so it is asked after the rest is settled.
        let chased = owed::chased(&self.timeline, &self.issued, directory, policy, now, &touched);
        let steps = reconcile(&chased.obligations, self.issued.iter().filter(|one| one.basis.is_chase()), &touched, today);
        self.take(steps, now, new_id, &mut decision);
        self.wake_at = owed.wake_at.into_iter().chain(chased.wake_at).min();
        owed.obligations = Vec::new();
        decision.owed = owed;
        decision
    }

    /// All that is owed at `now`, the chasing of what was issued so far among it: what another directory would make of this child.
    #[must_use]
    pub fn owed(&self, directory: &Directory, policy: &Policy, now: Timestamp, touched: impl Fn(Uuid) -> bool) -> Owed {
        let mut owed = owed::required(&self.timeline, directory, policy, now);
        let chased = owed::chased(&self.timeline, &self.issued, directory, policy, now, touched);
        owed.obligations.extend(chased.obligations);
        owed.wake_at = owed.wake_at.into_iter().chain(chased.wake_at).min();
        owed
    }

    fn take(&mut self, steps: Vec<Step>, now: Timestamp, new_id: &mut dyn FnMut() -> Uuid, decision: &mut Decision) {
        for step in steps {
            match step {
                Step::Retract(id) => {
                    self.set_state(id, ObligationState::Retracted);
                    decision.retract.push(id);
                }
                Step::Mark(id, state) => {
                    self.set_state(id, state);
                    decision.mark.push((id, state));
                }
                Step::Issue(draft) => {
                    let ids = Ids { obligation: new_id(), delivery: new_id() };
                    decision.issue.push(self.issue(*draft, ids, now));
                }
            }
        }
    }

    /// Takes in how the claims stand now, before anything new is issued; answers which stand otherwise.
    fn stand(&mut self, owed: &Owed, today: Date) -> Vec<ClaimRow> {
        let asked: BTreeSet<&str> =
            self.issued.iter().filter(|one| one.base == Kind::ReclaimRequest).map(|one| one.subject.as_str()).collect();
        let changed = standing(&self.claims, &asked, &owed.claims, today);
        self.claims.extend(changed.iter().map(|row| (row.id.clone(), row.clone())));
        changed
    }

    fn issue(&mut self, draft: Draft, ids: Ids, now: Timestamp) -> Issue {
        let sequence = self.sequences.entry(draft.recipient).or_insert(0);
        *sequence += 1;
        let sequence = *sequence;
        let superseded = draft.supersedes.and_then(|id| self.issued.iter().find(|one| one.id == id)).map(|one| one.sequence);
        let content =
            if draft.kind.is_withdrawal() { withdrawal(&self.timeline, draft.kind, &draft.subject) } else { draft.content.clone() };
        let data = data(&draft, &content, sequence, superseded);
        self.issued.push(Issued {
            id: ids.obligation,
            delivery: Some(ids.delivery),
            issued_at: Some(now),
            kind: draft.kind,
            base: draft.base,
            recipient: draft.recipient,
            place: draft.place,
            subject: draft.subject.clone(),
            sequence,
            supersedes: draft.supersedes,
            digest: draft.digest,
            state: if draft.hold.is_some() { ObligationState::Held } else { ObligationState::InForce },
            hold: draft.hold,
            due_on: draft.due_on,
            basis: draft.basis,
        });
        Issue {
            id: ids.obligation,
            delivery: ids.delivery,
            kind: draft.kind,
            recipient: draft.recipient,
            place: draft.place,
            subject: draft.subject,
            due_on: draft.due_on,
            basis: draft.basis,
            sequence,
            supersedes: draft.supersedes,
            hold: draft.hold,
            data,
        }
    }

    fn set_state(&mut self, id: Uuid, state: ObligationState) {
        if let Some(one) = self.issued.iter_mut().find(|one| one.id == id) {
            one.state = state;
        }
    }

    /// What is in force, as a set: the kind first owed, the recipient, the subject and what the recipient is to believe.
    /// The same for every order in which the same messages came; so what is chased is not among it, which is about what was sent
    /// on the way.
    #[must_use]
    pub fn in_force(&self) -> BTreeMap<(Kind, Code, String), (String, bool)> {
        let live = |one: &&Issued| matches!(one.state, ObligationState::InForce | ObligationState::Held);
        self.issued
            .iter()
            .filter(live)
            .filter(|one| !one.kind.is_withdrawal() && !one.basis.is_chase())
            .map(|one| ((one.base, one.recipient, one.subject.clone()), (format!("{:?}", one.digest), one.hold.is_some())))
            .collect()
    }
}

/// What a new obligation and its delivery will be called.
struct Ids {
    obligation: Uuid,
    delivery: Uuid,
}

/// The recipient's view, with what every message to it begins with.
fn data(draft: &Draft, content: &str, sequence: u32, superseded: Option<u32>) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Common<'a> {
        sequence: u32,
        basis: Basis,
        due_by: Option<Date>,
        #[serde(skip_serializing_if = "Option::is_none")]
        supersedes: Option<u32>,
        subject: &'a str,
    }
    let common = Common { sequence, basis: draft.basis, due_by: draft.due_on, supersedes: superseded, subject: &draft.subject };
    let mut data = serde_json::to_string(&common).unwrap_or_default();
    if let Some(rest) = content.strip_prefix('{').filter(|rest| *rest != "}") {
        data.pop();
        data.push(',');
        data.push_str(rest);
    }
    data
}
