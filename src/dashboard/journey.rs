//! `/journey`: paste any id, and see what happened, from intake through each rule's verdict to each attempt and acknowledgement.

use super::parts::layout::Page;
use super::parts::table;
use super::parts::words::{sentence_case, tag, time};
use super::person::Person;
use super::{Answer, asked};
use crate::http::State;
use crate::views::journey::{JourneyLine, JourneyView, RuleView};
use crate::views::overview::Mood;
use axum::extract::State as Shared;
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;
use domain::rules::Verdict;
use maud::{Markup, html};

/// No id is longer.
const ID_BYTES_MAX: usize = 200;

pub async fn show(Shared(state): Shared<State>, person: Person, uri: Uri) -> Answer {
    let fields = asked(&uri)?;
    let id = fields.get("id");
    let now = (state.journey.now)();
    if id.is_empty() || id.len() > ID_BYTES_MAX {
        return Ok(Page::new("Journey", "/journey", person, now, ask("")).into_response());
    }
    let Some(found) = state.views.journey_of(id).await? else {
        let content = html! {
            (ask(id))
            (table::empty("Nothing in the ledger has this id.", &html! { "An id is looked for as it was written: mind capitals and blanks. A message that was refused is found by its message id, too." }))
        };
        return Ok(Page::new("Journey", "/journey", person, now, content).status(StatusCode::NOT_FOUND).into_response());
    };
    let content = html! { (ask(id)) (timeline(&found)) (rules(&found.rules)) };
    Ok(Page::new("Journey", "/journey", person, now, content).into_response())
}

fn ask(id: &str) -> Markup {
    html! {
        form.filters action="/journey" method="get" {
            div.field.long {
                label for="id" { "Any id" }
                input #id name="id" value=(id) autocomplete="off" spellcheck="false" aria-describedby="id-hint";
                p.hint #id-hint { "Of a message, placement, referral, obligation, delivery or claim, or a child's local id." }
            }
            div.field.buttons { button type="submit" { "Show" } }
        }
    }
}

fn timeline(found: &JourneyView) -> Markup {
    html! {
        h2 { "What happened" }
        p.small { (found.lines.len()) " events, oldest first. What was sent is masked; it can be shown for a reason, which is kept." }
        ol.timeline { @for line in &found.lines { (event(line)) } }
    }
}

fn event(line: &JourneyLine) -> Markup {
    let mood = mood(line);
    html! {
        li data-row class=(super::parts::words::class(mood)) {
            p.when { (time(line.at)) " " (tag(mood, &sentence_case(line.what))) }
            p { (line.text) }
            p.small {
                a.code href={ "/journey?id=" (line.id) } { (line.id) }
                @if line.what == "delivery" { " · " a href={ "/content/" (line.id) } { "Show what was sent" } }
            }
        }
    }
}

/// How a line of the journey is to be taken, by the words that the ledger uses.
fn mood(line: &JourneyLine) -> Mood {
    let text = line.text.as_str();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match line.what {
        "attempt" if text.starts_with("delivered") || text.starts_with("accepted") => Mood::Good,
        "attempt" if text.starts_with("refused") => Mood::Bad,
        "attempt" => Mood::Warn,
        "acknowledgement" => Mood::Good,
        "delivery" if says(&[": delivered", ": acknowledged"]) => Mood::Good,
        "delivery" if says(&[": dead"]) => Mood::Bad,
        "delivery" if says(&[": held"]) => Mood::Warn,
        "message" if says(&[": rejected"]) => Mood::Bad,
        "obligation" if says(&["breached"]) => Mood::Bad,
        "review" if says(&["opened"]) => Mood::Warn,
        _ => Mood::Quiet,
    }
}

fn rules(rules: &[RuleView]) -> Markup {
    html! {
        @if !rules.is_empty() {
            h2 { "What each rule says today" }
            (table::scrolled("Rules", &html! { table {
                thead { tr { th.number scope="col" { "Rule" } th scope="col" { "About" } th scope="col" { "Verdict" } th scope="col" { "Why" } th scope="col" { "Source" } } }
                tbody { @for one in rules { tr {
                    td.number { (one.rule.number()) } th scope="row" { (sentence_case(one.title)) } td { (verdict(one.verdict)) } td { (one.sentence) } td.small { (one.source) }
                } } }
            } }))
        }
    }
}

pub fn verdict(verdict: Verdict) -> Markup {
    let mood = match verdict {
        Verdict::Applies => Mood::Good,
        Verdict::DoesNotApply => Mood::Quiet,
        Verdict::Waits | Verdict::AsksAPerson => Mood::Warn,
    };
    tag(mood, &sentence_case(verdict.words()))
}
