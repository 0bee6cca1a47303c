//! A message's journey, top to bottom: receive -> judge -> record. (Lease -> deliver -> settle is `dispatch`.)
//!
//! Bad content is a verdict that is recorded and answered. Errors are for a ledger that is down: then nothing was recorded,
//! nothing may be acknowledged, and the caller tries the same batch again.

mod judge;
mod prepare;

pub use judge::{Counts, Judged, judge};
pub(crate) use prepare::whose;
pub use prepare::{SEAL_CASEFILE, SEAL_ENVELOPE, SEAL_PAYLOAD, SEAL_REVIEW};

use crate::contracts::Contracts;
use crate::keys::{KeyError, Keys};
use crate::receipt::{Receipt, Verdict};
use crate::telemetry::Metrics;
use arc_swap::ArcSwap;
use domain::Code;
use domain::casefile::Casefile;
use domain::directory::Directory;
use domain::message::Message;
use domain::policy::Policy;
use domain::port::{Alias, ChildKey, ChildUpdate, Entry, Lease, LeaseTerms, Ledger, LedgerError, MessageKey, Recorded, RecordedMessage};
use domain::timeline::{Decision, Ruling, Stamp, question};
use jiff::Timestamp;
use prepare::{Prepared, Subject};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;

/// Times a batch is decided on again because somebody else changed a child meanwhile. One hub on one ledger conflicts only
/// with its own leases; several hubs conflict rarely. More is a fault, and the batch is tried again later.
const ROUNDS_MAX: usize = 8;

/// Messages that are judged before others get the thread: a few milliseconds, so that no delivery waits for a whole batch.
const BREATH: usize = 32;

/// Open review items that are looked through for one id. More would be another problem.
const REVIEWS_MAX: usize = 100_000;

/// Everything a journey needs. Cheap to share, and without state of its own.
pub struct Journey {
    pub contracts: Arc<Contracts>,
    pub ledger: Arc<dyn Ledger>,
    pub directory: Arc<ArcSwap<Directory>>,
    pub policy: Arc<Policy>,
    pub keys: Arc<Keys>,
    /// `source` of every envelope that goes out.
    pub source: String,
    pub require_user_id: bool,
    pub metrics: Arc<Metrics>,
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// A message as it came in, by whatever rail.
#[derive(Clone, Debug, Default)]
pub struct Envelope {
    pub body: Vec<u8>,
    pub content_type: Option<String>,
    /// `rabbitmq`, `http`.
    pub intake: &'static str,
    pub routing_key: Option<String>,
    /// The broker's validated user.
    pub user_id: Option<String>,
    /// The organisation that a token stands for.
    pub organisation: Option<Code>,
    pub traceparent: Option<String>,
    pub received_at: Timestamp,
}

/// What to tell the publisher, once it is recorded.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Whom to tell: as the message said, else as its routing key says; [`Code::NONE`] where neither can be read.
    pub publisher: Code,
    pub message_id: String,
    pub message_type: &'static str,
    pub verdict: Verdict,
    pub receipt: String,
}

/// A batch, recorded.
#[derive(Debug, Default)]
pub struct Received {
    /// One per message, in order.
    pub answers: Vec<Answer>,
    /// New deliveries that may be attempted at once.
    pub leased: Vec<Lease>,
    /// Recipients with something due that was not leased.
    pub due: Vec<Code>,
    /// What was decided, for the metrics: (kind, action).
    pub obligations: Counts,
}

#[derive(Debug, thiserror::Error)]
pub enum JourneyError {
    #[error("the ledger did not record: {0}")]
    Ledger(#[from] LedgerError),
    #[error("the ledger's content does not open: {0}")]
    Keys(#[from] KeyError),
    #[error("a casefile in the ledger cannot be read; it was written by a newer version, or is damaged")]
    Casefile(#[from] serde_json::Error),
    #[error("other writers kept changing the same children; the batch is tried again")]
    Contended,
}

impl Journey {
    /// Takes a batch in: every message is recorded with what it causes, in one transaction, before this returns.
    ///
    /// # Errors
    /// Where the ledger cannot record or what it holds cannot be opened: nothing of the batch that is not already there was
    /// recorded then, and the same batch may be given again.
    pub async fn receive(&self, envelopes: &[Envelope], lease: &LeaseTerms) -> Result<Received, JourneyError> {
        let directory = self.directory.load_full();
        let mut prepared: Vec<Prepared> = Vec::with_capacity(envelopes.len());
        for some in envelopes.chunks(BREATH) {
            prepared.extend(some.iter().map(|envelope| prepare::prepare(self, &directory, envelope)));
            tokio::task::yield_now().await;
        }
        let mut received = Received::default();
        let mut answers: Vec<Option<Answer>> = vec![None; prepared.len()];
        let mut open: Vec<usize> = (0..prepared.len()).collect();
        for _ in 0..ROUNDS_MAX {
            let mut round = Round::load(self, &directory, &prepared, &open).await?;
            for (number, at) in open.iter().enumerate() {
                round.take(*at, &envelopes[*at], &prepared[*at])?;
                if number % BREATH == BREATH - 1 {
                    tokio::task::yield_now().await;
                }
            }
            open = round.record(lease, &mut answers, &mut received).await?;
            if open.is_empty() {
                received.answers = answers.into_iter().flatten().collect();
                return Ok(received);
            }
        }
        Err(JourneyError::Contended)
    }

    /// Decides again on children whose clock rang.
    ///
    /// # Errors
    /// As [`Journey::receive`].
    pub async fn wake(&self, children: Vec<ChildKey>, lease: &LeaseTerms) -> Result<Received, JourneyError> {
        let directory = self.directory.load_full();
        let mut received = Received::default();
        let loaded = self.ledger.load(children, Vec::new()).await?;
        let mut entries = Vec::with_capacity(loaded.children.len());
        for record in loaded.children.into_iter().filter(|record| record.version > 0) {
            let mut working = Working::open(&self.keys, record.casefile, record.version, record.touched)?;
            let (entry, counts) = self.decide_again(&directory, record.key, &mut working)?;
            received.obligations.extend(counts);
            entries.push(entry);
        }
        // A conflict means that a message or a lease came first: the child is still to be woken, and comes again.
        let outcome = self.ledger.record(entries, lease.clone()).await?;
        received.leased = outcome.leased;
        received.due = outcome.due;
        Ok(received)
    }

    /// Decides without a message: what to record of the child, and what to count.
    fn decide_again(&self, directory: &Directory, key: ChildKey, working: &mut Working) -> Result<(Entry, Counts), JourneyError> {
        let judged = judge(&mut working.casefile, None, directory, &self.policy, (self.now)(), &working.touched);
        let child = Some(working.update(self, directory, key, &judged, None)?);
        Ok((Entry { message: None, child, acknowledgement: None }, judged.counts))
    }
}

/// An operator's answer to a question.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// The review item, as `review list` shows it.
    pub item: Alias,
    pub ruling: Ruling,
    pub by: String,
    pub reason: String,
}

/// What became of an answer.
#[derive(Debug)]
pub enum Resolved {
    /// It is in the timeline, and what follows from it is recorded.
    Done(Received),
    /// No open item has this id.
    Unknown,
}

impl Journey {
    /// Takes a person's decision into the child's timeline, and decides again.
    ///
    /// # Errors
    /// As [`Journey::receive`].
    pub async fn resolve(&self, resolution: &Resolution, lease: &LeaseTerms) -> Result<Resolved, JourneyError> {
        let directory = self.directory.load_full();
        for _ in 0..ROUNDS_MAX {
            let open = self.ledger.reviews(REVIEWS_MAX).await?;
            let Some(item) = open.into_iter().find(|item| item.key == resolution.item) else { return Ok(Resolved::Unknown) };
            let subject = prepare::review_subject(&self.keys, &item.detail)?;
            let loaded = self.ledger.load(vec![item.child], Vec::new()).await?;
            let Some(record) = loaded.children.into_iter().next() else { return Ok(Resolved::Unknown) };
            let mut working = Working::open(&self.keys, record.casefile, record.version, record.touched)?;
            let stamp = Stamp { sent_at: (self.now)(), message_id: Uuid::now_v7().to_string() };
            let decision = Decision { stamp, by: resolution.by.clone(), reason: resolution.reason.clone(), ruling: resolution.ruling };
            working.casefile.timeline.settle(question(&item.reason, &subject), decision);
            let (entry, obligations) = self.decide_again(&directory, record.key, &mut working)?;
            let outcome = self.ledger.record(vec![entry], lease.clone()).await?;
            if outcome.recorded == [Recorded::Done] {
                return Ok(Resolved::Done(Received { leased: outcome.leased, due: outcome.due, obligations, answers: Vec::new() }));
            }
        }
        Err(JourneyError::Contended)
    }
}

/// One child while a batch is decided on.
struct Working {
    casefile: Casefile,
    version: u64,
    touched: HashSet<Uuid>,
}

/// One go at a batch: what was loaded, and the entries so far.
struct Round<'a> {
    journey: &'a Journey,
    directory: &'a Directory,
    children: HashMap<ChildKey, Working>,
    /// What was recorded before, or in this very batch.
    known: HashMap<MessageKey, RecordedMessage>,
    found: HashMap<usize, Option<domain::port::Found>>,
    entries: Vec<(Entry, Pending)>,
    /// Answers to what is recorded already.
    repeated: Vec<(usize, Answer)>,
}

impl<'a> Round<'a> {
    async fn load(journey: &'a Journey, directory: &'a Directory, prepared: &[Prepared], open: &[usize]) -> Result<Self, JourneyError> {
        let mut found = HashMap::new();
        let (at, clues): (Vec<usize>, Vec<_>) =
            open.iter().filter_map(|at| prepared[*at].clue(&journey.keys).map(|clue| (*at, clue))).unzip();
        if !clues.is_empty() {
            found.extend(at.into_iter().zip(journey.ledger.find_children(clues).await?));
        }
        let mut keys: Vec<ChildKey> = open.iter().filter_map(|at| prepared[*at].child()).collect();
        keys.extend(found.values().flatten().map(|found| found.child));
        keys.sort_unstable();
        keys.dedup();
        let messages: Vec<MessageKey> = open.iter().map(|at| prepared[*at].key.clone()).collect();
        let loaded = journey.ledger.load(keys, messages.clone()).await?;
        let mut children = HashMap::with_capacity(loaded.children.len());
        for record in loaded.children {
            children.insert(record.key, Working::open(&journey.keys, record.casefile, record.version, record.touched)?);
        }
        let mut known: HashMap<MessageKey, RecordedMessage> =
            messages.into_iter().zip(loaded.messages).filter_map(|(key, found)| found.map(|found| (key, found))).collect();
        // Seldom anything: other content under a used id may itself have been recorded before.
        let reused: Vec<MessageKey> = open
            .iter()
            .map(|at| &prepared[*at])
            .filter(|prepared| known.get(&prepared.key).is_some_and(|first| !prepared.repeats(first, journey)))
            .map(Prepared::refused_key)
            .collect();
        if !reused.is_empty() {
            let found = journey.ledger.load(Vec::new(), reused.clone()).await?.messages;
            known.extend(reused.into_iter().zip(found).filter_map(|(key, found)| found.map(|found| (key, found))));
        }
        Ok(Self { journey, directory, children, known, found, entries: Vec::new(), repeated: Vec::new() })
    }

    /// Judges one message on top of those before it.
    fn take(&mut self, at: usize, envelope: &Envelope, prepared: &Prepared) -> Result<(), JourneyError> {
        let mut key = prepared.key.clone();
        if let Some(first) = self.known.get(&key) {
            if prepared.repeats(first, self.journey) {
                self.repeat(at, prepared, &key);
                return Ok(());
            }
            // Other content under a used id is refused, and recorded like all that is refused: by its bytes, once.
            key = prepared.refused_key();
            if self.known.contains_key(&key) {
                self.repeat(at, prepared, &key);
                return Ok(());
            }
        }
        let reused = key != prepared.key;
        let now = (self.journey.now)();
        let found = self.found.get(&at).and_then(Option::as_ref);
        let mut counts = Vec::new();
        let (child, acknowledgement, receipt) = match prepared.subject(found, self.directory, self.journey.policy.day(now)) {
            _ if reused => (None, None, prepared.reused()),
            Subject::Refused(receipt) => (None, None, receipt),
            Subject::Acknowledged(acknowledged, key, message) => {
                let (update, _) = self.judge(key, message, now, &mut counts)?;
                (Some(update), Some(acknowledged), prepared.acknowledged())
            }
            Subject::Child(key, message) => {
                let (update, receipt) = self.judge(key, message, now, &mut counts)?;
                (Some(update), None, receipt)
            }
        };
        let row = prepared.row(self.journey, envelope, &key, &receipt, now)?;
        let recorded = RecordedMessage {
            digest: row.digest,
            envelope: row.envelope.clone(),
            content_type: row.content_type.clone(),
            receipt: row.receipt.clone(),
        };
        self.known.insert(key, recorded);
        let answer = prepared.answer(receipt.verdict, row.receipt.clone());
        self.entries.push((Entry { message: Some(row), child, acknowledgement }, Pending { at, answer, counts }));
        Ok(())
    }

    /// Decides on one child because of a message about it.
    fn judge(
        &mut self,
        key: ChildKey,
        message: &Message,
        now: Timestamp,
        counts: &mut Counts,
    ) -> Result<(ChildUpdate, Receipt), JourneyError> {
        let working = self.children.entry(key).or_insert_with(|| Working::new(Code::NONE, ""));
        if working.version == 0 && working.casefile.timeline.local_id.is_empty() {
            let (authority, local_id) = whose(message);
            working.casefile = Casefile::new(authority, local_id);
        }
        let judged = judge(&mut working.casefile, Some(message), self.directory, &self.journey.policy, now, &working.touched);
        counts.extend_from_slice(&judged.counts);
        let update = working.update(self.journey, self.directory, key, &judged, Some(message))?;
        Ok((update, judged.receipt(message, &working.casefile)))
    }

    /// Answers with the receipt given before.
    fn repeat(&mut self, at: usize, prepared: &Prepared, key: &MessageKey) {
        if let Some(first) = self.known.get(key) {
            let again = Receipt::again(&first.receipt, &key.message_id);
            self.repeated.push((at, prepared.answer(again.verdict, again.json())));
        }
    }

    /// Records the round; answers which messages conflicted and are still open.
    async fn record(self, lease: &LeaseTerms, answers: &mut [Option<Answer>], received: &mut Received) -> Result<Vec<usize>, JourneyError> {
        let (entries, pending): (Vec<Entry>, Vec<Pending>) = self.entries.into_iter().unzip();
        let mut open = Vec::new();
        if !entries.is_empty() {
            let begun = Instant::now();
            let outcome = self.journey.ledger.record(entries, lease.clone()).await?;
            self.journey.metrics.committed_in(begun.elapsed());
            for (pending, recorded) in pending.into_iter().zip(outcome.recorded) {
                match recorded {
                    Recorded::Done => {
                        received.obligations.extend(pending.counts);
                        answers[pending.at] = Some(pending.answer);
                    }
                    Recorded::Conflict => open.push(pending.at),
                }
            }
            received.leased.extend(outcome.leased);
            received.due.extend(outcome.due);
        }
        let settled = open.is_empty();
        for (at, answer) in self.repeated {
            // The first of a repetition may be among those that conflicted: then this one is as open as that.
            if settled { answers[at] = Some(answer) } else { open.push(at) }
        }
        open.sort_unstable();
        Ok(open)
    }
}

/// What waits for an entry to be recorded.
struct Pending {
    at: usize,
    answer: Answer,
    counts: Counts,
}

impl Receipt {
    /// The receipt given before, under the verdict `duplicate`.
    fn again(recorded: &str, message_id: &str) -> Self {
        match serde_json::from_str::<Self>(recorded) {
            Ok(first) => Self { verdict: if first.verdict == Verdict::Rejected { Verdict::Rejected } else { Verdict::Duplicate }, ..first },
            Err(_) => Self { verdict: Verdict::Duplicate, ..Self::rejected(Some(message_id.to_owned()), Vec::new()) },
        }
    }
}
