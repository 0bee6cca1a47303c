//! `directory`: who is responsible where, how an organisation is reached, and newer data for both.

mod answers;
mod changes;
mod ods;
mod postcodes;

use super::{Context, Failure, Outcome, say, say_json};
use domain::Code;
use jiff::Timestamp;
use jiff::civil::Date;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Authority, commissioner and CAMHS provider of a postcode, and why
    Lookup {
        #[arg(value_name = "POSTCODE")]
        postcode: String,
        /// The day it is asked for (2026-04-01); today, if not given
        #[arg(long, value_name = "DATE")]
        on: Option<Date>,
        /// JSON instead of text
        #[arg(long)]
        json: bool,
    },
    /// An organisation, its successors and its endpoint
    Show {
        #[arg(value_name = "CODE")]
        code: Code,
        /// The day it is asked for (2026-04-01); today, if not given
        #[arg(long, value_name = "DATE")]
        on: Option<Date>,
        /// JSON instead of text
        #[arg(long)]
        json: bool,
    },
    ImportPostcodes(postcodes::Arguments),
    ImportOds(ods::Arguments),
    Diff(changes::Diff),
    Reload(changes::Reload),
}

pub fn directory(context: &Context, command: &Command) -> Outcome {
    match command {
        Command::Lookup { postcode, on, json } => {
            let (directory, today) = open(context)?;
            let found = answers::lookup(&directory, postcode, on.unwrap_or(today));
            if *json { say_json(&found) } else { say(found) }
        }
        Command::Show { code, on, json } => {
            let (directory, today) = open(context)?;
            let shown = answers::show(&directory, *code, on.unwrap_or(today));
            let shown = shown.ok_or_else(|| Failure::Failed(format!("{code} is not in the directory")))?;
            if *json { say_json(&shown) } else { say(shown) }
        }
        Command::ImportPostcodes(arguments) => postcodes::import(context, arguments),
        Command::ImportOds(arguments) => ods::import(context, arguments),
        Command::Diff(arguments) => changes::diff(context, arguments),
        Command::Reload(arguments) => changes::reload(context, arguments),
    }
}

/// The directory, and what day it is.
fn open(context: &Context) -> Result<(domain::directory::Directory, Date), Failure> {
    let settings = context.settings()?;
    let directory = context.directory(&settings)?;
    Ok((directory, settings.rules.day(Timestamp::now())))
}
