//! What MESH says of a message that was sent: by its own id, or by ours.

use crate::fault::Fault;
use crate::line::Call;
use http_client::reqwest::{Method, Response, StatusCode};
use http_client::{beginning, excerpt};
use serde_json::Value;
use uuid::Uuid;

/// A tracking record has some forty short fields.
const RECORD_BYTES_MAX: usize = 65_536;
/// MESH's ids are at most 33 characters.
const ID_CHARS_MAX: usize = 64;
/// Before a local id that stands for a message whose own id MESH did not tell.
const BY_LOCAL_ID: &str = "local:";

/// Where a message is. `Error` and `Gone` mean that nobody will collect it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tracked {
    /// MESH keeps it for the recipient.
    Accepted,
    /// The recipient has collected it.
    Acknowledged,
    /// MESH gave it up; why, without child data.
    Error(String),
    /// MESH does not know it: forgotten after thirty days, or never the hub's.
    Gone,
}

/// What MESH has under a local id.
pub(crate) enum Known {
    Nothing,
    One(Record),
    /// More than one, and MESH does not say which.
    Several,
}

pub(crate) struct Record {
    pub id: String,
    pub stage: Stage,
    /// Of how many chunks the message is.
    pub chunks: Option<u64>,
}

pub(crate) enum Stage {
    /// Chunks are missing.
    Uploading,
    Tracked(Tracked),
}

/// The delivery's id, told apart by rounds: a message that MESH gave up keeps its local id, and the next needs another.
pub(crate) fn local_id(delivery: Uuid, round: u32) -> String {
    if round <= 1 { delivery.hyphenated().to_string() } else { format!("{}-{round}", delivery.hyphenated()) }
}

/// The delivery that a local id was made of.
pub(crate) fn delivery_of(local_id: &str) -> Option<Uuid> {
    const HYPHENATED_CHARS: usize = 36;
    let (delivery, round) = local_id.split_at_checked(HYPHENATED_CHARS)?;
    let ours = round.is_empty() || round.strip_prefix('-').is_some_and(|round| round.parse::<u32>().is_ok());
    Uuid::try_parse(delivery).ok().filter(|_| ours)
}

/// How an accepted message is referred to when MESH does not tell its id.
pub(crate) fn reference_by(local_id: &str) -> String {
    format!("{BY_LOCAL_ID}{local_id}")
}

/// Where the message of a reference is.
pub(crate) async fn track(call: &Call, reference: &str) -> Result<Tracked, Fault> {
    if let Some(local_id) = reference.strip_prefix(BY_LOCAL_ID) {
        return Ok(match by_local_id(call, local_id).await? {
            Known::Nothing => Tracked::Gone,
            Known::One(record) => record.stage.into_tracked(),
            // One of them may well be collected; nobody can tell.
            Known::Several => Tracked::Accepted,
        });
    }
    if !is_id(reference) {
        return Err(Fault::Settings("the reference is not an id of MESH's: the delivery was accepted by another rail".to_owned()));
    }
    let request = call.request(Method::GET, &format!("/outbox/tracking?messageID={reference}"));
    let response = call.send(request, &[StatusCode::OK, StatusCode::NOT_FOUND, StatusCode::GONE], &[]).await?;
    if response.status() != StatusCode::OK {
        return Ok(Tracked::Gone);
    }
    Ok(record(response).await?.stage.into_tracked())
}

/// What MESH has under one of our ids. The NHS calls this look-up deprecated; it is the only way out of a doubt.
pub(crate) async fn by_local_id(call: &Call, local_id: &str) -> Result<Known, Fault> {
    let request = call.request(Method::GET, &format!("/outbox/tracking/{local_id}"));
    let hoped = [StatusCode::OK, StatusCode::MULTIPLE_CHOICES, StatusCode::NOT_FOUND];
    let response = call.send(request, &hoped, &[]).await?;
    match response.status() {
        StatusCode::NOT_FOUND => Ok(Known::Nothing),
        StatusCode::MULTIPLE_CHOICES => Ok(Known::Several),
        _ => record(response).await.map(Known::One),
    }
}

/// By local id MESH answers in its first form, by message id in its second: other names, and `Accepted` for `accepted`.
async fn record(mut response: Response) -> Result<Record, Fault> {
    let status = response.status().as_u16();
    let body = beginning(&mut response, RECORD_BYTES_MAX).await;
    read(&body).ok_or(Fault::Unreadable { status })
}

fn read(body: &[u8]) -> Option<Record> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let text = |names: [&str; 2]| names.iter().find_map(|name| document.get(name)?.as_str());
    let id = text(["message_id", "messageId"]).filter(|id| is_id(id))?.to_owned();
    let stage = match text(["status", "status"])?.to_ascii_lowercase().as_str() {
        "uploading" => Stage::Uploading,
        "accepted" => Stage::Tracked(Tracked::Accepted),
        "acknowledged" => Stage::Tracked(Tracked::Acknowledged),
        "error" | "undeliverable" => {
            let said = text(["status_description", "failureDiagnostic"]).unwrap_or_default();
            let said = excerpt::printable(said.as_bytes(), &[]);
            Stage::Tracked(Tracked::Error(if said.is_empty() { "MESH gave no reason".to_owned() } else { said }))
        }
        _ => return None,
    };
    Some(Record { id, stage, chunks: document.get("chunkCount").and_then(Value::as_u64) })
}

/// What may go into an address: MESH's ids are letters, digits and underscores.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=ID_CHARS_MAX).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

impl Stage {
    /// Chunks that are still missing belong to an attempt that is not over.
    fn into_tracked(self) -> Tracked {
        match self {
            Self::Uploading => Tracked::Accepted,
            Self::Tracked(tracked) => tracked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_id_names_its_delivery_in_every_round() {
        let delivery = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0007);
        assert_eq!(local_id(delivery, 1), "01990000-0000-7000-8000-000000000007");
        assert_eq!(local_id(delivery, 3), "01990000-0000-7000-8000-000000000007-3");
        for round in 1..=9 {
            assert_eq!(delivery_of(&local_id(delivery, round)), Some(delivery));
        }
        for other in ["", "7", "01990000-0000-7000-8000-000000000007x", "01990000-0000-7000-8000-000000000007-x", "é"] {
            assert_eq!(delivery_of(other), None, "{other}");
        }
    }

    #[test]
    fn both_forms_of_a_record_are_read() {
        for (body, stage) in [
            (r#"{"message_id":"A1","status":"accepted"}"#, Some("Accepted")),
            (r#"{"messageId":"A1","status":"Acknowledged"}"#, Some("Acknowledged")),
            (r#"{"messageId":"A1","status":"Uploading","chunkCount":3}"#, Some("Uploading")),
            (r#"{"message_id":"A1","status":"error","status_description":"not collected"}"#, Some("Error(\"not collected\")")),
            (r#"{"message_id":"A1","status":"undeliverable"}"#, Some("Error(\"MESH gave no reason\")")),
            (r#"{"message_id":"../A1","status":"accepted"}"#, None),
            (r#"{"message_id":"A1","status":"elsewhere"}"#, None),
            (r#"{"message_id":"A1"}"#, None),
            ("<soap/>", None),
        ] {
            let found = read(body.as_bytes()).map(|record| match record.stage {
                Stage::Uploading => "Uploading".to_owned(),
                Stage::Tracked(tracked) => format!("{tracked:?}"),
            });
            assert_eq!(found.as_deref(), stage, "{body}");
        }
    }
}
