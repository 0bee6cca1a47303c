//! `/operations`: what people have had done, how far it is, and what came of it.

use super::parts::form::{self, Fields};
use super::parts::layout::{Live, Page};
use super::parts::table;
use super::parts::words::{number, sentence_case, tag, time};
use super::person::{Person, Sent};
use super::trouble::Trouble;
use super::{Answer, deliveries, note, to_operation};
use crate::http::State;
use crate::operations::{OperationState, Order, Progress, Target};
use crate::views::overview::Mood;
use axum::extract::{Path, State as Shared};
use axum::response::IntoResponse;
use domain::Code;
use domain::delivery::DeliveryState;
use domain::port::{DeliveryFilter, OperatorAction};
use jiff::Timestamp;
use maud::{Markup, html};
use uuid::Uuid;

/// Deliveries moved in a minute where nothing else was asked for: what a small organisation takes.
const PER_MINUTE: u32 = 600;

pub async fn show(Shared(state): Shared<State>, person: Person) -> Answer {
    let all = state.operations.all();
    let content = html! {
        @if all.is_empty() {
            (table::empty("Nobody has done anything here since the hub started.", &html! { "Operations live as long as the hub runs; what they did is in the ledger and in the audit." }))
        } @else {
            (table::scrolled("Operations", &html! { table data-rows {
                thead { tr { th scope="col" { "Operation" } th scope="col" { "State" } th scope="col" { "About" } th.number scope="col" { "Moved" } th scope="col" { "By" } th scope="col" { "Begun" } } }
                tbody { @for one in &all { tr data-row {
                    th scope="row" { a href={ "/operations/" (one.id) } { (sentence_case(&one.what)) } }
                    td { (stands(one.state)) }
                    td { (one.target) }
                    td.number { @if one.asked > 0 { (number(one.moved)) " of " (number(one.asked)) } @else { "–" } }
                    td { (one.by) }
                    td { (time(one.begun_at)) }
                } } }
            } }))
        }
    };
    Ok(Page::new("Operations", "/operations", person, (state.journey.now)(), content).live(Live::Figures).into_response())
}

pub async fn one(Shared(state): Shared<State>, person: Person, Path(id): Path<Uuid>) -> Answer {
    let gone = "There is no such operation. The hub was restarted since, which ends operations: what was moved by then stays moved, and the rest is as it was.";
    let progress = state.operations.one(id).ok_or(Trouble::NotFound(gone))?;
    let content = html! {
        p.lead { (stands(progress.state)) " " (progress.sentence) }
        dl.facts {
            div { dt { "Operation" } dd.code { (progress.id) } }
            div { dt { "About" } dd { (progress.target) } }
            div { dt { "By" } dd { (progress.by) } }
            @if !progress.reason.is_empty() { div { dt { "Reason" } dd { (progress.reason) } } }
            div { dt { "Begun" } dd { (time(progress.begun_at)) } }
            @if let Some(at) = progress.ended_at { div { dt { "Ended" } dd { (time(at)) } } }
            @if progress.asked > 0 { div { dt { "Moved" } dd { (number(progress.moved)) " of " (number(progress.asked)) progress max=(progress.asked) value=(progress.moved) aria-label="Moved" {} } } }
        }
        (steps(&progress))
        (left(&progress))
        @if progress.state == OperationState::Running {
            form method="post" action={ "/operations/" (progress.id) "/cancel" } { (form::token(&person)) div.buttons { button.warning { "Cancel what is left" } } }
        }
        p.small { "An operation lives as long as the hub runs. A restart ends it: what was moved stays moved, and the rest is as it was." }
    };
    let live = if progress.state == OperationState::Running { Live::Figures } else { Live::No };
    Ok(Page::new(sentence_case(&progress.what), "/operations", person, (state.journey.now)(), content).live(live).into_response())
}

fn stands(state: OperationState) -> Markup {
    let mood = match state {
        OperationState::Running => Mood::Quiet,
        OperationState::Done => Mood::Good,
        OperationState::Cancelled => Mood::Warn,
        OperationState::Stopped | OperationState::Failed => Mood::Bad,
    };
    tag(mood, state.words())
}

fn steps(progress: &Progress) -> Markup {
    html! {
        @if progress.steps.len() > 1 || progress.steps.iter().any(|step| step.worked + step.failed > 0) {
            h2 { "Step by step" }
            table {
                thead { tr { th scope="col" { "Step" } th.number scope="col" { "Moved" } th.number scope="col" { "Arrived" } th.number scope="col" { "Failed again" } } }
                tbody { @for (at, step) in progress.steps.iter().enumerate() { tr {
                    th scope="row" { (at + 1) } td.number { (number(step.moved)) }
                    @if step.worked + step.failed + step.waiting == 0 { td.number { "–" } td.number { "–" } } @else { td.number { (number(step.worked)) } td.number { (number(step.failed)) } }
                } } }
            }
        }
    }
}

fn left(progress: &Progress) -> Markup {
    html! {
        @if !progress.not_moved.is_empty() {
            h2 { "Not moved" }
            ul { @for (why, count) in &progress.not_moved { li { (number(*count)) ": " (why) } } }
            details { summary { "Which" } ul { @for one in &progress.named { li { a.code href={ "/journey?id=" (one.delivery) } { (one.delivery) } " " (one.why) } } } }
        }
    }
}

/// `POST /operations`: of ticked rows, of a filter, or of a group of failures.
pub async fn begin(Shared(state): Shared<State>, sent: Sent) -> Answer {
    let Sent { person, fields } = sent;
    let action = match fields.get("action") {
        "retry" => OperatorAction::Retry,
        "hold" => OperatorAction::Hold,
        "release" => OperatorAction::Release,
        "discard" => OperatorAction::Discard,
        _ => return Err(Trouble::Wrong("Say what to do: retry, hold, release or discard.".to_owned())),
    };
    let target = target(&fields)?;
    if action == OperatorAction::Discard && is_many(&target) && fields.get("confirm") != CONFIRMATION {
        return Ok(confirm(&target, &fields, person, (state.journey.now)()).into_response());
    }
    let order = Order {
        action,
        by: person.actor.clone(),
        reason: fields.get("reason").to_owned(),
        is_canary: fields.get("pace") != "all",
        per_minute: fields.read("per-minute")?.unwrap_or(PER_MINUTE),
        target: target.clone(),
    };
    note(&person, action.name(), &target.words(), &order.reason);
    Ok(to_operation(state.operations.begin(order)?))
}

/// What is discarded is never sent: of many that is typed, not clicked.
const CONFIRMATION: &str = "discard";
/// So many a person has looked at one by one.
const FEW_MAX: usize = 100;

fn is_many(target: &Target) -> bool {
    !matches!(target, Target::These(ids) if ids.len() <= FEW_MAX)
}

/// The same form again, with a word to type.
fn confirm(target: &Target, fields: &Fields, person: Person, now: Timestamp) -> Page {
    let content = html! {
        p.lead { "You are about to discard " (target.words()) "." }
        p { "What is discarded is never sent, and its organisation is never told of it by this hub." }
        form method="post" action="/operations" {
            @for (name, value) in fields.0.iter().filter(|(name, _)| name != "confirm") { input type="hidden" name=(name) value=(value); }
            (form::text("confirm", "Type discard to go on", ""))
            div.buttons { button.warning { "Discard" } " " a href="/deliveries" { "Leave it as it is" } }
        }
    };
    Page::new("Discard many", "/operations", person, now, content)
}

fn target(fields: &Fields) -> Result<Target, String> {
    let cause = fields.get("cause");
    if !cause.is_empty() {
        let recipient = fields.read::<Code>("recipient")?.ok_or_else(|| "Say at which organisation.".to_owned())?;
        let state = fields.read::<DeliveryState>("state")?.ok_or_else(|| "Say in which state.".to_owned())?;
        return Ok(Target::Group { recipient, state, cause: cause.to_owned() });
    }
    if fields.get("all") == "yes" {
        return Ok(Target::Matching(DeliveryFilter { before: None, ..deliveries::filter(fields)? }));
    }
    let ids: Result<Vec<Uuid>, _> = fields.all("id").map(str::parse).collect();
    let mut ids = ids.map_err(|_| "One of the selected deliveries has no id.".to_owned())?;
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() { Err("Nothing is selected. Tick the deliveries that it is about.".to_owned()) } else { Ok(Target::These(ids)) }
}

/// `POST /operations/{id}/cancel`
pub async fn cancel(Shared(state): Shared<State>, Path(id): Path<Uuid>, sent: Sent) -> Answer {
    note(&sent.person, "cancel", &id.to_string(), "");
    // One that has ended meanwhile shows how.
    let _ = state.operations.cancel(id);
    Ok(to_operation(id))
}
