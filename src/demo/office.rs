//! The post office of the demo: publishes with confirms when the time has come, and waits for a receipt for each message.
//!
//! Who posts something promises it. A demo is quiet when everything promised is published and every message published has
//! its receipt, which the hub sends only after it has recorded the message.

use amqp::{Outgoing, Publisher, Reader, topology};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Wait before a message that the broker did not take is published again, and before receipts are looked for again.
const AGAIN: Duration = Duration::from_secs(1);
/// They leave in good order by then: a broker that does not answer is left as it is.
const LEAVE: Duration = Duration::from_secs(5);
/// Most messages given to the publisher at once.
const BATCH_MAX: usize = 200;

/// Where messages are posted. Cheap to clone.
#[derive(Clone)]
pub struct Office {
    /// Bounded by the story and by what organisations were sent: each answers with three messages at most.
    counter: mpsc::UnboundedSender<(Instant, Outgoing)>,
    books: Arc<Mutex<Books>>,
}

/// What was promised, published and answered.
#[derive(Clone, Debug, Default)]
pub struct Books {
    pub promised: u64,
    pub published: u64,
    /// Receipts by verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// Receipts for messages that this demo did not publish: somebody else, or an earlier one, left them in the queue.
    pub strangers: u64,
    /// Why the broker does not take messages at the moment.
    pub trouble: Option<String>,
    /// Published, and the receipt is still to come.
    pub(super) waiting: HashSet<String>,
}

/// The two people behind the counter.
pub struct Staff {
    closing: watch::Sender<bool>,
    publishing: JoinHandle<()>,
    reading: JoinHandle<()>,
}

impl Office {
    /// Opens the office; `receipts` reads the receipts' exchange. `run` tells these messages from others'.
    #[must_use]
    pub fn open(url: String, publisher: Publisher, receipts: Reader, run: &str) -> (Self, Staff) {
        let (counter, posted) = mpsc::unbounded_channel();
        let books = Arc::<Mutex<Books>>::default();
        let (closing, closed) = watch::channel(false);
        let publishing = tokio::spawn(publish(publisher, posted, Arc::clone(&books), format!("demo-{run}"), closed.clone()));
        let reading = tokio::spawn(read(url, receipts, Arc::clone(&books), format!("demo-{run}-"), closed));
        (Self { counter, books }, Staff { closing, publishing, reading })
    }

    /// Posts a message, to be published after `delay`.
    pub fn post(&self, delay: Duration, outgoing: Outgoing) {
        locked(&self.books).promised += 1;
        // The counter closes only at the end, when nobody counts on the message any more.
        let _ = self.counter.send((Instant::now() + delay, outgoing));
    }

    #[must_use]
    pub fn books(&self) -> Books {
        locked(&self.books).clone()
    }
}

impl Staff {
    /// Sends them home: what is not published yet stays unpublished.
    pub async fn leave(self) {
        self.closing.send_replace(true);
        for task in [self.publishing, self.reading] {
            let abort = task.abort_handle();
            if tokio::time::timeout(LEAVE, task).await.is_err() {
                abort.abort();
            }
        }
    }
}

impl Books {
    /// Whether everything promised is published and every publication has its receipt.
    #[must_use]
    pub fn quiet(&self) -> bool {
        self.promised == self.published && self.waiting.is_empty()
    }

    /// Messages that were published and have no receipt yet.
    #[must_use]
    pub fn unanswered(&self) -> usize {
        self.waiting.len()
    }
}

async fn publish(
    publisher: Publisher,
    mut posted: mpsc::UnboundedReceiver<(Instant, Outgoing)>,
    books: Arc<Mutex<Books>>,
    run: String,
    mut closed: watch::Receiver<bool>,
) {
    let mut calendar: BTreeMap<(Instant, u64), Outgoing> = BTreeMap::new();
    let mut number = 0_u64;
    loop {
        let next = calendar.first_key_value().map(|((at, _), _)| *at);
        tokio::select! {
            _ = closed.wait_for(|closed| *closed) => break,
            one = posted.recv() => match one {
                Some((at, mut outgoing)) => {
                    number += 1;
                    outgoing.correlation_id = Some(format!("{run}-{number}"));
                    calendar.insert((at, number), outgoing);
                    continue;
                }
                // Nobody counts on the rest any more.
                None => break,
            },
            () = until(next) => {}
        }
        let later = calendar.split_off(&(Instant::now(), u64::MAX));
        let mut due = std::mem::replace(&mut calendar, later).into_iter();
        loop {
            let batch: Vec<_> = due.by_ref().take(BATCH_MAX).collect();
            if batch.is_empty() {
                break;
            }
            calendar.extend(publish_batch(&publisher, batch, &books).await);
        }
    }
    publisher.close().await;
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Publishes a batch; answers what the broker did not take, to be published again. Sending twice is harmless: the hub knows
/// a message by its id.
async fn publish_batch(
    publisher: &Publisher,
    batch: Vec<((Instant, u64), Outgoing)>,
    books: &Mutex<Books>,
) -> Vec<((Instant, u64), Outgoing)> {
    {
        // Before publishing: the receipt may be faster than the confirm.
        let mut books = locked(books);
        books.waiting.extend(batch.iter().filter_map(|(_, outgoing)| outgoing.correlation_id.clone()));
    }
    let results = publisher.publish(batch.iter().map(|(_, outgoing)| outgoing.clone()).collect()).await;
    let mut again = Vec::new();
    let mut books = locked(books);
    books.trouble = None;
    for (((_, number), outgoing), result) in batch.into_iter().zip(results) {
        match result {
            Ok(()) => books.published += 1,
            Err(error) => {
                books.trouble = Some(error.to_string());
                again.push(((Instant::now() + AGAIN, number), outgoing));
            }
        }
    }
    again
}

async fn read(url: String, mut receipts: Reader, books: Arc<Mutex<Books>>, ours: String, mut closed: watch::Receiver<bool>) {
    loop {
        let next = tokio::select! {
            _ = closed.wait_for(|closed| *closed) => break,
            next = receipts.next() => next,
        };
        match next {
            Ok(receipt) => {
                let verdict = serde_json::from_slice::<Value>(&receipt.body).ok();
                let verdict = verdict.and_then(|receipt| receipt["verdict"].as_str().map(str::to_owned)).unwrap_or_default();
                let id = receipt.correlation_id.unwrap_or_default();
                let mut books = locked(&books);
                if books.waiting.remove(&id) {
                    *books.verdicts.entry(verdict).or_default() += 1;
                } else if !id.starts_with(&ours) {
                    books.strangers += 1;
                }
            }
            Err(_) => receipts = reopened(&url).await,
        }
    }
    receipts.close().await;
}

/// The broker was away: receipts of that time are in the ledger, and here they are missing.
async fn reopened(url: &str) -> Reader {
    loop {
        tokio::time::sleep(AGAIN).await;
        if let Ok(reader) = Reader::of_exchange(url, topology::RECEIPTS, "#").await {
            return reader;
        }
    }
}

fn locked(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    // Nothing panics while it holds this lock; if something did, the counts are still whole.
    books.lock().unwrap_or_else(PoisonError::into_inner)
}
