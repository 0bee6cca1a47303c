//! Three hubs do everything at once to a few children: whatever overtakes what, all adds up, nothing is sent twice under one
//! lease, and everything gets out in the end.

use super::desk::{at, code, delivered, delivery, entry, message, notice, obligation, settlement, terms, update};
use super::sharing::{assert_balanced, hubs, lease};
use domain::delivery::{DeliveryState, HoldReason};
use domain::port::{ChildUpdate, DeliveryFilter, Ledger, LedgerView, OperatorAction, Recorded};
use domain::retry::Next;
use postgres_ledger::PostgresLedger;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

const CHILDREN: u8 = 4;
const LANES: [&str; 2] = ["RX2", "91Q"];
/// Turns of each hub; each turn is one verb.
const TURNS: u32 = 120;

/// What the hubs have in common besides the ledger.
#[derive(Default)]
struct Common {
    number: AtomicU32,
    /// Every (delivery, fence) that was ever leased.
    leases: Mutex<HashSet<(Uuid, u64)>>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hubs_that_get_in_each_others_way_lose_nothing() {
    let (_schema, hubs) = hubs(3);
    let common = Arc::new(Common::default());
    let working: Vec<_> =
        (0_u32..).zip(&hubs).map(|(number, hub)| tokio::spawn(work(Arc::clone(hub), number, Arc::clone(&common)))).collect();
    for hub in working {
        hub.await.unwrap();
    }
    assert_balanced(&*hubs[0]).await;
    for lane in LANES {
        hubs[1].hold_lane(code(lane), None, at(1)).await.unwrap();
    }
    drain(&hubs[2], &common).await;
    assert_balanced(&*hubs[0]).await;
    let rows = hubs[0].deliveries(DeliveryFilter { limit: 1_000, ..DeliveryFilter::default() }).await.unwrap();
    let issued = common.number.load(Ordering::Relaxed);
    assert!(issued > 100 && rows.len() > 50, "{issued} tries came to {} deliveries", rows.len());
    let left: Vec<_> = rows.iter().filter(|row| !matches!(row.state, DeliveryState::Delivered | DeliveryState::Withdrawn)).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Turns that are neither in order nor at random, other ones for each hub.
async fn work(hub: Arc<PostgresLedger>, number: u32, common: Arc<Common>) {
    let mut turn = number * 7_919 + 1;
    for _ in 0..TURNS {
        turn = turn.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        let choice = turn >> 16;
        let lane = LANES[(choice / 100 % 2) as usize];
        match choice % 10 {
            0..4 => tell(&hub, choice, &common).await,
            4..8 => send(&hub, lane, choice, &common).await,
            8 => {
                let hold = choice.is_multiple_of(2).then_some(HoldReason::EndpointGone);
                hub.hold_lane(code(lane), hold, at(1)).await.unwrap();
            }
            _ => {
                let about = delivery(1 + choice % (common.number.load(Ordering::Relaxed) + 1));
                let action = [OperatorAction::Retry, OperatorAction::Hold, OperatorAction::Release][(choice / 7 % 3) as usize];
                hub.operate(vec![about], action, "in the way".into(), at(1)).await.unwrap();
            }
        }
    }
}

/// Reads a child and records a message about it, as if nobody else did.
async fn tell(hub: &PostgresLedger, choice: u32, common: &Common) {
    let child = 1 + u8::try_from(choice % u32::from(CHILDREN)).unwrap();
    let lane = LANES[(choice / 3 % 2) as usize];
    let read = hub.load(vec![super::desk::child(child)], vec![]).await.unwrap().children.remove(0);
    let told = hub.deliveries(DeliveryFilter { recipient: Some(code(lane)), limit: 1_000, ..DeliveryFilter::default() }).await.unwrap();
    let histories = told.iter().filter(|row| of(row.id) == Some(child)).count();
    let number = u32::from(child) * 10_000 + common.number.fetch_add(1, Ordering::Relaxed);
    let issue = vec![notice(number, lane, u32::try_from(histories).unwrap() + 1)];
    // The newest that has not been leased is taken back, now and then.
    let untouched =
        told.iter().find(|row| of(row.id) == Some(child) && row.state == DeliveryState::Due && !read.touched.contains(&row.obligation));
    let retract = untouched.filter(|_| choice.is_multiple_of(5)).map(|row| row.obligation).into_iter().collect();
    let mut row = message(number);
    row.recorded_at = at(0);
    let change = ChildUpdate { issue, retract, ..update(child, read.version) };
    let outcome = hub.record(vec![entry(Some(row), Some(change))], terms(0, (choice % 3) as usize)).await.unwrap();
    if outcome.recorded[0] == Recorded::Done {
        for lease in outcome.leased {
            note(common, lease.delivery, lease.fence);
            hub.settle(vec![settlement(&lease, Next::RetryAt(at(0)), 0)]).await.unwrap();
        }
    }
}

/// The child that [`tell`] numbered a delivery for.
fn of(id: Uuid) -> Option<u8> {
    let number = u32::try_from(id.as_u128() & 0xffff_ffff).ok()?;
    assert_eq!(id, delivery(number));
    assert_ne!(id, obligation(number));
    u8::try_from(number / 10_000).ok()
}

async fn send(hub: &PostgresLedger, lane: &str, choice: u32, common: &Common) {
    for lease in lease(hub, lane, 3, 1).await {
        note(common, lease.delivery, lease.fence);
        let next = match choice / 11 % 4 {
            0 => Next::Dead { why: "400".into() },
            1 => Next::RetryAt(at(1)),
            _ => delivered(),
        };
        assert_eq!(hub.settle(vec![settlement(&lease, next, 1)]).await.unwrap().stale, 0, "a lease that has not lapsed is its holder's");
    }
}

fn note(common: &Common, delivery: Uuid, fence: u64) {
    assert!(common.leases.lock().unwrap().insert((delivery, fence)), "{delivery} was leased twice under one fence");
}

/// Lets go what was held or given up, and sends until nothing is left.
async fn drain(hub: &PostgresLedger, common: &Common) {
    loop {
        let page = DeliveryFilter { limit: 1_000, ..DeliveryFilter::default() };
        let rows = hub.deliveries(page).await.unwrap();
        let stuck = rows.iter().filter(|row| matches!(row.state, DeliveryState::Held | DeliveryState::Dead)).map(|row| row.id).collect();
        let freed = hub.operate(stuck, OperatorAction::Retry, "the end".into(), at(2)).await.unwrap().len();
        let mut sent = 0;
        for lane in LANES {
            for lease in lease(hub, lane, 1_000, 2).await {
                note(common, lease.delivery, lease.fence);
                hub.settle(vec![settlement(&lease, delivered(), 2)]).await.unwrap();
                sent += 1;
            }
        }
        if freed + sent == 0 {
            return;
        }
    }
}
