//! The only file that names adapters: what a hub is made of.

use crate::config::Settings;
use crate::directory::{self, Loaded, Sources};
use domain::port::{Deliver, Ledger, LedgerError, LedgerView};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// The rails that an endpoint may name.
pub const RAILS: [&str; 1] = ["webhook"];

/// One deliverer per rail.
#[must_use]
pub fn deliverers() -> HashMap<&'static str, Arc<dyn Deliver>> {
    let webhook: Arc<dyn Deliver> = Arc::new(webhook::Webhook::new());
    HashMap::from([(webhook.name(), webhook)])
}

/// # Errors
/// Where the ledger cannot be opened, or another hub has it.
pub fn ledger(settings: &Settings) -> Result<Arc<dyn Ledger>, LedgerError> {
    Ok(Arc::new(sqlite_ledger::SqliteLedger::open_with(&settings.ledger.path, Arc::new(crate::crash::point))?))
}

/// The ledger for a command that only looks: the hub may run meanwhile.
///
/// # Errors
/// Where there is no ledger yet, or it cannot be opened.
pub fn ledger_to_read(settings: &Settings) -> Result<Box<dyn LedgerView>, LedgerError> {
    Ok(Box::new(sqlite_ledger::LedgerReader::open(&settings.ledger.path)?))
}

/// # Errors
/// Every mistake in the directory.
pub fn directory(settings: &Settings, now: Timestamp) -> Result<Loaded, directory::Mistakes> {
    let today = settings.rules.day(now);
    let mut sources = Sources::folder(&settings.directory, &RAILS, today);
    sources.endpoints.clone_from(&settings.endpoints);
    sources.publishers.clone_from(&settings.publishers);
    directory::load(&sources)
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
