//! What failed, grouped: one line per organisation and cause, however many deliveries it is about.

use super::{ViewError, Views, name};
use domain::Code;
use domain::cause::fingerprint;
use domain::delivery::DeliveryState;
use domain::port::{DeliveryFilter, DeliveryRow, Remark};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::HashMap;
use uuid::Uuid;

/// What failed: dead letters, and what waits for a person.
pub const STATES: [DeliveryState; 2] = [DeliveryState::Dead, DeliveryState::Held];
/// Deliveries of each state that are looked at, the newest: what there are more of is told. Some ten milliseconds.
const LOOKED_AT_MAX: usize = 2_000;
const PAGE: usize = 1_000;
/// Remarks that are read: one a group, and groups come and go.
const REMARKS_MAX: usize = 1_000;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failures {
    /// The largest first.
    pub groups: Vec<FailureGroup>,
    pub dead: u64,
    pub held: u64,
    /// False where there is more than was looked at.
    pub is_whole: bool,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailureGroup {
    pub recipient: Code,
    pub recipient_name: String,
    pub state: DeliveryState,
    /// What they have in common: see [`fingerprint`].
    pub cause: String,
    pub count: u64,
    pub first_recorded_at: Timestamp,
    pub last_recorded_at: Timestamp,
    /// The newest of them.
    pub example: Uuid,
    pub remark: Option<Remark>,
}

impl Views {
    /// # Errors
    /// Where the ledger does not answer.
    pub async fn failures(&self, recipient: Option<Code>) -> Result<Failures, ViewError> {
        let mut is_whole = true;
        let mut groups: HashMap<(Code, DeliveryState, String), FailureGroup> = HashMap::new();
        let directory = self.directory();
        for state in STATES {
            let filter = DeliveryFilter { recipient, state: Some(state), ..DeliveryFilter::default() };
            let rows = self.newest(&filter).await?;
            is_whole &= rows.len() < LOOKED_AT_MAX;
            for row in &rows {
                let cause = cause(row);
                let group = groups.entry((row.recipient, state, cause.clone())).or_insert_with(|| FailureGroup {
                    recipient: row.recipient,
                    recipient_name: name(&directory, row.recipient).to_owned(),
                    state,
                    cause,
                    count: 0,
                    first_recorded_at: row.recorded_at,
                    last_recorded_at: row.recorded_at,
                    example: row.id,
                    remark: None,
                });
                group.count += 1;
                group.first_recorded_at = group.first_recorded_at.min(row.recorded_at);
            }
        }
        for remark in self.journey.ledger.remarks(REMARKS_MAX).await? {
            for state in STATES {
                if let Some(group) = groups.get_mut(&(remark.recipient, state, remark.cause.clone())) {
                    group.remark = Some(remark.clone());
                }
            }
        }
        let mut groups: Vec<FailureGroup> = groups.into_values().collect();
        groups.sort_by(|one, other| {
            (other.count, other.last_recorded_at, one.recipient).cmp(&(one.count, one.last_recorded_at, other.recipient))
        });
        // Counts are some seconds old, and what is listed is not: what is on the page is there.
        let count = |state: DeliveryState| {
            let listed = groups.iter().filter(|group| group.state == state).map(|group| group.count).sum();
            self.counted(state, recipient).max(listed)
        };
        Ok(Failures { dead: count(DeliveryState::Dead), held: count(DeliveryState::Held), groups, is_whole })
    }

    async fn newest(&self, filter: &DeliveryFilter) -> Result<Vec<DeliveryRow>, ViewError> {
        let mut rows: Vec<DeliveryRow> = Vec::new();
        while rows.len() < LOOKED_AT_MAX {
            let before = rows.last().map(|row| row.id);
            let page = self.journey.ledger.deliveries(DeliveryFilter { before, limit: PAGE, ..filter.clone() }).await?;
            let is_last = page.len() < PAGE;
            rows.extend(page);
            if is_last {
                break;
            }
        }
        Ok(rows)
    }

    fn counted(&self, state: DeliveryState, recipient: Option<Code>) -> u64 {
        self.total(&DeliveryFilter { recipient, state: Some(state), ..DeliveryFilter::default() }).unwrap_or_default()
    }
}

/// The group that a delivery belongs to.
#[must_use]
pub fn cause(row: &DeliveryRow) -> String {
    row.reason.as_deref().map_or_else(|| "no reason was kept".to_owned(), fingerprint)
}
