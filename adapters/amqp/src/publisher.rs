//! Publishing that believes only the broker's word: confirmed, and not returned.

use crate::{
    confirm,
    failure::{During, Failure},
    link::Link,
    settings::{Address, Settings},
    topology::{self, Limits},
};
use lapin::{Channel, options::ConfirmSelectOptions};
use std::{fmt, time::Duration};
use tokio::{sync::Mutex, time::timeout};

/// The longest that the broker may take for the next confirm: it stops reading while it is short of memory or disk.
const CONFIRM: Duration = Duration::from_secs(30);

/// A message to publish. Names and properties hold at most 255 bytes each.
#[derive(Clone, Default)]
pub struct Outgoing {
    /// Empty for the default exchange, where the routing key names a queue.
    pub exchange: String,
    pub routing_key: String,
    pub body: Vec<u8>,
    pub content_type: Option<String>,
    pub message_id: Option<String>,
    /// The property `type`: what kind of message it is.
    pub kind: Option<String>,
    pub traceparent: Option<String>,
    /// After so long in a queue nobody needs it any more. None for never.
    pub expires_after: Option<Duration>,
    /// Must be the user of the connection: the broker checks.
    pub user_id: Option<String>,
    pub correlation_id: Option<String>,
    pub reply_to: Option<String>,
}

/// Why a message does not count as published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublishError {
    /// No queue is bound for it: the broker gave it back.
    Unroutable { exchange: String, routing_key: String },
    /// The broker said no: a queue is full, or could not store it.
    Refused,
    /// Nobody knows whether the broker has it: sending it again may publish it twice.
    Unconfirmed(String),
    /// Not taken: the broker's `max_message_size` is less.
    TooLarge { bytes: usize, limit: usize },
    /// Not sent: this field is longer than 255 bytes.
    TooLong(&'static str),
    /// Not sent: there is no connection.
    NotConnected(String),
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unroutable { exchange, routing_key } => {
                write!(f, "no queue is bound to the exchange `{exchange}` for the routing key `{routing_key}`: start or set up its reader")
            }
            Self::Refused => f.write_str("the broker refused the message: the queue is full or cannot store it"),
            Self::Unconfirmed(why) => write!(f, "not confirmed, so sent or not: {why}"),
            Self::TooLarge { bytes, limit } => {
                write!(f, "the message has {bytes} bytes and the broker takes {limit}: raise its max_message_size")
            }
            Self::TooLong(field) => write!(f, "{field} is longer than the 255 bytes that AMQP allows"),
            Self::NotConnected(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for PublishError {}

/// A connection for publishing. Calls are served one after another: give it batches.
pub struct Publisher {
    address: Address,
    name: String,
    declares_exchanges: bool,
    open: Mutex<Option<Open>>,
}

struct Open {
    link: Link,
    channel: Channel,
}

impl Publisher {
    /// # Errors
    /// Where the URL is wrong, or the broker cannot be reached: a sentence without secrets.
    pub async fn connect(url: &str) -> Result<Self, PublishError> {
        let address = Settings::new(url).address().map_err(|mistakes| PublishError::NotConnected(mistakes.to_string()))?;
        let publisher = Self { address, name: "placement-hub publisher".to_owned(), declares_exchanges: false, open: Mutex::default() };
        publisher.reopen(&mut *publisher.open.lock().await).await?;
        Ok(publisher)
    }

    /// Connects when first used, and makes sure of the exchanges.
    pub(crate) fn for_receipts(address: Address, name: String) -> Self {
        Self { address, name, declares_exchanges: true, open: Mutex::default() }
    }

    /// Publishes as mandatory and waits for the broker's answer on each: one result per message, in order. If the
    /// connection was lost since the last call, connects again first, once.
    pub async fn publish(&self, messages: Vec<Outgoing>) -> Vec<Result<(), PublishError>> {
        self.send(&messages, true).await
    }

    /// Declares what the hub declares, so that messages can wait for a hub that has not started yet.
    ///
    /// # Errors
    /// Where the broker refuses, as it does if they exist with other properties.
    pub async fn declare_topology(&self, delivery_limit: u32) -> Result<(), PublishError> {
        let mut open = self.open.lock().await;
        let channel = self.reopen(&mut open).await?;
        topology::declare(&channel, delivery_limit).await.map_err(|e| self.not_declared(&e))
    }

    /// Declares the durable queue of an organisation that reads its deliveries from RabbitMQ, with the limits that hold
    /// unless its endpoint has others.
    ///
    /// # Errors
    /// Where the broker refuses.
    pub async fn declare_delivery_queue(&self, organisation: domain::Code) -> Result<(), PublishError> {
        let mut open = self.open.lock().await;
        let channel = self.reopen(&mut open).await?;
        topology::declare_delivery_queue(&channel, organisation.as_str(), Limits::default()).await.map_err(|e| self.not_declared(&e))
    }

    pub async fn close(&self) {
        if let Some(open) = self.open.lock().await.take() {
            open.link.close().await;
        }
    }

    pub(crate) async fn send(&self, messages: &[Outgoing], mandatory: bool) -> Vec<Result<(), PublishError>> {
        let mut open = self.open.lock().await;
        let channel = match self.reopen(&mut open).await {
            Ok(channel) => channel,
            Err(error) => return messages.iter().map(|_| Err(error.clone())).collect(),
        };
        // Where this future is dropped, so is the connection: what is left over on the channel would confuse the next batch.
        let in_use = open.take();
        let answered = confirm::publish(&channel, messages, mandatory, CONFIRM, &self.address).await;
        if !answered.broken {
            *open = in_use;
        }
        answered.results
    }

    /// The open channel, or a new one after one attempt.
    async fn reopen(&self, open: &mut Option<Open>) -> Result<Channel, PublishError> {
        if let Some(ready) = open.as_ref().filter(|open| open.link.alive() && open.channel.status().connected()) {
            return Ok(ready.channel.clone());
        }
        if let Some(old) = open.take() {
            old.link.close().await;
        }
        let link = Link::open(&self.address, &self.name).await.map_err(|e| PublishError::NotConnected(e.sentence))?;
        let channel = match timeout(CONFIRM, self.set_up(&link)).await {
            Ok(ready) => ready.map_err(|e| self.not_declared(&e))?,
            Err(_) => return Err(PublishError::NotConnected(self.silence())),
        };
        *open = Some(Open { link, channel: channel.clone() });
        Ok(channel)
    }

    async fn set_up(&self, link: &Link) -> lapin::Result<Channel> {
        let channel = link.channel().await?;
        if self.declares_exchanges {
            topology::declare_exchanges(&channel).await?;
        }
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(channel)
    }

    fn not_declared(&self, error: &lapin::Error) -> PublishError {
        PublishError::NotConnected(Failure::of(error, During::Declaring, &self.address).sentence)
    }

    fn silence(&self) -> String {
        confirm::silence(CONFIRM, &self.address)
    }
}
