//! The embedded ledger: one SQLite file, one hub.
//!
//! [`SqliteLedger`] answers every verb of [`domain::port::Ledger`] from threads of its own (threads.rs). What is written
//! goes through [`books::Books`], the one place that moves a delivery and keeps the counts; each verb has a file. The
//! tables and what their columns mean are in `migrations/`.
//!
//! Nothing in here reads a clock, opens a sealed payload, or holds a transaction while it waits for anybody.

mod acceptance;
mod backup;
mod balance;
mod books;
mod claims;
mod fault;
mod feed;
mod figures;
mod find;
mod history;
mod lease;
mod lists;
mod open;
mod operate;
mod operations;
mod record;
mod sealed;
mod settle;
mod threads;
mod trace;
mod view;

pub use backup::{Copied, back_up};
pub use view::LedgerReader;

use crate::fault::Fault;
use crate::threads::{Readers, Writer};
use domain::Code;
use domain::delivery::HoldReason;
use domain::ledger::columns;
use domain::port::{
    BoxFuture, ChildKey, Clue, Confirmation, Entry, Found, LaneDue, LaneRoom, Lease, LeaseTerms, Ledger, LedgerError, Loaded, MessageKey,
    OperatorAction, Outcome, Pause, Remark, Resealed, Settled, Settlement,
};
use jiff::{Timestamp, civil::Date};
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// Two, because messages wait for these answers and this is what the smallest machine has cores.
const QUICK_READERS: usize = 2;
/// One for lists, figures and balance: a long one delays other pages, and no message.
const SLOW_READERS: usize = 1;

/// Called by name at points where a fault test may want the process to die.
pub type OnPoint = Arc<dyn Fn(&str) + Send + Sync>;

/// The ledger in one file. Dropping it finishes what is queued and closes the file.
pub struct SqliteLedger {
    // Closed in this order: nobody asks any more when the writer ends, and the lock goes last.
    quick: Readers,
    view: LedgerReader,
    writer: Writer,
    meta: Mutex<Connection>,
    path: Arc<Path>,
    on_point: OnPoint,
    _lock: open::Lock,
}

impl SqliteLedger {
    /// Opens the file at `path`, making it where it is not there; `<path>.lock` beside it keeps a second hub out. What a
    /// dead process had leased is due at once.
    ///
    /// # Errors
    /// Where the file is another hub's, a newer program's or no ledger, or cannot be opened, locked or written.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        Self::open_with(path, Arc::new(|_| {}))
    }

    /// As [`SqliteLedger::open`]; `on_point` is called with `in-transaction` when messages are written and not yet committed.
    ///
    /// # Errors
    /// As [`SqliteLedger::open`].
    pub fn open_with(path: &Path, on_point: OnPoint) -> Result<Self, LedgerError> {
        let open::Opened { lock, writer } = open::open(path)?;
        let mut books = books::Books::new(writer);
        threads::transact(&mut books, open::free_leases).map_err(|fault| fault.explain(path))?;
        let readers = |count: usize| (0..count).map(|_| open::reader(path)).collect::<Result<Vec<_>, _>>();
        let shared: Arc<Path> = Arc::from(path);
        Ok(Self {
            quick: Readers::start("ledger-load", readers(QUICK_READERS)?, Arc::clone(&shared)).map_err(|error| no_thread(error, path))?,
            view: LedgerReader::start(readers(SLOW_READERS)?, &shared)?,
            writer: Writer::start(books, open::helper(path)?, Arc::clone(&shared)).map_err(|error| no_thread(error, path))?,
            meta: Mutex::new(open::helper(path)?),
            path: shared,
            on_point,
            _lock: lock,
        })
    }

    /// A small value that the hub keeps beside its ledger (key material, instance data). Blocks briefly: for the start.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn meta_get(&self, key: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        let connection = self.meta.lock().unwrap_or_else(PoisonError::into_inner);
        let value = connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional();
        value.map_err(|error| Fault::from(error).explain(&self.path))
    }

    /// Keeps `value` under `key`, in place of what was there; durable when it returns. Blocks briefly: for the start.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn meta_put(&self, key: &str, value: &[u8]) -> Result<(), LedgerError> {
        let connection = self.meta.lock().unwrap_or_else(PoisonError::into_inner);
        let sql = "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value";
        connection.execute(sql, params![key, value]).map(|_| ()).map_err(|error| Fault::from(error).explain(&self.path))
    }
}

fn no_thread(error: std::io::Error, path: &Path) -> LedgerError {
    LedgerError {
        what: format!("A thread for the ledger {} could not be started: {error}. Raise the limit of threads or processes.", path.display()),
        transient: false,
        source: Some(Box::new(error)),
    }
}

impl Ledger for SqliteLedger {
    fn load<'a>(&'a self, children: Vec<ChildKey>, messages: Vec<MessageKey>) -> BoxFuture<'a, Result<Loaded, LedgerError>> {
        Box::pin(self.quick.ask(move |connection| find::load(connection, &children, &messages)))
    }

    fn record<'a>(&'a self, entries: Vec<Entry>, lease: LeaseTerms) -> BoxFuture<'a, Result<Outcome, LedgerError>> {
        let on_point = Arc::clone(&self.on_point);
        Box::pin(self.writer.run(move |books| {
            let outcome = record::record(books, &entries, &lease)?;
            on_point("in-transaction");
            Ok(outcome)
        }))
    }

    fn lease_due<'a>(&'a self, rooms: Vec<LaneRoom>, terms: LeaseTerms) -> BoxFuture<'a, Result<Vec<Lease>, LedgerError>> {
        Box::pin(self.writer.run(move |books| lease::lease_due(books, &rooms, &terms)))
    }

    fn settle<'a>(&'a self, settlements: Vec<Settlement>) -> BoxFuture<'a, Result<Settled, LedgerError>> {
        Box::pin(self.writer.run(move |books| settle::settle(books, &settlements)))
    }

    fn lanes<'a>(&'a self, _now: Timestamp) -> BoxFuture<'a, Result<Vec<LaneDue>, LedgerError>> {
        Box::pin(self.quick.ask(figures::lanes))
    }

    fn children_to_wake<'a>(&'a self, now: Timestamp, limit: usize) -> BoxFuture<'a, Result<Vec<ChildKey>, LedgerError>> {
        Box::pin(self.quick.ask(move |connection| find::children_to_wake(connection, now, limit)))
    }

    fn find_children<'a>(&'a self, clues: Vec<Clue>) -> BoxFuture<'a, Result<Vec<Option<Found>>, LedgerError>> {
        Box::pin(self.quick.ask(move |connection| find::find_children(connection, &clues)))
    }

    fn mark_breaches<'a>(&'a self, today: Date, now: Timestamp) -> BoxFuture<'a, Result<u64, LedgerError>> {
        Box::pin(self.writer.run(move |books| operate::mark_breaches(books, today, now)))
    }

    fn operate<'a>(
        &'a self,
        deliveries: Vec<Uuid>,
        action: OperatorAction,
        reason: String,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<Uuid>, LedgerError>> {
        Box::pin(self.writer.run(move |books| operate::operate(books, &deliveries, action, &reason, now)))
    }

    fn collect<'a>(&'a self, recipient: Code, up_to: u64, now: Timestamp) -> BoxFuture<'a, Result<u64, LedgerError>> {
        Box::pin(self.writer.run(move |books| feed::collect(books, recipient, up_to, now)))
    }

    fn confirm<'a>(&'a self, confirmations: Vec<Confirmation>) -> BoxFuture<'a, Result<u64, LedgerError>> {
        Box::pin(self.writer.run(move |books| acceptance::confirm(books, &confirmations)))
    }

    fn hold_lane<'a>(&'a self, recipient: Code, hold: Option<HoldReason>, now: Timestamp) -> BoxFuture<'a, Result<u64, LedgerError>> {
        Box::pin(self.writer.run(move |books| operate::hold_lane(books, recipient, hold, now)))
    }

    fn reseal<'a>(&'a self, contents: Vec<Resealed>) -> BoxFuture<'a, Result<u64, LedgerError>> {
        Box::pin(self.writer.run(move |books| sealed::reseal(books, &contents)))
    }

    fn pause<'a>(&'a self, recipient: Code, pause: Option<Pause>) -> BoxFuture<'a, Result<(), LedgerError>> {
        Box::pin(self.writer.run(move |books| operations::pause(&books.connection, recipient, pause.as_ref())))
    }

    fn remark<'a>(&'a self, remark: Remark) -> BoxFuture<'a, Result<(), LedgerError>> {
        Box::pin(self.writer.run(move |books| operations::remark(&books.connection, &remark)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::port::LedgerView;

    /// The disk is full when the file may not grow any more.
    async fn allow_pages(ledger: &SqliteLedger, more: Option<i64>) {
        let limit = move |books: &mut books::Books| {
            let pages: i64 = books.connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
            let most = more.map_or(i64::from(i32::MAX), |more| pages + more);
            Ok(books.connection.query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(()))?)
        };
        ledger.writer.run(limit).await.unwrap();
    }

    fn message(n: u32) -> Entry {
        let at = Timestamp::UNIX_EPOCH;
        let key = MessageKey { publisher: Code::NONE, message_id: n.to_string() };
        let row = domain::port::MessageRow {
            id: Uuid::from_u128(n.into()),
            key,
            written_id: None,
            sender: None,
            message_type: "placement-change",
            verdict: "accepted",
            digest: [0; 32],
            envelope: vec![0; 100_000],
            content_type: String::new(),
            traceparent: None,
            receipt: "{}".into(),
            intake: "http",
            received_at: at,
            recorded_at: at,
        };
        Entry { message: Some(row), child: None, acknowledgement: None }
    }

    fn terms() -> LeaseTerms {
        let now = Timestamp::UNIX_EPOCH;
        LeaseTerms { holder: Uuid::nil(), now, until: now, limit: 0, shut: Arc::from([]) }
    }

    #[tokio::test]
    async fn a_full_disk_is_told_and_got_over() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = SqliteLedger::open(&folder.path().join("ledger.db")).unwrap();
        ledger.record(vec![message(1)], terms()).await.unwrap();
        allow_pages(&ledger, Some(3)).await;
        for _ in 0..2 {
            let error = ledger.record(vec![message(2)], terms()).await.unwrap_err();
            assert!(error.transient && error.what.contains("Make room"), "{}", error.what);
        }
        // What is there can still be read, and what was refused left no trace.
        let balance = ledger.balance(Timestamp::UNIX_EPOCH).await.unwrap();
        assert_eq!((balance.messages, balance.mistakes.len()), (1, 0));
        allow_pages(&ledger, None).await;
        ledger.record(vec![message(2)], terms()).await.unwrap();
        assert_eq!(ledger.balance(Timestamp::UNIX_EPOCH).await.unwrap().messages, 2);
    }

    #[tokio::test]
    async fn one_failing_verb_does_not_take_its_neighbours_along() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = SqliteLedger::open(&folder.path().join("ledger.db")).unwrap();
        let twice =
            Entry { message: message(9).message.map(|row| domain::port::MessageRow { id: Uuid::from_u128(1), ..row }), ..message(9) };
        let (one, bad, two) = tokio::join!(
            ledger.record(vec![message(1)], terms()),
            ledger.record(vec![twice], terms()),
            ledger.record(vec![message(2)], terms())
        );
        assert!(one.is_ok() && two.is_ok() && bad.unwrap_err().what.contains("contradicts"));
        assert_eq!(ledger.balance(Timestamp::UNIX_EPOCH).await.unwrap().messages, 2);
    }

    #[test]
    fn meta_keeps_bytes_over_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let ledger = SqliteLedger::open(&path).unwrap();
        assert_eq!(ledger.meta_get("keys").unwrap(), None);
        ledger.meta_put("keys", b"one").unwrap();
        ledger.meta_put("keys", b"two").unwrap();
        drop(ledger);
        assert_eq!(SqliteLedger::open(&path).unwrap().meta_get("keys").unwrap().as_deref(), Some(b"two".as_slice()));
    }
}
