//! How a lane's attempts went lately: of the last five minutes, of the last day, and how long they took.

use jiff::Timestamp;
use serde::Serialize;
use std::collections::VecDeque;

/// The last five minutes and the one that has begun.
const MINUTES: usize = 6;
/// The last day and the hour that has begun.
const HOURS: usize = 25;
/// Attempts whose times are kept: enough for one in twenty of them to mean something, and a kilobyte a lane.
const TIMES_MAX: usize = 256;

/// What is kept of a lane's attempts. Some hundred bytes and the times.
#[derive(Debug, Default)]
pub struct Record {
    minutes: VecDeque<Slot>,
    hours: VecDeque<Slot>,
    /// Milliseconds, the newest last.
    times: VecDeque<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    number: i64,
    count: Count,
}

/// Attempts, and those among them that worked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Count {
    pub attempts: u64,
    pub worked: u64,
}

/// As this hub saw it; another hub on the same ledger has a record of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recent {
    pub five_minutes: Count,
    pub day: Count,
    /// One attempt in twenty of the last ones took longer; none before the first.
    pub p95_milliseconds: Option<u32>,
}

impl Count {
    /// Whole percent that worked, rounded down so that a hundred means all; none where nothing was attempted.
    #[must_use]
    pub fn percent(self) -> Option<u64> {
        (self.worked * 100).checked_div(self.attempts)
    }
}

impl Record {
    pub fn add(&mut self, worked: bool, seconds: f64, now: Timestamp) {
        let second = now.as_second();
        count(&mut self.minutes, second.div_euclid(60), MINUTES, worked);
        count(&mut self.hours, second.div_euclid(3_600), HOURS, worked);
        if self.times.len() == TIMES_MAX {
            self.times.pop_front();
        }
        self.times.push_back(milliseconds(seconds));
    }

    #[must_use]
    pub fn recent(&self, now: Timestamp) -> Recent {
        let second = now.as_second();
        let mut times: Vec<u32> = self.times.iter().copied().collect();
        times.sort_unstable();
        Recent {
            five_minutes: sum(&self.minutes, second.div_euclid(60), MINUTES),
            day: sum(&self.hours, second.div_euclid(3_600), HOURS),
            p95_milliseconds: times.get((times.len() * 95).div_ceil(100).saturating_sub(1)).copied(),
        }
    }
}

/// A clock that was set back counts on in the newest slot.
fn count(slots: &mut VecDeque<Slot>, number: i64, most: usize, worked: bool) {
    if slots.back().is_none_or(|last| last.number < number) {
        slots.push_back(Slot { number, count: Count::default() });
    }
    while slots.len() > most {
        slots.pop_front();
    }
    if let Some(last) = slots.back_mut() {
        last.count.attempts += 1;
        last.count.worked += u64::from(worked);
    }
}

fn sum(slots: &VecDeque<Slot>, now: i64, most: usize) -> Count {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let recent = slots.iter().filter(|slot| slot.number > now - most);
    recent
        .fold(Count::default(), |sum, slot| Count { attempts: sum.attempts + slot.count.attempts, worked: sum.worked + slot.count.worked })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no attempt takes a month, and none less than nothing")]
fn milliseconds(seconds: f64) -> u32 {
    (seconds.max(0.0) * 1_000.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn what_is_older_than_five_minutes_counts_for_the_day_only() {
        let mut record = Record::default();
        record.add(false, 0.1, at(0));
        record.add(true, 0.1, at(400));
        let recent = record.recent(at(401));
        assert_eq!(recent.five_minutes, Count { attempts: 1, worked: 1 });
        assert_eq!(recent.day, Count { attempts: 2, worked: 1 });
        assert_eq!(recent.day.percent(), Some(50));
        assert_eq!(record.recent(at(90_100)).day, Count::default());
    }

    #[test]
    fn one_in_twenty_took_longer() {
        let mut record = Record::default();
        assert_eq!(record.recent(at(0)).p95_milliseconds, None);
        for number in 1..=100_u32 {
            record.add(true, f64::from(number) / 1_000.0, at(0));
        }
        assert_eq!(record.recent(at(0)).p95_milliseconds, Some(95));
    }

    #[test]
    fn a_record_stays_small_for_ever() {
        let mut record = Record::default();
        for number in 0..10_000 {
            record.add(true, 0.0, at(number * 60));
        }
        assert!(record.minutes.len() <= MINUTES && record.hours.len() <= HOURS && record.times.len() <= TIMES_MAX);
        assert_eq!(Count::default().percent(), None);
    }
}
