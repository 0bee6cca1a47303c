//! Every alert has a severity, a sentence and a runbook, and every runbook an alert; Prometheus's own tool judges the rules and
//! runs their tests.

use super::{RULES, read, unknown_metrics};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

const PREFIX: &str = "PlacementHub";

/// One `- alert:` of the rules.
struct Alert<'a> {
    name: &'a str,
    text: Vec<&'a str>,
}

impl<'a> Alert<'a> {
    fn value(&self, key: &str) -> Option<&'a str> {
        self.text.iter().find_map(|line| line.trim_start().strip_prefix(key)).map(str::trim)
    }
}

fn alerts(rules: &str) -> Vec<Alert<'_>> {
    let mut found: Vec<Alert<'_>> = Vec::new();
    let mut inside = false;
    for line in rules.lines() {
        if let Some(name) = line.trim_start().strip_prefix("- alert: ") {
            found.push(Alert { name, text: Vec::new() });
            inside = true;
        } else if ["- record: ", "- name: "].iter().any(|other| line.trim_start().starts_with(other)) {
            inside = false;
        } else if inside && let Some(alert) = found.last_mut() {
            alert.text.push(line);
        }
    }
    found
}

fn runbooks() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/runbooks");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    entries.map(|path| (named(&path), std::fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn every_alert_has_a_runbook_and_every_runbook_an_alert() {
    let rules = read(RULES);
    let alerts = alerts(&rules);
    let mut wrong = Vec::new();
    for alert in &alerts {
        let name = alert.name.strip_prefix(PREFIX).unwrap_or_else(|| panic!("{} does not begin with {PREFIX}", alert.name));
        if alert.value("runbook: ") != Some(&format!("docs/runbooks/{name}.md")) {
            wrong.push(format!("{name}: its runbook is not docs/runbooks/{name}.md"));
        }
        if alert.value("summary: ").is_none_or(|summary| summary.len() < 20) {
            wrong.push(format!("{name}: no sentence in `summary`"));
        }
        if !alert.value("labels: ").is_some_and(|labels| labels.contains("severity: page") || labels.contains("severity: ticket")) {
            wrong.push(format!("{name}: its severity is neither page nor ticket"));
        }
    }
    let named: BTreeSet<&str> = alerts.iter().filter_map(|alert| alert.name.strip_prefix(PREFIX)).collect();
    let runbooks = runbooks();
    let written: BTreeSet<&str> = runbooks.keys().map(String::as_str).collect();
    wrong.extend(named.symmetric_difference(&written).map(|name| format!("{name}: there is an alert or a runbook, and not the other")));
    assert!(wrong.is_empty() && named.len() > 20, "{wrong:#?}");
}

#[test]
fn every_runbook_says_what_it_means_for_a_child_what_to_look_at_and_what_to_do() {
    let mut wrong = Vec::new();
    for (name, text) in runbooks() {
        for part in
            [&format!("Alert `{PREFIX}{name}`"), "**What it means for a child.**", "**When it fires.**", "## Look\n\n- ", "## Do\n\n1. "]
        {
            if !text.contains(part) {
                wrong.push(format!("{name}: no `{part}`"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Each command, with what follows it up to the first word that is no plain one, is asked for its help.
#[test]
fn the_commands_in_runbooks_exist() {
    let mut commands = BTreeSet::new();
    for text in runbooks().values() {
        for snippet in text.split('`').skip(1).step_by(2) {
            let mut words = snippet.split_whitespace();
            if words.next() == Some("placement-hub") {
                let plain = |word: &&str| word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-') && !word.starts_with('-');
                let flags = snippet.split_whitespace().filter(|word| word.starts_with("--")).map(str::to_owned).collect::<Vec<_>>();
                commands.insert((words.take_while(plain).map(str::to_owned).collect::<Vec<_>>(), flags));
            }
        }
    }
    assert!(commands.len() > 8, "{commands:?}");
    for (command, flags) in commands {
        let output = Command::new(env!("CARGO_BIN_EXE_placement-hub")).args(&command).arg("--help").output().unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        let unknown: Vec<_> = flags.iter().filter(|flag| !help.contains(flag.as_str())).collect();
        assert!(output.status.success() && unknown.is_empty(), "placement-hub {}: {unknown:?}\n{help}", command.join(" "));
    }
}

#[test]
fn rules_and_runbooks_name_metrics_that_exist() {
    let all = read(RULES) + &runbooks().into_values().collect::<String>();
    assert_eq!(unknown_metrics(&all), Vec::<String>::new());
}

#[test]
fn every_alert_is_tested() {
    let tests = read("deploy/prometheus/placement-hub.tests.yml") + &read("deploy/prometheus/placement-hub.days.tests.yml");
    let rules = read(RULES);
    let fires = |alert: &Alert<'_>| tests.contains(&format!("alertname: {}\n        exp_alerts:\n          - exp_labels", alert.name));
    let untested: Vec<_> = alerts(&rules).into_iter().filter(|alert| !fires(alert)).map(|alert| alert.name.to_owned()).collect();
    assert_eq!(untested, Vec::<String>::new());
}

#[test]
fn prometheus_takes_rules_and_settings_and_the_alerts_pass_their_tests() {
    for arguments in [
        ["check", "config", "deploy/prometheus/prometheus.yml"].as_slice(),
        &["check", "rules", RULES],
        &["test", "rules", "deploy/prometheus/placement-hub.tests.yml", "deploy/prometheus/placement-hub.days.tests.yml"],
    ] {
        let promtool = Command::new("promtool").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
        let output = promtool.expect("promtool: scripts/setup installs it (Debian's package prometheus)");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "promtool {}: {said}", arguments.join(" "));
    }
}
