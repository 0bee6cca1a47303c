//! Looking at a ledger: lists, journeys, counts. By the hub that has it open, or by a command beside it.

use crate::threads::Readers;
use crate::{SqliteLedger, acceptance, balance, claims, feed, figures, history, lists, open, operations, sealed, trace};
use domain::Code;
use domain::port::{
    AcceptedRow, Alias, Balance, BoxFuture, ChildKey, ClaimFilter, ClaimRow, ClockFilter, Clue, DeliveryFilter, DeliveryRow, FeedPage,
    Figures, History, LedgerError, LedgerView, Pause, RejectionFilter, RejectionRow, Remark, ReviewRow, SealedPage, SealedPlace, Trace,
};
use jiff::{Timestamp, civil::Date};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// Answers questions from a thread and a connection of its own.
pub struct LedgerReader {
    readers: Readers,
}

impl LedgerReader {
    /// A ledger that this process only looks at: a hub may have it open.
    ///
    /// # Errors
    /// Where there is no ledger at `path` yet, or it is not one that this program can read.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        Self::start(vec![open::reader_beside(path)?], &Arc::from(path))
    }

    pub(crate) fn start(connections: Vec<Connection>, path: &Arc<Path>) -> Result<Self, LedgerError> {
        let readers = Readers::start("ledger-lists", connections, Arc::clone(path)).map_err(|error| crate::no_thread(error, path))?;
        Ok(Self { readers })
    }
}

impl LedgerView for LedgerReader {
    fn figures<'a>(&'a self, today: Date, at_risk_until: Date) -> BoxFuture<'a, Result<Figures, LedgerError>> {
        Box::pin(self.readers.ask(move |connection| figures::figures(connection, today, at_risk_until)))
    }

    fn trace<'a>(&'a self, clue: Clue) -> BoxFuture<'a, Result<Vec<Trace>, LedgerError>> {
        Box::pin(self.readers.ask(move |connection| trace::trace(connection, &clue)))
    }

    fn deliveries<'a>(&'a self, filter: DeliveryFilter) -> BoxFuture<'a, Result<Vec<DeliveryRow>, LedgerError>> {
        Box::pin(self.readers.ask(move |connection| lists::deliveries(connection, &filter)))
    }

    fn deliveries_of<'a>(&'a self, ids: Vec<Uuid>) -> BoxFuture<'a, Result<Vec<DeliveryRow>, LedgerError>> {
        Box::pin(self.readers.ask(move |connection| operations::deliveries_of(connection, &ids)))
    }

    fn reviews<'a>(&'a self, limit: usize) -> BoxFuture<'a, Result<Vec<ReviewRow>, LedgerError>> {
        Box::pin(self.readers.ask(move |connection| lists::reviews(connection, limit)))
    }

    fn balance<'a>(&'a self, now: Timestamp) -> BoxFuture<'a, Result<Balance, LedgerError>> {
        Box::pin(self.readers.ask(move |connection| balance::balance(connection, now)))
    }

    fn histories<'a>(&'a self, alias: Alias) -> BoxFuture<'a, Result<Vec<History>, LedgerError>> {
        Box::pin(self.readers.ask(move |connection| history::histories(connection, alias)))
    }

    fn claims<'a>(&'a self, filter: ClaimFilter) -> BoxFuture<'a, Result<Vec<ClaimRow>, LedgerError>> {
        Box::pin(self.readers.ask(move |connection| claims::claims(connection, &filter)))
    }

    fn children<'a>(&'a self, after: Option<ChildKey>, limit: usize) -> BoxFuture<'a, Result<Vec<ChildKey>, LedgerError>> {
        Box::pin(self.readers.ask(move |connection| history::children(connection, after, limit)))
    }

    fn feed<'a>(&'a self, recipient: Code, after: u64, limit: usize) -> BoxFuture<'a, Result<FeedPage, LedgerError>> {
        Box::pin(self.readers.ask(move |connection| feed::page(connection, recipient, after, limit)))
    }

    fn accepted<'a>(&'a self, adapter: &'a str, after: Option<Uuid>, limit: usize) -> BoxFuture<'a, Result<Vec<AcceptedRow>, LedgerError>> {
        let adapter = adapter.to_owned();
        Box::pin(self.readers.ask(move |connection| acceptance::accepted(connection, &adapter, after, limit)))
    }

    fn sealed<'a>(&'a self, current: Vec<u8>, after: SealedPlace) -> BoxFuture<'a, Result<SealedPage, LedgerError>> {
        Box::pin(self.readers.ask(move |connection| sealed::page(connection, &current, after)))
    }

    fn clocks<'a>(&'a self, filter: ClockFilter) -> BoxFuture<'a, Result<Vec<DeliveryRow>, LedgerError>> {
        Box::pin(self.readers.ask(move |connection| operations::clocks(connection, &filter)))
    }

    fn rejections<'a>(&'a self, filter: RejectionFilter) -> BoxFuture<'a, Result<Vec<RejectionRow>, LedgerError>> {
        Box::pin(self.readers.ask(move |connection| operations::rejections(connection, &filter)))
    }

    fn content<'a>(&'a self, delivery: Uuid) -> BoxFuture<'a, Result<Option<Arc<[u8]>>, LedgerError>> {
        Box::pin(self.readers.ask(move |connection| operations::content(connection, delivery)))
    }

    fn pauses<'a>(&'a self) -> BoxFuture<'a, Result<Vec<Pause>, LedgerError>> {
        Box::pin(self.readers.ask(operations::pauses))
    }

    fn remarks<'a>(&'a self, limit: usize) -> BoxFuture<'a, Result<Vec<Remark>, LedgerError>> {
        Box::pin(self.readers.ask(move |connection| operations::remarks(connection, limit)))
    }
}

/// The hub's own ledger answers by its reader for lists.
impl LedgerView for SqliteLedger {
    fn figures<'a>(&'a self, today: Date, at_risk_until: Date) -> BoxFuture<'a, Result<Figures, LedgerError>> {
        self.view.figures(today, at_risk_until)
    }

    fn trace<'a>(&'a self, clue: Clue) -> BoxFuture<'a, Result<Vec<Trace>, LedgerError>> {
        self.view.trace(clue)
    }

    fn deliveries<'a>(&'a self, filter: DeliveryFilter) -> BoxFuture<'a, Result<Vec<DeliveryRow>, LedgerError>> {
        self.view.deliveries(filter)
    }

    fn deliveries_of<'a>(&'a self, ids: Vec<Uuid>) -> BoxFuture<'a, Result<Vec<DeliveryRow>, LedgerError>> {
        self.view.deliveries_of(ids)
    }

    fn reviews<'a>(&'a self, limit: usize) -> BoxFuture<'a, Result<Vec<ReviewRow>, LedgerError>> {
        self.view.reviews(limit)
    }

    fn balance<'a>(&'a self, now: Timestamp) -> BoxFuture<'a, Result<Balance, LedgerError>> {
        self.view.balance(now)
    }

    fn histories<'a>(&'a self, alias: Alias) -> BoxFuture<'a, Result<Vec<History>, LedgerError>> {
        self.view.histories(alias)
    }

    fn claims<'a>(&'a self, filter: ClaimFilter) -> BoxFuture<'a, Result<Vec<ClaimRow>, LedgerError>> {
        self.view.claims(filter)
    }

    fn children<'a>(&'a self, after: Option<ChildKey>, limit: usize) -> BoxFuture<'a, Result<Vec<ChildKey>, LedgerError>> {
        self.view.children(after, limit)
    }

    fn feed<'a>(&'a self, recipient: Code, after: u64, limit: usize) -> BoxFuture<'a, Result<FeedPage, LedgerError>> {
        self.view.feed(recipient, after, limit)
    }

    fn accepted<'a>(&'a self, adapter: &'a str, after: Option<Uuid>, limit: usize) -> BoxFuture<'a, Result<Vec<AcceptedRow>, LedgerError>> {
        self.view.accepted(adapter, after, limit)
    }

    fn sealed<'a>(&'a self, current: Vec<u8>, after: SealedPlace) -> BoxFuture<'a, Result<SealedPage, LedgerError>> {
        self.view.sealed(current, after)
    }

    fn clocks<'a>(&'a self, filter: ClockFilter) -> BoxFuture<'a, Result<Vec<DeliveryRow>, LedgerError>> {
        self.view.clocks(filter)
    }

    fn rejections<'a>(&'a self, filter: RejectionFilter) -> BoxFuture<'a, Result<Vec<RejectionRow>, LedgerError>> {
        self.view.rejections(filter)
    }

    fn content<'a>(&'a self, delivery: Uuid) -> BoxFuture<'a, Result<Option<Arc<[u8]>>, LedgerError>> {
        self.view.content(delivery)
    }

    fn pauses<'a>(&'a self) -> BoxFuture<'a, Result<Vec<Pause>, LedgerError>> {
        self.view.pauses()
    }

    fn remarks<'a>(&'a self, limit: usize) -> BoxFuture<'a, Result<Vec<Remark>, LedgerError>> {
        self.view.remarks(limit)
    }
}
