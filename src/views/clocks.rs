//! What is owed by a date and not with its recipient, by how long there is still.

use super::deliveries::DeliveryView;
use super::{PAGE_MAX, ViewError, Views};
use domain::port::ClockFilter;
use jiff::civil::Date;
use serde::Serialize;
use uuid::Uuid;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClockPage {
    /// The earliest date first.
    pub rows: Vec<DeliveryView>,
    /// What to give as `after` for the next page; none on the last.
    pub next: Option<(Date, Uuid)>,
}

impl Views {
    /// # Errors
    /// Where the ledger does not answer.
    pub async fn clocks(&self, filter: &ClockFilter) -> Result<ClockPage, ViewError> {
        let limit = filter.limit.clamp(1, PAGE_MAX);
        let mut rows = self.journey.ledger.clocks(ClockFilter { limit: limit + 1, ..filter.clone() }).await?;
        let is_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| is_more).and_then(|row| Some((row.due_on?, row.id)));
        Ok(ClockPage { rows: self.shown(&rows), next })
    }
}
