//! `/explain`: paste a document, and see who would be told what, and why. Nothing is sent and nothing kept.

use super::Answer;
use super::journey::verdict;
use super::parts::form;
use super::parts::layout::Page;
use super::parts::table;
use super::parts::words::{clock, date, organisation, sentence_case, tag};
use super::person::{Person, Sent};
use crate::contracts::BYTES_MAX;
use crate::explain::{Assume, Document, Explanation, explain};
use crate::http::State;
use crate::receipt::{Receipt, Verdict};
use crate::views::name;
use crate::views::overview::Mood;
use axum::extract::State as Shared;
use axum::response::IntoResponse;
use domain::directory::Directory;
use maud::{Markup, html};

pub async fn ask(Shared(state): Shared<State>, person: Person) -> Answer {
    let content = html! {
        p { "Paste a message as a council would send it, in JSON or XML. It is judged by today's directory and rules as if the hub knew nothing of the child; nothing is sent, and nothing is kept." }
        (paste(&person, ""))
    };
    Ok(Page::new("Explain", "/explain", person, (state.journey.now)(), content).into_response())
}

pub async fn show(Shared(state): Shared<State>, sent: Sent) -> Answer {
    let Sent { person, fields } = sent;
    let text = fields.get("document");
    if text.len() > BYTES_MAX {
        return Err(format!("The document has {} bytes; one has at most {BYTES_MAX}.", text.len()).into());
    }
    let assume = if fields.get("assume") == "unsent" { Assume::Unsent } else { Assume::Delivered };
    let documents = [Document { content_type: None, body: text.as_bytes().to_vec() }];
    let (journey, directory, now) = (&state.journey, state.journey.directory.load_full(), (state.journey.now)());
    let explanation = explain(&journey.contracts, &directory, &journey.policy, &documents, now, assume);
    let content = html! { (answer(&explanation, &directory)) h2 { "Another document" } (paste(&person, text)) };
    Ok(Page::new("Explain", "/explain", person, now, content).into_response())
}

fn paste(person: &Person, text: &str) -> Markup {
    html! {
        form method="post" action="/explain" {
            (form::token(person))
            div.field.long { label for="document" { "Document" } textarea #document name="document" rows="14" spellcheck="false" required { (text) } }
            div.tickline { input #assume type="checkbox" name="assume" value="unsent"; label for="assume" { "Assume that nothing could be delivered" } }
            div.buttons { button { "Explain" } }
        }
    }
}

fn answer(explanation: &Explanation, directory: &Directory) -> Markup {
    html! {
        @for receipt in &explanation.receipts { (judged(receipt)) }
        h2 { "Who is told what" }
        @if explanation.obligations.is_empty() { (table::empty("Nobody is owed anything.", &html! { "The rules below say why." })) } @else {
            (table::scrolled("Who is told what", &html! { table {
                thead { tr { th scope="col" { "Organisation" } th scope="col" { "What" } th scope="col" { "Due" } th scope="col" { "By" } th scope="col" { "State" } } }
                tbody { @for one in &explanation.obligations { tr {
                    th scope="row" { (organisation(one.recipient, name(directory, one.recipient))) @if let Some(place) = one.place { " " span.code { (place) } } }
                    td { (sentence_case(one.kind.words())) }
                    td { @if let Some(due) = one.due_by { (date(due)) " " } @if let Some(at) = one.clock { (clock(at)) } }
                    td { (one.basis) } td { (one.state) }
                } } }
            } }))
        }
        @if !explanation.suppressed.is_empty() { h2 { "Deliberately not sent" } ul { @for one in &explanation.suppressed { li { (sentence_case(one.kind.name())) ": " (one.why) } } } }
        @if !explanation.review.is_empty() { h2 { "For a person to decide" } ul { @for one in &explanation.review { li { strong { (sentence_case(&one.reason.replace('-', " "))) } ": " (one.detail)
            @if !one.candidates.is_empty() { ul { @for candidate in &one.candidates { li { (candidate.code) " " (candidate.name) ": " (candidate.evidence) } } } }
        } } } }
        @if !explanation.rules.is_empty() {
            h2 { "Rule by rule" }
            (table::scrolled("Rule by rule", &html! { table {
                thead { tr { th.number scope="col" { "Rule" } th scope="col" { "About" } th scope="col" { "Verdict" } th scope="col" { "Why" } th scope="col" { "Source" } } }
                tbody { @for one in &explanation.rules { tr {
                    td.number { (one.rule.number()) } th scope="row" { (sentence_case(one.title)) } td { (verdict(one.verdict)) } td { (one.sentence) } td.small { (one.source) }
                } } }
            } }))
        }
    }
}

fn judged(receipt: &Receipt) -> Markup {
    let mood = match receipt.verdict {
        Verdict::Accepted | Verdict::Duplicate => Mood::Good,
        Verdict::Parked => Mood::Warn,
        Verdict::Rejected => Mood::Bad,
    };
    html! {
        p.lead { "The document would be " (tag(mood, receipt.verdict.name())) }
        @if !receipt.reasons.is_empty() { ul { @for reason in &receipt.reasons {
            li { span.code { @if reason.path.is_empty() { "the document" } @else { (reason.path) } } " " (reason.message) " " span.code { "[" (reason.code) "]" } }
        } } }
    }
}
