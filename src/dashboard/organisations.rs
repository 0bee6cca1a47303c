//! `/organisations`: how each is reached; pauses, maintenance windows and test events.

use super::parts::form;
use super::parts::layout::{Live, Page};
use super::parts::table;
use super::parts::words::{date, tag, time};
use super::person::{Person, Sent};
use super::trouble::Trouble;
use super::{Answer, asked, note, to_operation};
use crate::heartbeat::beat;
use crate::http::State;
use crate::views::organisations::{CertificateView, EndpointView, OrganisationView};
use crate::views::overview::Mood;
use axum::extract::{Path, State as Shared};
use axum::http::Uri;
use axum::response::IntoResponse;
use domain::Code;
use domain::port::Pause;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use maud::{Markup, html};

pub async fn show(Shared(state): Shared<State>, person: Person, uri: Uri) -> Answer {
    let all = asked(&uri)?.get("all") == "yes";
    let organisations = state.views.organisations(all).await?;
    let content = html! {
        p { (organisations.len()) @if all { " organisations are in the directory. " a href="/organisations" { "Show those that are reached" } } @else { " organisations are reached or paused. " a href="/organisations?all=yes" { "Show the whole directory" } } }
        @if organisations.is_empty() { (table::empty("No organisation has an endpoint.", &html! { "Give it one in the directory's endpoints.toml; until then, what is owed to it is held." })) } @else {
            (table::scrolled("Organisations", &html! { table.dense data-rows {
                thead { tr { th scope="col" { "Organisation" } th scope="col" { "Kind" } th scope="col" { "State" } th scope="col" { "Rail" } th scope="col" { "Address" } th scope="col" { "Certificate" } th scope="col" { "Publishes" } } }
                tbody { @for one in &organisations { (line(one)) } }
            } }))
        }
    };
    Ok(Page::new("Organisations", "/organisations", person, (state.journey.now)(), content).live(Live::Rows).into_response())
}

fn line(one: &OrganisationView) -> Markup {
    html! {
        tr data-row {
            th scope="row" { a href={ "/organisations/" (one.code) } { (one.name) } " " span.code { (one.code) } }
            td { (kind(one.kind)) }
            td { (standing(one)) }
            td { @for endpoint in &one.endpoints { (endpoint.adapter) br; } }
            td.reason { @for endpoint in &one.endpoints { (endpoint.address) br; } }
            td { @for certificate in one.endpoints.iter().flat_map(|endpoint| &endpoint.certificates) { (ends(certificate)) br; } }
            td { (one.publishes.join(", ")) }
        }
    }
}

/// The directory's own words, in the reader's.
fn kind(kind: &str) -> &'static str {
    match kind {
        "authority" => "Council",
        "body" | "place" => "Commissioner",
        _ => "Provider",
    }
}

fn standing(one: &OrganisationView) -> Markup {
    let in_use = one.endpoints.iter().any(|endpoint| endpoint.is_in_use);
    match (&one.pause, one.is_paused) {
        (_, true) => tag(Mood::Quiet, "Paused"),
        (Some(_), false) => tag(Mood::Quiet, "Window to come"),
        (None, _) if in_use => tag(Mood::Good, "In use"),
        (None, _) => tag(Mood::Warn, "No endpoint"),
    }
}

fn ends(certificate: &CertificateView) -> Markup {
    let (mood, days) = (if certificate.wants_a_person { Mood::Warn } else { Mood::Good }, certificate.days_left);
    html! { (tag(mood, &if days < 0 { "Ended".to_owned() } else { format!("{days} days") })) " " span.small { (certificate.what) } }
}

pub async fn one(Shared(state): Shared<State>, person: Person, Path(code): Path<Code>) -> Answer {
    let all = state.views.organisations(true).await?;
    let one = all.into_iter().find(|one| one.code == code).ok_or(Trouble::NotFound("The directory has no such organisation."))?;
    let content = html! {
        p { span.code { (one.code) } " · " (kind(one.kind)) " · " (standing(&one)) }
        p { a href={ "/deliveries?recipient=" (code) } { "Its deliveries" } " · " a href={ "/failures?recipient=" (code) } { "Its failures" } " · "
            a href={ "/clocks?recipient=" (code) } { "Its clocks" } " · " a href={ "/rejections?sender=" (code) } { "What it sent and was refused" } }
        h2 { "Pause" }
        (pausing(&one, &person))
        h2 { "Endpoints" }
        @if one.endpoints.is_empty() { (table::empty("It has no endpoint.", &html! { "What is owed to it is held until the directory has one." })) }
        @for endpoint in &one.endpoints { (described(endpoint)) }
        @if !one.endpoints.is_empty() { (testing(&one, &person)) }
    };
    Ok(Page::new(one.name.clone(), "/organisations", person, (state.journey.now)(), content).into_response())
}

fn described(endpoint: &EndpointView) -> Markup {
    html! {
        article.card {
            div.cardhead { h3 { (endpoint.name) } @if endpoint.is_in_use { (tag(Mood::Good, "In use")) } @else { (tag(Mood::Quiet, "Not today")) } }
            dl.facts {
                div { dt { "Rail" } dd { (endpoint.adapter) } }
                div { dt { "Address" } dd { (endpoint.address) } }
                div { dt { "At once" } dd { (endpoint.concurrency) " attempts of at most " (endpoint.timeout_seconds) " s" } }
                @if let Some(minutes) = endpoint.heartbeat_minutes { div { dt { "Heartbeat" } dd { "every " (minutes) " min" } } }
                @if let Some(from) = endpoint.acknowledges_from { div { dt { "Acknowledges" } dd { "from " (date(from)) } } }
                @for certificate in &endpoint.certificates { div { dt { "Certificate" } dd { (ends(certificate)) ", " (time(certificate.ends_at)) } } }
            }
        }
    }
}

fn pausing(one: &OrganisationView, person: &Person) -> Markup {
    let address = |what: &str| format!("/organisations/{}/{what}", one.code);
    html! {
        @if let Some(pause) = &one.pause {
            p { @if one.is_paused { "Paused since " } @else { "To be paused from " } (time(pause.from)) @if let Some(until) = pause.until { " until " (time(until)) } @else { " until somebody resumes it" } "." }
            p { (pause.reason) " " span.small { "– " (pause.by) } }
            form method="post" action=(address("resume")) { (form::token(person)) div.buttons { button { "Resume now" } } }
        } @else {
            p { "While it is paused nothing is sent to it, and nothing is lost: it waits. Deadlines go on." }
            form method="post" action=(address("pause")) {
                (form::token(person))
                div.columns {
                    div.field { label for="from" { "From (UTC), empty for now" } input #from type="datetime-local" name="from"; }
                    div.field { label for="until" { "Until (UTC), empty for until it is resumed" } input #until type="datetime-local" name="until"; }
                }
                (form::reason("reason"))
                div.buttons { button.second { "Pause, or plan a window" } }
            }
        }
    }
}

fn testing(one: &OrganisationView, person: &Person) -> Markup {
    html! {
        h2 { "Test event" }
        p { "Goes by each endpoint's own rail, once: an event marked as a test, or the call that comes nearest. It is about nobody, and not kept as owed." }
        form method="post" action={ "/organisations/" (one.code) "/test" } { (form::token(person)) div.buttons { button.second { "Send a test event" } } }
    }
}

pub async fn pause(Shared(state): Shared<State>, Path(code): Path<Code>, sent: Sent) -> Answer {
    let Sent { person, fields } = sent;
    let now = (state.journey.now)();
    let reason = fields.get("reason").to_owned();
    if reason.is_empty() {
        return Err(Trouble::Wrong("Give a reason: whoever finds it paused wants to know.".to_owned()));
    }
    let moment = |name: &str| -> Result<Option<Timestamp>, String> {
        let read = fields.read::<DateTime>(name)?;
        read.map(|read| read.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(|error| format!("{name}: {error}"))).transpose()
    };
    let (from, until) = (moment("from")?.unwrap_or(now), moment("until")?);
    if until.is_some_and(|until| until <= from || until <= now) {
        return Err(Trouble::Wrong("The window must end after it begins, and not in the past.".to_owned()));
    }
    note(&person, "pause", code.as_str(), &reason);
    let pause = Pause { recipient: code, from, until, by: person.actor.clone(), reason: reason.clone() };
    let kept = state.journey.ledger.pause(code, Some(pause)).await;
    Ok(to_operation(settle(&state, "pause", code, &person, &reason, kept.map_err(|error| error.to_string())).await))
}

pub async fn resume(Shared(state): Shared<State>, Path(code): Path<Code>, sent: Sent) -> Answer {
    note(&sent.person, "resume", code.as_str(), "");
    let kept = state.journey.ledger.pause(code, None).await;
    Ok(to_operation(settle(&state, "resume", code, &sent.person, "", kept.map_err(|error| error.to_string())).await))
}

/// Says what holds now, as the ledger has it, and has dispatch go by it at once.
async fn settle(state: &State, what: &str, code: Code, person: &Person, reason: &str, kept: Result<(), String>) -> uuid::Uuid {
    let now = (state.journey.now)();
    let paused = crate::pauses::holding(state.journey.ledger.as_ref(), now).await;
    let outcome = match (kept, paused) {
        (Ok(()), Ok(paused)) => {
            let is_paused = paused.contains(&code);
            state.dispatch.set_paused(paused);
            state.dispatch.nudge(vec![code]);
            Ok(if is_paused { format!("Nothing is sent to {code} from now on.") } else { format!("{code} is not paused now.") })
        }
        (Err(why), _) => Err(why),
        (_, Err(error)) => Err(error.to_string()),
    };
    state.operations.done(what, code.as_str(), &person.actor, reason, outcome)
}

pub async fn test(Shared(state): Shared<State>, Path(code): Path<Code>, sent: Sent) -> Answer {
    let Sent { person, .. } = sent;
    note(&person, "test event", code.as_str(), "");
    let (journey, now) = (&state.journey, (state.journey.now)());
    let (directory, today) = (journey.directory.load_full(), journey.policy.day(now));
    let mut told = Vec::new();
    let mut is_well = true;
    for endpoint in directory.endpoints().iter().filter(|endpoint| endpoint.organisation == code && endpoint.span().holds(today)) {
        let beaten = beat(&state.views.rails, endpoint, &journey.source, now).await;
        is_well &= beaten.is_well();
        let word = if beaten.is_well() { "arrived" } else { "did not arrive" };
        told.push(format!("{}: it {word} after {} ms. {}", endpoint.name(), beaten.took.as_millis(), beaten.report.detail));
    }
    let sentence = if told.is_empty() { format!("{code} has no endpoint today.") } else { told.join(" ") };
    let outcome = if is_well && !told.is_empty() { Ok(sentence) } else { Err(sentence) };
    Ok(to_operation(state.operations.done("test event", code.as_str(), &person.actor, "", outcome)))
}
