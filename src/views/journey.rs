//! The whole journey of whatever an id names: from intake through each rule's verdict and each attempt to the acknowledgement.

use super::{ViewError, Views};
use crate::journey::SEAL_CASEFILE;
use domain::casefile::Casefile;
use domain::owed::explained;
use domain::port::{ChildKey, Clue, Trace};
use domain::rules::{Rule, Verdict};
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JourneyView {
    /// As it was asked for.
    pub id: String,
    /// In the order of time.
    pub lines: Vec<JourneyLine>,
    /// What each rule comes to for this child today; empty where the id does not name one child.
    pub rules: Vec<RuleView>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JourneyLine {
    pub at: Timestamp,
    /// `message`, `obligation`, `delivery`, `attempt`, `acknowledgement`, `review`, `suppressed`, `operator`.
    pub what: &'static str,
    pub id: String,
    /// A sentence without child data.
    pub text: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleView {
    pub rule: Rule,
    pub title: &'static str,
    pub source: &'static str,
    pub verdict: Verdict,
    /// No postcode, no name, and no id that was not asked for.
    pub sentence: String,
}

impl Views {
    /// None where nothing in the ledger has this id.
    ///
    /// # Errors
    /// Where the ledger does not answer, or what it keeps cannot be read.
    pub async fn journey_of(&self, id: &str) -> Result<Option<JourneyView>, ViewError> {
        let clues = clues(&self.journey.keys, id);
        let mut lines = Vec::new();
        for clue in &clues {
            lines.extend(self.journey.ledger.trace(clue.clone()).await?);
        }
        if lines.is_empty() {
            return Ok(None);
        }
        let rules = match self.child(clues).await? {
            Some(child) => self.rules(child).await?,
            None => Vec::new(),
        };
        Ok(Some(JourneyView { id: id.to_owned(), lines: in_order(lines), rules }))
    }

    async fn child(&self, clues: Vec<Clue>) -> Result<Option<ChildKey>, ViewError> {
        let mut found: Vec<ChildKey> =
            self.journey.ledger.find_children(clues).await?.into_iter().flatten().map(|found| found.child).collect();
        found.dedup();
        Ok(found.pop().filter(|_| found.is_empty()))
    }

    async fn rules(&self, child: ChildKey) -> Result<Vec<RuleView>, ViewError> {
        let loaded = self.journey.ledger.load(vec![child], Vec::new()).await?;
        let Some(record) = loaded.children.into_iter().find(|record| record.version > 0) else { return Ok(Vec::new()) };
        let damaged = |what: String| ViewError::Damaged(format!("the child's casefile cannot be read: {what}"));
        let opened = self.journey.keys.open(SEAL_CASEFILE, &record.casefile).map_err(|error| damaged(error.to_string()))?;
        let casefile: Casefile = serde_json::from_slice(&opened).map_err(|error| damaged(error.to_string()))?;
        let (_, findings) = explained(&casefile.timeline, &self.directory(), &self.journey.policy, self.now());
        Ok(findings
            .into_iter()
            .map(|finding| RuleView {
                rule: finding.rule,
                title: finding.rule.title(),
                source: finding.rule.source(),
                verdict: finding.verdict,
                sentence: finding.sentence,
            })
            .collect())
    }
}

/// What an id may be: a message's, a delivery's or obligation's, or one by which a child is looked for.
#[must_use]
pub fn clues(keys: &crate::keys::Keys, id: &str) -> Vec<Clue> {
    let mut clues = vec![Clue::MessageId(id.to_owned()), Clue::Alias(keys.alias(id))];
    clues.extend(id.parse::<Uuid>().ok().map(Clue::Id));
    clues
}

/// Each line once, by time; what happened at the same moment, in the order of cause and effect.
#[must_use]
pub fn in_order(lines: Vec<Trace>) -> Vec<JourneyLine> {
    let mut lines: Vec<JourneyLine> =
        lines.into_iter().map(|line| JourneyLine { at: line.at, what: line.what, id: line.id, text: line.text }).collect();
    lines.sort_by(|one, other| (one.at, rank(one.what), &one.id, &one.text).cmp(&(other.at, rank(other.what), &other.id, &other.text)));
    lines.dedup_by(|one, other| (one.at, one.what, &one.id, &one.text) == (other.at, other.what, &other.id, &other.text));
    lines
}

fn rank(what: &str) -> usize {
    ["message", "suppressed", "review", "obligation", "attempt", "delivery", "acknowledgement"]
        .iter()
        .position(|known| *known == what)
        .unwrap_or(usize::MAX)
}
