//! `POST /api/v1/messages`: the same documents as over RabbitMQ, answered with the receipt when they are recorded.

use super::State;
use super::bearer::Caller;
use super::places::Taken;
use super::problem::{MENDING_SECONDS, Problem};
use crate::contracts::{BYTES_MAX, Format};
use crate::intake::NotTaken;
use crate::journey::{Answer, Envelope};
use crate::receipt::Verdict;
use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::directory::Permission;
use futures_util::StreamExt;
use std::time::Duration;

/// A megabyte over a poor line.
const BODY_PATIENCE: Duration = Duration::from_secs(20);

pub async fn take(Shared(state): Shared<State>, request: Request) -> Result<Response, Problem> {
    let answer = record(&state, request, "http", content_type).await?;
    Ok((status(answer.verdict), [(header::CONTENT_TYPE, "application/json")], answer.receipt).into_response())
}

/// 422 for what is recorded as refused.
pub(super) const fn status(verdict: Verdict) -> StatusCode {
    match verdict {
        Verdict::Rejected => StatusCode::UNPROCESSABLE_ENTITY,
        Verdict::Accepted | Verdict::Duplicate | Verdict::Parked => StatusCode::OK,
    }
}

/// Takes one document in, from whoever its token stands for. `content_type` says what it is, by its headers.
pub(super) async fn record(
    state: &State,
    request: Request,
    intake: &'static str,
    content_type: fn(&HeaderMap) -> Result<Option<String>, Problem>,
) -> Result<Answer, Problem> {
    let (head, body) = request.into_parts();
    let caller = Caller::of(state, &head.headers)?;
    if !caller.may(state, Permission::Publish) {
        return Err(Problem::forbidden("this token does not publish; the hub's operator can give you one that does"));
    }
    if head.headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Problem::unsupported("the body must not be compressed"));
    }
    let content_type = content_type(&head.headers)?;
    let _place = state.places.messages.take(caller.organisation).map_err(|taken| match taken {
        Taken::ByYou => Problem::too_many(),
        Taken::ByAll => Problem::unavailable("too many messages come at once; send it again", 1),
    })?;
    let envelope = Envelope {
        body: read(body, BYTES_MAX).await?,
        content_type,
        intake,
        routing_key: None,
        user_id: None,
        organisation: Some(caller.organisation),
        traceparent: traceparent(&head.headers),
        received_at: (state.journey.now)(),
    };
    state.letterbox.take(envelope).await.map_err(|why| match why {
        NotTaken::Full => Problem::unavailable("too many messages come at once; send it again", 1),
        NotTaken::NotRecorded => Problem::unavailable("the ledger does not record; send the same message again", MENDING_SECONDS),
        NotTaken::Stopping => Problem::unavailable("the hub is stopping; send the same message again", MENDING_SECONDS),
    })
}

/// None where the body itself tells, as over RabbitMQ.
fn content_type(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(None) };
    let text = value.to_str().unwrap_or("?");
    // The body matters only where there is no type.
    Format::of(Some(text), b"").map_err(|reason| Problem::unsupported(reason.message))?;
    Ok(Some(text.to_owned()))
}

/// A body of at most so many bytes, in good time.
pub(super) async fn read(body: Body, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    tokio::time::timeout(BODY_PATIENCE, collect(body, bytes_max)).await.unwrap_or_else(|_| Err(Problem::too_slow()))
}

async fn collect(body: Body, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::bad_request("the body ended before its length"))?;
        if bytes.len() + chunk.len() > bytes_max {
            return Err(Problem::too_large(bytes_max));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// W3C Trace Context: taken along where it is well formed, else as if there were none.
fn traceparent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().filter(|part| hex(part)).map(|part| part.len()).collect();
    (lengths == [2, 32, 16, 2] && parts.len() == 4).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_a_well_formed_traceparent_is_taken_along() {
        let whole = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        for (text, taken) in [
            (whole, true),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-Ada", false),
            ("Ada Example", false),
        ] {
            let headers = HeaderMap::from_iter([("traceparent".parse().unwrap(), HeaderValue::from_static(text))]);
            assert_eq!(traceparent(&headers).is_some(), taken, "{text}");
        }
    }
}
