//! `/clocks`: what is owed by a date and not with its recipient, by the working days that are left.

use super::parts::form::{self, Fields};
use super::parts::layout::{Live, Page};
use super::parts::table;
use super::parts::words::{ago, clock, date, days_left, kind, number, organisation, sentence_case, state};
use super::person::Person;
use super::{Answer, asked};
use crate::http::State;
use crate::views::PAGE_DEFAULT;
use crate::views::clocks::ClockPage;
use crate::views::deliveries::DeliveryView;
use axum::extract::State as Shared;
use axum::http::Uri;
use axum::response::IntoResponse;
use domain::Code;
use domain::port::ClockFilter;
use jiff::civil::Date;
use maud::{Markup, html};
use uuid::Uuid;

pub async fn show(Shared(state): Shared<State>, person: Person, uri: Uri) -> Answer {
    let fields = asked(&uri)?;
    let filter = ClockFilter { recipient: fields.read::<Code>("recipient")?, after: after(&fields)?, limit: PAGE_DEFAULT };
    let page = state.views.clocks(&filter).await?;
    let overview = state.views.overview().await?;
    let next = page.next.map(|(day, id)| fields.address("/clocks", "after", &format!("{day}_{id}")));
    let deadlines = overview.deadlines;
    let content = html! {
        p {
            strong { (number(deadlines.overdue)) } " overdue, " strong { (number(deadlines.at_risk)) } " at risk (due by the next working day), "
            strong { (number(deadlines.on_time)) } " on time. " (number(overview.breaches)) " dates passed before delivery, ever."
        }
        form.filters action="/clocks" method="get" aria-label="Filters" {
            (form::text("recipient", "Organisation's code", fields.get("recipient")))
            div.field.buttons { button type="submit" { "Filter" } " " a href="/clocks" { "Clear" } }
        }
        @if page.rows.is_empty() {
            (table::empty("No clock is running: everything that was owed by a date is with its recipient.", &html! {
                @if let Some(at) = overview.flow.last_change_at { "Last message or delivery " (ago(at, overview.as_of)) "." }
            }))
        } @else { (groups(&page)) }
        (table::next_page(next.as_deref()))
    };
    Ok(Page::new("Clocks", "/clocks", person, overview.as_of, content).live(Live::Rows).into_response())
}

/// `2026-11-26_0190…`: the date and the delivery that the page before ended with.
fn after(fields: &Fields) -> Result<Option<(Date, Uuid)>, String> {
    let text = fields.get("after");
    if text.is_empty() {
        return Ok(None);
    }
    let parts = text.split_once('_').and_then(|(day, id)| Some((day.parse().ok()?, id.parse().ok()?)));
    parts.map(Some).ok_or_else(|| "after: a date and an id, as the next page's address has them".to_owned())
}

/// The rows under a heading for each number of working days.
fn groups(page: &ClockPage) -> Markup {
    let mut groups: Vec<(i64, Vec<&DeliveryView>)> = Vec::new();
    for row in &page.rows {
        let days = row.working_days_left.unwrap_or_default();
        match groups.last_mut() {
            Some((known, rows)) if *known == days => rows.push(row),
            _ => groups.push((days, vec![row])),
        }
    }
    table::scrolled(
        "Clocks",
        &html! { table.dense data-rows {
            thead { tr { th scope="col" { "Owed" } th scope="col" { "Organisation" } th scope="col" { "Due by" } th scope="col" { "Clock" } th scope="col" { "Delivery" } th scope="col" { "Why it is not there" } } }
            @for (days, rows) in groups { tbody {
                tr.group { th colspan="6" scope="rowgroup" { (sentence_case(&days_left(days))) " " span.small { "(" (rows.len()) ")" } } }
                @for row in rows { (line(row)) }
            } }
        } },
    )
}

fn line(row: &DeliveryView) -> Markup {
    html! {
        tr data-row {
            th scope="row" { a href={ "/journey?id=" (row.id) } { (kind(row.kind)) } }
            td { (organisation(row.recipient, &row.recipient_name)) }
            td { @if let Some(due) = row.due_by { (date(due)) } }
            td { @if let Some(at) = row.clock { (clock(at)) } }
            td { (state(row.state)) " " @if row.attempts > 0 { span.small { "after " (row.attempts) @if row.attempts == 1 { " attempt" } @else { " attempts" } } } }
            td.reason { (row.reason.as_deref().unwrap_or("–")) }
        }
    }
}
