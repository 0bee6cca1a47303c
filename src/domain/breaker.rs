//! When a lane sends, how much at once, and when it stops asking: a circuit breaker with a window, one per lane.
//!
//! ```text
//! closed --5 failures in a row, or told to wait--> open --cool-down over--> probing --worked--> recovering --full--> closed
//!                                                   ^------------failed-------'                    |
//!                                                   ^------------failed----------------------------'
//! ```
//!
//! Pure: the time and a random number are passed in. A [`Ticket`] goes with every attempt, so that a late answer from
//! before the lane opened (a straggler) can neither close it nor keep it open.

use jiff::{SignedDuration, Timestamp};

/// One lane's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breaker {
    phase: Phase,
    /// Rises each time the lane opens; an attempt with an older one is a straggler.
    epoch: u32,
    /// Most attempts in flight; the endpoint's own limit applies too.
    window: u32,
    /// Failures in a row while closed.
    failures: u32,
    /// Openings in a row without recovery in between: the cool-down doubles with each.
    openings: u32,
    /// Successes since the window last changed, while it grows back by one a round.
    credit: u32,
}

/// Where a lane is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Closed,
    /// Nothing is sent before `probe_at`; then one.
    Open {
        probe_at: Timestamp,
    },
    /// The one probe is on its way.
    Probing,
    /// The probe worked: the window grows from one.
    Recovering,
}

/// What an attempt says about the far end, whatever it says about the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// It answered sensibly; a refusal of this one delivery is sensible.
    Worked,
    Failed {
        /// It timed out or asked for less: it wants fewer at once.
        slow: bool,
        /// It said when to come back: the whole lane does.
        not_before: Option<Timestamp>,
    },
    /// Nothing can be told: no attempt was made, or it failed on our own side.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerPolicy {
    /// Failures in a row that open the lane.
    pub failures_max: u32,
    /// Shortest wait before a probe.
    pub cooldown_base: SignedDuration,
    /// Longest wait before a probe, also where the far end asks for more: a notice has a deadline, and one request every
    /// five minutes hurts nobody.
    pub cooldown_cap: SignedDuration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self { failures_max: 5, cooldown_base: SignedDuration::from_secs(5), cooldown_cap: SignedDuration::from_mins(5) }
    }
}

/// Belongs to one attempt; hand it back with the attempt's signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u32);

impl Default for Breaker {
    fn default() -> Self {
        Self { phase: Phase::Closed, epoch: 0, window: u32::MAX, failures: 0, openings: 0, credit: 0 }
    }
}

impl Breaker {
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// When the next probe may go; none unless the lane is open.
    #[must_use]
    pub const fn probe_at(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Open { probe_at } => Some(probe_at),
            _ => None,
        }
    }

    /// A probe that lies further ahead than any wait is long was planned by a clock that has been set back since: it is planned anew.
    pub fn look_at_clock(&mut self, policy: &BreakerPolicy, now: Timestamp) {
        if let Phase::Open { probe_at } = &mut self.phase
            && let Ok(latest) = now.checked_add(policy.cooldown_cap)
        {
            *probe_at = latest.min(*probe_at);
        }
    }

    /// Most attempts in flight now, for an endpoint that takes `limit` at once.
    #[must_use]
    pub fn window(&self, limit: u32, now: Timestamp) -> u32 {
        match self.phase {
            Phase::Closed | Phase::Recovering => self.window.min(limit.max(1)),
            Phase::Open { probe_at } => u32::from(now >= probe_at),
            Phase::Probing => 1,
        }
    }

    /// How many attempts may start now with `in_flight` under way. Stragglers do not keep a probe waiting.
    #[must_use]
    pub fn room(&self, limit: u32, in_flight: u32, now: Timestamp) -> u32 {
        match self.phase {
            Phase::Closed | Phase::Recovering => self.window(limit, now).saturating_sub(in_flight),
            Phase::Open { probe_at } => u32::from(now >= probe_at),
            Phase::Probing => 0,
        }
    }

    /// An attempt starts; on an open lane it is the probe.
    pub fn start(&mut self) -> Ticket {
        if matches!(self.phase, Phase::Open { .. }) {
            self.phase = Phase::Probing;
        }
        Ticket(self.epoch)
    }

    /// An attempt ended. `jitter` is in `0.0..1.0`.
    pub fn record(&mut self, policy: &BreakerPolicy, ticket: Ticket, signal: Signal, limit: u32, now: Timestamp, jitter: f64) {
        if ticket.0 != self.epoch {
            return;
        }
        match signal {
            Signal::Worked => self.worked(limit.max(1)),
            Signal::Failed { slow, not_before } => {
                if slow {
                    self.window = (self.window.min(limit.max(1)) / 2).max(1);
                    self.credit = 0;
                }
                self.failed(policy, not_before.filter(|at| *at > now), now, jitter);
            }
            // The probe was no probe: let the next one be it.
            Signal::Nothing if self.phase == Phase::Probing => self.phase = Phase::Open { probe_at: now },
            Signal::Nothing => {}
        }
    }

    fn worked(&mut self, limit: u32) {
        self.failures = 0;
        match self.phase {
            Phase::Probing => {
                self.phase = Phase::Recovering;
                self.window = 1;
            }
            Phase::Recovering => self.window = self.window.saturating_mul(2),
            Phase::Closed if self.window < limit => {
                self.credit += 1;
                if self.credit >= self.window {
                    self.window += 1;
                    self.credit = 0;
                }
            }
            Phase::Closed | Phase::Open { .. } => {}
        }
        if self.phase == Phase::Recovering && self.window >= limit {
            *self = Self { epoch: self.epoch, ..Self::default() };
        }
    }

    fn failed(&mut self, policy: &BreakerPolicy, not_before: Option<Timestamp>, now: Timestamp, jitter: f64) {
        self.failures = self.failures.saturating_add(1);
        if let Some(at) = not_before {
            // Asked to wait, it is told nothing about being broken: the cool-down does not double.
            self.open(now.saturating_add(policy.cooldown_cap).map_or(at, |latest| at.min(latest)));
        } else if self.phase != Phase::Closed || self.failures >= policy.failures_max {
            self.openings = self.openings.saturating_add(1);
            self.open(now.saturating_add(cooldown(policy, self.openings, jitter)).unwrap_or(Timestamp::MAX));
        }
    }

    fn open(&mut self, probe_at: Timestamp) {
        self.phase = Phase::Open { probe_at };
        self.epoch = self.epoch.wrapping_add(1);
        self.failures = 0;
        self.credit = 0;
        self.window = 1;
    }
}

/// Anywhere between the base and a bound that doubles with each opening, capped: lanes that broke together (a network
/// that went away) do not probe together.
#[must_use]
pub fn cooldown(policy: &BreakerPolicy, openings: u32, jitter: f64) -> SignedDuration {
    let base = policy.cooldown_base.as_secs_f64();
    let bound = (base * f64::from(1_u32 << openings.min(30))).min(policy.cooldown_cap.as_secs_f64()).max(base);
    let seconds = base + (bound - base) * jitter.clamp(0.0, 1.0);
    SignedDuration::try_from_secs_f64(seconds).unwrap_or(policy.cooldown_cap)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: BreakerPolicy =
        BreakerPolicy { failures_max: 5, cooldown_base: SignedDuration::from_secs(5), cooldown_cap: SignedDuration::from_secs(300) };
    const FAILED: Signal = Signal::Failed { slow: false, not_before: None };
    const TIMED_OUT: Signal = Signal::Failed { slow: true, not_before: None };
    const LIMIT: u32 = 8;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    /// Starts an attempt and ends it at once.
    fn attempt(breaker: &mut Breaker, signal: Signal, now: Timestamp) {
        let ticket = breaker.start();
        breaker.record(&POLICY, ticket, signal, LIMIT, now, 0.0);
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..5 {
            attempt(&mut breaker, FAILED, at(0));
        }
        breaker
    }

    #[test]
    fn opens_after_five_failures_in_a_row_and_not_before() {
        let mut breaker = Breaker::default();
        for signal in [FAILED, FAILED, FAILED, FAILED, Signal::Worked, FAILED, FAILED, FAILED, FAILED] {
            attempt(&mut breaker, signal, at(0));
            assert_eq!(breaker.phase(), Phase::Closed);
        }
        attempt(&mut breaker, FAILED, at(0));
        assert_eq!(breaker.phase(), Phase::Open { probe_at: at(5) });
        assert_eq!([breaker.room(LIMIT, 0, at(4)), breaker.room(LIMIT, 0, at(5))], [0, 1]);
    }

    #[test]
    fn one_probe_then_a_window_that_doubles() {
        let mut breaker = opened();
        let probe = breaker.start();
        assert_eq!((breaker.phase(), breaker.room(LIMIT, 0, at(9))), (Phase::Probing, 0));
        breaker.record(&POLICY, probe, Signal::Worked, LIMIT, at(6), 0.0);
        let mut windows = vec![breaker.window(LIMIT, at(6))];
        for _ in 0..3 {
            assert_eq!(breaker.phase(), Phase::Recovering);
            attempt(&mut breaker, Signal::Worked, at(7));
            windows.push(breaker.window(LIMIT, at(7)));
        }
        assert_eq!((windows, breaker.phase()), (vec![1, 2, 4, 8], Phase::Closed));
    }

    #[test]
    fn an_endpoint_that_takes_one_at_a_time_is_well_after_one_probe() {
        let mut breaker = opened();
        let probe = breaker.start();
        breaker.record(&POLICY, probe, Signal::Worked, 1, at(6), 0.0);
        assert_eq!((breaker.phase(), breaker.window(1, at(6))), (Phase::Closed, 1));
    }

    #[test]
    fn cool_down_doubles_to_the_cap_and_starts_afresh_after_recovery() {
        let longest = |openings| cooldown(&POLICY, openings, 1.0).as_secs();
        assert_eq!([1, 2, 3, 5, 6, 7, 4_000].map(longest), [10, 20, 40, 160, 300, 300, 300]);
        assert_eq!([1, 7].map(|openings| cooldown(&POLICY, openings, 0.0).as_secs()), [5, 5]);
        let mut breaker = opened();
        attempt(&mut breaker, FAILED, at(5));
        assert_eq!(breaker.openings, 2);
        for _ in 0..4 {
            attempt(&mut breaker, Signal::Worked, at(20));
        }
        assert_eq!((breaker.phase(), breaker.openings), (Phase::Closed, 0));
    }

    #[test]
    fn a_relapse_while_recovering_opens_at_once() {
        let mut breaker = opened();
        attempt(&mut breaker, Signal::Worked, at(5));
        attempt(&mut breaker, FAILED, at(6));
        assert_eq!(breaker.phase(), Phase::Open { probe_at: at(11) });
    }

    #[test]
    fn a_straggler_changes_nothing() {
        let mut breaker = Breaker::default();
        let straggler = breaker.start();
        for _ in 0..5 {
            attempt(&mut breaker, FAILED, at(0));
        }
        for signal in [Signal::Worked, FAILED, TIMED_OUT, Signal::Nothing] {
            let before = breaker.clone();
            breaker.record(&POLICY, straggler, signal, LIMIT, at(1), 0.5);
            assert_eq!(breaker, before);
        }
        let probe = breaker.start();
        breaker.record(&POLICY, straggler, Signal::Worked, LIMIT, at(6), 0.5);
        assert_eq!(breaker.phase(), Phase::Probing);
        breaker.record(&POLICY, probe, Signal::Worked, LIMIT, at(6), 0.5);
        assert_eq!(breaker.phase(), Phase::Recovering);
    }

    #[test]
    fn time_outs_halve_the_window_and_success_brings_it_back_slowly() {
        let mut breaker = Breaker::default();
        attempt(&mut breaker, TIMED_OUT, at(0));
        attempt(&mut breaker, TIMED_OUT, at(0));
        assert_eq!(breaker.window(LIMIT, at(0)), 2);
        let windows: Vec<_> = (0..5)
            .map(|_| {
                attempt(&mut breaker, Signal::Worked, at(1));
                breaker.window(LIMIT, at(1))
            })
            .collect();
        assert_eq!(windows, [2, 3, 3, 3, 4]);
    }

    #[test]
    fn a_wait_that_is_asked_for_is_kept_up_to_the_cap() {
        for (asked, waits) in [(30, 30), (1, 1), (86_400, 300)] {
            let mut breaker = Breaker::default();
            attempt(&mut breaker, Signal::Failed { slow: true, not_before: Some(at(asked)) }, at(0));
            assert_eq!((breaker.probe_at(), breaker.openings), (Some(at(waits)), 0), "{asked}");
        }
        let mut breaker = Breaker::default();
        attempt(&mut breaker, Signal::Failed { slow: true, not_before: Some(at(0)) }, at(0));
        assert_eq!(breaker.phase(), Phase::Closed, "no wait at all is a plain failure");
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_shut_the_lane_for_as_long() {
        let mut breaker = opened();
        breaker.look_at_clock(&POLICY, at(-200));
        assert_eq!(breaker.probe_at(), Some(at(5)), "no further ahead than a wait may be");
        breaker.look_at_clock(&POLICY, at(-3_600));
        assert_eq!(breaker.probe_at(), Some(at(-3_300)));
        let mut closed = Breaker::default();
        closed.look_at_clock(&POLICY, at(-3_600));
        assert_eq!(closed, Breaker::default());
    }

    #[test]
    fn a_probe_that_proves_nothing_gives_way_to_the_next() {
        let mut breaker = opened();
        attempt(&mut breaker, Signal::Nothing, at(6));
        assert_eq!((breaker.phase(), breaker.room(LIMIT, 0, at(6))), (Phase::Open { probe_at: at(6) }, 1));
        attempt(&mut breaker, Signal::Nothing, at(7));
        assert_eq!(breaker.openings, 1);
    }

    /// Every sequence of five events: end the oldest or the newest attempt in flight, five ways each, or let time pass;
    /// as many attempts are started before each as the breaker lets.
    #[test]
    fn whatever_happens_the_bounds_hold_and_the_lane_comes_back() {
        let asked = |now: Timestamp| Signal::Failed { slow: true, not_before: now.checked_add(SignedDuration::from_secs(9)).ok() };
        const EVENTS: usize = 11;
        const LENGTH: u32 = 5;
        for sequence in 0..EVENTS.pow(LENGTH) {
            let (mut breaker, mut flying, mut now, mut code) = (Breaker::default(), Vec::new(), at(0), sequence);
            for _ in 0..LENGTH {
                let in_flight = u32::try_from(flying.len()).unwrap();
                let was = breaker.phase();
                let room = breaker.room(LIMIT, in_flight, now);
                assert!(room <= LIMIT && (was != Phase::Probing || room == 0));
                if matches!(was, Phase::Open { .. }) {
                    assert!(room <= 1);
                }
                for _ in 0..room {
                    flying.push(breaker.start());
                }
                let signals = [Signal::Worked, FAILED, TIMED_OUT, Signal::Nothing, asked(now)];
                match code % EVENTS {
                    10 => now = now.checked_add(SignedDuration::from_secs(4)).unwrap(),
                    event if !flying.is_empty() => {
                        let ticket = if event < 5 { flying.remove(0) } else { flying.pop().unwrap() };
                        breaker.record(&POLICY, ticket, signals[event % 5], LIMIT, now, 0.7);
                    }
                    _ => {}
                }
                if let Some(probe_at) = breaker.probe_at() {
                    assert!(probe_at.duration_since(now) <= POLICY.cooldown_cap, "{sequence}");
                }
                assert!(breaker.window(LIMIT, now) <= LIMIT && breaker.window >= 1);
                code /= EVENTS;
            }
            // From anywhere: once the far end works, the lane is closed and full again in a bounded number of steps.
            for ticket in flying.drain(..) {
                breaker.record(&POLICY, ticket, Signal::Worked, LIMIT, now, 0.7);
            }
            now = now.checked_add(POLICY.cooldown_cap).unwrap();
            for _ in 0..64 {
                attempt(&mut breaker, Signal::Worked, now);
            }
            assert_eq!((breaker.phase(), breaker.room(LIMIT, 0, now)), (Phase::Closed, LIMIT), "{sequence}");
        }
    }

    #[test]
    fn an_open_lane_has_room_for_its_probe_from_its_time_on() {
        let mut breaker = opened();
        assert_eq!([4, 5, 6].map(|second| breaker.window(LIMIT, at(second))), [0, 1, 1]);
        breaker.start();
        assert_eq!(breaker.window(LIMIT, at(6)), 1);
    }

    #[test]
    fn an_attempt_that_proves_nothing_leaves_a_closed_lane_closed() {
        let mut breaker = Breaker::default();
        attempt(&mut breaker, Signal::Nothing, at(0));
        assert_eq!(breaker, Breaker::default());
    }

    #[test]
    fn a_window_grows_up_to_the_limit_and_no_further() {
        let mut breaker = Breaker::default();
        attempt(&mut breaker, TIMED_OUT, at(0));
        for _ in 0..64 {
            attempt(&mut breaker, Signal::Worked, at(1));
        }
        assert_eq!((breaker.window, breaker.credit), (LIMIT, 0));
    }

    /// From before the lane opened, it stays a straggler after the lane has recovered.
    #[test]
    fn a_straggler_is_one_for_ever() {
        let mut breaker = Breaker::default();
        let straggler = breaker.start();
        for _ in 0..5 {
            attempt(&mut breaker, FAILED, at(0));
        }
        for _ in 0..4 {
            attempt(&mut breaker, Signal::Worked, at(6));
        }
        assert_eq!(breaker.phase(), Phase::Closed);
        let before = breaker.clone();
        breaker.record(&POLICY, straggler, TIMED_OUT, LIMIT, at(7), 0.0);
        assert_eq!(breaker, before);
    }

    #[test]
    fn the_default_policy_opens_after_five_and_waits_five_seconds_to_five_minutes() {
        assert_eq!(BreakerPolicy::default(), POLICY);
    }
}
