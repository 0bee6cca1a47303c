//! The way in for single messages (HTTP): whatever came while the last batch was written is the next one, so many senders
//! cost no more transactions than one, and two messages about one child never conflict.
//!
//! Nobody waits out a ledger that is down: the sender is told at once, and sends again.

use super::Recorder;
use crate::error::chain;
use crate::journey::{Answer, Envelope};
use std::time::Instant;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// Messages that wait for their batch. Of at most 1 MiB each, so bounded memory; more is sent back.
const WAITING_MAX: usize = 128;

/// Why there is no answer. The message may be recorded or not; sent again it is at worst a duplicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    #[error("too many messages wait to be recorded")]
    Full,
    #[error("the ledger does not record")]
    NotRecorded,
    #[error("the hub is stopping")]
    Stopping,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Letterbox {
    queue: mpsc::Sender<Letter>,
}

struct Letter {
    envelope: Envelope,
    arrived: Instant,
    answer: oneshot::Sender<Result<Answer, NotTaken>>,
}

impl Letterbox {
    /// Until `stop` turns true; what waits by then is still recorded. Call within a tokio runtime.
    #[must_use]
    pub fn open(recorder: Recorder, batch_max: usize, stop: watch::Receiver<bool>) -> (Self, JoinHandle<()>) {
        let (queue, letters) = mpsc::channel(WAITING_MAX);
        (Self { queue }, tokio::spawn(empty(recorder, letters, batch_max, stop)))
    }

    /// Takes one message in, and answers when it is recorded.
    ///
    /// # Errors
    /// Where it may not have been recorded: it should be sent again.
    pub async fn take(&self, envelope: Envelope) -> Result<Answer, NotTaken> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Letter { envelope, arrived: Instant::now(), answer }).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => NotTaken::Full,
            mpsc::error::TrySendError::Closed(_) => NotTaken::Stopping,
        })?;
        answered.await.unwrap_or(Err(NotTaken::Stopping))
    }
}

async fn empty(recorder: Recorder, mut letters: mpsc::Receiver<Letter>, batch_max: usize, mut stop: watch::Receiver<bool>) {
    let mut batch = Vec::new();
    let mut told = false;
    loop {
        let came = tokio::select! {
            came = letters.recv_many(&mut batch, batch_max) => came,
            _ = stop.wait_for(|stop| *stop), if !letters.is_closed() => {
                letters.close();
                continue;
            }
        };
        if came == 0 {
            return;
        }
        let recorded = record(&recorder, batch.split_off(0)).await;
        if let Err(why) = &recorded
            && !told
        {
            tracing::error!("messages by HTTP are sent back until the ledger is mended: {why}");
        }
        told = recorded.is_err();
    }
}

/// Answers every sender.
///
/// # Errors
/// What to tell the operator.
async fn record(recorder: &Recorder, letters: Vec<Letter>) -> Result<(), String> {
    let arrived = letters.iter().map(|letter| letter.arrived).min().unwrap_or_else(Instant::now);
    let (envelopes, senders): (Vec<_>, Vec<_>) = letters.into_iter().map(|letter| (letter.envelope, letter.answer)).unzip();
    let (answers, outcome) = match recorder.record(&envelopes, arrived).await {
        Ok(answers) => (answers.into_iter().map(Ok).collect(), Ok(())),
        Err(error) => (vec![Err(NotTaken::NotRecorded); senders.len()], Err(chain(&error))),
    };
    for (sender, answer) in senders.into_iter().zip(answers) {
        // A sender that has gone will send again, and be told `duplicate`.
        let _ = sender.send(answer);
    }
    outcome
}
