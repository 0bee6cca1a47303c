//! 9: version 2 before version 1; a duplicate; a move before its start.

use crate::support::story::{IN_C, check, placement};
use expect_test::expect;

#[test]
fn the_newest_version_wins_whenever_it_arrives() {
    let second = placement("P1", "2026-12-01").version(2).at(IN_C).sent("2026-11-03T09:00:00Z");
    let first = placement("P1", "2026-12-01");
    check(
        &[second, first],
        "2026-11-04T09:00:00Z",
        expect![[r#"
        m-P1-2 accepted
        m-P1-1 accepted
        arrival-notice P1 -> E06000045 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> QRL/D9Y0V by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
}

#[test]
fn a_duplicate_gets_the_same_receipt_and_sends_nothing_twice() {
    let once = placement("P1", "2026-12-01");
    let told = check(
        &[once.clone(), once],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        m-P1-1 duplicate
        arrival-notice P1 -> E06000043 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
    assert_eq!(told.receipts[0].obligations, told.receipts[1].obligations);
}

/// Its predecessor is unknown, so it waits ...
#[test]
fn a_move_before_its_start_is_parked() {
    check(
        &[early()],
        "2026-11-02T10:00:00Z",
        expect![[r#"
            m-P2-1 parked [awaits-predecessor /placement]
        "#]],
    );
}

/// ... but not past its deadline: those who are known are told, and a person looks for the predecessor.
#[test]
fn a_parked_move_is_told_when_it_falls_due() {
    check(
        &[early()],
        "2026-11-09T10:00:00Z",
        expect![[r#"
            m-P2-1 parked [awaits-predecessor /placement]
            arrival-notice P2 -> E06000045 by 2026-11-09, reg 13(4), in-force #1
            arrival-notice P2 -> QRL/D9Y0V by 2026-11-09, reg 13(2), in-force #1
            review orphaned-move: the placement before this one is unknown, so the commissioner of the area left could not be told; those of the new area were; candidates []
        "#]],
    );
}

#[test]
fn a_parked_move_goes_on_when_its_predecessor_comes() {
    let first = placement("P1", "2026-08-03").sent("2026-11-02T11:00:00Z");
    check(
        &[early(), first],
        "2026-11-02T12:00:00Z",
        expect![[r#"
            m-P2-1 parked [awaits-predecessor /placement]
            m-P1-1 accepted
            arrival-notice P1 -> E06000043 by 2026-08-02, reg 13(4), in-force #1
            arrival-notice P1 -> S9B9J/09D by 2026-08-02, reg 13(2), in-force #1
            arrival-notice P1 -> QKS/91Q by 2026-08-02, reg 13(2), in-force #1
            end-notice P1 -> E06000043 by 2026-11-16, reg 14, in-force #2
            end-notice P1 -> S9B9J/09D by 2026-11-16, reg 14, in-force #2
            end-notice P1 -> QKS/91Q by 2026-11-16, reg 14, in-force #2
            arrival-notice P2 -> E06000045 by 2026-11-09, reg 13(4), in-force #1
            arrival-notice P2 -> QRL/D9Y0V by 2026-11-09, reg 13(2), in-force #1
            arrival-notice P2 -> S9B9J/09D by 2026-11-09, reg 13(2), in-force #3
        "#]],
    );
}

fn early() -> crate::support::story::Told {
    placement("P2", "2026-11-02").in_care_since("2026-08-03").unplanned().at(IN_C)
}
