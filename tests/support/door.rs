//! The broker's side: publishing with confirms, reading receipts, and looking whether the hub's queues are empty.

use super::sink::BOUND;
use amqp::{Incoming, Outgoing, Publisher, Reader, topology};
use serde_json::Value;
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

/// One virtual host, with nothing in the hub's queues.
pub struct Door {
    pub url: String,
    publisher: Publisher,
    receipts: Reader,
    /// Receipts that were read while looking for others, by message id.
    seen: HashMap<String, Vec<Value>>,
}

pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(BOUND, future).await.unwrap_or_else(|_| panic!("{what}: not within {} seconds", BOUND.as_secs()))
}

/// The address of one of the runner's virtual hosts.
pub fn url(vhost: &str) -> String {
    let base = std::env::var("TEST_AMQP_URL").expect("set TEST_AMQP_URL: scripts/broker start; TEST_AMQP_URL=$(scripts/broker url)");
    on_vhost(&base, vhost)
}

pub fn on_vhost(base: &str, vhost: &str) -> String {
    let (scheme, rest) = base.split_once("://").expect("a URL");
    format!("{scheme}://{}/{vhost}", rest.split(['/', '?']).next().unwrap())
}

impl Door {
    /// Before a hub starts. `delivery_limit` as the hub's settings have it: it is part of the queue.
    pub async fn open(url: String, delivery_limit: u32) -> Self {
        let publisher = Publisher::connect(&url).await.unwrap();
        publisher.declare_topology(delivery_limit).await.unwrap();
        let receipts = Reader::of_exchange(&url, topology::RECEIPTS, "#").await.unwrap();
        let door = Self { url, publisher, receipts, seen: HashMap::new() };
        // What a run that was cut short has left behind.
        door.left_in(topology::INTAKE).await;
        door.left_in(topology::REJECTED).await;
        door
    }

    /// Publishes, and expects the broker to take it all.
    pub async fn publish(&self, messages: Vec<Outgoing>) {
        for result in within("publishing", self.publisher.publish(messages)).await {
            result.unwrap();
        }
    }

    /// The next receipt for a message.
    pub async fn receipt(&mut self, message_id: &str) -> Value {
        let what = format!("a receipt for {message_id}");
        within(&what, async {
            loop {
                if let Some(seen) = self.seen.get_mut(message_id).filter(|seen| !seen.is_empty()) {
                    return seen.remove(0);
                }
                let receipt: Value = serde_json::from_slice(&self.receipts.next().await.unwrap().body).unwrap();
                let of = receipt["messageId"].as_str().unwrap_or_default().to_owned();
                self.seen.entry(of).or_default().push(receipt);
            }
        })
        .await
    }

    /// Publishes one message and waits for its receipt's verdict.
    pub async fn send(&mut self, letter: &super::letter::Letter) -> Value {
        self.publish(vec![letter.outgoing()]).await;
        self.receipt(&letter.message_id()).await
    }

    pub async fn accepted(&mut self, letter: &super::letter::Letter) {
        let receipt = self.send(letter).await;
        assert_eq!(receipt["verdict"], "accepted", "{receipt:#}");
    }

    /// Whether neither queue holds anything: to ask when the hub has stopped. What is there is taken out.
    pub async fn assert_empty(&self) {
        for queue in [topology::INTAKE, topology::REJECTED] {
            let left: Vec<_> = self.left_in(queue).await.into_iter().map(|left| left.message_id).collect();
            assert!(left.is_empty(), "{queue} still holds {} messages: {left:?}", left.len());
        }
    }

    /// All there is before a marker that is put in last.
    async fn left_in(&self, queue: &str) -> Vec<Incoming> {
        static MARKERS: AtomicU64 = AtomicU64::new(0);
        let marker = format!("marker-{}-{}", std::process::id(), MARKERS.fetch_add(1, Ordering::Relaxed));
        let mut reader = Reader::of_queue(&self.url, queue).await.unwrap();
        let message = Outgoing {
            exchange: queue.to_owned(),
            routing_key: "marker".to_owned(),
            message_id: Some(marker.clone()),
            ..Outgoing::default()
        };
        self.publish(vec![message]).await;
        let mut left = Vec::new();
        loop {
            let next = within("the marker", reader.next()).await.unwrap();
            if next.message_id.as_ref() == Some(&marker) {
                reader.close().await;
                return left;
            }
            left.push(next);
        }
    }
}
