//! `directory`: who is responsible where, and how an organisation is reached.

mod answers;

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
}

pub fn directory(context: &Context, command: &Command) -> Outcome {
    let settings = context.settings()?;
    let directory = context.directory(&settings)?;
    let today = settings.rules.time_zone.to_datetime(Timestamp::now()).date();
    match command {
        Command::Lookup { postcode, on, json } => {
            let found = answers::lookup(&directory, postcode, on.unwrap_or(today));
            if *json { say_json(&found) } else { say(found) }
        }
        Command::Show { code, on, json } => {
            let shown = answers::show(&directory, *code, on.unwrap_or(today));
            let shown = shown.ok_or_else(|| Failure::Failed(format!("{code} is not in the directory")))?;
            if *json { say_json(&shown) } else { say(shown) }
        }
    }
}
