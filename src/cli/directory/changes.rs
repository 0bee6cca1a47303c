//! `directory diff` and `directory reload`: what another directory would change, and putting it to use.

use crate::cli::{Context, Failure, Outcome, runtime, say, say_json};
use crate::control::{self, Answer, Request};
use crate::wiring;
use jiff::Timestamp;
use std::path::PathBuf;

/// Say what another directory says otherwise than the one in the settings; changes nothing
#[derive(clap::Args)]
pub struct Diff {
    /// A folder like the directory's
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

/// Have the running hub check the directory in its folder, compare it with the one in use, and use it
#[derive(clap::Args)]
pub struct Reload {
    /// Only check and compare, with who would be told differently
    #[arg(long)]
    dry_run: bool,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

pub fn diff(context: &Context, arguments: &Diff) -> Outcome {
    let settings = context.settings()?;
    let now = Timestamp::now();
    let older = context.directory(&settings)?;
    let mut other = settings.clone();
    other.directory.clone_from(&arguments.folder);
    let newer = wiring::directory(&other, now).map_err(|mistakes| Failure::Misconfigured(mistakes.to_string()))?;
    for warning in newer.warnings {
        eprintln!("note: {warning}");
    }
    let differences = older.differences(&newer.directory, settings.rules.day(now));
    if arguments.json {
        return say_json(&differences);
    }
    for change in &differences.changes {
        say(change)?;
    }
    say(differences.postcodes)
}

pub fn reload(context: &Context, arguments: &Reload) -> Outcome {
    let settings = context.settings()?;
    let request = Request::Reload { rehearsal: arguments.dry_run };
    let answer = runtime()?.block_on(control::ask(settings.ledger.home(), &request)).map_err(Failure::Failed)?;
    match answer {
        None => Err(Failure::Failed("no hub runs with this ledger; the next one to start reads the directory as it is".to_owned())),
        Some(Answer::Reloaded(reloaded)) if arguments.json => say_json(&reloaded),
        Some(Answer::Reloaded(reloaded)) => {
            for warning in &reloaded.warnings {
                eprintln!("note: {warning}");
            }
            for change in &reloaded.changes {
                say(change)?;
            }
            if reloaded.more_changes > 0 {
                say(format!("and {} more changes", reloaded.more_changes))?;
            }
            say(&reloaded.postcodes)?;
            say(&reloaded.consequences)?;
            eprintln!("{}", if reloaded.in_use { "the new directory is in use" } else { "nothing was changed" });
            Ok(())
        }
        Some(Answer::Wrong(mistakes)) => Err(Failure::Misconfigured(mistakes)),
        Some(Answer::Failed(why)) => Err(Failure::Failed(why)),
        Some(_) => Err(Failure::Failed("the hub answered another question".to_owned())),
    }
}
