//! The intake as the hub sees it: batches out, acknowledgements and receipts in.

use crate::{
    acks::Acker,
    inbox::Inbox,
    incoming::{Incoming, Tag},
    publisher::Publisher,
    receipts::{self, PublishFailed, Receipt},
    session,
    settings::{Mistakes, Settings},
};
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

/// More than closing two connections in good order takes.
const CLOSE: Duration = Duration::from_secs(10);

/// Consumes the intake queue, whatever becomes of the broker in between. All methods may be called at the same time.
///
/// While nobody asks for a batch, nothing grows: the broker stops at `prefetch`. If that lasts for its consumer time-out
/// (30 minutes unless set otherwise) it closes the channel, the session begins anew, and the messages come again.
///
/// An intake that is dropped without [`Intake::close`] ends its connection by itself, a little later.
pub struct Intake {
    shared: Arc<Shared>,
    phase: watch::Sender<Phase>,
    task: JoinHandle<()>,
    receipts: Publisher,
}

/// How the connection stands: for readiness, the metric and the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub connected: bool,
    /// Ready means this.
    pub consuming: bool,
    /// Counts sessions begun, from 1.
    pub generation: u64,
    /// Sessions that consumed after the first that did.
    pub reconnects: u64,
    /// Messages that wait in the queues of the hub's own, by name, as the broker said last.
    pub queues: Vec<(&'static str, u32)>,
    /// Why the last session ended: a sentence without secrets. None while consuming.
    pub last_error: Option<String>,
}

/// What the intake and its task have in common.
pub(crate) struct Shared {
    pub inbox: Inbox,
    pub acker: Acker,
    pub state: watch::Sender<State>,
}

/// What the task shall do. It only ever moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Running,
    /// Take no more, but let what was handed out be acknowledged.
    Stopping,
    Closing,
}

impl Intake {
    /// Begins to connect, in a task of its own; must be called within a tokio runtime. Whether and when it succeeds is in
    /// [`Intake::state`].
    ///
    /// # Errors
    /// Where the settings are wrong: then nothing was started.
    pub fn start(settings: &Settings) -> Result<Self, Mistakes> {
        let address = settings.address()?;
        let shared = Arc::new(Shared { inbox: Inbox::default(), acker: Acker::default(), state: watch::Sender::new(State::default()) });
        let (phase, phases) = watch::channel(Phase::Running);
        let receipts = Publisher::for_receipts(address.clone(), format!("{} receipts", settings.connection_name));
        let task = tokio::spawn(session::supervise(Arc::clone(&shared), address, settings.clone(), phases));
        Ok(Self { shared, phase, task, receipts })
    }

    /// Follows the connection.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.shared.state.subscribe()
    }

    /// Waits for a message, then takes whatever else has arrived, up to `max`: batches grow with the load, without a
    /// timer. None after [`Intake::stop`]. Messages whose connection was lost meanwhile are not handed out.
    pub async fn next_batch(&self, max: usize) -> Option<Vec<Incoming>> {
        self.shared.inbox.next_batch(max).await
    }

    /// Acknowledges: only after the ledger has it. Tags of a connection that is gone are ignored; the broker delivers
    /// those messages again. Await it to the end.
    pub async fn ack(&self, tags: &[Tag]) {
        self.shared.acker.ack(tags).await;
    }

    /// Publishes receipts, and waits until the broker has confirmed each.
    ///
    /// # Errors
    /// Where the broker did not confirm one of them. All may be sent again: a receipt twice is harmless.
    pub async fn receipts(&self, receipts: Vec<Receipt>) -> Result<(), PublishFailed> {
        receipts::publish(&self.receipts, receipts).await
    }

    /// Takes no more messages: [`Intake::next_batch`] answers none from now on. What was handed out can still be
    /// acknowledged, until [`Intake::close`].
    pub fn stop(&self) {
        self.shared.inbox.close();
        self.phase.send_if_modified(|phase| std::mem::replace(phase, (*phase).max(Phase::Stopping)) < Phase::Stopping);
    }

    /// Stops, and ends the connections. What was not acknowledged goes back to the queue.
    pub async fn close(self) {
        self.stop();
        self.phase.send_replace(Phase::Closing);
        self.receipts.close().await;
        if timeout(CLOSE, self.task).await.is_err() {
            tracing::warn!("the intake did not close within {} seconds and is left behind", CLOSE.as_secs());
        }
    }
}
