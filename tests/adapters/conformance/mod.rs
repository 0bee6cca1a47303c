//! One suite for every rail: what [`domain::port::Deliver`] promises, case by case, whatever carries the delivery.
//!
//! The cast: a [`Rail`] builds a [`Stand`] for a [`Manner`]: an endpoint of the rail and a far end that behaves so. Each [`Case`] of `cases.rs`
//! makes attempts at a stand and looks at what the far end took. A new rail implements [`Rail`], says in [`Promise`] what the tables of
//! its documentation say, and adds itself to [`rails`]; it gets all cases. One that can't exist on it is named with its reason.

mod cases;
mod email;
mod feed;
mod http;
mod mesh;
mod queue;
mod rail;

use expect_test::expect;
use futures_util::FutureExt;
use rail::{Case, FarEnd, Manner, NARROW_BYTES, Oversize, Promise, Rail, Stand, Taken, is_taken, later};
use std::fmt::Write;
use std::panic::AssertUnwindSafe;

/// Every rail that there is, by its name.
fn rails() -> [(&'static str, Box<dyn Rail>); 6] {
    [
        ("webhook", Box::new(http::Http::webhook())),
        ("feed", Box::new(feed::Feed)),
        ("queue", Box::new(queue::Queue)),
        ("email", Box::new(email::Email)),
        ("fhir", Box::new(http::Http::fhir())),
        ("mesh", Box::new(mesh::Mesh)),
    ]
}

/// All cases of one rail; each that fails is named.
async fn check(name: &str) {
    let (_, rail) = rails().into_iter().find(|(rail, _)| *rail == name).expect("a rail");
    let mut failed = Vec::new();
    for case in Case::ALL.into_iter().filter(|case| rail.without(*case).is_none()) {
        eprintln!("{name}: {case:?}");
        if AssertUnwindSafe(cases::run(case, &*rail)).catch_unwind().await.is_err() {
            failed.push(format!("{case:?}"));
        }
    }
    assert!(failed.is_empty(), "{name} fails: {}", failed.join(", "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhook() {
    check("webhook").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn feed() {
    check("feed").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queue() {
    check("queue").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn email() {
    check("email").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fhir() {
    check("fhir").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mesh() {
    check("mesh").await;
}

#[test]
fn a_case_that_cannot_exist_is_named_with_its_reason() {
    let mut lines = String::new();
    for (name, rail) in rails() {
        for case in Case::ALL {
            if let Some(reason) = rail.without(case) {
                writeln!(lines, "{name}: {case:?}: {reason}").unwrap();
            }
        }
    }
    expect![[r#"
        feed: Slow: an attempt is over at once: nothing is sent
        feed: Refused: nobody is asked, so nobody says no
        feed: RetryLater: nobody is asked, so nobody says no
        feed: AmbiguousTimeOut: no answer can be lost: one transaction settles the attempt and puts it into the feed
        feed: BackPressure: nobody is turned away: it waits in the ledger, where it was before
        feed: ShutdownInMidSend: an attempt is over at once: nothing is sent
        feed: Unreachable: a feed has no address: its reader comes
        feed: GuardedAddress: a feed has no address: its reader comes
        queue: Refused: a broker has no word for never: a queue that is full, gone or declared otherwise can be mended
        queue: GuardedAddress: the address is the broker's, and the hub's own settings name it
        email: GuardedAddress: the relay is the hub's own, so its address is not judged
    "#]]
    .assert_eq(&lines);
}

/// Whoever implements the port is in the suite.
#[test]
fn no_rail_is_left_out() {
    let adapters = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    let sources = |package: std::fs::DirEntry| std::fs::read_dir(package.path().join("src")).unwrap().map(|file| file.unwrap().path());
    let files = std::fs::read_dir(adapters).unwrap().flat_map(|package| sources(package.unwrap()));
    let deliverers = files.filter(|file| file.is_file() && std::fs::read_to_string(file).unwrap().contains("impl Deliver for")).count();
    assert_eq!(deliverers, rails().len(), "a rail of adapters/ is not in the suite, or the suite has one that is gone");
}
