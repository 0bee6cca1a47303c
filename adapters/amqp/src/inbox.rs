//! What has been delivered and not been taken yet. The broker's prefetch bounds it.

use crate::incoming::Incoming;
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

#[derive(Default)]
pub(crate) struct Inbox {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Default)]
struct Inner {
    waiting: VecDeque<Incoming>,
    closed: bool,
}

impl Inbox {
    pub fn push(&self, incoming: Incoming) {
        self.lock().waiting.push_back(incoming);
        self.changed.notify_one();
    }

    /// The connection is gone: the broker delivers all of it again.
    pub fn clear(&self) {
        self.lock().waiting.clear();
    }

    /// Nothing more is handed out.
    pub fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.waiting.clear();
        self.changed.notify_waiters();
        self.changed.notify_one();
    }

    /// Waits for one, then takes what is there, up to `max`. None once it is closed.
    pub async fn next_batch(&self, max: usize) -> Option<Vec<Incoming>> {
        loop {
            let changed = self.changed.notified();
            if let Some(taken) = self.take(max.max(1)) {
                return taken;
            }
            changed.await;
        }
    }

    fn take(&self, max: usize) -> Option<Option<Vec<Incoming>>> {
        let mut inner = self.lock();
        if inner.closed {
            return Some(None);
        }
        let count = inner.waiting.len().min(max);
        let batch: Vec<_> = inner.waiting.drain(..count).collect();
        if !inner.waiting.is_empty() {
            // For another taker, who may have slept through the arrivals.
            self.changed.notify_one();
        }
        (!batch.is_empty()).then_some(Some(batch))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Inbox;
    use crate::incoming::Incoming;
    use lapin::message::Delivery;

    fn push(inbox: &Inbox, deliveries: std::ops::RangeInclusive<u64>) {
        for delivery in deliveries {
            inbox.push(Incoming::new(1, Delivery::mock(delivery, "".into(), "".into(), false, Vec::new())));
        }
    }

    async fn next(inbox: &Inbox, max: usize) -> Option<Vec<u64>> {
        inbox.next_batch(max).await.map(|batch| batch.iter().map(|incoming| incoming.tag.delivery).collect())
    }

    #[tokio::test]
    async fn a_batch_is_what_is_there_up_to_the_bound() {
        let inbox = Inbox::default();
        push(&inbox, 1..=5);
        assert_eq!(next(&inbox, 3).await, Some(vec![1, 2, 3]));
        assert_eq!(next(&inbox, 3).await, Some(vec![4, 5]));
        let (batch, ()) = tokio::join!(next(&inbox, 3), async { push(&inbox, 6..=6) });
        assert_eq!(batch, Some(vec![6]));
    }

    #[tokio::test]
    async fn closing_wakes_who_waits_and_hands_out_nothing_more() {
        let inbox = Inbox::default();
        let (first, second, ()) = tokio::join!(next(&inbox, 1), next(&inbox, 1), async { inbox.close() });
        assert_eq!((first, second), (None, None));
        push(&inbox, 1..=1);
        assert_eq!(next(&inbox, 1).await, None);
    }
}
