//! How many messages came and how many deliveries were made in each of the last thirty minutes: counts looked at as they go by and kept
//! in memory. Messages are the ledger's, of all hubs on it; deliveries are this hub's own. A hub that starts begins anew.

use crate::telemetry::Metrics;
use domain::port::Figures;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// What a sparkline shows.
const MINUTES: usize = 30;

#[derive(Debug, Default)]
pub struct Rates {
    kept: Mutex<VecDeque<Minute>>,
}

/// The counts as they stood when a minute was last looked at.
#[derive(Clone, Copy, Debug)]
struct Minute {
    number: i64,
    messages: u64,
    delivered: u64,
    /// When the newest change was seen.
    changed_at: Timestamp,
}

/// A count with its last thirty minutes, oldest first; the last is the minute that has begun.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Series {
    pub total: u64,
    pub by_minute: Vec<u64>,
}

impl Series {
    /// Of the last whole minute.
    #[must_use]
    pub fn per_minute(&self) -> u64 {
        let last = self.by_minute.len().checked_sub(2);
        last.and_then(|at| self.by_minute.get(at)).or(self.by_minute.last()).copied().unwrap_or_default()
    }
}

/// Both, as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Flow {
    pub messages: Series,
    pub deliveries: Series,
    /// When something last came or arrived while this hub ran.
    pub last_change_at: Option<Timestamp>,
}

impl Rates {
    /// Looks at the figures whenever they change, until `stop` turns true.
    pub async fn watch(
        &self,
        mut figures: watch::Receiver<Figures>,
        metrics: &Metrics,
        now: impl Fn() -> Timestamp,
        mut stop: watch::Receiver<bool>,
    ) {
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                changed = figures.changed() => if changed.is_err() { return },
            }
            let messages = figures.borrow_and_update().messages.iter().map(|(.., count)| count).sum();
            self.look(messages, metrics.delivered(), now());
        }
    }

    fn look(&self, messages: u64, delivered: u64, now: Timestamp) {
        let number = now.as_second().div_euclid(60);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let changed_at = match kept.back() {
            Some(last) if (last.messages, last.delivered) == (messages, delivered) => last.changed_at,
            _ => now,
        };
        let minute = Minute { number, messages, delivered, changed_at };
        if kept.is_empty() {
            // What was there before the first look is not growth; what comes after it is.
            kept.push_back(Minute { number: number - 1, ..minute });
        }
        match kept.back_mut() {
            Some(last) if last.number >= number => *last = Minute { number: last.number, ..minute },
            _ => kept.push_back(minute),
        }
        // One more than is shown: each minute is told by what came since the one before.
        while kept.len() > MINUTES + 1 {
            kept.pop_front();
        }
    }

    #[must_use]
    pub fn flow(&self, now: Timestamp) -> Flow {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let last = now.as_second().div_euclid(60);
        let series = |of: fn(&Minute) -> u64| Series {
            total: kept.back().map(of).unwrap_or_default(),
            by_minute: (0..MINUTES).rev().map(|back| grown(&kept, last - i64::try_from(back).unwrap_or_default(), of)).collect(),
        };
        Flow {
            messages: series(|minute| minute.messages),
            deliveries: series(|minute| minute.delivered),
            last_change_at: kept.back().filter(|minute| minute.messages + minute.delivered > 0).map(|minute| minute.changed_at),
        }
    }
}

/// By how much a count grew in one minute.
fn grown(kept: &VecDeque<Minute>, number: i64, of: fn(&Minute) -> u64) -> u64 {
    let Some(at) = kept.iter().position(|minute| minute.number == number) else { return 0 };
    let before = at.checked_sub(1).and_then(|before| kept.get(before));
    before.map_or(0, |before| of(&kept[at]).saturating_sub(of(before)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn each_minute_shows_what_came_in_it() {
        let rates = Rates::default();
        for (second, messages) in [(0, 100), (60, 103), (80, 110), (180, 111)] {
            rates.look(messages, 0, at(second));
        }
        let flow = rates.flow(at(190));
        assert_eq!(flow.messages.total, 111);
        assert_eq!(flow.messages.by_minute[MINUTES - 4..], [0, 10, 0, 1]);
        assert_eq!(flow.messages.per_minute(), 0);
        assert_eq!(flow.last_change_at, Some(at(180)));
    }

    #[test]
    fn a_quiet_hub_says_when_something_last_happened() {
        let rates = Rates::default();
        assert_eq!(rates.flow(at(0)).last_change_at, None);
        rates.look(0, 0, at(0));
        assert_eq!(rates.flow(at(0)).last_change_at, None);
        rates.look(5, 2, at(30));
        rates.look(5, 2, at(3_000));
        let flow = rates.flow(at(3_000));
        assert_eq!(flow.last_change_at, Some(at(30)));
        assert!(flow.deliveries.by_minute.iter().all(|count| *count == 0));
    }

    #[test]
    fn the_first_minute_shows_what_came_after_the_first_look() {
        let rates = Rates::default();
        rates.look(100, 7, at(3));
        rates.look(104, 9, at(5));
        let flow = rates.flow(at(6));
        assert_eq!((flow.messages.by_minute.last(), flow.deliveries.by_minute.last()), (Some(&4), Some(&2)));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let rates = Rates::default();
        (0..500_u32).for_each(|minute| rates.look(minute.into(), 0, at(i64::from(minute) * 60)));
        assert_eq!(rates.kept.lock().unwrap().len(), MINUTES + 1);
        assert_eq!(rates.flow(at(499 * 60)).messages.by_minute, [1; MINUTES]);
    }
}
