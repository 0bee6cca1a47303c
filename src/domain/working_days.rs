//! Working days: weekends and England's bank holidays left out (reg 13(1), reg 14).

use jiff::civil::Date;
use std::collections::BTreeSet;

/// The bank holidays known, and up to when they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    pub bank_holidays: BTreeSet<Date>,
}

impl Calendar {
    /// The `n`th working day after `start`; `start` is day 0, working day or not.
    #[must_use]
    pub fn add(&self, start: Date, n: u32) -> Date {
        let _ = (start, n);
        unimplemented!()
    }
}
