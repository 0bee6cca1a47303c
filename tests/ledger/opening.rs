//! A database is brought up to date by whoever opens it first, told apart from another's, and looked through for mistakes.

use super::Shelf;
use super::desk::{Desk, alias, at, causing, child, code, date, delivered, delivery, key, notice, settlement, terms};
use crate::support::database::Schema;
use domain::delivery::{DeliveryState, HoldReason};
use domain::port::{Clue, DeliveryFilter, LaneRoom, Ledger, LedgerView, OperatorAction};
use postgres_ledger::PostgresLedger;
use std::sync::Arc;

fn refusal(result: Result<PostgresLedger, domain::port::LedgerError>) -> String {
    let error = result.err().expect("it opens");
    assert!(!error.transient, "{}", error.what);
    error.what
}

#[test]
fn hubs_that_start_at_the_same_moment_bring_it_up_to_date_once() {
    let schema = Schema::new();
    let starting: Vec<_> = (0..4)
        .map(|_| {
            let url = schema.url();
            std::thread::spawn(move || PostgresLedger::open(&url).map(drop).map_err(|error| error.what))
        })
        .collect();
    for hub in starting {
        hub.join().unwrap().unwrap();
    }
    assert_eq!(schema.ask("SELECT count(*) = max(number) FROM migrations")[0][0], "t");
}

#[test]
fn a_newer_hubs_database_is_refused_only_where_it_has_dropped_something() {
    let schema = Schema::new();
    drop(PostgresLedger::open(&schema.url()).unwrap());
    schema.run("INSERT INTO migrations (number, works_from) VALUES (98, 1)");
    drop(PostgresLedger::open(&schema.url()).unwrap());
    schema.run("INSERT INTO migrations (number, works_from) VALUES (99, 98)");
    for told in [refusal(PostgresLedger::open(&schema.url())), refusal(PostgresLedger::look(&schema.url()))] {
        assert!(told.contains("newer hub") && told.contains("99"), "{told}");
    }
}

#[test]
fn what_is_no_ledger_is_told_apart() {
    let schema = Schema::new();
    assert!(refusal(PostgresLedger::look(&schema.url())).contains("no ledger in"), "a look makes nothing");
    schema.run("CREATE TABLE songs (name text)");
    assert!(refusal(PostgresLedger::open(&schema.url())).contains("another program"));
    assert!(refusal(PostgresLedger::open("postgres://hub@/")).contains("ledger.url names no host"));
}

#[test]
fn a_server_that_is_not_there_is_told_without_the_password() {
    // A port that nobody listens at.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = PostgresLedger::open(&format!("postgres://hub:hush@127.0.0.1:{port}/hub")).err().unwrap();
    assert!(error.transient && error.what.contains(&format!("127.0.0.1:{port}/hub")) && !error.what.contains("hush"), "{}", error.what);
}

/// On a furnished desk, `plant` is done to the tables.
async fn check(plant: &str, expected: &[&str]) {
    let schema = Schema::new();
    let url = schema.url();
    let desk = Desk::furnished(Shelf {
        open: Box::new(move || Arc::new(PostgresLedger::open(&url).unwrap()) as Arc<dyn Ledger>),
        is_shared: true,
    })
    .await;
    schema.run(plant);
    desk.assert_mistakes(plant, expected).await;
}

#[tokio::test]
async fn each_fault_has_its_sentence() {
    let to = |recipient: &str| format!("WHERE recipient = '{recipient}'");
    check("UPDATE messages SET receipt = '' WHERE message_id = 'message-1'", &["no receipt"]).await;
    check(&format!("DELETE FROM deliveries {} AND state = 5", to("91Q")), &["has no delivery"]).await;
    check(&format!("DELETE FROM obligations {}", to("91Q")), &["nothing to send"]).await;
    check("DELETE FROM children WHERE key = '02020202-0202-0202-0202-020202020202'", &["not of one child", "not of one child"]).await;
    check(&format!("UPDATE deliveries SET state = 1 {}", to("QKS")), &["nothing stands before it", "tally of QKS", "tally of QKS"]).await;
    check(
        "UPDATE deliveries SET state = 0 WHERE state = 1",
        &["another of the same child stands before it", "tally of RX2", "tally of RX2"],
    )
    .await;
    check(&format!("UPDATE deliveries SET awaited = false {}", to("QKS")), &["is awaited in one column"]).await;
    check("UPDATE deliveries SET sequence = 3 WHERE state = 1", &["numbered from 1 without gaps: 2 rows, numbers 1 to 3"]).await;
    check("UPDATE tallies SET n = n + 1 WHERE what = 0 AND two = '1'", &["tally of RX2"]).await;
    check(
        "UPDATE tallies SET n = 9 WHERE what = 1",
        &["messages `placement-change` disagrees with a count: accepted is kept as 9 and counts 2"],
    )
    .await;
    check("DELETE FROM tallies WHERE what = 2", &["what is due"]).await;
    check("INSERT INTO tallies VALUES (0, 3, '', '', 1)", &["tally of breaches"]).await;
    check(
        "INSERT INTO acknowledgements (delivery, by_code, status, at) VALUES (gen_random_uuid(), 'RX2', 'read', 0)",
        &["which is not there"],
    )
    .await;
}

/// The planner knows nothing of tables that are new: what it would do to small ones it does to large ones, until it is told otherwise.
#[tokio::test]
async fn nothing_but_the_count_of_everything_reads_a_table_whole() {
    let schema = Schema::new();
    let ledger = PostgresLedger::open(&schema.url()).unwrap();
    let mut first = causing(1, 1, 0, vec![notice(1, "RX2", 1), notice(2, "RX2", 2), notice(3, "91Q", 1)]);
    first.child.as_mut().unwrap().aliases = vec![alias(1)];
    ledger.record(vec![first], terms(0, 1)).await.unwrap();
    let rooms = ["RX2", "91Q"].map(|lane| LaneRoom { recipient: code(lane), room: 9 }).to_vec();
    for lease in ledger.lease_due(rooms, terms(100, 18)).await.unwrap() {
        ledger.settle(vec![settlement(&lease, delivered(), 101)]).await.unwrap();
    }
    ledger.load(vec![child(1)], vec![key(1)]).await.unwrap();
    ledger.lanes(at(0)).await.unwrap();
    ledger.figures(date("2026-11-20"), date("2026-11-21")).await.unwrap();
    ledger.children_to_wake(at(0), 9).await.unwrap();
    for clue in [Clue::Alias(alias(1)), Clue::Id(delivery(1)), Clue::MessageId("message-1".into())] {
        ledger.find_children(vec![clue.clone()]).await.unwrap();
        ledger.trace(clue).await.unwrap();
    }
    ledger.histories(alias(1)).await.unwrap();
    for state in DeliveryState::ALL.iter().copied().map(Some).chain([None]) {
        for recipient in [None, Some(code("RX2"))] {
            ledger.deliveries(DeliveryFilter { state, recipient, limit: 9, ..DeliveryFilter::default() }).await.unwrap();
        }
    }
    ledger.hold_lane(code("RX2"), Some(HoldReason::EndpointGone), at(0)).await.unwrap();
    ledger.hold_lane(code("RX2"), None, at(0)).await.unwrap();
    ledger.operate(vec![delivery(2)], OperatorAction::Retry, "so".into(), at(0)).await.unwrap();
    ledger.mark_breaches(date("2026-11-20"), at(0)).await.unwrap();
    ledger.collect(code("RX2"), u64::MAX, at(0)).await.unwrap();
    ledger.feed(code("RX2"), 0, 9).await.unwrap();
    ledger.accepted("mesh", None, 9).await.unwrap();
    // A connection that ends has told what it did.
    drop(ledger);
    while schema.connections() > 0 {
        tokio::task::yield_now().await;
    }
    // An index that is made reads its table too, but then there is nothing in it.
    let counted = "SELECT relname, seq_tup_read FROM pg_stat_user_tables WHERE schemaname = current_schema() AND seq_tup_read > 0
        AND relname IN ('children', 'messages', 'obligations', 'deliveries', 'attempts', 'acceptances', 'feed', 'aliases')";
    assert_eq!(schema.ask(counted), Vec::<Vec<String>>::new());
    assert_eq!(
        schema.ask(
            "SELECT count(*) FROM pg_stat_user_tables WHERE schemaname = current_schema() AND relname = 'deliveries' AND idx_scan > 0"
        )[0][0],
        "1"
    );
}
