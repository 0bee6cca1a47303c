//! What an HTTP answer comes to. The table is in the package's documentation.

use crate::excerpt;
use domain::port::{Parcel, Report};
use domain::retry::AttemptOutcome;
use jiff::{SignedDuration, Timestamp, civil::DateTime, fmt::rfc2822, fmt::strtime, tz::TimeZone};
use reqwest::{Response, StatusCode, header::RETRY_AFTER};
use std::time::Duration;

/// A wrong day of the week does not matter.
static DATES: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
/// Enough for an id and a sentence; the rest of the answer is abandoned.
const BODY_BYTES_MAX: usize = 512;
/// The status is the answer. A body that dribbles in afterwards must not keep a place in the lane.
const BODY_TIME: Duration = Duration::from_secs(2);

/// A status with what was read beside it.
pub(crate) struct Verdict {
    status: StatusCode,
    outcome: AttemptOutcome,
    detail: String,
}

/// Reads the answer to `parcel`: its status, `Retry-After` and the beginning of its body.
pub(crate) async fn read(mut response: Response, parcel: &Parcel<'_>) -> Verdict {
    let status = response.status();
    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(|text| retry_after(text, parcel.now));
    let body = beginning(&mut response).await;
    if status.is_success() {
        let receipt = match excerpt::receipt_id(&body) {
            Some(id) => format!("{} {id}", status.as_u16()),
            None => status.as_u16().to_string(),
        };
        return Verdict { status, detail: receipt.clone(), outcome: AttemptOutcome::Delivered { receipt } };
    }
    let said = excerpt::printable(&body, parcel.body);
    let colon = if said.is_empty() { "" } else { ": " };
    let why = excerpt::bounded(&format!("{} {}{colon}{said}", status.as_u16(), sentence(status)));
    let outcome = match status.as_u16() {
        410 => AttemptOutcome::Gone { why: why.clone() },
        400 | 405 | 406 | 411 | 413 | 414 | 415 | 422 | 431 => AttemptOutcome::Refused { why: why.clone() },
        429 | 502 | 503 | 504 => AttemptOutcome::TryLater { after, why: why.clone() },
        _ => AttemptOutcome::TryLater { after: None, why: why.clone() },
    };
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

/// At most the first [`BODY_BYTES_MAX`] bytes. A body that breaks off or stalls gives what there was.
async fn beginning(response: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    let reading = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk[..chunk.len().min(BODY_BYTES_MAX - body.len())]);
            if body.len() >= BODY_BYTES_MAX {
                return;
            }
        }
    };
    // Past its time the beginning will do.
    let _ = tokio::time::timeout(BODY_TIME, reading).await;
    body
}

/// RFC 9110, 10.2.3: seconds, or an HTTP-date in any of its three forms. A time gone by is no wait.
fn retry_after(text: &str, now: Timestamp) -> Option<SignedDuration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(SignedDuration::from_secs(i64::from(seconds)));
    }
    Some(http_date(text)?.duration_since(now).max(SignedDuration::ZERO))
}

fn http_date(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = DATES.parse_timestamp(text) {
        return Some(moment);
    }
    let civil = |form| strtime::parse(form, text).and_then(|parts| parts.to_datetime());
    let moment: DateTime = civil("%A, %d-%b-%y %H:%M:%S GMT").or_else(|_| civil("%a %b %e %H:%M:%S %Y")).ok()?;
    Some(moment.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_reads_seconds_and_all_three_dates() {
        let now: Timestamp = "1994-11-06T08:49:00Z".parse().unwrap();
        let wait = |text| retry_after(text, now).map(|wait| wait.as_secs());
        for (text, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(37)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(37)),
            ("Sun Nov  6 08:49:37 1994", Some(37)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
            ("", None),
        ] {
            assert_eq!(wait(text), seconds, "{text:?}");
        }
    }
}
