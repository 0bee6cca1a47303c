//! The port of a rail with mailboxes (MESH): what others send to the hub waits there, and the rail tells later what became of
//! what the hub sent.

use crate::directory::Endpoint;
use crate::port::{BoxFuture, Confirmed};
use jiff::Timestamp;
use uuid::Uuid;

/// A rail with mailboxes.
pub trait Post: Send + Sync {
    /// The adapter's name, as endpoints give it.
    fn name(&self) -> &'static str;

    /// Each mailbox of the hub's that is behind some of these endpoints, once.
    fn mailboxes(&self, endpoints: &[Endpoint], now: Timestamp) -> Vec<Box<dyn Mailbox>>;

    /// What became of a delivery that the rail accepted; none while it waits to be collected. An error is a sentence for the
    /// log: ask again later.
    fn track<'a>(&'a self, endpoint: &'a Endpoint, reference: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Option<Confirmed>, String>>;

    /// Whether an endpoint is of the organisation whose mailbox this is.
    fn is_from(&self, endpoint: &Endpoint, sender: &str) -> bool;
}

/// One mailbox of the hub's own.
pub trait Mailbox: Send + Sync {
    /// What the rail calls it: a metric label.
    fn name(&self) -> &str;

    /// Ids of what waits, oldest first. Listed again until it is acknowledged.
    fn list<'a>(&'a self, limit: usize) -> BoxFuture<'a, Result<Vec<String>, String>>;

    /// One of them; it stays where it is.
    fn read<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Letter, String>>;

    /// Takes it out, for ever. May be repeated.
    fn acknowledge<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), String>>;
}

/// What lay in a mailbox.
pub enum Letter {
    /// A document, from whom the rail vouches for.
    Document { from: String, content_type: Option<String>, body: Vec<u8> },
    /// The rail's word that something of the hub's will not arrive; none where it is not the hub's.
    Undelivered { delivery: Option<Uuid>, why: String },
    /// It can never be read (too large, damaged): a sentence for the log. To be taken out, else it is in the way for ever.
    Unreadable(String),
    /// Somebody else has taken it.
    Gone,
}
