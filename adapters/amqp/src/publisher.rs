//! Publishing that believes only the broker's word: confirmed, and not returned.

use crate::{
    failure::{During, Failure, Kind},
    incoming::TRACEPARENT,
    link::Link,
    settings::{Address, Settings},
    topology,
};
use futures_util::{StreamExt, stream};
use lapin::{
    BasicProperties, Channel, Confirmation,
    message::BasicReturnMessage,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::{AMQPValue, FieldTable, LongString, ShortString},
};
use std::{collections::HashMap, fmt, time::Duration};
use tokio::{sync::Mutex, time::timeout};

/// Messages on their way to one broker at once: enough to keep a quorum queue's batched writes full.
const OUTSTANDING: usize = 1_024;
/// The longest that the broker may take for the next confirm: it stops reading while it is short of memory or disk.
const CONFIRM: Duration = Duration::from_secs(30);
/// A persistent message survives the broker's restart.
const PERSISTENT: u8 = 2;

/// A message to publish. Names and properties hold at most 255 bytes each.
#[derive(Clone, Default)]
pub struct Outgoing {
    /// Empty for the default exchange, where the routing key names a queue.
    pub exchange: String,
    pub routing_key: String,
    pub body: Vec<u8>,
    pub content_type: Option<String>,
    pub message_id: Option<String>,
    pub traceparent: Option<String>,
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

    /// Declares the durable queue of an organisation that reads its deliveries from RabbitMQ.
    ///
    /// # Errors
    /// Where the broker refuses.
    pub async fn declare_delivery_queue(&self, organisation: domain::Code) -> Result<(), PublishError> {
        let mut open = self.open.lock().await;
        let channel = self.reopen(&mut open).await?;
        topology::declare_delivery_queue(&channel, organisation.as_str().into()).await.map_err(|e| self.not_declared(&e))
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
        let mut results = Vec::with_capacity(messages.len());
        let mut returns = Vec::new();
        let mut confirms = stream::iter(0..messages.len()).map(|at| publish_one(&channel, &messages[at], mandatory)).buffered(OUTSTANDING);
        // Whatever ends the channel ends it for all that follow: they carry the first cause.
        let mut cause: Option<String> = None;
        while results.len() < messages.len() {
            let answer = match timeout(CONFIRM, confirms.next()).await {
                Ok(Some(answer)) => answer,
                Ok(None) => break,
                Err(_) => {
                    cause = Some(self.silence());
                    break;
                }
            };
            results.push(match answer {
                Ok(Confirmation::Ack(returned)) => {
                    returns.extend(returned);
                    Ok(())
                }
                Ok(Confirmation::Nack(returned)) => {
                    returns.extend(returned);
                    Err(PublishError::Refused)
                }
                Ok(Confirmation::NotRequested) => Err(PublishError::Unconfirmed("the channel does not confirm".to_owned())),
                Err(Unsent::TooLong(field)) => Err(PublishError::TooLong(field)),
                Err(Unsent::Lost(error)) => {
                    let why = cause.get_or_insert_with(|| Failure::of(&error, During::Working, &self.address).sentence);
                    Err(PublishError::Unconfirmed(why.clone()))
                }
            });
        }
        drop(confirms);
        if let Some(cause) = cause {
            results.resize(messages.len(), Err(PublishError::Unconfirmed(cause)));
            *open = None;
        }
        mark_returned(messages, &returns, &mut results);
        results
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
        let what = format!("did not answer within {} seconds: it may be short of memory or disk", CONFIRM.as_secs());
        Failure::new(Kind::Passing, &what, &self.address).sentence
    }
}

/// Why one message has no confirm.
enum Unsent {
    TooLong(&'static str),
    Lost(lapin::Error),
}

async fn publish_one(channel: &Channel, message: &Outgoing, mandatory: bool) -> Result<Confirmation, Unsent> {
    let exchange = short("the exchange", &message.exchange)?;
    let routing_key = short("the routing key", &message.routing_key)?;
    let properties = properties(message)?;
    let options = BasicPublishOptions { mandatory, immediate: false };
    let confirm = channel.basic_publish(exchange, routing_key, options, &message.body, properties).await.map_err(Unsent::Lost)?;
    confirm.await.map_err(Unsent::Lost)
}

fn properties(message: &Outgoing) -> Result<BasicProperties, Unsent> {
    let mut properties = BasicProperties::default().with_delivery_mode(PERSISTENT);
    if let Some(value) = &message.content_type {
        properties = properties.with_content_type(short("content_type", value)?);
    }
    if let Some(value) = &message.message_id {
        properties = properties.with_message_id(short("message_id", value)?);
    }
    if let Some(value) = &message.user_id {
        properties = properties.with_user_id(short("user_id", value)?);
    }
    if let Some(value) = &message.correlation_id {
        properties = properties.with_correlation_id(short("correlation_id", value)?);
    }
    if let Some(value) = &message.reply_to {
        properties = properties.with_reply_to(short("reply_to", value)?);
    }
    if let Some(value) = &message.traceparent {
        let mut headers = FieldTable::default();
        headers.insert(TRACEPARENT.into(), AMQPValue::LongString(LongString::from(value.as_str())));
        properties = properties.with_headers(headers);
    }
    Ok(properties)
}

fn short(field: &'static str, value: &str) -> Result<ShortString, Unsent> {
    ShortString::try_new(value).map_err(|_| Unsent::TooLong(field))
}

/// The broker confirms a message that it has returned, and the library hands a return to whichever confirm comes next.
/// So each return is matched with its message by what is in it; of two that are alike, either will do.
fn mark_returned(messages: &[Outgoing], returns: &[BasicReturnMessage], results: &mut [Result<(), PublishError>]) {
    if returns.is_empty() {
        return;
    }
    let mut by_route: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (index, message) in messages.iter().enumerate().rev() {
        by_route.entry((&message.exchange, &message.routing_key)).or_default().push(index);
    }
    for returned in returns {
        let Some(candidates) = by_route.get_mut(&(returned.exchange.as_str(), returned.routing_key.as_str())) else { continue };
        let id = returned.properties.message_id().as_ref().map(ShortString::as_str);
        // From the end, where the earliest is: all of one route are mostly returned in order.
        let found = candidates.iter().rposition(|i| messages[*i].message_id.as_deref() == id && messages[*i].body == returned.data);
        if let Some(index) = found.map(|position| candidates.remove(position)) {
            let Outgoing { exchange, routing_key, .. } = messages[index].clone();
            results[index] = Err(PublishError::Unroutable { exchange, routing_key });
        }
    }
}
