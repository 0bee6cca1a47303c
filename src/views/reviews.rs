//! The questions that wait for a person: the queue, and one of them opened.

use super::deliveries::working_days_left;
use super::{ViewError, Views};
use crate::journey::SEAL_REVIEW;
use domain::Code;
use domain::port::Alias;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Items that are listed, the oldest: a queue of more is a day's work for a team.
const LISTED_MAX: usize = 500;
/// Items among which one is looked for: as many as can be answered.
const OPEN_MAX: usize = 100_000;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewQueue {
    /// Oldest first. What they are about is sealed until one is opened.
    pub items: Vec<ReviewItem>,
    pub by_reason: Vec<(String, u64)>,
    pub total: u64,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewItem {
    pub id: String,
    pub reason: String,
    pub opened_at: Timestamp,
    pub due_by: Option<Date>,
    pub working_days_left: Option<i64>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewQuestion {
    pub item: ReviewItem,
    /// The placement, care period, referral or claim that it is about.
    pub subject: String,
    pub detail: String,
    pub candidates: Vec<ReviewCandidate>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReviewCandidate {
    pub code: Code,
    pub name: String,
    pub evidence: String,
}

/// As the journey seals it.
#[derive(Deserialize)]
struct Detail {
    subject: String,
    detail: String,
    candidates: Vec<(Code, String, String)>,
}

impl Views {
    /// # Errors
    /// Where the ledger does not answer.
    pub async fn reviews(&self) -> Result<ReviewQueue, ViewError> {
        let rows = self.journey.ledger.reviews(LISTED_MAX).await?;
        let items = rows.into_iter().map(|row| self.item(row.key, row.reason, row.opened_at, row.due_on)).collect();
        let by_reason = self.figures.borrow().reviews.clone();
        let total = by_reason.iter().map(|(_, count)| count).sum();
        Ok(ReviewQueue { items, by_reason, total })
    }

    /// One question with what it is about; none where it is not open any more. The caller has noted who asks.
    ///
    /// # Errors
    /// Where the ledger does not answer, or what it keeps cannot be opened.
    pub async fn review(&self, id: &str) -> Result<Option<ReviewQuestion>, ViewError> {
        let Some(key) = Alias::from_hex(id) else { return Ok(None) };
        let open = self.journey.ledger.reviews(OPEN_MAX).await?;
        let Some(row) = open.into_iter().find(|row| row.key == key) else { return Ok(None) };
        let opened = self.journey.keys.open(SEAL_REVIEW, &row.detail).map_err(|error| ViewError::Damaged(error.to_string()))?;
        let detail: Detail =
            serde_json::from_slice(&opened).map_err(|error| ViewError::Damaged(format!("a review item cannot be read: {error}")))?;
        Ok(Some(ReviewQuestion {
            item: self.item(row.key, row.reason, row.opened_at, row.due_on),
            subject: detail.subject,
            detail: detail.detail,
            candidates: detail.candidates.into_iter().map(|(code, name, evidence)| ReviewCandidate { code, name, evidence }).collect(),
        }))
    }

    fn item(&self, key: Alias, reason: String, opened_at: Timestamp, due_by: Option<Date>) -> ReviewItem {
        let working_days_left = due_by.map(|due_by| working_days_left(self.today(), due_by, &self.directory().calendar));
        ReviewItem { id: key.to_hex(), reason, opened_at, due_by, working_days_left }
    }
}
