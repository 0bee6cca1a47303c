//! Looking at the ledger: lists, journeys, counts, each from one moment. By a hub, or by a command beside it.

use crate::session::Session;
use crate::{PostgresLedger, balance, fault::Fault, figures, history, lists, operations, sealed, trace};
use domain::Code;
use domain::port::{
    AcceptedRow, Alias, Balance, BoxFuture, ChildKey, ClaimFilter, ClaimRow, ClockFilter, Clue, DeliveryFilter, DeliveryRow, FeedPage,
    Figures, History, LedgerError, LedgerView, Pause, RejectionFilter, RejectionRow, Remark, ReviewRow, SealedPage, SealedPlace, Trace,
};
use jiff::{Timestamp, civil::Date};
use std::sync::Arc;
use uuid::Uuid;

impl PostgresLedger {
    /// Answers a question of several statements from one snapshot of the ledger, which cannot write.
    async fn look_at<T: Send>(
        &self,
        body: impl for<'s> FnOnce(&'s Session) -> BoxFuture<'s, Result<T, Fault>> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.ask(|session| {
            Box::pin(async move {
                session.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
                let answer = body(session).await;
                session.batch("COMMIT").await?;
                answer
            })
        })
        .await
    }
}

impl LedgerView for PostgresLedger {
    fn figures<'a>(&'a self, today: Date, at_risk_until: Date) -> BoxFuture<'a, Result<Figures, LedgerError>> {
        Box::pin(self.look_at(move |session| Box::pin(figures::figures(session, today, at_risk_until))))
    }

    fn trace<'a>(&'a self, clue: Clue) -> BoxFuture<'a, Result<Vec<Trace>, LedgerError>> {
        Box::pin(self.look_at(move |session| Box::pin(async move { trace::trace(session, &clue).await })))
    }

    fn deliveries<'a>(&'a self, filter: DeliveryFilter) -> BoxFuture<'a, Result<Vec<DeliveryRow>, LedgerError>> {
        Box::pin(self.ask(move |session| Box::pin(async move { lists::deliveries(session, &filter).await })))
    }

    fn deliveries_of<'a>(&'a self, ids: Vec<Uuid>) -> BoxFuture<'a, Result<Vec<DeliveryRow>, LedgerError>> {
        Box::pin(self.ask(move |session| Box::pin(async move { operations::deliveries_of(session, &ids).await })))
    }

    fn reviews<'a>(&'a self, limit: usize) -> BoxFuture<'a, Result<Vec<ReviewRow>, LedgerError>> {
        Box::pin(self.ask(move |session| Box::pin(lists::reviews(session, limit))))
    }

    fn balance<'a>(&'a self, now: Timestamp) -> BoxFuture<'a, Result<Balance, LedgerError>> {
        Box::pin(self.look_at(move |session| Box::pin(balance::balance(session, now))))
    }

    fn histories<'a>(&'a self, alias: Alias) -> BoxFuture<'a, Result<Vec<History>, LedgerError>> {
        Box::pin(self.look_at(move |session| Box::pin(history::histories(session, alias))))
    }

    fn claims<'a>(&'a self, filter: ClaimFilter) -> BoxFuture<'a, Result<Vec<ClaimRow>, LedgerError>> {
        Box::pin(self.ask(move |session| Box::pin(async move { lists::claims(session, &filter).await })))
    }

    fn children<'a>(&'a self, after: Option<ChildKey>, limit: usize) -> BoxFuture<'a, Result<Vec<ChildKey>, LedgerError>> {
        Box::pin(self.ask(move |session| Box::pin(lists::children(session, after, limit))))
    }

    fn feed<'a>(&'a self, recipient: Code, after: u64, limit: usize) -> BoxFuture<'a, Result<FeedPage, LedgerError>> {
        Box::pin(self.ask(move |session| Box::pin(lists::feed(session, recipient, after, limit))))
    }

    fn accepted<'a>(&'a self, adapter: &'a str, after: Option<Uuid>, limit: usize) -> BoxFuture<'a, Result<Vec<AcceptedRow>, LedgerError>> {
        let adapter = adapter.to_owned();
        Box::pin(self.ask(move |session| Box::pin(async move { lists::accepted(session, &adapter, after, limit).await })))
    }

    fn sealed<'a>(&'a self, current: Vec<u8>, after: SealedPlace) -> BoxFuture<'a, Result<SealedPage, LedgerError>> {
        Box::pin(self.ask(move |session| Box::pin(async move { sealed::page(session, &current, after).await })))
    }

    fn clocks<'a>(&'a self, filter: ClockFilter) -> BoxFuture<'a, Result<Vec<DeliveryRow>, LedgerError>> {
        Box::pin(self.ask(move |session| Box::pin(async move { operations::clocks(session, &filter).await })))
    }

    fn rejections<'a>(&'a self, filter: RejectionFilter) -> BoxFuture<'a, Result<Vec<RejectionRow>, LedgerError>> {
        Box::pin(self.ask(move |session| Box::pin(async move { operations::rejections(session, &filter).await })))
    }

    fn content<'a>(&'a self, delivery: Uuid) -> BoxFuture<'a, Result<Option<Arc<[u8]>>, LedgerError>> {
        Box::pin(self.ask(move |session| Box::pin(operations::content(session, delivery))))
    }

    fn pauses<'a>(&'a self) -> BoxFuture<'a, Result<Vec<Pause>, LedgerError>> {
        Box::pin(self.ask(|session| Box::pin(operations::pauses(session))))
    }

    fn remarks<'a>(&'a self, limit: usize) -> BoxFuture<'a, Result<Vec<Remark>, LedgerError>> {
        Box::pin(self.ask(move |session| Box::pin(operations::remarks(session, limit))))
    }
}
