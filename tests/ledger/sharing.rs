//! Several hubs on one ledger: what each may take, whose word counts, and what they tell each other.

use super::desk::{at, attempt, causing, child, code, delivered, delivery, entry, message, notice, numbers, settlement, terms, update};
use crate::support::database::{Schema, Server};
use domain::delivery::DeliveryState;
use domain::port::{DeliveryFilter, Entry, LaneRoom, Lease, LeaseTerms, Ledger, LedgerView, News, Recorded, Settlement};
use domain::retry::Next;
use postgres_ledger::PostgresLedger;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

/// Hubs with a ledger in common.
pub fn hubs(count: usize) -> (Schema, Vec<Arc<PostgresLedger>>) {
    let schema = Schema::new();
    let hubs = (0..count).map(|_| Arc::new(PostgresLedger::open(&schema.url()).unwrap())).collect();
    (schema, hubs)
}

pub async fn assert_balanced(ledger: &dyn LedgerView) {
    assert_eq!(ledger.balance(at(0)).await.unwrap().mistakes, Vec::<String>::new());
}

pub async fn lease(ledger: &dyn Ledger, recipient: &str, room: usize, now: i64) -> Vec<Lease> {
    ledger.lease_due(vec![LaneRoom { recipient: code(recipient), room }], terms(now, room)).await.unwrap()
}

async fn one(ledger: &dyn Ledger, recipient: &str, now: i64) -> Lease {
    let mut leases = lease(ledger, recipient, 10, now).await;
    assert_eq!(leases.len(), 1, "{leases:?}");
    leases.remove(0)
}

async fn record(ledger: &dyn Ledger, entry: Entry) -> Recorded {
    ledger.record(vec![entry], terms(0, 0)).await.unwrap().recorded[0]
}

async fn settle(ledger: &dyn Ledger, lease: &Lease, next: Next, now: i64) -> u64 {
    ledger.settle(vec![settlement(lease, next, now)]).await.unwrap().stale
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hubs_lease_what_is_due_between_them_and_nothing_twice() {
    const CHILDREN: u8 = 60;
    let (_schema, hubs) = hubs(2);
    for n in 1..=CHILDREN {
        let n32 = u32::from(n);
        assert_eq!(
            record(&*hubs[0], causing(n32, n, 0, vec![notice(2 * n32, "RX2", 1), notice(2 * n32 + 1, "RX2", 2)])).await,
            Recorded::Done
        );
    }
    let take_all = |hub: Arc<PostgresLedger>| async move {
        let mut taken = Vec::new();
        loop {
            let leases = lease(&*hub, "RX2", 5, 1).await;
            if leases.is_empty() {
                return taken;
            }
            taken.extend(numbers(&leases));
        }
    };
    let (one, other) = tokio::join!(tokio::spawn(take_all(Arc::clone(&hubs[0]))), tokio::spawn(take_all(Arc::clone(&hubs[1]))));
    let taken: Vec<u32> = one.unwrap().into_iter().chain(other.unwrap()).collect();
    let heads: BTreeSet<u32> = (1..=u32::from(CHILDREN)).map(|n| 2 * n).collect();
    assert_eq!(taken.iter().copied().collect::<BTreeSet<_>>(), heads, "the first of each line, and none behind it");
    assert_eq!(taken.len(), heads.len(), "nothing twice");
    assert_balanced(&*hubs[1]).await;
}

#[tokio::test]
async fn the_word_of_a_hub_whose_lease_has_lapsed_counts_no_more() {
    let (_schema, hubs) = hubs(2);
    record(&*hubs[0], causing(1, 1, 0, vec![notice(1, "RX2", 1), notice(2, "RX2", 2)])).await;
    let lost = one(&*hubs[0], "RX2", 0).await;
    assert!(lease(&*hubs[1], "RX2", 10, 60).await.is_empty(), "until its end the lease holds");
    let held = one(&*hubs[1], "RX2", 61).await;
    assert_eq!((held.delivery, held.fence), (lost.delivery, lost.fence + 1));
    assert_eq!(settle(&*hubs[0], &lost, Next::Dead { why: "said too late".into() }, 62).await, 1);
    let rows = hubs[0].deliveries(DeliveryFilter { limit: 9, ..DeliveryFilter::default() }).await.unwrap();
    assert_eq!(rows.last().unwrap().state, DeliveryState::Leased);
    assert_eq!(settle(&*hubs[1], &held, delivered(), 63).await, 0);
    assert_eq!(numbers(&lease(&*hubs[0], "RX2", 10, 64).await), [2], "and what stood behind it is anybody's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_decisions_about_one_child_one_is_taken() {
    let (_schema, hubs) = hubs(3);
    for version in 0..5_u32 {
        let tries = (0..12_u32).map(|n| {
            let (hub, number) = (Arc::clone(&hubs[n as usize % 3]), version * 12 + n + 1);
            let issue = vec![notice(number, "RX2", version + 1)];
            tokio::spawn(async move { record(&*hub, causing(number, 1, u64::from(version), issue)).await })
        });
        let mut done = 0;
        for result in futures_util::future::join_all(tries).await {
            done += usize::from(result.unwrap() == Recorded::Done);
        }
        assert_eq!(done, 1, "version {version}");
    }
    let balance = hubs[1].balance(at(0)).await.unwrap();
    assert_eq!((balance.messages, balance.deliveries, balance.mistakes), (5, 5, vec![]), "nothing of the others was written");
    assert_eq!(hubs[2].load(vec![child(1)], vec![]).await.unwrap().children[0].version, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_that_several_hubs_get_is_recorded_once() {
    let (_schema, hubs) = hubs(3);
    for round in 0..5_u32 {
        let tries = (0..9_u32).map(|n| {
            let hub = Arc::clone(&hubs[n as usize % 3]);
            // Nobody's child: nothing but the message itself keeps them apart.
            let copy = domain::port::MessageRow { id: Uuid::now_v7(), ..message(round + 1) };
            tokio::spawn(async move { record(&*hub, entry(Some(copy), None)).await })
        });
        let results = futures_util::future::join_all(tries).await;
        assert_eq!(results.into_iter().filter(|result| *result.as_ref().unwrap() == Recorded::Done).count(), 1);
    }
    assert_eq!(hubs[0].balance(at(0)).await.unwrap().messages, 5);
}

#[tokio::test]
async fn a_duty_is_one_hubs_until_it_lapses() {
    let (_schema, hubs) = hubs(2);
    let [one, other] = [Uuid::from_u128(1), Uuid::from_u128(2)];
    let asks = async |hub: usize, holder, now| hubs[hub].hold_duty("clocks", holder, at(now + 15), at(now)).await.unwrap();
    assert!(asks(0, one, 0).await);
    assert!(!asks(1, other, 5).await && !asks(1, other, 15).await, "until its end it holds");
    assert!(asks(0, one, 10).await, "and can be kept");
    assert!(!asks(1, other, 25).await);
    assert!(asks(1, other, 26).await);
    assert!(!asks(0, one, 27).await);
    assert!(hubs[0].hold_duty("mailboxes", one, at(99), at(27)).await.unwrap(), "each duty by itself");
}

#[tokio::test]
async fn hubs_tell_each_other_what_is_due_and_what_was_accepted() {
    let (schema, hubs) = hubs(2);
    let hears = Arc::clone(&hubs[1]);
    let heard = tokio::spawn(async move { [hears.news().await, hears.news().await] });
    // Only once the other listens can it hear.
    while schema.doing("SELECT 1") == 0 {
        tokio::task::yield_now().await;
    }
    record(&*hubs[0], causing(1, 1, 0, vec![notice(1, "RX2", 1)])).await;
    let lease = one(&*hubs[0], "RX2", 0).await;
    let attempt = domain::port::Attempt { adapter: "feed", ..attempt(1, "accepted") };
    let accepted = Settlement { attempt: Some(attempt), ..settlement(&lease, Next::Accepted { reference: "1".into() }, 1) };
    hubs[0].settle(vec![accepted]).await.unwrap();
    let news = tokio::time::timeout(crate::support::sink::BOUND, heard).await.unwrap().unwrap();
    assert_eq!(news, [News::Due(code("RX2")), News::Accepted(code("RX2"))]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_reads_a_feed_while_hubs_fill_it_misses_nothing() {
    const CHILDREN: u32 = 90;
    let (_schema, hubs) = hubs(4);
    let entries = (1..=CHILDREN).map(|n| causing(n, u8::try_from(n).unwrap(), 0, vec![notice(n, "RX2", 1)])).collect();
    hubs[3].record(entries, terms(0, 0)).await.unwrap();
    let fill = |hub: Arc<PostgresLedger>| async move {
        loop {
            let leases = lease(&*hub, "RX2", 2, 0).await;
            if leases.is_empty() {
                return;
            }
            for lease in leases {
                let attempt = domain::port::Attempt { adapter: "feed", ..attempt(1, "accepted") };
                let next = Next::Accepted { reference: "feed".into() };
                hub.settle(vec![Settlement { attempt: Some(attempt), ..settlement(&lease, next, 1) }]).await.unwrap();
            }
        }
    };
    let filling: Vec<_> = (0..3).map(|n| tokio::spawn(fill(Arc::clone(&hubs[n])))).collect();
    let (mut seen, mut after) = (Vec::new(), 0);
    loop {
        // Asked first: what was accepted before the last look is in the last page.
        let is_filled = filling.iter().all(tokio::task::JoinHandle::is_finished);
        let page = hubs[3].feed(code("RX2"), after, 7).await.unwrap();
        if page.items.is_empty() && is_filled {
            break;
        }
        after = page.items.last().map_or(after, |item| item.position);
        seen.extend(page.items.into_iter().map(|item| item.delivery));
    }
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), CHILDREN as usize);
    assert_eq!(hubs[0].collect(code("RX2"), after, at(2)).await.unwrap(), u64::from(CHILDREN));
    assert_balanced(&*hubs[1]).await;
}

/// A server that ends every connection is got over: nothing is half written, and what was answered is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn connections_that_break_lose_nothing() {
    let (schema, hubs) = hubs(2);
    let mut answered = BTreeMap::new();
    // Five children, eight messages each.
    let told = |n: u32| {
        let before = (n - 1) / 5;
        vec![causing(n, 1 + u8::try_from(n % 5).unwrap(), u64::from(before), vec![notice(n, "RX2", 1 + before)])]
    };
    for n in 1..=40_u32 {
        let (hub, entries) = (Arc::clone(&hubs[n as usize % 2]), told(n));
        let recording = tokio::spawn(async move { hub.record(entries, terms(0, 0)).await });
        if n % 4 == 0 {
            schema.break_connections();
        }
        match recording.await.unwrap() {
            Ok(outcome) => {
                answered.insert(n, outcome.recorded[0]);
            }
            Err(error) => {
                assert!(error.transient, "{}", error.what);
                // Asked again, it is there already, or it is recorded now.
                answered.insert(n, hubs[0].record(told(n), terms(0, 0)).await.unwrap().recorded[0]);
            }
        }
    }
    assert_eq!(answered.len(), 40);
    let balance = hubs[0].balance(at(0)).await.unwrap();
    assert_eq!((balance.messages, balance.deliveries, balance.mistakes), (40, 40, vec![]));
}

/// The server dies in the middle of work, again and again: while it is away nothing is answered, and when it is back the hub goes
/// on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_dies_and_comes_back_has_lost_nothing_that_was_answered() {
    let server = Server::start("ledger-dies");
    let ledger = Arc::new(PostgresLedger::open(&server.url).unwrap());
    let mut next = 1;
    for _ in 0..3 {
        let recording: Vec<_> = (next..next + 20)
            .map(|n| {
                let ledger = Arc::clone(&ledger);
                let entry = causing(n, u8::try_from(n).unwrap(), 0, vec![notice(n, "RX2", 1)]);
                tokio::spawn(async move { (entry.clone(), ledger.record(vec![entry], terms(0, 0)).await) })
            })
            .collect();
        server.does("kill");
        let mut again = Vec::new();
        for one in recording {
            let (entry, answer) = one.await.unwrap();
            match answer {
                Ok(outcome) => assert_eq!(outcome.recorded, [Recorded::Done]),
                Err(error) => {
                    assert!(error.transient, "{}", error.what);
                    again.push(entry);
                }
            }
        }
        let error = ledger.lanes(at(0)).await.unwrap_err();
        assert!(error.transient && error.what.contains("the hub tries again"), "{}", error.what);
        server.does("start");
        // What was in doubt is there already, or is recorded now.
        for entry in again {
            ledger.record(vec![entry], terms(0, 0)).await.unwrap();
        }
        next += 20;
    }
    let balance = ledger.balance(at(0)).await.unwrap();
    assert_eq!((balance.messages, balance.deliveries, balance.mistakes), (60, 60, vec![]));
}

#[tokio::test]
async fn a_lane_that_is_shut_here_may_be_open_there() {
    let (_schema, hubs) = hubs(2);
    let shut = LeaseTerms { shut: Arc::from([code("RX2")]), ..terms(0, 10) };
    let outcome = hubs[0].record(vec![causing(1, 1, 0, vec![notice(1, "RX2", 1), notice(2, "QKS", 1)])], shut).await.unwrap();
    assert_eq!((numbers(&outcome.leased), outcome.due), (vec![2], vec![code("RX2")]));
    assert_eq!(one(&*hubs[1], "RX2", 0).await.delivery, delivery(1));
    assert_eq!(record(&*hubs[1], entry(None, Some(update(1, 1)))).await, Recorded::Done);
}
