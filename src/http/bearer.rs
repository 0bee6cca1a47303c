//! Who asks: the organisation that a bearer token stands for (RFC 6750).

use super::State;
use super::problem::Problem;
use crate::access::{ApiToken, Right};
use axum::http::{HeaderMap, header};
use domain::Code;
use domain::directory::Permission;
use ring::digest::{SHA256, digest};

/// An organisation, by its token. What the token is good for is asked anew each time: the directory may be another by then.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    pub organisation: Code,
    digest: [u8; 32],
}

impl Caller {
    /// # Errors
    /// 401 where there is no token, or none that is good today: in the same words.
    pub fn of(state: &State, headers: &HeaderMap) -> Result<Self, Problem> {
        let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (scheme, token) = header.split_once(' ').unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Problem::unauthorised());
        }
        // Tokens are looked up by digest: how long that takes tells nothing about any token.
        let digest = token_digest(token.trim());
        let caller = |organisation| Self { organisation, digest };
        let directory = state.journey.directory.load();
        if let Some(token) = directory.token(&digest, today(state)) {
            return Ok(caller(token.organisation));
        }
        let token = state.access.token(&digest).ok_or_else(Problem::unauthorised)?;
        // One for the hub as a whole stands for no organisation, so it sends for none and has no feed.
        Ok(caller(token.organisation.unwrap_or_default()))
    }

    /// Whether its token is good for this now.
    pub fn may(&self, state: &State, permission: Permission) -> bool {
        let directory = state.journey.directory.load();
        if let Some(token) = directory.token(&self.digest, today(state)) {
            return token.organisation == self.organisation && token.may.contains(&permission);
        }
        let right = match permission {
            Permission::Publish => Right::Publish,
            Permission::Read => Right::Read,
        };
        let token = state.access.token(&self.digest);
        let granted = |token: &ApiToken| token.roles.iter().any(|role| role.grants().contains(&right));
        token.is_some_and(|token| token.organisation == Some(self.organisation) && granted(&token))
    }
}

/// What the hub keeps of a token. It holds 256 random bits, so one plain digest is enough: there is nothing to guess.
#[must_use]
pub fn token_digest(token: &str) -> [u8; 32] {
    let mut own = [0; 32];
    own.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    own
}

fn today(state: &State) -> jiff::civil::Date {
    state.journey.policy.day((state.journey.now)())
}
