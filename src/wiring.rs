//! The only file that names adapters: what a hub is made of.

use crate::config::Settings;
use crate::directory::{self, Loaded, Rails, Sources};
use domain::directory::Endpoint;
use domain::port::{Deliver, Ledger, LedgerError, LedgerView, Post};
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;

/// The ways to organisations.
pub struct Plugged {
    /// By the name that an endpoint gives as its `adapter`.
    pub rails: Rails,
    /// Those of them that have mailboxes.
    pub posts: Vec<Arc<dyn Post>>,
}

/// The rails. Making one opens nothing: it connects when it delivers.
#[must_use]
pub fn rails(broker: &amqp::Settings) -> Plugged {
    let mesh = Arc::new(mesh::Mesh::new());
    let rails: [Arc<dyn Deliver>; 6] = [
        Arc::new(webhook::Webhook::new()),
        Arc::new(feed::Feed),
        Arc::new(amqp::Queue::new(broker)),
        Arc::new(email::Email),
        Arc::new(fhir::Fhir::new()),
        Arc::clone(&mesh) as Arc<dyn Deliver>,
    ];
    Plugged { rails: rails.into_iter().map(|rail| (rail.name(), rail)).collect(), posts: vec![mesh] }
}

/// The ledger for a hub: the database that several share where the settings name one, else a file of its own.
///
/// # Errors
/// Where the ledger cannot be opened, or another hub has the file.
pub fn ledger(settings: &Settings) -> Result<Arc<dyn Ledger>, LedgerError> {
    let on_point = Arc::new(crate::crash::point);
    Ok(match &settings.ledger.url {
        Some(url) => Arc::new(postgres_ledger::PostgresLedger::open_with(url, on_point)?),
        None => Arc::new(sqlite_ledger::SqliteLedger::open_with(&settings.ledger.path, on_point)?),
    })
}

/// The ledger for a command that only looks: the hub may run meanwhile.
///
/// # Errors
/// Where there is no ledger yet, or it cannot be opened.
pub fn ledger_to_read(settings: &Settings) -> Result<Box<dyn LedgerView>, LedgerError> {
    Ok(match &settings.ledger.url {
        Some(url) => Box::new(postgres_ledger::PostgresLedger::look(url)?),
        None => Box::new(sqlite_ledger::LedgerReader::open(&settings.ledger.path)?),
    })
}

/// Copies the embedded ledger into a new file; the hub may run meanwhile.
///
/// # Errors
/// Where there is none, or the copy cannot be made.
pub fn back_up(settings: &Settings, to: &Path) -> Result<sqlite_ledger::Copied, LedgerError> {
    sqlite_ledger::back_up(&settings.ledger.path, to)
}

/// What can be said of the ledger's settings without opening it.
///
/// # Errors
/// A sentence for the operator.
pub fn check_ledger(settings: &Settings) -> Result<(), String> {
    settings.ledger.url.as_deref().map_or(Ok(()), postgres_ledger::check)
}

/// # Errors
/// Every mistake in the directory.
pub fn directory(settings: &Settings, now: Timestamp) -> Result<Loaded, directory::Mistakes> {
    let today = settings.rules.day(now);
    let rails = rails(&broker(settings)).rails;
    let mut sources = Sources::folder(&settings.directory, &rails, today);
    sources.endpoints.clone_from(&settings.endpoints);
    sources.publishers.clone_from(&settings.publishers);
    sources.tokens.clone_from(&settings.tokens);
    directory::load(&sources)
}

/// Who is told what is wrong with the hub.
///
/// # Errors
/// Every mistake in the file that the settings name.
pub fn watchers(settings: &Settings, now: Timestamp) -> Result<Vec<Endpoint>, directory::Mistakes> {
    let Some(file) = &settings.alerts else { return Ok(Vec::new()) };
    let rails = rails(&broker(settings)).rails;
    let mut sources = Sources::folder(&settings.directory, &rails, settings.rules.day(now));
    sources.endpoints = Some(file.clone());
    directory::watchers(&sources)
}

/// # Errors
/// Where the broker's settings are wrong.
pub fn intake(settings: &Settings) -> Result<amqp::Intake, amqp::Mistakes> {
    amqp::Intake::start(&broker(settings))
}

/// How this hub talks to its broker.
#[must_use]
pub fn broker(settings: &Settings) -> amqp::Settings {
    amqp::Settings {
        prefetch: settings.broker.prefetch,
        delivery_limit: settings.broker.delivery_limit,
        ..amqp::Settings::new(settings.broker.url.clone())
    }
}
