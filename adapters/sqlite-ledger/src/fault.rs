//! What can go wrong in here, and what an operator reads of it.

use domain::ledger::columns::Unknown;
use domain::port::LedgerError;
use rusqlite::ErrorCode;
use std::path::Path;

/// A failure inside the ledger, before it is put into words.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A row that this program did not write.
    #[error("{0}")]
    Damaged(String),
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// An answer that would be longer than any should be.
    #[error("{0}")]
    TooMuch(String),
}

impl Fault {
    /// A sentence that says what to do, and whether waiting helps.
    pub fn explain(self, path: &Path) -> LedgerError {
        let path = path.display();
        let (what, transient) = match &self {
            Self::Damaged(what) | Self::Unknown(Unknown(what)) => (
                format!(
                    "The ledger {path} holds a value that this program does not know: {what}. Run `placement-hub doctor`; restore a backup if the file was changed by hand."
                ),
                false,
            ),
            Self::TooMuch(what) => {
                (format!("The ledger {path} does not answer with so much at once: {what}. Ask by another id, or with `trace`."), false)
            }
            Self::Sqlite(error) => in_words(error, &path.to_string()),
        };
        LedgerError { what, transient, source: Some(Box::new(self)) }
    }
}

/// The thread that would have answered is gone: a panic, or the hub is stopping.
pub fn stopped(path: &Path) -> LedgerError {
    LedgerError {
        what: format!(
            "The ledger {} has stopped answering; nothing of this work took place. Restart the hub, and report the panic in its log.",
            path.display()
        ),
        transient: false,
        source: None,
    }
}

fn in_words(error: &rusqlite::Error, path: &str) -> (String, bool) {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            (format!("The disk that holds the ledger {path} is full. Make room; the hub goes on by itself once there is some."), true)
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
            format!(
                "Another program holds the ledger {path} locked. Close what has it open (a backup, a database shell); the hub tries again."
            ),
            true,
        ),
        Some(ErrorCode::SystemIoFailure) => {
            (format!("Reading or writing the ledger {path} failed. Look at the disk and the system log; the hub tries again."), true)
        }
        Some(ErrorCode::CannotOpen) => {
            (format!("The ledger {path} cannot be opened. Check that its directory exists and that the hub's user may write there."), true)
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => (
            format!(
                "The ledger {path} cannot be written to. Check its owner and permissions, and whether the disk was remounted read-only; the hub tries again."
            ),
            true,
        ),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => (
            format!(
                "The ledger {path} is damaged, or is no SQLite database. Stop the hub, keep a copy of the file and its -wal, and restore the last backup."
            ),
            false,
        ),
        Some(ErrorCode::OutOfMemory) => {
            (format!("There was no memory left for work on the ledger {path}. Give the hub more, or stop what uses it."), true)
        }
        Some(ErrorCode::ConstraintViolation) => (
            format!("The ledger {path} refused a row that contradicts what it holds ({error}). Nothing was written; please report it."),
            false,
        ),
        _ => (format!("The ledger {path} could not do its work: {error}. Nothing was written; run `placement-hub doctor`."), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    #[test]
    fn each_failure_says_what_to_do_and_whether_waiting_helps() {
        let check = |code, transient, part: &str| {
            let fault = Fault::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
            let error = fault.explain(Path::new("/var/lib/hub/ledger.db"));
            assert_eq!(error.transient, transient, "{}", error.what);
            assert!(error.what.contains(part) && error.what.contains("/var/lib/hub/ledger.db"), "{}", error.what);
            assert!(error.source.is_some());
        };
        check(ffi::SQLITE_FULL, true, "Make room");
        check(ffi::SQLITE_BUSY, true, "Another program");
        check(ffi::SQLITE_IOERR_FSYNC, true, "system log");
        check(ffi::SQLITE_CORRUPT, false, "restore the last backup");
        check(ffi::SQLITE_NOTADB, false, "restore the last backup");
        check(ffi::SQLITE_READONLY, true, "permissions");
        check(ffi::SQLITE_CONSTRAINT_UNIQUE, false, "please report");
        check(ffi::SQLITE_MISUSE, false, "doctor");
    }
}
