//! One line to MESH per mailbox of the hub's: the HTTP client, its TLS, and the handshake that MESH wants once a day.

use crate::account::Account;
use crate::fault::{Fault, expect};
use crate::token::Signer;
use http_client::Unanswered;
use http_client::guard::Guard;
use http_client::reqwest::{self, Client, Method, RequestBuilder, Response, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;
use uuid::Uuid;

/// MESH wants a handshake every 24 hours; half of that, so that one that fails can be tried for half a day.
const HANDSHAKE_EVERY: SignedDuration = SignedDuration::from_hours(12);
/// A hub has one mailbox, or one for each council that it serves. More means settings that changed often: then all is built anew.
const LINES_MAX: usize = 256;
/// Version 2 of the answers: without it MESH writes other names.
const ACCEPT: &str = "application/vnd.mesh.v2+json";
const CLIENT_VERSION: &str = concat!("placement-hub==", env!("CARGO_PKG_VERSION"));

/// Lines by MESH's address and the hub's mailbox. One whose secrets have changed takes the place of the former.
#[derive(Default)]
pub(crate) struct Lines(RwLock<HashMap<(String, String), Arc<Line>>>);

pub(crate) struct Line {
    account: Account,
    client: OnceCell<Client>,
    /// The last handshake that MESH answered well.
    greeted: Mutex<Option<Timestamp>>,
}

/// One use of a line, with its time limit.
pub(crate) struct Call {
    line: Arc<Line>,
    client: Client,
    pub(crate) now: Timestamp,
    until: Instant,
}

impl Lines {
    pub(crate) fn line(&self, account: Account) -> Arc<Line> {
        let name = (account.url.as_str().to_owned(), account.mailbox.clone());
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&name).map(Arc::clone);
        if let Some(line) = known.filter(|line| line.account == account) {
            return line;
        }
        let line = Arc::new(Line { account, client: OnceCell::new(), greeted: Mutex::default() });
        let mut lines = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= LINES_MAX {
            lines.clear();
        }
        lines.insert(name, Arc::clone(&line));
        line
    }
}

impl Line {
    /// Opens the line for one use, with a handshake where the last is too long ago.
    pub(crate) async fn call(self: Arc<Self>, now: Timestamp, timeout: Duration) -> Result<Call, Fault> {
        let until = Instant::now() + timeout;
        let client = self.client().await?;
        let call = Call { line: self, client, now, until };
        call.greet().await?;
        Ok(call)
    }

    pub(crate) fn mailbox(&self) -> &str {
        &self.account.mailbox
    }

    /// A handshake now, however fresh the last is: it proves address, certificate, mailbox and secrets, and costs nobody a download.
    pub(crate) async fn handshake(self: Arc<Self>, now: Timestamp, timeout: Duration) -> Result<(), Fault> {
        *self.greeted.lock().await = None;
        self.call(now, timeout).await.map(drop)
    }

    async fn client(&self) -> Result<Client, Fault> {
        // Reading the system's certificates is blocking work.
        let build = || async {
            let account = self.account.clone();
            let built = tokio::task::spawn_blocking(move || client(&account)).await;
            built.map_err(|error| Unanswered::Build(error.to_string()))?.map_err(|error| Unanswered::from_build(&error))
        };
        Ok(self.client.get_or_try_init(build).await?.clone())
    }
}

impl Call {
    /// A signed request; `rest` is what follows the mailbox in the address.
    pub(crate) fn request(&self, method: Method, rest: &str) -> RequestBuilder {
        let Account { mailbox, password, shared_key, .. } = &self.line.account;
        let signer = Signer { mailbox, password: &password.0, shared_key: &shared_key.0 };
        self.client
            .request(method, self.line.account.address(rest))
            .header(header::AUTHORIZATION, signer.token(Uuid::now_v7(), self.now))
            .header(header::ACCEPT, ACCEPT)
            .timeout(self.until.saturating_duration_since(Instant::now()))
    }

    /// Sends it; an answer with a status other than those hoped for is a fault. `sent` is what must not be quoted of it.
    pub(crate) async fn send(&self, request: RequestBuilder, hoped: &[StatusCode], sent: &[u8]) -> Result<Response, Fault> {
        let response = request.send().await.map_err(|error| Unanswered::from_request(&error))?;
        if response.status() == StatusCode::FORBIDDEN {
            // A password or a certificate changed: the next call begins with a handshake again, unless one is under way.
            if let Ok(mut greeted) = self.line.greeted.try_lock() {
                *greeted = None;
            }
        }
        expect(response, hoped, sent, self.now).await
    }

    /// Whoever comes meanwhile waits for the same handshake.
    async fn greet(&self) -> Result<(), Fault> {
        let waiting = tokio::time::timeout_at(self.until, self.line.greeted.lock());
        let mut greeted = waiting.await.map_err(|_| self.timed_out())?;
        let fresh = |at: &Timestamp| self.now.duration_since(*at) < HANDSHAKE_EVERY;
        if greeted.as_ref().is_some_and(fresh) {
            return Ok(());
        }
        let request = self
            .request(Method::POST, "")
            .header("mex-ClientVersion", CLIENT_VERSION)
            .header("mex-OSName", std::env::consts::OS)
            // The machine's release is nobody's business; MESH wants the header.
            .header("mex-OSVersion", std::env::consts::ARCH);
        let response = request.send().await.map_err(|error| Unanswered::from_request(&error))?;
        expect(response, &[StatusCode::OK], &[], self.now).await?;
        *greeted = Some(self.now);
        Ok(())
    }

    fn timed_out(&self) -> Unanswered {
        Unanswered::TimedOut { host: self.line.account.url.host_str().unwrap_or("MESH").to_owned() }
    }
}

fn client(account: &Account) -> reqwest::Result<Client> {
    let builder = http_client::builder(Guard { allow_private: account.allow_private });
    if account.url.scheme() != "https" {
        return http_client::unsecured(builder).build();
    }
    let mut builder = http_client::secured(builder);
    if let Some(authorities) = account.tls.authorities() {
        builder = builder.tls_certs_only(authorities);
    }
    if let Some(identity) = account.tls.identity() {
        builder = builder.identity(identity);
    }
    builder.build()
}
