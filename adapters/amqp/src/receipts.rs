//! Receipts: what became of a message, told to its publisher.

use crate::{
    publisher::{Outgoing, Publisher},
    topology,
};
use domain::Code;
use std::fmt;

/// One receipt. It goes to the receipts exchange under its publisher's code, and to `reply_to` where that is given.
#[derive(Clone)]
pub struct Receipt {
    /// [`Code::NONE`] where the message could not be read: then only `reply_to` gets it.
    pub publisher: Code,
    /// A queue, by name, as the message said.
    pub reply_to: Option<String>,
    pub correlation_id: Option<String>,
    /// Of the message that this is about.
    pub message_id: Option<String>,
    /// JSON.
    pub body: Vec<u8>,
}

/// Some receipts are not confirmed. Nothing is lost: they are in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishFailed {
    pub failed: usize,
    pub of: usize,
    /// The first cause, a sentence.
    pub why: String,
}

impl fmt::Display for PublishFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} receipts were not published: {}", self.failed, self.of, self.why)
    }
}

impl std::error::Error for PublishFailed {}

/// Not mandatory: nobody has to read receipts, and the queue of `reply_to` may be gone.
pub(crate) async fn publish(publisher: &Publisher, receipts: Vec<Receipt>) -> Result<(), PublishFailed> {
    let of = receipts.len();
    let outgoing: Vec<_> = receipts.into_iter().flat_map(addressed).collect();
    let mut failures = publisher.send(&outgoing, false).await.into_iter().filter_map(Result::err);
    match failures.next() {
        None => Ok(()),
        Some(first) => Err(PublishFailed { failed: (1 + failures.count()).min(of), of, why: first.to_string() }),
    }
}

fn addressed(receipt: Receipt) -> impl Iterator<Item = Outgoing> {
    let Receipt { publisher, reply_to, correlation_id, message_id, body } = receipt;
    let content_type = Some("application/json".to_owned());
    let plain = Outgoing { body, content_type, message_id, correlation_id, ..Outgoing::default() };
    let reply = reply_to.filter(|queue| allowed(queue)).map(|queue| Outgoing { routing_key: queue, ..plain.clone() });
    let announced = (!publisher.is_none()).then(|| Outgoing {
        exchange: topology::RECEIPTS.to_owned(),
        routing_key: publisher.as_str().to_owned(),
        ..plain
    });
    announced.into_iter().chain(reply)
}

/// The default exchange reaches every queue, and the hub may write to all: a publisher must not use it to put something
/// into another organisation's queue, or back into the intake.
fn allowed(queue: &str) -> bool {
    let own = queue.starts_with("placement-hub.");
    if own {
        tracing::warn!("a message named one of the hub's own queues as its reply_to; the receipt went to the receipts exchange only");
    }
    !own && !queue.is_empty()
}

#[cfg(test)]
mod tests {
    use super::{Receipt, addressed};
    use domain::Code;

    /// Where a receipt goes: `exchange>routing key`.
    fn check(publisher: Code, reply_to: Option<&str>, expected: &[&str]) {
        let receipt =
            Receipt { publisher, reply_to: reply_to.map(str::to_owned), correlation_id: None, message_id: None, body: b"{}".to_vec() };
        let went: Vec<_> = addressed(receipt).map(|o| format!("{}>{}", o.exchange, o.routing_key)).collect();
        assert_eq!(went, expected);
    }

    #[test]
    fn a_receipt_goes_to_the_exchange_and_to_reply_to() {
        let kent = Code::new("E10000016").unwrap();
        check(kent, None, &["placement-hub.receipts>E10000016"]);
        check(kent, Some("kent.replies"), &["placement-hub.receipts>E10000016", ">kent.replies"]);
        check(Code::NONE, Some("kent.replies"), &[">kent.replies"]);
        check(Code::NONE, None, &[]);
    }

    #[test]
    fn reply_to_reaches_no_queue_of_the_hub() {
        for own in ["placement-hub.intake", "placement-hub.deliveries.RX2", ""] {
            check(Code::new("E10000016").unwrap(), Some(own), &["placement-hub.receipts>E10000016"]);
        }
    }
}
