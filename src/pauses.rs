//! Pauses and maintenance windows: nothing is sent to an organisation while one holds. The ledger keeps them, so that they outlive a
//! restart and hold for every hub on it; each hub looks at them itself.

use crate::dispatch::DispatchHandle;
use domain::Code;
use domain::port::{Ledger, LedgerError};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A window begins and ends on the minute, and another hub's pause may wait this long: people ask for it minutes ahead.
const LOOK: Duration = Duration::from_secs(2);

/// Looks again and again, until `stop` turns true.
pub async fn run(
    ledger: Arc<dyn Ledger>,
    dispatch: DispatchHandle,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    mut stop: watch::Receiver<bool>,
) {
    let mut told = false;
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        match holding(ledger.as_ref(), now()).await {
            Ok(paused) => {
                told = false;
                dispatch.set_paused(paused);
            }
            Err(error) if !told => {
                told = true;
                tracing::warn!(%error, "pauses stay as they were until the ledger answers");
            }
            Err(_) => {}
        }
    }
}

/// Who is paused at a moment.
///
/// # Errors
/// Where the ledger does not answer: then dispatch goes by what it was told before.
pub async fn holding(ledger: &dyn Ledger, now: Timestamp) -> Result<BTreeSet<Code>, LedgerError> {
    let pauses = ledger.pauses().await?;
    Ok(pauses.iter().filter(|pause| pause.holds(now)).map(|pause| pause.recipient).collect())
}
