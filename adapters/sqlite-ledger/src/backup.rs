//! A copy of the ledger, taken while the hub goes on writing.
//!
//! `VACUUM INTO` reads in one transaction: the copy is of one moment, whole, in one file without a log beside it. It is made under another
//! name, looked through and synced, and only then gets its own: a file of that name is a good one.

use crate::fault::Fault;
use crate::open;
use domain::port::LedgerError;
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What a copy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    pub bytes: u64,
    pub messages: i64,
    pub deliveries: i64,
}

/// Copies the ledger `from` into the new file `to`.
///
/// # Errors
/// Where there is no ledger, `to` is there already, or the copy cannot be written or is not whole.
pub fn back_up(from: &Path, to: &Path) -> Result<Copied, LedgerError> {
    // It must be a ledger, and one that this program knows.
    drop(open::reader_beside(from)?);
    if to.exists() {
        return Err(refused(format!("{} is there already: a backup is a new file. Give another name.", to.display())));
    }
    let unfinished = unfinished(to);
    let made = make(from, &unfinished).and_then(|copied| keep(&unfinished, to).map(|()| copied));
    if made.is_err() {
        // Half a copy helps nobody. It may not even be there.
        let _ = std::fs::remove_file(&unfinished);
    }
    made
}

fn unfinished(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".unfinished");
    PathBuf::from(name)
}

fn make(from: &Path, to: &Path) -> Result<Copied, LedgerError> {
    // Made first, so that nobody else may read it for a moment; SQLite takes an empty file.
    let new = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(to);
    drop(new.map_err(|error| not_written(to, error))?);
    let source = open::helper(from)?;
    source.execute("VACUUM INTO ?1", [to.to_string_lossy()]).map_err(|error| Fault::from(error).explain(to))?;
    let bytes = std::fs::metadata(to).map_err(|error| not_written(to, error))?.len();
    let (messages, deliveries) = look_through(to)?;
    Ok(Copied { bytes, messages, deliveries })
}

/// As a stranger would: reading what is on the disk, every page of it.
fn look_through(copy: &Path) -> Result<(i64, i64), LedgerError> {
    let explain = |error: rusqlite::Error| Fault::from(error).explain(copy);
    let connection = Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(explain)?;
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(explain)?;
    if found != "ok" {
        return Err(refused(format!("The copy is not whole ({found}). The ledger itself may be damaged: run `placement-hub doctor`.")));
    }
    let counts = "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM deliveries)";
    connection.query_row(counts, [], |row| Ok((row.get(0)?, row.get(1)?))).map_err(explain)
}

/// On the disk, under its name, before anybody is told that it is.
fn keep(unfinished: &Path, to: &Path) -> Result<(), LedgerError> {
    let kept = File::open(unfinished).and_then(|file| file.sync_all()).and_then(|()| std::fs::rename(unfinished, to));
    kept.map_err(|error| not_written(to, error))?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| not_written(to, error))
}

fn not_written(path: &Path, error: std::io::Error) -> LedgerError {
    let what = format!("{} cannot be written: {error}. Check that its folder exists and has room.", path.display());
    LedgerError { what, transient: false, source: Some(Box::new(error)) }
}

fn refused(what: String) -> LedgerError {
    LedgerError { what, transient: false, source: None }
}

#[cfg(test)]
mod tests {
    use super::{back_up, look_through, unfinished};
    use crate::SqliteLedger;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_copy_is_whole_private_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("ledger.db"), folder.path().join("copy.db"));
        assert!(back_up(&from, &to).unwrap_err().what.contains("no ledger at"), "it makes none");
        let ledger = SqliteLedger::open(&from).unwrap();
        let copied = back_up(&from, &to).unwrap();
        assert_eq!((copied.messages, copied.deliveries), (0, 0));
        let found = std::fs::metadata(&to).unwrap();
        assert_eq!((found.len(), found.permissions().mode() & 0o777), (copied.bytes, 0o600));
        assert!(back_up(&from, &to).unwrap_err().what.contains("is there already"));
        assert!(!unfinished(&to).exists());
        drop(ledger);
        drop(SqliteLedger::open(&to).unwrap());
    }

    #[test]
    fn a_copy_that_cannot_be_made_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("ledger.db");
        drop(SqliteLedger::open(&from).unwrap());
        let nowhere = folder.path().join("no-folder/copy.db");
        assert!(back_up(&from, &nowhere).unwrap_err().what.contains("Check that its folder exists"));
        // A copy that lost a page on its way.
        let to = folder.path().join("copy.db");
        let copied = back_up(&from, &to).unwrap();
        std::fs::OpenOptions::new().write(true).open(&to).unwrap().set_len(copied.bytes / 2).unwrap();
        look_through(&to).unwrap_err();
    }
}
