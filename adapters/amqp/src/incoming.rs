//! A message as it came: bytes and properties, nothing judged.

use lapin::{message::Delivery, types::AMQPValue};
use std::fmt;

/// One delivery. It stays the broker's until its [`Tag`] is acknowledged.
pub struct Incoming {
    pub tag: Tag,
    /// As large as the broker lets a message be.
    pub body: Vec<u8>,
    pub content_type: Option<String>,
    pub message_id: Option<String>,
    /// Checked by the broker: the user that published it.
    pub user_id: Option<String>,
    /// Whatever the publisher wrote.
    pub app_id: Option<String>,
    pub routing_key: String,
    pub reply_to: Option<String>,
    pub correlation_id: Option<String>,
    /// W3C trace context, from the header of that name.
    pub traceparent: Option<String>,
    /// It was delivered before, to us or another, and not acknowledged.
    pub redelivered: bool,
}

/// Names a delivery for acknowledging. It means something only while the connection that it came by lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tag {
    pub(crate) session: u64,
    pub(crate) delivery: u64,
}

impl Incoming {
    pub(crate) fn new(session: u64, delivery: Delivery) -> Self {
        let properties = &delivery.properties;
        let text = |value: &Option<lapin::types::ShortString>| value.as_ref().map(|v| v.as_str().to_owned());
        Self {
            tag: Tag { session, delivery: delivery.delivery_tag },
            content_type: text(properties.content_type()),
            message_id: text(properties.message_id()),
            user_id: text(properties.user_id()),
            app_id: text(properties.app_id()),
            routing_key: delivery.routing_key.as_str().to_owned(),
            reply_to: text(properties.reply_to()),
            correlation_id: text(properties.correlation_id()),
            traceparent: properties.headers().as_ref().and_then(|headers| match headers.inner().get(TRACEPARENT) {
                Some(AMQPValue::LongString(value)) => std::str::from_utf8(value.as_bytes()).ok().map(str::to_owned),
                _ => None,
            }),
            redelivered: delivery.redelivered,
            body: delivery.data,
        }
    }
}

pub(crate) const TRACEPARENT: &str = "traceparent";

/// Without the body and what the publisher wrote into the properties: either may be child data.
impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("tag", &self.tag)
            .field("body_bytes", &self.body.len())
            .field("redelivered", &self.redelivered)
            .finish_non_exhaustive()
    }
}
