//! The ledger that several hubs share: one PostgreSQL database.
//!
//! [`PostgresLedger`] answers every verb of [`domain::port::Ledger`]. What changes single deliveries goes through `writer.rs`: verbs that
//! queue up are one transaction, read set-wise, decided on in memory ([`books::Books`]) and written set-wise. What changes many at
//! once, and leasing, are statements of their own. What the tables and columns mean is in `migrations/`.
//!
//! No hub trusts another to be alive: leases and duties lapse by themselves. Nothing in here reads a clock, opens a sealed payload, or
//! holds a transaction while it waits for anybody but PostgreSQL.

mod balance;
mod bell;
mod books;
mod fault;
mod figures;
mod find;
mod history;
mod lane;
mod lease;
mod lists;
mod migrate;
mod operations;
mod pool;
mod record;
mod sealed;
mod session;
mod settings;
mod settle;
mod tallies;
mod trace;
mod transact;
mod view;
mod write;
mod writer;

pub use settings::check;

use crate::bell::Bell;
use crate::fault::Fault;
use crate::pool::Pool;
use crate::session::Session;
use crate::settings::Place;
use crate::transact::{Transaction, transact};
use crate::writer::{Office, WRITERS, Writer};
use domain::Code;
use domain::delivery::HoldReason;
use domain::port::{
    BoxFuture, ChildKey, Clue, Confirmation, Entry, Found, LaneDue, LaneRoom, Lease, LeaseTerms, Ledger, LedgerError, Loaded, MessageKey,
    News, OperatorAction, Outcome, Pause, Remark, Resealed, Settled, Settlement,
};
use jiff::{Timestamp, civil::Date};
use std::collections::HashSet;
use std::sync::Arc;
use uuid::Uuid;

/// Connections for what changes something: the writers', and two for leasing and for what people do.
const ACTING: usize = WRITERS + 2;
/// For what messages wait for, and for lists and figures: a long one delays other pages, and no message.
const LOOKING: usize = 4;

/// Called by name at points where a fault test may want the process to die.
pub type OnPoint = Arc<dyn Fn(&str) + Send + Sync>;

/// A ledger in a database. Others may use it at the same time.
pub struct PostgresLedger {
    acting: Arc<Pool>,
    looking: Pool,
    writer: Writer,
    bell: Arc<Bell>,
    shard: i64,
}

/// What is learned when a database is opened.
struct Opened {
    shard: i64,
    schema: String,
}

impl PostgresLedger {
    /// Opens the database at `url`, and brings its tables up to date. What other hubs have leased stays theirs. Blocks briefly: for
    /// the start.
    ///
    /// # Errors
    /// Where the URL is wrong, the server does not answer, or the database is another program's or a newer hub's.
    pub fn open(url: &str) -> Result<Self, LedgerError> {
        Self::open_with(url, Arc::new(|_| {}))
    }

    /// As [`PostgresLedger::open`]; `on_point` is called with `in-transaction` when messages are written and not yet committed.
    ///
    /// # Errors
    /// As [`PostgresLedger::open`].
    pub fn open_with(url: &str, on_point: OnPoint) -> Result<Self, LedgerError> {
        let place = read(url)?;
        let opened = beside(place.clone(), |session, name| Box::pin(prepare(session, name)))?;
        Ok(Self::start(place, opened, on_point))
    }

    /// A ledger that this process only looks at: hubs may be at work on it.
    ///
    /// # Errors
    /// Where there is no ledger at `url` yet, or it is not one that this program can read.
    pub fn look(url: &str) -> Result<Self, LedgerError> {
        let place = read(url)?;
        let opened = beside(place.clone(), |session, name| Box::pin(inspect(session, name)))?;
        Ok(Self::start(place, opened, Arc::new(|_| {})))
    }

    fn start(place: Place, Opened { shard, schema }: Opened, on_point: OnPoint) -> Self {
        let acting = Arc::new(Pool::new(place.clone(), ACTING));
        let bell = Arc::new(Bell::new(Arc::clone(&acting), &schema));
        let office = Office { pool: Arc::clone(&acting), shard, bell: Arc::clone(&bell), on_point };
        Self { acting, looking: Pool::new(place, LOOKING), writer: Writer::new(Arc::new(office)), bell, shard }
    }

    async fn act<T: Transaction>(&self, mut work: T) -> Result<T::Answer, LedgerError> {
        transact(&self.acting, &mut work).await.map_err(|fault| self.explain(fault))
    }

    /// Answers one question by one connection.
    async fn ask<T: Send>(
        &self,
        body: impl for<'s> FnOnce(&'s Session) -> BoxFuture<'s, Result<T, Fault>> + Send,
    ) -> Result<T, LedgerError> {
        let answer = async {
            let loan = self.looking.take().await?;
            let answer = body(&loan).await;
            if answer.as_ref().err().is_none_or(|fault| !fault.ends_the_session()) {
                loan.done();
            }
            answer
        };
        answer.await.map_err(|fault| self.explain(fault))
    }

    fn explain(&self, fault: Fault) -> LedgerError {
        fault.explain(&self.acting.place().name)
    }
}

fn read(url: &str) -> Result<Place, LedgerError> {
    Place::read(url).map_err(|why| LedgerError { what: format!("ledger.url {why}"), transient: false, source: None })
}

async fn prepare(session: &Session, name: &str) -> Result<Opened, Fault> {
    migrate::migrate(session, name).await?;
    let row = session.row("SELECT nextval('shards'), current_schema()::text", &[]).await?;
    row.map(|row| Opened { shard: row.get::<_, i64>(0) % tallies::SHARDS, schema: row.get(1) }).ok_or(Fault::Stopped)
}

async fn inspect(session: &Session, name: &str) -> Result<Opened, Fault> {
    migrate::check(session, name).await?;
    Ok(Opened { shard: 0, schema: String::new() })
}

type Preparing = for<'s> fn(&'s Session, &'s str) -> BoxFuture<'s, Result<Opened, Fault>>;

/// Runs the opening on a thread and runtime of its own, so that it may be waited for from anywhere; its connection ends with it.
fn beside(place: Place, body: Preparing) -> Result<Opened, LedgerError> {
    let name = place.name.clone();
    let opening = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|_| Fault::Stopped)?;
        runtime.block_on(async {
            let session = Session::open(&place).await?;
            body(&session, &place.name).await
        })
    });
    opening.join().unwrap_or(Err(Fault::Stopped)).map_err(|fault| fault.explain(&name))
}

impl Ledger for PostgresLedger {
    fn load<'a>(&'a self, children: Vec<ChildKey>, messages: Vec<MessageKey>) -> BoxFuture<'a, Result<Loaded, LedgerError>> {
        Box::pin(self.ask(move |session| Box::pin(async move { find::load(session, &children, &messages).await })))
    }

    fn record<'a>(&'a self, entries: Vec<Entry>, lease: LeaseTerms) -> BoxFuture<'a, Result<Outcome, LedgerError>> {
        let entries = Arc::new(entries);
        let needed = Arc::clone(&entries);
        Box::pin(self.writer.run(move |needs| record::needs(&needed, needs), move |books| record::record(books, &entries, &lease)))
    }

    fn lease_due<'a>(&'a self, rooms: Vec<LaneRoom>, terms: LeaseTerms) -> BoxFuture<'a, Result<Vec<Lease>, LedgerError>> {
        Box::pin(self.act(lease::LeaseDue { rooms, terms, shard: self.shard }))
    }

    fn settle<'a>(&'a self, settlements: Vec<Settlement>) -> BoxFuture<'a, Result<Settled, LedgerError>> {
        let ids: Vec<Uuid> = settlements.iter().map(|settlement| settlement.delivery).collect();
        Box::pin(self.writer.run(move |needs| needs.deliveries.extend(&ids), move |books| settle::settle(books, &settlements)))
    }

    fn lanes<'a>(&'a self, _now: Timestamp) -> BoxFuture<'a, Result<Vec<LaneDue>, LedgerError>> {
        Box::pin(self.ask(|session| Box::pin(figures::lanes(session))))
    }

    fn children_to_wake<'a>(&'a self, now: Timestamp, limit: usize) -> BoxFuture<'a, Result<Vec<ChildKey>, LedgerError>> {
        Box::pin(self.ask(move |session| Box::pin(find::children_to_wake(session, now, limit))))
    }

    fn find_children<'a>(&'a self, clues: Vec<Clue>) -> BoxFuture<'a, Result<Vec<Option<Found>>, LedgerError>> {
        Box::pin(self.ask(move |session| Box::pin(async move { find::find_children(session, &clues).await })))
    }

    fn mark_breaches<'a>(&'a self, today: Date, now: Timestamp) -> BoxFuture<'a, Result<u64, LedgerError>> {
        Box::pin(self.act(lane::MarkBreaches { today, now, shard: self.shard }))
    }

    fn operate<'a>(
        &'a self,
        deliveries: Vec<Uuid>,
        action: OperatorAction,
        reason: String,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<Uuid>, LedgerError>> {
        let ids = deliveries.clone();
        Box::pin(
            self.writer
                .run(move |needs| needs.deliveries.extend(&ids), move |books| settle::operate(books, &deliveries, action, &reason, now)),
        )
    }

    fn collect<'a>(&'a self, recipient: Code, up_to: u64, now: Timestamp) -> BoxFuture<'a, Result<u64, LedgerError>> {
        Box::pin(
            self.writer.run(
                move |needs| settle::collect_needs(recipient, up_to, needs),
                move |books| settle::collect(books, recipient, up_to, now),
            ),
        )
    }

    fn confirm<'a>(&'a self, confirmations: Vec<Confirmation>) -> BoxFuture<'a, Result<u64, LedgerError>> {
        let ids: HashSet<Uuid> = confirmations.iter().map(|confirmation| confirmation.delivery).collect();
        Box::pin(self.writer.run(move |needs| needs.deliveries.extend(&ids), move |books| settle::confirm(books, &confirmations)))
    }

    fn hold_lane<'a>(&'a self, recipient: Code, hold: Option<HoldReason>, now: Timestamp) -> BoxFuture<'a, Result<u64, LedgerError>> {
        Box::pin(async move {
            let moved = self.act(lane::HoldLane { recipient, hold, now, shard: self.shard }).await?;
            if hold.is_none() && moved > 0 {
                self.bell.ring(vec![News::Due(recipient)]);
            }
            Ok(moved)
        })
    }

    fn reseal<'a>(&'a self, contents: Vec<Resealed>) -> BoxFuture<'a, Result<u64, LedgerError>> {
        Box::pin(self.act(sealed::Reseal(contents)))
    }

    fn pause<'a>(&'a self, recipient: Code, pause: Option<Pause>) -> BoxFuture<'a, Result<(), LedgerError>> {
        Box::pin(self.act(operations::SetPause { recipient, pause }))
    }

    fn remark<'a>(&'a self, remark: Remark) -> BoxFuture<'a, Result<(), LedgerError>> {
        Box::pin(self.act(operations::Keep(remark)))
    }

    fn hold_duty<'a>(
        &'a self,
        name: &'static str,
        holder: Uuid,
        until: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, LedgerError>> {
        Box::pin(self.act(lane::HoldDuty { name, holder, until, now }))
    }

    fn news<'a>(&'a self) -> BoxFuture<'a, News> {
        Box::pin(self.bell.next())
    }
}
