//! A ledger in memory for lanes alone: the books of the simulation, with a settlement that takes its time and fails when it is told to.
//! What lanes never ask is answered with nothing.

use super::directory::code;
use crate::simulation::books::{Books, Row};
use domain::Code;
use domain::delivery::{DeliveryState, HoldReason, Kind};
use domain::port::*;
use jiff::{Timestamp, civil::Date};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

#[derive(Default)]
pub struct Model {
    books: Mutex<Books>,
    /// How many more times `settle` fails, and whether trying again may help.
    pub failures: Mutex<(usize, bool)>,
    pub stale: Mutex<u64>,
    /// Whoever asks what is due gets no answer at all.
    pub hangs: AtomicBool,
    /// Sizes of the batches that were settled.
    pub batches: Mutex<Vec<usize>>,
}

impl Model {
    /// Records `count` deliveries for each of `children` children, in sequence, due at `now`.
    pub fn owe(&self, recipient: &str, children: u8, count: u32, now: Timestamp) {
        let mut books = self.books.lock().unwrap();
        for sequence in 1..=count {
            for child in 0..children {
                let id = Uuid::from_u128(books.rows.len() as u128 + 1);
                let new = NewObligation {
                    id,
                    delivery: id,
                    kind: Kind::ArrivalNotice,
                    recipient: code(recipient),
                    place: None,
                    due_on: None,
                    basis: "reg 13(4)",
                    sequence,
                    supersedes: None,
                    hold: None,
                    payload: Arc::from(&b"sealed"[..]),
                };
                books.owe(ChildKey([child; 16]), new, now);
            }
        }
    }

    pub fn rows(&self) -> Vec<Row> {
        self.books.lock().unwrap().rows.clone()
    }

    pub fn count(&self, state: DeliveryState) -> usize {
        self.books.lock().unwrap().count(state)
    }

    /// Leases what is due as [`Ledger::record`] would, for `offer`.
    pub fn lease_all(&self, recipient: &str, terms: &LeaseTerms) -> Vec<Lease> {
        self.books.lock().unwrap().lease_due(&[LaneRoom { recipient: code(recipient), room: terms.limit }], terms)
    }
}

type Answer<'a, T> = BoxFuture<'a, Result<T, LedgerError>>;

fn ready<'a, T: Send + 'a>(value: T) -> Answer<'a, T> {
    Box::pin(async move { Ok(value) })
}

impl Ledger for Model {
    fn lease_due<'a>(&'a self, rooms: Vec<LaneRoom>, terms: LeaseTerms) -> Answer<'a, Vec<Lease>> {
        let asked: usize = rooms.iter().map(|each| each.room).sum();
        assert!(asked <= terms.limit, "rooms add up to no more than the limit");
        ready(self.books.lock().unwrap().lease_due(&rooms, &terms))
    }

    fn settle<'a>(&'a self, settlements: Vec<Settlement>) -> Answer<'a, Settled> {
        Box::pin(async move {
            // A commit takes a moment, in which a batch gathers.
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            let mut failures = self.failures.lock().unwrap();
            if failures.0 > 0 {
                failures.0 -= 1;
                return Err(LedgerError { what: "the disk is full".to_owned(), transient: failures.1, source: None });
            }
            self.batches.lock().unwrap().push(settlements.len());
            let settled = self.books.lock().unwrap().settle(settlements);
            *self.stale.lock().unwrap() += settled.stale;
            Ok(settled)
        })
    }

    fn lanes<'a>(&'a self, now: Timestamp) -> Answer<'a, Vec<LaneDue>> {
        if self.hangs.load(Relaxed) {
            return Box::pin(std::future::pending());
        }
        ready(self.books.lock().unwrap().lanes(now))
    }

    fn collect<'a>(&'a self, _: Code, _: u64, _: Timestamp) -> Answer<'a, u64> {
        ready(0)
    }
    fn confirm<'a>(&'a self, _: Vec<Confirmation>) -> Answer<'a, u64> {
        ready(0)
    }
    fn hold_lane<'a>(&'a self, recipient: Code, hold: Option<HoldReason>, now: Timestamp) -> Answer<'a, u64> {
        ready(self.books.lock().unwrap().hold_lane(recipient, hold, now))
    }

    fn reseal<'a>(&'a self, _: Vec<Resealed>) -> Answer<'a, u64> {
        ready(0)
    }
    fn pause<'a>(&'a self, _: Code, _: Option<Pause>) -> Answer<'a, ()> {
        ready(())
    }
    fn remark<'a>(&'a self, _: Remark) -> Answer<'a, ()> {
        ready(())
    }
    fn load<'a>(&'a self, _: Vec<ChildKey>, _: Vec<MessageKey>) -> Answer<'a, Loaded> {
        ready(Loaded::default())
    }
    fn record<'a>(&'a self, _: Vec<Entry>, _: LeaseTerms) -> Answer<'a, Outcome> {
        ready(Outcome::default())
    }
    fn children_to_wake<'a>(&'a self, _: Timestamp, _: usize) -> Answer<'a, Vec<ChildKey>> {
        ready(Vec::new())
    }
    fn find_children<'a>(&'a self, _: Vec<Clue>) -> Answer<'a, Vec<Option<Found>>> {
        ready(Vec::new())
    }
    fn mark_breaches<'a>(&'a self, _: Date, _: Timestamp) -> Answer<'a, u64> {
        ready(0)
    }
    fn operate<'a>(&'a self, _: Vec<Uuid>, _: OperatorAction, _: String, _: Timestamp) -> Answer<'a, Vec<Uuid>> {
        ready(Vec::new())
    }
}

impl LedgerView for Model {
    fn clocks<'a>(&'a self, _: ClockFilter) -> Answer<'a, Vec<DeliveryRow>> {
        ready(Vec::new())
    }
    fn deliveries_of<'a>(&'a self, _: Vec<Uuid>) -> Answer<'a, Vec<DeliveryRow>> {
        ready(Vec::new())
    }
    fn rejections<'a>(&'a self, _: RejectionFilter) -> Answer<'a, Vec<RejectionRow>> {
        ready(Vec::new())
    }
    fn content<'a>(&'a self, _: Uuid) -> Answer<'a, Option<Arc<[u8]>>> {
        ready(None)
    }
    fn pauses<'a>(&'a self) -> Answer<'a, Vec<Pause>> {
        ready(Vec::new())
    }
    fn remarks<'a>(&'a self, _: usize) -> Answer<'a, Vec<Remark>> {
        ready(Vec::new())
    }
    fn figures<'a>(&'a self, _: Date, _: Date) -> Answer<'a, Figures> {
        ready(self.books.lock().unwrap().figures())
    }
    fn deliveries<'a>(&'a self, filter: DeliveryFilter) -> Answer<'a, Vec<DeliveryRow>> {
        ready(self.books.lock().unwrap().deliveries(&filter))
    }
    fn trace<'a>(&'a self, _: Clue) -> Answer<'a, Vec<Trace>> {
        ready(Vec::new())
    }
    fn reviews<'a>(&'a self, _: usize) -> Answer<'a, Vec<ReviewRow>> {
        ready(Vec::new())
    }
    fn balance<'a>(&'a self, _: Timestamp) -> Answer<'a, Balance> {
        ready(Balance::default())
    }
    fn histories<'a>(&'a self, _: Alias) -> Answer<'a, Vec<History>> {
        ready(Vec::new())
    }
    fn claims<'a>(&'a self, _: ClaimFilter) -> Answer<'a, Vec<ClaimRow>> {
        ready(Vec::new())
    }
    fn children<'a>(&'a self, _: Option<ChildKey>, _: usize) -> Answer<'a, Vec<ChildKey>> {
        ready(Vec::new())
    }
    fn feed<'a>(&'a self, _: Code, _: u64, _: usize) -> Answer<'a, FeedPage> {
        ready(FeedPage::default())
    }
    fn sealed<'a>(&'a self, _: Vec<u8>, _: SealedPlace) -> Answer<'a, SealedPage> {
        ready(SealedPage::default())
    }
    fn accepted<'a>(&'a self, _: &'a str, _: Option<Uuid>, _: usize) -> Answer<'a, Vec<AcceptedRow>> {
        ready(Vec::new())
    }
}
