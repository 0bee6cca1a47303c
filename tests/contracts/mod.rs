//! The published contracts against everything published beside them.

mod agreement;
mod examples;
mod robustness;

use domain::message::MessageType;
use placement_hub::contracts::Contracts;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

static CONTRACTS: LazyLock<Contracts> = LazyLock::new(|| Contracts::new().expect("the published schemas compile"));

/// `schemas/<message>/1.0`.
fn folder(message: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(message).join("1.0")
}

/// The documents of one message in `examples/<kind>`, JSON and XML, sorted by name.
fn documents(message_type: MessageType, kind: &str) -> Vec<PathBuf> {
    let folder = folder(message_type.name()).join("examples").join(kind);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| !path.to_string_lossy().ends_with(".reasons.json")).collect();
    paths.sort();
    paths
}

fn content_type(path: &Path) -> &'static str {
    if path.extension().is_some_and(|extension| extension == "xml") { "application/xml" } else { "application/json" }
}
