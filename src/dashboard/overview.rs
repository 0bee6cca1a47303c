//! `/`: one look at how the hub is doing.

use super::Answer;
use super::parts::layout::{Live, Page};
use super::parts::spark::spark;
use super::parts::words::{ago, class, clock_time, duration, kind, number, organisation, tag, time};
use super::parts::{table, words};
use super::person::Person;
use crate::dispatch::Recent;
use crate::http::State;
use crate::views::overview::{Mood, OrganisationRow, Overview};
use axum::extract::State as Shared;
use axum::response::IntoResponse;
use maud::{Markup, html};

pub async fn show(Shared(state): Shared<State>, person: Person) -> Answer {
    let overview = state.views.overview().await?;
    let content = html! {
        (broker(&overview))
        (figures(&overview))
        (organisations(&overview))
        (uncollected(&overview))
        (deadlines(&overview))
    };
    Ok(Page::new("Overview", "/", person, overview.as_of, content).live(Live::Figures).into_response())
}

fn broker(overview: &Overview) -> Markup {
    html! {
        @if !overview.is_consuming {
            div.notice.bad role="alert" {
                p.lead { "The hub takes no messages from the broker." }
                p { (overview.broker_error.as_deref().unwrap_or("It is connecting.")) }
            }
        }
    }
}

fn figures(overview: &Overview) -> Markup {
    let when = |count: u64, mood: Mood| if count > 0 { mood } else { Mood::Good };
    let flow = &overview.flow;
    let oldest = overview.oldest_undelivered_seconds;
    let deadlines = overview.deadlines;
    html! {
        section.figures aria-label="How the hub is doing" {
            div.figure.flow {
                h2 { "Messages a minute" }
                p.value { (number(flow.messages.per_minute())) }
                (spark(&flow.messages, "Messages"))
                p.small { (number(flow.messages.total)) " in all" }
            }
            div.figure.flow {
                h2 { "Deliveries a minute" }
                p.value { (number(flow.deliveries.per_minute())) }
                (spark(&flow.deliveries, "Deliveries"))
                p.small {
                    (number(flow.deliveries.total)) " in all"
                    @if let Some(at) = flow.last_change_at { ", last news " (ago(at, overview.as_of)) }
                }
            }
            (figure("Oldest undelivered", &oldest.map_or_else(|| "none".to_owned(), duration), oldest.map_or(Mood::Good, aged), "/deliveries?state=due", &format!("{} waiting", number(overview.waiting))))
            (figure("Overdue", &number(deadlines.overdue), when(deadlines.overdue, Mood::Bad), "/clocks", &format!("{} at risk, {} on time", number(deadlines.at_risk), number(deadlines.on_time))))
            (figure("For review", &number(overview.reviews), when(overview.reviews, Mood::Warn), "/review", "questions for a person"))
            (figure("Failures", &number(overview.dead + overview.held), when(overview.dead, Mood::Bad).min(when(overview.held, Mood::Warn)), "/failures", &format!("{} dead, {} held", number(overview.dead), number(overview.held))))
        }
    }
}

/// A delivery takes seconds; minutes mean that somebody does not answer.
const fn aged(seconds: u64) -> Mood {
    match seconds {
        0..120 => Mood::Good,
        120..900 => Mood::Warn,
        _ => Mood::Bad,
    }
}

fn figure(label: &str, value: &str, mood: Mood, address: &str, below: &str) -> Markup {
    html! {
        div.figure.(class(mood)) {
            h2 { a href=(address) { (label) } }
            p.value { (value) }
            p.small { (below) }
        }
    }
}

fn organisations(overview: &Overview) -> Markup {
    let rows = &overview.organisations;
    let good = rows.iter().filter(|row| row.state.mood() == Mood::Good).count();
    html! {
        h2 { "Organisations, worst first" }
        @if rows.is_empty() {
            (table::empty("Nothing has been owed to anybody yet.", &html! { "Rows appear with the first placement change. The hub is "
                @if overview.is_consuming { "listening." } @else { "not connected to its broker." } }))
        } @else {
            p.small { (good) " of " (rows.len()) " are well. Success and times are of this hub's own attempts." }
            (table::scrolled("Organisations", &html! { table.dense data-rows {
                thead { tr {
                    th scope="col" { "Organisation" } th scope="col" { "State" } th.number scope="col" { "Oldest due" }
                    th.number scope="col" { "Backlog" } th.number scope="col" { "In flight" } th.number scope="col" { "Held" } th.number scope="col" { "Dead" }
                    th.number scope="col" { "Success 5 min" } th.number scope="col" { "24 h" } th.number scope="col" { "p95" }
                    th scope="col" { "Breaker" } th scope="col" { "Next attempt" }
                } }
                tbody { @for row in rows { (line(row)) } }
            } }))
        }
    }
}

fn line(row: &OrganisationRow) -> Markup {
    let Recent { five_minutes, day, p95_milliseconds } = row.recent;
    let percent = |count: crate::dispatch::Count| count.percent().map_or_else(|| "–".to_owned(), |percent| format!("{percent} %"));
    let or_link = |count: u64, state: &str| {
        html! {
            @if count > 0 { a href={ "/deliveries?recipient=" (row.code) "&state=" (state) } { (number(count)) } } @else { "0" }
        }
    };
    html! {
        tr data-row {
            th scope="row" { (organisation(row.code, &row.name)) }
            td { (tag(row.state.mood(), row.state.words())) @if let Some(until) = row.paused_until { " until " (clock_time(until)) } }
            td.number { @if let Some(seconds) = row.oldest_due_seconds { (duration(seconds)) } @else { "–" } }
            td.number { (or_link(row.backlog, "due")) }
            td.number { (row.in_flight) }
            td.number { (or_link(row.held, "held")) }
            td.number { (or_link(row.dead, "dead")) }
            td.number title=(format!("{} of {} attempts", five_minutes.worked, five_minutes.attempts)) { (percent(five_minutes)) }
            td.number title=(format!("{} of {} attempts", day.worked, day.attempts)) { (percent(day)) }
            td.number { @if let Some(milliseconds) = p95_milliseconds { (milliseconds) " ms" } @else { "–" } }
            td { @if let Some(breaker) = row.breaker { (words::sentence_case(breaker)) } @else { "–" } }
            td { @if let Some(at) = row.next_attempt_at { (clock_time(at)) } @else { "–" } }
        }
    }
}

/// What lies ready and nobody fetches looks as well as what was delivered, unless somebody says so.
fn uncollected(overview: &Overview) -> Markup {
    let rows = || overview.organisations.iter().filter_map(|row| Some((row, row.uncollected_seconds?)));
    html! {
        @if rows().next().is_some() {
            h2 { "Waiting to be collected" }
            ul { @for (row, seconds) in rows() { li { (organisation(row.code, &row.name)) " has not collected what has been ready for " (duration(seconds)) "." } } }
        }
    }
}

fn deadlines(overview: &Overview) -> Markup {
    let kinds: Vec<_> =
        overview.deadlines_by_kind.iter().filter(|one| one.deadlines.on_time + one.deadlines.at_risk + one.deadlines.overdue > 0).collect();
    html! {
        h2 { "Owed by a date" }
        @if kinds.is_empty() {
            (table::empty("Everything that was owed by a date has been delivered.", &html! {
                @if let Some(at) = overview.flow.last_change_at { "Last news at " (time(at)) "." } @else { "Nothing has happened since this hub started." }
            }))
        } @else {
            (table::scrolled("Owed by a date", &html! { table {
                thead { tr { th scope="col" { "Kind" } th.number scope="col" { "On time" } th.number scope="col" { "At risk" } th.number scope="col" { "Overdue" } } }
                tbody { @for one in kinds { tr {
                    th scope="row" { (kind(one.kind)) }
                    td.number { (number(one.deadlines.on_time)) } td.number { (number(one.deadlines.at_risk)) } td.number { (number(one.deadlines.overdue)) }
                } } }
            } }))
        }
        p.small { (number(overview.breaches)) " dates passed before delivery, ever. A breach stays one." }
    }
}
