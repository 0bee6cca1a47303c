//! What watches the hub from outside: alerts, their runbooks and the dashboard name what exists, and Prometheus itself understands them.

mod alerted;
mod alerts;
mod dashboard;
mod panels;
mod server;
mod traces;

use std::collections::BTreeSet;
use std::path::Path;

const RULES: &str = "deploy/prometheus/placement-hub.rules.yml";
const DASHBOARD: &str = "deploy/grafana/placement-hub.json";

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Metrics that a text names and `src/telemetry.rs` does not have. Recorded series have a colon in their name and are the rules' own;
/// those of the process come from the library.
fn unknown_metrics(text: &str) -> Vec<String> {
    let declared = read("src/telemetry.rs") + &read("src/telemetry/site.rs");
    let named = words(text).filter_map(|word| word.strip_prefix("placement_hub_").map(str::to_owned)).collect::<BTreeSet<_>>();
    assert!(named.len() > 10, "no metrics found, so this looks in the wrong place");
    let is_known = |name: &String| {
        ["", "_bucket", "_sum", "_count"]
            .iter()
            .any(|end| name.strip_suffix(end).is_some_and(|name| declared.contains(&format!("\"{name}\""))))
    };
    named.into_iter().filter(|name| !is_known(name)).collect()
}

/// Recorded series that a text uses.
fn recorded_in(text: &str) -> BTreeSet<String> {
    words(text).filter(|word| word.starts_with("placement_hub:")).map(str::to_owned).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_' || letter == ':')).map(|word| word.trim_end_matches(':'))
}

#[test]
fn a_metric_that_does_not_exist_is_seen() {
    let text = read(RULES) + " placement_hub_made_up_total{} placement_hub:deliveries:increase5m";
    assert_eq!(unknown_metrics(&text), ["made_up_total"]);
    assert!(recorded_in(&text).contains("placement_hub:deliveries:increase5m"));
}
