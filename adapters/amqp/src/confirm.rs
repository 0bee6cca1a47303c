//! Publishing a batch on one channel, and the broker's answer on each message of it.

use crate::{
    failure::{During, Failure, Kind, size_limit},
    incoming::TRACEPARENT,
    publisher::{Outgoing, PublishError},
    settings::Address,
};
use futures_util::{StreamExt, stream};
use lapin::{
    BasicProperties, Channel, Confirmation,
    message::BasicReturnMessage,
    options::BasicPublishOptions,
    types::{AMQPValue, FieldTable, LongString, ShortString},
};
use std::{collections::HashMap, time::Duration};
use tokio::time::timeout;

/// Messages on their way by one channel at once: enough to keep a quorum queue's batched writes full.
pub(crate) const OUTSTANDING: usize = 1_024;
/// A persistent message survives the broker's restart.
const PERSISTENT: u8 = 2;

/// One result per message, in order.
pub(crate) struct Answered {
    pub results: Vec<Result<(), PublishError>>,
    /// Something is left over on the channel, or it is closed: it is not to be used again.
    pub broken: bool,
}

/// Waits at most `patience` for each next confirm. A batch is answered as a whole, because only then each return is known:
/// see [`mark_returned`]. For the same reason the channel is not to be used again where this future is dropped.
pub(crate) async fn publish(channel: &Channel, messages: &[Outgoing], mandatory: bool, patience: Duration, address: &Address) -> Answered {
    let mut results = Vec::with_capacity(messages.len());
    let mut returns = Vec::new();
    let mut confirms = stream::iter(0..messages.len()).map(|at| publish_one(channel, &messages[at], mandatory)).buffered(OUTSTANDING);
    // Whatever ends the channel ends it for all that follow: they carry the first cause.
    let mut cause: Option<String> = None;
    let mut limit = None;
    while results.len() < messages.len() {
        let answer = match timeout(patience, confirms.next()).await {
            Ok(Some(answer)) => answer,
            Ok(None) => break,
            Err(_) => {
                cause = Some(silence(patience, address));
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
                limit = limit.or_else(|| size_limit(&error));
                let why = cause.get_or_insert_with(|| Failure::of(&error, During::Working, address).sentence);
                Err(PublishError::Unconfirmed(why.clone()))
            }
        });
    }
    drop(confirms);
    let broken = cause.is_some();
    if let Some(cause) = cause {
        results.resize(messages.len(), Err(PublishError::Unconfirmed(cause)));
    }
    mark_returned(messages, &returns, &mut results);
    if let Some(limit) = limit {
        mark_too_large(messages, limit, &mut results);
    }
    Answered { results, broken }
}

pub(crate) fn silence(patience: Duration, address: &Address) -> String {
    let what = format!("did not answer within {} seconds: it may be short of memory or disk", patience.as_secs());
    Failure::new(Kind::Passing, &what, address).sentence
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
    if let Some(value) = &message.kind {
        properties = properties.with_type(short("type", value)?);
    }
    if let Some(value) = message.expires_after {
        properties = properties.with_expiration(value.as_millis().to_string().into());
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

/// One message over the broker's limit closes the channel for all: only that one must wait for a person.
fn mark_too_large(messages: &[Outgoing], limit: usize, results: &mut [Result<(), PublishError>]) {
    for (message, result) in messages.iter().zip(results).filter(|(message, _)| message.body.len() > limit) {
        *result = Err(PublishError::TooLarge { bytes: message.body.len(), limit });
    }
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
