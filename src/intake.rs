//! From the broker into the journey: batches in, receipts and acknowledgements out. (What comes by HTTP: `letterbox`.)
//!
//! Order of things: record, then receipt, then acknowledge. A crash between any two repeats work (the same message comes
//! again, is a duplicate, gets the same receipt) and loses nothing. While the ledger is down nothing is acknowledged and the
//! broker keeps what it has: at most `prefetch` messages wait here.

mod letterbox;
mod recorder;

pub use letterbox::{Letterbox, NotTaken};
pub use recorder::{Recorder, hand_over};

use crate::crash;
use crate::journey::{Answer, Envelope};
use crate::telemetry::Metrics;
use amqp::{Incoming, Intake, Receipt, Tag};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// Batches recorded whose receipts are still on their way: the next batch is decided on meanwhile.
const RECORDED_QUEUE: usize = 4;
/// Tries to send the receipts of one batch: about two seconds in all.
const RECEIPT_ATTEMPTS: u32 = 5;
/// First and longest wait while the ledger is down.
const WAIT_FIRST: Duration = Duration::from_millis(100);
const WAIT_LONGEST: Duration = Duration::from_secs(10);

/// What the intake loop works with.
pub struct Parts {
    pub intake: Arc<Intake>,
    pub recorder: Recorder,
    pub batch_max: usize,
    /// False while the ledger does not record: readiness follows it.
    pub recording: Arc<AtomicBool>,
    pub stop: watch::Receiver<bool>,
}

/// Runs until the intake is stopped and everything it handed out is recorded and acknowledged.
pub async fn run(parts: Parts) {
    let (recorded, queue) = mpsc::channel(RECORDED_QUEUE);
    let finisher = tokio::spawn(finish(Arc::clone(&parts.intake), Arc::clone(&parts.recorder.metrics), queue));
    while let Some(batch) = parts.intake.next_batch(parts.batch_max).await {
        crash::point("after-receive");
        let arrived = Instant::now();
        let (tags, envelopes, routes) = unpack(batch, parts.recorder.now());
        let Some(answers) = record(&parts, &envelopes, arrived).await else { break };
        let receipts = answers.into_iter().zip(routes).filter_map(|(answer, route)| receipt(answer, route)).collect();
        if recorded.send(Finished { tags, receipts }).await.is_err() {
            break;
        }
    }
    drop(recorded);
    if let Err(error) = finisher.await {
        tracing::error!(%error, "acknowledging stopped by itself; what was not acknowledged comes again");
    }
}

/// Where the answer to a message goes.
struct Route {
    reply_to: Option<String>,
    correlation_id: Option<String>,
}

/// A batch that is in the ledger.
struct Finished {
    tags: Vec<Tag>,
    receipts: Vec<Receipt>,
}

fn unpack(batch: Vec<Incoming>, now: jiff::Timestamp) -> (Vec<Tag>, Vec<Envelope>, Vec<Route>) {
    let mut tags = Vec::with_capacity(batch.len());
    let mut envelopes = Vec::with_capacity(batch.len());
    let mut routes = Vec::with_capacity(batch.len());
    for incoming in batch {
        tags.push(incoming.tag);
        routes.push(Route { reply_to: incoming.reply_to, correlation_id: incoming.correlation_id.or(incoming.message_id) });
        envelopes.push(Envelope {
            body: incoming.body,
            content_type: incoming.content_type,
            intake: "rabbitmq",
            routing_key: Some(incoming.routing_key),
            user_id: incoming.user_id,
            organisation: None,
            traceparent: incoming.traceparent,
            received_at: now,
        });
    }
    (tags, envelopes, routes)
}

/// Records a batch, however long the ledger is down; none where the hub is told to stop meanwhile.
async fn record(parts: &Parts, envelopes: &[Envelope], arrived: Instant) -> Option<Vec<Answer>> {
    let mut wait = WAIT_FIRST;
    loop {
        match parts.recorder.record(envelopes, arrived).await {
            Ok(answers) => {
                if !parts.recording.swap(true, Ordering::Relaxed) {
                    tracing::info!("the ledger records again");
                }
                return Some(answers);
            }
            Err(error) => {
                if parts.recording.swap(false, Ordering::Relaxed) {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "nothing is recorded and nothing acknowledged until the ledger is mended"
                    );
                }
            }
        }
        if *parts.stop.borrow() {
            return None;
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(WAIT_LONGEST);
    }
}

fn receipt(answer: Answer, route: Route) -> Option<Receipt> {
    if answer.publisher.is_none() && route.reply_to.is_none() {
        return None;
    }
    Some(Receipt {
        publisher: answer.publisher,
        reply_to: route.reply_to,
        correlation_id: route.correlation_id,
        message_id: Some(answer.message_id).filter(|id| !id.is_empty()),
        body: answer.receipt.into_bytes(),
    })
}

/// Sends receipts and acknowledges, batch by batch, in order.
async fn finish(intake: Arc<Intake>, metrics: Arc<Metrics>, mut queue: mpsc::Receiver<Finished>) {
    while let Some(finished) = queue.recv().await {
        if !send(&intake, finished.receipts).await {
            metrics.site.receipts_unsent();
        }
        intake.ack(&finished.tags).await;
    }
}

/// A receipt that the broker does not take must not keep messages from being acknowledged: they are recorded, and so is the
/// receipt. Where the whole broker is away, it delivers them again and the receipts go out then.
/// Whether it took them.
async fn send(intake: &Intake, receipts: Vec<Receipt>) -> bool {
    let mut wait = WAIT_FIRST;
    for attempt in 1..=RECEIPT_ATTEMPTS {
        match intake.receipts(receipts.clone()).await {
            Ok(()) => return true,
            Err(error) if attempt == RECEIPT_ATTEMPTS => {
                tracing::warn!(%error, "receipts were not sent; `placement-hub trace MESSAGE-ID` shows them");
            }
            Err(_) => tokio::time::sleep(wait).await,
        }
        wait = (wait * 2).min(WAIT_LONGEST);
    }
    false
}
