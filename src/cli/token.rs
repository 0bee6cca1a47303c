//! `token`: bearer tokens for the HTTP interface. A token is printed once; the hub knows its digest only.
//! Those of `token create` stand in the register; those of `token new` in the directory's tokens.toml.

use super::{Context, Failure, Outcome, failed, say, say_json};
use crate::access::register;
use crate::access::{Role, Wanted, last_uses, new_token, token_text};
use crate::config::Settings;
use crate::http::token_digest;
use domain::Code;
use domain::directory::Permission;
use domain::hex::hex;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// A quarter and some days to exchange it in.
const DAYS_DEFAULT: u32 = 100;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Make a token: it goes to stdout, once; what to paste into tokens.toml goes to stderr
    New(New),
    /// Make a token that ends by itself and can be revoked: it goes to stdout, once
    Create(Create),
    /// List tokens that were created, and when each was last used
    List(List),
    /// End a token now
    Revoke(Revoke),
}

#[derive(clap::Args)]
pub struct Create {
    /// Which system gets it; for people
    #[arg(long, value_name = "TEXT")]
    name: String,
    /// viewer, operator, reviewer, administrator, publisher or recipient; several with commas
    #[arg(long = "role", value_name = "LIST", value_delimiter = ',', required = true, value_parser = super::accounts::role)]
    roles: Vec<Role>,
    /// Only for this organisation
    #[arg(long, value_name = "CODE")]
    organisation: Option<Code>,
    /// It ends after so many days
    #[arg(long, default_value_t = DAYS_DEFAULT, value_parser = clap::value_parser!(u32).range(1..=1_100))]
    days: u32,
    /// Token and id as one JSON object on stdout
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub struct List {
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub struct Revoke {
    /// As `token list` shows it
    #[arg(value_name = "ID")]
    id: String,
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
    match command {
        Command::New(new) => for_the_directory(context, new),
        Command::Create(create) => for_the_register(context, create),
        Command::List(list) => listed(context, list),
        Command::Revoke(revoke) => {
            let settings = context.settings()?;
            let end = register::change(&settings.access.file, |content| content.revoke(&revoke.id, Timestamp::now()));
            end.map_err(|error| Failure::Failed(error.to_string()))?;
            eprintln!("The token {} opens nothing any more.", revoke.id);
            Ok(())
        }
    }
}

/// An organisation's code of today and its name.
pub fn organisation(context: &Context, settings: &Settings, code: Code) -> Result<(Code, String), Failure> {
    let directory = context.directory(settings)?;
    let organisation = directory.organisation(code).ok_or_else(|| Failure::Failed(format!("{code} is not in the directory")))?;
    // A former code would be refused in tokens.toml.
    Ok((organisation.code, organisation.name.clone()))
}

fn for_the_register(context: &Context, create: &Create) -> Outcome {
    let settings = context.settings()?;
    let organisation = create.organisation.map(|code| organisation(context, &settings, code)).transpose()?.map(|(code, _)| code);
    let now = Timestamp::now();
    let wanted = Wanted {
        name: create.name.clone(),
        roles: create.roles.iter().copied().collect(),
        organisation,
        expires_at: now + SignedDuration::from_hours(24 * i64::from(create.days)),
        by: format!("cli:{}", std::env::var("SUDO_USER").or_else(|_| std::env::var("USER")).unwrap_or_else(|_| "operator".to_owned())),
    };
    let (text, token) = new_token(wanted, now).ok_or_else(|| Failure::Failed("this machine gives no random numbers".to_owned()))?;
    let (id, expires_at) = (token.id.clone(), token.expires_at);
    register::change(&settings.access.file, |content| content.grant(token)).map_err(|error| Failure::Failed(error.to_string()))?;
    if create.json {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Made {
            token: String,
            id: String,
            expires_at: Timestamp,
        }
        return say_json(&Made { token: text, id, expires_at });
    }
    say(text)?;
    eprintln!("Give it to {} by a safe way: it is not shown again. Its id is {id}; it ends at {expires_at}.", create.name);
    Ok(())
}

fn listed(context: &Context, list: &List) -> Outcome {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Row<'a> {
        id: &'a str,
        name: &'a str,
        roles: Vec<&'a str>,
        organisation: Option<Code>,
        state: &'a str,
        expires_at: Timestamp,
        last_used_at: Option<Timestamp>,
    }
    let settings = context.settings()?;
    let content = register::read(&settings.access.file).map_err(|error| Failure::Failed(error.to_string()))?;
    let (uses, now) = (last_uses(&settings.access.file), Timestamp::now());
    let rows = content.token.iter().map(|token| Row {
        id: &token.id,
        name: &token.name,
        roles: token.roles.iter().map(|role| role.name()).collect(),
        organisation: token.organisation,
        state: token.state(now),
        expires_at: token.expires_at,
        last_used_at: uses.get(&token.id).copied(),
    });
    if list.json {
        return say_json(&rows.collect::<Vec<_>>());
    }
    if content.token.is_empty() {
        eprintln!("no token was created; those of tokens.toml are listed there");
    }
    for row in rows {
        let of = row.organisation.map(|code| code.to_string()).unwrap_or_default();
        let used = row.last_used_at.map_or("never used".to_owned(), |at| format!("last used {}", at.strftime("%Y-%m-%d %H:%M")));
        let ends = row.expires_at.strftime("%Y-%m-%d");
        say(format!("{}  {:<8} {:<10} until {ends}  {used}  {} ({})", row.id, row.state, of, row.name, row.roles.join(",")))?;
    }
    Ok(())
}

fn for_the_directory(context: &Context, new: &New) -> Outcome {
    let settings = context.settings()?;
    let (code, known_as) = organisation(context, &settings, new.organisation)?;
    let token = token_text().ok_or_else(|| Failure::Failed("this machine gives no random numbers".to_owned()))?;
    let may: Vec<&str> = new.may.iter().map(|permission| permission.name()).collect();
    let name = if new.name.is_empty() { known_as } else { new.name.clone() };
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
