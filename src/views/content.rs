//! What a delivery holds, opened. Only for who has said why, after it was noted who looked.

use super::{ViewError, Views};
use crate::journey::SEAL_PAYLOAD;
use serde_json::Value;
use uuid::Uuid;

impl Views {
    /// The envelope as it is sent; none where there is no such delivery. The caller has noted who asks and why.
    ///
    /// # Errors
    /// Where the ledger does not answer, or what it keeps cannot be opened.
    pub async fn content(&self, delivery: Uuid) -> Result<Option<Value>, ViewError> {
        let Some(sealed) = self.journey.ledger.content(delivery).await? else { return Ok(None) };
        let opened = self.journey.keys.open(SEAL_PAYLOAD, &sealed).map_err(|error| ViewError::Damaged(error.to_string()))?;
        let read = serde_json::from_slice(&opened);
        read.map(Some).map_err(|_| ViewError::Damaged("the content of this delivery is not what the hub writes".to_owned()))
    }
}
