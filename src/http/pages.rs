//! For operators and their machines: is it alive, is it ready, what does it measure, how does it look.

use super::State;
use super::problem::Problem;
use axum::extract::State as Shared;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use std::sync::atomic::Ordering;

/// Ready means: consuming, and what is consumed is recorded. The body says what is missing, a line each.
pub async fn readyz(Shared(state): Shared<State>) -> Response {
    let mut missing = Vec::new();
    {
        let broker = state.broker.borrow();
        if !broker.consuming {
            let why = broker.last_error.clone().unwrap_or_else(|| "it is connecting".to_owned());
            missing.push(format!("not consuming from the broker: {why}"));
        }
    }
    if !state.recording.load(Ordering::Relaxed) {
        missing.push("the ledger does not record".to_owned());
    }
    if !state.dispatch.is_alive() {
        missing.push("delivering has ended by itself; restart the hub".to_owned());
    }
    if missing.is_empty() {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, missing.join("\n") + "\n").into_response()
}

pub async fn metrics(Shared(state): Shared<State>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], state.metrics.encode()).into_response()
}

pub async fn no_page(uri: Uri) -> Response {
    if uri.path().starts_with("/api/") {
        return Problem::not_found().into_response();
    }
    (StatusCode::NOT_FOUND, "there is no such page\n").into_response()
}
