//! What is owed against what was issued: the difference, and nothing else.
//!
//! For each (kind, recipient, subject) there is what the recipient believes (the last thing that may have reached it), what
//! is on its way, and what is owed now. From these three follows the one step that sets it right. Sent things are corrected or
//! withdrawn, never overwritten; unsent things are retracted.

use crate::code::Code;
use crate::delivery::{Basis, HoldReason, Kind, ObligationState};
use crate::hex::hex;
use crate::owed::Required;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Something that was issued, as the child's casefile keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Issued {
    pub id: Uuid,
    /// Its delivery: the `id` of the envelope, which the recipient names when it acknowledges. None in casefiles that were written
    /// before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Uuid>,
    /// None in casefiles that were written before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<Timestamp>,
    /// What was sent: may be a correction or withdrawal.
    pub kind: Kind,
    /// What it is about: the kind of what was first owed.
    pub base: Kind,
    pub recipient: Code,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Code>,
    pub subject: String,
    pub sequence: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<Uuid>,
    pub digest: ContentDigest,
    pub state: ObligationState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldReason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<Date>,
    pub basis: Basis,
}

/// The first 128 bits of SHA-256 over what the recipient sees, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentDigest(String);

impl ContentDigest {
    #[must_use]
    pub fn of(content: &str) -> Self {
        Self(hex(&Sha256::digest(content.as_bytes())[..16]))
    }
}

/// What to do, in order. Ids are given by the caller: identity is not decided here.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Nothing of it ever left: take it back.
    Retract(Uuid),
    /// What was sent is overtaken, or in force again.
    Mark(Uuid, ObligationState),
    Issue(Box<Draft>),
}

/// Something to issue.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub kind: Kind,
    pub base: Kind,
    pub recipient: Code,
    pub place: Option<Code>,
    pub subject: String,
    pub due_on: Option<Date>,
    pub basis: Basis,
    pub hold: Option<HoldReason>,
    pub supersedes: Option<Uuid>,
    /// Empty in a withdrawal.
    pub content: String,
    pub digest: ContentDigest,
}

type Key<'a> = (Kind, Code, &'a str);

/// Compares. `touched` tells whether an obligation may have been seen by its recipient; `today` is when a correction or
/// withdrawal falls due: at once.
#[must_use]
pub fn reconcile<'a>(
    required: &[Required],
    issued: impl IntoIterator<Item = &'a Issued>,
    touched: impl Fn(Uuid) -> bool,
    today: Date,
) -> Vec<Step> {
    let mut threads: BTreeMap<Key<'_>, Vec<&Issued>> = BTreeMap::new();
    for one in issued {
        threads.entry((one.base, one.recipient, one.subject.as_str())).or_default().push(one);
    }
    let mut steps = Vec::new();
    for owed in required {
        let thread = threads.remove(&(owed.kind, owed.recipient, owed.subject.as_str())).unwrap_or_default();
        settle_owed(owed, &Thread::read(&thread, &touched), today, &mut steps);
    }
    for thread in threads.into_values() {
        settle_unowed(&Thread::read(&thread, &touched), today, &mut steps);
    }
    steps
}

/// Where one (kind, recipient, subject) stands.
#[derive(Default)]
struct Thread<'a> {
    /// The last notice or correction that may have reached the recipient, with no withdrawal sent after it.
    believed: Option<&'a Issued>,
    /// A notice or correction that has not left yet.
    pending: Option<&'a Issued>,
    /// A withdrawal that has not left yet.
    leaving: Option<&'a Issued>,
}

impl<'a> Thread<'a> {
    fn read(thread: &[&'a Issued], touched: &impl Fn(Uuid) -> bool) -> Self {
        let mut read = Self::default();
        for one in thread.iter().filter(|one| one.state != ObligationState::Retracted) {
            match (touched(one.id), one.kind.is_withdrawal()) {
                (true, withdrawal) => read = Self { believed: (!withdrawal).then_some(*one), ..Self::default() },
                (false, true) => read.leaving = Some(one),
                (false, false) => read.pending = Some(one),
            }
        }
        read
    }

    /// Whether just this is on its way already.
    fn awaits(&self, owed: &Required, digest: &ContentDigest, supersedes: Option<Uuid>) -> bool {
        self.pending.is_some_and(|pending| {
            pending.digest == *digest && pending.supersedes == supersedes && pending.hold.is_some() == owed.hold.is_some()
        })
    }
}

fn settle_owed(owed: &Required, thread: &Thread<'_>, today: Date, steps: &mut Vec<Step>) {
    let digest = ContentDigest::of(&owed.content);
    match thread.believed {
        // What a person has to decide on must not stand as sent: it is withdrawn, and waits anew.
        Some(believed) if owed.hold.is_some() => {
            withdraw(believed, thread, today, steps);
            issue_anew(owed, thread, digest, steps);
        }
        Some(believed) if believed.digest == digest => {
            retract(thread.leaving, steps);
            retract(thread.pending, steps);
            mark(believed, ObligationState::InForce, steps);
        }
        Some(believed) => {
            retract(thread.leaving, steps);
            if thread.awaits(owed, &digest, Some(believed.id)) {
                return;
            }
            retract(thread.pending, steps);
            mark(believed, ObligationState::Corrected, steps);
            steps.push(Step::Issue(Box::new(Draft {
                kind: correction_of(owed.kind),
                supersedes: Some(believed.id),
                due_on: Some(owed.due_on.map_or(today, |due_on| due_on.max(today))),
                ..draft(owed, digest)
            })));
        }
        None => issue_anew(owed, thread, digest, steps),
    }
}

fn settle_unowed(thread: &Thread<'_>, today: Date, steps: &mut Vec<Step>) {
    retract(thread.pending, steps);
    if let Some(believed) = thread.believed {
        withdraw(believed, thread, today, steps);
    }
}

fn issue_anew(owed: &Required, thread: &Thread<'_>, digest: ContentDigest, steps: &mut Vec<Step>) {
    if !thread.awaits(owed, &digest, None) {
        retract(thread.pending, steps);
        steps.push(Step::Issue(Box::new(draft(owed, digest))));
    }
}

fn withdraw(believed: &Issued, thread: &Thread<'_>, today: Date, steps: &mut Vec<Step>) {
    if thread.leaving.is_some() {
        return;
    }
    mark(believed, ObligationState::Withdrawn, steps);
    if let Some(kind) = withdrawal_of(believed.base) {
        steps.push(Step::Issue(Box::new(Draft {
            kind,
            base: believed.base,
            recipient: believed.recipient,
            place: believed.place,
            subject: believed.subject.clone(),
            due_on: Some(today),
            basis: believed.basis,
            hold: None,
            supersedes: Some(believed.id),
            content: String::new(),
            digest: ContentDigest::of(""),
        })));
    }
}

fn draft(owed: &Required, digest: ContentDigest) -> Draft {
    Draft {
        kind: owed.kind,
        base: owed.kind,
        recipient: owed.recipient,
        place: owed.place,
        subject: owed.subject.clone(),
        due_on: owed.due_on,
        basis: owed.basis,
        hold: owed.hold,
        supersedes: None,
        content: owed.content.clone(),
        digest,
    }
}

fn retract(pending: Option<&Issued>, steps: &mut Vec<Step>) {
    if let Some(pending) = pending {
        steps.push(Step::Retract(pending.id));
    }
}

fn mark(one: &Issued, state: ObligationState, steps: &mut Vec<Step>) {
    if one.state != state {
        steps.push(Step::Mark(one.id, state));
    }
}

/// Referrals, reclaims and tasks are corrected by sending them anew, naming what they supersede.
const fn correction_of(base: Kind) -> Kind {
    match base {
        Kind::ArrivalNotice | Kind::EndNotice => Kind::NoticeCorrection,
        other => other,
    }
}

/// A task that has lapsed needs no word.
const fn withdrawal_of(base: Kind) -> Option<Kind> {
    match base {
        Kind::Referral => Some(Kind::ReferralWithdrawal),
        Kind::ReclaimRequest => Some(Kind::ReclaimWithdrawal),
        Kind::WorkerTask => None,
        _ => Some(Kind::NoticeWithdrawal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::ObligationState::{InForce, Retracted};
    use std::collections::BTreeSet;

    /// One thread: what is owed, what was issued, what may have been seen.
    #[derive(Default)]
    struct World {
        issued: Vec<Issued>,
        touched: BTreeSet<Uuid>,
    }

    impl World {
        fn steps(&self, owed: Option<&Required>) -> Vec<Step> {
            let owed: Vec<Required> = owed.cloned().into_iter().collect();
            reconcile(&owed, &self.issued, |id| self.touched.contains(&id), jiff::civil::date(2026, 11, 22))
        }

        fn take(&mut self, steps: Vec<Step>) {
            for step in steps {
                match step {
                    Step::Retract(id) => {
                        assert!(!self.touched.contains(&id), "what may have been seen is never retracted");
                        self.set(id, Retracted);
                    }
                    Step::Mark(id, state) => self.set(id, state),
                    Step::Issue(draft) => self.issue(*draft),
                }
            }
        }

        fn set(&mut self, id: Uuid, state: ObligationState) {
            self.issued.iter_mut().find(|one| one.id == id).unwrap().state = state;
        }

        fn issue(&mut self, draft: Draft) {
            let number = u32::try_from(self.issued.len() + 1).unwrap();
            self.issued.push(Issued {
                id: Uuid::from_u128(number.into()),
                delivery: None,
                issued_at: None,
                kind: draft.kind,
                base: draft.base,
                recipient: draft.recipient,
                place: draft.place,
                subject: draft.subject,
                sequence: number,
                supersedes: draft.supersedes,
                digest: draft.digest,
                state: if draft.hold.is_some() { ObligationState::Held } else { InForce },
                hold: draft.hold,
                due_on: draft.due_on,
                basis: draft.basis,
            });
        }

        /// The recipient gets everything that is on its way and not held.
        fn deliver(&mut self) {
            self.touched.extend(self.issued.iter().filter(|one| one.state != Retracted && one.hold.is_none()).map(|one| one.id));
        }

        /// What the recipient believes after all it got.
        fn believed(&self) -> Option<&ContentDigest> {
            let seen = self.issued.iter().filter(|one| self.touched.contains(&one.id));
            seen.fold(None, |_, one| (!one.kind.is_withdrawal()).then_some(&one.digest))
        }
    }

    fn owed(content: &str, hold: Option<HoldReason>) -> Required {
        Required {
            kind: Kind::ReclaimRequest,
            recipient: Code::new("QKS").unwrap(),
            place: None,
            subject: "CLM-1".to_owned(),
            due_on: None,
            basis: Basis::Reclaim,
            hold,
            content: content.to_owned(),
        }
    }

    /// Any sequence of changes and deliveries: deciding twice changes nothing, and once all is delivered the recipient
    /// believes what is owed, or nothing where nothing is, or where a person still decides.
    #[test]
    fn every_walk_ends_with_the_recipient_believing_what_is_owed() {
        let targets = [None, Some(owed("{a}", None)), Some(owed("{b}", None)), Some(owed("{a}", Some(HoldReason::Review)))];
        // Every walk of five steps, each to one of four targets, delivered or not: 8^5.
        for walk in 0..8_u32.pow(5) {
            let mut world = World::default();
            let mut digits = walk;
            let mut target = None;
            for _ in 0..5 {
                target = targets[(digits % 4) as usize].as_ref();
                let steps = world.steps(target);
                world.take(steps);
                assert_eq!(world.steps(target), [], "walk {walk}: deciding twice changes nothing");
                if (digits / 4).is_multiple_of(2) {
                    world.deliver();
                    assert_eq!(world.steps(target), [], "walk {walk}: delivering changes nothing");
                }
                digits /= 8;
            }
            world.deliver();
            let expected = target.filter(|owed| owed.hold.is_none()).map(|owed| ContentDigest::of(&owed.content));
            assert_eq!(world.believed(), expected.as_ref(), "walk {walk}");
        }
    }

    #[test]
    fn a_correction_that_never_left_is_taken_back_when_the_first_is_right_again() {
        let mut world = World::default();
        let (first, other) = (owed("{a}", None), owed("{b}", None));
        world.take(world.steps(Some(&first)));
        world.deliver();
        world.take(world.steps(Some(&other)));
        let (first_id, correction) = (world.issued[0].id, world.issued[1].id);
        assert_eq!(world.steps(Some(&first)), [Step::Retract(correction), Step::Mark(first_id, InForce)]);
    }
}
