//! `directory import-ods`: organisation records into the directory's files, with a look before they are written.

use crate::cli::{Context, Failure, Outcome, say, say_json};
use crate::directory::ods::{Plan, plan, read};
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// A record of a large organisation, with all its sites, is some hundred kilobytes; a list of all practices some tens of megabytes.
const FILE_BYTES_MAX: u64 = 100_000_000;

/// Update organisations and successions from records of the NHS Organisation Data Service; shows what changes before it writes
#[derive(clap::Args)]
pub struct Arguments {
    /// Records as /ORD/2-0-0/organisations/CODE answers them: one, or a list, per file
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write without asking
    #[arg(long)]
    yes: bool,
    /// Also take the names of organisations that the directory has
    #[arg(long)]
    names: bool,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    /// What would be wrong with the directory then.
    mistakes: Vec<String>,
    written: bool,
}

pub fn import(context: &Context, arguments: &Arguments) -> Outcome {
    let settings = context.settings()?;
    let folder = &settings.directory;
    let records = records(&arguments.files)?;
    let plan = plan(folder, &records, arguments.names).map_err(Failure::Failed)?;
    let wrong = plan.check(folder).err();
    if !arguments.json {
        show(&plan)?;
    }
    let write = wrong.is_none() && !plan.files.is_empty() && (arguments.yes || (!arguments.json && confirmed()?));
    if write {
        plan.write(folder).map_err(Failure::Failed)?;
    }
    if arguments.json {
        let mistakes = wrong.iter().flat_map(|wrong| &wrong.0).map(ToString::to_string).collect();
        say_json(&Shown { plan: &plan, mistakes, written: write })?;
    }
    match (wrong, write) {
        (Some(wrong), _) => Err(Failure::Misconfigured(format!("{wrong}\nthe directory would be wrong; nothing was written"))),
        (None, true) => {
            eprintln!("written; `directory reload` puts it to use");
            Ok(())
        }
        (None, false) if plan.files.is_empty() => {
            eprintln!("nothing changes");
            Ok(())
        }
        (None, false) => {
            eprintln!("nothing was written; --yes writes");
            Ok(())
        }
    }
}

/// All files, or every mistake in them.
fn records(files: &[PathBuf]) -> Result<Vec<crate::directory::ods::Record>, Failure> {
    let (mut records, mut mistakes) = (Vec::new(), Vec::new());
    for file in files {
        match read_file(file) {
            Ok(found) => records.extend(found),
            Err(what) => mistakes.push(format!("{}: {what}", file.display())),
        }
    }
    if mistakes.is_empty() { Ok(records) } else { Err(Failure::Failed(mistakes.join("\n"))) }
}

fn read_file(file: &Path) -> Result<Vec<crate::directory::ods::Record>, String> {
    let size = std::fs::metadata(file).map_err(|error| error.to_string())?.len();
    if size > FILE_BYTES_MAX {
        return Err(format!("it has {size} bytes; at most {FILE_BYTES_MAX} are read"));
    }
    read(&std::fs::read_to_string(file).map_err(|error| error.to_string())?)
}

fn show(plan: &Plan) -> Outcome {
    for note in &plan.notes {
        eprintln!("note: {note}");
    }
    for change in &plan.changes {
        say(change)?;
    }
    Ok(())
}

/// Asks where somebody is there to answer.
fn confirmed() -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(false);
    }
    eprint!("Write these changes? [y/N] ");
    let failed = |error: std::io::Error| Failure::Failed(format!("the answer cannot be read: {error}"));
    std::io::stderr().flush().map_err(failed)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
