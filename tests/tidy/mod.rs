//! What rustfmt and clippy can't know about this house: its documents tell the truth, its packages keep their distance,
//! and its files stay short. Each rule collects every breach before it fails, and each breach says file, line and remedy.

mod clone;
mod code;
mod documents;
mod manifests;
mod words;

/// Fails with the whole list, so that one run is enough to put everything right.
fn assert_tidy(breaches: &[String]) {
    assert!(breaches.is_empty(), "{} to put right:\n{}\n", breaches.len(), breaches.join("\n"));
}
