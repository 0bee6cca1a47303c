//! `reclaims`: what was claimed from whom, how it stands, and how old it is. Nothing here is about a child: a claim's id is
//! opaque.

use super::{Context, Failure, Outcome, failed, runtime, say, say_json};
use crate::error::chain;
use crate::views::reclaims::{AGEING_HEADER, AgeLine, Band, Claim, LIST_HEADER, csv, pounds};
use crate::wiring;
use domain::Code;
use domain::claim::{Age, ClaimState, ageing};
use domain::directory::Directory;
use domain::port::{ClaimFilter, ClaimRow, LedgerView};
use jiff::Timestamp;

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

fn tell_ages(ages: &[Age], directory: &Directory, form: &Form) -> Outcome {
    let lines: Vec<AgeLine<'_>> = ages.iter().map(|age| AgeLine::of(age, directory)).collect();
    if form.json {
        return say_json(&lines);
    }
    if form.csv {
        return say_csv(&AGEING_HEADER, lines.iter().map(AgeLine::record));
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

fn say_csv<const N: usize>(header: &[&str; N], records: impl Iterator<Item = [String; N]>) -> Outcome {
    say(csv(header, records).map_err(failed("the answer cannot be written as CSV"))?.trim_end())
}
