//! `/rejections`: messages that were refused, with the reasons, for the supplier of the system that sent them.

use super::parts::form;
use super::parts::layout::{Live, Page};
use super::parts::table;
use super::parts::words::{ago, number, organisation, time};
use super::person::Person;
use super::{Answer, asked};
use crate::http::State;
use crate::views::PAGE_DEFAULT;
use crate::views::rejections::{Rejection, Rejections};
use axum::extract::State as Shared;
use axum::http::Uri;
use axum::response::IntoResponse;
use domain::Code;
use domain::port::RejectionFilter;
use maud::{Markup, html};

pub async fn show(Shared(state): Shared<State>, person: Person, uri: Uri) -> Answer {
    let fields = asked(&uri)?;
    let filter = RejectionFilter { sender: fields.read::<Code>("sender")?, before: fields.read("before")?, limit: PAGE_DEFAULT };
    let rejections = state.views.rejections(&filter).await?;
    let now = (state.journey.now)();
    let last = state.views.rates.flow(now).last_change_at;
    let next = rejections.next.map(|next| fields.address("/rejections", "before", &next.to_string()));
    let content = html! {
        form.filters action="/rejections" method="get" aria-label="Filters" {
            (form::text("sender", "Publisher's code", fields.get("sender")))
            div.field.buttons { button type="submit" { "Filter" } " " a href="/rejections" { "Clear" } }
        }
        @if rejections.rows.is_empty() {
            (table::empty(if fields.0.is_empty() { "No message was ever refused." } else { "No refused message matches." }, &html! { @if let Some(at) = last { "Last message or delivery " (ago(at, now)) "." } }))
        } @else { (causes(&rejections)) (listed(&rejections.rows)) }
        (table::next_page(next.as_deref()))
    };
    Ok(Page::new("Rejections", "/rejections", person, now, content).live(Live::Rows).into_response())
}

fn causes(rejections: &Rejections) -> Markup {
    html! {
        h2 { "What to mend" }
        p.small { "Of the messages on this page: the same reason of the same publisher once." }
        (table::scrolled("What to mend", &html! { table.dense {
            thead { tr { th.number scope="col" { "Messages" } th scope="col" { "Publisher" } th scope="col" { "Where" } th scope="col" { "What is wrong" } th scope="col" { "Code" } } }
            tbody { @for one in &rejections.causes { tr {
                td.number { (number(one.count)) }
                td { @if let Some(sender) = one.sender { a href={ "/rejections?sender=" (sender) } { (sender) } } @else { "unknown" } }
                td.code { @if one.path.is_empty() { "the document" } @else { (one.path) } }
                td { (one.sentence) } td.code { (one.code) }
            } } }
        } }))
    }
}

fn listed(rows: &[Rejection]) -> Markup {
    html! {
        h2 { "Messages" }
        (table::scrolled("Refused messages", &html! { table.dense data-rows {
            thead { tr { th scope="col" { "Message" } th scope="col" { "Publisher" } th scope="col" { "Came" } th scope="col" { "Reasons" } } }
            tbody { @for row in rows { tr data-row {
                th scope="row" { a href={ "/journey?id=" (form::encoded(&row.message_id)) } { (row.message_id) } br; span.small { (row.message_type) " by " (row.intake) } }
                td { @if let (Some(code), Some(name)) = (row.sender, &row.sender_name) { (organisation(code, name)) } @else { "unknown" } }
                td { (time(row.received_at)) }
                td { ul.plain { @for reason in &row.reasons { li { span.code { @if reason.path.is_empty() { "the document" } @else { (reason.path) } } " " (reason.message) } } } }
            } } }
        } }))
    }
}
