//! What went wrong, as RFC 9457 problem documents. Nothing that was sent is repeated in one: it may be about a child.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::borrow::Cow;

/// When to come again where a ledger is down that a restart mends.
pub const MENDING_SECONDS: u32 = 10;

/// An answer that is not the one hoped for.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    /// `urn:placement-hub:problem:<name>`
    name: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
    retry_after_seconds: Option<u32>,
}

impl Problem {
    fn new(status: StatusCode, name: &'static str, title: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, name, title, detail: detail.into(), retry_after_seconds: None }
    }

    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "The request is wrong", detail)
    }

    pub fn unauthorised() -> Self {
        let detail = "send the header `Authorization: Bearer <token>` with a token that is good today; the hub's operator gives it to you";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorised", "A token is needed", detail)
    }

    pub fn forbidden(detail: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "The token is not good for this", detail)
    }

    /// The same words for what is not there and what is not yours.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here", "nothing here can be read with this token")
    }

    pub fn wrong_method() -> Self {
        let detail = "this address takes another method; see the header Allow";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", "The method is wrong", detail)
    }

    pub fn too_slow() -> Self {
        let detail = "the body did not come in time; send it again";
        Self::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "The body did not come", detail)
    }

    pub fn too_large(bytes_max: usize) -> Self {
        let detail = format!("the body may have {bytes_max} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large", detail)
    }

    pub fn unsupported(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body is of another kind", detail)
    }

    /// This organisation has too many requests open.
    pub fn too_many() -> Self {
        let detail = "your organisation has too many requests open at once; wait until some have ended";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many at once", detail).retry_after(1)
    }

    /// The hub cannot do it now; sent again later it can.
    pub fn unavailable(detail: impl Into<Cow<'static, str>>, retry_after_seconds: u32) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The hub cannot take this now", detail).retry_after(retry_after_seconds)
    }

    pub fn own_fault() -> Self {
        let detail = "the hub made a mistake, or its stored content is damaged; its operator finds the cause in its log";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "own-fault", "The hub failed", detail)
    }

    pub const fn status(&self) -> StatusCode {
        self.status
    }

    pub fn detail(&self) -> &str {
        &self.detail
    }

    fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after_seconds: Some(seconds), ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Document<'a> {
            r#type: String,
            title: &'a str,
            status: u16,
            detail: &'a str,
        }
        let Self { status, name, title, detail, retry_after_seconds } = &self;
        let document = Document { r#type: format!("urn:placement-hub:problem:{name}"), title, status: status.as_u16(), detail };
        // Texts and a number: serialising cannot fail.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (*status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
        }
        if *status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
