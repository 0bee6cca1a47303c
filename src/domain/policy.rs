//! What is configurable about the rules: clocks, triggers, tariff. The defaults are the regional agreement's and the
//! regulations'; what the sources leave open is here, so that a region can decide it.

use crate::message::ReferralStatus;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil::Date};

#[derive(Clone, Debug)]
pub struct Policy {
    /// reg 13(1): an unplanned placement is notified within this many working days of its start.
    pub notice_working_days: u32,
    /// reg 14: an end is notified within this many working days.
    pub end_notice_working_days: u32,
    /// A place that nobody can resolve is reviewed within this many working days.
    pub review_working_days: u32,
    /// How long a move waits for its predecessor before it goes to review; its notice never waits past its deadline.
    pub park: SignedDuration,
    /// A referral that the provider does not answer within this many working days is escalated.
    pub referral_answer_working_days: u32,
    /// A notice that its recipient has agreed to acknowledge, and has not after this many working days, is followed by a reminder.
    pub reminder_working_days: u32,
    /// This many working days after the reminder fell due, the responsible authority is told.
    pub escalation_working_days: u32,
    /// A reclaim is due within this many working days of the day on which the provider's word was recorded. No source
    /// says so: it is this product's own default.
    pub reclaim_working_days: u32,
    /// Which word of the provider makes the first stage claimable ...
    pub assessment_trigger: ReferralStatus,
    /// ... and which the second.
    pub treatment_trigger: ReferralStatus,
    /// Whether a reclaim may carry the NHS number.
    pub reclaim_nhs_number: bool,
    pub tariff: Vec<Tariff>,
    /// Placement types whose notices are restricted and whose reclaims a person decides: secure homes, youth custody.
    pub secure_types: Vec<String>,
    /// Placement types whose address never goes out: adoption.
    pub withheld_types: Vec<String>,
    /// Short breaks (reg 48): no notices.
    pub short_break_statuses: Vec<String>,
    /// Holidays and the like: no notices, and the placement before goes on.
    pub temporary_types: Vec<String>,
    /// Placements that started before this day are history: known, never notified.
    pub notices_from: Option<Date>,
    /// Keys the opaque claim ids. Secret: a claim id must not be guessable from a child's id.
    pub claim_key: [u8; 32],
    pub time_zone: TimeZone,
}

/// What one stage costs, in pence, from and to a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Tariff {
    pub stage: Stage,
    pub service_line: String,
    pub unit: String,
    pub amount_pence: u64,
    pub from: Option<Date>,
    pub to: Option<Date>,
}

/// The two stages of a reclaim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    Assessment,
    Treatment,
}

impl Stage {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Assessment => "assessment",
            Self::Treatment => "treatment",
        }
    }
}

impl Policy {
    /// The default rules, with the key that this hub's claim ids are made with.
    #[must_use]
    pub fn standard(claim_key: [u8; 32], time_zone: TimeZone) -> Self {
        let strings = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
        Self {
            notice_working_days: 5,
            end_notice_working_days: 10,
            review_working_days: 5,
            park: SignedDuration::from_hours(72),
            referral_answer_working_days: 5,
            reminder_working_days: 2,
            escalation_working_days: 5,
            reclaim_working_days: 20,
            assessment_trigger: ReferralStatus::Assessed,
            treatment_trigger: ReferralStatus::TreatmentStarted,
            reclaim_nhs_number: false,
            tariff: Vec::new(),
            secure_types: strings(&["K1", "R5"]),
            withheld_types: strings(&["A3", "A4", "A5", "A6"]),
            short_break_statuses: strings(&["V3", "V4"]),
            temporary_types: strings(&["T2"]),
            notices_from: None,
            claim_key,
            time_zone,
        }
    }

    /// The calendar day of an instant, where the regulations apply.
    #[must_use]
    pub fn day(&self, instant: Timestamp) -> Date {
        self.time_zone.to_datetime(instant).date()
    }

    /// The first instant of a day.
    #[must_use]
    pub fn midnight(&self, day: Date) -> Timestamp {
        day.to_zoned(self.time_zone.clone()).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
    }

    /// The tariff line for a stage on a service date.
    #[must_use]
    pub fn tariff_for(&self, stage: Stage, on: Date) -> Option<&Tariff> {
        self.tariff.iter().find(|line| line.stage == stage && line.from.is_none_or(|from| from <= on) && line.to.is_none_or(|to| on <= to))
    }
}

#[cfg(test)]
mod tests {
    use super::{Policy, Stage, Tariff};
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    fn london() -> Policy {
        Policy::standard([0; 32], TimeZone::get("Europe/London").unwrap())
    }

    #[test]
    fn a_day_begins_and_ends_in_england() {
        let policy = london();
        assert_eq!(policy.day("2026-07-14T22:59:59Z".parse().unwrap()), date(2026, 7, 14));
        assert_eq!(policy.day("2026-07-14T23:00:00Z".parse().unwrap()), date(2026, 7, 15));
        assert_eq!(policy.midnight(date(2026, 7, 15)), "2026-07-14T23:00:00Z".parse().unwrap());
        assert_eq!(policy.midnight(date(2026, 12, 15)), "2026-12-15T00:00:00Z".parse().unwrap());
    }

    #[test]
    fn a_price_holds_for_its_stage_from_its_first_day_to_its_last() {
        let line =
            |stage, amount_pence, from, to| Tariff { stage, service_line: "S".to_owned(), unit: "case".to_owned(), amount_pence, from, to };
        let mut policy = london();
        policy.tariff = vec![
            line(Stage::Treatment, 9, None, None),
            line(Stage::Assessment, 1, None, Some(date(2026, 3, 31))),
            line(Stage::Assessment, 2, Some(date(2026, 4, 1)), Some(date(2027, 3, 31))),
        ];
        let price = |stage, day| policy.tariff_for(stage, day).map(|line| line.amount_pence);
        let days = [date(2026, 3, 31), date(2026, 4, 1), date(2027, 3, 31), date(2027, 4, 1)];
        assert_eq!(days.map(|day| price(Stage::Assessment, day)), [Some(1), Some(2), Some(2), None]);
        assert_eq!(days.map(|day| price(Stage::Treatment, day)), [Some(9); 4]);
    }

    #[test]
    fn stages_have_names() {
        assert_eq!([Stage::Assessment.name(), Stage::Treatment.name()], ["assessment", "treatment"]);
    }
}
