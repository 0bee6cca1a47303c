//! The parts of an answer that every rail reads the same way.

use jiff::{SignedDuration, Timestamp, civil::DateTime, fmt::rfc2822, fmt::strtime, tz::TimeZone};
use reqwest::{Response, header::RETRY_AFTER};
use std::time::Duration;

/// A wrong day of the week does not matter.
static DATES: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
/// The status is the answer. A body that dribbles in afterwards must not keep a place in the lane.
const BODY_TIME: Duration = Duration::from_secs(2);

/// At most the first `bytes_max` bytes; the rest of the answer is abandoned. A body that breaks off or stalls gives what there was.
pub async fn beginning(response: &mut Response, bytes_max: usize) -> Vec<u8> {
    let mut body = Vec::new();
    let reading = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk[..chunk.len().min(bytes_max - body.len())]);
            if body.len() >= bytes_max {
                return;
            }
        }
    };
    // Past its time the beginning will do.
    let _ = tokio::time::timeout(BODY_TIME, reading).await;
    body
}

/// How long the far end asks to be left alone; none where it does not, or not in a form that it may have.
#[must_use]
pub fn retry_after(response: &Response, now: Timestamp) -> Option<SignedDuration> {
    response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(|text| wait(text, now))
}

/// RFC 9110, 10.2.3: seconds, or an HTTP-date in any of its three forms. A time gone by is no wait.
fn wait(text: &str, now: Timestamp) -> Option<SignedDuration> {
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
        let wait = |text| wait(text, now).map(|wait| wait.as_secs());
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
