//! What goes out, shown to those who read it: an envelope of every kind, as the hub makes it.

use crate::fhir::issued::envelopes;
use domain::delivery::Kind;
use serde_json::Value;
use std::fmt::Write as _;

const HEAD: &str = "\
# What goes out

An envelope of every kind, as it comes over webhook, queue and feed: the hub makes them here from an invented history (a move with a referral, what came of it, its
amendment, its end, its cancellation). How to take them is in [For a recipient](RECIPIENTS.md); the names stand in the order of the alphabet.

Later versions may add fields: read past what you do not know. What is here neither goes nor changes its meaning within `v1`.

Made by `tests/documents/envelopes.rs`, which fails where the hub makes anything else; `UPDATE_EXPECT=1` writes it anew.
";

/// Of notices by the recipient's role, of tasks by their occasion.
fn title(name: &str, recipient: &str) -> String {
    let kind = Kind::ALL.iter().map(|kind| kind.name()).filter(|kind| name.starts_with(kind)).max_by_key(|kind| kind.len()).unwrap();
    let about = name[kind.len()..].trim_start_matches('-').replace('-', " ");
    if about.is_empty() { format!("`{kind}.v1`, to {recipient}") } else { format!("`{kind}.v1`: {about}, to {recipient}") }
}

#[test]
fn every_kind_that_goes_out_is_shown() {
    let mut text = HEAD.to_owned();
    let shown = envelopes();
    for kind in Kind::ALL {
        assert!(shown.keys().any(|name| name.starts_with(kind.name())), "no {kind} is shown");
    }
    for (name, (recipient, envelope)) in shown {
        let envelope: Value = serde_json::from_slice(&envelope).unwrap();
        write!(text, "\n## {}\n\n```json\n{envelope:#}\n```\n", title(&name, &recipient)).unwrap();
    }
    expect_test::expect_file!["../../docs/ENVELOPES.md"].assert_eq(&text);
}
