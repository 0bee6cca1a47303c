//! Why there was no answer.

use crate::guard::Forbidden;
use reqwest::Url;
use std::error::Error;

/// Why there was no answer. Sentences for the operator; no URL in them, because a path or query may hold a token.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    #[error("the endpoint's url is not an http or https address with a host: correct it in the directory")]
    BadUrl,
    #[error("the endpoint's url is plain http: use https, or set allow_private if the receiver is meant to be inside")]
    PlainHttp,
    #[error("the endpoint's url holds a user name or a password: take it out of the directory")]
    UserInUrl,
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error("the HTTP client could not be built ({0}): are the system's CA certificates installed?")]
    Build(String),
    #[error("no connection to {host}: {cause}")]
    Connect { host: String, cause: String },
    #[error("{host} did not answer in time")]
    TimedOut { host: String },
    #[error("{host} broke off before it answered: {cause}")]
    BrokenOff { host: String, cause: String },
}

impl Unanswered {
    /// Names the cause of a request that brought no answer.
    #[must_use]
    pub fn from_request(error: &reqwest::Error) -> Self {
        let host = error.url().and_then(Url::host_str).unwrap_or("the receiver").to_owned();
        if let Some(Forbidden { address, class }) = find::<Forbidden>(error) {
            return Self::Forbidden(Forbidden { address: *address, class });
        }
        if error.is_dns() {
            return Self::Connect { host, cause: format!("its name does not resolve ({})", root(error)) };
        }
        match (error.is_timeout(), error.is_connect()) {
            (true, true) => Self::Connect { host, cause: "it does not answer; is it down, or a firewall between?".to_owned() },
            (true, false) => Self::TimedOut { host },
            (false, true) => Self::Connect { host, cause: root(error) },
            (false, false) => Self::BrokenOff { host, cause: root(error) },
        }
    }

    #[must_use]
    pub fn from_build(error: &reqwest::Error) -> Self {
        Self::Build(causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": "))
    }

    /// Whether it is a fault of configuration on our side, which made no connection and waits for a person.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        match self {
            Self::BadUrl | Self::PlainHttp | Self::UserInUrl | Self::Forbidden(_) | Self::Build(_) => true,
            Self::Connect { .. } | Self::TimedOut { .. } | Self::BrokenOff { .. } => false,
        }
    }
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|error| error.downcast_ref::<T>())
}

/// The innermost cause: the outer ones only say that a request failed.
fn root(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}
