//! `placement-hub bench`, small: every part of a round, against a real broker. The figures of a debug build mean nothing, so only
//! what holds for any build is asked for.

use serde_json::Value;
use std::process::Command;

/// `TEST_AMQP_URL` names a broker with the virtual host `bench`; `vhost` stands in its place.
fn bench(vhost: &str, arguments: &[&str]) -> (bool, String, String) {
    let base = std::env::var("TEST_AMQP_URL").expect("set TEST_AMQP_URL: scripts/broker start; TEST_AMQP_URL=$(scripts/broker url)");
    let (scheme, rest) = base.split_once("://").expect("a URL");
    let url = format!("{scheme}://{}/{vhost}", rest.split(['/', '?']).next().unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_placement-hub"));
    let output = command.arg("bench").args(arguments).env("AMQP_URL", url).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_round_measures_everything_and_loses_nothing() {
    let (done, said, told) = bench("bench", &["--messages", "200", "--rounds", "1", "--seconds", "1", "--rate", "20", "--json"]);
    assert!(done, "{told}");
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&report["lost"], &report["duplicates"]), (&Value::from(0), &Value::from(0)));
    let figure = |name: &str| {
        let figures = report["figures"].as_array().unwrap();
        let found = figures.iter().find(|figure| figure["name"] == name).unwrap_or_else(|| panic!("{name} is missing: {said}"));
        found["median"].as_f64().unwrap()
    };
    for name in [
        "machine: broker, publish with confirms",
        "machine: broker, consume and acknowledge",
        "machine: ledger commits of one small message",
        "machine: signed POSTs of 2 KB, 32 at once",
        "drain: messages",
        "ready after the start, ledger empty",
        "20/s: first delivery, p50",
    ] {
        assert!(figure(name) > 0.0, "{name}");
    }
    // Three deliveries a message, and the last of them is not before the first.
    let deliveries_each = figure("drain: deliveries") / figure("drain: messages");
    assert!((deliveries_each - 3.0).abs() < 1e-6, "{deliveries_each}");
    assert!(figure("20/s: last delivery, p50") >= figure("20/s: first delivery, p50"));
    assert!(figure("20/s: last delivery, max") >= figure("20/s: last delivery, p99"));
}

#[test]
fn a_virtual_host_that_may_be_needed_is_left_alone() {
    let (done, said, told) = bench("t31", &[]);
    assert!(!done && said.is_empty());
    assert!(told.contains("must be its own") && told.contains("`t31`"), "{told}");
}
