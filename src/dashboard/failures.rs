//! `/failures`: what failed, by organisation and cause, and what can be done with each group.

use super::parts::form;
use super::parts::layout::{Live, Page};
use super::parts::table;
use super::parts::words::{ago, number, organisation, state, time};
use super::person::{Person, Sent};
use super::{Answer, asked, note, to_operation};
use crate::http::State;
use crate::views::failures::{FailureGroup, Failures};
use axum::extract::State as Shared;
use axum::http::Uri;
use axum::response::IntoResponse;
use domain::Code;
use domain::delivery::DeliveryState;
use domain::port::Remark;
use jiff::Timestamp;
use maud::{Markup, html};

/// What somebody may write beside a group.
const NOTE_CHARACTERS_MAX: usize = 500;

pub async fn show(Shared(state): Shared<State>, person: Person, uri: Uri) -> Answer {
    let fields = asked(&uri)?;
    let failures = state.views.failures(fields.read::<Code>("recipient")?).await?;
    let now = (state.journey.now)();
    let last = state.views.rates.flow(now).last_change_at;
    let content = html! {
        @if failures.groups.is_empty() {
            (table::empty("No failures.", &html! {
                @if let Some(at) = last { "Last message or delivery " (ago(at, now)) "." } @else { "Nothing has happened since this hub started." }
            }))
        } @else {
            (counted(&failures))
            @for (at, group) in failures.groups.iter().enumerate() { (card(at, group, &person, now)) }
        }
    };
    Ok(Page::new("Failures", "/failures", person, now, content).live(Live::Rows).into_response())
}

fn counted(failures: &Failures) -> Markup {
    html! {
        p { (number(failures.dead)) " dead letters and " (number(failures.held)) " held, by organisation and cause." }
        @if !failures.is_whole { p.small { "Grouped are the newest 2,000 of each state; an action on a group finds all of it." } }
    }
}

fn card(at: usize, group: &FailureGroup, person: &Person, now: Timestamp) -> Markup {
    let title = format!("group-{at}");
    html! {
        article.card data-row aria-labelledby=(title) {
            div.cardhead {
                h2 #(title) { (number(group.count)) " × " (group.cause) }
                (state(group.state))
            }
            p { (organisation(group.recipient, &group.recipient_name)) }
            p.small {
                "First recorded " (time(group.first_recorded_at)) ", last " (ago(group.last_recorded_at, now)) ". "
                a href={ "/journey?id=" (group.example) } { "Newest of them" } " · "
                a href={ "/deliveries?recipient=" (group.recipient) "&state=" (group.state) } { "All of this state" }
            }
            @if let Some(remark) = &group.remark { (remarked(remark)) }
            details {
                summary { "Do something about it" }
                (act(at, group, person))
                (write(at, group, person))
            }
        }
    }
}

fn remarked(remark: &Remark) -> Markup {
    html! {
        p.remark {
            @if let Some(assignee) = &remark.assignee { strong { (assignee) " looks after this. " } }
            @if let Some(text) = &remark.note { (text) " " }
            span.small { "– " (remark.by) ", " (time(remark.at)) }
        }
    }
}

fn hidden(group: &FailureGroup) -> Markup {
    html! {
        input type="hidden" name="recipient" value=(group.recipient);
        input type="hidden" name="state" value=(group.state);
        input type="hidden" name="cause" value=(group.cause);
    }
}

fn act(at: usize, group: &FailureGroup, person: &Person) -> Markup {
    html! {
        form method="post" action="/operations" {
            (form::token(person)) (hidden(group))
            (form::reason(&format!("reason-{at}")))
            div.buttons {
                button name="action" value="retry" { "Retry all " (number(group.count)) }
                @if group.state == DeliveryState::Held { button.second name="action" value="release" { "Release" } }
                @if group.state == DeliveryState::Dead { button.second name="action" value="hold" { "Hold" } }
                button.warning name="action" value="discard" { "Discard" }
            }
            p.hint {
                "A retry goes out as 1, then 10, then 100, then the rest, and stops by itself where it fails again. To send it to another address, give the "
                "organisation another endpoint in the directory and reload it, then retry: nothing goes to anybody whom the directory does not name."
            }
        }
    }
}

fn write(at: usize, group: &FailureGroup, person: &Person) -> Markup {
    let remark = group.remark.as_ref();
    let (who, note) = (format!("assignee-{at}"), format!("note-{at}"));
    html! {
        form method="post" action="/failures/remark" {
            (form::token(person)) (hidden(group))
            div.field { label for=(who) { "Who looks after it" }
                input #(who) name="assignee" maxlength="100" autocomplete="off" value=(remark.and_then(|one| one.assignee.as_deref()).unwrap_or_default()); }
            div.field { label for=(note) { "Note" }
                input #(note) name="note" maxlength="500" autocomplete="off" value=(remark.and_then(|one| one.note.as_deref()).unwrap_or_default()); }
            div.buttons { button.second { "Save note" } }
        }
    }
}

/// `POST /failures/remark`
pub async fn remark(Shared(state): Shared<State>, sent: Sent) -> Answer {
    let Sent { person, fields } = sent;
    let recipient = fields.read::<Code>("recipient")?.ok_or_else(|| "Say at which organisation.".to_owned())?;
    let text = |name: &str| Some(fields.get(name).chars().take(NOTE_CHARACTERS_MAX).collect::<String>()).filter(|text| !text.is_empty());
    let cause = text("cause").ok_or_else(|| "Say on which cause.".to_owned())?;
    let remark =
        Remark { recipient, cause, assignee: text("assignee"), note: text("note"), by: person.actor.clone(), at: (state.journey.now)() };
    let target = format!("{recipient}: {}", remark.cause);
    note(&person, "remark", &target, remark.note.as_deref().unwrap_or_default());
    let kept = state.journey.ledger.remark(remark).await;
    let outcome = kept.map(|()| "The note is kept beside this group, for everybody.".to_owned()).map_err(|error| error.to_string());
    Ok(to_operation(state.operations.done("note", &target, &person.actor, fields.get("note"), outcome)))
}
