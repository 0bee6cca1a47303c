//! The way of one run of a hub to the books: it takes time, it can fail before the commit, and the answer can be lost after it.

use super::books::Books;
use super::gate::Gate;
use super::stage::{Stage, Weather};
use domain::Code;
use domain::delivery::HoldReason;
use domain::port::*;
use domain::retry::Next;
use jiff::{Timestamp, civil::Date};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

pub struct Port {
    pub stage: Arc<Stage>,
    pub gate: Arc<Gate>,
    /// Which hub, for the log.
    pub hub: usize,
}

type Answer<'a, T> = BoxFuture<'a, Result<T, LedgerError>>;

impl Port {
    fn ask<'a, T: Send + 'a>(&'a self, verb: &'static str, run: impl FnOnce(&mut Books) -> T + Send + 'a) -> Answer<'a, T> {
        Box::pin(async move {
            self.gate.pass().await;
            if let Some(millis) = self.stage.takes_a_while() {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                self.gate.pass().await;
            }
            let weather = self.stage.weather();
            if weather == Weather::Fails {
                self.stage.log(|| format!("hub {}: {verb} fails", self.hub));
                return Err(broken());
            }
            if weather == Weather::Hangs {
                self.stage.log(|| format!("hub {}: {verb} hangs", self.hub));
                tokio::time::sleep(Duration::from_secs(60)).await;
                self.gate.pass().await;
            }
            let answer = run(&mut self.stage.books());
            self.gate.pass().await;
            if weather == Weather::LosesTheAnswer {
                self.stage.log(|| format!("hub {}: {verb} is done, and its answer lost", self.hub));
                return Err(broken());
            }
            Ok(answer)
        })
    }

    /// What a hub reads now and then: in the log it would only be in the way.
    fn log(&self, what: impl FnOnce(&Books) -> String) {
        if self.stage.is_logged() {
            let what = what(&self.stage.books());
            self.stage.log(|| format!("hub {}: {what}", self.hub));
        }
    }
}

fn is_delivered(settlement: &Settlement) -> bool {
    matches!(settlement.next, Next::Delivered { .. })
}

fn broken() -> LedgerError {
    LedgerError { what: "the connection to the ledger was lost".to_owned(), transient: true, source: None }
}

impl Ledger for Port {
    fn load<'a>(&'a self, children: Vec<ChildKey>, messages: Vec<MessageKey>) -> Answer<'a, Loaded> {
        self.ask("load", move |books| books.load(&children, &messages))
    }

    fn record<'a>(&'a self, entries: Vec<Entry>, lease: LeaseTerms) -> Answer<'a, Outcome> {
        Box::pin(async move {
            let from = self.stage.books().rows.len();
            let run = move |books: &mut Books| {
                let outcome = books.record(entries, &lease);
                self.stage.are_leased(&outcome.leased, books);
                outcome
            };
            let outcome = self.ask("record", run).await?;
            self.log(|books| {
                let count = |wanted| outcome.recorded.iter().filter(|recorded| **recorded == wanted).count();
                let leased: Vec<_> = outcome.leased.iter().map(|lease| books.number(lease.delivery)).collect();
                let (done, conflicts) = (count(Recorded::Done), count(Recorded::Conflict));
                format!("recorded {done}, conflicts {conflicts}, deliveries {} to {}, leased {leased:?}", from + 1, books.rows.len())
            });
            Ok(outcome)
        })
    }

    fn lease_due<'a>(&'a self, rooms: Vec<LaneRoom>, terms: LeaseTerms) -> Answer<'a, Vec<Lease>> {
        Box::pin(async move {
            let run = move |books: &mut Books| {
                let leases = books.lease_due(&rooms, &terms);
                self.stage.are_leased(&leases, books);
                leases
            };
            let leases = self.ask("lease_due", run).await?;
            self.log(|books| {
                let leased: Vec<_> = leases.iter().map(|lease| (books.number(lease.delivery), lease.fence)).collect();
                format!("leases (delivery, fence) {leased:?}")
            });
            Ok(leases)
        })
    }

    fn settle<'a>(&'a self, settlements: Vec<Settlement>) -> Answer<'a, Settled> {
        Box::pin(async move {
            self.log(|books| {
                let next = |one: &Settlement| format!("{} (fence {}) {:?}", books.number(one.delivery), one.fence, one.next);
                format!("settles {:?}", settlements.iter().map(next).collect::<Vec<_>>())
            });
            let delivered: Vec<Uuid> = settlements.iter().filter(|one| is_delivered(one)).map(|one| one.delivery).collect();
            let settled = self.ask("settle", move |books| books.settle(settlements)).await?;
            // Where some came too late, nobody is told which.
            if settled.stale == 0 {
                self.stage.are_settled(delivered.into_iter());
            }
            Ok(settled)
        })
    }

    fn lanes<'a>(&'a self, now: Timestamp) -> Answer<'a, Vec<LaneDue>> {
        self.ask("lanes", move |books| books.lanes(now))
    }

    fn children_to_wake<'a>(&'a self, now: Timestamp, limit: usize) -> Answer<'a, Vec<ChildKey>> {
        self.ask("children_to_wake", move |books| books.children_to_wake(now, limit))
    }

    fn find_children<'a>(&'a self, clues: Vec<Clue>) -> Answer<'a, Vec<Option<Found>>> {
        self.ask("find_children", move |books| clues.iter().map(|clue| books.find(clue)).collect())
    }

    fn confirm<'a>(&'a self, confirmations: Vec<Confirmation>) -> Answer<'a, u64> {
        self.log(|books| {
            let told = |one: &Confirmation| format!("{} {:?}", books.number(one.delivery), one.outcome);
            format!("confirms {:?}", confirmations.iter().map(told).collect::<Vec<_>>())
        });
        self.ask("confirm", move |books| books.confirm(&confirmations))
    }

    fn hold_lane<'a>(&'a self, recipient: Code, hold: Option<HoldReason>, now: Timestamp) -> Answer<'a, u64> {
        self.log(|_| {
            hold.map_or_else(|| format!("releases the lane of {recipient}"), |hold| format!("holds the lane of {recipient}: {hold}"))
        });
        self.ask("hold_lane", move |books| books.hold_lane(recipient, hold, now))
    }

    fn mark_breaches<'a>(&'a self, _: Date, _: Timestamp) -> Answer<'a, u64> {
        unasked()
    }

    fn operate<'a>(&'a self, _: Vec<Uuid>, _: OperatorAction, _: String, _: Timestamp) -> Answer<'a, Vec<Uuid>> {
        unasked()
    }

    fn collect<'a>(&'a self, _: Code, _: u64, _: Timestamp) -> Answer<'a, u64> {
        unasked()
    }

    fn reseal<'a>(&'a self, _: Vec<Resealed>) -> Answer<'a, u64> {
        unasked()
    }

    fn pause<'a>(&'a self, _: Code, _: Option<Pause>) -> Answer<'a, ()> {
        unasked()
    }

    fn remark<'a>(&'a self, _: Remark) -> Answer<'a, ()> {
        unasked()
    }
}

impl LedgerView for Port {
    fn figures<'a>(&'a self, _: Date, _: Date) -> Answer<'a, Figures> {
        self.ask("figures", |books| books.figures())
    }

    fn deliveries<'a>(&'a self, filter: DeliveryFilter) -> Answer<'a, Vec<DeliveryRow>> {
        self.ask("deliveries", move |books| books.deliveries(&filter))
    }

    fn accepted<'a>(&'a self, adapter: &'a str, after: Option<Uuid>, limit: usize) -> Answer<'a, Vec<AcceptedRow>> {
        self.ask("accepted", move |books| books.accepted(adapter, after, limit))
    }

    fn trace<'a>(&'a self, _: Clue) -> Answer<'a, Vec<Trace>> {
        unasked()
    }

    fn reviews<'a>(&'a self, _: usize) -> Answer<'a, Vec<ReviewRow>> {
        unasked()
    }

    fn histories<'a>(&'a self, _: Alias) -> Answer<'a, Vec<History>> {
        unasked()
    }

    fn claims<'a>(&'a self, _: ClaimFilter) -> Answer<'a, Vec<ClaimRow>> {
        unasked()
    }

    fn children<'a>(&'a self, _: Option<ChildKey>, _: usize) -> Answer<'a, Vec<ChildKey>> {
        unasked()
    }

    fn feed<'a>(&'a self, _: Code, _: u64, _: usize) -> Answer<'a, FeedPage> {
        unasked()
    }

    fn sealed<'a>(&'a self, _: Vec<u8>, _: SealedPlace) -> Answer<'a, SealedPage> {
        unasked()
    }

    fn clocks<'a>(&'a self, _: ClockFilter) -> Answer<'a, Vec<DeliveryRow>> {
        unasked()
    }

    fn deliveries_of<'a>(&'a self, _: Vec<Uuid>) -> Answer<'a, Vec<DeliveryRow>> {
        unasked()
    }

    fn rejections<'a>(&'a self, _: RejectionFilter) -> Answer<'a, Vec<RejectionRow>> {
        unasked()
    }

    fn content<'a>(&'a self, _: Uuid) -> Answer<'a, Option<Arc<[u8]>>> {
        unasked()
    }

    fn pauses<'a>(&'a self) -> Answer<'a, Vec<Pause>> {
        unasked()
    }

    fn remarks<'a>(&'a self, _: usize) -> Answer<'a, Vec<Remark>> {
        unasked()
    }

    fn balance<'a>(&'a self, _: Timestamp) -> Answer<'a, Balance> {
        unasked()
    }
}

/// People's verbs and questions: no part of the hub that is simulated asks them. An answer that is made up would hide it if one did.
fn unasked<'a, T>() -> Answer<'a, T> {
    Box::pin(async { Err(LedgerError { what: "the simulation has no answer to this".to_owned(), transient: false, source: None }) })
}
