//! Reading a queue from the other end: receipts and deliveries, as a publisher or recipient would. For the command line,
//! the demo, the bench and the tests; it does not reconnect.

use crate::{
    failure::{During, Failure, Kind},
    incoming::Incoming,
    link::Link,
    settings::{Address, Settings},
};
use futures_util::StreamExt;
use lapin::{
    Consumer,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueBindOptions, QueueDeclareOptions},
    types::{FieldTable, ShortString},
};

/// As many as arrive while one is looked at; they wait in memory.
const PREFETCH: u16 = 200;
/// AMQP's.
const NAME_BYTES_MAX: usize = 255;

/// Consumes one queue, and acknowledges what it hands out.
pub struct Reader {
    link: Link,
    consumer: Consumer,
    queue: String,
    address: Address,
}

impl Reader {
    /// Reads a queue that exists.
    ///
    /// # Errors
    /// A sentence, where it does not exist or the broker cannot be reached.
    pub async fn of_queue(url: &str, queue: &str) -> Result<Self, String> {
        Self::open(url, Some(queue), None).await
    }

    /// Reads what an exchange gets from now on under a routing key (`#` for all), through a queue of its own that goes
    /// when the reader goes.
    ///
    /// # Errors
    /// A sentence, where the exchange does not exist or the broker cannot be reached.
    pub async fn of_exchange(url: &str, exchange: &str, routing_key: &str) -> Result<Self, String> {
        Self::open(url, None, Some((exchange, routing_key))).await
    }

    /// Reads a nameless queue of its own, which others reach as their `reply_to`.
    ///
    /// # Errors
    /// A sentence, where the broker cannot be reached.
    pub async fn of_replies(url: &str) -> Result<Self, String> {
        Self::open(url, None, None).await
    }

    /// The queue's name: what to give as `reply_to`.
    #[must_use]
    pub fn queue(&self) -> &str {
        &self.queue
    }

    /// Waits for the next message.
    ///
    /// # Errors
    /// A sentence, where the connection is lost or the queue deleted.
    pub async fn next(&mut self) -> Result<Incoming, String> {
        let lost = |error: &lapin::Error| Failure::of(error, During::Working, &self.address).sentence;
        let delivery = match self.consumer.next().await {
            Some(delivery) => delivery.map_err(|e| lost(&e))?,
            None => return Err(Failure::new(Kind::Passing, "cancelled the reader: its queue is gone", &self.address).sentence),
        };
        delivery.acker.ack(BasicAckOptions::default()).await.map_err(|e| lost(&e))?;
        Ok(Incoming::new(0, delivery))
    }

    pub async fn close(self) {
        self.link.close().await;
    }

    async fn open(url: &str, queue: Option<&str>, binding: Option<(&str, &str)>) -> Result<Self, String> {
        if queue.into_iter().chain(binding.map(|b| b.0)).chain(binding.map(|b| b.1)).any(|name| name.len() > NAME_BYTES_MAX) {
            return Err(format!("the name of a queue or exchange, or the routing key, is longer than {NAME_BYTES_MAX} bytes"));
        }
        let address = Settings::new(url).address().map_err(|mistakes| mistakes.to_string())?;
        let link = Link::open(&address, "placement-hub reader").await.map_err(|failure| failure.sentence)?;
        let (queue, consumer) =
            subscribe(&link, queue, binding).await.map_err(|e| Failure::of(&e, During::Declaring, &address).sentence)?;
        Ok(Self { link, consumer, queue, address })
    }
}

async fn subscribe(link: &Link, queue: Option<&str>, binding: Option<(&str, &str)>) -> lapin::Result<(String, Consumer)> {
    let channel = link.channel().await?;
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let queue: ShortString = match queue {
        Some(name) => name.into(),
        None => {
            let own = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
            channel.queue_declare("".into(), own, FieldTable::default()).await?.name().clone()
        }
    };
    if let Some((exchange, key)) = binding {
        channel.queue_bind(queue.clone(), exchange.into(), key.into(), QueueBindOptions::default(), FieldTable::default()).await?;
    }
    let consumer = channel.basic_consume(queue.clone(), "".into(), BasicConsumeOptions::default(), FieldTable::default()).await?;
    Ok((queue.as_str().to_owned(), consumer))
}
