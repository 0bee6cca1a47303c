//! A stream of placements and what follows them, published with confirms whatever happens.

use crate::support::letter::{Format, Letter, day, first_placement};
use amqp::{Outgoing, Publisher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Messages about one child: placed, amended, moved, amended again. Each tells several recipients something.
const CHAPTERS: usize = 4;
/// Children whose stories run side by side.
const CHILDREN: usize = 6;
/// Messages in one go, and how often: a hundred a second is more than a region has in a day.
const BATCH: usize = 6;
const EVERY: Duration = Duration::from_millis(60);

/// The n-th message of the stream. Its id is its number.
pub fn message(n: usize) -> Outgoing {
    let round = n / (CHAPTERS * CHILDREN);
    let chapter = n / CHILDREN % CHAPTERS;
    let child = format!("C{}", round * CHILDREN + n % CHILDREN);
    let letter = first_placement(Format::Json, &child).with("/messageId", id(n)).with("/referral", serde_json::Value::Null);
    let letter = if chapter < 2 { letter } else { moved(letter, &child) };
    let letter = if chapter.is_multiple_of(2) { letter } else { letter.with("/placement/version", 2).with("/placement/carer", "B. Carer") };
    letter.outgoing()
}

pub fn id(n: usize) -> String {
    format!("load-{n}")
}

fn moved(letter: Letter, child: &str) -> Letter {
    letter
        .with("/placement/id", format!("{child}-2"))
        .with("/placement/reasonForChange", "P")
        .with("/placement/startedOn", day(-1))
        .with("/placement/postcode", "SO14 7LY")
        .with("/placement/localAuthority", "E06000045")
}

/// Publishes until it is told to stop. What the broker has not confirmed is published again under the same id.
pub struct Load {
    stop: Arc<AtomicBool>,
    task: JoinHandle<usize>,
}

impl Load {
    pub fn start(url: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(publish(url.to_owned(), Arc::clone(&stop)));
        Self { stop, task }
    }

    /// How many messages the broker has confirmed: all with a smaller number.
    pub async fn stop(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}

async fn publish(url: String, stop: Arc<AtomicBool>) -> usize {
    let publisher = Publisher::connect(&url).await.unwrap();
    let mut pace = tokio::time::interval(EVERY);
    let mut next = 0;
    let mut open: Vec<Outgoing> = Vec::new();
    // Whatever was begun is confirmed before it ends.
    while !(stop.load(Ordering::Relaxed) && open.is_empty()) {
        pace.tick().await;
        if open.is_empty() {
            open = (next..next + BATCH).map(message).collect();
            next += BATCH;
        }
        let results = publisher.publish(open.clone()).await;
        open = open.into_iter().zip(results).filter(|(_, result)| result.is_err()).map(|(message, _)| message).collect();
    }
    publisher.close().await;
    next
}
