//! The register: local accounts and API tokens, in one file that only the hub's user can read. Passwords and tokens stand in it as
//! hashes. The command line and the hub replace it whole, one at a time; the hub sees a change at the next request.

use super::password;
use super::role::Role;
use crate::directory::replace;
use arc_swap::ArcSwap;
use domain::Code;
use domain::hex::unhex;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A small site has ten.
const ACCOUNTS_MAX: usize = 1_000;
/// A token for each system of every organisation in England, several times over. Revoked ones count, until they are cleared away.
const TOKENS_MAX: usize = 10_000;
const NAME_CHARACTERS_MAX: usize = 64;

/// Somebody who signs in here by name and password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    pub name: String,
    pub roles: BTreeSet<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<Code>,
    /// Argon2id, as a PHC string.
    pub password: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// Sessions from before are over.
    pub changed_at: Timestamp,
}

/// A token for a system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiToken {
    /// Says which it is, and opens nothing.
    pub id: String,
    pub name: String,
    pub roles: BTreeSet<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<Code>,
    /// The token's digest, 64 hexadecimal digits. It holds 256 random bits: there is nothing to guess.
    pub sha256: String,
    pub created_at: Timestamp,
    pub created_by: String,
    pub expires_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// The file's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    #[serde(default)]
    pub account: Vec<Account>,
    #[serde(default)]
    pub token: Vec<ApiToken>,
}

#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    #[error("{path} cannot be used: {source}; it is `access.file` of the settings, and only the hub's user may read it")]
    File { path: String, source: std::io::Error },
    #[error("{path} is no register of accounts and tokens: {what}; mend it, or put back a copy")]
    Malformed { path: String, what: String },
    /// What somebody wants of it is wrong: a sentence for them.
    #[error("{0}")]
    Refused(String),
}

/// The register as a hub has it.
pub struct Register {
    path: PathBuf,
    content: ArcSwap<Content>,
    /// Which version of the file the content is.
    seen: Mutex<Option<Version>>,
}

/// Changes with every replacement.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Version(u64, i64, i64, u64);

impl Register {
    /// A file that is not there is an empty register.
    ///
    /// # Errors
    /// Where it cannot be read, or is none.
    pub fn open(path: &Path) -> Result<Self, RegisterError> {
        let version = version(path);
        let content = read(path)?;
        Ok(Self { path: path.to_owned(), content: ArcSwap::from_pointee(content), seen: Mutex::new(version) })
    }

    /// As the file is now. One that has become unreadable leaves the last good one in force, and is logged once.
    #[must_use]
    pub fn now(&self) -> Arc<Content> {
        let version = version(&self.path);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen != version {
            match read(&self.path) {
                Ok(content) => self.content.store(Arc::new(content)),
                Err(error) => tracing::error!(%error, "accounts and tokens stay as they were"),
            }
            *seen = version;
        }
        self.content.load_full()
    }

    /// Changes the file: one at a time, whoever else does.
    ///
    /// # Errors
    /// Where it cannot be written, or `by` refuses.
    pub fn change<T>(&self, by: impl FnOnce(&mut Content) -> Result<T, RegisterError>) -> Result<T, RegisterError> {
        change(&self.path, by)
    }
}

/// As [`Register::change`], for a command.
///
/// # Errors
/// Where it cannot be written, or `by` refuses.
pub fn change<T>(path: &Path, by: impl FnOnce(&mut Content) -> Result<T, RegisterError>) -> Result<T, RegisterError> {
    let file_error = |source| RegisterError::File { path: path.display().to_string(), source };
    let private = |path: &Path| OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(file_error)?;
    }
    // Beside the file, which is replaced. It is free again when it is closed, or its holder dies.
    let lock = private(&beside(path, ".lock")).map_err(file_error)?;
    lock.lock().map_err(file_error)?;
    let mut content = read(path)?;
    let done = by(&mut content)?;
    content.check(path)?;
    let text = toml::to_string(&content)
        .map_err(|error| RegisterError::Malformed { path: path.display().to_string(), what: error.to_string() })?;
    // What replaces it has its permissions.
    drop(private(path).map_err(file_error)?);
    replace(path, text.as_bytes()).map_err(file_error)?;
    Ok(done)
}

/// # Errors
/// Where it cannot be read, or is none.
pub fn read(path: &Path) -> Result<Content, RegisterError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Content::default()),
        Err(source) => return Err(RegisterError::File { path: path.display().to_string(), source }),
    };
    // Its own words would show the line, which may be a hash.
    let malformed = |what: String| RegisterError::Malformed { path: path.display().to_string(), what };
    let content: Content = toml::from_str(&text).map_err(|error| malformed(error.message().to_owned()))?;
    content.check(path)?;
    Ok(content)
}

/// A file beside the register.
#[must_use]
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn version(path: &Path) -> Option<Version> {
    let found = File::open(path).and_then(|file| file.metadata()).ok()?;
    Some(Version(found.ino(), found.mtime(), found.mtime_nsec(), found.len()))
}

impl Content {
    #[must_use]
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.account.iter().find(|account| account.name == name)
    }

    /// The token with this digest, where it is good now.
    #[must_use]
    pub fn token(&self, digest: &str, now: Timestamp) -> Option<&ApiToken> {
        self.token.iter().find(|token| token.sha256 == digest && token.is_good(now))
    }

    /// # Errors
    /// Where it is there already, or something about it is wrong.
    pub fn add(&mut self, account: Account) -> Result<(), RegisterError> {
        if self.account(&account.name).is_some() {
            return Err(RegisterError::Refused(format!("there is an account {} already", account.name)));
        }
        whole(&account.name, &account.roles, account.organisation)?;
        self.account.push(account);
        Ok(())
    }

    /// Changes one account; its sessions are over.
    ///
    /// # Errors
    /// Where there is none, or nobody could administer the hub afterwards.
    pub fn alter(&mut self, name: &str, now: Timestamp, by: impl FnOnce(&mut Account)) -> Result<(), RegisterError> {
        let administrated = self.administrators() > 0;
        let account = self.account.iter_mut().find(|account| account.name == name);
        let account = account.ok_or_else(|| RegisterError::Refused(format!("there is no account {name}")))?;
        by(account);
        account.changed_at = now;
        whole(&account.name, &account.roles, account.organisation)?;
        if administrated && self.administrators() == 0 {
            return Err(RegisterError::Refused(format!("{name} is the last administrator: make another one first")));
        }
        Ok(())
    }

    /// # Errors
    /// Where something about it is wrong.
    pub fn grant(&mut self, token: ApiToken) -> Result<(), RegisterError> {
        whole(&token.name, &token.roles, token.organisation)?;
        self.token.push(token);
        Ok(())
    }

    /// # Errors
    /// Where no token has this id, or it is revoked already.
    pub fn revoke(&mut self, id: &str, now: Timestamp) -> Result<(), RegisterError> {
        let token = self.token.iter_mut().find(|token| token.id == id && token.revoked_at.is_none());
        token.ok_or_else(|| RegisterError::Refused(format!("no token {id} is in force")))?.revoked_at = Some(now);
        Ok(())
    }

    fn administrators(&self) -> usize {
        let can = |account: &&Account| !account.disabled && account.organisation.is_none() && account.roles.contains(&Role::Administrator);
        self.account.iter().filter(can).count()
    }

    fn check(&self, path: &Path) -> Result<(), RegisterError> {
        let mut mistakes = Vec::new();
        let (mut names, mut digests) = (BTreeSet::new(), BTreeSet::new());
        for account in &self.account {
            mistakes.extend(whole(&account.name, &account.roles, account.organisation).err().map(|error| error.to_string()));
            if !names.insert(&account.name) {
                mistakes.push(format!("account {} is there twice", account.name));
            }
            if !password::is_hash(&account.password) {
                mistakes.push(format!("account {}: its password is no Argon2id hash", account.name));
            }
        }
        for token in &self.token {
            mistakes.extend(whole(&token.name, &token.roles, token.organisation).err().map(|error| error.to_string()));
            if unhex::<32>(&token.sha256).is_none() || !digests.insert(&token.sha256) {
                mistakes.push(format!("token {}: its sha256 is no digest, or another's", token.id));
            }
        }
        if self.account.len() > ACCOUNTS_MAX || self.token.len() > TOKENS_MAX {
            mistakes.push(format!("it may hold {ACCOUNTS_MAX} accounts and {TOKENS_MAX} tokens"));
        }
        if mistakes.is_empty() {
            return Ok(());
        }
        Err(RegisterError::Malformed { path: path.display().to_string(), what: mistakes.join("; ") })
    }
}

impl ApiToken {
    /// For people.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> &'static str {
        match self.revoked_at {
            Some(_) => "revoked",
            None if self.is_good(now) => "in force",
            None => "expired",
        }
    }

    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

/// What holds for whoever has roles.
///
/// # Errors
/// A sentence.
pub fn whole(name: &str, roles: &BTreeSet<Role>, organisation: Option<Code>) -> Result<(), RegisterError> {
    let refused = |what: String| Err(RegisterError::Refused(what));
    if name.trim().is_empty() || name.chars().count() > NAME_CHARACTERS_MAX || name.chars().any(char::is_control) {
        return refused(format!("a name has 1 to {NAME_CHARACTERS_MAX} characters"));
    }
    if roles.is_empty() {
        return refused(format!("{name}: give a role"));
    }
    if organisation.is_none()
        && let Some(role) = roles.iter().find(|role| role.needs_organisation())
    {
        return refused(format!("{name}: {} means nothing without an organisation", role.name()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn account(name: &str, role: Role) -> Account {
        Account {
            name: name.to_owned(),
            roles: BTreeSet::from([role]),
            organisation: None,
            password: password::hash("three random words").unwrap(),
            disabled: false,
            changed_at: at(0),
        }
    }

    fn token(id: &str, organisation: Option<&str>) -> ApiToken {
        ApiToken {
            id: id.to_owned(),
            name: "records".to_owned(),
            roles: BTreeSet::from([Role::Publisher]),
            organisation: organisation.map(|code| Code::new(code).unwrap()),
            sha256: "ab".repeat(32),
            created_at: at(0),
            created_by: "cli:ada".to_owned(),
            expires_at: at(100),
            revoked_at: None,
        }
    }

    #[test]
    fn what_is_written_is_seen_by_a_hub_that_runs_and_by_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("var/access.toml");
        let register = Register::open(&path).unwrap();
        assert_eq!(*register.now(), Content::default());
        change(&path, |content| content.add(account("ada", Role::Administrator))).unwrap();
        change(&path, |content| content.grant(token("t1", Some("E10000016")))).unwrap();
        assert!(register.now().account("ada").is_some());
        assert!(register.now().token(&"ab".repeat(32), at(99)).is_some());
        assert!(register.now().token(&"ab".repeat(32), at(100)).is_none(), "it has expired");
        register.change(|content| content.revoke("t1", at(5))).unwrap();
        assert!(register.now().token(&"ab".repeat(32), at(6)).is_none());
        let mode = fs::metadata(&path).unwrap().mode() & 0o777;
        assert_eq!(mode, 0o600);
        // A mistake in it changes nothing for who is signed in.
        fs::write(&path, "[[account]]\nname = 1").unwrap();
        assert!(register.now().account("ada").is_some());
        assert!(matches!(Register::open(&path), Err(RegisterError::Malformed { .. })));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_a_sentence() {
        let mut content = Content::default();
        let refused = |result: Result<(), RegisterError>, word: &str| {
            let said = result.unwrap_err().to_string();
            assert!(said.contains(word), "{said}");
        };
        content.add(account("ada", Role::Administrator)).unwrap();
        refused(content.add(account("ada", Role::Viewer)), "already");
        refused(content.add(account("", Role::Viewer)), "characters");
        refused(content.grant(token("t", None)), "without an organisation");
        refused(content.revoke("t", at(1)), "in force");
        refused(content.alter("bob", at(1), |_| ()), "no account bob");
        refused(content.clone().alter("ada", at(1), |account| account.disabled = true), "last administrator");
        content.add(account("bob", Role::Administrator)).unwrap();
        content.alter("ada", at(1), |account| account.disabled = true).unwrap();
        assert_eq!(content.account("ada").map(|account| (account.disabled, account.changed_at)), Some((true, at(1))));
    }
}
