//! The dashboard: pages for the people who keep the hub going. Server-rendered and readable without a script; the one small script that
//! there is adds keys, a selection that outlives paging, and news as it comes.
//!
//! A page is a file: it reads what was asked for from the address, fills a view (`src/views`), and draws it. What people do becomes an
//! operation (`src/operations.rs`), and they are shown what came of it.

mod assets;
mod clocks;
mod content;
mod deliveries;
mod events;
mod explain;
mod failures;
mod journey;
mod operations;
mod organisations;
mod overview;
mod parts;
mod person;
mod reclaims;
mod rejections;
mod review;
mod trouble;

use crate::http::State;
use axum::Router;
use axum::extract::Query;
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use parts::form::Fields;
use person::Person;
use trouble::Trouble;
use uuid::Uuid;

/// What a page answers.
type Answer = Result<Response, Trouble>;

pub fn router() -> Router<State> {
    Router::new()
        .route("/", get(overview::show))
        .route("/deliveries", get(deliveries::show))
        .route("/failures", get(failures::show))
        .route("/failures/remark", post(failures::remark))
        .route("/journey", get(journey::show))
        .route("/content/{delivery}", get(content::ask).post(content::reveal))
        .route("/explain", get(explain::ask).post(explain::show))
        .route("/clocks", get(clocks::show))
        .route("/review", get(review::show))
        .route("/review/{item}", get(review::question).post(review::decide))
        .route("/reclaims", get(reclaims::show))
        .route("/reclaims.csv", get(reclaims::ages_csv))
        .route("/claims.csv", get(reclaims::claims_csv))
        .route("/organisations", get(organisations::show))
        .route("/organisations/{code}", get(organisations::one))
        .route("/organisations/{code}/pause", post(organisations::pause))
        .route("/organisations/{code}/resume", post(organisations::resume))
        .route("/organisations/{code}/test", post(organisations::test))
        .route("/rejections", get(rejections::show))
        .route("/operations", get(operations::show).post(operations::begin))
        .route("/operations/{id}", get(operations::one))
        .route("/operations/{id}/cancel", post(operations::cancel))
        .route("/events", get(events::stream))
        .route("/assets/hub.css", get(assets::style))
        .route("/assets/hub.js", get(assets::script))
        .route("/assets/icon.svg", get(assets::icon))
}

/// The fields of an address.
fn asked(uri: &Uri) -> Result<Fields, Trouble> {
    let Query(fields) = Query::try_from_uri(uri).map_err(|_| Trouble::Wrong("The address cannot be read.".to_owned()))?;
    Ok(Fields(fields))
}

/// Where it is shown what came of what somebody did.
fn to_operation(id: Uuid) -> Response {
    Redirect::to(&format!("/operations/{id}")).into_response()
}

/// What is done or looked at by somebody goes on the record, with who and why.
fn note(person: &Person, action: &'static str, subject: &str, reason: &str) {
    tracing::info!(actor = person.actor, action, subject, reason, "somebody used the dashboard");
}
