//! 23: a notice that its recipient has agreed to acknowledge, and does not.

use crate::support::story::{check, check_unread, placement};
use expect_test::expect;

/// Recorded on Monday 28 September: reminded as Thursday 1 October begins, escalated as Thursday 8 does.
#[test]
fn first_a_reminder_then_the_councils_own_task() {
    let stay = placement("P1", "2026-10-05").sent("2026-09-28T09:00:00Z");
    check_unread(
        std::slice::from_ref(&stay),
        "2026-10-07T22:59:59Z",
        expect![[r#"
        m-P1-1 accepted
        arrival-notice P1 -> E06000043 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-10-04, reg 13(2), in-force #1
        worker-task notice -> E06000043 by 2026-10-07, not acknowledged: reminder, in-force #2
        worker-task notice -> QKS/91Q by 2026-10-07, not acknowledged: reminder, in-force #2
        worker-task notice -> S9B9J/09D by 2026-10-07, not acknowledged: reminder, in-force #2
    "#]],
    );
    check_unread(
        std::slice::from_ref(&stay),
        "2026-10-08T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        arrival-notice P1 -> E06000043 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-10-04, reg 13(2), in-force #1
        worker-task notice -> E06000043 by 2026-10-07, not acknowledged: reminder, in-force #2
        worker-task notice -> QKS/91Q by 2026-10-07, not acknowledged: reminder, in-force #2
        worker-task notice -> S9B9J/09D by 2026-10-07, not acknowledged: reminder, in-force #2
        worker-task notice -> E10000016 by 2026-10-09, not acknowledged: escalation, in-force #1
        worker-task notice -> E10000016 by 2026-10-09, not acknowledged: escalation, in-force #2
        worker-task notice -> E10000016 by 2026-10-09, not acknowledged: escalation, in-force #3
    "#]],
    );
    // Where nobody has agreed to answer, nobody is chased.
    check(
        &[stay],
        "2026-12-01T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        arrival-notice P1 -> E06000043 by 2026-10-04, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-10-04, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-10-04, reg 13(2), in-force #1
    "#]],
    );
}
