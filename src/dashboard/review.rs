//! `/review`: what a rule could not decide, and the decision.

use super::parts::form;
use super::parts::layout::{Live, Page};
use super::parts::table;
use super::parts::words::{ago, date, days_left, number, sentence_case, time};
use super::person::{Person, Sent};
use super::trouble::Trouble;
use super::{Answer, note, to_operation};
use crate::control::{self, Answer as Outcome};
use crate::http::State;
use crate::views::reviews::{ReviewQuestion, ReviewQueue};
use axum::extract::{Path, State as Shared};
use axum::response::IntoResponse;
use domain::Code;
use domain::timeline::Ruling;
use maud::{Markup, html};

pub async fn show(Shared(state): Shared<State>, person: Person) -> Answer {
    let queue = state.views.reviews().await?;
    let now = (state.journey.now)();
    let last = state.views.rates.flow(now).last_change_at;
    let content = html! {
        @if queue.items.is_empty() {
            (table::empty("Nothing waits for a person.", &html! { @if let Some(at) = last { "Last message or delivery " (ago(at, now)) "." } @else { "Nothing has happened since this hub started." } }))
        } @else { (listed(&queue)) }
    };
    Ok(Page::new("Review", "/review", person, now, content).live(Live::Rows).into_response())
}

fn listed(queue: &ReviewQueue) -> Markup {
    let words = |reason: &str| sentence_case(&reason.replace('-', " "));
    html! {
        p { (number(queue.total)) " questions: " @for (at, (reason, count)) in queue.by_reason.iter().enumerate() { @if at > 0 { ", " } (number(*count)) " " (reason.replace('-', " ")) } "." }
        (table::scrolled("Review", &html! { table data-rows {
            thead { tr { th scope="col" { "Question" } th scope="col" { "Decide by" } th scope="col" { "Open since" } th scope="col" { "Id" } } }
            tbody { @for item in &queue.items { tr data-row {
                th scope="row" { a href={ "/review/" (item.id) } { (words(&item.reason)) } }
                td { @if let Some(due) = item.due_by { (date(due)) " " @if let Some(days) = item.working_days_left { span.small { (days_left(days)) } } } @else { "–" } }
                td { (time(item.opened_at)) }
                td.code { (item.id) }
            } } }
        } }))
    }
}

pub async fn question(Shared(state): Shared<State>, person: Person, Path(item): Path<String>) -> Answer {
    let settled = "No open question has this id. It may have been answered, or have settled itself.";
    note(&person, "view review", &item, "");
    let question = state.views.review(&item).await?.ok_or(Trouble::NotFound(settled))?;
    let content = html! { (facts(&question)) (choices(&question, &person)) };
    let title = sentence_case(&question.item.reason.replace('-', " "));
    Ok(Page::new(title, "/review", person, (state.journey.now)(), content).into_response())
}

fn facts(question: &ReviewQuestion) -> Markup {
    html! {
        p.lead { (question.detail) }
        dl.facts {
            div { dt { "About" } dd { a href={ "/journey?id=" (form::encoded(&question.subject)) } { (question.subject) } } }
            div { dt { "Open since" } dd { (time(question.item.opened_at)) } }
            @if let Some(due) = question.item.due_by { div { dt { "Decide by" } dd { (date(due)) @if let Some(days) = question.item.working_days_left { ", " (days_left(days)) } } } }
        }
        p.small { "That you looked at this is kept." }
    }
}

fn choices(question: &ReviewQuestion, person: &Person) -> Markup {
    html! {
        form method="post" action={ "/review/" (question.item.id) } {
            (form::token(person))
            fieldset {
                legend { "Your decision" }
                @for candidate in &question.candidates {
                    div.option {
                        input type="radio" name="ruling" required value={ "choose:" (candidate.code) } #{ "choose-" (candidate.code) };
                        label for={ "choose-" (candidate.code) } { (candidate.name) " " span.code { (candidate.code) } }
                        p.hint { (candidate.evidence) }
                    }
                }
                div.option {
                    input #choose-other type="radio" name="ruling" required value="choose";
                    label for="choose-other" { "Another organisation" }
                    div.field { label.small for="other" { "Its code" } input #other name="other" autocomplete="off" maxlength="15"; }
                }
                div.option { input #proceed type="radio" name="ruling" required value="proceed"; label for="proceed" { "Go on as it stands" } p.hint { "Send what is held, accept what is missing." } }
                div.option { input #decline type="radio" name="ruling" required value="decline"; label for="decline" { "Let it be" } p.hint { "Do not send what is held." } }
            }
            div.field { label for="reason" { "Reason" } input #reason name="reason" required maxlength="500" autocomplete="off"; p.hint { "Kept in the child's timeline with your name." } }
            div.buttons { button { "Decide" } }
        }
    }
}

pub async fn decide(Shared(state): Shared<State>, Path(item): Path<String>, sent: Sent) -> Answer {
    let Sent { person, fields } = sent;
    let chosen = |text: &str| text.parse::<Code>().map(Ruling::Choose).map_err(|error| format!("Organisation: {error}."));
    let ruling = match fields.get("ruling") {
        "proceed" => Ruling::Proceed,
        "decline" => Ruling::Decline,
        "choose" => chosen(fields.get("other"))?,
        text => chosen(text.strip_prefix("choose:").ok_or_else(|| "Choose one of the answers.".to_owned())?)?,
    };
    let reason = fields.get("reason").to_owned();
    note(&person, "review decision", &item, &reason);
    let answer = control::resolve(&state.journey, &state.dispatch, &item, ruling, person.actor.clone(), reason.clone()).await;
    let outcome = match answer {
        Outcome::Resolved(followed) => Ok(format!("Your decision is in the child's timeline. {followed} obligations followed from it.")),
        Outcome::Failed(why) => Err(why),
        _ => Err("The hub answered another question.".to_owned()),
    };
    let what = match ruling {
        Ruling::Choose(code) => format!("review decision: {code}"),
        Ruling::Proceed => "review decision: go on".to_owned(),
        Ruling::Decline => "review decision: let it be".to_owned(),
    };
    Ok(to_operation(state.operations.done(&what, &format!("question {item}"), &person.actor, &reason, outcome)))
}
