//! 8: RNE L only; V3/V4; T2. Nothing goes out, and why is recorded.

use crate::support::story::{check, placement};
use expect_test::expect;

#[test]
fn a_change_of_legal_status_only() {
    let first = placement("P1", "2026-08-03").sent("2026-07-20T09:00:00Z");
    let legal = placement("P2", "2026-11-02")
        .in_care_since("2026-08-03")
        .with("/placement/reasonForChange", "L")
        .with("/carePeriod/legalStatus", "E1");
    check(
        &[first, legal],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        m-P2-1 accepted
        arrival-notice P1 -> E06000043 by 2026-08-02, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-08-02, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-08-02, reg 13(2), in-force #1
        suppressed arrival-notice P2: only the legal status changed: the child did not move
    "#]],
    );
}

#[test]
fn a_change_of_legal_status_as_a_new_version() {
    let first = placement("P1", "2026-08-03").sent("2026-07-20T09:00:00Z");
    let legal =
        first.clone().version(2).with("/placement/reasonForChange", "L").with("/carePeriod/legalStatus", "E1").sent("2026-11-02T09:00:00Z");
    check(
        &[first, legal],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        m-P1-2 accepted
        arrival-notice P1 -> E06000043 by 2026-08-02, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-08-02, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-08-02, reg 13(2), in-force #1
    "#]],
    );
}

#[test]
fn short_breaks() {
    check(
        &[placement("P1", "2026-11-02").with("/carePeriod/legalStatus", "V4")],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        suppressed arrival-notice P1: a short break: regulation 48 asks for no notice
    "#]],
    );
}

/// The placement before goes on: no end notice.
#[test]
fn a_holiday() {
    let first = placement("P1", "2026-08-03").sent("2026-07-20T09:00:00Z");
    let holiday = placement("P2", "2026-11-02").in_care_since("2026-08-03").with("/placement/type", "T2").at("PO30 1SY");
    check(
        &[first, holiday],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        m-P2-1 accepted
        arrival-notice P1 -> E06000043 by 2026-08-02, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-08-02, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-08-02, reg 13(2), in-force #1
        suppressed arrival-notice P2: a holiday or the like: the placement before goes on
    "#]],
    );
}
