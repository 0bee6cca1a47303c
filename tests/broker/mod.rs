//! The RabbitMQ adapter against a real broker: `TEST_AMQP_URL` names one with the virtual hosts t01 to t32.
//!
//! Each test has a virtual host to itself:
//! t01 acknowledging, t02 batches, t03 receipts, t04 publishing, t05 what is logged, t06 refusals, t07 properties,
//! t08 stopping, t09 delivering. The tests in `faults` and `rights` start brokers of their own.

mod faults;
mod intake;
mod publisher;
pub mod queue;
mod receipts;
mod refusals;
mod rights;
mod silence;

use amqp::{Incoming, Intake, Outgoing, Publisher, Settings, State, topology};
use std::{collections::BTreeSet, future::Future, time::Duration};

/// No condition takes longer, even on a slow machine; where one does, the test says which.
const BOUND: Duration = Duration::from_secs(60);

fn url(vhost: &str) -> String {
    let base = std::env::var("TEST_AMQP_URL").expect("set TEST_AMQP_URL: scripts/broker start; TEST_AMQP_URL=$(scripts/broker url)");
    on_vhost(&base, vhost)
}

fn on_vhost(base: &str, vhost: &str) -> String {
    let (scheme, rest) = base.split_once("://").expect("a URL");
    format!("{scheme}://{}/{vhost}", rest.split(['/', '?']).next().unwrap())
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(BOUND, future).await.unwrap_or_else(|_| panic!("{what}: not within {} seconds", BOUND.as_secs()))
}

fn settings(url: &str) -> Settings {
    Settings { heartbeat_seconds: 5, ..Settings::new(url) }
}

/// An intake that consumes.
async fn consuming(settings: &Settings) -> Intake {
    let intake = Intake::start(settings).unwrap();
    reaches(&intake, "consuming", |state| state.consuming).await;
    intake
}

async fn reaches(intake: &Intake, what: &str, condition: impl FnMut(&State) -> bool) -> State {
    let mut states = intake.state();
    within(what, states.wait_for(condition)).await.unwrap().clone()
}

/// Messages of one run of a test, told apart from what an earlier run may have left in the queue.
struct Run(String);

impl Run {
    fn new() -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Self(format!("{}-{}", std::process::id(), now.as_nanos()))
    }

    /// Numbered messages for the intake.
    fn messages(&self, numbers: impl IntoIterator<Item = usize>) -> Vec<Outgoing> {
        let message = |number: usize| Outgoing {
            exchange: topology::INTAKE.to_owned(),
            routing_key: "placement-change.E10000016".to_owned(),
            body: format!("body {number}").into_bytes(),
            message_id: Some(format!("{}/{number}", self.0)),
            ..Outgoing::default()
        };
        numbers.into_iter().map(message).collect()
    }

    fn number(&self, incoming: &Incoming) -> Option<usize> {
        incoming.message_id.as_deref()?.strip_prefix(&self.0)?.strip_prefix('/')?.parse().ok()
    }
}

/// Publishes, and expects all of it to be taken.
async fn publish(publisher: &Publisher, messages: Vec<Outgoing>) {
    for result in within("publishing", publisher.publish(messages)).await {
        result.unwrap();
    }
}

/// Takes and acknowledges until all these numbers have been seen at least once.
async fn take_all(intake: &Intake, run: &Run, expected: BTreeSet<usize>) {
    let mut missing = expected;
    while !missing.is_empty() {
        let batch = within(&format!("{} messages are missing", missing.len()), intake.next_batch(100)).await.expect("not stopped");
        for incoming in &batch {
            if let Some(number) = run.number(incoming) {
                missing.remove(&number);
            }
        }
        intake.ack(&batch.iter().map(|incoming| incoming.tag).collect::<Vec<_>>()).await;
    }
}
