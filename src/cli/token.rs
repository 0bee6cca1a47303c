//! `token`: bearer tokens for the HTTP interface. A token is printed once; the hub knows its digest only.

use super::{Context, Failure, Outcome, failed, say, say_json};
use crate::http::token_digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Code;
use domain::directory::Permission;
use domain::hex::hex;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;

/// So that one that got into a log or a mail is known for what it is.
const MARK: &str = "phub_";

#[derive(clap::Subcommand)]
pub enum Command {
    /// Make a token: it goes to stdout, once; what to paste into tokens.toml goes to stderr
    New(New),
}

#[derive(clap::Args)]
pub struct New {
    /// Whom it stands for: a code of the directory
    #[arg(long, value_name = "CODE")]
    organisation: Code,
    /// What it is good for
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "publish,read", value_parser = permission)]
    may: Vec<Permission>,
    /// Which system gets it; for people
    #[arg(long, value_name = "TEXT", default_value = "")]
    name: String,
    /// Both as one JSON object on stdout
    #[arg(long)]
    json: bool,
}

fn permission(text: &str) -> Result<Permission, String> {
    Permission::from_name(text.trim()).ok_or_else(|| "it is publish, read or both".to_owned())
}

pub fn token(context: &Context, command: &Command) -> Outcome {
    let Command::New(new) = command;
    let settings = context.settings()?;
    let directory = context.directory(&settings)?;
    let organisation = directory.organisation(new.organisation);
    let organisation = organisation.ok_or_else(|| Failure::Failed(format!("{} is not in the directory", new.organisation)))?;
    // A former code would be refused in tokens.toml.
    let code = organisation.code;
    let mut secret = [0; 32];
    SystemRandom::new().fill(&mut secret).map_err(failed("this machine gives no random numbers"))?;
    let token = format!("{MARK}{}", URL_SAFE_NO_PAD.encode(secret));
    let may: Vec<&str> = new.may.iter().map(|permission| permission.name()).collect();
    let name = if new.name.is_empty() { organisation.name.clone() } else { new.name.clone() };
    let block = block(code, &token, &may, &name)?;
    if new.json {
        #[derive(Serialize)]
        struct Made<'a> {
            token: &'a str,
            tokens_toml: &'a str,
        }
        return say_json(&Made { token: &token, tokens_toml: &block });
    }
    say(&token)?;
    eprintln!(
        "Give the token to {name} by a safe way: it is not shown again. Then add this to tokens.toml and run `placement-hub directory reload`:\n\n{block}"
    );
    Ok(())
}

fn block(organisation: Code, token: &str, may: &[&str], name: &str) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct Entry<'a> {
        organisation: Code,
        sha256: String,
        may: &'a [&'a str],
        name: &'a str,
    }
    #[derive(Serialize)]
    struct Document<'a> {
        token: [Entry<'a>; 1],
    }
    let entry = Entry { organisation, sha256: hex(&token_digest(token)), may, name };
    toml::to_string(&Document { token: [entry] }).map_err(failed("the entry cannot be written"))
}
