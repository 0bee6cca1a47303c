//! The CloudEvents 1.0 envelope, as every rail that carries JSON sends it.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

/// `about` is the event's subject, its `type` a kind with its version.
///
/// # Errors
/// Where `data` cannot be written.
pub(crate) fn cloud_event(
    id: Uuid,
    source: &str,
    event_type: &str,
    about: &str,
    time: Timestamp,
    data: &(impl Serialize + ?Sized),
) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    struct CloudEvent<'a, D: ?Sized> {
        specversion: &'static str,
        id: Uuid,
        source: &'a str,
        #[serde(rename = "type")]
        event_type: &'a str,
        subject: &'a str,
        time: Timestamp,
        datacontenttype: &'static str,
        data: &'a D,
    }
    serde_json::to_vec(&CloudEvent {
        specversion: "1.0",
        id,
        source,
        event_type,
        subject: about,
        time,
        datacontenttype: "application/json",
        data,
    })
}
