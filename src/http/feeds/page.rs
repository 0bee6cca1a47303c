//! The next items of a feed, waited for where there are none.

use super::{Feed, silent};
use crate::error::chain;
use crate::http::problem::Problem;
use crate::journey::SEAL_PAYLOAD;
use crate::telemetry::field;
use domain::port::FeedItem;
use serde_json::value::RawValue;
use std::time::Duration;
use tokio::time::Instant;

/// What is settled wakes whoever waits for it. This finds what another hub on the same ledger settled, and a token that is not
/// good any more.
const BACKSTOP: Duration = Duration::from_secs(10);
/// A page is cut here, behind its first item: what one reader may keep in memory.
const PAGE_BYTES_MAX: usize = 4 << 20;

/// One delivery, opened.
pub struct Item {
    pub position: u64,
    /// The CloudEvents envelope.
    pub envelope: Box<RawValue>,
}

impl Feed {
    /// Items after a position: at once where there are some, else when some come; none at `until`, or when the hub stops.
    ///
    /// # Errors
    /// 404 where the token is not good any more, 503 where the ledger does not answer, 500 where an item does not open.
    pub(super) async fn next(&self, after: u64, limit: usize, until: Instant) -> Result<Vec<Item>, Problem> {
        // First to watch and then to look: what comes in between is seen.
        let mut accepted = self.state.dispatch.accepted(self.organisation);
        let mut stop = self.state.stop.clone();
        loop {
            if !self.is_open() {
                return Err(Problem::not_found());
            }
            let items = self.read(after, limit).await?;
            if !items.is_empty() || Instant::now() >= until || self.is_stopping() {
                return Ok(items);
            }
            tokio::select! {
                _ = accepted.changed() => {}
                _ = stop.wait_for(|stop| *stop) => {}
                () = tokio::time::sleep_until(until.min(Instant::now() + BACKSTOP)) => {}
            }
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        // A sender that is gone means the same as a stop.
        *self.state.stop.borrow() || self.state.stop.has_changed().is_err()
    }

    async fn read(&self, after: u64, limit: usize) -> Result<Vec<Item>, Problem> {
        let page = self.state.journey.ledger.feed(self.organisation, after, limit).await.map_err(|error| silent(&error))?;
        let mut items: Vec<Item> = Vec::with_capacity(page.items.len());
        let mut bytes = 0;
        for item in page.items {
            bytes += item.payload.len();
            if bytes > PAGE_BYTES_MAX && !items.is_empty() {
                break;
            }
            items.push(self.opened(&item)?);
        }
        Ok(items)
    }

    /// One that does not open stands in the way of the rest: left out, nobody would ever miss it.
    fn opened(&self, item: &FeedItem) -> Result<Item, Problem> {
        let failed = |error: &dyn std::error::Error| {
            tracing::error!({ field::DELIVERY } = %item.delivery, error = %chain(error), "an item of a feed cannot be handed out");
            Problem::own_fault()
        };
        let payload = self.state.journey.keys.open(SEAL_PAYLOAD, &item.payload).map_err(|error| failed(&error))?;
        let envelope = serde_json::from_slice(&payload).map_err(|error| failed(&error))?;
        Ok(Item { position: item.position, envelope })
    }
}
