//! RabbitMQ: the door that messages come in by, and the road that receipts and queue deliveries leave by.
//!
//! The cast: an [`Intake`] keeps one supervised connection that consumes, and hands out batches of [`Incoming`]; the hub
//! records a batch and only then acknowledges its [`Tag`]s. A [`Publisher`] sends [`Outgoing`] messages and believes
//! nothing but the broker's confirm. [`Receipt`]s go through a publisher of the intake's own, on a second connection: a
//! broker short of memory stops reading from connections that publish, and acknowledgements must not wait behind that.
//!
//! A [`Queue`] delivers to organisations that read queues, on a connection of its own.
//!
//! A [`Reader`] is for those at the other end: the command line, the demo, the tests.
//!
//! Connecting again is done here, not by the client library: any error ends the session, whole, and a new one begins
//! after a jittered wait, for ever. What was not acknowledged comes again.
//!
//! Bounded: the broker sends at most `prefetch` messages that are not acknowledged, and none larger than its own
//! `max_message_size`; so the intake holds at most one times the other, however large a body is. The hub refuses bodies
//! above its own limit itself, so that their publishers get a receipt: set `max_message_size` a little above that limit.
//!
//! Nothing here logs a body or a property of a message.

mod acks;
mod confirm;
pub mod definitions;
mod failure;
mod inbox;
mod incoming;
mod intake;
mod line;
mod link;
mod publisher;
mod queue;
mod reader;
mod receipts;
mod session;
mod settings;
pub mod topology;

pub use incoming::{Incoming, Tag};
pub use intake::{Intake, State};
pub use publisher::{Outgoing, PublishError, Publisher};
pub use queue::Queue;
pub use reader::Reader;
pub use receipts::{PublishFailed, Receipt};
pub use settings::{Mistakes, Settings};
