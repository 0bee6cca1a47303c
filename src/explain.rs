//! What the hub would do with these documents: the journey's own decisions on an empty ledger in memory. Sends and stores
//! nothing.

use crate::contracts::Contracts;
use crate::journey::{judge, whose};
use crate::receipt::{Receipt, Verdict};
use domain::Code;
use domain::admission::{self, Vouched};
use domain::casefile::{Casefile, Decision};
use domain::deadline::{Clock, clock};
use domain::delivery::{Basis, Kind, ObligationState};
use domain::directory::Directory;
use domain::message::{Message, Reason};
use domain::owed::{Owed, explained};
use domain::policy::Policy;
use domain::reconcile::Issued;
use domain::rules::{Rule, Verdict as RuleVerdict};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// Clocks that ring between two documents, at most: each ring moves the next one on, so this is never reached but by a fault.
const RINGS_MAX: usize = 10_000;

/// What is taken for granted about what a document causes, before the next one comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Assume {
    #[default]
    Delivered,
    Unsent,
}

/// What would be owed, and what not, and what a person would decide.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Explanation {
    pub obligations: Vec<ExplainedObligation>,
    pub suppressed: Vec<ExplainedSuppression>,
    pub review: Vec<ExplainedReview>,
    pub receipts: Vec<Receipt>,
    /// What each rule came to at the end, by rule and subject.
    pub rules: Vec<ExplainedRule>,
}

/// A rule's verdict on one subject.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplainedRule {
    /// Its number.
    pub rule: Rule,
    pub title: &'static str,
    /// What the rule rests on.
    pub source: &'static str,
    pub verdict: RuleVerdict,
    /// A placement, care period, referral or claim; none where it is about the child as a whole.
    pub subject: Option<String>,
    /// Why.
    pub sentence: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedObligation {
    pub kind: Kind,
    pub recipient: Code,
    pub place: Option<Code>,
    pub subject: String,
    pub due_by: Option<Date>,
    /// Where its clock stands; none without a due date, or where it is not owed any more.
    pub clock: Option<Clock>,
    pub basis: Basis,
    pub state: ObligationState,
    pub sequence: u32,
    /// The sequence number, to the same recipient about the same child, of what this one corrects or withdraws.
    pub supersedes: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ExplainedSuppression {
    pub kind: Kind,
    pub subject: String,
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplainedReview {
    pub reason: String,
    pub subject: String,
    pub detail: String,
    pub candidates: Vec<ExplainedCandidate>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplainedCandidate {
    pub code: Code,
    pub name: String,
    pub evidence: String,
}

/// A document, as it would come in.
#[derive(Clone, Debug)]
pub struct Document {
    pub content_type: Option<String>,
    pub body: Vec<u8>,
}

/// Runs the documents in order, each recorded at its own `sentAt`, and then the clock up to `now`.
#[must_use]
pub fn explain(
    contracts: &Contracts,
    directory: &Directory,
    policy: &Policy,
    documents: &[Document],
    now: Timestamp,
    assume: Assume,
) -> Explanation {
    let mut book = Book { directory, policy, assume, children: BTreeMap::new(), claims: HashMap::new(), known: HashMap::new() };
    let mut explanation = Explanation::default();
    for document in documents {
        let receipt = match contracts.read(document.content_type.as_deref(), &document.body) {
            Ok(message) => book.take(&message),
            Err(unreadable) => Receipt::rejected(unreadable.message_id, unreadable.reasons),
        };
        explanation.receipts.push(receipt);
    }
    book.ring_until(now);
    book.tell(now, &mut explanation);
    explanation
}

type ChildId = (Code, String);

/// The ledger in memory.
struct Book<'a> {
    directory: &'a Directory,
    policy: &'a Policy,
    assume: Assume,
    children: BTreeMap<ChildId, Page>,
    claims: HashMap<String, ChildId>,
    known: HashMap<(Code, String), (Message, Receipt)>,
}

#[derive(Default)]
struct Page {
    casefile: Casefile,
    touched: HashSet<Uuid>,
    /// The day on which each obligation was recorded.
    recorded: HashMap<Uuid, Date>,
}

impl Book<'_> {
    fn take(&mut self, message: &Message) -> Receipt {
        let header = message.header();
        let reasons = admission::check(message, Vouched::default(), self.directory);
        if !reasons.is_empty() {
            return Receipt::rejected(Some(header.message_id.clone()), reasons);
        }
        let key = (header.publisher, header.message_id.clone());
        if let Some((first, receipt)) = self.known.get(&key) {
            if first == message {
                return Receipt { verdict: Verdict::Duplicate, ..receipt.clone() };
            }
            return Receipt::reused(Some(key.1));
        }
        self.ring_until(header.sent_at);
        let receipt = self.judge(message);
        self.known.insert(key, (message.clone(), receipt.clone()));
        receipt
    }

    fn judge(&mut self, message: &Message) -> Receipt {
        let header = message.header();
        let child = match message {
            Message::PlacementChange(_) | Message::WellbeingConcern(_) | Message::ReferralUpdate(_) => {
                let (authority, local_id) = whose(message);
                (authority, local_id.to_owned())
            }
            Message::ReclaimUpdate(update) => match self.claims.get(&update.claim.id) {
                Some(child) => child.clone(),
                None => {
                    return refused(
                        header.message_id.clone(),
                        "unknown-claim",
                        "/claim/id",
                        "the documents before this one make no claim with this id",
                    );
                }
            },
            Message::Acknowledgement(_) => {
                let sentence = "explain sends nothing, so that there is nothing to acknowledge";
                return refused(header.message_id.clone(), "unknown-notice", "/notice/id", sentence);
            }
        };
        let page =
            self.children.entry(child.clone()).or_insert_with(|| Page { casefile: Casefile::new(child.0, &child.1), ..Page::default() });
        let judged = judge(&mut page.casefile, Some(message), self.directory, self.policy, header.sent_at, &page.touched);
        for issue in judged.decision.issue.iter().filter(|issue| issue.kind == Kind::ReclaimRequest) {
            self.claims.insert(issue.subject.clone(), child.clone());
        }
        let receipt = judged.receipt(message, &page.casefile);
        page.remember(&judged.decision, self.policy.day(header.sent_at));
        page.assume(self.assume);
        receipt
    }

    /// Lets every clock ring that rings up to `until`, in order of time for each child.
    fn ring_until(&mut self, until: Timestamp) {
        for page in self.children.values_mut() {
            for _ in 0..RINGS_MAX {
                let Some(at) = page.casefile.wake_at.filter(|at| *at <= until) else { break };
                let judged = judge(&mut page.casefile, None, self.directory, self.policy, at, &page.touched);
                page.remember(&judged.decision, self.policy.day(at));
                page.assume(self.assume);
            }
        }
    }

    fn tell(&mut self, now: Timestamp, explanation: &mut Explanation) {
        let today = self.policy.day(now);
        for page in self.children.values() {
            let issued = &page.casefile.issued;
            explanation.obligations.extend(issued.iter().map(|one| ExplainedObligation {
                kind: one.kind,
                recipient: one.recipient,
                place: one.place,
                subject: one.subject.clone(),
                due_by: one.due_on,
                clock: page.clock(one, self.assume, today, self.directory),
                basis: one.basis,
                state: one.state,
                sequence: one.sequence,
                supersedes: one.supersedes.and_then(|id| issued.iter().find(|other| other.id == id)).map(|other| other.sequence),
            }));
            let (Owed { suppressed, reviews, .. }, findings) = explained(&page.casefile.timeline, self.directory, self.policy, now);
            explanation.rules.extend(findings.into_iter().map(|finding| ExplainedRule {
                rule: finding.rule,
                title: finding.rule.title(),
                source: finding.rule.source(),
                verdict: finding.verdict,
                subject: Some(finding.subject).filter(|subject| !subject.is_empty()),
                sentence: finding.sentence,
            }));
            explanation.suppressed.extend(suppressed.into_iter().map(|one| ExplainedSuppression {
                kind: one.kind,
                subject: one.subject,
                why: one.why.to_owned(),
            }));
            explanation.review.extend(reviews.into_iter().map(|one| {
                ExplainedReview {
                    reason: one.reason.to_owned(),
                    subject: one.subject,
                    detail: one.detail,
                    candidates: one
                        .candidates
                        .into_iter()
                        .map(|candidate| ExplainedCandidate { code: candidate.code, name: candidate.name, evidence: candidate.evidence })
                        .collect(),
                }
            }));
        }
    }
}

impl Page {
    fn remember(&mut self, decision: &Decision, day: Date) {
        self.recorded.extend(decision.issue.iter().map(|issue| (issue.id, day)));
    }

    /// What counts as delivered was delivered on the day on which it was recorded.
    fn clock(&self, one: &Issued, assume: Assume, today: Date, directory: &Directory) -> Option<Clock> {
        let owed = matches!(one.state, ObligationState::InForce | ObligationState::Held);
        let due_on = one.due_on.filter(|_| owed)?;
        let sent = assume == Assume::Delivered && one.hold.is_none();
        let done_on = self.recorded.get(&one.id).copied().filter(|_| sent);
        Some(clock(due_on, done_on, today, &directory.calendar))
    }

    fn assume(&mut self, assume: Assume) {
        if assume == Assume::Delivered {
            let sent = self.casefile.issued.iter().filter(|one| one.hold.is_none() && one.state != ObligationState::Retracted);
            self.touched.extend(sent.map(|one| one.id));
        }
    }
}

fn refused(message_id: String, code: &str, path: &str, sentence: &str) -> Receipt {
    Receipt::rejected(Some(message_id), vec![Reason::new(code, path, sentence)])
}
