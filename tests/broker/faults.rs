//! Brokers that end, close connections, lose queues, and messages that end their reader. Each test has a broker of its
//! own, started and removed by `scripts/broker`.

use super::{BOUND, Run, consuming, on_vhost, publish, reaches, settings, take_all, within};
use amqp::{Intake, Publisher, Reader, Settings, topology};
use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, Output},
};

/// A broker that is removed with its test, whatever becomes of the test.
struct Broker {
    name: &'static str,
    url: String,
}

impl Broker {
    fn start(name: &'static str) -> Self {
        // First, so that what fails to start is removed too.
        let mut broker = Self { name, url: String::new() };
        broker.url = broker.script(&["start", name]).trim().to_owned();
        broker
    }

    fn on(&self, vhost: &str) -> String {
        on_vhost(&self.url, vhost)
    }

    /// What the command prints; the test fails where it does.
    fn script(&self, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = run(arguments);
        assert!(status.success(), "scripts/broker {arguments:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    }

    fn ctl(&self, arguments: &[&str]) -> String {
        self.script(&[&["ctl", self.name, "--quiet"], arguments].concat())
    }

    /// Waits for these numbers of messages, ready and unacknowledged: the broker counts quorum queues every few seconds.
    fn settles_at(&self, vhost: &str, expected: &[(&str, usize)]) {
        let depth = |table: &str, queue: &str| table.lines().find_map(|line| line.strip_prefix(queue)?.trim().parse::<usize>().ok());
        let deadline = std::time::Instant::now() + BOUND;
        loop {
            let table = self.ctl(&["list_queues", "--vhost", vhost, "--no-table-headers", "name", "messages"]);
            if expected.iter().all(|(queue, count)| depth(&table, queue) == Some(*count)) {
                return;
            }
            assert!(std::time::Instant::now() < deadline, "not {expected:?} but {table}");
        }
    }

    fn connections(&self) -> usize {
        self.ctl(&["list_connections", "--no-table-headers", "pid"]).lines().count()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        run(&["remove", self.name]);
    }
}

fn run(arguments: &[&str]) -> Output {
    // From the root's tests and, while they are there, from the adapter's.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|folder| folder.join("scripts/broker").exists()).unwrap();
    // A broker that the environment names is not one to break.
    Command::new(root.join("scripts/broker")).args(arguments).env_remove("AMQP_URL").output().unwrap()
}

/// Consuming anew, after whatever just happened to session `before`.
async fn consuming_again(intake: &Intake, before: u64) -> u64 {
    reaches(intake, "consuming again", |state| state.consuming && state.generation > before).await.generation
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_restarts_loses_nothing() {
    let broker = Broker::start("faults-restart");
    let (url, run) = (broker.on("t01"), Run::new());
    let intake = consuming(&settings(&url)).await;
    let publisher = Publisher::connect(&url).await.unwrap();
    let mut generation = 1;
    for (round, ending) in ["restart", "kill", "restart"].into_iter().enumerate() {
        let numbers: BTreeSet<_> = (round * 200..(round + 1) * 200).collect();
        publish(&publisher, run.messages(numbers.clone())).await;
        // Half of them in hand, not acknowledged, when it happens.
        let held = within("a batch", intake.next_batch(100)).await.unwrap();
        broker.script(&[ending, broker.name]);
        reaches(&intake, "noticing", |state| !state.consuming || state.generation > generation).await;
        broker.script(&["start", broker.name]);
        generation = consuming_again(&intake, generation).await;
        intake.ack(&held.iter().map(|incoming| incoming.tag).collect::<Vec<_>>()).await;
        take_all(&intake, &run, numbers).await;
    }
    // And with the publisher, which connects again by itself, nobody else is left.
    publish(&publisher, run.messages([600])).await;
    take_all(&intake, &run, BTreeSet::from([600])).await;
    assert_eq!(broker.connections(), 2);
    assert_eq!(intake.state().borrow().reconnects, generation - 1);
    publisher.close().await;
    within("closing", intake.close()).await;
    assert_eq!(broker.connections(), 0);
    broker.settles_at("t01", &[(topology::INTAKE, 0), (topology::REJECTED, 0)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_connections_and_deleted_queues_are_made_good() {
    let broker = Broker::start("faults-closed");
    let (url, run) = (broker.on("t01"), Run::new());
    let intake = consuming(&settings(&url)).await;
    let publisher = Publisher::connect(&url).await.unwrap();
    publish(&publisher, run.messages(0..50)).await;
    let held = within("a batch", intake.next_batch(10)).await.unwrap();

    broker.ctl(&["close_all_connections", "--vhost", "t01", "a test"]);
    let generation = consuming_again(&intake, 1).await;
    intake.ack(&held.iter().map(|incoming| incoming.tag).collect::<Vec<_>>()).await;
    take_all(&intake, &run, (0..50).collect()).await;

    broker.ctl(&["delete_queue", "--vhost", "t01", topology::INTAKE]);
    let generation = consuming_again(&intake, generation).await;
    publish(&publisher, run.messages(50..60)).await;
    take_all(&intake, &run, (50..60).collect()).await;
    assert_eq!(generation, 3);

    // Standing trouble and back: another queue of that name, until somebody deletes it.
    let other = Settings { delivery_limit: 7, ..settings(&url) };
    let refused = Intake::start(&other).unwrap();
    let state = reaches(&refused, "refused", |state| state.last_error.is_some()).await;
    assert!(state.last_error.unwrap().contains("exists with other properties"));
    within("closing", intake.close()).await;
    broker.ctl(&["delete_queue", "--vhost", "t01", topology::INTAKE]);
    reaches(&refused, "consuming", |state| state.consuming).await;
    refused.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_end_their_reader_are_set_aside() {
    let broker = Broker::start("faults-poison");
    let (url, run) = (broker.on("t01"), Run::new());
    let publisher = Publisher::connect(&url).await.unwrap();
    let limited = Settings { delivery_limit: 3, ..settings(&url) };
    publisher.declare_topology(3).await.unwrap();
    publish(&publisher, run.messages([1])).await;
    // Delivered once and three times again, to readers that end without a word.
    for round in 0..4 {
        let intake = consuming(&limited).await;
        let batch = within("the message", intake.next_batch(10)).await.unwrap();
        assert_eq!((run.number(&batch[0]), batch[0].redelivered), (Some(1), round > 0));
        intake.close().await;
    }
    let mut rejected = Reader::of_queue(&url, topology::REJECTED).await.unwrap();
    assert_eq!(run.number(&within("the rejected message", rejected.next()).await.unwrap()), Some(1));
    rejected.close().await;

    // A message id that is not UTF-8 breaks the connection. Its neighbours come through, and only it is set aside.
    publish(&publisher, run.messages(2..52)).await;
    broker.ctl(&["eval", NOT_UTF8]);
    publish(&publisher, run.messages(52..102)).await;
    let intake = Intake::start(&limited).unwrap();
    take_all(&intake, &run, (2..102).collect()).await;
    assert!(intake.state().borrow().generation > 1, "the message broke no session, so nothing is proved");
    publish(&publisher, run.messages(102..202)).await;
    take_all(&intake, &run, (102..202).collect()).await;
    within("closing", intake.close()).await;
    broker.settles_at("t01", &[(topology::INTAKE, 0), (topology::REJECTED, 1)]);
}

/// Published from within the broker, because no client library here can write such an id.
const NOT_UTF8: &str = r#"rabbit_basic:publish(rabbit_misc:r(<<"t01">>, exchange, <<"placement-hub.intake">>), <<"x">>, rabbit_basic:properties([{message_id, <<255, 254>>}, {delivery_mode, 2}]), <<"body">>)."#;
