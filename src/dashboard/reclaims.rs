//! `/reclaims`: what is asked of commissioners, by age and stage, and as CSV.

use super::parts::form::{self, Fields};
use super::parts::layout::{Live, Page};
use super::parts::table;
use super::parts::words::{date, number, organisation, sentence_case, tag};
use super::person::Person;
use super::trouble::Trouble;
use super::{Answer, asked};
use crate::http::State;
use crate::views::overview::Mood;
use crate::views::reclaims::{AGEING_HEADER, AgeLine, Band, Claim, LIST_HEADER, csv, pounds};
use axum::extract::State as Shared;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use domain::Code;
use domain::claim::ClaimState;
use domain::directory::Directory;
use domain::port::ClaimFilter;
use maud::{Markup, html};

/// Claims on a page.
const PAGE: usize = 100;
/// Claims in one file: a spreadsheet takes a million lines.
const FILE_MAX: usize = 100_000;

pub async fn show(Shared(state): Shared<State>, person: Person, uri: Uri) -> Answer {
    let fields = asked(&uri)?;
    let directory = state.journey.directory.load_full();
    let ages = state.views.claim_ages().await?;
    let lines: Vec<AgeLine<'_>> = ages.iter().map(|age| AgeLine::of(age, &directory)).collect();
    let filter = ClaimFilter { limit: PAGE + 1, ..filter(&fields)? };
    let mut claims = state.views.claims(filter).await?;
    let is_more = claims.len() > PAGE;
    claims.truncate(PAGE);
    let next = claims.last().filter(|_| is_more).map(|claim| fields.address("/reclaims", "after", &claim.id));
    let claims: Vec<Claim<'_>> = claims.iter().map(|row| Claim::of(row, &directory)).collect();
    let content = html! {
        h2 { "Open claims by age" }
        @if lines.is_empty() { (table::empty("No claim is open.", &html! { "A claim is made when a provider says that a child from another commissioner's area is seen." })) }
        @else { (ageing(&lines)) p { a href="/reclaims.csv" download { "Download as CSV" } } }
        h2 { "Claims" }
        (filters(&fields))
        @if claims.is_empty() { (table::empty("No claim matches.", &html! { a href="/reclaims" { "Show all claims" } })) }
        @else { (list(&claims)) p { a href=(fields.address("/claims.csv", "after", "")) download { "Download these as CSV" } } }
        (table::next_page(next.as_deref()))
    };
    Ok(Page::new("Reclaims", "/reclaims", person, (state.journey.now)(), content).live(Live::Rows).into_response())
}

fn filter(fields: &Fields) -> Result<ClaimFilter, String> {
    Ok(ClaimFilter {
        commissioner: fields.read::<Code>("commissioner")?,
        state: fields.read::<ClaimState>("state")?,
        open: fields.get("open") == "yes",
        after: Some(fields.get("after").to_owned()).filter(|after| !after.is_empty()),
        limit: 0,
    })
}

fn filters(fields: &Fields) -> Markup {
    let states = ClaimState::ALL.iter().map(|state| (state.name(), sentence_case(state.name())));
    html! {
        form.filters action="/reclaims" method="get" aria-label="Filters" {
            (form::text("commissioner", "Commissioner's code", fields.get("commissioner")))
            (form::choice("state", "State", "Any state", states, fields.get("state")))
            div.field.buttons { button type="submit" { "Filter" } " " a href="/reclaims" { "Clear" } }
        }
    }
}

fn ageing(lines: &[AgeLine<'_>]) -> Markup {
    let cell = |band: &Band| html! { @if band.claims == 0 { "–" } @else { (number(band.claims)) " · £" (pounds(band.amount_pence)) } };
    let unpriced: u64 = lines.iter().map(|line| line.all.claims_without_amount).sum();
    html! {
        (table::scrolled("Open claims by age", &html! { table.dense {
            thead { tr { th scope="col" { "Commissioner" } th scope="col" { "Stage" }
                th.number scope="col" { "0–30 days" } th.number scope="col" { "31–60" } th.number scope="col" { "61–90" } th.number scope="col" { "Over 90" } th.number scope="col" { "All" } } }
            tbody { @for line in lines { tr {
                th scope="row" { a href={ "/reclaims?commissioner=" (line.commissioner) } { (line.commissioner_name) } " " span.code { (line.commissioner) } }
                td { (sentence_case(line.stage.name())) }
                @for band in &line.bands { td.number { (cell(band)) } }
                td.number { strong { (cell(&line.all)) } }
            } } }
        } }))
        @if unpriced > 0 { p.small { (number(unpriced)) " of these have no amount, because no tariff line holds for the day of the service." } }
    }
}

fn list(claims: &[Claim<'_>]) -> Markup {
    let mood = |state: ClaimState| match state {
        ClaimState::Paid | ClaimState::Agreed => Mood::Good,
        ClaimState::Disputed => Mood::Bad,
        ClaimState::Held | ClaimState::Queried => Mood::Warn,
        ClaimState::Requested | ClaimState::Acknowledged | ClaimState::Voided => Mood::Quiet,
    };
    table::scrolled(
        "Claims",
        &html! { table.dense data-rows {
            thead { tr { th scope="col" { "Claim" } th scope="col" { "State" } th scope="col" { "Since" } th scope="col" { "Stage" } th scope="col" { "Commissioner" } th.number scope="col" { "Claimed" } th.number scope="col" { "Answered" } th scope="col" { "Service" } } }
            tbody { @for claim in claims { tr data-row {
                th scope="row" { a.code href={ "/journey?id=" (form::encoded(claim.claim)) } { (claim.claim) } }
                td { (tag(mood(claim.state), &sentence_case(claim.state.name()))) }
                td { (date(claim.since)) } td { (sentence_case(claim.stage.name())) }
                td { (organisation(claim.commissioner, claim.commissioner_name)) }
                td.number { @if let Some(pence) = claim.amount_pence { "£" (pounds(pence)) } @else { "no amount" } }
                td.number { @if let Some(pence) = claim.answered_pence { "£" (pounds(pence)) } @else { "–" } }
                td { (date(claim.service_date)) }
            } } }
        } },
    )
}

/// `/reclaims.csv`: the open claims by commissioner, stage and age.
pub async fn ages_csv(Shared(state): Shared<State>, _: Person) -> Answer {
    let directory: &Directory = &state.journey.directory.load_full();
    let ages = state.views.claim_ages().await?;
    file("reclaims-by-age.csv", csv(&AGEING_HEADER, ages.iter().map(|age| AgeLine::of(age, directory).record())))
}

/// `/claims.csv`: claims by filter, one a line.
pub async fn claims_csv(Shared(state): Shared<State>, _: Person, uri: Uri) -> Answer {
    let directory: &Directory = &state.journey.directory.load_full();
    let claims = state.views.claims(ClaimFilter { limit: FILE_MAX, ..filter(&asked(&uri)?)? }).await?;
    file("claims.csv", csv(&LIST_HEADER, claims.iter().map(|claim| Claim::of(claim, directory).record())))
}

fn file(name: &str, text: Result<String, csv::Error>) -> Answer {
    let text = text.map_err(|error| Trouble::Wrong(format!("The file cannot be written: {error}.")))?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    let mut response: Response = (headers, text).into_response();
    super::parts::layout::guard(&mut response);
    Ok(response)
}
