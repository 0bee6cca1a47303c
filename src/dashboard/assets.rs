//! The style, the script and the icon: part of the program, and of its version.

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// An hour: a new version of the hub is a new style within a coffee.
const KEEP: &str = "max-age=3600";

pub async fn style() -> Response {
    file("text/css; charset=utf-8", include_str!("assets/hub.css"))
}

pub async fn script() -> Response {
    file("text/javascript; charset=utf-8", include_str!("assets/hub.js"))
}

pub async fn icon() -> Response {
    file("image/svg+xml", include_str!("assets/icon.svg"))
}

fn file(content_type: &'static str, text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, KEEP), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, text).into_response()
}
