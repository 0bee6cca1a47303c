//! What the tests say short: times, codes, entries, and questions to a ledger.

use super::Shelf;
use domain::Code;
use domain::delivery::{DeliveryState, HoldReason, Kind};
use domain::port::{
    Alias, Attempt, Balance, ChildKey, ChildUpdate, DeliveryFilter, DeliveryRow, Entry, LaneRoom, Lease, LeaseTerms, Ledger, MessageKey,
    MessageRow, NewObligation, Outcome, Recorded, Settled, Settlement,
};
use domain::retry::Next;
use jiff::Timestamp;
use std::sync::Arc;
use uuid::Uuid;

/// Seconds after a Friday noon: 20 November 2026, 12:00 UTC.
pub fn at(seconds: i64) -> Timestamp {
    "2026-11-20T12:00:00Z".parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_secs(seconds)
}

pub fn date(text: &str) -> jiff::civil::Date {
    text.parse().unwrap()
}

pub fn code(text: &str) -> Code {
    Code::new(text).unwrap()
}

pub fn child(number: u8) -> ChildKey {
    ChildKey([number; 16])
}

pub fn alias(number: u8) -> Alias {
    Alias([number; 16])
}

/// The ids of what a test calls number `n`.
pub fn delivery(n: u32) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(n))
}

pub fn obligation(n: u32) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7001_8000_0000_0000_0000 + u128::from(n))
}

pub fn message_id(n: u32) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7002_8000_0000_0000_0000 + u128::from(n))
}

pub fn key(n: u32) -> MessageKey {
    MessageKey { publisher: code("E10000016"), message_id: format!("message-{n}") }
}

/// Obligation number `n`: an arrival notice without a date.
pub fn notice(n: u32, recipient: &str, sequence: u32) -> NewObligation {
    NewObligation {
        id: obligation(n),
        delivery: delivery(n),
        kind: Kind::ArrivalNotice,
        recipient: code(recipient),
        place: None,
        due_on: None,
        basis: "reg 13(4)",
        sequence,
        supersedes: None,
        hold: None,
        payload: Arc::from(format!("sealed {n}").into_bytes()),
    }
}

pub fn held(n: u32, recipient: &str, sequence: u32, hold: HoldReason) -> NewObligation {
    NewObligation { hold: Some(hold), ..notice(n, recipient, sequence) }
}

pub fn dated(n: u32, recipient: &str, sequence: u32, kind: Kind, due_on: &str) -> NewObligation {
    NewObligation { kind, due_on: Some(date(due_on)), ..notice(n, recipient, sequence) }
}

pub fn message(n: u32) -> MessageRow {
    MessageRow {
        id: message_id(n),
        key: key(n),
        written_id: None,
        sender: None,
        message_type: "placement-change",
        verdict: "accepted",
        digest: [7; 32],
        envelope: format!("sealed envelope {n}").into_bytes(),
        content_type: "application/json".into(),
        traceparent: Some(format!("00-{n:032}-0000000000000001-01")),
        receipt: format!("{{\"receipt\":{n}}}"),
        intake: "rabbitmq",
        received_at: at(0),
        recorded_at: at(0),
    }
}

pub fn update(number: u8, read_version: u64) -> ChildUpdate {
    ChildUpdate {
        key: child(number),
        read_version,
        casefile: format!("casefile {number} version {}", read_version + 1).into_bytes(),
        wake_at: None,
        issue: Vec::new(),
        retract: Vec::new(),
        mark: Vec::new(),
        aliases: Vec::new(),
        reviews: Vec::new(),
        suppressed: Vec::new(),
        claims: Vec::new(),
    }
}

pub fn entry(message: Option<MessageRow>, child: Option<ChildUpdate>) -> Entry {
    Entry { message, child, acknowledgement: None }
}

/// Message `n` about a child read at `read_version`, causing `issue`.
pub fn causing(n: u32, number: u8, read_version: u64, issue: Vec<NewObligation>) -> Entry {
    entry(Some(message(n)), Some(ChildUpdate { issue, ..update(number, read_version) }))
}

/// Leases from `now` for a minute.
pub fn terms(now: i64, limit: usize) -> LeaseTerms {
    LeaseTerms { holder: Uuid::from_u128(1), now: at(now), until: at(now + 60), limit, shut: Arc::from([]) }
}

pub fn attempt(now: i64, outcome: &'static str) -> Attempt {
    Attempt { started_at: at(now - 1), ended_at: at(now), adapter: "webhook", outcome, status: Some(200), detail: format!("said at {now}") }
}

pub fn settlement(lease: &Lease, next: Next, now: i64) -> Settlement {
    let outcome = match next {
        Next::Delivered { .. } => Some("delivered"),
        Next::Accepted { .. } => Some("accepted"),
        Next::RetryAt(_) => Some("try-later"),
        Next::Hold { .. } | Next::Dead { .. } => Some("refused"),
        Next::Release(_) => None,
    };
    Settlement { delivery: lease.delivery, fence: lease.fence, attempt: outcome.map(|outcome| attempt(now, outcome)), next, at: at(now) }
}

pub fn delivered() -> Next {
    Next::Delivered { receipt: "thanks".into() }
}

/// A ledger with shorthand around it.
pub struct Desk {
    pub shelf: Shelf,
    ledger: Option<Arc<dyn Ledger>>,
    /// The moment of the last check: leases up to here may be running.
    pub now: i64,
}

impl Desk {
    pub fn new(shelf: Shelf) -> Self {
        let ledger = Some(shelf.open());
        Self { shelf, ledger, now: 0 }
    }

    /// With two in line, one delivered, and one that has a date.
    pub async fn furnished(shelf: Shelf) -> Self {
        let desk = Self::new(shelf);
        desk.put(causing(1, 1, 0, vec![notice(1, "RX2", 1), notice(2, "RX2", 2)])).await;
        desk.put(causing(2, 2, 0, vec![notice(3, "91Q", 1), dated(4, "QKS", 1, Kind::ArrivalNotice, "2026-11-26")])).await;
        let lease = desk.lease_one("91Q", 0).await;
        desk.settle(&lease, delivered(), 1).await;
        desk.assert_balanced().await;
        desk
    }

    /// Asserts that a look over everything finds these mistakes, and no others.
    pub async fn assert_mistakes(&self, planted: &str, expected: &[&str]) {
        let mistakes = self.ledger().balance(at(0)).await.unwrap().mistakes;
        assert_eq!(mistakes.len(), expected.len(), "{planted}: {mistakes:?}");
        for (mistake, part) in mistakes.iter().zip(expected) {
            assert!(mistake.contains(part), "{planted}: {mistakes:?}");
        }
    }

    pub fn ledger(&self) -> &dyn Ledger {
        self.ledger.as_deref().unwrap()
    }

    /// The process dies in an orderly way and another starts.
    pub fn reopen(&mut self) {
        self.ledger = None;
        self.ledger = Some(self.shelf.open());
    }

    pub async fn record(&self, entries: Vec<Entry>, terms: LeaseTerms) -> Outcome {
        self.ledger().record(entries, terms).await.unwrap()
    }

    /// Records one entry that must not conflict and leases nothing.
    pub async fn put(&self, one: Entry) {
        let outcome = self.record(vec![one], terms(0, 0)).await;
        assert_eq!(outcome.recorded, [Recorded::Done]);
        assert!(outcome.leased.is_empty());
    }

    /// Leases up to ten of a lane.
    pub async fn lease(&self, recipient: &str, now: i64) -> Vec<Lease> {
        self.lease_with(&[(recipient, 10)], terms(now, 100)).await
    }

    pub async fn lease_with(&self, rooms: &[(&str, usize)], terms: LeaseTerms) -> Vec<Lease> {
        let rooms = rooms.iter().map(|(recipient, room)| LaneRoom { recipient: code(recipient), room: *room }).collect();
        self.ledger().lease_due(rooms, terms).await.unwrap()
    }

    /// Leases the one that is due, and no other.
    pub async fn lease_one(&self, recipient: &str, now: i64) -> Lease {
        let mut leases = self.lease(recipient, now).await;
        assert_eq!(leases.len(), 1, "{leases:?}");
        leases.remove(0)
    }

    pub async fn settle(&self, lease: &Lease, next: Next, now: i64) -> Settled {
        self.ledger().settle(vec![settlement(lease, next, now)]).await.unwrap()
    }

    pub async fn row(&self, n: u32) -> DeliveryRow {
        self.rows(DeliveryFilter { limit: 1_000, ..DeliveryFilter::default() }).await.into_iter().find(|row| row.id == delivery(n)).unwrap()
    }

    pub async fn state(&self, n: u32) -> DeliveryState {
        self.row(n).await.state
    }

    pub async fn rows(&self, filter: DeliveryFilter) -> Vec<DeliveryRow> {
        self.ledger().deliveries(filter).await.unwrap()
    }

    pub async fn version(&self, number: u8) -> u64 {
        self.ledger().load(vec![child(number)], Vec::new()).await.unwrap().children[0].version
    }

    pub async fn balance(&self) -> Balance {
        self.ledger().balance(at(self.now)).await.unwrap()
    }

    pub async fn assert_balanced(&self) {
        let balance = self.balance().await;
        assert_eq!(balance.mistakes, Vec::<String>::new());
        assert_eq!(balance.obligations, balance.deliveries);
        assert_eq!(balance.states.iter().map(|(_, n)| n).sum::<u64>(), balance.deliveries);
    }
}

/// The numbers of leased deliveries, in the order that they came.
pub fn numbers(leases: &[Lease]) -> Vec<u32> {
    leases.iter().map(|lease| u32::try_from(lease.delivery.as_u128() & 0xffff_ffff).unwrap()).collect()
}
