//! Group commit: whatever queued up while the last commit ran goes into the next, in one transaction.

use crate::OnPoint;
use crate::bell::Bell;
use crate::books::{Books, Needs};
use crate::fault::Fault;
use crate::pool::Pool;
use crate::session::Session;
use crate::transact::{Transaction, transact};
use domain::port::{BoxFuture, LedgerError, News};
use std::sync::{Arc, OnceLock};
use tokio::sync::{Mutex, mpsc, oneshot};

/// Verbs that may wait; beyond that callers wait to be let in. A batch of the hub is one verb, and it has fewer in flight than this.
const QUEUE: usize = 256;
/// Verbs in one commit: far beyond where a larger batch still gains, and still milliseconds.
const VERBS_PER_COMMIT: usize = 32;
/// While one group is committed the next is read and decided on. More would make smaller groups of the same work.
pub const WRITERS: usize = 2;

/// A verb on its way through. It may be decided on twice: with its neighbours, and alone where one of them failed.
trait Work: Send {
    fn needs(&self, needs: &mut Needs);
    fn decide(&mut self, books: &mut Books);
    fn answer(self: Box<Self>, committed: Result<(), LedgerError>);
}

struct Task<T, N, D> {
    needs: N,
    decide: D,
    value: Option<T>,
    reply: oneshot::Sender<Result<T, LedgerError>>,
}

impl<T: Send, N: Fn(&mut Needs) + Send, D: FnMut(&mut Books) -> T + Send> Work for Task<T, N, D> {
    fn needs(&self, needs: &mut Needs) {
        (self.needs)(needs);
    }

    fn decide(&mut self, books: &mut Books) {
        self.value = Some((self.decide)(books));
    }

    fn answer(self: Box<Self>, committed: Result<(), LedgerError>) {
        // A caller that has gone away does not want its answer; what was committed stays.
        let Task { value, reply, .. } = *self;
        if let Some(answer) = committed.map(|()| value).transpose() {
            let _ = reply.send(answer);
        }
    }
}

/// What writers share.
pub struct Office {
    pub pool: Arc<Pool>,
    pub shard: i64,
    pub bell: Arc<Bell>,
    pub on_point: OnPoint,
}

/// Ends when it is dropped, after what is queued.
pub struct Writer {
    office: Arc<Office>,
    jobs: OnceLock<mpsc::Sender<Box<dyn Work>>>,
}

impl Writer {
    pub fn new(office: Arc<Office>) -> Self {
        Self { office, jobs: OnceLock::new() }
    }

    /// Reads what `needs` says, has `decide` work on it, and writes what comes of it, with whatever else is queued; answers after the
    /// commit. Call within a tokio runtime.
    pub async fn run<T: Send + 'static>(
        &self,
        needs: impl Fn(&mut Needs) + Send + 'static,
        decide: impl FnMut(&mut Books) -> T + Send + 'static,
    ) -> Result<T, LedgerError> {
        let stopped = || Fault::Stopped.explain(&self.office.pool.place().name);
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.get_or_init(|| start(&self.office));
        jobs.send(Box::new(Task { needs, decide, value: None, reply })).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

fn start(office: &Arc<Office>) -> mpsc::Sender<Box<dyn Work>> {
    let (jobs, queue) = mpsc::channel(QUEUE);
    let queue = Arc::new(Mutex::new(queue));
    for _ in 0..WRITERS {
        tokio::spawn(write(Arc::clone(office), Arc::clone(&queue)));
    }
    jobs
}

async fn write(office: Arc<Office>, queue: Arc<Mutex<mpsc::Receiver<Box<dyn Work>>>>) {
    loop {
        let mut jobs = Vec::new();
        // One writer waits in the queue, the other for its place.
        if queue.lock().await.recv_many(&mut jobs, VERBS_PER_COMMIT).await == 0 {
            return;
        }
        office.commit(jobs).await;
    }
}

impl Office {
    /// Commits the group as one; where it fails, each by itself, so that one bad batch does not take its neighbours along.
    async fn commit(&self, jobs: Vec<Box<dyn Work>>) {
        let mut group = Group { jobs, shard: self.shard, on_point: &self.on_point };
        match transact(&self.pool, &mut group).await {
            Ok(news) => {
                group.jobs.into_iter().for_each(|job| job.answer(Ok(())));
                self.bell.ring(news);
            }
            Err(fault) => self.refuse(group.jobs, fault).await,
        }
    }

    async fn refuse(&self, mut jobs: Vec<Box<dyn Work>>, fault: Fault) {
        let by_itself = fault.is_fleeting();
        let error = fault.explain(&self.pool.place().name);
        if jobs.len() == 1 {
            if let Some(job) = jobs.pop() {
                job.answer(Err(error));
            }
        } else if error.transient && !by_itself {
            // A server that is away is away for all of them.
            for job in jobs {
                job.answer(Err(LedgerError { what: error.what.clone(), transient: true, source: None }));
            }
        } else {
            for job in jobs {
                Box::pin(self.commit(vec![job])).await;
            }
        }
    }
}

struct Group<'g> {
    jobs: Vec<Box<dyn Work>>,
    shard: i64,
    on_point: &'g OnPoint,
}

impl Transaction for Group<'_> {
    type Answer = Vec<News>;

    fn run<'a>(&'a mut self, session: &'a Session) -> BoxFuture<'a, Result<Vec<News>, Fault>> {
        Box::pin(async move {
            let mut needs = Needs::default();
            self.jobs.iter().for_each(|job| job.needs(&mut needs));
            let mut books = Books::read(session, needs).await?;
            self.jobs.iter_mut().for_each(|job| job.decide(&mut books));
            books.write(session, self.shard).await?;
            (self.on_point)("in-transaction");
            Ok(books.news)
        })
    }
}
