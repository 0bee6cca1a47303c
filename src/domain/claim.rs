//! How a claim stands: what is asked of the commissioner, and what it has said since.
//!
//! The timeline says what is claimed and what was last said of it ([`Claimed`]), whatever the order in which it came. Only
//! two days are history: when a claim was first made, and since when it waits. They come of the rows before ([`standing`]).

use crate::code::Code;
use crate::delivery::names;
use crate::message::ReclaimStatus;
use crate::policy::Stage;
use crate::port::ClaimRow;
use crate::timeline::{ClaimEvent, Stamp};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::{fmt, str::FromStr};

names! {
    /// How a claim stands.
    ClaimState {
        /// Owed, but a person decides before it goes.
        Held = "held",
        /// Asked for; the commissioner has not answered.
        Requested = "requested",
        Acknowledged = "acknowledged",
        Queried = "queried",
        Disputed = "disputed",
        Agreed = "agreed",
        Paid = "paid",
        /// Taken back: nothing is asked any more.
        Voided = "voided",
    }
}

impl ClaimState {
    /// Whether money is still awaited.
    #[must_use]
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Paid | Self::Voided)
    }
}

impl From<ReclaimStatus> for ClaimState {
    fn from(status: ReclaimStatus) -> Self {
        match status {
            ReclaimStatus::Acknowledged => Self::Acknowledged,
            ReclaimStatus::Queried => Self::Queried,
            ReclaimStatus::Disputed => Self::Disputed,
            ReclaimStatus::Agreed => Self::Agreed,
            ReclaimStatus::Paid => Self::Paid,
        }
    }
}

/// A claim that is owed, with what was said of it: a function of the timeline alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    pub id: String,
    pub stage: Stage,
    /// The body that is asked.
    pub commissioner: Code,
    pub place: Option<Code>,
    pub provider: Code,
    pub service_on: Date,
    pub amount_pence: Option<u64>,
    /// Whether a person decides before it goes.
    pub held: bool,
    /// The commissioner's newest word, and its day.
    pub word: Option<(ReclaimStatus, Date)>,
    /// What it agreed to or paid, as it last said.
    pub answered_pence: Option<u64>,
    /// The day on which the provider's word that it rests on was recorded.
    pub recorded_on: Date,
}

impl Claimed {
    fn state(&self) -> ClaimState {
        match self.word {
            _ if self.held => ClaimState::Held,
            Some((status, _)) => status.into(),
            None => ClaimState::Requested,
        }
    }
}

/// The newest word among `events`: of two, the one sent last, whenever each arrived.
pub fn newest<'a>(events: &[&'a ClaimEvent]) -> Option<&'a ClaimEvent> {
    events.iter().copied().max()
}

/// What was last agreed to or paid, in pence; none where no amount was named.
#[must_use]
pub fn answered(events: &[&ClaimEvent]) -> Option<u64> {
    let answers = events.iter().filter(|event| matches!(event.status, ReclaimStatus::Agreed | ReclaimStatus::Paid));
    answers.filter(|event| event.amount_pence.is_some()).max().and_then(|event| event.amount_pence)
}

/// What a question about one word is about: the claim, and when the word was sent. A later dispute is another question.
#[must_use]
pub fn question_subject(claim: &str, word: &Stamp) -> String {
    format!("{claim} of {}", word.sent_at)
}

/// The rows that are new or otherwise than before. `stood` are the rows until now; `asked` are the claims that were issued
/// before: a casefile that was written before rows were kept has the one without the other, and then the claim counts from
/// the day on which the provider's word was recorded.
#[must_use]
pub fn standing(stood: &BTreeMap<String, ClaimRow>, asked: &BTreeSet<&str>, owed: &[Claimed], today: Date) -> Vec<ClaimRow> {
    let mut changed: Vec<ClaimRow> =
        owed.iter().map(|claim| row(claim, stood.get(&claim.id), asked, today)).filter(|row| stood.get(&row.id) != Some(row)).collect();
    let lapsed = stood.values().filter(|row| row.state != ClaimState::Voided && !owed.iter().any(|claim| claim.id == row.id));
    changed.extend(lapsed.map(|row| ClaimRow { state: ClaimState::Voided, since: today, ..row.clone() }));
    changed
}

fn row(claim: &Claimed, before: Option<&ClaimRow>, asked: &BTreeSet<&str>, today: Date) -> ClaimRow {
    let first = if asked.contains(claim.id.as_str()) { claim.recorded_on } else { today };
    let claimed_on = before.map_or(first, |row| row.claimed_on);
    let state = claim.state();
    let waits_since = match before {
        Some(row) if (row.state, row.commissioner) == (state, claim.commissioner) => row.since,
        Some(_) => today,
        None => first,
    };
    ClaimRow {
        id: claim.id.clone(),
        stage: claim.stage,
        commissioner: claim.commissioner,
        place: claim.place,
        provider: claim.provider,
        service_on: claim.service_on,
        amount_pence: claim.amount_pence,
        answered_pence: claim.answered_pence,
        state,
        claimed_on,
        since: claim.word.filter(|_| !claim.held).map_or(waits_since, |(_, on)| on),
    }
}

/// The last day of each band of ageing but the last one, which has no end.
const BANDS: [i32; 3] = [30, 60, 90];

/// Open claims of one commissioner and stage, by how long ago each was first made: 0 to 30, 31 to 60, 61 to 90, over 90 days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Age {
    pub commissioner: Code,
    pub stage: Stage,
    pub bands: [Sum; 4],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    pub claims: u64,
    /// What they ask for, of those that have an amount.
    pub pence: u64,
    /// How many have none: no tariff line holds for their day.
    pub unpriced: u64,
}

impl Sum {
    pub fn add(&mut self, other: Self) {
        self.claims += other.claims;
        self.pence = self.pence.saturating_add(other.pence);
        self.unpriced += other.unpriced;
    }
}

/// How old the open claims are on a day, by commissioner and stage. Closed ones are left out.
#[must_use]
pub fn ageing<'a>(rows: impl IntoIterator<Item = &'a ClaimRow>, today: Date) -> Vec<Age> {
    let mut ages: BTreeMap<(Code, Stage), [Sum; 4]> = BTreeMap::new();
    for row in rows.into_iter().filter(|row| row.state.is_open()) {
        let days = (today - row.claimed_on).get_days();
        let band = BANDS.iter().position(|last| days <= *last).unwrap_or(BANDS.len());
        let one = Sum { claims: 1, pence: row.amount_pence.unwrap_or(0), unpriced: u64::from(row.amount_pence.is_none()) };
        ages.entry((row.commissioner, row.stage)).or_default()[band].add(one);
    }
    ages.into_iter().map(|((commissioner, stage), bands)| Age { commissioner, stage, bands }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{ToSpan, civil::date};

    const TODAY: Date = date(2026, 11, 22);

    fn claimed(word: Option<(ReclaimStatus, Date)>) -> Claimed {
        Claimed {
            id: "CLM-1".to_owned(),
            stage: Stage::Assessment,
            commissioner: Code::new("QKS").unwrap(),
            place: None,
            provider: Code::new("RX2").unwrap(),
            service_on: date(2026, 10, 20),
            amount_pence: Some(58_000),
            held: false,
            word,
            answered_pence: None,
            recorded_on: date(2026, 10, 21),
        }
    }

    /// The claims as they stand after what is owed on each of these days.
    fn walk(days: &[(Option<Claimed>, Date)]) -> ClaimRow {
        let mut stood = BTreeMap::new();
        for (owed, today) in days {
            let owed: Vec<Claimed> = owed.iter().cloned().collect();
            let changed = standing(&stood, &BTreeSet::new(), &owed, *today);
            stood.extend(changed.into_iter().map(|row| (row.id.clone(), row)));
            assert_eq!(standing(&stood, &BTreeSet::new(), &owed, *today + 1.day()), [], "deciding again changes nothing");
        }
        stood.remove("CLM-1").expect("there is a claim")
    }

    #[track_caller]
    fn check(days: &[(Option<Claimed>, Date)], state: ClaimState, since: Date) {
        let row = walk(days);
        assert_eq!((row.state, row.since, row.claimed_on), (state, since, days[0].1));
    }

    #[test]
    fn a_claim_stands_as_the_commissioner_last_said() {
        let (first, later) = (date(2026, 10, 21), date(2026, 11, 2));
        let said = |status, on| (Some(claimed(Some((status, on)))), later);
        check(&[(Some(claimed(None)), first), (Some(claimed(None)), later)], ClaimState::Requested, first);
        for status in
            [ReclaimStatus::Acknowledged, ReclaimStatus::Queried, ReclaimStatus::Disputed, ReclaimStatus::Agreed, ReclaimStatus::Paid]
        {
            check(&[(Some(claimed(None)), first), said(status, date(2026, 10, 30))], status.into(), date(2026, 10, 30));
        }
    }

    #[test]
    fn what_is_held_is_not_asked_for_whatever_was_said_before() {
        let held = Claimed { held: true, ..claimed(Some((ReclaimStatus::Agreed, date(2026, 10, 30)))) };
        let (first, later) = (date(2026, 10, 21), date(2026, 11, 2));
        check(&[(Some(claimed(None)), first), (Some(held.clone()), later)], ClaimState::Held, later);
        check(&[(Some(held), first), (Some(claimed(None)), later)], ClaimState::Requested, later);
    }

    #[test]
    fn what_is_not_owed_any_more_is_voided_and_keeps_its_age_when_it_is_owed_again() {
        let (first, lapsed, again) = (date(2026, 10, 21), date(2026, 11, 2), date(2026, 11, 9));
        check(&[(Some(claimed(None)), first), (None, lapsed)], ClaimState::Voided, lapsed);
        check(&[(Some(claimed(None)), first), (None, lapsed), (Some(claimed(None)), again)], ClaimState::Requested, again);
        let other = Claimed { commissioner: Code::new("QRL").unwrap(), ..claimed(None) };
        check(&[(Some(claimed(None)), first), (Some(other), again)], ClaimState::Requested, again);
    }

    #[test]
    fn a_claim_of_an_old_casefile_counts_from_the_providers_word() {
        let rows = standing(&BTreeMap::new(), &BTreeSet::from(["CLM-1"]), &[claimed(None)], TODAY);
        assert_eq!((rows[0].claimed_on, rows[0].since), (date(2026, 10, 21), date(2026, 10, 21)));
    }

    fn event(sent_at: &str, status: ReclaimStatus, amount_pence: Option<u64>) -> ClaimEvent {
        ClaimEvent {
            stamp: Stamp { sent_at: sent_at.parse().unwrap(), message_id: "c".to_owned() },
            recorded_at: None,
            status,
            occurred_on: TODAY,
            commissioner: Code::new("QKS").unwrap(),
            reason: None,
            amount_pence,
        }
    }

    #[test]
    fn the_word_sent_last_counts_and_the_amount_named_last() {
        let paid = event("2026-11-05T09:00:00Z", ReclaimStatus::Paid, None);
        let agreed = event("2026-11-03T09:00:00Z", ReclaimStatus::Agreed, Some(50_000));
        let disputed = event("2026-11-02T09:00:00Z", ReclaimStatus::Disputed, Some(1));
        for events in [[&paid, &agreed, &disputed], [&disputed, &paid, &agreed]] {
            assert_eq!(newest(&events), Some(&paid));
            assert_eq!(answered(&events), Some(50_000));
        }
        assert_eq!((newest(&[]), answered(&[&disputed])), (None, None));
    }

    #[test]
    fn claims_age_in_bands_of_thirty_days() {
        let aged = |days: i64, state| {
            let row = walk(&[(Some(claimed(None)), TODAY - days.days())]);
            ClaimRow { state, ..row }
        };
        let rows: Vec<ClaimRow> = [0, 30, 31, 60, 61, 90, 91, 400].map(|days| aged(days, ClaimState::Requested)).into();
        let [age] = &ageing(&rows, TODAY)[..] else { panic!("one commissioner, one stage") };
        assert_eq!(age.bands, [Sum { claims: 2, pence: 116_000, unpriced: 0 }; 4]);

        let closed = [aged(5, ClaimState::Paid), aged(5, ClaimState::Voided)];
        assert_eq!(ageing(&closed, TODAY), []);
        let unpriced = [ClaimRow { amount_pence: None, ..aged(5, ClaimState::Disputed) }];
        assert_eq!(ageing(&unpriced, TODAY)[0].bands[0], Sum { claims: 1, pence: 0, unpriced: 1 });
    }

    #[test]
    fn commissioners_and_stages_age_apart() {
        let row = walk(&[(Some(claimed(None)), TODAY)]);
        let rows =
            [ClaimRow { stage: Stage::Treatment, ..row.clone() }, ClaimRow { commissioner: Code::new("QRL").unwrap(), ..row.clone() }, row];
        let found: Vec<_> = ageing(&rows, TODAY).into_iter().map(|age| (age.commissioner.to_string(), age.stage)).collect();
        let expected = [("QKS", Stage::Assessment), ("QKS", Stage::Treatment), ("QRL", Stage::Assessment)];
        assert_eq!(found, expected.map(|(code, stage)| (code.to_owned(), stage)));
    }
}
