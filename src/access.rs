//! Who may do what. The cast: a [`Person`] has [`Role`]s, which grant [`Right`]s; the `table` says which right each route asks for; local
//! accounts and API tokens stand in the `register`; who has signed in has a session.
//!
//! Where nobody has an account, nobody can sign in, and nothing is shown.

pub mod password;
mod person;
pub mod register;
mod role;
mod sessions;
mod table;
mod throttle;

pub use person::Person;
pub use register::{Account, ApiToken, Register, RegisterError};
pub use role::{Right, Role};
pub use sessions::{Holder, secret};
pub use table::{Need, ROUTES, Ruling, need};

use crate::config::AccessSettings;
use crate::http::token_digest;
use domain::Code;
use domain::hex::hex;
use jiff::Timestamp;
use register::beside;
use sessions::Sessions;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use throttle::Throttle;
use tokio::sync::Semaphore;

/// So that one that got into a log or a mail is known for what it is.
const MARK: &str = "phub_";
/// Passwords that are hashed at once, of 19 MiB each; the others wait for their turn.
const HASHES_AT_ONCE: usize = 2;
/// Those who may wait for it: a second or two.
const HASHES_WAITING: usize = 30;
/// What was used when is written down so often.
const USES_EVERY_SECONDS: i64 = 60;

/// The door of a hub.
pub struct Access {
    pub settings: AccessSettings,
    pub register: Register,
    sessions: Sessions,
    throttle: Throttle,
    hashing: Semaphore,
    waiting: Semaphore,
    /// A link that signs in, for a hub that is there to be looked at (the demo): what it holds.
    link: Mutex<Option<String>>,
    uses: Mutex<Uses>,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// When each token was last used.
#[derive(Default)]
struct Uses {
    last: BTreeMap<String, Timestamp>,
    written: Option<Timestamp>,
}

/// What came of a name and a password.
#[derive(Debug, PartialEq, Eq)]
pub enum SignIn {
    /// What the session's cookie holds.
    Done(String),
    Wrong,
    /// Too many have failed: seconds to wait.
    Slower(i64),
    /// Too many at once.
    Busy,
}

impl Access {
    /// # Errors
    /// Where the register cannot be read.
    pub fn open(settings: AccessSettings, now: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Result<Self, RegisterError> {
        Ok(Self {
            register: Register::open(&settings.file)?,
            sessions: Sessions::new(settings.idle, settings.longest),
            throttle: Throttle::default(),
            hashing: Semaphore::new(HASHES_AT_ONCE),
            waiting: Semaphore::new(HASHES_WAITING),
            link: Mutex::default(),
            uses: Mutex::default(),
            settings,
            now,
        })
    }

    /// Whether anybody could sign in here by name and password.
    #[must_use]
    pub fn has_accounts(&self) -> bool {
        self.register.now().account.iter().any(|account| !account.disabled)
    }

    /// Signs in by name and password.
    pub async fn sign_in(&self, name: &str, password: String, from: IpAddr) -> SignIn {
        let Ok(_waiting) = self.waiting.try_acquire() else { return SignIn::Busy };
        if let Err(seconds) = self.throttle.attempt(from, name, (self.now)()) {
            return SignIn::Slower(seconds);
        }
        let Ok(_place) = self.hashing.acquire().await else { return SignIn::Busy };
        let account = self.register.now().account(name).filter(|account| !account.disabled).cloned();
        let stored = account.as_ref().map(|account| account.password.clone());
        let right = tokio::task::spawn_blocking(move || password::verify(&password, stored.as_deref())).await.unwrap_or(false);
        let Some(account) = account.filter(|_| right) else { return SignIn::Wrong };
        self.throttle.succeeded(from, name, (self.now)());
        self.begin(Holder::Account { name: account.name, changed_at: account.changed_at }).map_or(SignIn::Busy, SignIn::Done)
    }

    /// A session for somebody who has shown who they are. None where this machine gives no random numbers.
    #[must_use]
    pub fn begin(&self, holder: Holder) -> Option<String> {
        self.sessions.begin(holder, (self.now)())
    }

    pub fn end(&self, cookie: &str) {
        self.sessions.end(cookie);
    }

    /// A link that signs in whoever has it, as an administrator, for as long as this hub runs.
    #[must_use]
    pub fn make_link(&self) -> Option<String> {
        let key = secret()?;
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
        Some(key)
    }

    /// A session by that link.
    #[must_use]
    pub fn by_link(&self, key: &str) -> Option<String> {
        let made = self.link.lock().unwrap_or_else(PoisonError::into_inner).as_deref().map(token_digest);
        let holder =
            Holder::Link { name: "whoever has the link".to_owned(), roles: BTreeSet::from([Role::Administrator]), organisation: None };
        // By digest: how long it takes tells nothing.
        (made == Some(token_digest(key))).then(|| self.begin(holder)).flatten()
    }

    /// Who has this cookie; none where its session is over, or the account is not what it was.
    #[must_use]
    pub fn by_cookie(&self, cookie: &str) -> Option<Person> {
        let (holder, csrf) = self.sessions.find(cookie, (self.now)())?;
        match holder {
            Holder::Account { name, changed_at } => {
                let register = self.register.now();
                let account = register.account(&name).filter(|account| !account.disabled && account.changed_at == changed_at)?;
                let (roles, organisation) = (account.roles.clone(), account.organisation);
                Some(Person { actor: format!("user:{name}"), name, roles, organisation, csrf })
            }
            Holder::Link { name, roles, organisation } => Some(Person { actor: "link".to_owned(), name, roles, organisation, csrf }),
        }
    }

    /// Whose token this is; none where none is in force.
    #[must_use]
    pub fn by_token(&self, token: &str) -> Option<Person> {
        let token = self.token(&token_digest(token))?;
        Some(Person {
            actor: format!("token:{}", token.id),
            name: token.name,
            roles: token.roles,
            organisation: token.organisation,
            csrf: String::new(),
        })
    }

    /// The token with this digest, where it is in force. That it was used is kept.
    #[must_use]
    pub fn token(&self, digest: &[u8; 32]) -> Option<ApiToken> {
        let now = (self.now)();
        let token = self.register.now().token(&hex(digest), now).cloned()?;
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        uses.last.insert(token.id.clone(), now);
        if uses.written.is_none_or(|written| now.duration_since(written).as_secs() >= USES_EVERY_SECONDS) {
            uses.written = Some(now);
            uses.write(&self.settings.file);
        }
        Some(token)
    }

    /// Before the hub stops.
    pub fn keep_uses(&self) {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner).write(&self.settings.file);
    }
}

impl Uses {
    /// With what other hubs, and this one before, have written. It is for people only: where it cannot be written, a token is as good.
    fn write(&mut self, register: &Path) {
        if self.last.is_empty() {
            return;
        }
        for (id, at) in last_uses(register) {
            let own = self.last.entry(id).or_insert(at);
            *own = at.max(*own);
        }
        let text = serde_json::to_vec(&self.last).unwrap_or_default();
        if let Err(error) = crate::directory::replace(&beside(register, ".uses"), &text) {
            tracing::warn!(%error, "when tokens were last used cannot be written beside the register");
        }
    }
}

/// When each token was last used, as hubs have written it; to the minute.
#[must_use]
pub fn last_uses(register: &Path) -> BTreeMap<String, Timestamp> {
    let text = std::fs::read(beside(register, ".uses")).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// A new token: its text, which is shown once, and what the register keeps of it. None where this machine gives no random numbers.
#[must_use]
pub fn new_token(wanted: Wanted, now: Timestamp) -> Option<(String, ApiToken)> {
    let text = token_text()?;
    let Wanted { name, roles, organisation, expires_at, by } = wanted;
    let sha256 = hex(&token_digest(&text));
    let id = sha256[..12].to_owned();
    let token = ApiToken { id, name, roles, organisation, sha256, created_at: now, created_by: by, expires_at, revoked_at: None };
    Some((text, token))
}

/// A token's text: 256 random bits. None where this machine gives none.
#[must_use]
pub fn token_text() -> Option<String> {
    Some(format!("{MARK}{}", secret()?))
}

/// What a token is to be.
pub struct Wanted {
    pub name: String,
    pub roles: BTreeSet<Role>,
    pub organisation: Option<Code>,
    pub expires_at: Timestamp,
    /// Who makes it.
    pub by: String,
}
