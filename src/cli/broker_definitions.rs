//! `broker-definitions`: what RabbitMQ has to know of the organisations, made from the directory: users, rights, queues.

use super::{Context, Failure, Outcome, failed, say_json};
use crate::config::Settings;
use crate::wiring;
use amqp::definitions::{Account, Party, definitions};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::directory::{Directory, Publisher};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use std::collections::BTreeSet;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// RabbitMQ's own.
const SALT_BYTES: usize = 4;

#[derive(clap::Args)]
#[command(after_help = "\
Each organisation of publishers.toml gets the users of its `user_ids` (one with its code, where the list is empty), and each that has an
endpoint of the rail `queue` may read it. A user may publish its own routing keys, read its own queues, and nothing else.

  placement-hub --config hub.toml broker-definitions --passwords secrets/broker >definitions.json
  rabbitmqctl import_definitions definitions.json

The definitions hold no password, only salted digests. Without --passwords the users have none and sign in with a client certificate.")]
/// Print users, rights and queues for RabbitMQ, from the directory: each organisation sends and reads its own, and nothing else
pub struct Arguments {
    /// A folder with one file per user that holds its password; those that are missing are made
    #[arg(long, value_name = "FOLDER")]
    passwords: Option<PathBuf>,
    /// The hub's own user
    #[arg(long, value_name = "NAME", default_value = "placement-hub")]
    hub_user: String,
}

pub fn broker_definitions(context: &Context, arguments: &Arguments) -> Outcome {
    let settings = context.settings()?;
    let directory = context.directory(&settings)?;
    let vhost = wiring::broker(&settings).vhost().map_err(|mistakes| Failure::Misconfigured(mistakes.to_string()))?;
    let parties = parties(&directory);
    let users: BTreeSet<&str> = parties.iter().flat_map(|party| &party.users).map(String::as_str).collect();
    check_names(&arguments.hub_user, &users)?;
    let account = |user: &str| {
        let password = arguments.passwords.as_deref().map(|folder| password(folder, user)).transpose()?;
        let password_hash = password.map(|password| password_hash(user, &password)).unwrap_or_default();
        Ok(Account { user: user.to_owned(), password_hash })
    };
    let hub = account(&arguments.hub_user)?;
    let accounts = users.iter().map(|user| account(user)).collect::<Result<Vec<_>, Failure>>()?;
    let made = definitions(&vhost, settings.broker.delivery_limit, &hub, &accounts, &parties)
        .map_err(|mistakes| Failure::Misconfigured(mistakes.0.join("\n")))?;
    say_json(&made)?;
    advise(&settings, &directory, arguments, accounts.len());
    Ok(())
}

/// Whoever publishes or reads a queue, by code.
fn parties(directory: &Directory) -> Vec<Party> {
    let mut parties: Vec<Party> = directory
        .organisations()
        .filter_map(|organisation| {
            let code = organisation.code;
            let publisher = directory.publisher(code);
            let on_a_queue = directory.endpoints().iter().filter(|endpoint| endpoint.organisation == code && endpoint.adapter == "queue");
            let queues: Vec<_> = on_a_queue.cloned().collect();
            let mut users = publisher.map(|publisher| publisher.user_ids.clone()).unwrap_or_default();
            if users.is_empty() {
                users.push(code.to_string());
            }
            let sends: Vec<_> = publisher.iter().flat_map(|publisher| &publisher.may_send).map(|kind| kind.name()).collect();
            let has_to_do = !(sends.is_empty() && queues.is_empty());
            has_to_do.then_some(Party { organisation: code, users, sends, queues })
        })
        .collect();
    parties.sort_by_key(|party| party.organisation);
    parties
}

/// A name is a file's too.
fn check_names(hub: &str, users: &BTreeSet<&str>) -> Outcome {
    let plain = |name: &str| {
        !name.is_empty() && !name.starts_with('.') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let mut wrong: Vec<String> = [hub]
        .iter()
        .chain(users)
        .filter(|name| !plain(name))
        .map(|name| format!("`{name}` can be no user's name here: use letters, digits, `.`, `_` and `-`, and no `.` at the start"))
        .collect();
    if users.contains(hub) {
        wrong.push(format!("`{hub}` is the hub's own user and an organisation's: give the hub another with --hub-user"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Failure::Misconfigured(wrong.join("\n"))) }
}

/// What is in the user's file, made where there is none.
fn password(folder: &Path, user: &str) -> Result<String, Failure> {
    let file = folder.join(user);
    let failure = |what: &str, error: std::io::Error| Failure::Failed(format!("{} {what}: {error}", file.display()));
    if let Some(found) = read(&file).map_err(|error| failure("cannot be read", error))? {
        return if found.is_empty() { Err(Failure::Failed(format!("{} is empty", file.display()))) } else { Ok(found) };
    }
    let mut secret = [0; 32];
    SystemRandom::new().fill(&mut secret).map_err(failed("this machine gives no random numbers"))?;
    let made = URL_SAFE_NO_PAD.encode(secret);
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| failure("has no folder", error))?;
    let mut open =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file).map_err(|error| failure("cannot be made", error))?;
    writeln!(open, "{made}").and_then(|()| open.sync_all()).map_err(|error| failure("cannot be written", error))?;
    Ok(made)
}

fn read(file: &Path) -> std::io::Result<Option<String>> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// As RabbitMQ keeps it. The salt follows from user and password, so that the definitions change only where something does.
fn password_hash(user: &str, password: &str) -> String {
    let salt = digest(&SHA256, format!("{user}\n{password}").as_bytes());
    let salt = &salt.as_ref()[..SALT_BYTES];
    let salted = digest(&SHA256, &[salt, password.as_bytes()].concat());
    STANDARD.encode([salt, salted.as_ref()].concat())
}

/// What is left to do for a person.
fn advise(settings: &Settings, directory: &Directory, arguments: &Arguments, accounts: usize) {
    eprintln!("{accounts} users of organisations, and the hub's: {}.", arguments.hub_user);
    match &arguments.passwords {
        Some(folder) => eprintln!("Their passwords are in {}: give each to its organisation by a safe way.", folder.display()),
        None => eprintln!("They have no passwords: each signs in with a client certificate that names it. --passwords makes some."),
    }
    let publishers = directory.organisations().filter_map(|organisation| directory.publisher(organisation.code));
    let mut nameless: Vec<&Publisher> = publishers.filter(|publisher| publisher.user_ids.is_empty()).collect();
    nameless.sort_by_key(|publisher| publisher.organisation);
    if !nameless.is_empty() {
        eprintln!("So that the hub itself asks for the broker's word too, write in publishers.toml:");
        for publisher in nameless {
            eprintln!("  {0}: user_ids = [\"{0}\"]", publisher.organisation);
        }
    }
    if !settings.intake.require_user_id {
        eprintln!("`intake.require_user_id` is off: when every publisher sets the property user_id, switch it on.");
    }
    eprintln!("A broker that is not new still has its user `guest`: rabbitmqctl delete_user guest");
}

#[cfg(test)]
mod tests {
    use super::password_hash;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use ring::digest::{SHA256, digest};

    #[test]
    fn a_password_is_kept_salted_and_the_same_each_time() {
        let kept = password_hash("kent", "secret");
        assert_eq!(kept, password_hash("kent", "secret"));
        assert_ne!(kept, password_hash("surrey", "secret"), "the salt differs");
        let bytes = STANDARD.decode(kept).unwrap();
        assert_eq!(bytes.len(), 36);
        assert_eq!(&bytes[4..], digest(&SHA256, &[&bytes[..4], b"secret"].concat()).as_ref());
    }
}
