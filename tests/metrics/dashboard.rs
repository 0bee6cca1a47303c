//! The dashboard: its panels name metrics and runbooks that exist. (That its queries answer: `panels`.)

use super::{DASHBOARD, RULES, read, recorded_in, unknown_metrics};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// A question that a panel, an annotation or a variable asks of Prometheus.
pub struct Query {
    pub title: String,
    pub expression: String,
}

pub fn queries() -> Vec<Query> {
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)).unwrap();
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            found.push(Query { title: text(&panel["title"]), expression: text(&target["expr"]) });
        }
    }
    for annotation in dashboard["annotations"]["list"].as_array().unwrap() {
        found.push(Query { title: text(&annotation["name"]), expression: text(&annotation["expr"]) });
    }
    found
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

#[test]
fn the_dashboard_names_what_exists() {
    let text = read(DASHBOARD);
    assert_eq!(unknown_metrics(&text), Vec::<String>::new());
    let rules = read(RULES);
    let missing: BTreeSet<String> =
        recorded_in(&text).into_iter().filter(|series| !rules.contains(&format!("- record: {series}\n"))).collect();
    assert_eq!(missing, BTreeSet::new(), "recorded by no rule");
}

#[test]
fn panels_name_runbooks_that_exist_and_no_two_have_one_id() {
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)).unwrap();
    let mut ids = BTreeSet::new();
    let mut named = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{}: its id is taken", panel["title"]);
        let description = panel["description"].as_str().unwrap_or_default();
        let Some((_, runbooks)) = description.split_once("Runbook") else { continue };
        for name in runbooks.trim_start_matches("s").trim_start_matches(": ").trim_end_matches('.').split(", ") {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/runbooks/{name}.md"));
            assert!(file.is_file(), "{}: there is no runbook {name}", panel["title"]);
            named += 1;
        }
    }
    assert!(named > 15, "only {named} runbooks are named");
}
