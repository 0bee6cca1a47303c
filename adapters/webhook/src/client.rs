//! HTTP clients, one per origin, built at the first delivery and kept: a new connection for each POST costs five times a
//! kept one, with TLS fifteen times.

use crate::guard::{Forbidden, Guard};
use domain::directory::Endpoint;
use jiff::SignedDuration;
use reqwest::{Client, Url, redirect};
use rustls::{ClientConfig, RootCertStore};
use std::collections::HashMap;
use std::error::Error;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::OnceCell;

/// As the receiver sees us.
const USER_AGENT: &str = concat!("placement-hub/", env!("CARGO_PKG_VERSION"));
/// A far end that is there answers a connection within one round trip, with retransmissions within three seconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Shorter than the minute or so after which common servers and firewalls drop an idle connection.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// No endpoint has more in flight than this in practice, and an idle connection costs both ends a descriptor.
const IDLE_CONNECTIONS_MAX: usize = 128;
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
    #[error("the endpoint's url is not an http or https address with a host: correct it in the directory")]
    BadUrl,
    #[error("the endpoint's url is plain http: use https, or set allow_private if the receiver is meant to be inside")]
    PlainHttp,
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
            built.map_err(|error| Fault::Build(error.to_string()))?.map_err(|error| Fault::Build(chain(&error)))
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
    /// Names the cause of a request that brought no answer.
    pub(crate) fn from_request(error: &reqwest::Error) -> Self {
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

    /// How long to leave it alone; none where the usual schedule will do.
    pub(crate) const fn after(&self) -> Option<SignedDuration> {
        match self {
            Self::NoSecret | Self::BadSecret | Self::BadUrl | Self::PlainHttp | Self::Forbidden(_) | Self::Build(_) => Some(MENDING_TIME),
            Self::Connect { .. } | Self::TimedOut { .. } | Self::BrokenOff { .. } => None,
        }
    }
}

/// The address, if it may be posted to. Names are judged when they resolve; numbers, however written, here.
fn checked(text: &str, guard: Guard) -> Result<Url, Fault> {
    let url = Url::parse(text).map_err(|_| Fault::BadUrl)?;
    let host = url.host_str().ok_or(Fault::BadUrl)?;
    // URL parsing has already made `2130706433`, `0x7f.1` and `0177.0.0.1` into `127.0.0.1`.
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        guard.check(address)?;
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if guard.allow_private => Ok(url),
        "http" => Err(Fault::PlainHttp),
        _ => Err(Fault::BadUrl),
    }
}

fn build(tls: bool, guard: Guard) -> reqwest::Result<Client> {
    let builder = Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
        .http1_only()
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .dns_resolver(guard);
    // An error only says that a provider is there already, which then is the process's choice.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if tls {
        return builder.https_only(true).tls_version_min(reqwest::tls::Version::TLS_1_2).build();
    }
    // Plain http trusts nobody's certificate, so it needs none of the system's (a bare container has none).
    builder.tls_backend_preconfigured(ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth()).build()
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|error| error.downcast_ref::<T>())
}

/// The innermost cause: the outer ones only say that a request failed.
fn root(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn chain(error: &(dyn Error + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(url: &str, allow_private: bool) -> Option<String> {
        checked(url, Guard { allow_private }).err().map(|fault| format!("{fault:?}"))
    }

    #[test]
    fn numbers_are_judged_however_they_are_written() {
        for host in
            ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"]
        {
            let said = fault(&format!("https://{host}/hook"), false);
            assert!(said.is_some_and(|text| text.starts_with("Forbidden")), "{host}");
        }
        assert_eq!(fault("http://127.0.0.1/hook", true), None);
    }

    #[test]
    fn child_data_does_not_go_out_in_clear() {
        assert_eq!(fault("http://example.org/hook", false).as_deref(), Some("PlainHttp"));
        assert_eq!(fault("https://example.org/hook", false), None);
        for wrong in ["ftp://example.org/", "example.org", "mailto:a@example.org", ""] {
            assert_eq!(fault(wrong, true).as_deref(), Some("BadUrl"), "{wrong}");
        }
    }
}
