//! How something with a due date stands against its clock. A due date is inclusive: done on the day is in time.

use crate::delivery::names;
use crate::working_days::Calendar;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

names! {
    /// Where a clock stands.
    Clock {
        OnTime = "on-time",
        /// Not done, and due today or on the next working day: the last moment to do something about it.
        AtRisk = "at-risk",
        /// Not done, and the due date is over.
        Overdue = "overdue",
        /// Done by the due date.
        Met = "met",
        /// Done after it.
        Late = "late",
    }
}

/// Where the clock stands at the end of `today`; `done_on` is the day on which the recipient had it.
#[must_use]
pub fn clock(due_on: Date, done_on: Option<Date>, today: Date, calendar: &Calendar) -> Clock {
    match done_on {
        Some(done_on) if done_on <= due_on => Clock::Met,
        Some(_) => Clock::Late,
        None if due_on < today => Clock::Overdue,
        None if due_on <= at_risk_until(today, calendar) => Clock::AtRisk,
        None => Clock::OnTime,
    }
}

/// The last due date that is at risk on a day: the next working day's, so that a Friday warns of Monday.
#[must_use]
pub fn at_risk_until(today: Date, calendar: &Calendar) -> Date {
    calendar.add(today, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn done_by_the_day_itself_is_in_time() {
        let due = date(2026, 4, 13);
        let calendar = Calendar::default();
        let done = |day| clock(due, Some(date(2026, 4, day)), date(2026, 5, 1), &calendar);
        assert_eq!([done(12), done(13), done(14)], [Clock::Met, Clock::Met, Clock::Late]);
    }

    #[test]
    fn a_friday_warns_of_monday() {
        let calendar = Calendar::default();
        let open = |due| clock(due, None, date(2026, 11, 20), &calendar);
        let (thursday, friday) = (date(2026, 11, 19), date(2026, 11, 20));
        let (monday, tuesday) = (date(2026, 11, 23), date(2026, 11, 24));
        assert_eq!([thursday, friday, monday, tuesday].map(open), [Clock::Overdue, Clock::AtRisk, Clock::AtRisk, Clock::OnTime]);
    }
}
