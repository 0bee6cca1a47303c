//! Who calls.

use super::role::{Right, Role};
use domain::Code;
use domain::directory::{Permission, Token};
use domain::hex::hex;
use std::collections::BTreeSet;

/// Somebody whom the hub knows: by a session or by a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// As the audit writes it: `user:ada`, `link`, `token:<id>`.
    pub actor: String,
    /// For the page's head.
    pub name: String,
    pub roles: BTreeSet<Role>,
    /// Whose they are; none for the hub's own. An organisation's person never sees more than its own organisation.
    pub organisation: Option<Code>,
    /// What every form of this session must carry, as the field `csrf`; empty for a token, which no browser sends by itself.
    pub csrf: String,
}

impl Person {
    /// Whether they may do this to the hub as a whole; an organisation's person never may.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        self.organisation.is_none() && self.roles.iter().any(|role| role.grants().contains(&right))
    }

    /// Whether they may do this for their own organisation.
    #[must_use]
    pub fn may_for_own(&self, right: Right) -> bool {
        self.organisation.is_some() && self.roles.iter().any(|role| role.grants().contains(&right))
    }

    /// The holder of a token of `tokens.toml`.
    #[must_use]
    pub fn of_directory(token: &Token) -> Self {
        let roles = token.may.iter().map(|may| match may {
            Permission::Publish => Role::Publisher,
            Permission::Read => Role::Recipient,
        });
        let actor = format!("token:{}", &hex(&token.digest)[..12]);
        Self { actor, name: token.name.clone(), roles: roles.collect(), organisation: Some(token.organisation), csrf: String::new() }
    }

    #[cfg(test)]
    pub fn example(roles: &[Role], organisation: Option<Code>) -> Self {
        let roles = roles.iter().copied().collect();
        Self { actor: "user:ada".to_owned(), name: "Ada".to_owned(), roles, organisation, csrf: "c".to_owned() }
    }
}
