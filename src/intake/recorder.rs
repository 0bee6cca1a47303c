//! What every way in has in common: a batch goes through the journey, is counted, and what it causes goes to dispatch.

use crate::crash;
use crate::dispatch::DispatchHandle;
use crate::journey::{Answer, Envelope, Journey, JourneyError, Received};
use crate::telemetry::{Metrics, Started};
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
        let mut traced = self.trace(envelopes, arrived);
        let received = self.journey.receive(traced.as_ref().map_or(envelopes, |traced| &traced.envelopes), &self.dispatch.terms()).await;
        if let Some(traced) = &mut traced {
            traced.tell(received.as_ref().map(|received| received.answers.as_slice()));
        }
        let received = received?;
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

/// Messages that are recorded with the context of their own span.
struct Traced {
    envelopes: Vec<Envelope>,
    /// Each message's `receive` and, within it, `record`.
    spans: Vec<(Started, Started)>,
}

impl Recorder {
    /// None where nobody collects spans: then a publisher's trace goes along as it came, and nothing is copied.
    fn trace(&self, envelopes: &[Envelope], arrived: Instant) -> Option<Traced> {
        let traces = &self.metrics.traces;
        if !traces.is_on() {
            return None;
        }
        let since = arrived.elapsed();
        let begin = |envelope: &Envelope| {
            let receive = traces.receive(envelope.traceparent.as_deref(), since, envelope.intake);
            let record = traces.part("record", &receive);
            (Envelope { traceparent: receive.traceparent(), ..envelope.clone() }, (receive, record))
        };
        let (envelopes, spans) = envelopes.iter().map(begin).unzip();
        Some(Traced { envelopes, spans })
    }
}

impl Traced {
    fn tell(&mut self, recorded: Result<&[Answer], &JourneyError>) {
        for (number, (receive, record)) in self.spans.iter_mut().enumerate() {
            match recorded.map(|answers| answers.get(number)) {
                Ok(Some(answer)) => {
                    receive.note("placement_hub.message_type", answer.message_type);
                    receive.note("placement_hub.verdict", answer.verdict.name());
                }
                Ok(None) => {}
                Err(_) => record.failed("the ledger did not record; the message is tried again"),
            }
        }
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
