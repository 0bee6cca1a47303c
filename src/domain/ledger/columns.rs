//! How domain values stand in a ledger's columns. The numbers are in databases for ever: add, never renumber.

use crate::Code;
use crate::claim::ClaimState;
use crate::delivery::{DeliveryState, HoldReason, Kind, ObligationState};
use crate::policy::Stage;
use jiff::{Timestamp, civil::Date};

/// A value that stands in a column and that this program did not write there.
#[derive(Debug, PartialEq, Eq)]
pub struct Unknown(pub String);

impl std::fmt::Display for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unknown {}

/// A delivery's state as it is stored: the domain's, with `due` in two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    Due = 0,
    /// Due, but another pending delivery of the same recipient and child stands before it.
    Waiting = 1,
    Leased = 2,
    Held = 3,
    Accepted = 4,
    Delivered = 5,
    Acknowledged = 6,
    Dead = 7,
    Withdrawn = 8,
}

impl State {
    pub const ALL: [Self; 9] = [
        Self::Due,
        Self::Waiting,
        Self::Leased,
        Self::Held,
        Self::Accepted,
        Self::Delivered,
        Self::Acknowledged,
        Self::Dead,
        Self::Withdrawn,
    ];

    pub const fn number(self) -> i64 {
        self as i64
    }

    pub fn read(number: i64) -> Result<Self, Unknown> {
        Self::ALL.into_iter().find(|state| state.number() == number).ok_or_else(|| unknown("state of a delivery", number))
    }

    /// As the outside sees it.
    pub const fn shown(self) -> DeliveryState {
        match self {
            Self::Due | Self::Waiting => DeliveryState::Due,
            Self::Leased => DeliveryState::Leased,
            Self::Held => DeliveryState::Held,
            Self::Accepted => DeliveryState::Accepted,
            Self::Delivered => DeliveryState::Delivered,
            Self::Acknowledged => DeliveryState::Acknowledged,
            Self::Dead => DeliveryState::Dead,
            Self::Withdrawn => DeliveryState::Withdrawn,
        }
    }

    pub const fn is_open(self) -> bool {
        self.shown().is_pending()
    }

    /// Whether the recipient still has not got it, and still should. What nobody has collected has not arrived.
    pub const fn is_undelivered(self) -> bool {
        self.is_open() || matches!(self, Self::Accepted | Self::Dead)
    }
}

/// Kinds by number; the arrival and end notices first, because the index of rare kinds begins at 2.
const KINDS: [Kind; 9] = [
    Kind::ArrivalNotice,
    Kind::EndNotice,
    Kind::NoticeCorrection,
    Kind::NoticeWithdrawal,
    Kind::Referral,
    Kind::ReferralWithdrawal,
    Kind::ReclaimRequest,
    Kind::ReclaimWithdrawal,
    Kind::WorkerTask,
];

const OBLIGATION_STATES: [ObligationState; 5] =
    [ObligationState::InForce, ObligationState::Withdrawn, ObligationState::Corrected, ObligationState::Retracted, ObligationState::Held];

const HOLDS: [HoldReason; 4] = [HoldReason::NoEndpoint, HoldReason::EndpointGone, HoldReason::Review, HoldReason::Operator];

const CLAIMS: [ClaimState; 8] = [
    ClaimState::Held,
    ClaimState::Requested,
    ClaimState::Acknowledged,
    ClaimState::Queried,
    ClaimState::Disputed,
    ClaimState::Agreed,
    ClaimState::Paid,
    ClaimState::Voided,
];

const STAGES: [Stage; 2] = [Stage::Assessment, Stage::Treatment];

pub fn kind_number(kind: Kind) -> i64 {
    position(&KINDS, kind)
}

pub fn read_kind(number: i64) -> Result<Kind, Unknown> {
    at(&KINDS, number, "kind of obligation")
}

pub fn obligation_number(state: ObligationState) -> i64 {
    position(&OBLIGATION_STATES, state)
}

pub fn read_obligation_state(number: i64) -> Result<ObligationState, Unknown> {
    at(&OBLIGATION_STATES, number, "state of an obligation")
}

pub fn hold_number(hold: HoldReason) -> i64 {
    position(&HOLDS, hold)
}

pub fn read_hold(number: i64) -> Result<HoldReason, Unknown> {
    at(&HOLDS, number, "hold reason")
}

pub fn claim_number(state: ClaimState) -> i64 {
    position(&CLAIMS, state)
}

pub fn read_claim_state(number: i64) -> Result<ClaimState, Unknown> {
    at(&CLAIMS, number, "state of a claim")
}

pub fn stage_number(stage: Stage) -> i64 {
    position(&STAGES, stage)
}

pub fn read_stage(number: i64) -> Result<Stage, Unknown> {
    at(&STAGES, number, "stage of a claim")
}

/// The last whole second that a timestamp knows: "never" must read back.
const LAST_MICROSECOND: i64 = 253_402_207_200_000_000;

/// Microseconds: what is finer than that is dropped, in every ledger alike.
pub fn micros(time: Timestamp) -> i64 {
    time.as_microsecond().min(LAST_MICROSECOND)
}

pub fn read_time(micros: i64) -> Result<Timestamp, Unknown> {
    Timestamp::from_microsecond(micros).map_err(|_| unknown("time", micros))
}

/// 20 November 2026 is 20261120: sorts as dates do, and a person can read it.
pub fn day(date: Date) -> i64 {
    i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day())
}

pub fn read_day(number: i64) -> Result<Date, Unknown> {
    let parts = (i16::try_from(number / 10_000), i8::try_from(number / 100 % 100), i8::try_from(number % 100));
    let (Ok(year), Ok(month), Ok(day)) = parts else { return Err(unknown("date", number)) };
    Date::new(year, month, day).map_err(|_| unknown("date", number))
}

pub fn read_code(text: &str) -> Result<Code, Unknown> {
    if text.is_empty() {
        return Ok(Code::NONE);
    }
    Code::new(text).map_err(|_| Unknown(format!("`{text}` stands where an organisation code should")))
}

pub fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

pub fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

/// FNV-1a, 64 bits. Not for secrecy: a collision costs one more comparison.
pub fn hash(text: &str) -> i64 {
    let digest = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    i64::from_ne_bytes(digest.to_ne_bytes())
}

fn position<T: PartialEq>(all: &[T], one: T) -> i64 {
    all.iter().position(|item| *item == one).and_then(|place| i64::try_from(place).ok()).unwrap_or(-1)
}

fn at<T: Copy>(all: &[T], number: i64, what: &str) -> Result<T, Unknown> {
    usize::try_from(number).ok().and_then(|place| all.get(place)).copied().ok_or_else(|| unknown(what, number))
}

fn unknown(what: &str, number: i64) -> Unknown {
    Unknown(format!("{number} stands where a {what} should"))
}

#[cfg(test)]
mod tests;
