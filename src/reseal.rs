//! When the key that seals has changed, what the ledger holds under older keys is sealed anew, in the background, page by page.
//!
//! Nothing waits for it: every key of the key file opens. It stops with the hub and begins again at the next start; what is done
//! is not done twice, because it is known by its key.

use crate::error::chain;
use crate::journey::{Journey, SEAL_CASEFILE, SEAL_ENVELOPE, SEAL_PAYLOAD, SEAL_REVIEW};
use domain::port::{Resealed, SealedContent, SealedKind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How often it is looked whether another key seals: two numbers are compared.
const LOOK: Duration = Duration::from_secs(2);
/// After a page it rests as long as the page took, and at least so long: messages come first.
const REST_MIN: Duration = Duration::from_millis(10);

/// Runs until `stop` turns true.
pub async fn run(journey: Arc<Journey>, mut stop: watch::Receiver<bool>) {
    let mut interval = tokio::time::interval(LOOK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut done = None;
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            _ = interval.tick() => {}
        }
        let sealing = journey.keys.sealing();
        if done == Some(sealing) || !journey.keys.has_others() {
            continue;
        }
        let resealing = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            resealing = everything(&journey) => resealing,
        };
        match resealing {
            Ok(count) => {
                done = Some(sealing);
                tracing::info!(count, key = %sealing, "everything in the ledger is sealed with the key that seals now");
            }
            Err(why) => tracing::warn!(why, "sealing anew stopped; it goes on at the next look"),
        }
    }
}

/// One walk through the ledger; answers how much was sealed anew.
///
/// # Errors
/// A sentence, where the ledger does not answer or something in it does not open.
pub async fn everything(journey: &Journey) -> Result<u64, String> {
    let mut count = 0;
    let mut next = Some(SealedKind::Envelope.start());
    while let Some(after) = next {
        let begun = Instant::now();
        let page = journey.ledger.sealed(journey.keys.mark().to_vec(), after).await.map_err(|error| chain(&error))?;
        next = page.next;
        let contents = page.contents.into_iter().map(|content| anew(journey, content)).collect::<Result<Vec<_>, _>>()?;
        if contents.is_empty() {
            tokio::task::yield_now().await;
            continue;
        }
        count += journey.ledger.reseal(contents).await.map_err(|error| chain(&error))?;
        tokio::time::sleep(begun.elapsed().max(REST_MIN)).await;
    }
    Ok(count)
}

fn anew(journey: &Journey, SealedContent { place, content }: SealedContent) -> Result<Resealed, String> {
    let purpose = match place.kind {
        SealedKind::Envelope => SEAL_ENVELOPE,
        SealedKind::Casefile => SEAL_CASEFILE,
        SealedKind::Payload => SEAL_PAYLOAD,
        SealedKind::Question => SEAL_REVIEW,
    };
    let opened = journey.keys.open(purpose, &content).map_err(|error| chain(&error))?;
    let now = journey.keys.seal(purpose, &opened).map_err(|error| chain(&error))?;
    Ok(Resealed { place, was: content, now })
}
