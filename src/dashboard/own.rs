//! `/own`: what an organisation's own people see of the hub. Their deliveries and the messages of theirs that were refused, and nothing
//! about anybody else.

use super::parts::layout::Page;
use super::parts::table;
use super::parts::words::{date, time};
use super::person::Person;
use super::trouble::Trouble;
use super::{Answer, asked};
use crate::http::State;
use crate::views::PAGE_DEFAULT;
use crate::views::deliveries::DeliveryPage;
use crate::views::rejections::Rejections;
use axum::extract::State as Shared;
use axum::http::Uri;
use axum::response::IntoResponse;
use domain::port::{DeliveryFilter, RejectionFilter};
use maud::{Markup, html};

pub async fn show(Shared(state): Shared<State>, person: Person, uri: Uri) -> Answer {
    let own = person.organisation.ok_or(Trouble::NotFound("This page is for people of an organisation."))?;
    let fields = asked(&uri)?;
    let filter = DeliveryFilter { recipient: Some(own), before: fields.read("before")?, limit: PAGE_DEFAULT, ..DeliveryFilter::default() };
    let deliveries = state.views.deliveries(&filter).await?;
    let refused = RejectionFilter { sender: Some(own), before: fields.read("refused-before")?, limit: PAGE_DEFAULT };
    let rejections = state.views.rejections(&refused).await?;
    let content = html! {
        p.lead { (state.views.name_of(own)) " " span.code { (own) } }
        p { "What lies ready in your feed is fetched at " span.code { "/api/v1/feeds/" (own) } "." }
        h2 { "For you" }
        (sent(&deliveries))
        (table::next_page(deliveries.next.map(|next| fields.address("/own", "before", &next.to_string())).as_deref()))
        h2 { "Refused from you" }
        (not_taken(&rejections))
        (table::next_page(rejections.next.map(|next| fields.address("/own", "refused-before", &next.to_string())).as_deref()))
    };
    Ok(Page::new("Your organisation", "/own", person, (state.journey.now)(), content).into_response())
}

fn sent(page: &DeliveryPage) -> Markup {
    if page.rows.is_empty() {
        return table::empty("Nothing is for you yet.", &html! {});
    }
    table::scrolled(
        "For you",
        &html! { table.dense data-rows {
            thead { tr { th scope="col" { "Delivery" } th scope="col" { "Kind" } th scope="col" { "State" } th scope="col" { "Due by" } th scope="col" { "Recorded" } } }
            tbody { @for row in &page.rows { tr data-row {
                th.code scope="row" { (row.id) } td { (row.kind) } td { (row.state) }
                td { @if let Some(due) = row.due_by { (date(due)) } } td { (time(row.recorded_at)) }
            } } }
        } },
    )
}

fn not_taken(page: &Rejections) -> Markup {
    if page.rows.is_empty() {
        return table::empty("No message of yours was refused.", &html! {});
    }
    table::scrolled(
        "Refused from you",
        &html! { table.dense data-rows {
            thead { tr { th scope="col" { "Message" } th scope="col" { "Came" } th scope="col" { "Reasons" } } }
            tbody { @for row in &page.rows { tr data-row {
                th.code scope="row" { (row.message_id) } td { (time(row.received_at)) }
                td { ul { @for reason in &row.reasons { li { span.code { (reason.path) } " " (reason.message) } } } }
            } } }
        } },
    )
}
