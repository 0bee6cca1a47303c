//! Two hubs on one database and one broker: between them everything is delivered, also when one of them is stopped dead.

use crate::support::database::Schema;
use crate::support::door::{Door, url, within};
use crate::support::letter::{Format, first_placement};
use crate::support::sink::Sink;
use crate::support::site::{Plan, Site};
use domain::delivery::DeliveryState;
use domain::port::LedgerView;
use jiff::Timestamp;
use postgres_ledger::PostgresLedger;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

const CHILDREN: usize = 40;
/// What the hub dies of: the thirtieth time that it is about to send.
const DEATH: &str = "in-send:30";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_hub_leaves_behind_when_it_dies_the_other_delivers() {
    let (schema, url) = (Schema::new(), url("t29"));
    let door = Door::open(url.clone(), 20).await;
    let sink = Sink::start().await;
    let database = schema.url();
    // Short time-outs make short leases: the other hub waits for their end.
    let plan = Plan { timeout: 1, database: Some(&database), ..Plan::default() };
    let (dies, lives) = (Site::new(&url, sink.address, &plan), Site::new(&url, sink.address, &plan));
    let mut dying = dies.launch(Some(DEATH));
    dying.ready().await;
    // Hubs that share a ledger share its key.
    std::fs::copy(dies.path("hub.key"), lives.path("hub.key")).unwrap();
    let living = lives.start().await;
    door.publish((0..CHILDREN).map(|n| first_placement(Format::Json, &format!("C{n}")).outgoing()).collect()).await;

    dying.ended().await;
    let in_flight = leased(&schema);
    assert!(!in_flight.is_empty(), "it died with nothing in hand");
    sink.until_taken(4 * CHILDREN).await;
    let ledger = PostgresLedger::look(&database).unwrap();
    within("all settled", async {
        while !leased(&schema).is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    living.stop().await;
    door.assert_empty().await;
    // One that makes a key of its own is not let in.
    let (code, _, said) = Site::new(&url, sink.address, &plan).run(&["run"]);
    assert!(code == 3 && said.contains("restore the key file"), "{code}: {said}");

    let mut times: HashMap<Uuid, usize> = HashMap::new();
    for arrival in sink.arrivals() {
        assert!(arrival.signed);
        *times.entry(arrival.id).or_default() += 1;
    }
    let twice: HashSet<Uuid> = times.iter().filter(|(_, times)| **times > 1).map(|(id, _)| *id).collect();
    assert!(twice.is_subset(&in_flight), "{twice:?} came twice; in flight when the hub died was {in_flight:?}");
    let balance = ledger.balance(Timestamp::now()).await.unwrap();
    assert_eq!(balance.mistakes, Vec::<String>::new());
    assert_eq!((balance.messages, balance.states), (CHILDREN as u64, vec![(DeliveryState::Delivered, 4 * CHILDREN as u64)]));
}

/// What the ledger counts as being sent.
fn leased(schema: &Schema) -> HashSet<Uuid> {
    schema.ask("SELECT id FROM deliveries WHERE state = 2").into_iter().map(|row| row[0].parse().unwrap()).collect()
}
