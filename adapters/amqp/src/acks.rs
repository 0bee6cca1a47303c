//! Which acknowledgements to send for what has been recorded.

use crate::incoming::Tag;
use lapin::{Channel, options::BasicAckOptions};
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::{sync::Mutex, time::timeout};

/// Sending an acknowledgement is writing to a socket; longer than this, and the session is about to end anyway.
const SEND: Duration = Duration::from_secs(10);

/// Acknowledges on the channel of the session that is on.
#[derive(Default)]
pub(crate) struct Acker {
    session: Mutex<Option<Session>>,
    acked: AtomicU64,
}

struct Session {
    number: u64,
    channel: Channel,
    settled: Settled,
}

impl Acker {
    pub async fn begin(&self, session: u64, channel: Channel) {
        *self.session.lock().await = Some(Session { number: session, channel, settled: Settled::default() });
        self.acked.store(0, Ordering::Relaxed);
    }

    pub async fn end(&self) {
        *self.session.lock().await = None;
    }

    /// How many messages this session has acknowledged.
    pub fn acked(&self) -> u64 {
        self.acked.load(Ordering::Relaxed)
    }

    /// An acknowledgement that does not arrive is not an error: the broker sends the message again, and the hub knows it.
    pub async fn ack(&self, tags: &[Tag]) {
        let mut session = self.session.lock().await;
        let Some(session) = session.as_mut() else { return };
        let ours = tags.iter().filter(|tag| tag.session == session.number).map(|tag| tag.delivery);
        let before = session.settled.count;
        let acks = session.settled.settle(ours);
        let sending = acks.iter().map(|ack| session.channel.basic_ack(ack.delivery, BasicAckOptions { multiple: ack.multiple }));
        if let Ok(sent) = timeout(SEND, futures_util::future::join_all(sending)).await
            && let Some(error) = sent.into_iter().find_map(Result::err)
        {
            tracing::debug!(%error, "an acknowledgement could not be sent; the broker will deliver again");
        }
        self.acked.fetch_add(session.settled.count - before, Ordering::Relaxed);
    }
}

/// What is settled of one channel's deliveries, whose tags count from 1 without gaps.
#[derive(Debug, Default)]
struct Settled {
    /// All up to here are.
    low: u64,
    /// These are too, beyond a gap; at most `prefetch` of them.
    ahead: BTreeSet<u64>,
    count: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ack {
    delivery: u64,
    /// With all before it.
    multiple: bool,
}

impl Settled {
    /// One acknowledgement for all that is contiguous, one each for what is beyond a gap. A tag never goes out twice: the
    /// broker closes the channel over one it does not know any more.
    fn settle(&mut self, deliveries: impl Iterator<Item = u64>) -> Vec<Ack> {
        let mut new: BTreeSet<u64> = deliveries.filter(|d| *d > self.low && !self.ahead.contains(d)).collect();
        self.count += new.len() as u64;
        let mut reached = None;
        loop {
            let next = self.low + 1;
            if new.remove(&next) {
                reached = Some(next);
            } else if !self.ahead.remove(&next) {
                break;
            }
            self.low = next;
        }
        self.ahead.extend(&new);
        let beyond = new.into_iter().map(|delivery| Ack { delivery, multiple: false });
        reached.map(|delivery| Ack { delivery, multiple: true }).into_iter().chain(beyond).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Ack, Settled};

    /// Each step: what is settled, and what goes out (`3*` = up to 3).
    fn check(steps: &[(&[u64], &str)]) {
        let mut settled = Settled::default();
        for (deliveries, expected) in steps {
            let sent: Vec<_> = settled.settle(deliveries.iter().copied()).iter().map(shown).collect();
            assert_eq!(sent.join(" "), *expected, "{deliveries:?}");
        }
    }

    fn shown(ack: &Ack) -> String {
        format!("{}{}", ack.delivery, if ack.multiple { "*" } else { "" })
    }

    #[test]
    fn a_batch_is_one_acknowledgement() {
        check(&[(&[1, 2, 3], "3*"), (&[4], "4*"), (&[6, 5], "6*")]);
    }

    #[test]
    fn beyond_a_gap_each_goes_alone_and_none_goes_twice() {
        check(&[(&[2, 4], "2 4"), (&[1], "1*"), (&[3], "3*"), (&[5, 6], "6*"), (&[3, 6], "")]);
        check(&[(&[3], "3"), (&[1, 2, 4], "4*"), (&[4, 5], "5*")]);
        check(&[(&[2], "2"), (&[2], ""), (&[1], "1*")]);
    }
}
