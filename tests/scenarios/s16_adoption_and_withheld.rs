//! 16: A3-A6, address withheld; E11/E12.

use crate::support::story::{Told, WORLD, check, placement};
use domain::casefile::Casefile;
use expect_test::expect;
use std::collections::HashSet;
use uuid::Uuid;

/// What the area authority and the commissioners would read of this placement.
fn contents(told: &Told) -> String {
    let document = told.json();
    let message = WORLD.contracts.read(document.content_type.as_deref(), &document.body).unwrap();
    let mut casefile = Casefile::new("E10000016".parse().unwrap(), "104233");
    let touched: HashSet<Uuid> = HashSet::new();
    let decision = casefile.decide(
        Some(&message),
        &WORLD.directory,
        &WORLD.policy,
        message.header().sent_at,
        |id| touched.contains(&id),
        &mut Uuid::now_v7,
    );
    decision.issue.iter().map(|issue| issue.data.clone()).collect()
}

/// Notices say "address withheld", and the routing postcode never leaves.
#[test]
fn a_withheld_address_leaves_by_no_field() {
    for told in [
        placement("P1", "2026-12-01").with("/placement/addressWithheld", true),
        placement("P1", "2026-12-01").with("/placement/type", "A4"),
        placement("P1", "2026-12-01").with("/placement/type", "K1"),
    ] {
        let contents = contents(&told);
        assert!(contents.contains("address withheld, contact the duty desk"));
        for secret in ["BN1 6AG", "BN16AG", "1 Example Street", "A. Carer"] {
            assert!(!contents.contains(secret), "{secret} in {contents}");
        }
    }
    assert!(contents(&placement("P1", "2026-12-01")).contains("BN1 6AG"));
}

/// Adopted: end notices, and the record closes.
#[test]
fn adopted_is_an_end_like_any_other() {
    let first = placement("P1", "2026-08-03").sent("2026-07-20T09:00:00Z").with("/placement/type", "A4");
    let adopted = first
        .clone()
        .version(2)
        .with("/placement/endedOn", "2026-11-02")
        .with("/placement/endReason", "E11")
        .with("/carePeriod/endedOn", "2026-11-02")
        .with("/carePeriod/endReason", "E11")
        .sent("2026-11-02T09:00:00Z");
    check(
        &[first, adopted],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        m-P1-2 accepted
        arrival-notice P1 -> E06000043 by 2026-08-02, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-08-02, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-08-02, reg 13(2), in-force #1
        end-notice P1 -> E06000043 by 2026-11-16, reg 14, in-force #2
        end-notice P1 -> S9B9J/09D by 2026-11-16, reg 14, in-force #2
        end-notice P1 -> QKS/91Q by 2026-11-16, reg 14, in-force #2
    "#]],
    );
}
