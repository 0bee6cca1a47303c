//! What must hold when all is over, whatever happened on the way.

use super::load;
use crate::support::sink::{Arrival, Sink};
use crate::support::site::Site;
use domain::Code;
use domain::delivery::DeliveryState;
use domain::port::{DeliveryFilter, DeliveryRow, Ledger, LedgerView, MessageKey};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// What the ledger gives at once.
const PAGE: usize = 1_000;

/// What was seen, as a row of a table.
#[derive(Debug, Default, PartialEq)]
pub struct Figures {
    pub messages: usize,
    pub deliveries: usize,
    pub duplicates: usize,
    /// Confirmed by the broker and not recorded, or owed and not delivered.
    pub lost: usize,
}

/// Judges a ledger that no hub has open. `in_flight`: for each delivery, at how many of the kills it was leased.
pub async fn judge(site: &Site, sink: &Sink, published: usize, in_flight: &HashMap<Uuid, usize>) -> Figures {
    let balance = site.balances().await;
    let (ledger, children, arrivals) = (site.ledger(), site.children(), sink.arrivals());

    let publisher = Code::new("E10000016").unwrap();
    let keys = (0..published).map(|n| MessageKey { publisher, message_id: load::id(n) }).collect();
    let recorded = ledger.load(Vec::new(), keys).await.unwrap().messages;
    let missing = recorded.iter().filter(|one| one.is_none()).count();
    assert_eq!(balance.messages, (published - missing) as u64, "each message is recorded once");
    for one in recorded.iter().flatten() {
        // After a crash the broker may hand over a move before the placement that it follows: then it waited for that one.
        assert!(["accepted", "parked"].iter().any(|verdict| one.receipt.contains(&format!(r#""verdict":"{verdict}""#))), "{}", one.receipt);
    }

    assert_eq!(site.waiting(), 0, "a move still waits for the placement before it");

    let rows = deliveries(&ledger).await;
    assert_eq!(rows.len() as u64, balance.deliveries);
    assert!(rows.len() > published, "the stream owes hardly anything: {} deliveries", rows.len());
    let undelivered = compare(&rows, &arrivals);
    let duplicates = explained(&arrivals, in_flight);
    in_order(&arrivals, &children);
    assert!(arrivals.iter().all(|arrival| arrival.signed));
    Figures { messages: published, deliveries: rows.len(), duplicates, lost: missing + undelivered }
}

async fn deliveries(ledger: &impl LedgerView) -> Vec<DeliveryRow> {
    let mut rows: Vec<DeliveryRow> = Vec::new();
    loop {
        let filter = DeliveryFilter { before: rows.last().map(|row| row.id), limit: PAGE, ..DeliveryFilter::default() };
        let page = ledger.deliveries(filter).await.unwrap();
        if page.is_empty() {
            return rows;
        }
        rows.extend(page);
    }
}

/// How many deliveries were owed and never came. What was taken back unsent must not have come.
fn compare(rows: &[DeliveryRow], arrivals: &[Arrival]) -> usize {
    let came: HashSet<Uuid> = arrivals.iter().map(|arrival| arrival.id).collect();
    let known: HashSet<Uuid> = rows.iter().map(|row| row.id).collect();
    assert!(came.is_subset(&known), "a delivery came that is in no ledger");
    let mut undelivered = 0;
    for row in rows {
        match row.state {
            DeliveryState::Delivered => undelivered += usize::from(!came.contains(&row.id)),
            DeliveryState::Withdrawn => assert!(!came.contains(&row.id), "{} came and counts as never sent", row.id),
            state => panic!("delivery {} is left {state}", row.id),
        }
    }
    // One obligation, one delivery id, the same bytes each time.
    let mut told: HashMap<Uuid, (Uuid, &[u8])> = HashMap::new();
    for arrival in arrivals {
        let first = told.entry(arrival.subject).or_insert((arrival.id, &arrival.body));
        assert_eq!(*first, (arrival.id, arrival.body.as_slice()), "{}", arrival.subject);
    }
    undelivered
}

/// How often something came again. Each time is explained by a kill at which it was in flight.
fn explained(arrivals: &[Arrival], in_flight: &HashMap<Uuid, usize>) -> usize {
    let mut times: HashMap<Uuid, usize> = HashMap::new();
    for arrival in arrivals {
        *times.entry(arrival.id).or_default() += 1;
    }
    for (id, times) in &times {
        let kills = in_flight.get(id).copied().unwrap_or(0);
        assert!(times - 1 <= kills, "{id} came {times} times, and was in flight at {kills} kills");
    }
    arrivals.len() - times.len()
}

/// Per recipient and child, whatever came for the first time came in sequence.
fn in_order(arrivals: &[Arrival], children: &HashMap<Uuid, i64>) {
    let mut seen = HashSet::new();
    let mut last: HashMap<(&str, i64), u64> = HashMap::new();
    for arrival in arrivals.iter().filter(|arrival| seen.insert(arrival.id)) {
        let before = last.insert((&arrival.recipient, children[&arrival.id]), arrival.sequence);
        assert!(before.is_none_or(|before| before < arrival.sequence), "{} {before:?} then {}", arrival.recipient, arrival.sequence);
    }
}
