//! Where to post, by the address as the directory has it: read and judged once, its client shared with all of its origin.

use domain::directory::Endpoint;
use http_client::guard::Guard;
use http_client::reqwest::{self, Client, Url};
use http_client::{Pool, Unanswered, checked};
use jiff::SignedDuration;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// A directory has some hundreds of endpoints; more than this means addresses that changed often. Then all is built anew.
const CHANNELS_MAX: usize = 4_096;
/// A fault of configuration waits for a person.
const MENDING_TIME: SignedDuration = SignedDuration::from_mins(15);

/// Channels by address, separately for endpoints that allow private addresses.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    open: Channels,
    private: Channels,
    pool: Pool,
}

type Channels = RwLock<HashMap<String, Arc<Channel>>>;

/// Where to post, and with which client.
#[derive(Debug)]
pub(crate) struct Channel {
    url: Url,
    client: Client,
}

/// Why there was no answer. Sentences for the operator; no URL in them, because a path or query may hold a token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the endpoint has no signing secret: give it one in the directory")]
    NoSecret,
    #[error("a signing secret of the endpoint is not `whsec_` and base64: correct the secret's file")]
    BadSecret,
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
}

impl Clients {
    /// The channel to an endpoint.
    pub(crate) async fn channel(&self, endpoint: &Endpoint) -> Result<Arc<Channel>, Fault> {
        let channels = if endpoint.allow_private { &self.private } else { &self.open };
        let known = channels.read().unwrap_or_else(PoisonError::into_inner).get(&endpoint.url).map(Arc::clone);
        if let Some(channel) = known {
            return Ok(channel);
        }
        let guard = Guard { allow_private: endpoint.allow_private };
        let url = checked(&endpoint.url, guard)?;
        let client = self.pool.client(&url, guard).await?;
        let channel = Arc::new(Channel { url, client });
        let mut channels = channels.write().unwrap_or_else(PoisonError::into_inner);
        if channels.len() >= CHANNELS_MAX {
            channels.clear();
        }
        channels.insert(endpoint.url.clone(), Arc::clone(&channel));
        Ok(channel)
    }
}

impl Channel {
    pub(crate) fn post(&self) -> reqwest::RequestBuilder {
        self.client.post(self.url.clone())
    }
}

impl Fault {
    /// How long to leave it alone; none where the usual schedule will do.
    pub(crate) const fn after(&self) -> Option<SignedDuration> {
        match self {
            Self::NoSecret | Self::BadSecret => Some(MENDING_TIME),
            Self::Unanswered(unanswered) if unanswered.is_ours() => Some(MENDING_TIME),
            Self::Unanswered(_) => None,
        }
    }
}
