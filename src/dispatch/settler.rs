//! Writes outcomes: whatever came while the last batch was written is the next. No timer: a quiet hub settles at once, a
//! busy one in large batches.

use super::shared::Shared;
use crate::telemetry::field;
use domain::Code;
use domain::delivery::HoldReason;
use domain::port::{LedgerError, Settlement};
use domain::retry::Next;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tracing::{error, info, warn};

/// Larger batches gain nothing on either ledger.
const BATCH_MAX: usize = 500;
/// First and longest wait for a ledger that fails.
const WAIT_MIN: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(5);

/// An outcome on its way to the ledger.
#[derive(Debug)]
pub(super) struct Settling {
    pub(super) recipient: Code,
    pub(super) settlement: Settlement,
    /// The endpoint answered 410: the rest of the lane is held too.
    pub(super) gone: bool,
}

/// Ends when the last sender is gone and everything is written. What waits here counts as leased, so it is bounded.
pub(super) async fn run(shared: Arc<Shared>, mut settlements: mpsc::UnboundedReceiver<Settling>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while settlements.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let gone: BTreeSet<Code> = batch.iter().filter(|each| each.gone).map(|each| each.recipient).collect();
        settle(&shared, &batch).await;
        batch.clear();
        for recipient in gone {
            hold(&shared, recipient).await;
        }
    }
}

/// Writes a batch, for as long as it takes. Where the ledger says that trying again is in vain, one of the batch may be the cause:
/// then each goes alone, and the one that fails is left to its lease, which lapses.
async fn settle(shared: &Arc<Shared>, batch: &[Settling]) {
    let Err(error) = persist(shared, batch).await else { return };
    if let [only] = batch {
        give_up(shared, only, &error);
        return;
    }
    warn!({ field::COUNT } = batch.len(), { field::ERROR } = %error, "a batch of outcomes could not be settled; each is tried alone");
    for each in batch {
        if let Err(error) = persist(shared, std::slice::from_ref(each)).await {
            give_up(shared, each, &error);
        }
    }
}

fn give_up(shared: &Shared, each: &Settling, error: &LedgerError) {
    error!({ field::DELIVERY } = %each.settlement.delivery, { field::ERROR } = %error, "an outcome could not be settled; the delivery will be leased again");
    shared.settled(1);
}

/// Waits out a ledger that is down, telling it once.
///
/// # Errors
/// Where the ledger says that trying again is in vain.
async fn persist(shared: &Arc<Shared>, batch: &[Settling]) -> Result<(), LedgerError> {
    let (mut wait, mut told) = (WAIT_MIN, false);
    loop {
        let settlements = batch.iter().map(|each| each.settlement.clone()).collect();
        match shared.ledger.settle(settlements).await {
            Ok(settled) => {
                if told {
                    info!({ field::COUNT } = batch.len(), "the ledger takes outcomes again");
                }
                if settled.stale > 0 {
                    warn!({ field::COUNT } = settled.stale, "outcomes came after their lease had lapsed and were ignored");
                }
                tell(shared, batch, &settled.due);
                return Ok(());
            }
            Err(error) if !error.transient => return Err(error),
            Err(error) => {
                if !told {
                    warn!({ field::COUNT } = batch.len(), { field::ERROR } = %error, "the ledger takes no outcomes; they are kept and tried again");
                    told = true;
                }
            }
        }
        tokio::time::sleep(wait.mul_f64(0.5 + (shared.random)() / 2.0)).await;
        wait = (wait * 2).min(WAIT_MAX);
    }
}

/// Places are free, and what is due next is known.
fn tell(shared: &Arc<Shared>, batch: &[Settling], due: &[Code]) {
    for each in batch {
        match each.settlement.next {
            Next::RetryAt(at) | Next::Release(at) => shared.hint(each.recipient, at),
            Next::Accepted { .. } => shared.accepted.tell(each.recipient),
            _ => {}
        }
    }
    let now = shared.now();
    for recipient in due {
        shared.hint(*recipient, now);
    }
    shared.settled(batch.len());
}

/// The rest of a lane whose endpoint is gone. If that fails now, the next delivery gets its own 410.
async fn hold(shared: &Shared, recipient: Code) {
    match shared.ledger.hold_lane(recipient, Some(HoldReason::EndpointGone), shared.now()).await {
        Ok(count) => {
            warn!({ field::RECIPIENT } = %recipient, { field::COUNT } = count, "the endpoint answered 410 Gone; its deliveries are held until the directory has another address");
        }
        Err(error) => {
            error!({ field::RECIPIENT } = %recipient, { field::ERROR } = %error, "the lane of an endpoint that is gone could not be held");
        }
    }
}
