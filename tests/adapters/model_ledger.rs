//! A ledger in memory that keeps the promises of the port which lanes rely on: the first pending delivery of a (recipient, child)
//! only, fences, leases that lapse, holds. What lanes never ask is answered with nothing.

use super::directory::code;
use domain::Code;
use domain::delivery::{DeliveryState, HoldReason, Kind};
use domain::port::*;
use domain::retry::Next;
use jiff::{SignedDuration, Timestamp, civil::Date};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

#[derive(Default)]
pub struct Model {
    rows: Mutex<Vec<Row>>,
    /// How many more times `settle` fails, and whether trying again may help.
    pub failures: Mutex<(usize, bool)>,
    pub stale: Mutex<u64>,
    /// Whoever asks what is due gets no answer at all.
    pub hangs: AtomicBool,
    /// Sizes of the batches that were settled.
    pub batches: Mutex<Vec<usize>>,
}

#[derive(Clone, Debug)]
pub struct Row {
    pub delivery: Uuid,
    pub recipient: Code,
    pub child: ChildKey,
    pub sequence: u32,
    pub state: DeliveryState,
    pub next_at: Timestamp,
    pub hold: Option<HoldReason>,
    pub fence: u64,
    pub attempts: u32,
    pub recorded_at: Timestamp,
    pub until: Timestamp,
    pub details: Vec<String>,
}

impl Model {
    /// Records `count` deliveries for each of `children` children, in sequence, due at `now`.
    pub fn owe(&self, recipient: &str, children: u8, count: u32, now: Timestamp) {
        let mut rows = self.rows.lock().unwrap();
        for sequence in 1..=count {
            for child in 0..children {
                let delivery = Uuid::from_u128(rows.len() as u128 + 1);
                rows.push(Row {
                    delivery,
                    recipient: code(recipient),
                    child: ChildKey([child; 16]),
                    sequence,
                    state: DeliveryState::Due,
                    next_at: now,
                    hold: None,
                    fence: 0,
                    attempts: 0,
                    recorded_at: now,
                    until: now,
                    details: Vec::new(),
                });
            }
        }
    }

    pub fn rows(&self) -> Vec<Row> {
        self.rows.lock().unwrap().clone()
    }

    pub fn count(&self, state: DeliveryState) -> usize {
        self.rows().iter().filter(|row| row.state == state).count()
    }

    /// Leases what is due as [`Ledger::record`] would, for `offer`.
    pub fn lease_all(&self, recipient: &str, terms: &LeaseTerms) -> Vec<Lease> {
        let rows = &mut self.rows.lock().unwrap();
        lease(rows, &LaneRoom { recipient: code(recipient), room: terms.limit }, terms)
    }
}

fn lease(rows: &mut [Row], room: &LaneRoom, terms: &LeaseTerms) -> Vec<Lease> {
    let mut leases = Vec::new();
    for at in 0..rows.len() {
        if leases.len() >= room.room {
            break;
        }
        if rows[at].recipient == room.recipient && is_due(&rows[at], terms.now) && is_first(rows, at) {
            let row = &mut rows[at];
            row.state = DeliveryState::Leased;
            row.fence += 1;
            row.until = terms.until;
            leases.push(Lease {
                delivery: row.delivery,
                obligation: row.delivery,
                kind: Kind::ArrivalNotice,
                recipient: row.recipient,
                place: None,
                child: row.child,
                sequence: row.sequence,
                fence: row.fence,
                attempts: row.attempts,
                recorded_at: row.recorded_at,
                until: row.until,
                payload: Arc::from(&b"sealed"[..]),
                traceparent: None,
            });
        }
    }
    leases
}

fn is_due(row: &Row, now: Timestamp) -> bool {
    match row.state {
        DeliveryState::Due => row.next_at <= now,
        DeliveryState::Leased => row.until < now,
        _ => false,
    }
}

fn is_first(rows: &[Row], at: usize) -> bool {
    let row = &rows[at];
    !rows.iter().any(|other| {
        other.recipient == row.recipient && other.child == row.child && other.sequence < row.sequence && other.state.is_pending()
    })
}

fn apply(row: &mut Row, settlement: &Settlement) {
    if let Some(attempt) = &settlement.attempt {
        row.attempts += 1;
        row.details.push(attempt.detail.clone());
    }
    match &settlement.next {
        Next::Delivered { .. } => row.state = DeliveryState::Delivered,
        Next::Accepted { .. } => row.state = DeliveryState::Accepted,
        Next::RetryAt(at) | Next::Release(at) => (row.state, row.next_at) = (DeliveryState::Due, *at),
        Next::Hold { reason, .. } => (row.state, row.hold) = (DeliveryState::Held, Some(*reason)),
        Next::Dead { .. } => row.state = DeliveryState::Dead,
    }
}

type Answer<'a, T> = BoxFuture<'a, Result<T, LedgerError>>;

fn ready<'a, T: Send + 'a>(value: T) -> Answer<'a, T> {
    Box::pin(async move { Ok(value) })
}

impl Ledger for Model {
    fn lease_due<'a>(&'a self, rooms: Vec<LaneRoom>, terms: LeaseTerms) -> Answer<'a, Vec<Lease>> {
        let mut rows = self.rows.lock().unwrap();
        let asked: usize = rooms.iter().map(|each| each.room).sum();
        assert!(asked <= terms.limit, "rooms add up to no more than the limit");
        ready(rooms.iter().flat_map(|room| lease(&mut rows, room, &terms)).collect())
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
            let (mut rows, mut settled) = (self.rows.lock().unwrap(), Settled::default());
            for settlement in settlements {
                let at = rows.iter().position(|row| row.delivery == settlement.delivery).unwrap();
                if rows[at].state != DeliveryState::Leased || rows[at].fence != settlement.fence {
                    settled.stale += 1;
                    continue;
                }
                apply(&mut rows[at], &settlement);
                let (recipient, child) = (rows[at].recipient, rows[at].child);
                let behind = (0..rows.len()).any(|each| {
                    let row = &rows[each];
                    row.recipient == recipient && row.child == child && is_due(row, settlement.at) && is_first(&rows, each)
                });
                if behind {
                    settled.due.push(recipient);
                }
            }
            *self.stale.lock().unwrap() += settled.stale;
            Ok(settled)
        })
    }

    fn lanes<'a>(&'a self, now: Timestamp) -> Answer<'a, Vec<LaneDue>> {
        if self.hangs.load(Relaxed) {
            return Box::pin(std::future::pending());
        }
        let rows = self.rows.lock().unwrap();
        let next = |row: &Row| match row.state {
            DeliveryState::Due => Some(row.next_at),
            DeliveryState::Leased => Some(row.until.saturating_add(SignedDuration::from_millis(1)).unwrap()),
            _ => None,
        };
        let waiting = rows.iter().filter_map(|row| Some(LaneDue { recipient: row.recipient, next_at: next(row)?.max(now) }));
        ready(waiting.collect())
    }

    fn collect<'a>(&'a self, _: Code, _: u64, _: Timestamp) -> Answer<'a, u64> {
        ready(0)
    }
    fn confirm<'a>(&'a self, _: Vec<Confirmation>) -> Answer<'a, u64> {
        ready(0)
    }
    fn hold_lane<'a>(&'a self, recipient: Code, hold: Option<HoldReason>, _: Timestamp) -> Answer<'a, u64> {
        let mut count = 0;
        for row in self.rows.lock().unwrap().iter_mut().filter(|row| row.recipient == recipient) {
            let by_lane = matches!(row.hold, Some(HoldReason::NoEndpoint | HoldReason::EndpointGone));
            match (row.state, hold) {
                (DeliveryState::Due, Some(reason)) => (row.state, row.hold) = (DeliveryState::Held, Some(reason)),
                (DeliveryState::Held, None) if by_lane => (row.state, row.hold) = (DeliveryState::Due, None),
                _ => continue,
            }
            count += 1;
        }
        ready(count)
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
    fn figures<'a>(&'a self, _: Timestamp, _: Date) -> Answer<'a, Figures> {
        let mut figures = Figures::default();
        figures.backlog.extend(self.rows().iter().filter(|row| row.state == DeliveryState::Held).map(|row| (row.recipient, row.state, 1)));
        ready(figures)
    }
    fn deliveries<'a>(&'a self, filter: DeliveryFilter) -> Answer<'a, Vec<DeliveryRow>> {
        let wanted =
            |row: &Row| filter.recipient.is_none_or(|code| row.recipient == code) && filter.state.is_none_or(|state| row.state == state);
        let row = |row: &Row| DeliveryRow {
            id: row.delivery,
            obligation: row.delivery,
            kind: Kind::ArrivalNotice,
            recipient: row.recipient,
            place: None,
            state: row.state,
            reason: row.hold.map(|hold| hold.to_string()),
            due_on: None,
            attempts: row.attempts,
            recorded_at: row.recorded_at,
            next_at: Some(row.next_at),
            settled_at: None,
        };
        ready(self.rows().iter().filter(|each| wanted(each)).take(filter.limit).map(row).collect())
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
    fn accepted<'a>(&'a self, _: &'a str, _: Option<Uuid>, _: usize) -> Answer<'a, Vec<AcceptedRow>> {
        ready(Vec::new())
    }
}
