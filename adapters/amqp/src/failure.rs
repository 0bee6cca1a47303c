//! Why a session ended: a sentence for the operator, and how soon to try again.

use crate::settings::Address;
use lapin::{
    ErrorKind,
    protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError},
};
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub sentence: String,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Passes by itself: the broker is away, or closed the connection.
    Passing,
    /// Stays until a person changes something: credentials, permissions, a queue declared otherwise.
    Standing,
    /// A frame that cannot be read, so most likely one message with a property that is not UTF-8.
    Unreadable,
}

/// What was going on when it failed: the same code from the broker means different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum During {
    Connecting,
    Declaring,
    Working,
}

impl Failure {
    pub fn of(error: &lapin::Error, during: During, address: &Address) -> Self {
        let (kind, what) = match error.kind() {
            ErrorKind::ProtocolError(e) => of_protocol(e, during),
            ErrorKind::ParsingError(_) => (
                Kind::Unreadable,
                "a message cannot be read off the wire, probably because a property of it is not UTF-8; the broker moves it to the \
                 rejected queue when its delivery limit is reached"
                    .to_owned(),
            ),
            ErrorKind::IOError(e) if during == During::Connecting => {
                (Kind::Passing, format!("cannot be reached ({e}): is it running, are host and port right?"))
            }
            ErrorKind::MissingHeartbeatError => (Kind::Passing, "went silent".to_owned()),
            _ => (Kind::Passing, format!("connection lost: {error}")),
        };
        Self::new(kind, &what, address)
    }

    pub fn new(kind: Kind, what: &str, address: &Address) -> Self {
        Self { sentence: format!("RabbitMQ at {address}: {}", what.chars().take(SENTENCE_CHARS_MAX).collect::<String>()), kind }
    }
}

/// A broker's text may quote names that others chose: enough to read, not enough to flood a log.
const SENTENCE_CHARS_MAX: usize = 500;

fn of_protocol(error: &lapin::protocol::AMQPError, during: During) -> (Kind, String) {
    let text = error.get_message();
    match (error.kind(), during) {
        (AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) | AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED), During::Connecting) => {
            (Kind::Standing, format!("refused the login: check user name, password, and the permissions on the virtual host ({text})"))
        }
        (AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED), During::Declaring) => (
            Kind::Standing,
            format!("an exchange or queue exists with other properties: set the same, or move its messages away and delete it ({text})"),
        ),
        (AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED), _) => {
            (Kind::Standing, format!("the user lacks a permission: grant configure, write and read on `placement-hub.*` ({text})"))
        }
        (_, During::Connecting) => (Kind::Passing, format!("closed the connection: {text}")),
        _ => (Kind::Passing, format!("closed the channel or connection: {text}")),
    }
}

/// The most that the broker takes of one message, where it closed the channel over a larger one: `.. larger than configured max size 2097152`.
pub(crate) fn size_limit(error: &lapin::Error) -> Option<usize> {
    let ErrorKind::ProtocolError(told) = error.kind() else { return None };
    let (_, rest) = told.get_message().as_str().split_once("max size ")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Failure {}
