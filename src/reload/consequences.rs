//! Who would be told differently: each child with an open placement or an open question is judged by both directories.

use crate::error::chain;
use crate::journey::{Journey, SEAL_CASEFILE};
use domain::Code;
use domain::casefile::Casefile;
use domain::delivery::Kind;
use domain::directory::Directory;
use domain::message::PlacementStatus;
use domain::owed::{Owed, Required};
use domain::port::{ChildKey, ChildRecord, LedgerError};
use domain::timeline::Timeline;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use uuid::Uuid;

/// Children loaded at once.
const BATCH: usize = 200;
/// Open review items through which children with a question are found.
const REVIEWS_MAX: usize = 100_000;

/// What another directory would do to the children of now, as numbers: it names no child.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Consequences {
    /// Children with an open placement or an open review item.
    pub children: usize,
    /// Of these, how many something else follows for.
    pub differently: usize,
    /// By recipient: what it would be told now, no longer, or otherwise.
    pub recipients: BTreeMap<String, Told>,
    /// By reason: review items that would close and open.
    pub reviews: BTreeMap<String, Moved>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    pub newly: usize,
    pub no_longer: usize,
    pub otherwise: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    pub opened: usize,
    pub closed: usize,
}

/// The numbers, and the children themselves.
#[derive(Default)]
pub(super) struct Affected {
    pub(super) consequences: Consequences,
    pub(super) children: Vec<ChildKey>,
}

pub(super) async fn compare(journey: &Journey, older: &Directory, newer: &Directory) -> Result<Affected, String> {
    let told = |error: LedgerError| chain(&error);
    let ledger = journey.ledger.as_ref();
    let questioned: BTreeSet<ChildKey> = ledger.reviews(REVIEWS_MAX).await.map_err(told)?.into_iter().map(|item| item.child).collect();
    let mut affected = Affected::default();
    let now = (journey.now)();
    let mut after = None;
    // Ends: each page begins after the last key of the one before.
    loop {
        let keys = ledger.children(after, BATCH).await.map_err(told)?;
        let Some(last) = keys.last() else { break };
        after = Some(*last);
        for record in ledger.load(keys, Vec::new()).await.map_err(told)?.children {
            let asked = questioned.contains(&record.key);
            let Some(casefile) = open(journey, &record)?.filter(|casefile| asked || has_open_placement(&casefile.timeline)) else {
                continue;
            };
            affected.consequences.children += 1;
            let touched: HashSet<Uuid> = record.touched.into_iter().collect();
            let judge = |directory| casefile.owed(directory, &journey.policy, now, |id| touched.contains(&id));
            let (before, after) = (judge(older), judge(newer));
            let differently = affected.consequences.add(&before, &after);
            affected.consequences.differently += usize::from(differently);
            // Who begins to acknowledge is chased later: nothing else is owed now, but the clock is another.
            if differently || before.wake_at != after.wake_at {
                affected.children.push(record.key);
            }
        }
        // Judging is work without waiting: others get their turn between two batches.
        tokio::task::yield_now().await;
    }
    Ok(affected)
}

fn open(journey: &Journey, record: &ChildRecord) -> Result<Option<Casefile>, String> {
    if record.version == 0 {
        return Ok(None);
    }
    let casefile = journey.keys.open(SEAL_CASEFILE, &record.casefile).map_err(|error| chain(&error))?;
    let casefile = Casefile::from_json(&casefile).map_err(|_| "a casefile in the ledger cannot be read".to_owned())?;
    Ok(Some(casefile))
}

fn has_open_placement(timeline: &Timeline) -> bool {
    let open = |id: &str| timeline.care_periods.get(id).is_some_and(|period| period.facts.ended_on.is_none());
    timeline
        .placements
        .values()
        .map(|placement| &placement.newest)
        .any(|newest| newest.facts.status == PlacementStatus::Active && newest.facts.ended_on.is_none() && open(&newest.care_period))
}

impl Consequences {
    /// Counts one child; answers whether anything is different.
    fn add(&mut self, older: &Owed, newer: &Owed) -> bool {
        let (before, after) = (facts(older), facts(newer));
        let mut different = false;
        let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        for key in keys {
            let (old, new) = (before.get(key), after.get(key));
            if old == new {
                continue;
            }
            different = true;
            let told = self.recipients.entry(key.1.to_string()).or_default();
            match (old, new) {
                (None, _) => told.newly += 1,
                (_, None) => told.no_longer += 1,
                _ => told.otherwise += 1,
            }
        }
        let questions = |owed: &Owed| -> BTreeSet<(&'static str, String)> {
            owed.reviews.iter().map(|review| (review.reason, review.subject.clone())).collect()
        };
        let (before, after) = (questions(older), questions(newer));
        for (reason, _) in before.difference(&after) {
            self.reviews.entry((*reason).to_owned()).or_default().closed += 1;
        }
        for (reason, _) in after.difference(&before) {
            self.reviews.entry((*reason).to_owned()).or_default().opened += 1;
        }
        different || before != after
    }
}

type Fact<'a> = (&'a str, Option<Code>, Option<Date>, bool);

/// What is to go out, by what it is about: its content, the place it goes to, when it is due, and whether it is held.
fn facts<'a>(owed: &'a Owed) -> BTreeMap<(Kind, Code, &'a str), Fact<'a>> {
    let fact = |one: &'a Required| (one.content.as_str(), one.place, one.due_on, one.hold.is_some());
    owed.obligations.iter().map(|one| ((one.kind, one.recipient, one.subject.as_str()), fact(one))).collect()
}

impl fmt::Display for Consequences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} children with an open placement or question are told differently", self.differently, self.children)?;
        for (recipient, told) in &self.recipients {
            write!(f, "; {recipient}: {} newly, {} no longer, {} otherwise", told.newly, told.no_longer, told.otherwise)?;
        }
        for (reason, moved) in &self.reviews {
            write!(f, "; review {reason}: {} closed, {} opened", moved.closed, moved.opened)?;
        }
        Ok(())
    }
}
