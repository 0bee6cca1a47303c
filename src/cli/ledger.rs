//! `ledger`: a copy of what the hub knows, taken while it runs.

use super::{Context, Failure, Outcome, say};
use crate::error::chain;
use crate::wiring;
use std::path::PathBuf;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Copy the embedded ledger into a new file, while the hub runs; without its key, which belongs elsewhere
    Backup {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

pub fn ledger(context: &Context, command: &Command) -> Outcome {
    let Command::Backup { file } = command;
    let settings = context.settings()?;
    if settings.ledger.url.is_some() {
        return Err(Failure::Failed(
            "The ledger is a database, which PostgreSQL's own tools back up: pg_dump, or pg_basebackup with archived logs. docs/OPERATIONS.md has the commands.".to_owned(),
        ));
    }
    let copied = wiring::back_up(&settings, file).map_err(|error| Failure::Failed(chain(&error)))?;
    say(format!("{}: {} bytes, {} messages, {} deliveries", file.display(), copied.bytes, copied.messages, copied.deliveries))?;
    eprintln!(
        "The key file is not in it, and nothing can be read without: keep a copy of {} in another place.",
        settings.ledger.key_file.display()
    );
    Ok(())
}
