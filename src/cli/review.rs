//! `review`: what a rule could not decide.

use super::{Context, Failure, Outcome, failed, runtime, say, say_json};
use crate::error::chain;
use crate::journey::SEAL_REVIEW;
use crate::keys::Keys;
use crate::wiring;
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
}

pub fn review(context: &Context, command: &Command) -> Outcome {
    let Command::List { json } = command;
    let settings = context.settings()?;
    let keys = Keys::load_or_create(&settings.ledger.key_file).map_err(|error| Failure::Failed(chain(&error)))?;
    let ledger = wiring::ledger_to_read(&settings).map_err(|error| Failure::Failed(chain(&error)))?;
    let rows = runtime()?.block_on(ledger.reviews(LIMIT)).map_err(failed("the ledger does not answer"))?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let detail = keys.open(SEAL_REVIEW, &row.detail).map_err(|error| Failure::Failed(chain(&error)))?;
        let detail = serde_json::from_slice(&detail).map_err(failed("a review item cannot be read"))?;
        items.push(Item { reason: row.reason, opened_at: row.opened_at, due_by: row.due_on, detail });
    }
    if *json {
        return say_json(&items);
    }
    if items.is_empty() {
        eprintln!("nothing waits for a person");
    }
    for item in &items {
        let due = item.due_by.map(|due| format!(", decide by {due}")).unwrap_or_default();
        let text = |key: &str| item.detail.get(key).and_then(Value::as_str).unwrap_or_default();
        say(format!("{} ({}) since {}{due}: {}", item.reason, text("subject"), item.opened_at.strftime("%Y-%m-%d"), text("detail")))?;
    }
    Ok(())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    reason: String,
    opened_at: jiff::Timestamp,
    due_by: Option<jiff::civil::Date>,
    detail: Value,
}
