//! How the hub stands as a whole, and each organisation on a line, worst first. Made of counts that are kept: nothing is scanned.

use super::rates::Flow;
use super::{ViewError, Views, name, seconds_since};
use crate::dispatch::{LaneStatus, Recent};
use domain::Code;
use domain::breaker::Phase;
use domain::delivery::{DeliveryState, Kind};
use domain::directory::Directory;
use domain::port::{Figures, Pause};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    pub as_of: Timestamp,
    /// Whether messages are taken from the broker; and if not, why.
    pub is_consuming: bool,
    pub broker_error: Option<String>,
    pub flow: Flow,
    pub oldest_undelivered_seconds: Option<u64>,
    /// What is owed by a date and not delivered.
    pub deadlines: Deadlines,
    pub deadlines_by_kind: Vec<KindDeadlines>,
    /// Dates that passed before delivery, ever.
    pub breaches: u64,
    pub reviews: u64,
    pub waiting: u64,
    pub held: u64,
    pub dead: u64,
    /// Worst first.
    pub organisations: Vec<OrganisationRow>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deadlines {
    pub on_time: u64,
    pub at_risk: u64,
    pub overdue: u64,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KindDeadlines {
    pub kind: Kind,
    #[serde(flatten)]
    pub deadlines: Deadlines,
}

/// How one organisation is reached.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganisationRow {
    pub code: Code,
    pub name: String,
    pub state: Standing,
    /// Age of the oldest delivery that waits.
    pub oldest_due_seconds: Option<u64>,
    /// How long the oldest that lies ready has not been collected.
    pub uncollected_seconds: Option<u64>,
    pub backlog: u64,
    pub in_flight: usize,
    pub held: u64,
    pub dead: u64,
    pub recent: Recent,
    /// `closed`, `open`, `probing`, `recovering`; none where nothing was sent yet.
    pub breaker: Option<&'static str>,
    pub next_attempt_at: Option<Timestamp>,
    pub paused_until: Option<Timestamp>,
}

/// A state in a word; how bad it is follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    NotAnswering,
    DeadLetters,
    Recovering,
    Held,
    Paused,
    Uncollected,
    Sending,
    UpToDate,
}

/// How bad something is: never told by colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mood {
    Bad,
    Warn,
    Quiet,
    Good,
}

/// What lies ready and is not fetched for an hour wants a look.
const UNCOLLECTED_SECONDS: u64 = 3_600;

impl Standing {
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotAnswering => "Not answering",
            Self::DeadLetters => "Dead letters",
            Self::Recovering => "Recovering",
            Self::Held => "Held",
            Self::Paused => "Paused",
            Self::Uncollected => "Not collected",
            Self::Sending => "Sending",
            Self::UpToDate => "Up to date",
        }
    }

    #[must_use]
    pub const fn mood(self) -> Mood {
        match self {
            Self::NotAnswering | Self::DeadLetters => Mood::Bad,
            Self::Recovering | Self::Held | Self::Uncollected => Mood::Warn,
            Self::Paused => Mood::Quiet,
            Self::Sending | Self::UpToDate => Mood::Good,
        }
    }
}

impl Views {
    /// # Errors
    /// Where the ledger does not answer.
    pub async fn overview(&self) -> Result<Overview, ViewError> {
        let now = self.now();
        let pauses = self.journey.ledger.pauses().await?;
        let (figures, broker) = (self.figures.borrow().clone(), self.broker.borrow().clone());
        let organisations = rows(&figures, &self.dispatch.lanes(), &pauses, &self.directory(), now);
        let sum = |of: fn(&OrganisationRow) -> u64| organisations.iter().map(of).sum();
        let by_kind = figures.deadlines.iter().map(|(kind, [on_time, at_risk, overdue])| KindDeadlines {
            kind: *kind,
            deadlines: Deadlines { on_time: *on_time, at_risk: *at_risk, overdue: *overdue },
        });
        let deadlines_by_kind: Vec<KindDeadlines> = by_kind.collect();
        let deadlines = deadlines_by_kind.iter().fold(Deadlines::default(), |sum, KindDeadlines { deadlines, .. }| Deadlines {
            on_time: sum.on_time + deadlines.on_time,
            at_risk: sum.at_risk + deadlines.at_risk,
            overdue: sum.overdue + deadlines.overdue,
        });
        Ok(Overview {
            as_of: now,
            is_consuming: broker.consuming,
            broker_error: broker.last_error.filter(|_| !broker.consuming),
            flow: self.rates.flow(now),
            oldest_undelivered_seconds: organisations.iter().filter_map(|row| row.oldest_due_seconds).max(),
            deadlines,
            deadlines_by_kind,
            breaches: figures.breaches,
            reviews: figures.reviews.iter().map(|(_, count)| count).sum(),
            waiting: sum(|row| row.backlog),
            held: sum(|row| row.held),
            dead: sum(|row| row.dead),
            organisations,
        })
    }
}

/// One row for everybody to whom something is owed or was sent since the hub started, worst first.
fn rows(figures: &Figures, lanes: &[LaneStatus], pauses: &[Pause], directory: &Directory, now: Timestamp) -> Vec<OrganisationRow> {
    let mut rows: BTreeMap<Code, OrganisationRow> = BTreeMap::new();
    for (code, state, count) in &figures.backlog {
        let row = row(&mut rows, *code, directory);
        match state {
            DeliveryState::Due | DeliveryState::Leased => row.backlog += count,
            DeliveryState::Held => row.held += count,
            // What is done is not counted here.
            _ => {}
        }
    }
    for (code, count) in &figures.dead {
        row(&mut rows, *code, directory).dead = *count;
    }
    for (code, since) in &figures.oldest_due {
        row(&mut rows, *code, directory).oldest_due_seconds = Some(seconds_since(*since, now));
    }
    for (code, since) in &figures.oldest_accepted {
        row(&mut rows, *code, directory).uncollected_seconds = Some(seconds_since(*since, now));
    }
    for pause in pauses.iter().filter(|pause| pause.holds(now)) {
        let row = row(&mut rows, pause.recipient, directory);
        row.state = Standing::Paused;
        row.paused_until = pause.until;
    }
    for lane in lanes {
        row(&mut rows, lane.recipient, directory);
    }
    let lanes: HashMap<Code, &LaneStatus> = lanes.iter().map(|lane| (lane.recipient, lane)).collect();
    let mut rows: Vec<_> = rows
        .into_values()
        .map(|row| {
            let lane = lanes.get(&row.code).copied();
            row.with(lane)
        })
        .collect();
    rows.sort_by_key(|row| (row.state.mood(), row.state, std::cmp::Reverse(row.oldest_due_seconds), row.code));
    rows
}

fn row<'a>(rows: &'a mut BTreeMap<Code, OrganisationRow>, code: Code, directory: &Directory) -> &'a mut OrganisationRow {
    rows.entry(code).or_insert_with(|| OrganisationRow::new(code, directory))
}

impl OrganisationRow {
    fn new(code: Code, directory: &Directory) -> Self {
        Self {
            code,
            name: name(directory, code).to_owned(),
            state: Standing::UpToDate,
            oldest_due_seconds: None,
            uncollected_seconds: None,
            backlog: 0,
            in_flight: 0,
            held: 0,
            dead: 0,
            recent: Recent::default(),
            breaker: None,
            next_attempt_at: None,
            paused_until: None,
        }
    }

    /// Takes in what the lane says, and comes to a word.
    fn with(mut self, lane: Option<&LaneStatus>) -> Self {
        let phase = lane.map(|lane| lane.phase);
        if let Some(lane) = lane {
            self.in_flight = lane.in_flight;
            self.recent = lane.recent;
            self.next_attempt_at = lane.next_probe;
            self.breaker = Some(breaker(lane.phase));
        }
        let uncollected = self.uncollected_seconds.is_some_and(|seconds| seconds >= UNCOLLECTED_SECONDS);
        self.state = match phase {
            _ if self.state == Standing::Paused => Standing::Paused,
            Some(Phase::Open { .. } | Phase::Probing) => Standing::NotAnswering,
            _ if self.dead > 0 => Standing::DeadLetters,
            Some(Phase::Recovering) => Standing::Recovering,
            _ if self.held > 0 => Standing::Held,
            _ if uncollected => Standing::Uncollected,
            _ if self.backlog > 0 => Standing::Sending,
            _ => Standing::UpToDate,
        };
        self
    }
}

const fn breaker(phase: Phase) -> &'static str {
    match phase {
        Phase::Closed => "closed",
        Phase::Open { .. } => "open",
        Phase::Probing => "probing",
        Phase::Recovering => "recovering",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Code {
        Code::new(text).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn the_worst_is_first_and_each_has_a_word() {
        let figures = Figures {
            backlog: vec![
                (code("BBB"), DeliveryState::Due, 3),
                (code("DDD"), DeliveryState::Held, 2),
                (code("EEE"), DeliveryState::Due, 7),
            ],
            dead: vec![(code("CCC"), 1)],
            oldest_due: vec![(code("BBB"), at(0)), (code("EEE"), at(-60))],
            oldest_accepted: vec![(code("FFF"), at(-9_000))],
            ..Figures::default()
        };
        let lane = |recipient, phase| LaneStatus {
            recipient: code(recipient),
            phase,
            window: 1,
            in_flight: 1,
            queued: 0,
            next_probe: None,
            last: None,
            recent: Recent::default(),
        };
        let lanes = [lane("AAA", Phase::Closed), lane("BBB", Phase::Closed), lane("EEE", Phase::Open { probe_at: at(9) })];
        let rows = rows(&figures, &lanes, &[], &Directory::default(), at(10));
        let told: Vec<_> = rows.iter().map(|row| format!("{} {}", row.code, row.state.words())).collect();
        let expected = ["EEE Not answering", "CCC Dead letters", "DDD Held", "FFF Not collected", "BBB Sending", "AAA Up to date"];
        assert_eq!(told, expected);
        assert_eq!((rows[0].oldest_due_seconds, rows[0].breaker, rows[4].breaker), (Some(70), Some("open"), Some("closed")));
    }

    #[test]
    fn a_pause_is_told_before_all_else_while_it_holds() {
        let pause = |until| Pause { recipient: code("AAA"), from: at(0), until, by: "pat".into(), reason: "window".into() };
        let figures = Figures { dead: vec![(code("AAA"), 9)], ..Figures::default() };
        let state = |pause| rows(&figures, &[], &[pause], &Directory::default(), at(10))[0].state;
        assert_eq!(state(pause(None)), Standing::Paused);
        assert_eq!(state(pause(Some(at(5)))), Standing::DeadLetters);
    }
}
