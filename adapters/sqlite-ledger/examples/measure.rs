//! Measures the ledger alone: messages with three deliveries of 2 KB each, recorded in batches and settled.
//!
//! `cargo run --release -p sqlite-ledger --example measure -- [messages] [batch] [folder]`; prints a line for each tenth,
//! so that a slope shows. The folder should be on the disk that matters; the file goes away at the end.

use domain::Code;
use domain::delivery::Kind;
use domain::port::{
    Alias, Attempt, ChildKey, ChildUpdate, Entry, Lease, LeaseTerms, Ledger, MessageKey, MessageRow, NewObligation, Recorded, Settlement,
};
use domain::retry::Next;
use jiff::Timestamp;
use sqlite_ledger::SqliteLedger;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

const BODY_BYTES: usize = 2_048;
const RECIPIENTS: u64 = 40;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let messages: u64 = arguments.next().map_or(100_000, |text| text.parse().expect("the number of messages"));
    let batch: u64 = arguments.next().map_or(100, |text| text.parse().expect("the size of a batch"));
    let folder = arguments.next().map_or_else(std::env::temp_dir, Into::into);
    let folder = tempfile::tempdir_in(folder).expect("a folder to write in");
    let ledger: Arc<dyn Ledger> = Arc::new(SqliteLedger::open(&folder.path().join("ledger.db")).expect("a new ledger"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        println!("messages in the ledger   record /s   settle /s   both /s   load us   commit p50 ms   p99 ms   figures ms   log MB");
        for tenth in 0..10 {
            let first = messages / 10 * tenth;
            measure(&ledger, first..first + messages / 10, batch, folder.path()).await;
        }
    });
}

async fn measure(ledger: &Arc<dyn Ledger>, range: std::ops::Range<u64>, batch: u64, folder: &std::path::Path) {
    let count = range.end - range.start;
    let (mut record, mut settle, mut load) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut commits = Vec::new();
    let mut first = range.start;
    while first < range.end {
        let numbers = first..(first + batch).min(range.end);
        let entries: Vec<Entry> = numbers.clone().map(entry).collect();
        let keys = entries.iter().filter_map(|entry| entry.message.as_ref().map(|message| message.key.clone())).collect();
        let clock = Instant::now();
        let loaded = ledger.load(numbers.map(|n| ChildKey(scatter(n))).collect(), keys).await.expect("a load");
        assert!(loaded.children.iter().all(|child| child.version == 0));
        load += clock.elapsed();
        let clock = Instant::now();
        let outcome = ledger.record(entries, terms()).await.expect("a record");
        record += clock.elapsed();
        commits.push(clock.elapsed());
        assert!(outcome.recorded.iter().all(|recorded| *recorded == Recorded::Done));
        let settlements: Vec<Settlement> = outcome.leased.iter().map(settlement).collect();
        let clock = Instant::now();
        assert_eq!(ledger.settle(settlements).await.expect("a settle").stale, 0);
        settle += clock.elapsed();
        first += batch;
    }
    commits.sort_unstable();
    let clock = Instant::now();
    let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    ledger.figures(today, today).await.expect("figures");
    let figures = clock.elapsed();
    let log = std::fs::metadata(folder.join("ledger.db-wal")).map_or(0, |log| log.len() / 1_000_000);
    let rate = |time: Duration| count as f64 / time.as_secs_f64();
    let milliseconds = |share: usize| commits[(commits.len() - 1) * share / 100].as_secs_f64() * 1e3;
    println!(
        "{:>22} {:>11.0} {:>11.0} {:>9.0} {:>9.1} {:>15.2} {:>8.2} {:>12.2} {log:>8}",
        range.end,
        rate(record),
        rate(settle),
        rate(record + settle),
        load.as_secs_f64() * 1e6 / count as f64,
        milliseconds(50),
        milliseconds(99),
        figures.as_secs_f64() * 1e3
    );
}

fn terms() -> LeaseTerms {
    let now = Timestamp::now();
    LeaseTerms { holder: Uuid::nil(), now, until: now + jiff::SignedDuration::from_mins(5), limit: 100_000, shut: Arc::from([]) }
}

/// Keys that people chose, and pseudonyms, have no order.
fn scatter(n: u64) -> [u8; 16] {
    let mix = |n: u64| (n ^ (n >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (u128::from(mix(n + 1)) << 64 | u128::from(mix(n + 0x1234_5678))).to_be_bytes()
}

fn id(n: u64, part: u64) -> Uuid {
    Uuid::from_u128(
        (u128::from(n) << 70)
            | (u128::from(part) << 64)
            | u128::from(u64::from_be_bytes(scatter(n * 8 + part)[..8].try_into().unwrap_or_default())),
    )
}

fn entry(n: u64) -> Entry {
    let now = Timestamp::now();
    let recipient = |part: u64| Code::new(&format!("R{}", (n + part * 7) % RECIPIENTS)).expect("a code");
    let issue = (0..3).map(|part| NewObligation {
        id: id(n, part),
        delivery: id(n, part + 4),
        kind: Kind::ArrivalNotice,
        recipient: recipient(part),
        place: None,
        due_on: Some(now.to_zoned(jiff::tz::TimeZone::UTC).date()),
        basis: "reg 13(4)",
        sequence: 1,
        supersedes: None,
        hold: None,
        payload: Arc::from(vec![7; BODY_BYTES]),
    });
    let child = ChildUpdate {
        key: ChildKey(scatter(n)),
        read_version: 0,
        casefile: vec![7; 600],
        wake_at: None,
        issue: issue.collect(),
        retract: Vec::new(),
        mark: Vec::new(),
        aliases: vec![Alias(scatter(n * 2)), Alias(scatter(n * 2 + 1))],
        reviews: Vec::new(),
        suppressed: Vec::new(),
        claims: Vec::new(),
    };
    let message = MessageRow {
        id: id(n, 3),
        key: MessageKey { publisher: Code::new("E10000016").expect("a code"), message_id: Uuid::from_bytes(scatter(n)).to_string() },
        written_id: None,
        sender: None,
        message_type: "placement-change",
        verdict: "accepted",
        digest: [7; 32],
        envelope: vec![7; BODY_BYTES],
        content_type: "application/json".into(),
        traceparent: None,
        receipt: "x".repeat(400),
        intake: "rabbitmq",
        received_at: now,
        recorded_at: now,
    };
    Entry { message: Some(message), child: Some(child), acknowledgement: None }
}

fn settlement(lease: &Lease) -> Settlement {
    let now = Timestamp::now();
    let attempt =
        Attempt { started_at: now, ended_at: now, adapter: "webhook", outcome: "delivered", status: Some(204), detail: "204".into() };
    Settlement {
        delivery: lease.delivery,
        fence: lease.fence,
        attempt: Some(attempt),
        next: Next::Delivered { receipt: "204".into() },
        at: now,
    }
}
