//! What an answer comes to. The table is in the package's documentation.

use domain::port::Report;
use domain::retry::AttemptOutcome;
use http_client::reqwest::{Response, StatusCode};
use http_client::{beginning, excerpt, retry_after};
use jiff::Timestamp;
use serde::Deserialize;

/// Enough for an OperationOutcome with some issues; one that is longer is not read.
const BODY_BYTES_MAX: usize = 16 * 1024;
/// How many issues a person needs to see what is wrong.
const ISSUES_MAX: usize = 4;
/// Longest code that is kept.
const CODE_CHARS_MAX: usize = 40;

/// Reads the answer to what was `sent` at `now`: its status, `Retry-After` and the codes of its OperationOutcome.
pub(crate) async fn read(mut response: Response, sent: &[u8], now: Timestamp) -> Report {
    let status = response.status();
    let number = status.as_u16();
    if status.is_success() {
        // What came is the message's acceptance; what a provider decides comes later, by itself.
        let receipt = number.to_string();
        return Report { outcome: AttemptOutcome::Delivered { receipt: receipt.clone() }, status: Some(number), detail: receipt };
    }
    let after = retry_after(&response, now);
    let said = codes(&beginning(&mut response, BODY_BYTES_MAX).await, sent);
    let colon = if said.is_empty() { "" } else { ": " };
    let why = excerpt::bounded(&format!("{number} {}{colon}{said}", sentence(status)));
    let outcome = AttemptOutcome::of_http_status(number, after, why.clone());
    Report { outcome, status: Some(number), detail: why }
}

/// The codes of an OperationOutcome's issues, such as `invalid REC_BAD_REQUEST`. Its texts may quote the child and are left out.
fn codes(answer: &[u8], sent: &[u8]) -> String {
    #[derive(Deserialize)]
    struct OperationOutcome {
        #[serde(default)]
        issue: Vec<Issue>,
    }
    #[derive(Deserialize)]
    struct Issue {
        code: Option<String>,
        details: Option<Details>,
    }
    #[derive(Deserialize)]
    struct Details {
        #[serde(default)]
        coding: Vec<Coding>,
    }
    #[derive(Deserialize)]
    struct Coding {
        code: Option<String>,
    }
    let Ok(outcome) = serde_json::from_slice::<OperationOutcome>(answer) else { return String::new() };
    let code_of = |issue: Issue| {
        let details = issue.details.into_iter().flat_map(|details| details.coding).filter_map(|coding| coding.code);
        let both: Vec<_> = issue.code.into_iter().chain(details).filter(|code| is_code(code)).collect();
        both.join(" ")
    };
    let each: Vec<_> = outcome.issue.into_iter().take(ISSUES_MAX).map(code_of).filter(|codes| !codes.is_empty()).collect();
    // A name is a code as well, for one who puts it there: no word of what was sent comes back.
    excerpt::printable(each.join(", ").as_bytes(), sent)
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.len() <= CODE_CHARS_MAX && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// What a person at one end or the other should look at.
fn sentence(status: StatusCode) -> &'static str {
    match status.as_u16() {
        300..=399 => "redirects are not followed; put the final address into the directory",
        401 => "the receiver does not know the sender; is the endpoint's token there, and not expired?",
        403 => "the receiver does not let this sender in; ask whom it has registered",
        404 => "no message operation at this address; the url must be the base of the FHIR server",
        409 => "the receiver sees a conflict; if it has this message already it should answer 200",
        410 => "the receiver wants nothing here any more; agree a new address and put it into the directory",
        413 => "the receiver takes no message of this size",
        405 | 406 | 411 | 414 | 415 | 431 => "the receiver does not speak this kind of request; is the url a FHIR server?",
        400 | 422 => "the receiver refuses the content",
        429 => "the receiver asks for fewer requests",
        502 | 504 => "a gateway cannot reach the receiver",
        503 => "the receiver is not available",
        500..=599 => "the receiver failed; its own log says why",
        _ => "an answer that a FHIR server does not give; is the url right?",
    }
}
