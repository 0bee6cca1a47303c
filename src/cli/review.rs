//! `review`: what a rule could not decide.

use super::{Context, Failure, Outcome, failed, runtime, say, say_json};
use crate::control::{self, Request};
use crate::error::chain;
use crate::journey::SEAL_REVIEW;
use crate::keys::Keys;
use crate::wiring;
use domain::Code;
use domain::timeline;
use serde::Serialize;
use serde_json::Value;

const LIMIT: usize = 1_000;

#[derive(clap::Subcommand)]
pub enum Command {
    /// List open items, oldest first
    List {
        /// JSON instead of text
        #[arg(long)]
        json: bool,
    },
    /// Answer one: your answer goes into the child's timeline, and the hub decides again
    Resolve(Resolve),
}

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("answer").required(true).args(["choose", "proceed", "decline"]))]
pub struct Resolve {
    /// The item, as `review list` shows it
    #[arg(value_name = "ID")]
    item: String,
    /// This organisation it is: an authority for an unknown postcode, a commissioner, a provider
    #[arg(long, value_name = "CODE")]
    choose: Option<Code>,
    /// Go on as it stands: send what is held, accept what is missing
    #[arg(long)]
    proceed: bool,
    /// Let it be: do not send what is held
    #[arg(long)]
    decline: bool,
    /// Who decides
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why
    #[arg(long)]
    reason: String,
}

pub fn review(context: &Context, command: &Command) -> Outcome {
    match command {
        Command::List { json } => list(context, *json),
        Command::Resolve(arguments) => resolve(context, arguments),
    }
}

fn resolve(context: &Context, arguments: &Resolve) -> Outcome {
    let settings = context.settings()?;
    let ruling = match (arguments.choose, arguments.proceed) {
        (Some(code), _) => timeline::Ruling::Choose(code),
        (None, true) => timeline::Ruling::Proceed,
        (None, false) => timeline::Ruling::Decline,
    };
    let request = Request::Resolve { item: arguments.item.clone(), ruling, by: arguments.by.clone(), reason: arguments.reason.clone() };
    match runtime()?.block_on(control::ask(settings.ledger.home(), &request)).map_err(Failure::Failed)? {
        Some(control::Answer::Resolved(followed)) => say(format!("decided; {followed} obligations followed")),
        Some(control::Answer::Failed(why)) => Err(Failure::Failed(why)),
        Some(_) => Err(Failure::Failed("the hub answered another question".to_owned())),
        None => Err(Failure::Failed("no hub runs on this ledger: start it, decisions are taken by the running hub".to_owned())),
    }
}

fn list(context: &Context, json: bool) -> Outcome {
    let settings = context.settings()?;
    let keys = Keys::load_or_create(&settings.ledger.key_file).map_err(|error| Failure::Failed(chain(&error)))?;
    let ledger = wiring::ledger_to_read(&settings).map_err(|error| Failure::Failed(chain(&error)))?;
    let rows = runtime()?.block_on(ledger.reviews(LIMIT)).map_err(failed("the ledger does not answer"))?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let detail = keys.open(SEAL_REVIEW, &row.detail).map_err(|error| Failure::Failed(chain(&error)))?;
        let detail = serde_json::from_slice(&detail).map_err(failed("a review item cannot be read"))?;
        items.push(Item { id: row.key.to_hex(), reason: row.reason, opened_at: row.opened_at, due_by: row.due_on, detail });
    }
    if json {
        return say_json(&items);
    }
    if items.is_empty() {
        eprintln!("nothing waits for a person");
    }
    for item in &items {
        let due = item.due_by.map(|due| format!(", decide by {due}")).unwrap_or_default();
        let text = |key: &str| item.detail.get(key).and_then(Value::as_str).unwrap_or_default();
        say(format!(
            "{}  {} ({}) since {}{due}: {}",
            item.id,
            item.reason,
            text("subject"),
            item.opened_at.strftime("%Y-%m-%d"),
            text("detail")
        ))?;
        for candidate in item.detail.get("candidates").and_then(Value::as_array).into_iter().flatten() {
            let part = |at: usize| candidate.get(at).and_then(Value::as_str).unwrap_or_default();
            say(format!("    perhaps {} {}: {}", part(0), part(1), part(2)))?;
        }
    }
    Ok(())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: String,
    reason: String,
    opened_at: jiff::Timestamp,
    due_by: Option<jiff::civil::Date>,
    detail: Value,
}
