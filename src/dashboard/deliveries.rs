//! `/deliveries`: every delivery by filter, and what can be done with those that are selected.

use super::parts::form::{self, Fields};
use super::parts::layout::{Live, Page};
use super::parts::words::{clock, clock_time, date, days_left, kind, number, organisation, state, time};
use super::parts::{table, words};
use super::person::Person;
use super::{Answer, asked};
use crate::http::State;
use crate::views::deliveries::{DeliveryPage, DeliveryView};
use crate::views::{PAGE_DEFAULT, Views};
use axum::extract::State as Shared;
use axum::http::Uri;
use axum::response::IntoResponse;
use domain::Code;
use domain::delivery::{DeliveryState, Kind};
use domain::port::DeliveryFilter;
use maud::{Markup, html};

pub async fn show(Shared(state): Shared<State>, person: Person, uri: Uri) -> Answer {
    let fields = asked(&uri)?;
    let filter = filter(&fields)?;
    let page = state.views.deliveries(&filter).await?;
    let next = page.next.map(|next| fields.address("/deliveries", "before", &next.to_string()));
    let content = html! {
        (filters(&fields))
        @if page.rows.is_empty() {
            (nothing(&fields, &state.views))
        } @else {
            @if let Some(total) = page.total { p.small { (number(total)) " in all, newest first." } }
            (selectable(&page, &fields, &person))
        }
        (table::next_page(next.as_deref()))
    };
    Ok(Page::new("Deliveries", "/deliveries", person, (state.journey.now)(), content).live(Live::Rows).into_response())
}

/// # Errors
/// A sentence, where a field is not what it should be.
pub fn filter(fields: &Fields) -> Result<DeliveryFilter, String> {
    Ok(DeliveryFilter {
        recipient: fields.read::<Code>("recipient")?,
        state: fields.read::<DeliveryState>("state")?,
        kind: fields.read::<Kind>("kind")?,
        before: fields.read("before")?,
        limit: fields.read("limit")?.unwrap_or(PAGE_DEFAULT),
    })
}

fn filters(fields: &Fields) -> Markup {
    let states = DeliveryState::ALL.iter().map(|state| (state.name(), words::sentence_case(state.name())));
    let kinds = Kind::ALL.iter().map(|one| (one.name(), kind(*one)));
    html! {
        form.filters action="/deliveries" method="get" aria-label="Filters" {
            (form::text("recipient", "Organisation's code", fields.get("recipient")))
            (form::choice("state", "State", "Any state", states, fields.get("state")))
            (form::choice("kind", "Kind", "Any kind", kinds, fields.get("kind")))
            div.field.buttons { button type="submit" { "Filter" } " " a href="/deliveries" { "Clear" } }
        }
    }
}

fn nothing(fields: &Fields, views: &Views) -> Markup {
    let last = views.rates.flow(jiff::Timestamp::now()).last_change_at;
    let then = html! {
        @if let Some(at) = last { "Last news of any delivery or message at " (time(at)) ". " }
        @if !fields.0.is_empty() { a href="/deliveries" { "Show all deliveries" } }
    };
    table::empty(
        if fields.0.is_empty() { "Nothing has been delivered or is to be delivered yet." } else { "No delivery matches these filters." },
        &then,
    )
}

/// The table, and what can be done with the rows that are ticked.
fn selectable(page: &DeliveryPage, fields: &Fields, person: &Person) -> Markup {
    html! {
        form #bulk method="post" action="/operations" {
            (form::token(person))
            @for name in ["recipient", "state", "kind"] { @if !fields.get(name).is_empty() { input type="hidden" name=(name) value=(fields.get(name)); } }
            (table::scrolled("Deliveries", &html! { table.dense data-rows {
                thead { tr {
                    th scope="col" { span.hidden { "Select" } } th scope="col" { "Delivery" } th scope="col" { "Organisation" } th scope="col" { "State" }
                    th scope="col" { "Due" } th.number scope="col" { "Attempts" } th scope="col" { "Recorded" } th scope="col" { "Next or done" } th scope="col" { "Reason" }
                } }
                tbody { @for row in &page.rows { (line(row)) } }
            } }))
            (bar(page))
        }
    }
}

fn line(row: &DeliveryView) -> Markup {
    html! {
        tr data-row {
            td.tick { input type="checkbox" name="id" value=(row.id) aria-label={ "Select " (row.id) }; }
            th scope="row" { a href={ "/journey?id=" (row.id) } { (kind(row.kind)) } br; span.code title=(row.id) { "…" (words::short(row.id)) } }
            td { (organisation(row.recipient, &row.recipient_name)) }
            td { (state(row.state)) }
            td.due {
                @if let Some(due) = row.due_by {
                    (date(due)) " "
                    @if let Some(at) = row.clock { (clock(at)) " " }
                    @if let Some(days) = row.working_days_left { span.small { (days_left(days)) } }
                } @else { "–" }
            }
            td.number { (row.attempts) }
            td.when { (time(row.recorded_at)) }
            td.when { @if let Some(at) = row.settled_at { (time(at)) } @else if let Some(at) = row.next_attempt_at { "next " (clock_time(at)) } @else { "–" } }
            td.reason { (row.reason.as_deref().unwrap_or("–")) }
        }
    }
}

fn bar(page: &DeliveryPage) -> Markup {
    html! {
        fieldset.act {
            legend { "With what is selected " span #selected aria-live="polite" {} }
            @if let Some(total) = page.total {
                div.tickline { input #all type="checkbox" name="all" value="yes"; label for="all" { "All " (number(total)) " that match the filters, on every page" } }
            }
            (form::reason("reason"))
            div.buttons {
                button #retry name="action" value="retry" { "Retry" }
                button.second name="action" value="hold" { "Hold" }
                button.second name="action" value="release" { "Release" }
                button.warning name="action" value="discard" { "Discard" }
            }
            p.hint { "A retry of many goes out as 1, then 10, then 100, then the rest, and stops by itself where it fails again. Discarded is never sent." }
        }
    }
}
