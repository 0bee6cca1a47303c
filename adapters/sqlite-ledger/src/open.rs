//! Opening: one hub per file, settings, migrations, and what a dead process left leased.

use crate::books::Books;
use crate::fault::Fault;
use domain::port::LedgerError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Applied in order; the number of those applied is the database's `user_version`.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_ledger.sql"),
    include_str!("../migrations/0002_feed_claims.sql"),
    include_str!("../migrations/0003_operations.sql"),
];

/// "plHB", in the header of the file: tells a ledger from any other SQLite database.
const APPLICATION_ID: i64 = 0x706c_4842;

/// Rows of 2 KB with a sealed payload fill a page of 8 KB; of one of 4 KB they waste half.
const PAGE_BYTES: u32 = 8_192;
/// What the writer holds in memory: the hot ends of its indexes at ten million rows.
const WRITER_CACHE_KIB: i64 = 48 * 1_024;
const READER_CACHE_KIB: i64 = 8 * 1_024;
/// How long to wait for a backup or a database shell that locks the file, before it is an error.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// All statements of this package, and some: none is ever compiled twice.
const STATEMENTS_KEPT: usize = 128;

/// Holds the lock until dropped; the operating system drops it when the process dies.
pub struct Lock {
    _file: File,
}

/// A ledger file that is ours: locked, migrated, with nothing leased.
pub struct Opened {
    pub lock: Lock,
    pub writer: Connection,
}

/// # Errors
/// Where another hub has the file, it belongs to a newer program or to another one, or cannot be opened or written.
pub fn open(path: &Path) -> Result<Opened, LedgerError> {
    let lock = take_lock(path)?;
    let mut writer = connect(path, WRITER_CACHE_KIB).map_err(|fault| fault.explain(path))?;
    check_owner(&writer, path)?;
    prepare(&mut writer).map_err(|fault| fault.explain(path))?;
    Ok(Opened { lock, writer })
}

/// A connection for questions; it cannot write.
pub fn reader(path: &Path) -> Result<Connection, LedgerError> {
    let connection = connect(path, READER_CACHE_KIB).map_err(|fault| fault.explain(path))?;
    connection.pragma_update(None, "query_only", true).map_err(|error| Fault::from(error).explain(path))?;
    Ok(connection)
}

/// A connection for a command that only looks, whether or not a hub has the file open. It makes no file and migrates nothing.
pub fn reader_beside(path: &Path) -> Result<Connection, LedgerError> {
    let refuse = |what| Err(LedgerError { what, transient: false, source: None });
    if !path.is_file() {
        return refuse(format!(
            "There is no ledger at {} yet. Check `ledger.path` in the settings, or start the hub once.",
            path.display()
        ));
    }
    let connection = reader(path)?;
    check_owner(&connection, path)?;
    let version: i64 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(|error| Fault::from(error).explain(path))?;
    if usize::try_from(version).is_ok_and(|version| version < MIGRATIONS.len()) {
        return refuse(format!("The ledger {} is of an older hub. Start this hub on it once: that brings it up to date.", path.display()));
    }
    Ok(connection)
}

/// A connection for the hub's own few values and for checkpoints.
pub fn helper(path: &Path) -> Result<Connection, LedgerError> {
    connect(path, READER_CACHE_KIB).map_err(|fault| fault.explain(path))
}

fn take_lock(path: &Path) -> Result<Lock, LedgerError> {
    let lock_path = lock_path(path);
    let failed = |error: std::io::Error| LedgerError {
        what: format!(
            "The lock file {} cannot be written: {error}. Check that the ledger's directory exists and that the hub's user may write there.",
            lock_path.display()
        ),
        transient: false,
        source: Some(Box::new(error)),
    };
    let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&lock_path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(taken(path, &mut file)),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    // Only for the sentence that a second hub gives; the lock itself is what counts.
    file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())).map_err(failed)?;
    Ok(Lock { _file: file })
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

fn taken(path: &Path, file: &mut File) -> LedgerError {
    let mut holder = String::new();
    let read = file.rewind().and_then(|()| file.take(20).read_to_string(&mut holder));
    let who = if read.is_ok() && !holder.is_empty() { format!(" (process {holder})") } else { String::new() };
    LedgerError {
        what: format!(
            "Another hub{who} has the ledger {} open. An embedded ledger serves one hub at a time: stop that one, give this one another file, or use the PostgreSQL ledger for several.",
            path.display()
        ),
        transient: false,
        source: None,
    }
}

fn connect(path: &Path, cache_kib: i64) -> Result<Connection, Fault> {
    let connection = Connection::open_with_flags(path, OpenFlags::default())?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // A plan is made once: else SQLite makes it anew for each value that might prove a partial index useful, and that
    // was an eighth of the writer's time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // An `Ok` is durable: the log is synced at each commit.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    // Not mapped: a failing disk must be an error that is told, not a signal that kills.
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    // Checkpoints have a thread of their own (see threads.rs), so that no commit waits for one.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(connection)
}

/// Refuses a database of another program, and one that a newer hub has written.
fn check_owner(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let ask = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let facts = ask("application_id").and_then(|id| {
        Ok((id, ask("user_version")?, connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?))
    });
    let (id, version, objects) = facts.map_err(|error| Fault::from(error).explain(path))?;
    let refuse = |what| Err(LedgerError { what, transient: false, source: None });
    if id != APPLICATION_ID && objects > 0 {
        return refuse(format!("{} is a database of another program. Name another file for the ledger.", path.display()));
    }
    let known = MIGRATIONS.len();
    if usize::try_from(version).is_ok_and(|version| version > known) {
        return refuse(format!(
            "The ledger {} was written by a newer hub (schema {version}; this one knows {known}). Start the newer hub, or restore the backup from before the upgrade.",
            path.display()
        ));
    }
    Ok(())
}

fn prepare(connection: &mut Connection) -> Result<(), Fault> {
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for (number, sql) in (1_u32..).zip(MIGRATIONS).filter(|(number, _)| *number > version) {
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    transaction.commit()?;
    Ok(())
}

/// Every lease in the file is of a process that is dead, for the lock is ours: due at once, attempts and fences as they were.
pub fn free_leases(books: &mut Books) -> Result<(), Fault> {
    let leased = {
        let mut statement = books.connection.prepare("SELECT row, recipient, child, kind FROM deliveries INDEXED BY deliveries_active WHERE recipient IN (SELECT row FROM recipients) AND state = 2")?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?)))?;
        rows.collect::<Result<Vec<_>, _>>()?
    };
    for (row, recipient, child, kind) in leased {
        books.connection.prepare_cached("UPDATE deliveries SET state = 0, next_at = recorded_at WHERE row = ?1")?.execute([row])?;
        books.tally(recipient, crate::columns::State::Leased, -1);
        books.tally(recipient, crate::columns::State::Due, 1);
        books.line_up(recipient, child, crate::columns::read_kind(kind)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::SqliteLedger;
    use rusqlite::Connection;

    fn refusal(path: &std::path::Path) -> String {
        SqliteLedger::open(path).err().map(|error| error.what).unwrap_or_default()
    }

    #[test]
    fn a_second_hub_is_told_who_has_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let first = SqliteLedger::open(&path).unwrap();
        let told = refusal(&path);
        assert!(told.contains("Another hub") && told.contains(&std::process::id().to_string()), "{told}");
        drop(first);
        assert_eq!(refusal(&path), "");
    }

    #[test]
    fn a_newer_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        drop(SqliteLedger::open(&path).unwrap());
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        let told = refusal(&path);
        assert!(told.contains("newer hub") && told.contains("99"), "{told}");
    }

    /// A file as the first schema left it: a referral past its day, and a notice that a rail has accepted.
    const FIRST: &str = "
        INSERT INTO recipients VALUES (1, 'RX2');
        INSERT INTO children VALUES (1, zeroblob(16), 1, NULL, x'00');
        INSERT INTO deliveries (row, id, obligation, child, recipient, kind, sequence, due_on, recorded_at, state, open, awaited, next_at, fence, lease_open, note, settled_at) VALUES
            (1, x'00000000000000000000000000000001', x'00000000000000000000000000000011', 1, 1, 4, 1, 20261119, 5, 0, 1, 0, 5, 0, 0, NULL, NULL),
            (2, x'00000000000000000000000000000002', x'00000000000000000000000000000012', 1, 1, 6, 2, NULL, 5, 4, 0, 0, 5, 1, 0, 'M1', 7),
            (3, x'00000000000000000000000000000003', x'00000000000000000000000000000013', 1, 1, 0, 3, 20261119, 5, 4, 0, 0, 5, 1, 0, 'M2', 8);
        INSERT INTO obligations SELECT row, NULL, 0, NULL, NULL, 'reg 13(4)', NULL, x'00' FROM deliveries;
        INSERT INTO attempts SELECT row, 1, 6, 7, 'mesh', 'accepted', 202, '' FROM deliveries WHERE state = 4;
        INSERT INTO tallies VALUES (1, 0, 1);
        PRAGMA user_version = 1;";

    #[tokio::test]
    async fn a_ledger_of_the_first_schema_is_brought_up_to_date() {
        use domain::port::{Ledger, LedgerView};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        {
            let older = Connection::open(&path).unwrap();
            older.execute_batch(super::MIGRATIONS[0]).unwrap();
            older.execute_batch(FIRST).unwrap();
            older.pragma_update(None, "application_id", super::APPLICATION_ID).unwrap();
        }
        let told = crate::LedgerReader::open(&path).err().unwrap().what;
        assert!(told.contains("older hub"), "{told}");
        let ledger = SqliteLedger::open(&path).unwrap();
        let now = jiff::Timestamp::from_microsecond(9).unwrap();
        assert_eq!(ledger.balance(now).await.unwrap().mistakes, Vec::<String>::new());
        let accepted = ledger.accepted("mesh", None, 9).await.unwrap();
        let known: Vec<_> = accepted.iter().map(|row| (row.reference.as_str(), row.accepted_at.as_microsecond())).collect();
        assert_eq!(known, [("M1", 7), ("M2", 8)]);
        // The referral and the notice that nobody has collected have a clock now.
        assert_eq!(ledger.mark_breaches("2026-11-20".parse().unwrap(), now).await.unwrap(), 2);
        drop(ledger);
        assert_eq!(refusal(&path), "", "and it opens again");
    }

    #[test]
    fn what_is_no_ledger_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("other.db");
        Connection::open(&other).unwrap().execute_batch("CREATE TABLE songs (name TEXT)").unwrap();
        assert!(refusal(&other).contains("another program"));
        let text = folder.path().join("text.db");
        std::fs::write(&text, "not a database, but long enough to be looked at as one".repeat(40)).unwrap();
        assert!(refusal(&text).contains("no SQLite database"), "{}", refusal(&text));
        let nowhere = folder.path().join("missing/ledger.db");
        assert!(refusal(&nowhere).contains("directory exists"), "{}", refusal(&nowhere));
    }

    #[test]
    fn the_settings_that_make_it_durable_are_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let _ledger = SqliteLedger::open(&path).unwrap();
        let connection = super::connect(&path, super::WRITER_CACHE_KIB).unwrap();
        let ask = |name| connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
        use rusqlite::types::Value;
        assert_eq!(ask("journal_mode"), Value::Text("wal".into()));
        assert_eq!([ask("synchronous"), ask("foreign_keys"), ask("page_size")], [2, 1, 8_192].map(Value::Integer));
    }
}
