//! A broker: one queue, consumers that hold what they have not acknowledged, and get nothing for it when they are gone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use tokio::sync::Notify;

/// Messages are named by their number in the world's list.
#[derive(Default)]
pub struct Broker {
    inner: Mutex<Inner>,
    came: Notify,
}

#[derive(Default)]
struct Inner {
    queue: VecDeque<usize>,
    /// By consumer, what it has not acknowledged.
    unacknowledged: BTreeMap<u64, Vec<usize>>,
    /// Consumers that want no more.
    cancelled: BTreeSet<u64>,
    connected: u64,
}

impl Broker {
    pub fn publish(&self, message: usize) {
        self.inner.lock().unwrap().queue.push_back(message);
        self.came.notify_waiters();
    }

    /// A new consumer.
    pub fn connect(&self) -> u64 {
        let mut inner = self.inner.lock().unwrap();
        inner.connected += 1;
        let consumer = inner.connected;
        inner.unacknowledged.insert(consumer, Vec::new());
        consumer
    }

    /// The connection is gone: what it had not acknowledged comes again, in its old place.
    pub fn disconnect(&self, consumer: u64) {
        let mut inner = self.inner.lock().unwrap();
        for message in inner.unacknowledged.remove(&consumer).unwrap_or_default().into_iter().rev() {
            inner.queue.push_front(message);
        }
        self.came.notify_waiters();
    }

    /// Nothing more is handed out to it; what it has it may still acknowledge.
    pub fn cancel(&self, consumer: u64) {
        self.inner.lock().unwrap().cancelled.insert(consumer);
        self.came.notify_waiters();
    }

    pub fn disconnect_all(&self) {
        let consumers: Vec<u64> = self.inner.lock().unwrap().unacknowledged.keys().copied().collect();
        for consumer in consumers {
            self.disconnect(consumer);
        }
    }

    /// The next batch, of at most `most`; none where the consumer is cancelled or its connection gone.
    pub async fn next(&self, consumer: u64, most: usize) -> Option<Vec<usize>> {
        loop {
            let came = self.came.notified();
            {
                let mut inner = self.inner.lock().unwrap();
                let inner = &mut *inner;
                let held = inner.unacknowledged.get_mut(&consumer)?;
                if inner.cancelled.contains(&consumer) {
                    return None;
                }
                if !inner.queue.is_empty() {
                    let count = most.min(inner.queue.len());
                    let batch: Vec<usize> = inner.queue.drain(..count).collect();
                    held.extend(&batch);
                    return Some(batch);
                }
            }
            came.await;
        }
    }

    /// False where the connection was gone already: the broker never heard of it.
    pub fn acknowledge(&self, consumer: u64, messages: &[usize]) -> bool {
        let mut inner = self.inner.lock().unwrap();
        let Some(held) = inner.unacknowledged.get_mut(&consumer) else { return false };
        held.retain(|message| !messages.contains(message));
        true
    }

    pub fn is_empty(&self) -> bool {
        let inner = self.inner.lock().unwrap();
        inner.queue.is_empty() && inner.unacknowledged.values().all(Vec::is_empty)
    }
}
