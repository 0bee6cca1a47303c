//! Publishing: a backlog as fast as the broker takes it, or a steady stream.

use super::documents::Documents;
use crate::config::Settings;
use amqp::{Outgoing, PublishError, Publisher};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// Messages made and published in one call: a few megabytes.
const CHUNK: u32 = 2_048;
/// Connections of a steady stream. A call waits for its confirms, which take some milliseconds; so many calls can overlap that a
/// tick hardly ever waits for one.
const LINES: usize = 16;
/// The finest that the clock of the runtime gives.
const TICK: Duration = Duration::from_millis(1);

pub struct Traffic {
    lines: Vec<Arc<Publisher>>,
}

impl Traffic {
    /// Connects, declares what the hub would declare, and empties its queue.
    pub async fn connect(settings: &Settings) -> Result<Self, String> {
        let mut lines = Vec::with_capacity(LINES);
        for _ in 0..LINES {
            lines.push(Arc::new(Publisher::connect(&settings.broker.url).await.map_err(|error| error.to_string())?));
        }
        let traffic = Self { lines };
        traffic.first().declare_topology(settings.broker.delivery_limit).await.map_err(|error| error.to_string())?;
        traffic.empty_queue(settings).await?;
        Ok(traffic)
    }

    /// What an earlier run has left behind: everything before a message that is published now.
    async fn empty_queue(&self, settings: &Settings) -> Result<(), String> {
        let last = uuid::Uuid::now_v7().to_string();
        let marker = Outgoing {
            exchange: amqp::topology::INTAKE.to_owned(),
            routing_key: "bench.end".to_owned(),
            message_id: Some(last.clone()),
            ..Outgoing::default()
        };
        check(self.first().publish(vec![marker]).await)?;
        let mut reader = amqp::Reader::of_queue(&settings.broker.url, amqp::topology::INTAKE).await?;
        while reader.next().await?.message_id.as_ref() != Some(&last) {}
        reader.close().await;
        Ok(())
    }

    /// Publishes `messages` documents of a run and waits until the broker has confirmed all.
    pub async fn backlog(&self, documents: &Documents, run: u32, messages: u32) -> Result<(), String> {
        let mut next = 0;
        while next < messages {
            let end = messages.min(next + CHUNK);
            let chunk = (next..end).map(|number| documents.outgoing(run, number)).collect();
            check(self.first().publish(chunk).await)?;
            next = end;
        }
        Ok(())
    }

    /// Publishes `rate` documents a second for `seconds`. Answers when each was handed to its publisher: a wait for the
    /// broker's confirms counts as latency, a late timer does not.
    pub async fn steady(&self, documents: &Documents, run: u32, rate: u32, seconds: u32) -> Result<Vec<Instant>, String> {
        let messages = rate * seconds;
        let mut sent = Vec::with_capacity(messages as usize);
        let mut calls = JoinSet::new();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let begun = Instant::now();
        for line in (0..self.lines.len()).cycle() {
            ticks.tick().await;
            let next = u32::try_from(sent.len()).unwrap_or(u32::MAX);
            let due = due(begun.elapsed(), rate).min(messages);
            if due > next {
                let batch = (next..due).map(|number| documents.outgoing(run, number)).collect();
                let publisher = Arc::clone(&self.lines[line]);
                sent.resize(due as usize, Instant::now());
                calls.spawn(async move { publisher.publish(batch).await });
            }
            while let Some(answer) = calls.try_join_next() {
                check(answer.map_err(|error| error.to_string())?)?;
            }
            if due == messages {
                break;
            }
        }
        while let Some(answer) = calls.join_next().await {
            check(answer.map_err(|error| error.to_string())?)?;
        }
        Ok(sent)
    }

    pub async fn close(&self) {
        for line in &self.lines {
            line.close().await;
        }
    }

    fn first(&self) -> &Publisher {
        &self.lines[0]
    }
}

/// Messages that are due after so long, the first at once.
fn due(elapsed: Duration, rate: u32) -> u32 {
    let due = elapsed.as_micros().saturating_mul(u128::from(rate)) / 1_000_000 + 1;
    u32::try_from(due).unwrap_or(u32::MAX)
}

fn check(results: Vec<Result<(), PublishError>>) -> Result<(), String> {
    match results.into_iter().find_map(Result::err) {
        Some(error) => Err(format!("a message could not be published: {error}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::due;
    use std::time::Duration;

    #[test]
    fn a_late_tick_is_made_up_for() {
        for (milliseconds, messages) in [(0, 1), (9, 1), (10, 2), (25, 3), (1_000, 101)] {
            assert_eq!(due(Duration::from_millis(milliseconds), 100), messages, "{milliseconds}");
        }
    }
}
