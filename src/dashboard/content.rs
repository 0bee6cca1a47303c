//! `/content/{delivery}`: what was sent, for who says why. Noted before it is shown.

use super::parts::form;
use super::parts::layout::Page;
use super::person::{Person, Sent};
use super::trouble::Trouble;
use super::{Answer, note};
use crate::http::State;
use axum::extract::{Path, State as Shared};
use axum::response::IntoResponse;
use maud::html;
use uuid::Uuid;

pub async fn ask(Shared(state): Shared<State>, person: Person, Path(delivery): Path<Uuid>) -> Answer {
    let content = html! {
        p.lead { "What was sent is about a child. It is shown to you when you say why you need it." }
        p { "Who looked, when and why is kept for good." }
        form method="post" action={ "/content/" (delivery) } {
            (form::token(&person))
            div.field {
                label for="reason" { "Why do you need to see it?" }
                input #reason name="reason" required maxlength="500" autocomplete="off";
            }
            div.buttons { button { "Show what was sent" } " " a href={ "/journey?id=" (delivery) } { "Back to the journey" } }
        }
    };
    Ok(Page::new("Show what was sent", "/journey", person, (state.journey.now)(), content).into_response())
}

pub async fn reveal(Shared(state): Shared<State>, Path(delivery): Path<Uuid>, sent: Sent) -> Answer {
    let Sent { person, fields } = sent;
    let reason = fields.get("reason");
    if reason.is_empty() {
        return Err(Trouble::Wrong("Say why you need to see it: it is kept beside your name.".to_owned()));
    }
    note(&person, "reveal", &delivery.to_string(), reason);
    let content = state.views.content(delivery).await?.ok_or(Trouble::NotFound("There is no such delivery."))?;
    let text = serde_json::to_string_pretty(&content).unwrap_or_default();
    let content = html! {
        p { "Shown because: " strong { (reason) } }
        pre.content tabindex="0" role="region" aria-label="What was sent" { (text) }
        p { a href={ "/journey?id=" (delivery) } { "Back to the journey" } }
    };
    Ok(Page::new("What was sent", "/journey", person, (state.journey.now)(), content).into_response())
}
