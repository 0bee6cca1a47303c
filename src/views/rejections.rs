//! Messages that were refused, with every reason: for the publisher's supplier to mend.

use super::{PAGE_MAX, ViewError, Views, name};
use crate::receipt::Receipt;
use domain::Code;
use domain::message::Reason;
use domain::port::RejectionFilter;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rejections {
    /// Newest first.
    pub rows: Vec<Rejection>,
    /// What to give as `before` for the next page; none on the last.
    pub next: Option<Uuid>,
    /// What the rows of this page come to, by who sent them and why; the most frequent first.
    pub causes: Vec<RejectionCause>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rejection {
    pub message: Uuid,
    pub sender: Option<Code>,
    pub sender_name: Option<String>,
    pub message_id: String,
    pub message_type: String,
    pub intake: String,
    pub received_at: Timestamp,
    pub reasons: Vec<Reason>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RejectionCause {
    pub sender: Option<Code>,
    pub code: String,
    pub path: String,
    /// How a supplier mends it.
    pub sentence: String,
    pub count: u64,
}

impl Views {
    /// # Errors
    /// Where the ledger does not answer.
    pub async fn rejections(&self, filter: &RejectionFilter) -> Result<Rejections, ViewError> {
        let limit = filter.limit.clamp(1, PAGE_MAX);
        let mut found = self.journey.ledger.rejections(RejectionFilter { limit: limit + 1, ..filter.clone() }).await?;
        let is_more = found.len() > limit;
        found.truncate(limit);
        let directory = self.directory();
        let rows: Vec<Rejection> = found
            .into_iter()
            .map(|row| Rejection {
                message: row.message,
                sender: row.sender,
                sender_name: row.sender.map(|sender| name(&directory, sender).to_owned()),
                message_id: row.message_id,
                message_type: row.message_type,
                intake: row.intake,
                received_at: row.received_at,
                // A receipt that an older hub wrote otherwise has no reasons that we could tell.
                reasons: serde_json::from_str::<Receipt>(&row.receipt).map(|receipt| receipt.reasons).unwrap_or_default(),
            })
            .collect();
        Ok(Rejections { next: rows.last().map(|row| row.message).filter(|_| is_more), causes: causes(&rows), rows })
    }
}

fn causes(rows: &[Rejection]) -> Vec<RejectionCause> {
    let mut causes: BTreeMap<(Option<Code>, &str, &str), RejectionCause> = BTreeMap::new();
    for row in rows {
        for reason in &row.reasons {
            let cause = causes.entry((row.sender, &reason.code, &reason.path)).or_insert_with(|| RejectionCause {
                sender: row.sender,
                code: reason.code.clone(),
                path: reason.path.clone(),
                sentence: reason.message.clone(),
                count: 0,
            });
            cause.count += 1;
        }
    }
    let mut causes: Vec<RejectionCause> = causes.into_values().collect();
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.count));
    causes
}
