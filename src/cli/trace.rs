//! `trace`: the whole journey of whatever an id names; and as a certificate, what proves it to others.

mod certificate;

use super::{Context, Failure, Outcome, failed, runtime, say, say_json};
use crate::error::chain;
use crate::keys::Keys;
use crate::views::journey::{clues, in_order};
use crate::wiring;
use domain::Code;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    asked: Asked,
    /// Of which responsible authority, where several have a placement with this id
    #[arg(long, value_name = "CODE", requires = "certificate")]
    authority: Option<Code>,
    /// Write the certificate into a file instead of to stdout
    #[arg(long, value_name = "FILE", requires = "certificate")]
    out: Option<PathBuf>,
    /// Print the key that this hub's certificates are checked with (with --json as a JWK); with --verify: check with this file's key
    #[arg(long, value_name = "FILE", num_args = 0..=1, conflicts_with_all = ["id", "certificate"])]
    public_key: Option<Option<PathBuf>>,
    /// JSON instead of text
    #[arg(long, conflicts_with = "certificate")]
    json: bool,
}

#[derive(clap::Args)]
#[group(multiple = false)]
struct Asked {
    /// Any id: message, placement, referral, claim, obligation, delivery, or a child's local id
    #[arg(value_name = "ID", required_unless_present_any = ["certificate", "verify", "public_key"])]
    id: Option<String>,
    /// A signed certificate of who was told about this placement, when, and whether in time
    #[arg(long, value_name = "PLACEMENT")]
    certificate: Option<String>,
    /// Is this certificate genuine? If so, print what it says
    #[arg(long, value_name = "FILE")]
    verify: Option<PathBuf>,
}

pub fn trace(context: &Context, arguments: &Arguments) -> Outcome {
    let asked = &arguments.asked;
    // `requires` does not hold where what is required conflicts with an argument that is there.
    if asked.certificate.is_none() && (arguments.out.is_some() || arguments.authority.is_some()) {
        let sentence = "--out and --authority are for a certificate: say of which placement with --certificate\n";
        clap::Error::raw(clap::error::ErrorKind::MissingRequiredArgument, sentence).exit()
    }
    match (&asked.id, &asked.certificate, &asked.verify) {
        (Some(id), _, _) => journey(context, id, arguments.json),
        (_, Some(placement), _) => certificate::issue(context, placement, arguments.authority, arguments.out.as_deref()),
        (_, _, Some(file)) => certificate::verify(context, file, arguments.public_key.as_ref().and_then(Option::as_deref), arguments.json),
        (None, None, None) => match &arguments.public_key {
            Some(Some(_)) => {
                let sentence = "--public-key with a file checks a certificate: say which with --verify\n";
                clap::Error::raw(clap::error::ErrorKind::MissingRequiredArgument, sentence).exit()
            }
            _ => certificate::public_key(context, arguments.json),
        },
    }
}

pub fn journey(context: &Context, id: &str, json: bool) -> Outcome {
    let settings = context.settings()?;
    let keys = Keys::load_or_create(&settings.ledger.key_file).map_err(|error| Failure::Failed(chain(&error)))?;
    let ledger = wiring::ledger_to_read(&settings).map_err(|error| Failure::Failed(chain(&error)))?;
    let clues = clues(&keys, id);
    let mut lines = Vec::new();
    runtime()?.block_on(async {
        for clue in clues {
            lines.extend(ledger.trace(clue).await.map_err(failed("the ledger does not answer"))?);
        }
        Ok(())
    })?;
    let lines = in_order(lines);
    if lines.is_empty() {
        return Err(Failure::Failed(format!("nothing in the ledger has the id {id}")));
    }
    if json {
        return say_json(&lines);
    }
    for line in &lines {
        say(format!("{}  {:<15} {}  {}", line.at.strftime("%Y-%m-%d %H:%M:%S%.3fZ"), line.what, line.id, line.text))?;
    }
    Ok(())
}
