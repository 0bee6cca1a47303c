//! The few traits between the hub and the outside, and the nouns they speak of.
//!
//! A [`Ledger`] keeps what happened; a [`Deliver`] carries one delivery to one party. Each ledger verb is a named
//! transition and one transaction, takes a batch, and never stays open across the network. Whatever is child data is
//! sealed before it gets here: to a ledger it is bytes.

mod deliver;
mod operations;
mod post;
mod sealed;
mod views;

pub use deliver::{Alert, Beat, Certificate, Deliver, Parcel, Report};
pub use operations::{ClockFilter, Pause, RejectionFilter, RejectionRow, Remark};
pub use post::{Letter, Mailbox, Post};
pub use sealed::{Resealed, SealedContent, SealedKind, SealedPage, SealedPlace};
pub use views::{
    AcceptedRow, AcknowledgementRow, AttemptRow, Balance, ClaimFilter, ClaimRow, DeliveryFilter, DeliveryHistory, DeliveryRow, FeedItem,
    FeedPage, Figures, History, MessageNote, ReviewRow, Trace,
};

use crate::code::Code;
use crate::delivery::{HoldReason, Kind, ObligationState};
use crate::hex::hex;
use crate::retry::Next;
use jiff::{Timestamp, civil::Date};
use std::{fmt, future::Future, pin::Pin, sync::Arc};
use uuid::Uuid;

/// A future that a port returns: boxed, so that a ledger or a deliverer can be chosen at run time.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The keyed pseudonym of (responsible authority, local child id): all that clear columns know of a child.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChildKey(pub [u8; 16]);

/// The keyed pseudonym of an id that a person may paste (placement, referral, claim, local child id).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Alias(pub [u8; 16]);

/// What makes a message the same message: its publisher and its id, or the digest of bytes that could not be read.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MessageKey {
    /// The publisher's code; empty where the bytes could not be read.
    pub publisher: Code,
    pub message_id: String,
}

/// Why a ledger could not do its work. Nothing of the verb took place.
#[derive(Debug)]
pub struct LedgerError {
    /// A sentence for the operator: what failed and what to do.
    pub what: String,
    /// True where trying again may help (busy, disk full, connection lost).
    pub transient: bool,
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The truth of the hub. All verbs are atomic; a returned `Ok` is durable.
pub trait Ledger: LedgerView {
    /// Reads what a batch of messages needs to be decided on: one answer per key asked for, in order.
    fn load<'a>(&'a self, children: Vec<ChildKey>, messages: Vec<MessageKey>) -> BoxFuture<'a, Result<Loaded, LedgerError>>;

    /// Records messages with all they cause. Entries apply in order, in one transaction; an entry whose child has moved
    /// on since it was read, or whose message is there already, is answered [`Recorded::Conflict`] and leaves no trace,
    /// and so is every later entry of that child in the batch. Up to `lease.limit` of the new deliveries that nothing
    /// stands before come back leased, so that the first attempt needs no second transaction.
    fn record<'a>(&'a self, entries: Vec<Entry>, lease: LeaseTerms) -> BoxFuture<'a, Result<Outcome, LedgerError>>;

    /// Leases due deliveries, per lane at most as many as it has room for, oldest first. Of one (recipient, child) only
    /// the first pending one of each [`crate::delivery::Line`] can be leased; one held for review stands before nobody.
    /// Lapsed leases count as due.
    fn lease_due<'a>(&'a self, rooms: Vec<LaneRoom>, terms: LeaseTerms) -> BoxFuture<'a, Result<Vec<Lease>, LedgerError>>;

    /// Records attempts and where each delivery stands now. A settlement whose fence is not the delivery's last is
    /// ignored and counted in the answer's `stale`: that lease had lapsed and another holds the delivery.
    fn settle<'a>(&'a self, settlements: Vec<Settlement>) -> BoxFuture<'a, Result<Settled, LedgerError>>;

    /// Which lanes have something due or lapsed at `now`, and when each other lane's next delivery falls due.
    fn lanes<'a>(&'a self, now: Timestamp) -> BoxFuture<'a, Result<Vec<LaneDue>, LedgerError>>;

    /// Children whose clock has rung: their `wake_at` is at or before `now`; at most `limit`, earliest first.
    fn children_to_wake<'a>(&'a self, now: Timestamp, limit: usize) -> BoxFuture<'a, Result<Vec<ChildKey>, LedgerError>>;

    /// Which child a claim or a notice belongs to: looked up by alias, or by obligation or delivery id.
    fn find_children<'a>(&'a self, clues: Vec<Clue>) -> BoxFuture<'a, Result<Vec<Option<Found>>, LedgerError>>;

    /// Marks whatever became overdue undelivered (`due_on` before `today`) as breached, once and for ever; what is accepted
    /// and not collected is undelivered. Answers how many were newly marked.
    fn mark_breaches<'a>(&'a self, today: Date, now: Timestamp) -> BoxFuture<'a, Result<u64, LedgerError>>;

    /// Moves deliveries by an operator's hand, with a reason that is kept. Answers those that were moved.
    fn operate<'a>(
        &'a self,
        deliveries: Vec<Uuid>,
        action: OperatorAction,
        reason: String,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<Uuid>, LedgerError>>;

    /// Completes an organisation's feed up to a position: what was accepted into it is delivered. Answers how many were.
    fn collect<'a>(&'a self, recipient: Code, up_to: u64, now: Timestamp) -> BoxFuture<'a, Result<u64, LedgerError>>;

    /// Records what a rail found out later about deliveries that it had accepted; one that is not accepted any more stays
    /// as it is. Answers how many moved.
    fn confirm<'a>(&'a self, confirmations: Vec<Confirmation>) -> BoxFuture<'a, Result<u64, LedgerError>>;

    /// Releases or holds everything of a recipient's lane (the endpoint came back, or answered 410). Answers how many.
    fn hold_lane<'a>(&'a self, recipient: Code, hold: Option<HoldReason>, now: Timestamp) -> BoxFuture<'a, Result<u64, LedgerError>>;

    /// Puts contents that were sealed anew in the place of the old ones, unless somebody has changed them meanwhile. Answers how
    /// many. Nothing else changes: no version, no time.
    fn reseal<'a>(&'a self, contents: Vec<Resealed>) -> BoxFuture<'a, Result<u64, LedgerError>>;

    /// Pauses an organisation from a moment on, in place of the pause that it had; none resumes it.
    fn pause<'a>(&'a self, recipient: Code, pause: Option<Pause>) -> BoxFuture<'a, Result<(), LedgerError>>;

    /// Keeps a remark on a group of failures, in place of the one before.
    fn remark<'a>(&'a self, remark: Remark) -> BoxFuture<'a, Result<(), LedgerError>>;

    /// Work that must run once among all hubs on a ledger: whether it is `holder`'s, from now until `until`. Asking again before then
    /// keeps it; what nobody has kept is the next one's who asks. A hub that has its ledger to itself has every duty.
    fn hold_duty<'a>(
        &'a self,
        name: &'static str,
        holder: Uuid,
        until: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, LedgerError>> {
        let _ = (name, holder, until, now);
        Box::pin(std::future::ready(Ok(true)))
    }

    /// The next thing that another hub on this ledger tells. Some may never come, for what they tell of is found by looking, too; a
    /// ledger with one hub has none.
    fn news<'a>(&'a self) -> BoxFuture<'a, News> {
        Box::pin(std::future::pending())
    }
}

/// Looking at a ledger changes nothing: a command may do it while a hub runs.
pub trait LedgerView: Send + Sync {
    /// Figures for metrics and the dashboard. Must not scan what is done.
    fn figures<'a>(&'a self, today: Date, at_risk_until: Date) -> BoxFuture<'a, Result<Figures, LedgerError>>;

    /// The whole journey of whatever `clue` names.
    fn trace<'a>(&'a self, clue: Clue) -> BoxFuture<'a, Result<Vec<Trace>, LedgerError>>;

    /// Deliveries by filter, newest first, at most `filter.limit`; `before` pages on.
    fn deliveries<'a>(&'a self, filter: DeliveryFilter) -> BoxFuture<'a, Result<Vec<DeliveryRow>, LedgerError>>;

    /// The deliveries with these ids, in their order; what is not there is left out.
    fn deliveries_of<'a>(&'a self, ids: Vec<Uuid>) -> BoxFuture<'a, Result<Vec<DeliveryRow>, LedgerError>>;

    /// Open review items, oldest first, at most `limit`.
    fn reviews<'a>(&'a self, limit: usize) -> BoxFuture<'a, Result<Vec<ReviewRow>, LedgerError>>;

    /// The whole record of each child that an alias names, for a certificate.
    fn histories<'a>(&'a self, alias: Alias) -> BoxFuture<'a, Result<Vec<History>, LedgerError>>;

    /// Claims by filter, in the order of their ids, at most `filter.limit`; `after` pages on.
    fn claims<'a>(&'a self, filter: ClaimFilter) -> BoxFuture<'a, Result<Vec<ClaimRow>, LedgerError>>;

    /// Every child, in the order of their keys, at most `limit`; `after` pages on.
    fn children<'a>(&'a self, after: Option<ChildKey>, limit: usize) -> BoxFuture<'a, Result<Vec<ChildKey>, LedgerError>>;

    /// What is in an organisation's feed after a position, collected or not, at most `limit`.
    fn feed<'a>(&'a self, recipient: Code, after: u64, limit: usize) -> BoxFuture<'a, Result<FeedPage, LedgerError>>;

    /// Deliveries that `adapter` has accepted and nobody has collected yet, in the order of their recording, at most `limit`; `after` pages on.
    fn accepted<'a>(&'a self, adapter: &'a str, after: Option<Uuid>, limit: usize) -> BoxFuture<'a, Result<Vec<AcceptedRow>, LedgerError>>;

    /// Sealed contents that do not begin as `current` does, after a place: some of them, and where to go on.
    fn sealed<'a>(&'a self, current: Vec<u8>, after: SealedPlace) -> BoxFuture<'a, Result<SealedPage, LedgerError>>;

    /// What is owed by a date and not with its recipient, earliest date first, at most `filter.limit`; `after` pages on.
    fn clocks<'a>(&'a self, filter: ClockFilter) -> BoxFuture<'a, Result<Vec<DeliveryRow>, LedgerError>>;

    /// Messages that were refused, newest first, at most `filter.limit`; `before` pages on.
    fn rejections<'a>(&'a self, filter: RejectionFilter) -> BoxFuture<'a, Result<Vec<RejectionRow>, LedgerError>>;

    /// A delivery's sealed payload; none where there is no such delivery.
    fn content<'a>(&'a self, delivery: Uuid) -> BoxFuture<'a, Result<Option<Arc<[u8]>>, LedgerError>>;

    /// Every pause that was not resumed, over or not, by organisation: at most one each.
    fn pauses<'a>(&'a self) -> BoxFuture<'a, Result<Vec<Pause>, LedgerError>>;

    /// The newest remarks on groups of failures, at most `limit`.
    fn remarks<'a>(&'a self, limit: usize) -> BoxFuture<'a, Result<Vec<Remark>, LedgerError>>;

    /// Everything adds up: no message without a verdict, no obligation without a delivery or a reason, nothing leased
    /// by a lease that lapsed. For tests, `doctor` and `demo --once`.
    fn balance<'a>(&'a self, now: Timestamp) -> BoxFuture<'a, Result<Balance, LedgerError>>;
}

/// What [`Ledger::load`] found.
#[derive(Debug, Default)]
pub struct Loaded {
    /// One per child key asked for, in order; a child never seen has version 0 and an empty casefile.
    pub children: Vec<ChildRecord>,
    /// One per message key asked for, in order: what was recorded of it before, if it was.
    pub messages: Vec<Option<RecordedMessage>>,
}

/// One child as the ledger holds it.
#[derive(Clone, Debug)]
pub struct ChildRecord {
    pub key: ChildKey,
    /// Optimistic version; 0 for a child never seen.
    pub version: u64,
    /// Sealed: the timeline and what was issued because of it.
    pub casefile: Vec<u8>,
    /// The obligations whose delivery was ever leased, so may have been seen by the recipient.
    pub touched: Vec<Uuid>,
}

/// A message that was recorded before.
#[derive(Clone, Debug)]
pub struct RecordedMessage {
    /// SHA-256 of the bytes as they came.
    pub digest: [u8; 32],
    /// Sealed: the bytes as they came.
    pub envelope: Vec<u8>,
    pub content_type: String,
    /// The receipt as it was answered, JSON.
    pub receipt: String,
}

/// One unit of recording: a message, or a clock that rang (`message` is none), with what it changes.
#[derive(Clone, Debug)]
pub struct Entry {
    pub message: Option<MessageRow>,
    pub child: Option<ChildUpdate>,
    /// The recipient's own word on something delivered.
    pub acknowledgement: Option<Acknowledged>,
}

/// A message's row. `message_type` and `verdict` are wire names (`placement-change`, `accepted`).
#[derive(Clone, Debug)]
pub struct MessageRow {
    /// UUIDv7, the hub's own.
    pub id: Uuid,
    pub key: MessageKey,
    /// The message id as its publisher wrote it, where the key has another (a refused message): traced by it too.
    pub written_id: Option<String>,
    /// Who says to have sent it, where the key names nobody (a refused message).
    pub sender: Option<Code>,
    pub message_type: &'static str,
    pub verdict: &'static str,
    pub digest: [u8; 32],
    /// Sealed: the bytes as they came.
    pub envelope: Vec<u8>,
    pub content_type: String,
    pub traceparent: Option<String>,
    /// JSON, without child data.
    pub receipt: String,
    /// `rabbitmq`, `http`, ...
    pub intake: &'static str,
    pub received_at: Timestamp,
    pub recorded_at: Timestamp,
}

/// What becomes of one child.
#[derive(Clone, Debug)]
pub struct ChildUpdate {
    pub key: ChildKey,
    /// The version that the decision was made on; the ledger writes `read_version + 1`.
    pub read_version: u64,
    pub casefile: Vec<u8>,
    /// When to decide again without a message (parked move, escalation); none for never.
    pub wake_at: Option<Timestamp>,
    pub issue: Vec<NewObligation>,
    /// Obligations never leased that are not owed any more: state `retracted`, delivery withdrawn. If one has been leased
    /// meanwhile, the entry is a conflict.
    pub retract: Vec<Uuid>,
    /// Obligations that a correction or withdrawal has overtaken, with their new state.
    pub mark: Vec<(Uuid, ObligationState)>,
    /// New aliases of this child.
    pub aliases: Vec<Alias>,
    /// The child's open review items, whole: what is not among them any more is closed.
    pub reviews: Vec<NewReview>,
    /// What was deliberately not sent, for the journey: clear text without child data.
    pub suppressed: Vec<String>,
    /// Claims that are new or stand otherwise than before; each row takes the place of the one with its id.
    pub claims: Vec<ClaimRow>,
}

/// An obligation to record, with its one delivery.
#[derive(Clone, Debug)]
pub struct NewObligation {
    pub id: Uuid,
    /// The delivery's id: fixed here, for ever.
    pub delivery: Uuid,
    pub kind: Kind,
    pub recipient: Code,
    pub place: Option<Code>,
    pub due_on: Option<Date>,
    /// Which rule: `reg 13(4)` or the like.
    pub basis: &'static str,
    /// Position in what this recipient is told about this child, from 1.
    pub sequence: u32,
    pub supersedes: Option<Uuid>,
    /// `Some` where it must not be sent yet.
    pub hold: Option<HoldReason>,
    /// Sealed: the CloudEvents envelope as it will be sent.
    pub payload: Arc<[u8]>,
}

impl NewObligation {
    /// The lease under which its delivery comes back from the recording of it.
    #[must_use]
    pub fn first_lease(&self, child: ChildKey, recorded_at: Timestamp, until: Timestamp, traceparent: Option<&str>) -> Lease {
        Lease {
            delivery: self.delivery,
            obligation: self.id,
            kind: self.kind,
            recipient: self.recipient,
            place: self.place,
            child,
            sequence: self.sequence,
            fence: 1,
            attempts: 0,
            recorded_at,
            until,
            payload: self.payload.clone(),
            traceparent: traceparent.map(str::to_owned),
        }
    }
}

/// An item for a person.
#[derive(Clone, Debug, PartialEq)]
pub struct NewReview {
    /// Stable for the same question about the same subject, so that an open item is not opened twice.
    pub key: Alias,
    /// Bounded set of names: it is a metric label.
    pub reason: &'static str,
    pub due_on: Option<Date>,
    /// Sealed: subject, detail, candidates.
    pub detail: Vec<u8>,
}

/// A recipient said that it read, or acted on, a notice.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    pub delivery: Uuid,
    pub by: Code,
    /// `read` or `acted-on`.
    pub status: &'static str,
    pub at: Timestamp,
}

/// Who leases, from when, until when, how many.
#[derive(Clone, Debug)]
pub struct LeaseTerms {
    /// The hub instance; a new one at each start.
    pub holder: Uuid,
    pub now: Timestamp,
    pub until: Timestamp,
    pub limit: usize,
    /// Recipients that take nothing now (breaker open, window full): not leased at recording.
    pub shut: Arc<[Code]>,
}

/// What [`Ledger::record`] did.
#[derive(Debug, Default)]
pub struct Outcome {
    /// One per entry, in order.
    pub recorded: Vec<Recorded>,
    pub leased: Vec<Lease>,
    /// Recipients that have something due which did not come leased.
    pub due: Vec<Code>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    Done,
    /// Read again and decide again.
    Conflict,
}

/// A lane with room for more.
#[derive(Clone, Debug)]
pub struct LaneRoom {
    pub recipient: Code,
    pub room: usize,
}

/// What another hub did that this one may act on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum News {
    /// Something is due for this recipient that came leased to nobody.
    Due(Code),
    /// Something was accepted for this recipient by a rail where it must be collected.
    Accepted(Code),
}

/// When a lane has something to do.
#[derive(Clone, Debug)]
pub struct LaneDue {
    pub recipient: Code,
    pub next_at: Timestamp,
}

/// A delivery that this hub may attempt until the lease lapses.
#[derive(Clone, Debug)]
pub struct Lease {
    pub delivery: Uuid,
    pub obligation: Uuid,
    pub kind: Kind,
    pub recipient: Code,
    pub place: Option<Code>,
    pub child: ChildKey,
    pub sequence: u32,
    /// Rises with every lease of this delivery; a settlement must carry it.
    pub fence: u64,
    /// Attempts made before this one.
    pub attempts: u32,
    pub recorded_at: Timestamp,
    pub until: Timestamp,
    /// Sealed.
    pub payload: Arc<[u8]>,
    pub traceparent: Option<String>,
}

/// What came of a lease.
#[derive(Clone, Debug)]
pub struct Settlement {
    pub delivery: Uuid,
    pub fence: u64,
    /// None where no attempt was made: the lane shut, or the hub is stopping.
    pub attempt: Option<Attempt>,
    pub next: Next,
    pub at: Timestamp,
}

/// One attempt, as it is kept.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    pub adapter: &'static str,
    /// `delivered`, `accepted`, `try-later`, `refused`.
    pub outcome: &'static str,
    /// HTTP or protocol status.
    pub status: Option<u16>,
    /// What the far end said, bounded, without child data.
    pub detail: String,
}

/// What a rail learned about a delivery after it had accepted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    pub delivery: Uuid,
    pub outcome: Confirmed,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// The recipient has collected it.
    Delivered { receipt: String },
    /// The rail gave up: it is due again, by whatever endpoint the recipient has then.
    Again { why: String },
    /// The rail will never bring it there.
    Dead { why: String },
}

/// What [`Ledger::settle`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    pub stale: u64,
    /// Recipients for whom a delivery that stood behind a settled one is now due.
    pub due: Vec<Code>,
}

/// Something to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clue {
    Alias(Alias),
    /// A message's, obligation's or delivery's own id.
    Id(Uuid),
    /// A message id as its publisher wrote it.
    MessageId(String),
}

/// What a clue led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub child: ChildKey,
    /// Where the clue was an obligation or delivery: that delivery and its recipient.
    pub delivery: Option<(Uuid, Code)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorAction {
    /// Due at once, attempts counted anew (dead, held or waiting for a retry).
    Retry,
    Hold,
    Release,
    /// Withdrawn by hand.
    Discard,
}

impl OperatorAction {
    /// As it is kept beside the delivery.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Discard => "discard",
        }
    }
}

impl Alias {
    /// As it prints: 32 hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex(&self.0)
    }

    /// None where the text is not 32 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let number = u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32)?;
        Some(Self(number.to_be_bytes()))
    }
}

impl fmt::Debug for ChildKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "child:{}", hex(&self.0))
    }
}

impl fmt::Debug for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "alias:{}", hex(&self.0))
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for LedgerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}

#[cfg(test)]
mod tests {
    use super::{Alias, ChildKey, LedgerError};
    use std::error::Error;

    #[test]
    fn an_alias_reads_back_from_what_it_prints() {
        let alias = Alias([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(alias.to_hex(), "000102030405060708090a0b0c0d0eff");
        assert_eq!(Alias::from_hex(&alias.to_hex()), Some(alias));
        for wrong in ["", "00", "000102030405060708090a0b0c0d0efg", "0000102030405060708090a0b0c0d0eff"] {
            assert_eq!(Alias::from_hex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn keys_print_as_what_they_are() {
        assert_eq!(format!("{:?}", ChildKey([1; 16])), "child:01010101010101010101010101010101");
        assert_eq!(format!("{:?}", Alias([2; 16])), "alias:02020202020202020202020202020202");
    }

    #[test]
    fn a_ledgers_error_says_what_failed_and_keeps_its_cause() {
        let cause: Box<dyn Error + Send + Sync> = "disk full".into();
        let error =
            LedgerError { what: "the ledger could not be written; free some space".to_owned(), transient: true, source: Some(cause) };
        assert_eq!(error.to_string(), "the ledger could not be written; free some space");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("disk full"));
    }
}
