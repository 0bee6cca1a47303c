//! What can go wrong in here, and what an operator reads of it.

use domain::ledger::columns::Unknown;
use domain::port::LedgerError;
use std::error::Error;
use tokio_postgres::error::SqlState;

/// A failure inside the ledger, before it is put into words.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error(transparent)]
    Postgres(#[from] tokio_postgres::Error),
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// A row that this program did not write.
    #[error("{0}")]
    Damaged(String),
    /// An answer that would be longer than any should be.
    #[error("{0}")]
    TooMuch(String),
    /// What was read had changed by the time it was to be written: read and decide again.
    #[error("another hub moved the same deliveries at the same time")]
    Overtaken,
    /// Neither an answer nor an error came in time.
    #[error("PostgreSQL did not answer within {0} seconds")]
    Silent(u64),
    /// All connections are busy, for too long.
    #[error("no connection became free within {0} seconds")]
    Crowded(u64),
    /// The part of the ledger that does this work has ended.
    #[error("the ledger has stopped")]
    Stopped,
    /// A database that is not this program's to use; the sentence says what to do.
    #[error("{0}")]
    Refused(String),
}

impl Fault {
    /// Whether reading and deciding again at once, in a new transaction, may succeed.
    pub fn is_fleeting(&self) -> bool {
        match self {
            Self::Overtaken => true,
            // A unique key that another transaction wrote first is there when it is looked for again.
            Self::Postgres(error) => error.code().is_some_and(|code| {
                [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::UNIQUE_VIOLATION].contains(code)
            }),
            _ => false,
        }
    }

    /// Whether the connection is of no use any more.
    pub fn ends_the_session(&self) -> bool {
        match self {
            Self::Silent(_) => true,
            Self::Postgres(error) => error.is_closed() || error.as_db_error().is_none() || is_shutting_down(error),
            _ => false,
        }
    }

    /// A sentence that says what to do, and whether waiting helps. `place` names the database, without its password.
    pub fn explain(self, place: &str) -> LedgerError {
        let (what, transient) = match &self {
            Self::Damaged(what) | Self::Unknown(Unknown(what)) => (
                format!(
                    "The ledger {place} holds a value that this program does not know: {what}. Run `placement-hub doctor`; restore a backup if the database was changed by hand."
                ),
                false,
            ),
            Self::TooMuch(what) => {
                (format!("The ledger {place} does not answer with so much at once: {what}. Ask by another id, or with `trace`."), false)
            }
            Self::Overtaken => {
                (format!("Other hubs on the ledger {place} moved the same deliveries again and again; it is tried again."), true)
            }
            Self::Silent(_) | Self::Crowded(_) => {
                (format!("The ledger {place}: {self}. Look at the server's load, disk and log; the hub tries again."), true)
            }
            Self::Stopped => (
                format!(
                    "The ledger {place} has stopped answering; nothing of this work took place. Restart the hub, and report the panic in its log."
                ),
                false,
            ),
            Self::Refused(what) => (what.clone(), false),
            Self::Postgres(error) => in_words(error, place),
        };
        LedgerError { what, transient, source: Some(Box::new(self)) }
    }
}

/// The server is ending or starting, or was told to end this connection.
fn is_shutting_down(error: &tokio_postgres::Error) -> bool {
    let ending =
        [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW, SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT];
    error.code().is_some_and(|code| ending.contains(code))
}

fn in_words(error: &tokio_postgres::Error, place: &str) -> (String, bool) {
    let Some(code) = error.code() else {
        let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        if cause.contains("certificate") {
            return (
                format!(
                    "The ledger {place} shows no certificate that this machine trusts: {cause}. Give the server one, or add `sslmode=disable` to `ledger.url` where the network is your own."
                ),
                true,
            );
        }
        return (
            format!(
                "The connection to the ledger {place} failed: {cause}. Check that PostgreSQL runs there and can be reached; the hub tries again."
            ),
            true,
        );
    };
    // The class of the code: two characters that the standard gives a meaning.
    let said = error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    match (code, &code.code()[..2]) {
        (code, _) if *code == SqlState::DISK_FULL => {
            (format!("The disk of the ledger {place} is full. Make room; the hub goes on by itself once there is some."), true)
        }
        (code, _) if *code == SqlState::READ_ONLY_SQL_TRANSACTION => (
            format!(
                "The ledger {place} takes no writes: it is a standby, or set to read only. Point the hub at the primary server; the hub tries again."
            ),
            true,
        ),
        (code, _) if *code == SqlState::INVALID_CATALOG_NAME => {
            (format!("There is no database for the ledger {place}: {said}. Make it (`createdb`), or check `ledger.url`."), false)
        }
        (_, "28") => (
            format!("The ledger {place} lets nobody in: {said}. Check user and password in `ledger.url`, and the server's pg_hba.conf."),
            false,
        ),
        (_, "42") => (
            format!(
                "The ledger {place} refused a statement: {said}. Check that the hub's user owns its tables; if it does, please report this."
            ),
            false,
        ),
        (_, "53" | "57" | "58" | "08" | "40" | "55" | "25") => {
            (format!("The ledger {place} cannot do its work now: {said}. Look at the server's load and log; the hub tries again."), true)
        }
        (_, "23") => (
            format!("The ledger {place} refused a row that contradicts what it holds ({said}). Nothing was written; please report it."),
            false,
        ),
        _ => (
            format!("The ledger {place} could not do its work: {said} ({}). Nothing was written; run `placement-hub doctor`.", code.code()),
            false,
        ),
    }
}
