//! HTTP towards other people's machines: one way to build a client, to judge an address, to name what went wrong and to keep
//! what they say from telling too much. Every adapter that speaks HTTP stands on it; it knows none of them.
//!
//! The crate `reqwest` is used here and handed on, so that its version and features are decided in one place.

mod answer;
pub mod excerpt;
pub mod guard;
mod pool;
mod unanswered;
mod validity;

pub use answer::{beginning, retry_after};
pub use pool::Pool;
pub use reqwest;
pub use unanswered::Unanswered;
pub use validity::Validity;

use guard::Guard;
use reqwest::{Client, ClientBuilder, Url, redirect};
use rustls::{ClientConfig, RootCertStore};
use std::net::IpAddr;
use std::time::Duration;

/// As the receiver sees us.
const USER_AGENT: &str = concat!("placement-hub/", env!("CARGO_PKG_VERSION"));
/// A far end that is there answers a connection within one round trip, with retransmissions within three seconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Shorter than the minute or so after which common servers and firewalls drop an idle connection.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// No endpoint has more in flight than this in practice, and an idle connection costs both ends a descriptor.
const IDLE_CONNECTIONS_MAX: usize = 128;
/// The address, if it may be connected to. Names are judged when they resolve; numbers, however written, here.
///
/// # Errors
/// `BadUrl`, `PlainHttp`, `UserInUrl` or `Forbidden`.
pub fn checked(text: &str, guard: Guard) -> Result<Url, Unanswered> {
    let url = Url::parse(text).map_err(|_| Unanswered::BadUrl)?;
    let host = url.host_str().ok_or(Unanswered::BadUrl)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Unanswered::UserInUrl);
    }
    // URL parsing has already made `2130706433`, `0x7f.1` and `0177.0.0.1` into `127.0.0.1`.
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        guard.check(address)?;
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if guard.allow_private => Ok(url),
        "http" => Err(Unanswered::PlainHttp),
        _ => Err(Unanswered::BadUrl),
    }
}

/// How every client here behaves: one attempt, to the address given, through nobody, by HTTP/1.1. Decompresses nothing.
pub fn builder(guard: Guard) -> ClientBuilder {
    // An error only says that a provider is there already, which then is the process's choice.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
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
        .dns_resolver(guard)
}

/// `https` alone, TLS 1.2 or later; the system's certificates are trusted unless the caller says otherwise. Building it is blocking work.
pub fn secured(builder: ClientBuilder) -> ClientBuilder {
    builder.https_only(true).tls_version_min(reqwest::tls::Version::TLS_1_2)
}

/// Plain `http` trusts nobody's certificate, so it needs none of the system's (a bare container has none).
pub fn unsecured(builder: ClientBuilder) -> ClientBuilder {
    builder.tls_backend_preconfigured(ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth())
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
        assert_eq!(fault("https://user@example.org/hook", false).as_deref(), Some("UserInUrl"));
        for wrong in ["ftp://example.org/", "example.org", "mailto:a@example.org", ""] {
            assert_eq!(fault(wrong, true).as_deref(), Some("BadUrl"), "{wrong}");
        }
    }
}
