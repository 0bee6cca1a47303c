//! What can go wrong with MESH, as sentences for the operator. No secret is in them, and no child data.

use http_client::reqwest::{Response, StatusCode};
use http_client::{Unanswered, beginning, excerpt, retry_after};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// A fault of configuration waits for a person.
const MENDING_TIME: SignedDuration = SignedDuration::from_mins(15);
/// A request whose answer was lost may still be in work at MESH: asked too early, MESH would say that it never came.
const DOUBT_TIME: SignedDuration = SignedDuration::from_secs(30);
/// Enough for the error documents that MESH writes; the rest is abandoned.
const ERROR_BYTES_MAX: usize = 4_096;

/// Why a call to MESH came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The endpoint's settings, a sentence.
    #[error("{0}")]
    Settings(String),
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
    #[error("{0}")]
    Answered(Answered),
    /// MESH will never take this message.
    #[error("{0}")]
    Refused(Answered),
    #[error("MESH answered {status}, but not in the form that it should; is the url MESH's?")]
    Unreadable { status: u16 },
    #[error("the message in the mailbox says that it is gzip and is not: ask its sender to send it again")]
    NotGzip,
    #[error("the message in the mailbox has more than {bytes_max} bytes, the most that the hub takes")]
    TooLarge { bytes_max: usize },
    #[error("MESH has given this delivery up {rounds} times: is anybody collecting from the recipient's mailbox?")]
    GivenUp { rounds: u32 },
    #[error("the message could not be compressed ({0}): a fault of the hub")]
    Compress(#[from] std::io::Error),
}

/// An answer that is not the one hoped for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    pub status: u16,
    /// MESH's own number of the error, where it gave one: `12`, an unknown recipient.
    pub code: Option<u16>,
    /// How long MESH asks to be left alone.
    pub after: Option<SignedDuration>,
    /// The beginning of what it said, without a word of what was sent.
    said: String,
}

impl Fault {
    /// The HTTP status, where there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Answered(answered) | Self::Refused(answered) => Some(answered.status),
            Self::Unreadable { status } => Some(*status),
            _ => None,
        }
    }

    /// How long to leave it alone; none where the usual schedule will do.
    #[must_use]
    pub fn after(&self) -> Option<SignedDuration> {
        match self {
            Self::Settings(_) | Self::GivenUp { .. } | Self::Compress(_) => Some(MENDING_TIME),
            Self::Unanswered(unanswered) if unanswered.is_ours() => Some(MENDING_TIME),
            Self::Unanswered(Unanswered::TimedOut { .. } | Unanswered::BrokenOff { .. }) | Self::Unreadable { .. } => Some(DOUBT_TIME),
            Self::Answered(answered) => answered.wait(),
            Self::Unanswered(_) | Self::Refused(_) | Self::NotGzip | Self::TooLarge { .. } => None,
        }
    }

    /// The same about a message that was sent: an answer about its bytes is final.
    pub(crate) fn about_message(self) -> Self {
        match self {
            Self::Answered(answered) if matches!(answered.status, 413 | 415 | 422) => Self::Refused(answered),
            other => other,
        }
    }
}

impl Answered {
    /// Looks at the status before the body: a gateway or MESH itself may answer in HTML or SOAP.
    pub(crate) async fn read(mut response: Response, sent: &[u8], now: Timestamp) -> Self {
        let (status, after) = (response.status(), retry_after(&response, now));
        let body = beginning(&mut response, ERROR_BYTES_MAX).await;
        let first = serde_json::from_slice::<Value>(&body).ok().and_then(|document| document.get("detail")?.get(0).cloned());
        let field = |name| first.as_ref().and_then(|first| first.get(name)).and_then(Value::as_str);
        let code = field("code").filter(|text| text.len() <= 3).and_then(|text| text.parse().ok());
        let said = excerpt::printable(field("msg").unwrap_or_default().as_bytes(), sent);
        Self { status: status.as_u16(), code, after, said }
    }

    /// A fault of configuration waits for a person; of the others MESH may say how long.
    fn wait(&self) -> Option<SignedDuration> {
        match self.status {
            400..=406 | 410 | 411 | 417 => Some(MENDING_TIME),
            425 | 429 | 502 | 503 | 504 => self.after,
            _ => None,
        }
    }

    /// What a person should look at.
    fn sentence(&self) -> &'static str {
        match (self.status, self.code) {
            (300..=399, _) => "redirects are not followed; put MESH's own address into the directory",
            (400, _) => "MESH cannot read the request's headers; look at mailbox and workflow in the directory",
            (401 | 403, _) => {
                "MESH does not accept the token; compare own_mailbox, password, shared_key and the client certificate, and this machine's clock"
            }
            (404, _) => "MESH does not know this path; compare the endpoint's url with MESH's",
            (410, _) => "the message is not there any more",
            (413, _) => "MESH takes no message of this size",
            (415 | 422, _) => "MESH does not take this kind of content",
            (417, Some(12)) => "MESH does not know the recipient's mailbox; correct `mailbox` in the directory",
            (417, Some(17 | 18)) => {
                "the mailboxes are not registered for this workflow; have it registered, or correct `workflow` in the directory"
            }
            (417, _) => "MESH does not accept the message's headers",
            (423, _) => "MESH has closed the message already; the next attempt asks what became of it",
            (425 | 429, _) => "MESH asks for fewer requests",
            (502..=504, _) => "MESH is not available",
            (500..=599, _) => "MESH failed",
            _ => "an answer that MESH does not give; is the url right?",
        }
    }
}

impl std::fmt::Display for Answered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(code) = self.code {
            write!(f, " code {code}")?;
        }
        write!(f, " {}", self.sentence())?;
        if self.said.is_empty() { Ok(()) } else { write!(f, ": {}", self.said) }
    }
}

/// The answer, where its status is one of those hoped for.
pub(crate) async fn expect(response: Response, hoped: &[StatusCode], sent: &[u8], now: Timestamp) -> Result<Response, Fault> {
    if hoped.contains(&response.status()) {
        return Ok(response);
    }
    Err(Fault::Answered(Answered::read(response, sent, now).await))
}
