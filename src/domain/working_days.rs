//! Working days: weekends and England's bank holidays left out (reg 13(1), reg 14).

use jiff::civil::{Date, Weekday};
use std::collections::BTreeSet;

/// The bank holidays known, and up to when they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    pub bank_holidays: BTreeSet<Date>,
}

impl Calendar {
    /// The `n`th working day after `start`; `start` is day 0, working day or not. Past the last year known, only
    /// weekends are left out: a deadline may then come early, never late.
    #[must_use]
    pub fn add(&self, start: Date, n: u32) -> Date {
        let mut day = start;
        let mut left = n;
        while left > 0 {
            // The calendar ends in the year 9999, and nothing is due later.
            let Ok(next) = day.tomorrow() else { return day };
            day = next;
            if self.is_working_day(day) {
                left -= 1;
            }
        }
        day
    }

    /// Neither a weekend nor a bank holiday.
    #[must_use]
    pub fn is_working_day(&self, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !self.bank_holidays.contains(&day)
    }

    /// The last year of which bank holidays are known; none where none are.
    #[must_use]
    pub fn known_until(&self) -> Option<i16> {
        self.bank_holidays.last().map(|day| day.year())
    }
}

#[cfg(test)]
mod tests {
    use super::Calendar;
    use jiff::civil::{Date, date};

    fn england_2026() -> Calendar {
        let bank_holidays = [
            date(2026, 1, 1),
            date(2026, 4, 3),
            date(2026, 4, 6),
            date(2026, 5, 4),
            date(2026, 5, 25),
            date(2026, 8, 31),
            date(2026, 12, 25),
            date(2026, 12, 28),
        ];
        Calendar { bank_holidays: bank_holidays.into_iter().collect() }
    }

    fn check(start: Date, n: u32, due: Date) {
        assert_eq!(england_2026().add(start, n), due, "{n} working days after {start}");
    }

    #[test]
    fn easter_is_left_out() {
        check(date(2026, 4, 2), 5, date(2026, 4, 13));
        check(date(2026, 4, 2), 10, date(2026, 4, 20));
    }

    #[test]
    fn the_start_is_day_nought_whatever_day_it_is() {
        check(date(2026, 11, 21), 0, date(2026, 11, 21));
        check(date(2026, 11, 21), 1, date(2026, 11, 23));
        check(date(2026, 11, 20), 1, date(2026, 11, 23));
        check(date(2026, 12, 24), 1, date(2026, 12, 29));
    }

    #[test]
    fn past_the_last_year_only_weekends_count() {
        check(date(2031, 12, 24), 1, date(2031, 12, 25));
        check(date(9999, 12, 30), 5, date(9999, 12, 31));
        assert_eq!(england_2026().known_until(), Some(2026));
    }
}
