//! The client library logs a message that is returned, body and all. Nothing of it may reach a log.

use super::{Run, url, within};
use amqp::{Outgoing, Publisher};
use std::{
    fmt::Write,
    process::Command,
    sync::{Mutex, PoisonError},
};

static LOGGED: Mutex<String> = Mutex::new(String::new());

/// Writes down every event of every level, as the most talkative log would.
struct Everything;

impl tracing::Subscriber for Everything {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut logged = LOGGED.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(logged, "{}", event.metadata().target());
        event.record(&mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            let _ = write!(logged, " {field}={value:?}");
        });
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// In a process of its own, because the log of a process can be set once.
#[test]
fn a_returned_message_is_not_logged() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "broker::silence::publishes_something_unroutable"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
#[ignore = "run by a_returned_message_is_not_logged"]
async fn publishes_something_unroutable() {
    tracing::subscriber::set_global_default(Everything).unwrap();
    tracing::info!("the log works");
    let publisher = Publisher::connect(&url("t05")).await.unwrap();
    let secret = Outgoing {
        exchange: String::new(),
        routing_key: "nowhere".to_owned(),
        body: b"Ada Example".to_vec(),
        ..Run::new().messages([0]).remove(0)
    };
    assert!(within("the answer", publisher.publish(vec![secret])).await[0].is_err());
    publisher.close().await;
    let logged = LOGGED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert!(logged.contains("the log works"));
    // As text, and as the library shows bytes.
    for trace in ["Ada Example", "65, 100, 97", "Server returned us a message"] {
        assert!(!logged.contains(trace), "{logged}");
    }
}
