//! What follows an attempt: settled, again later, or never. A pure function of the lease, the outcome, the time and a
//! random number that is passed in.

use crate::delivery::HoldReason;
use jiff::{SignedDuration, Timestamp};

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The recipient's system has it; the receipt is what it said.
    Delivered { receipt: String },
    /// On its way by a rail where it must be collected.
    Accepted { reference: String },
    /// Nothing is decided: try again, not before `after` where the far end said so.
    TryLater { after: Option<SignedDuration>, why: String },
    /// The recipient will never take this one.
    Refused { why: String },
    /// The recipient takes nothing at this address any more (410).
    Gone { why: String },
}

impl AttemptOutcome {
    /// What an HTTP status other than 2xx comes to, on every rail that posts: 410 ends the address; what says that this request
    /// will never be taken is refused; all else can be mended. `Retry-After` is obeyed from those who are busy only.
    #[must_use]
    pub fn of_http_status(status: u16, after: Option<SignedDuration>, why: String) -> Self {
        match status {
            410 => Self::Gone { why },
            400 | 405 | 406 | 411 | 413 | 414 | 415 | 422 | 431 => Self::Refused { why },
            429 | 502 | 503 | 504 => Self::TryLater { after, why },
            _ => Self::TryLater { after: None, why },
        }
    }
}

/// Where a delivery stands after an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    Delivered {
        receipt: String,
    },
    Accepted {
        reference: String,
    },
    RetryAt(Timestamp),
    Hold {
        reason: HoldReason,
        why: String,
    },
    Dead {
        why: String,
    },
    /// No attempt was made; due again at this time, nothing counted.
    Release(Timestamp),
}

/// How long and how often.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Longest wait after the first failure; doubles with each.
    pub base: SignedDuration,
    /// Longest wait of all.
    pub cap: SignedDuration,
    /// Dead when at least this many attempts were made ...
    pub attempts_max: u32,
    /// ... and this much time has passed since it was recorded. Both: neither a short burst nor a long outage alone kills.
    pub age_max: SignedDuration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            base: SignedDuration::from_secs(2),
            cap: SignedDuration::from_mins(15),
            attempts_max: 20,
            age_max: SignedDuration::from_hours(72),
        }
    }
}

/// Decides what follows an attempt.
///
/// `attempts` counts this one; `jitter` is in `0.0..1.0`. Full jitter: the wait is anywhere between nothing and the
/// doubled bound, so that many deliveries that failed together do not come back together. A `Retry-After` is a floor,
/// never cut short by the cap (but by a day).
#[must_use]
pub fn decide(policy: &RetryPolicy, attempts: u32, recorded_at: Timestamp, outcome: AttemptOutcome, now: Timestamp, jitter: f64) -> Next {
    match outcome {
        AttemptOutcome::Delivered { receipt } => Next::Delivered { receipt },
        AttemptOutcome::Accepted { reference } => Next::Accepted { reference },
        AttemptOutcome::Refused { why } => Next::Dead { why },
        AttemptOutcome::Gone { why } => Next::Hold { reason: HoldReason::EndpointGone, why },
        AttemptOutcome::TryLater { after, why } => {
            let age = now.duration_since(recorded_at);
            if attempts >= policy.attempts_max && age >= policy.age_max {
                return Next::Dead { why: format!("{why}; given up after {attempts} attempts in {} hours", age.as_hours()) };
            }
            let asked = after.unwrap_or(SignedDuration::ZERO).clamp(SignedDuration::ZERO, SignedDuration::from_hours(24));
            let wait = asked.saturating_add(backoff(policy, attempts, jitter));
            Next::RetryAt(now.saturating_add(wait).unwrap_or(Timestamp::MAX))
        }
    }
}

/// Full jitter below `base * 2^(attempts-1)`, capped.
#[must_use]
pub fn backoff(policy: &RetryPolicy, attempts: u32, jitter: f64) -> SignedDuration {
    let doublings = attempts.saturating_sub(1).min(30);
    let bound = policy.base.as_secs_f64() * f64::from(1_u32 << doublings);
    let seconds = bound.min(policy.cap.as_secs_f64()) * jitter.clamp(0.0, 1.0);
    SignedDuration::try_from_secs_f64(seconds).unwrap_or(policy.cap)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn later(after: Option<i64>) -> AttemptOutcome {
        AttemptOutcome::TryLater { after: after.map(SignedDuration::from_secs), why: "503".into() }
    }

    #[test]
    fn waits_double_up_to_the_cap() {
        let policy = RetryPolicy::default();
        let longest = |attempts| backoff(&policy, attempts, 1.0).as_secs();
        assert_eq!([1, 2, 3, 4, 10, 11, 4_000].map(longest), [2, 4, 8, 16, 900, 900, 900]);
        assert_eq!(backoff(&policy, 4, 0.5).as_secs(), 8);
        assert_eq!(backoff(&policy, 4, 0.0).as_secs(), 0);
    }

    #[test]
    fn retry_after_is_a_floor() {
        let next = decide(&RetryPolicy::default(), 1, at(0), later(Some(120)), at(10), 0.0);
        assert_eq!(next, Next::RetryAt(at(130)));
    }

    #[test]
    fn dead_only_after_both_an_age_and_a_count() {
        let policy = RetryPolicy { attempts_max: 3, age_max: SignedDuration::from_secs(100), ..RetryPolicy::default() };
        let dead = |attempts, age| matches!(decide(&policy, attempts, at(0), later(None), at(age), 0.5), Next::Dead { .. });
        assert_eq!([dead(3, 99), dead(2, 1_000), dead(3, 100)], [false, false, true]);
    }

    #[test]
    fn an_http_status_is_mended_unless_it_says_never() {
        let asked = SignedDuration::from_secs(7);
        let of = |status| AttemptOutcome::of_http_status(status, Some(asked), String::new());
        for status in [400, 405, 406, 411, 413, 414, 415, 422, 431] {
            assert_eq!(of(status), AttemptOutcome::Refused { why: String::new() }, "{status}");
        }
        assert_eq!(of(410), AttemptOutcome::Gone { why: String::new() });
        for (status, after) in
            [(429, Some(asked)), (502, Some(asked)), (503, Some(asked)), (504, Some(asked)), (500, None), (404, None), (301, None)]
        {
            assert_eq!(of(status), AttemptOutcome::TryLater { after, why: String::new() }, "{status}");
        }
    }

    #[test]
    fn refused_is_dead_and_gone_holds() {
        let policy = RetryPolicy::default();
        let refused = decide(&policy, 1, at(0), AttemptOutcome::Refused { why: "400".into() }, at(1), 0.5);
        assert!(matches!(refused, Next::Dead { .. }));
        let gone = decide(&policy, 1, at(0), AttemptOutcome::Gone { why: "410".into() }, at(1), 0.5);
        assert!(matches!(gone, Next::Hold { reason: HoldReason::EndpointGone, .. }));
    }
}
