//! `trace`: the whole journey of whatever an id names.

use super::{Context, Failure, Outcome, failed, runtime, say, say_json};
use crate::error::chain;
use crate::keys::Keys;
use crate::wiring;
use domain::port::{Clue, Trace};
use serde::Serialize;
use uuid::Uuid;

#[derive(clap::Args)]
pub struct Arguments {
    /// Any id: message, placement, referral, claim, obligation, delivery, or a child's local id
    #[arg(value_name = "ID")]
    id: String,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub fn of(id: &str, json: bool) -> Self {
        Self { id: id.to_owned(), json }
    }
}

pub fn trace(context: &Context, arguments: &Arguments) -> Outcome {
    let settings = context.settings()?;
    let keys = Keys::load_or_create(&settings.ledger.key_file).map_err(|error| Failure::Failed(chain(&error)))?;
    let ledger = wiring::ledger_to_read(&settings).map_err(|error| Failure::Failed(chain(&error)))?;
    let mut clues = vec![Clue::MessageId(arguments.id.clone()), Clue::Alias(keys.alias(&arguments.id))];
    clues.extend(arguments.id.parse::<Uuid>().ok().map(Clue::Id));
    let mut lines = Vec::new();
    runtime()?.block_on(async {
        for clue in clues {
            lines.extend(ledger.trace(clue).await.map_err(failed("the ledger does not answer"))?);
        }
        Ok(())
    })?;
    lines.sort_by(|one, other| (one.at, rank(one.what), &one.id, &one.text).cmp(&(other.at, rank(other.what), &other.id, &other.text)));
    lines.dedup_by(|one, other| (one.at, one.what, &one.id, &one.text) == (other.at, other.what, &other.id, &other.text));
    if lines.is_empty() {
        return Err(Failure::Failed(format!("nothing in the ledger has the id {}", arguments.id)));
    }
    if arguments.json {
        return say_json(&lines.iter().map(Line::of).collect::<Vec<_>>());
    }
    for line in &lines {
        say(format!("{}  {:<15} {}  {}", line.at.strftime("%Y-%m-%d %H:%M:%S%.3fZ"), line.what, line.id, line.text))?;
    }
    Ok(())
}

/// What happened at the same moment, in the order of cause and effect.
fn rank(what: &str) -> usize {
    ["message", "suppressed", "review", "obligation", "attempt", "delivery", "acknowledgement"]
        .iter()
        .position(|known| *known == what)
        .unwrap_or(usize::MAX)
}

#[derive(Serialize)]
struct Line<'a> {
    at: jiff::Timestamp,
    what: &'a str,
    id: &'a str,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn of(trace: &'a Trace) -> Self {
        Self { at: trace.at, what: trace.what, id: &trace.id, text: &trace.text }
    }
}
