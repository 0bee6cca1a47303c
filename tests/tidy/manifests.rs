//! `domain <- adapters <- hub`, proved by the manifests: who may use which crate, and what each is for.

use super::assert_tidy;
use super::clone::{paths, read};
use std::collections::BTreeSet;
use toml::{Table, Value};

/// A client crate has one home, where its quirks are known.
const HOMES: &[(&str, &str)] = &[
    ("lapin", "adapters/amqp/Cargo.toml"),
    ("quick-xml", "adapters/xml/Cargo.toml"),
    ("reqwest", "src/http-client/Cargo.toml"),
    ("rusqlite", "adapters/sqlite-ledger/Cargo.toml"),
    ("tokio-postgres", "adapters/postgres-ledger/Cargo.toml"),
];

/// Time, chance and the world come into the core as arguments.
const KEPT_OUT_OF_DOMAIN: &[&str] = &["tokio", "reqwest", "rusqlite", "tokio-postgres", "rand", "lapin", "axum", "tracing", "prometheus"];

const DOMAIN: &str = "src/domain/Cargo.toml";

#[test]
fn each_client_crate_is_used_in_one_place() {
    let mut breaches = Vec::new();
    for manifest in manifests() {
        for (krate, home) in HOMES {
            if *home != manifest.path && manifest.shipped.contains(*krate) {
                let line = line_of(&manifest.path, krate);
                breaches.push(format!("{}:{line}: `{krate}` belongs to {home} alone: go through that package", manifest.path));
            }
        }
    }
    assert_tidy(&breaches);
}

#[test]
fn adapters_know_the_domain_and_not_each_other() {
    let manifests = manifests();
    let adapters: BTreeSet<&str> = manifests.iter().filter(|it| it.is_adapter()).map(|it| it.package.as_str()).collect();
    assert!(!adapters.is_empty(), "no adapters found, so this test looks in the wrong place");
    let mut breaches = Vec::new();
    for manifest in manifests.iter().filter(|it| it.is_adapter() || it.path == DOMAIN) {
        for used in manifest.shipped.union(&manifest.tests_only) {
            if adapters.contains(used.as_str()) || used == "placement-hub" {
                let line = line_of(&manifest.path, used);
                breaches.push(format!(
                    "{}:{line}: depends on `{used}`: only the hub knows adapters; put what both need into domain",
                    manifest.path
                ));
            }
        }
    }
    assert_tidy(&breaches);
}

#[test]
fn the_core_depends_on_nothing_that_acts() {
    let domain = manifests().into_iter().find(|it| it.path == DOMAIN).expect("src/domain/Cargo.toml");
    let found = KEPT_OUT_OF_DOMAIN.iter().filter(|krate| domain.shipped.contains(**krate));
    let told = found.map(|krate| format!("{DOMAIN}:{}: `{krate}` in the core: the hub or an adapter does that", line_of(DOMAIN, krate)));
    assert_tidy(&told.collect::<Vec<_>>());
}

#[test]
fn every_dependency_says_what_it_is_for() {
    let manifest = read("Cargo.toml");
    let mut inside = false;
    let mut breaches = Vec::new();
    for (index, line) in manifest.lines().enumerate() {
        if line.starts_with('[') {
            inside = line.trim() == "[workspace.dependencies]";
        } else if inside && !gives_a_reason(line) {
            let name = line.split(['=', ' ']).next().unwrap();
            breaches.push(format!("Cargo.toml:{}: `{name}` has no reason: add `# what it is for` at the end of the line", index + 1));
        }
    }
    assert_tidy(&breaches);
}

/// Our own packages explain themselves; of the others each line ends in a comment.
fn gives_a_reason(line: &str) -> bool {
    let line = line.trim();
    line.is_empty()
        || line.starts_with('#')
        || line.contains("{ path = ")
        || line.split_once('#').is_some_and(|(_, why)| !why.trim().is_empty())
}

#[test]
fn a_missing_reason_is_seen() {
    assert!(gives_a_reason("csv = \"1.4\" # directory files"));
    assert!(gives_a_reason("domain = { path = \"src/domain\" }"));
    assert!(!gives_a_reason("csv = \"1.4\""));
    assert!(!gives_a_reason("csv = \"1.4\" # "));
}

struct Manifest {
    path: String,
    package: String,
    /// Crates of `[dependencies]` and `[build-dependencies]`, for one platform or all.
    shipped: BTreeSet<String>,
    /// Crates of `[dev-dependencies]`: tests may stand on the far end of any adapter.
    tests_only: BTreeSet<String>,
}

impl Manifest {
    fn is_adapter(&self) -> bool {
        self.path.starts_with("adapters/")
    }
}

fn manifests() -> Vec<Manifest> {
    paths().into_iter().filter(|path| path == "Cargo.toml" || path.ends_with("/Cargo.toml")).map(manifest).collect()
}

fn manifest(path: String) -> Manifest {
    let table: Table = read(&path).parse().unwrap_or_else(|error| panic!("{path}: {error}"));
    let package = table["package"]["name"].as_str().unwrap().to_owned();
    let platforms = table.get("target").and_then(Value::as_table).into_iter().flat_map(|it| it.values()).filter_map(Value::as_table);
    let (mut shipped, mut tests_only) = (BTreeSet::new(), BTreeSet::new());
    for table in platforms.chain([&table]) {
        shipped.extend(crates(table, "dependencies"));
        shipped.extend(crates(table, "build-dependencies"));
        tests_only.extend(crates(table, "dev-dependencies"));
    }
    Manifest { path, package, shipped, tests_only }
}

/// The crates' own names, also where a manifest gives one another name.
fn crates(table: &Table, section: &str) -> BTreeSet<String> {
    let entries = table.get(section).and_then(Value::as_table).into_iter().flatten();
    entries.map(|(name, value)| value.get("package").and_then(Value::as_str).unwrap_or(name).to_owned()).collect()
}

fn line_of(path: &str, krate: &str) -> usize {
    let manifest = read(path);
    let named = |line: &str| line.split(['.', '=', ' ']).next() == Some(krate) || line.contains(&format!("package = \"{krate}\""));
    manifest.lines().position(named).map_or(1, |index| index + 1)
}
