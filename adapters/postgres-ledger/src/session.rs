//! One connection: opened with the settings that everything here relies on, its statements prepared once, every answer awaited
//! for a bounded time.

use crate::fault::Fault;
use crate::settings::Place;
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The server gives up a statement after this, and a wait for a lock after that: nothing hangs for ever, and a batch of 500 messages
/// takes a hundredth of it.
const STATEMENT_SECONDS: u64 = 30;
const LOCK_SECONDS: u64 = 10;
/// A frozen server gives nothing up: then we do.
const SILENCE_SECONDS: u64 = STATEMENT_SECONDS + 10;

pub type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];
/// Hears what the server says unasked.
pub type Hearing = Box<dyn FnMut(tokio_postgres::Notification) + Send>;

/// Dropping it closes the connection; the server rolls back what was open.
pub struct Session {
    client: Client,
    prepared: Mutex<HashMap<&'static str, Statement>>,
}

impl Session {
    pub async fn open(place: &Place) -> Result<Self, Fault> {
        Self::listening(place, Box::new(|_| {})).await
    }

    /// A session that passes on notifications.
    pub async fn listening(place: &Place, hear: Hearing) -> Result<Self, Fault> {
        let client = if place.uses_tls() {
            let (client, connection) = bounded(place.config.connect(tls()?)).await?;
            tokio::spawn(drive(connection, hear));
            client
        } else {
            let (client, connection) = bounded(place.config.connect(NoTls)).await?;
            tokio::spawn(drive(connection, hear));
            client
        };
        let session = Self { client, prepared: Mutex::default() };
        session.batch(&settings()).await?;
        Ok(session)
    }

    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Statements without parameters or answers.
    pub async fn batch(&self, sql: &str) -> Result<(), Fault> {
        bounded(self.client.batch_execute(sql)).await
    }

    pub async fn rows(&self, sql: &'static str, parameters: Parameters<'_>) -> Result<Vec<Row>, Fault> {
        let statement = self.prepared(sql).await?;
        bounded(self.client.query(&statement, parameters)).await
    }

    pub async fn row(&self, sql: &'static str, parameters: Parameters<'_>) -> Result<Option<Row>, Fault> {
        Ok(self.rows(sql, parameters).await?.pop())
    }

    /// Answers how many rows it changed.
    pub async fn run(&self, sql: &'static str, parameters: Parameters<'_>) -> Result<u64, Fault> {
        let statement = self.prepared(sql).await?;
        bounded(self.client.execute(&statement, parameters)).await
    }

    /// A statement whose text is made for the occasion: planned and forgotten.
    pub async fn rows_once(&self, sql: &str, parameters: Parameters<'_>) -> Result<Vec<Row>, Fault> {
        bounded(self.client.query(sql, parameters)).await
    }

    /// As [`Session::rows`], where there is something to ask about: an empty question costs as much as one about one row.
    pub async fn rows_if(&self, asked: bool, sql: &'static str, parameters: Parameters<'_>) -> Result<Vec<Row>, Fault> {
        if asked { self.rows(sql, parameters).await } else { Ok(Vec::new()) }
    }

    async fn prepared(&self, sql: &'static str) -> Result<Statement, Fault> {
        let known = |session: &Self| session.prepared.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        if let Some(statement) = known(self) {
            return Ok(statement);
        }
        let statement = bounded(self.client.prepare(sql)).await?;
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner).insert(sql, statement.clone());
        Ok(statement)
    }
}

/// `force_custom_plan`: a plan that is made once and kept is made while tables are small, and reads whole tables when they have
/// grown. Planning costs each statement some 50 microseconds, and statements here carry batches.
///
/// No scans, hash or merge joins: every statement but those of `balance` goes from keys to rows by an index. Left to itself the planner
/// reads all of a table that grew faster than it was analysed. Where a key is not unique it would still go the other way round, from all
/// rows to the keys: there the rows are a `LATERAL` subquery with `OFFSET 0`, which it does not take apart.
fn settings() -> String {
    format!(
        "SET plan_cache_mode = force_custom_plan; SET synchronous_commit = on; SET standard_conforming_strings = on;
         SET default_transaction_isolation = 'read committed'; SET statement_timeout = '{STATEMENT_SECONDS}s';
         SET lock_timeout = '{LOCK_SECONDS}s'; SET idle_in_transaction_session_timeout = '{STATEMENT_SECONDS}s';
         SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off"
    )
}

async fn bounded<T>(answer: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Fault> {
    match tokio::time::timeout(Duration::from_secs(SILENCE_SECONDS), answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Fault::Silent(SILENCE_SECONDS)),
    }
}

/// Whom the operating system trusts, with ring, as everywhere in the hub.
fn tls() -> Result<MakeRustlsConnect, Fault> {
    let refused = |error: rustls::Error| {
        Fault::Refused(format!(
            "TLS towards PostgreSQL cannot be set up: {error}. Check the system's certificate authorities, or use sslmode=disable on a private network."
        ))
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(refused)?;
    Ok(MakeRustlsConnect::new(builder.with_platform_verifier().map_err(refused)?.with_no_client_auth()))
}

/// Moves bytes until the session is dropped or the connection breaks; those who wait for answers are told by their own futures.
async fn drive<S, T>(mut connection: Connection<S, T>, mut hear: Hearing)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    loop {
        match std::future::poll_fn(|context| connection.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notification(notification))) => hear(notification),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return,
        }
    }
}
