//! What every way in has in common: a batch goes through the journey, is counted, and what it causes goes to dispatch.

use crate::crash;
use crate::dispatch::DispatchHandle;
use crate::journey::{Answer, Envelope, Journey, JourneyError, Received};
use crate::telemetry::Metrics;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Instant;

#[derive(Clone)]
pub struct Recorder {
    pub journey: Arc<Journey>,
    pub dispatch: DispatchHandle,
    pub metrics: Arc<Metrics>,
}

impl Recorder {
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.journey.now)()
    }

    /// Records a batch that came at `arrived`: one answer per message, in order, when all of it is in the ledger.
    ///
    /// # Errors
    /// As [`Journey::receive`]: nothing new was recorded, and the same batch may be given again.
    pub async fn record(&self, envelopes: &[Envelope], arrived: Instant) -> Result<Vec<Answer>, JourneyError> {
        let received = self.journey.receive(envelopes, &self.dispatch.terms()).await?;
        crash::point("after-commit");
        let took = arrived.elapsed();
        for answer in &received.answers {
            self.metrics.message(answer.message_type, answer.verdict.name());
            self.metrics.received_after(took);
        }
        if !received.answers.is_empty() {
            self.metrics.site.recorded(self.now());
        }
        Ok(hand_over(received, &self.dispatch, &self.metrics))
    }
}

/// What was decided is counted, and what it causes goes to dispatch; the answers are left.
pub fn hand_over(received: Received, dispatch: &DispatchHandle, metrics: &Metrics) -> Vec<Answer> {
    for (kind, action) in &received.obligations {
        metrics.obligation(*kind, action);
    }
    dispatch.offer(received.leased);
    dispatch.nudge(received.due);
    received.answers
}
