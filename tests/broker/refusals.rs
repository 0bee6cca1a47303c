//! What an operator reads when the settings are wrong.

use super::{on_vhost, reaches, settings, url, within};
use amqp::{Intake, Publisher, Settings};

/// Starts an intake that cannot work, and looks at what it says.
async fn check(settings: Settings, expected: &[&str]) {
    let intake = Intake::start(&settings).unwrap();
    let state = reaches(&intake, "an error", |state| state.last_error.is_some()).await;
    let sentence = state.last_error.unwrap();
    for part in expected {
        assert!(sentence.contains(part), "`{part}` is not in: {sentence}");
    }
    assert!(!sentence.contains("s3cret") && !state.consuming && !state.connected, "{sentence}");
    within("closing while waiting", intake.close()).await;
}

#[tokio::test]
async fn wrong_settings_are_a_sentence_without_secrets() {
    let right = url("t06");
    let (_, host) = right.rsplit_once('@').unwrap();
    check(settings(&format!("amqp://guest:s3cret@{host}")), &["refused the login", "user name, password"]).await;
    check(settings(&on_vhost(&right, "no-such-vhost")), &["refused the login", "no-such-vhost"]).await;
    check(settings("amqp://guest:s3cret@127.0.0.1:1/"), &["127.0.0.1:1", "cannot be reached", "is it running"]).await;
    check(settings("amqp://guest:s3cret@host.invalid/"), &["host.invalid", "cannot be reached"]).await;

    let error = Publisher::connect(&format!("amqp://guest:s3cret@{host}")).await.err().unwrap().to_string();
    assert!(error.contains("refused the login") && !error.contains("s3cret"), "{error}");
}

#[tokio::test]
async fn a_queue_declared_otherwise_is_named() {
    let url = url("t06");
    let publisher = Publisher::connect(&url).await.unwrap();
    publisher.declare_topology(20).await.unwrap();
    check(Settings { delivery_limit: 21, ..settings(&url) }, &["exists with other properties", "placement-hub.intake", "x-delivery-limit"])
        .await;
    assert!(publisher.declare_topology(21).await.is_err());
    // And is as it was.
    publisher.declare_topology(20).await.unwrap();
}
