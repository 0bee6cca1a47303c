//! `keys`: the keys that child data is sealed with at rest. They are shown by their ids, never themselves.

use super::{Context, Failure, Outcome, say, say_json};
use crate::error::chain;
use crate::keys::{KeyError, KeyFile, KeyId, NotChanged, random_secret, read_file, replace_file};
use serde::Serialize;
use std::path::Path;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Show each key's id, and what it does
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a key that opens from now on and does not seal yet: copy the file to every hub, then use it
    Add,
    /// Seal with the key that was added
    Use,
    /// Make a key and use it at once: for one hub alone
    Rotate,
}

pub fn keys(context: &Context, command: &Command) -> Outcome {
    let settings = context.settings()?;
    let path = &settings.ledger.key_file;
    match command {
        Command::List { json } => list(&read_file(path).map_err(failure)?, *json),
        Command::Add => {
            change(path, |file| file.add(random_secret()?).map_err(Refused::from))?;
            eprintln!(
                "The new key opens, and does not seal yet. Give this file to every hub, have each use it (`placement-hub directory reload`, or SIGHUP), then `placement-hub keys use`."
            );
            Ok(())
        }
        Command::Use => {
            change(path, |file| file.use_next().map_err(Refused::from))?;
            told()
        }
        Command::Rotate => {
            change(path, |file| {
                file.add(random_secret()?)?;
                file.use_next().map_err(Refused::from)
            })?;
            told()
        }
    }
}

fn told() -> Outcome {
    eprintln!(
        "A running hub seals with it after `placement-hub directory reload` or SIGHUP. Back the key file up now, apart from the ledger: without it nothing can be opened."
    );
    Ok(())
}

fn list(file: &KeyFile, json: bool) -> Outcome {
    #[derive(Serialize)]
    struct Row {
        id: String,
        role: &'static str,
    }
    let sealing = file.sealing();
    let role = |at: usize, in_use: bool| match (in_use, sealing == Some(at)) {
        (false, _) => "next",
        (true, true) => "seals",
        (true, false) => "opens",
    };
    let master = Row { id: KeyId::of(&file.master).to_string(), role: if sealing.is_none() { "seals" } else { "opens" } };
    let others =
        file.seals.iter().enumerate().map(|(at, seal)| Row { id: KeyId::of(&seal.secret).to_string(), role: role(at, seal.in_use) });
    let rows: Vec<Row> = std::iter::once(master).chain(others).collect();
    if json {
        return say_json(&rows);
    }
    rows.iter().try_for_each(|row| say(format!("{}  {}", row.id, row.role)))
}

/// Why nothing was changed.
enum Refused {
    Key(KeyError),
    Change(NotChanged),
}

impl From<KeyError> for Refused {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<NotChanged> for Refused {
    fn from(why: NotChanged) -> Self {
        Self::Change(why)
    }
}

fn change(path: &Path, change: impl FnOnce(&mut KeyFile) -> Result<(), Refused>) -> Outcome {
    let mut file = read_file(path).map_err(failure)?;
    change(&mut file).map_err(|refused| match refused {
        Refused::Key(error) => failure(error),
        Refused::Change(why) => Failure::Failed(why.to_string()),
    })?;
    replace_file(path, &file).map_err(failure)
}

fn failure(error: KeyError) -> Failure {
    Failure::Failed(chain(&error))
}
