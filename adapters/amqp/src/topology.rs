//! Exchanges and queues, as the contract names them. Declared at every connect: declaring what exists changes nothing,
//! and what somebody deleted is there again.

use lapin::{
    Channel, ExchangeKind, Result,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, LongString},
};

/// Publishers' messages: exchange (topic, routing key `<message type>.<publisher code>`), and the queue that the hub consumes.
pub const INTAKE: &str = "placement-hub.intake";
/// Messages that the hub died over too often: exchange, and the queue where a person finds them.
pub const REJECTED: &str = "placement-hub.rejected";
/// Receipts: exchange, routing key = the publisher's code.
pub const RECEIPTS: &str = "placement-hub.receipts";
/// Deliveries to organisations that read queues: exchange, routing key = the organisation's code; for a place of it that has
/// an endpoint of its own, `<code>.<place>`.
pub const DELIVERIES: &str = "placement-hub.deliveries";

/// The durable queue that is bound to a routing key of [`DELIVERIES`].
#[must_use]
pub fn delivery_queue(routing_key: &str) -> String {
    format!("{DELIVERIES}.{routing_key}")
}

/// How much an organisation's queue holds. What comes on top is refused to the hub, which keeps it: nothing is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Limits {
    pub messages: u32,
    pub bytes: u32,
}

impl Default for Limits {
    /// Years of one organisation's notices, or a tenth of a small broker's disk.
    fn default() -> Self {
        Self { messages: 10_000, bytes: 128 << 20 }
    }
}

pub(crate) async fn declare(channel: &Channel, delivery_limit: u32) -> Result<()> {
    declare_exchanges(channel).await?;
    declare_queue(channel, REJECTED, quorum([])).await?;
    bind(channel, REJECTED, REJECTED, "#").await?;
    declare_queue(channel, INTAKE, intake_arguments(delivery_limit)).await?;
    bind(channel, INTAKE, INTAKE, "#").await
}

/// Topic exchanges all: one can be bound to more narrowly later without being declared anew.
/// How many messages are ready in the intake queue and in the rejected one.
pub(crate) async fn waiting(channel: &Channel) -> Result<Vec<(&'static str, u32)>> {
    let passive = QueueDeclareOptions { passive: true, ..Default::default() };
    let mut found = Vec::with_capacity(2);
    for queue in [INTAKE, REJECTED] {
        let declared = channel.queue_declare(queue.into(), passive, FieldTable::default()).await?;
        found.push((queue, declared.message_count()));
    }
    Ok(found)
}

pub(crate) async fn declare_exchanges(channel: &Channel) -> Result<()> {
    let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
    for exchange in [INTAKE, REJECTED, RECEIPTS, DELIVERIES] {
        channel.exchange_declare(exchange.into(), ExchangeKind::Topic, durable, FieldTable::default()).await?;
    }
    Ok(())
}

/// A quorum queue like the others: durable, replicated where there is a cluster. Nothing in it grows old or is pushed out.
pub(crate) async fn declare_delivery_queue(channel: &Channel, routing_key: &str, limits: Limits) -> Result<()> {
    let queue = delivery_queue(routing_key);
    declare_queue(channel, &queue, bounded(limits, REFUSE)).await?;
    bind(channel, &queue, DELIVERIES, routing_key).await
}

/// A queue that is full and refuses what is published, so that whoever publishes keeps it.
pub(crate) const REFUSE: &str = "reject-publish";

pub(crate) fn bounded(limits: Limits, when_full: &str) -> FieldTable {
    quorum([
        ("x-max-length", AMQPValue::LongLongInt(limits.messages.into())),
        ("x-max-length-bytes", AMQPValue::LongLongInt(limits.bytes.into())),
        ("x-overflow", text(when_full)),
    ])
}

/// - delivery limit: a message that ends the process that reads it would come back for ever. Brokers before 4.0 have no
///   limit of their own, and later ones drop the message at theirs unless there is a dead-letter exchange.
/// - at-least-once dead lettering: the default may lose the message on its way to the rejected queue. It demands that
///   overflow rejects what is published, rather than dropping the oldest.
pub(crate) fn intake_arguments(delivery_limit: u32) -> FieldTable {
    quorum([
        ("x-delivery-limit", AMQPValue::LongLongInt(delivery_limit.into())),
        ("x-dead-letter-exchange", text(REJECTED)),
        ("x-dead-letter-strategy", text("at-least-once")),
        ("x-overflow", text(REFUSE)),
    ])
}

pub(crate) fn quorum<const N: usize>(more: [(&'static str, AMQPValue); N]) -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    for (key, value) in more {
        arguments.insert(key.into(), value);
    }
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(value))
}

async fn declare_queue(channel: &Channel, queue: &str, arguments: FieldTable) -> Result<()> {
    let durable = QueueDeclareOptions { durable: true, ..Default::default() };
    channel.queue_declare(queue.into(), durable, arguments).await.map(drop)
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, key: &str) -> Result<()> {
    channel.queue_bind(queue.into(), exchange.into(), key.into(), QueueBindOptions::default(), FieldTable::default()).await
}
