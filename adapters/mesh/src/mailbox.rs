//! The hub's own mailbox: what became of what was sent, and what others send.

use crate::chunks::gunzip;
use crate::fault::Fault;
use crate::line::{Call, Line};
use crate::tracking::{self, Tracked, delivery_of, is_id};
use http_client::reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use http_client::reqwest::{Method, Response, StatusCode};
use http_client::{Unanswered, beginning};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// MESH lists at most 5,000 and at least 10; 500 is its own default.
const LIST_MAX: usize = 500;
const LIST_MIN: usize = 10;
/// 500 ids of 64 characters fill a seventh of it.
const LIST_BYTES_MAX: usize = 262_144;
/// Messages to the hub are small; nobody has a reason to cut one into more pieces than this.
const CHUNKS_MAX: usize = 64;

/// A mailbox of the hub's, opened for one look.
pub struct Mailbox {
    line: Arc<Line>,
    now: Timestamp,
    timeout: Duration,
    bytes_max: usize,
}

/// What lay in the mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    Message(Message),
    Report(Report),
    /// Collected by somebody else, or expired: there is nothing to acknowledge.
    Gone,
}

/// A document that somebody sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The sender's mailbox, as MESH vouches for it.
    pub from: String,
    pub workflow: String,
    /// As the sender named it, where it did.
    pub local_id: Option<String>,
    /// As the sender said it; none where it did not.
    pub content_type: Option<String>,
    pub body: Vec<u8>,
}

/// MESH's word that a message of the hub's will not arrive: 14 says that nobody collected it within five days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The id of the message that it is about: the reference of its acceptance.
    pub linked: Option<String>,
    pub status_code: Option<String>,
    /// The hub's own id for that message.
    pub local_id: Option<String>,
}

impl Mailbox {
    pub(crate) fn new(line: Arc<Line>, now: Timestamp, timeout: Duration, bytes_max: usize) -> Self {
        Self { line, now, timeout, bytes_max }
    }

    /// As MESH calls it, `X26ABC1`.
    #[must_use]
    pub fn id(&self) -> &str {
        self.line.mailbox()
    }

    /// Where a message is, by the reference of its acceptance.
    ///
    /// # Errors
    /// Where MESH does not say.
    pub async fn track(&self, reference: &str) -> Result<Tracked, Fault> {
        tracking::track(&self.call().await?, reference).await
    }

    /// The ids of messages that wait, oldest first, at most `limit` and never more than 500. What is not acknowledged is
    /// listed again, so whoever reads acknowledges all that it has judged.
    ///
    /// # Errors
    /// Where MESH does not say.
    pub async fn inbox(&self, limit: usize) -> Result<Vec<String>, Fault> {
        let call = self.call().await?;
        let request = call.request(Method::GET, &format!("/inbox?max_results={}", limit.clamp(LIST_MIN, LIST_MAX)));
        let mut response = call.send(request, &[StatusCode::OK], &[]).await?;
        let list = beginning(&mut response, LIST_BYTES_MAX).await;
        let ids = ids(&list).ok_or(Fault::Unreadable { status: StatusCode::OK.as_u16() })?;
        Ok(ids.into_iter().take(limit).collect())
    }

    /// A message, with all its chunks, unpacked. It stays in the mailbox.
    ///
    /// # Errors
    /// [`Fault::TooLarge`] and [`Fault::NotGzip`] will not pass; the others may.
    pub async fn read(&self, id: &str) -> Result<Received, Fault> {
        let call = self.call().await?;
        let mut response = get(&call, &inbox_path(id)?).await?;
        if response.status() == StatusCode::GONE || response.status() == StatusCode::NOT_FOUND {
            return Ok(Received::Gone);
        }
        if text(&response, "mex-messagetype").as_deref() == Some("REPORT") {
            return Ok(Received::Report(Report::read(&response)));
        }
        let mut message = Message::read(&response);
        let compressed = response.headers().get(CONTENT_ENCODING).is_some_and(|value| value == "gzip");
        append(&mut message.body, &mut response, self.bytes_max).await?;
        let mut number = 1;
        while response.status() == StatusCode::PARTIAL_CONTENT {
            number += 1;
            if number > CHUNKS_MAX {
                return Err(Fault::TooLarge { bytes_max: self.bytes_max });
            }
            response = get(&call, &format!("{}/{number}", inbox_path(id)?)).await?;
            if !response.status().is_success() {
                return Err(Fault::Unreadable { status: response.status().as_u16() });
            }
            append(&mut message.body, &mut response, self.bytes_max).await?;
        }
        if compressed {
            message.body = gunzip(&message.body, self.bytes_max)?;
        }
        Ok(Received::Message(message))
    }

    /// Takes a message out of the mailbox, which its sender sees. May be repeated.
    ///
    /// # Errors
    /// Where MESH does not say that it is done.
    pub async fn acknowledge(&self, id: &str) -> Result<(), Fault> {
        let call = self.call().await?;
        let request = call.request(Method::PUT, &format!("{}/status/acknowledged", inbox_path(id)?));
        call.send(request, &[StatusCode::OK, StatusCode::GONE], &[]).await.map(drop)
    }

    async fn call(&self) -> Result<Call, Fault> {
        Arc::clone(&self.line).call(self.now, self.timeout).await
    }
}

impl Message {
    /// All but the body.
    fn read(response: &Response) -> Self {
        Self {
            from: text(response, "mex-from").unwrap_or_default(),
            workflow: text(response, "mex-workflowid").unwrap_or_default(),
            local_id: text(response, "mex-localid"),
            content_type: text(response, "mex-content-type").or_else(|| text(response, CONTENT_TYPE.as_str())),
            body: Vec::new(),
        }
    }
}

impl Report {
    fn read(response: &Response) -> Self {
        Self {
            linked: text(response, "mex-linkedmsgid").filter(|id| is_id(id)),
            status_code: text(response, "mex-statuscode"),
            local_id: text(response, "mex-localid"),
        }
    }

    /// The delivery that it is about; none where the message was not the hub's.
    #[must_use]
    pub fn delivery(&self) -> Option<Uuid> {
        self.local_id.as_deref().and_then(delivery_of)
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The body is child data.
        f.debug_struct("Message").field("from", &self.from).field("workflow", &self.workflow).finish_non_exhaustive()
    }
}

/// Compressed where the sender compressed it, or MESH does.
async fn get(call: &Call, path: &str) -> Result<Response, Fault> {
    let request = call.request(Method::GET, path).header(ACCEPT_ENCODING, "gzip");
    let hoped = [StatusCode::OK, StatusCode::PARTIAL_CONTENT, StatusCode::NOT_FOUND, StatusCode::GONE];
    call.send(request, &hoped, &[]).await
}

/// Adds a whole answer to what there is, never more than `bytes_max` together.
async fn append(body: &mut Vec<u8>, response: &mut Response, bytes_max: usize) -> Result<(), Fault> {
    while let Some(piece) = response.chunk().await.map_err(|error| Unanswered::from_request(&error))? {
        if body.len() + piece.len() > bytes_max {
            return Err(Fault::TooLarge { bytes_max });
        }
        body.extend_from_slice(&piece);
    }
    Ok(())
}

fn ids(list: &[u8]) -> Option<Vec<String>> {
    let document: Value = serde_json::from_slice(list).ok()?;
    let ids = document.get("messages")?.as_array()?.iter().map(|id| id.as_str().filter(|id| is_id(id)).map(str::to_owned));
    ids.collect()
}

fn inbox_path(id: &str) -> Result<String, Fault> {
    if is_id(id) { Ok(format!("/inbox/{id}")) } else { Err(Fault::Settings("that is not an id of a MESH message".to_owned())) }
}

fn text(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}
