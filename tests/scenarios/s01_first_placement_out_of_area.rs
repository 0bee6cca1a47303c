//! 1: first placement, planned, out of area A -> B.

use crate::support::story::{all_accepted, check, placement};
use domain::delivery::Kind;
use expect_test::expect;

/// Out goes: the area authority's notice with the parts of reg 13(4); commissioners A and B; due before the start. No reclaim.
#[test]
fn area_authority_and_both_commissioners_before_the_start() {
    let told = check(
        &[placement("P1", "2026-12-01")],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        arrival-notice P1 -> E06000043 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
    all_accepted(&told);
    assert!(told.obligations.iter().all(|one| one.kind == Kind::ArrivalNotice && one.due_by.unwrap().to_string().as_str() < "2026-12-01"));
}
