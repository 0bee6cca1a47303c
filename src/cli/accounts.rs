//! `accounts`: who signs in by name and password. Passwords come from stdin or a file, never from the command line.

use super::{Context, Failure, Outcome, failed, say, say_json};
use crate::access::register::{self, Account};
use crate::access::{Role, password};
use domain::Code;
use jiff::Timestamp;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::{BufRead, IsTerminal, Read};
use std::path::{Path, PathBuf};

/// A password and what an editor puts behind it.
const PASSWORD_FILE_BYTES_MAX: u64 = 4_096;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Make an account; the password comes from stdin
    Add(Add),
    /// List accounts
    List(List),
    /// End an account: it can't sign in, and its sessions are over
    Disable(Name),
    /// Let a disabled account sign in again
    Enable(Name),
    /// Give an account other roles
    Role(Change),
    /// Give an account another password, from stdin; its sessions are over
    Password(Secret),
}

#[derive(clap::Args)]
pub struct Add {
    #[command(flatten)]
    secret: Secret,
    #[command(flatten)]
    given: Given,
}

#[derive(clap::Args)]
pub struct Change {
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    given: Given,
}

/// What an account is good for.
#[derive(clap::Args)]
pub struct Given {
    /// viewer, operator, reviewer, administrator, publisher or recipient; several with commas
    #[arg(long = "role", value_name = "LIST", value_delimiter = ',', required = true, value_parser = role)]
    roles: Vec<Role>,
    /// Only for this organisation: it sees its own feed, deliveries and rejections
    #[arg(long, value_name = "CODE")]
    organisation: Option<Code>,
}

#[derive(clap::Args)]
pub struct Secret {
    #[arg(value_name = "NAME")]
    name: String,
    /// A file with the password, instead of stdin
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct Name {
    #[arg(value_name = "NAME")]
    name: String,
}

#[derive(clap::Args)]
pub struct List {
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

pub fn role(text: &str) -> Result<Role, String> {
    let known = || Role::ALL.map(Role::name).join(", ");
    Role::from_name(text.trim()).ok_or_else(|| format!("it is one of {}", known()))
}

pub fn accounts(context: &Context, command: &Command) -> Outcome {
    let settings = context.settings()?;
    let file = &settings.access.file;
    let now = Timestamp::now();
    let alter = |name: &str, by: &dyn Fn(&mut Account)| {
        register::change(file, |content| content.alter(name, now, |account| by(account)))
            .map_err(|error| Failure::Failed(error.to_string()))
    };
    match command {
        Command::List(list) => return listed(file, list),
        Command::Add(add) => {
            let Given { roles, organisation } = known(context, &settings, &add.given)?;
            let name = add.secret.name.clone();
            let password = add.secret.hashed()?;
            let roles: BTreeSet<Role> = roles.into_iter().collect();
            let account = Account { name, roles, organisation, password, disabled: false, changed_at: now };
            register::change(file, |content| content.add(account)).map_err(|error| Failure::Failed(error.to_string()))?;
        }
        Command::Disable(name) => alter(&name.name, &|account| account.disabled = true)?,
        Command::Enable(name) => alter(&name.name, &|account| account.disabled = false)?,
        Command::Role(change) => {
            let Given { roles, organisation } = known(context, &settings, &change.given)?;
            alter(&change.name, &|account| {
                account.roles = roles.iter().copied().collect();
                account.organisation = organisation;
            })?;
        }
        Command::Password(secret) => {
            let hash = secret.hashed()?;
            alter(&secret.name, &|account| account.password.clone_from(&hash))?;
        }
    }
    eprintln!("Done. A hub that runs with {} sees it at once.", file.display());
    Ok(())
}

/// With the organisation's code of today.
fn known(context: &Context, settings: &crate::config::Settings, given: &Given) -> Result<Given, Failure> {
    let organisation = given.organisation.map(|code| super::token::organisation(context, settings, code)).transpose()?;
    Ok(Given { roles: given.roles.clone(), organisation: organisation.map(|(code, _)| code) })
}

fn listed(file: &Path, list: &List) -> Outcome {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Row<'a> {
        name: &'a str,
        roles: &'a BTreeSet<Role>,
        organisation: Option<Code>,
        disabled: bool,
        changed_at: Timestamp,
    }
    let content = register::read(file).map_err(|error| Failure::Failed(error.to_string()))?;
    let rows = content.account.iter().map(|account| {
        let Account { name, roles, organisation, disabled, changed_at, .. } = account;
        Row { name, roles, organisation: *organisation, disabled: *disabled, changed_at: *changed_at }
    });
    if list.json {
        return say_json(&rows.collect::<Vec<_>>());
    }
    if content.account.is_empty() {
        eprintln!("nobody has an account; make the first with `placement-hub accounts add NAME --role administrator`");
    }
    for row in rows {
        let roles: Vec<&str> = row.roles.iter().map(|role| role.name()).collect();
        let of = row.organisation.map(|code| format!("  of {code}")).unwrap_or_default();
        let disabled = if row.disabled { "  disabled" } else { "" };
        say(format!("{:<24} {}{of}{disabled}", row.name, roles.join(",")))?;
    }
    Ok(())
}

impl Secret {
    fn hashed(&self) -> Result<String, Failure> {
        let text = self.read()?;
        let typed = text.strip_suffix('\n').unwrap_or(&text);
        let typed = typed.strip_suffix('\r').unwrap_or(typed);
        password::acceptable(&self.name, typed).map_err(Failure::Failed)?;
        password::hash(typed).map_err(Failure::Failed)
    }

    fn read(&self) -> Result<String, Failure> {
        let mut text = String::new();
        if let Some(file) = &self.password_file {
            let open = std::fs::File::open(file).map_err(failed("the file with the password cannot be read"))?;
            open.take(PASSWORD_FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed("the file with the password cannot be read"))?;
            return Ok(text);
        }
        let stdin = std::io::stdin();
        let terminal = stdin.is_terminal();
        // Typed unseen. Where the terminal cannot do that, it is still read.
        let seen = terminal.then(|| tcgetattr(&stdin).ok()).flatten();
        if let Some(seen) = &seen {
            eprint!("Password for {}: ", self.name);
            let mut unseen = seen.clone();
            unseen.local_modes.remove(LocalModes::ECHO);
            let _ = tcsetattr(&stdin, OptionalActions::Flush, &unseen);
        }
        let read = stdin.lock().take(PASSWORD_FILE_BYTES_MAX).read_line(&mut text);
        if let Some(seen) = &seen {
            let _ = tcsetattr(&stdin, OptionalActions::Flush, seen);
            eprintln!();
        }
        read.map_err(failed("the password cannot be read from stdin"))?;
        Ok(text)
    }
}
