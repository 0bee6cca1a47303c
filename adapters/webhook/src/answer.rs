//! What an HTTP answer comes to. The table is in the package's documentation.

use crate::Event;
use domain::port::Report;
use domain::retry::AttemptOutcome;
use http_client::reqwest::{Response, StatusCode};
use http_client::{beginning, excerpt, retry_after};

/// Enough for an id and a sentence.
const BODY_BYTES_MAX: usize = 512;

/// A status with what was read beside it.
pub(crate) struct Verdict {
    status: StatusCode,
    outcome: AttemptOutcome,
    detail: String,
}

/// Reads the answer to `event`: its status, `Retry-After` and the beginning of its body.
pub(crate) async fn read(mut response: Response, event: &Event<'_>) -> Verdict {
    let status = response.status();
    let after = retry_after(&response, event.now);
    let body = beginning(&mut response, BODY_BYTES_MAX).await;
    if status.is_success() {
        let receipt = match excerpt::receipt_id(&body) {
            Some(id) => format!("{} {id}", status.as_u16()),
            None => status.as_u16().to_string(),
        };
        return Verdict { status, detail: receipt.clone(), outcome: AttemptOutcome::Delivered { receipt } };
    }
    let said = excerpt::printable(&body, event.body);
    let colon = if said.is_empty() { "" } else { ": " };
    let why = excerpt::bounded(&format!("{} {}{colon}{said}", status.as_u16(), sentence(status)));
    let outcome = AttemptOutcome::of_http_status(status.as_u16(), after, why.clone());
    Verdict { status, outcome, detail: why }
}

impl Verdict {
    pub(crate) fn into_report(self) -> Report {
        Report { outcome: self.outcome, status: Some(self.status.as_u16()), detail: self.detail }
    }
}

/// What a person at one end or the other should look at.
fn sentence(status: StatusCode) -> &'static str {
    match status.as_u16() {
        300..=399 => "redirects are not followed; put the final address into the directory",
        401 | 403 => "the receiver does not trust the request; compare the signing secret and both clocks",
        404 => "nothing is at this path; compare the endpoint's url with the receiver's",
        408 => "the receiver waited too long for the request; look at the network between",
        409 => "the receiver sees a conflict; if it has this id already it should answer 200",
        410 => "the receiver wants nothing here any more; agree a new address and put it into the directory",
        413 => "the receiver takes no message of this size",
        405 | 406 | 411 | 414 | 415 | 431 => "the receiver does not speak this kind of request; is the url a webhook receiver?",
        400 | 422 => "the receiver refuses the content",
        429 => "the receiver asks for fewer requests",
        502 | 504 => "a gateway cannot reach the receiver",
        503 => "the receiver is not available",
        500..=599 => "the receiver failed; its own log says why",
        _ => "an answer that a webhook receiver does not give; is the url right?",
    }
}
