//! `reclaims`: what was claimed from whom, how it stands, and how old it is. Nothing here is about a child: a claim's id is
//! opaque.

use super::{Context, Failure, Outcome, failed, runtime, say, say_json};
use crate::error::chain;
use crate::wiring;
use domain::Code;
use domain::claim::{Age, ClaimState, Sum, ageing};
use domain::directory::Directory;
use domain::policy::Stage;
use domain::port::{ClaimFilter, ClaimRow, LedgerView};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;

/// Claims that are read at once.
const PAGE: usize = 1_000;

#[derive(clap::Subcommand)]
pub enum Command {
    /// List claims and how they stand
    List(List),
    /// How old the open claims are, by commissioner and stage: 0-30, 31-60, 61-90 and over 90 days since first claimed
    Ageing(Form),
}

#[derive(clap::Args)]
pub struct List {
    /// Only from this commissioner: the code of the body that is asked
    #[arg(long, value_name = "CODE")]
    commissioner: Option<Code>,
    /// Only in this state: held, requested, acknowledged, queried, disputed, agreed, paid, voided
    #[arg(long)]
    state: Option<ClaimState>,
    /// Only those that are neither paid nor voided
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    form: Form,
}

#[derive(clap::Args)]
pub struct Form {
    /// JSON instead of text; amounts in pence
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// CSV instead of text; amounts in pounds
    #[arg(long)]
    csv: bool,
}

pub fn reclaims(context: &Context, command: &Command) -> Outcome {
    let settings = context.settings()?;
    let directory = context.directory(&settings)?;
    let ledger = wiring::ledger_to_read(&settings).map_err(|error| Failure::Failed(chain(&error)))?;
    match command {
        Command::List(arguments) => {
            let filter = ClaimFilter {
                commissioner: arguments.commissioner,
                state: arguments.state,
                open: arguments.open,
                ..ClaimFilter::default()
            };
            list(&read(ledger.as_ref(), filter)?, &directory, &arguments.form)
        }
        Command::Ageing(form) => {
            let rows = read(ledger.as_ref(), ClaimFilter { open: true, ..ClaimFilter::default() })?;
            tell_ages(&ageing(&rows, settings.rules.day(Timestamp::now())), &directory, form)
        }
    }
}

/// All that match, page by page.
fn read(ledger: &dyn LedgerView, filter: ClaimFilter) -> Result<Vec<ClaimRow>, Failure> {
    runtime()?.block_on(async {
        let mut rows: Vec<ClaimRow> = Vec::new();
        loop {
            let after = rows.last().map(|row| row.id.clone());
            let page = ledger.claims(ClaimFilter { after, limit: PAGE, ..filter.clone() }).await;
            let page = page.map_err(failed("the ledger does not answer"))?;
            let full = page.len() == PAGE;
            rows.extend(page);
            if !full {
                return Ok(rows);
            }
        }
    })
}

fn list(rows: &[ClaimRow], directory: &Directory, form: &Form) -> Outcome {
    let claims: Vec<Claim<'_>> = rows.iter().map(|row| Claim::of(row, directory)).collect();
    if form.json {
        return say_json(&claims);
    }
    if form.csv {
        return say_csv(&LIST_HEADER, claims.iter().map(Claim::record));
    }
    if claims.is_empty() {
        eprintln!("no claim matches");
    }
    for claim in &claims {
        let amount = claim.amount_pence.map_or_else(|| "no amount".to_owned(), pounds);
        let answered = claim.answered_pence.map(|pence| format!(", answered {}", pounds(pence))).unwrap_or_default();
        say(format!(
            "{}  {:<12} since {}, claimed {}  {:<10} on {} by {}  {amount}{answered}  {} {}",
            claim.claim,
            claim.state,
            claim.since,
            claim.claimed_on,
            claim.stage.name(),
            claim.service_date,
            claim.provider,
            claim.commissioner,
            claim.commissioner_name
        ))?;
    }
    Ok(())
}

const LIST_HEADER: [&str; 12] = [
    "claim",
    "state",
    "since",
    "claimed_on",
    "stage",
    "commissioner",
    "commissioner_name",
    "place",
    "provider",
    "service_date",
    "amount_pounds",
    "answered_pounds",
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Claim<'a> {
    claim: &'a str,
    state: ClaimState,
    since: Date,
    claimed_on: Date,
    stage: Stage,
    commissioner: Code,
    commissioner_name: &'a str,
    place: Option<Code>,
    provider: Code,
    service_date: Date,
    amount_pence: Option<u64>,
    answered_pence: Option<u64>,
}

impl<'a> Claim<'a> {
    fn of(row: &'a ClaimRow, directory: &'a Directory) -> Self {
        Self {
            claim: &row.id,
            state: row.state,
            since: row.since,
            claimed_on: row.claimed_on,
            stage: row.stage,
            commissioner: row.commissioner,
            commissioner_name: name(directory, row.commissioner),
            place: row.place,
            provider: row.provider,
            service_date: row.service_on,
            amount_pence: row.amount_pence,
            answered_pence: row.answered_pence,
        }
    }

    fn record(&self) -> [String; 12] {
        [
            self.claim.to_owned(),
            self.state.to_string(),
            self.since.to_string(),
            self.claimed_on.to_string(),
            self.stage.name().to_owned(),
            self.commissioner.to_string(),
            self.commissioner_name.to_owned(),
            self.place.map(|place| place.to_string()).unwrap_or_default(),
            self.provider.to_string(),
            self.service_date.to_string(),
            self.amount_pence.map(pounds).unwrap_or_default(),
            self.answered_pence.map(pounds).unwrap_or_default(),
        ]
    }
}

fn tell_ages(ages: &[Age], directory: &Directory, form: &Form) -> Outcome {
    let lines: Vec<Line<'_>> = ages.iter().map(|age| Line::of(age, directory)).collect();
    if form.json {
        return say_json(&lines);
    }
    if form.csv {
        return say_csv(&AGEING_HEADER, lines.iter().map(Line::record));
    }
    if lines.is_empty() {
        eprintln!("no claim is open");
        return Ok(());
    }
    say(format!(
        "{:<10} {:<10} {:>20} {:>20} {:>20} {:>20} {:>20}  name",
        "body", "stage", "0-30 days", "31-60", "61-90", "over 90", "all"
    ))?;
    for line in &lines {
        let part = |band: Band| format!("{} / £{}", band.claims, pounds(band.amount_pence));
        let [first, second, third, last] = line.bands.map(part);
        let (stage, all, name) = (line.stage.name(), part(line.all), line.commissioner_name);
        say(format!("{:<10} {stage:<10} {first:>20} {second:>20} {third:>20} {last:>20} {all:>20}  {name}", line.commissioner))?;
    }
    let unpriced: u64 = lines.iter().map(|line| line.all.claims_without_amount).sum();
    if unpriced > 0 {
        eprintln!("{unpriced} of these claims have no amount, because no [[tariff]] line holds for the day of the service");
    }
    Ok(())
}

const AGEING_HEADER: [&str; 14] = [
    "commissioner",
    "commissioner_name",
    "stage",
    "claims_0_30",
    "pounds_0_30",
    "claims_31_60",
    "pounds_31_60",
    "claims_61_90",
    "pounds_61_90",
    "claims_over_90",
    "pounds_over_90",
    "claims",
    "pounds",
    "claims_without_amount",
];

/// What one commissioner owes of one stage.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    commissioner: Code,
    commissioner_name: &'a str,
    stage: Stage,
    bands: [Band; 4],
    all: Band,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct Band {
    days: &'static str,
    claims: u64,
    amount_pence: u64,
    claims_without_amount: u64,
}

impl Band {
    fn of(days: &'static str, sum: Sum) -> Self {
        Self { days, claims: sum.claims, amount_pence: sum.pence, claims_without_amount: sum.unpriced }
    }
}

impl<'a> Line<'a> {
    fn of(age: &Age, directory: &'a Directory) -> Self {
        let [first, second, third, last] = age.bands;
        let mut all = Sum::default();
        age.bands.iter().for_each(|sum| all.add(*sum));
        Self {
            commissioner: age.commissioner,
            commissioner_name: name(directory, age.commissioner),
            stage: age.stage,
            bands: [Band::of("0-30", first), Band::of("31-60", second), Band::of("61-90", third), Band::of("over 90", last)],
            all: Band::of("all", all),
        }
    }

    fn record(&self) -> [String; 14] {
        let [first, second, third, last] = &self.bands;
        [
            self.commissioner.to_string(),
            self.commissioner_name.to_owned(),
            self.stage.name().to_owned(),
            first.claims.to_string(),
            pounds(first.amount_pence),
            second.claims.to_string(),
            pounds(second.amount_pence),
            third.claims.to_string(),
            pounds(third.amount_pence),
            last.claims.to_string(),
            pounds(last.amount_pence),
            self.all.claims.to_string(),
            pounds(self.all.amount_pence),
            self.all.claims_without_amount.to_string(),
        ]
    }
}

fn name(directory: &Directory, code: Code) -> &str {
    directory.organisation(code).map_or("not in the directory", |organisation| organisation.name.as_str())
}

fn pounds(pence: u64) -> String {
    format!("{}.{:02}", pence / 100, pence % 100)
}

fn say_csv<const N: usize>(header: &[&str; N], records: impl Iterator<Item = [String; N]>) -> Outcome {
    let wrong = failed("the answer cannot be written as CSV");
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).map_err(&wrong)?;
    for record in records {
        writer.write_record(record).map_err(&wrong)?;
    }
    let bytes = writer.into_inner().map_err(|error| Failure::Failed(format!("the answer cannot be written as CSV: {error}")))?;
    say(String::from_utf8_lossy(&bytes).trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_csv_stands_under_its_header() {
        let band = |pence| Band::of("a band", Sum { claims: pence / 100, pence, unpriced: 1 });
        let line = Line {
            commissioner: Code::new("QKS").unwrap(),
            commissioner_name: "Kent, and Medway",
            stage: Stage::Treatment,
            bands: [band(100), band(205), band(300), band(40_000)],
            all: band(40_605),
        };
        let told: Vec<String> = AGEING_HEADER.iter().zip(line.record()).map(|(header, value)| format!("{header}={value}")).collect();
        assert_eq!(
            told.join(" "),
            "commissioner=QKS commissioner_name=Kent, and Medway stage=treatment claims_0_30=1 pounds_0_30=1.00 claims_31_60=2 \
             pounds_31_60=2.05 claims_61_90=3 pounds_61_90=3.00 claims_over_90=400 pounds_over_90=400.00 claims=406 pounds=406.05 \
             claims_without_amount=1"
        );
    }
}
