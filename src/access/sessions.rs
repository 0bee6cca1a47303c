//! Sessions: kept here, by the digest of what the browser's cookie holds. They end by themselves, and with the hub.

use super::role::Role;
use crate::http::token_digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Code;
use jiff::{SignedDuration, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

/// Many more than people; a few megabytes. When it is full the longest unused goes.
const SESSIONS_MAX: usize = 10_000;
/// Browsers and machines of one person. With one more the longest unused ends.
const OWN_MAX: usize = 20;

/// Whose a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A local account, as it was when it last changed: the account itself is looked at anew at each request.
    Account { name: String, changed_at: Timestamp },
    /// Whoever came by the link that a demo prints.
    Link { name: String, roles: BTreeSet<Role>, organisation: Option<Code> },
}

impl Holder {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Account { name, .. }, Self::Account { name: other, .. }) => name == other,
            (Self::Link { .. }, Self::Link { .. }) => true,
            _ => false,
        }
    }
}

struct Session {
    holder: Holder,
    csrf: String,
    begun: Timestamp,
    used: Timestamp,
}

pub struct Sessions {
    idle: SignedDuration,
    longest: SignedDuration,
    open: Mutex<HashMap<[u8; 32], Session>>,
}

impl Sessions {
    #[must_use]
    pub fn new(idle: SignedDuration, longest: SignedDuration) -> Self {
        Self { idle, longest, open: Mutex::default() }
    }

    /// A new one: what its cookie holds. None where this machine gives no random numbers.
    #[must_use]
    pub fn begin(&self, holder: Holder, now: Timestamp) -> Option<String> {
        let (secret, csrf) = (secret()?, secret()?);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| self.is_good(session, now));
        let own: Vec<_> = open.iter().filter(|(_, session)| session.holder.is_same(&holder)).collect();
        let crowd = if own.len() >= OWN_MAX {
            own
        } else if open.len() >= SESSIONS_MAX {
            open.iter().collect()
        } else {
            Vec::new()
        };
        if let Some(oldest) = crowd.into_iter().min_by_key(|(_, session)| session.used).map(|(key, _)| *key) {
            open.remove(&oldest);
        }
        open.insert(token_digest(&secret), Session { holder, csrf, begun: now, used: now });
        Some(secret)
    }

    /// Whose it is, and what its forms carry; none where it is over.
    #[must_use]
    pub fn find(&self, secret: &str, now: Timestamp) -> Option<(Holder, String)> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let key = token_digest(secret);
        let session = open.get_mut(&key)?;
        if !self.is_good(session, now) {
            open.remove(&key);
            return None;
        }
        session.used = now;
        Some((session.holder.clone(), session.csrf.clone()))
    }

    pub fn end(&self, secret: &str) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&token_digest(secret));
    }

    fn is_good(&self, session: &Session, now: Timestamp) -> bool {
        now.duration_since(session.used) < self.idle && now.duration_since(session.begun) < self.longest
    }
}

/// 256 random bits, as text.
#[must_use]
pub fn secret() -> Option<String> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn ada() -> Holder {
        Holder::Account { name: "ada".to_owned(), changed_at: at(0) }
    }

    fn sessions() -> Sessions {
        Sessions::new(SignedDuration::from_mins(60), SignedDuration::from_hours(12))
    }

    #[test]
    fn a_session_ends_when_nobody_uses_it_and_at_its_longest() {
        let sessions = sessions();
        let secret = sessions.begin(ada(), at(0)).unwrap();
        assert_eq!(sessions.find(&secret, at(59)).map(|found| found.0), Some(ada()));
        assert_eq!(sessions.find(&secret, at(118)).map(|found| found.0), Some(ada()));
        assert_eq!(sessions.find(&secret, at(178)), None, "unused for an hour");
        let secret = sessions.begin(ada(), at(0)).unwrap();
        for minute in (0..720).step_by(30) {
            assert!(sessions.find(&secret, at(minute)).is_some(), "{minute}");
        }
        assert_eq!(sessions.find(&secret, at(720)), None, "twelve hours after its beginning");
    }

    #[test]
    fn it_is_known_by_its_secret_alone_and_ends_when_told() {
        let sessions = sessions();
        let (one, two) = (sessions.begin(ada(), at(0)).unwrap(), sessions.begin(ada(), at(0)).unwrap());
        let csrf = |secret: &str| sessions.find(secret, at(1)).map(|found| found.1);
        assert_ne!(csrf(&one), csrf(&two));
        assert_eq!(csrf("guessed"), None);
        sessions.end(&one);
        assert_eq!(csrf(&one), None);
        assert!(csrf(&two).is_some());
    }

    #[test]
    fn one_person_s_sessions_are_bounded_and_the_longest_unused_goes() {
        let sessions = sessions();
        let first = sessions.begin(ada(), at(0)).unwrap();
        let kept = sessions.begin(ada(), at(0)).unwrap();
        for _ in 2..OWN_MAX {
            let _ = sessions.begin(ada(), at(1));
        }
        assert!(sessions.find(&kept, at(2)).is_some());
        let _ = sessions.begin(ada(), at(3));
        assert!(sessions.find(&first, at(3)).is_none() && sessions.find(&kept, at(3)).is_some());
    }
}
