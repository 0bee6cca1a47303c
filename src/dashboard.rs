//! The status page: one look at how the hub is doing. Server-rendered, readable without a script.

pub mod sign_in;

use crate::dispatch::LaneStatus;
use domain::Code;
use domain::breaker::Phase;
use domain::delivery::DeliveryState;
use domain::directory::Directory;
use domain::port::Figures;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};
use std::collections::BTreeMap;

/// Seconds until the page loads itself again.
const REFRESH_SECONDS: u32 = 5;

#[must_use]
pub fn overview(directory: &Directory, broker: &amqp::State, figures: &Figures, lanes: &[LaneStatus], now: Timestamp) -> String {
    let rows = rows(figures, lanes, now);
    let sum = |of: fn(&Row<'_>) -> u64| rows.iter().map(|(_, row)| of(row)).sum::<u64>();
    let (waiting, held, dead) = (sum(|row| row.waiting), sum(|row| row.held), sum(|row| row.dead));
    let reviews: u64 = figures.reviews.iter().map(|(_, count)| count).sum();
    let messages: u64 = figures.messages.iter().map(|(_, _, count)| count).sum();
    let when = |count: u64, mood: &'static str| if count > 0 { mood } else { "" };
    page(&html! {
        dl.figures {
            @if broker.consuming { (figure("Broker", "consuming", "good")) } @else { (figure("Broker", "not consuming", "bad")) }
            (figure("Messages", &messages.to_string(), ""))
            (figure("Waiting", &waiting.to_string(), ""))
            (figure("Held", &held.to_string(), when(held, "warn")))
            (figure("Dead letters", &dead.to_string(), when(dead, "bad")))
            (figure("For review", &reviews.to_string(), when(reviews, "warn")))
            (figure("Deadlines missed", &figures.breaches.to_string(), when(figures.breaches, "bad")))
        }
        @if let Some(error) = &broker.last_error {
            p.notice role="status" { strong { "The broker: " } (error) }
        }
        (organisations(directory, &rows))
        (uncollected(directory, figures, now))
        (deadlines(figures))
        (intake(figures))
        p.small {
            "As of " time datetime=(now) { (now.strftime("%-d %B %Y, %H:%M:%S UTC")) }
            "; this page loads itself again every " (REFRESH_SECONDS) " seconds."
        }
    })
    .into_string()
}

/// How one organisation is reached at the moment.
#[derive(Default)]
struct Row<'a> {
    waiting: u64,
    held: u64,
    dead: u64,
    delivered: u64,
    oldest_seconds: Option<i64>,
    lane: Option<&'a LaneStatus>,
}

impl Row<'_> {
    /// A word and a mood: never the colour alone.
    fn state(&self) -> (&'static str, &'static str) {
        match self.lane {
            Some(lane) if matches!(lane.phase, Phase::Open { .. } | Phase::Probing) => ("not answering", "bad"),
            _ if self.dead > 0 => ("dead letters", "bad"),
            _ if self.held > 0 => ("held", "warn"),
            _ if self.waiting > 0 => ("sending", "good"),
            _ => ("up to date", "good"),
        }
    }

    /// Worst first.
    fn rank(&self) -> (u8, i64) {
        let mood = match self.state().1 {
            "bad" => 0,
            "warn" => 1,
            _ => 2,
        };
        (mood, -self.oldest_seconds.unwrap_or(0))
    }
}

fn rows<'a>(figures: &Figures, lanes: &'a [LaneStatus], now: Timestamp) -> Vec<(Code, Row<'a>)> {
    let mut rows: BTreeMap<Code, Row<'a>> = BTreeMap::new();
    for (code, state, count) in &figures.backlog {
        let row = rows.entry(*code).or_default();
        match state {
            DeliveryState::Due | DeliveryState::Leased => row.waiting += count,
            DeliveryState::Held => row.held += count,
            DeliveryState::Dead => row.dead += count,
            DeliveryState::Accepted | DeliveryState::Delivered | DeliveryState::Acknowledged => row.delivered += count,
            DeliveryState::Withdrawn => {}
        }
    }
    for (code, since) in &figures.oldest_due {
        rows.entry(*code).or_default().oldest_seconds = Some(now.duration_since(*since).as_secs().max(0));
    }
    for lane in lanes {
        rows.entry(lane.recipient).or_default().lane = Some(lane);
    }
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_by_key(|(code, row)| (row.rank(), *code));
    rows
}

fn organisations(directory: &Directory, rows: &[(Code, Row<'_>)]) -> Markup {
    html! {
        h2 { "Organisations" }
        @if rows.is_empty() {
            p { "Nothing has been owed to anybody yet. Rows appear with the first placement change." }
        } @else {
            div.wide tabindex="0" role="region" aria-label="Organisations" {
                table {
                    thead { tr {
                        th scope="col" { "Organisation" } th scope="col" { "State" } th scope="col" { "Oldest waiting" }
                        th.number scope="col" { "Waiting" } th.number scope="col" { "In flight" } th.number scope="col" { "Held" }
                        th.number scope="col" { "Dead" } th scope="col" { "Next attempt" }
                    } }
                    tbody { @for (code, row) in rows {
                        @let (word, mood) = row.state();
                        tr {
                            th scope="row" { (name(directory, *code)) " " span.code { (code) } }
                            td { span class={ "tag " (mood) } { (word) } }
                            td { @if let Some(seconds) = row.oldest_seconds { (duration(seconds)) } @else { "–" } }
                            td.number { (row.waiting) }
                            td.number { (row.lane.map_or(0, |lane| lane.in_flight)) }
                            td.number { (row.held) }
                            td.number { (row.dead) }
                            td.time { @if let Some(at) = row.lane.and_then(|lane| lane.next_probe) { (at.strftime("%H:%M:%S UTC")) } @else { "–" } }
                        }
                    } }
                }
            }
        }
    }
}

/// What lies ready and nobody fetches looks as well as what was delivered, unless somebody says so.
fn uncollected(directory: &Directory, figures: &Figures, now: Timestamp) -> Markup {
    html! {
        h2 { "Waiting to be collected" }
        @if figures.oldest_accepted.is_empty() {
            p { "Nothing waits in a feed or mailbox." }
        } @else {
            ul { @for (code, since) in &figures.oldest_accepted {
                @let seconds = now.duration_since(*since).as_secs().max(0);
                li {
                    (name(directory, *code)) " " span.code { (code) } " has not collected what has been ready for " (duration(seconds)) "."
                }
            } }
        }
    }
}

fn deadlines(figures: &Figures) -> Markup {
    html! {
        h2 { "What is still to be delivered by a date" }
        @if figures.deadlines.iter().all(|(_, counts)| counts.iter().sum::<u64>() == 0) {
            p { "Everything that was owed by a date has been delivered." }
        } @else {
            table {
                thead { tr { th scope="col" { "Kind" } th.number scope="col" { "On time" } th.number scope="col" { "At risk" } th.number scope="col" { "Overdue" } } }
                tbody { @for (kind, [on_time, at_risk, overdue]) in &figures.deadlines {
                    tr { th scope="row" { (kind) } td.number { (on_time) } td.number { (at_risk) } td.number { (overdue) } }
                } }
            }
        }
    }
}

fn intake(figures: &Figures) -> Markup {
    html! {
        h2 { "Messages taken in" }
        @if figures.messages.is_empty() {
            p { "No message has come in yet." }
        } @else {
            table {
                thead { tr { th scope="col" { "Message" } th scope="col" { "Verdict" } th.number scope="col" { "Count" } } }
                tbody { @for (message_type, verdict, count) in &figures.messages {
                    tr { th scope="row" { (message_type) } td { (verdict) } td.number { (count) } }
                } }
            }
        }
    }
}

fn figure(label: &str, value: &str, mood: &str) -> Markup {
    html! { div class=(mood) { dt { (label) } dd { (value) } } }
}

fn name(directory: &Directory, code: Code) -> &str {
    directory.organisation(code).map_or("Not in the directory", |organisation| organisation.name.as_str())
}

fn duration(seconds: i64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn page(content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="refresh" content=(REFRESH_SECONDS);
                title { "placement-hub: status" }
                link rel="stylesheet" href="/sign-in/style.css";
            }
            body {
                header { a href="/" { "placement-hub" } }
                main { h1 { "Status" } (content) }
            }
        }
    }
}
