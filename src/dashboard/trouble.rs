//! What a page says where it cannot be shown, or cannot do what was asked.

use super::parts::layout::Page;
use super::person::Person;
use crate::error::chain;
use crate::views::ViewError;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::port::LedgerError;
use jiff::Timestamp;
use maud::html;

#[derive(Debug)]
pub enum Trouble {
    NotFound(&'static str),
    /// What was asked for is wrong; a sentence.
    Wrong(String),
    Forbidden(&'static str),
    View(ViewError),
}

impl From<ViewError> for Trouble {
    fn from(error: ViewError) -> Self {
        Self::View(error)
    }
}

impl From<LedgerError> for Trouble {
    fn from(error: LedgerError) -> Self {
        Self::View(error.into())
    }
}

impl From<String> for Trouble {
    fn from(sentence: String) -> Self {
        Self::Wrong(sentence)
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let (status, title, sentence) = match self {
            Self::NotFound(sentence) => (StatusCode::NOT_FOUND, "Not found", sentence.to_owned()),
            Self::Wrong(sentence) => (StatusCode::BAD_REQUEST, "That cannot be done", sentence),
            Self::Forbidden(sentence) => (StatusCode::FORBIDDEN, "Not allowed", sentence.to_owned()),
            Self::View(error) => {
                tracing::warn!(error = %chain(&error), "a page could not be shown");
                let sentence = "The ledger does not answer, or what it keeps cannot be read. The hub's log says more; this page works again when it does.";
                (StatusCode::SERVICE_UNAVAILABLE, "Not available now", sentence.to_owned())
            }
        };
        Page::new(title, "", Person::default(), Timestamp::now(), html! { p.lead { (sentence) } }).status(status).into_response()
    }
}
