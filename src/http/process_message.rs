//! `POST /fhir/$process-message`: how a provider that speaks FHIR answers a referral. The Bundle is taken in like every other
//! document, under its provider's token, and what comes back is an OperationOutcome.

use super::State;
use super::messages::{record, status};
use super::problem::Problem;
use crate::contracts::FHIR;
use crate::journey::Answer;
use crate::receipt::{Receipt, Verdict};
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fhir::{Issue, Reason};
use serde_json::Value;

/// The NHS's gateway tells answers apart by them: they come back as they came.
const MIRRORED: [HeaderName; 2] = [HeaderName::from_static("x-request-id"), HeaderName::from_static("x-correlation-id")];
/// Longer is no UUID.
const MIRRORED_BYTES_MAX: usize = 64;

pub async fn take(Shared(state): Shared<State>, request: Request) -> Response {
    let mirrored: Vec<(HeaderName, HeaderValue)> = MIRRORED
        .into_iter()
        .filter_map(|name| Some((name.clone(), request.headers().get(name)?.clone())))
        .filter(|(_, value)| value.len() <= MIRRORED_BYTES_MAX)
        .collect();
    let mut response = match record(&state, request, "fhir", content_type).await {
        Ok(answer) => (status(answer.verdict), outcome(&answer).to_string()).into_response(),
        Err(problem) => refused(problem),
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(FHIR));
    response.headers_mut().extend(mirrored);
    response
}

/// A body without a type, or of plain JSON, is meant as FHIR here.
fn content_type(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let given = headers.get(header::CONTENT_TYPE).map_or(FHIR, |value| value.to_str().unwrap_or_default());
    let media_type = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if [FHIR, "application/json"].contains(&media_type.as_str()) {
        return Ok(Some(FHIR.to_owned()));
    }
    Err(Problem::unsupported("the content type must be application/fhir+json"))
}

fn outcome(answer: &Answer) -> Value {
    // Written by the hub itself, a moment ago or at the first time.
    let reasons = serde_json::from_str::<Receipt>(&answer.receipt).map(|receipt| receipt.reasons).unwrap_or_default();
    if answer.verdict != Verdict::Rejected {
        return fhir::taken(answer.verdict.name(), &reasons.into_iter().map(|reason| reason.message).collect::<Vec<_>>());
    }
    let reasons = reasons.into_iter().map(|reason| {
        // What the document's contract says of it has a path in that document, which the provider does not know.
        let expression = if reason.path.starts_with('/') { String::new() } else { reason.path };
        Reason { issue: issue(&reason.code), expression, text: reason.message }
    });
    fhir::refusal(&reasons.collect::<Vec<_>>())
}

/// A refusal's code, which may be FHIR's own already.
fn issue(code: &str) -> Issue {
    let own = [Issue::Structure, Issue::Required, Issue::Value, Issue::NotSupported];
    let own = own.into_iter().find(|issue| issue.code() == code);
    own.unwrap_or(if code == "not-json" { Issue::Structure } else { Issue::BusinessRule })
}

/// The same status and headers, in FHIR's words.
fn refused(problem: Problem) -> Response {
    let issue = match problem.status() {
        StatusCode::UNAUTHORIZED => Issue::Login,
        StatusCode::FORBIDDEN => Issue::Forbidden,
        StatusCode::REQUEST_TIMEOUT => Issue::Timeout,
        StatusCode::PAYLOAD_TOO_LARGE => Issue::TooLong,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Issue::NotSupported,
        StatusCode::TOO_MANY_REQUESTS => Issue::Throttled,
        StatusCode::SERVICE_UNAVAILABLE => Issue::Transient,
        status if status.is_client_error() => Issue::Structure,
        _ => Issue::Exception,
    };
    let reason = Reason { issue, expression: String::new(), text: problem.detail().to_owned() };
    let (mut head, _) = problem.into_response().into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    (head, fhir::refusal(&[reason]).to_string()).into_response()
}
