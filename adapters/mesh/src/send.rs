//! Sending a message so that it arrives once, though an answer may be lost.
//!
//! MESH makes a new message of every first request. So an attempt that cannot be the first asks MESH for the local id before:
//! never arrived, then it is sent; arrived, then that is the answer; some of its chunks arrived, then all of them follow again.

use crate::account::Address;
use crate::chunks::Chunks;
use crate::fault::Fault;
use crate::line::Call;
use crate::tracking::{self, Known, Record, Stage, Tracked, by_local_id, is_id, local_id};
use domain::port::Parcel;
use domain::retry::AttemptOutcome;
use http_client::beginning;
use http_client::reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde_json::Value;

/// What the envelope is.
const ENVELOPE: &str = "application/cloudevents+json";
/// What MESH calls a piece of it.
const PIECE: &str = "application/octet-stream";
/// An answer to a POST is an id.
const ANSWER_BYTES_MAX: usize = 4_096;
/// MESH gives a message up after five days: more rounds than this are over a month of an unread mailbox.
const ROUNDS_MAX: u32 = 9;

/// One message on its way.
pub(crate) struct Sending<'a> {
    pub call: &'a Call,
    pub to: Address<'a>,
    pub parcel: &'a Parcel<'a>,
    pub chunks: Chunks<'a>,
}

/// An outcome with the status of the answer that decided it.
pub(crate) type Sent = (AttemptOutcome, u16);

impl Sending<'_> {
    pub(crate) async fn send(&self) -> Result<Sent, Fault> {
        if self.parcel.first {
            return self.post(&local_id(self.parcel.delivery, 1)).await;
        }
        for round in 1..=ROUNDS_MAX {
            let local_id = local_id(self.parcel.delivery, round);
            match by_local_id(self.call, &local_id).await? {
                Known::Nothing => return self.post(&local_id).await,
                Known::Several => return Ok((AttemptOutcome::Accepted { reference: tracking::reference_by(&local_id) }, 300)),
                Known::One(record) => {
                    if let Some(sent) = self.resume(record).await? {
                        return Ok(sent);
                    }
                }
            }
        }
        Err(Fault::GivenUp { rounds: ROUNDS_MAX })
    }

    /// What is left to do of a message that MESH has; none where it will not come of it.
    async fn resume(&self, Record { id, stage, chunks }: Record) -> Result<Option<Sent>, Fault> {
        match stage {
            Stage::Tracked(Tracked::Accepted) => Ok(Some((AttemptOutcome::Accepted { reference: id }, 200))),
            Stage::Tracked(Tracked::Acknowledged) => Ok(Some((AttemptOutcome::Delivered { receipt: id }, 200))),
            // All again, because MESH does not say which it has; the last one closes the message, holes and all.
            Stage::Uploading if chunks == u64::try_from(self.chunks.count()).ok() => self.post_rest(id, 200).await.map(Some),
            // Cut otherwise by another version of the hub: MESH never hands out what is not whole.
            Stage::Uploading | Stage::Tracked(Tracked::Error(_) | Tracked::Gone) => Ok(None),
        }
    }

    /// The first request, which makes the message, and those that follow it.
    async fn post(&self, local_id: &str) -> Result<Sent, Fault> {
        let kind = if self.chunks.count() == 1 { ENVELOPE } else { PIECE };
        let request = self
            .chunk(1, "/outbox")?
            .header(header::CONTENT_TYPE, kind)
            .header("Mex-Content-Type", ENVELOPE)
            .header("Mex-To", self.to.mailbox)
            .header("Mex-WorkflowID", self.to.workflow)
            .header("Mex-LocalID", local_id)
            .header("Mex-Subject", self.parcel.kind.name());
        let response = self.sent(request).await?;
        let status = response.status().as_u16();
        let id = message_id(response).await.ok_or(Fault::Unreadable { status })?;
        self.post_rest(id, status).await
    }

    /// Chunks 2 to the last, strictly in order.
    async fn post_rest(&self, id: String, mut status: u16) -> Result<Sent, Fault> {
        for number in 2..=self.chunks.count() {
            let request = self.chunk(number, &format!("/outbox/{id}/{number}"))?.header(header::CONTENT_TYPE, PIECE);
            let response = self.sent(request).await?;
            status = response.status().as_u16();
        }
        Ok((AttemptOutcome::Accepted { reference: id }, status))
    }

    async fn sent(&self, request: RequestBuilder) -> Result<Response, Fault> {
        let hoped = [StatusCode::OK, StatusCode::ACCEPTED];
        self.call.send(request, &hoped, self.parcel.body).await.map_err(Fault::about_message)
    }

    fn chunk(&self, number: usize, rest: &str) -> Result<RequestBuilder, Fault> {
        let body = self.chunks.compressed(number)?;
        let request = self.call.request(Method::POST, rest);
        Ok(request.header("Mex-Chunk-Range", self.chunks.range(number)).header(header::CONTENT_ENCODING, "gzip").body(body))
    }
}

async fn message_id(mut response: Response) -> Option<String> {
    let body = beginning(&mut response, ANSWER_BYTES_MAX).await;
    let document: Value = serde_json::from_slice(&body).ok()?;
    document.get("message_id")?.as_str().filter(|id| is_id(id)).map(str::to_owned)
}
