//! Threads that own connections, so that nothing here ever blocks the runtime.
//!
//! Cast: one [`Writer`] with the only writing connection, which commits whatever is queued as one; two [`Readers`]
//! pools, for what messages wait for and for what people wait for; one checkpointer.

use crate::books::Books;
use crate::fault::{Fault, stopped};
use domain::port::LedgerError;
use rusqlite::Connection;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// Verbs that may wait for the writer; beyond that callers wait to be let in. A batch of the hub is one verb, and it
/// has fewer in flight than this.
const QUEUE: usize = 256;
/// Verbs in one commit: far beyond where a larger batch still gains, and still milliseconds.
const VERBS_PER_COMMIT: usize = 32;
/// Changed rows after which the log is copied into the database: some 20 MB of log.
const ROWS_PER_CHECKPOINT: u64 = 20_000;
/// Work for the writing connection. It may run twice: with its neighbours, and alone where one of them failed.
pub trait Work: Send {
    fn run(&mut self, books: &mut Books) -> Result<(), Fault>;
    fn answer(self: Box<Self>, committed: Result<(), LedgerError>);
}

struct Task<T, F> {
    body: F,
    value: Option<T>,
    reply: oneshot::Sender<Result<T, LedgerError>>,
}

impl<T: Send, F: FnMut(&mut Books) -> Result<T, Fault> + Send> Work for Task<T, F> {
    fn run(&mut self, books: &mut Books) -> Result<(), Fault> {
        self.value = Some((self.body)(books)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), LedgerError>) {
        // A caller that has gone away does not want its answer; what was committed stays.
        let Task { value, reply, .. } = *self;
        if let Some(answer) = committed.map(|()| value).transpose() {
            let _ = reply.send(answer);
        }
    }
}

/// How the writer and the checkpointer talk.
struct Checkpoints {
    /// Asks for a pass.
    bell: std::sync::mpsc::SyncSender<()>,
    /// A pass has ended.
    passed: Arc<AtomicBool>,
}

/// The thread with the writing connection.
pub struct Writer {
    jobs: Option<mpsc::Sender<Box<dyn Work>>>,
    threads: Vec<JoinHandle<()>>,
    path: Arc<Path>,
}

impl Writer {
    pub fn start(books: Books, checkpoints: Connection, path: Arc<Path>) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (bell, rings) = std::sync::mpsc::sync_channel::<()>(1);
        let passed = Arc::new(AtomicBool::new(false));
        let for_writer = Checkpoints { bell, passed: Arc::clone(&passed) };
        let writer_path = Arc::clone(&path);
        let writer =
            std::thread::Builder::new().name("ledger-writer".into()).spawn(move || write(books, queue, &for_writer, &writer_path))?;
        let checkpointer = std::thread::Builder::new().name("ledger-checkpoint".into()).spawn(move || {
            while rings.recv().is_ok() {
                checkpoint(&checkpoints);
                passed.store(true, Ordering::Relaxed);
            }
        })?;
        Ok(Self { jobs: Some(jobs), threads: vec![writer, checkpointer], path })
    }

    /// Runs `body` in a transaction, with whatever else is queued; answers after the commit.
    pub async fn run<T: Send + 'static>(
        &self,
        body: impl FnMut(&mut Books) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(|| stopped(&self.path))?;
        jobs.send(Box::new(Task { body, value: None, reply })).await.map_err(|_| stopped(&self.path))?;
        answer.await.map_err(|_| stopped(&self.path))?
    }
}

impl Drop for Writer {
    /// Waits for what is queued, so that the file is closed and its lock free when this returns.
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn write(mut books: Books, mut queue: mpsc::Receiver<Box<dyn Work>>, checkpoints: &Checkpoints, path: &Path) {
    let mut rung_at = 0;
    while let Some(first) = queue.blocking_recv() {
        let mut group = vec![first];
        while group.len() < VERBS_PER_COMMIT
            && let Ok(next) = queue.try_recv()
        {
            group.push(next);
        }
        commit(&mut books, group, path);
        let changes = books.connection.total_changes();
        if changes - rung_at >= ROWS_PER_CHECKPOINT {
            rung_at = changes;
            // Full means that a pass is asked for already.
            let _ = checkpoints.bell.try_send(());
        }
        if checkpoints.passed.swap(false, Ordering::Relaxed) {
            // The pass has copied what was in the log when it began. This one copies the little that came since, and only
            // now that all is copied does the log begin again at its start: so it stays short under any load.
            checkpoint(&books.connection);
        }
    }
}

/// Commits the group as one; where it fails, each by itself, so that one bad batch does not take its neighbours along.
fn commit(books: &mut Books, mut group: Vec<Box<dyn Work>>, path: &Path) {
    let outcome = attempt(books, &mut group);
    match outcome {
        Ok(()) => group.into_iter().for_each(|job| job.answer(Ok(()))),
        Err(fault) if group.len() == 1 => {
            if let Some(job) = group.pop() {
                job.answer(Err(fault.explain(path)));
            }
        }
        Err(_) => group.into_iter().for_each(|job| commit(books, vec![job], path)),
    }
}

fn attempt(books: &mut Books, group: &mut [Box<dyn Work>]) -> Result<(), Fault> {
    transact(books, |books| group.iter_mut().try_for_each(|job| job.run(books)))
}

/// All of `body`, or nothing of it.
pub fn transact<T>(books: &mut Books, body: impl FnOnce(&mut Books) -> Result<T, Fault>) -> Result<T, Fault> {
    let outcome = books.begin().and_then(|()| body(books)).and_then(|value| books.commit().map(|()| value));
    if outcome.is_err() {
        books.roll_back();
    }
    outcome
}

fn checkpoint(connection: &Connection) {
    let outcome = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)));
    if let Err(error) = outcome {
        tracing::warn!(%error, "the ledger's log could not be copied into the database; it is tried again");
    }
}

type Question = Box<dyn FnOnce(&Connection) + Send>;

/// Threads that answer questions, each with a connection of its own.
pub struct Readers {
    questions: Option<mpsc::Sender<Question>>,
    threads: Vec<JoinHandle<()>>,
    path: Arc<Path>,
}

impl Readers {
    pub fn start(name: &str, connections: Vec<Connection>, path: Arc<Path>) -> std::io::Result<Self> {
        let (questions, queue) = mpsc::channel::<Question>(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        let mut threads = Vec::new();
        for connection in connections {
            let queue = Arc::clone(&queue);
            threads.push(std::thread::Builder::new().name(name.into()).spawn(move || {
                // One waits in the queue, the others wait for its place.
                while let Some(question) = queue.lock().ok().and_then(|mut queue| queue.blocking_recv()) {
                    question(&connection);
                }
            })?);
        }
        Ok(Self { questions: Some(questions), threads, path })
    }

    /// Answers `body` from one snapshot of the ledger.
    pub async fn ask<T: Send + 'static>(
        &self,
        body: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (reply, answer) = oneshot::channel();
        let path = Arc::clone(&self.path);
        let question: Question = Box::new(move |connection| {
            let _ = reply.send(snapshot(connection, body).map_err(|fault| fault.explain(&path)));
        });
        let questions = self.questions.as_ref().ok_or_else(|| stopped(&self.path))?;
        questions.send(question).await.map_err(|_| stopped(&self.path))?;
        answer.await.map_err(|_| stopped(&self.path))?
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.questions = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn snapshot<T>(connection: &Connection, body: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    let answer = body(connection);
    if !connection.is_autocommit() {
        connection.prepare_cached("COMMIT")?.execute([])?;
    }
    answer
}
