//! HTTP clients, one per origin, built at the first delivery and kept: a new connection for each POST costs five times a
//! kept one, with TLS fifteen times.

use domain::directory::Endpoint;
use http_client::guard::Guard;
use http_client::reqwest::{self, Client, Url};
use http_client::{Unanswered, checked};
use jiff::SignedDuration;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::OnceCell;

/// A directory has some hundreds of endpoints; more than this means addresses that changed often. Then all is built anew.
const CHANNELS_MAX: usize = 4_096;
/// A fault of configuration waits for a person.
const MENDING_TIME: SignedDuration = SignedDuration::from_mins(15);

/// Channels by address, clients by origin; both separately for endpoints that allow private addresses.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    open: Kept,
    private: Kept,
}

#[derive(Debug, Default)]
struct Kept {
    channels: RwLock<HashMap<String, Arc<Channel>>>,
    clients: RwLock<HashMap<String, Arc<OnceCell<Client>>>>,
}

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
    /// The channel to an endpoint; the client behind it is built once per origin.
    pub(crate) async fn channel(&self, endpoint: &Endpoint) -> Result<Arc<Channel>, Fault> {
        let kept = if endpoint.allow_private { &self.private } else { &self.open };
        let known = kept.channels.read().unwrap_or_else(PoisonError::into_inner).get(&endpoint.url).map(Arc::clone);
        if let Some(channel) = known {
            return Ok(channel);
        }
        let guard = Guard { allow_private: endpoint.allow_private };
        let url = checked(&endpoint.url, guard)?;
        let client = kept.client(&url, guard).await?;
        let channel = Arc::new(Channel { url, client });
        let mut channels = kept.channels.write().unwrap_or_else(PoisonError::into_inner);
        if channels.len() >= CHANNELS_MAX {
            channels.clear();
        }
        channels.insert(endpoint.url.clone(), Arc::clone(&channel));
        Ok(channel)
    }
}

impl Kept {
    async fn client(&self, url: &Url, guard: Guard) -> Result<Client, Fault> {
        let cell = {
            let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
            if clients.len() >= CHANNELS_MAX {
                clients.clear();
            }
            Arc::clone(clients.entry(url.origin().ascii_serialization()).or_default())
        };
        let tls = url.scheme() == "https";
        // Reading the system's certificates is blocking work.
        let build = || async move {
            let built = tokio::task::spawn_blocking(move || build(tls, guard)).await;
            built.map_err(|error| Unanswered::Build(error.to_string()))?.map_err(|error| Unanswered::from_build(&error).into())
        };
        cell.get_or_try_init(build).await.cloned()
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

fn build(tls: bool, guard: Guard) -> reqwest::Result<Client> {
    let builder = http_client::builder(guard);
    if tls { http_client::secured(builder) } else { http_client::unsecured(builder) }.build()
}
