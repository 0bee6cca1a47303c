//! 3: unplanned short stay from Thursday 2 April 2026.

use crate::support::story::{check, placement};
use expect_test::expect;

/// The same notices, due 13 April (Good Friday and Easter Monday are not working days); the referral has its usual priority.
#[test]
fn due_five_working_days_after_the_start_with_the_usual_referral() {
    let stay = placement("P1", "2026-04-02")
        .unplanned()
        .with("/placement/expectedEndOn", "2026-04-06")
        .referring("R-1")
        .sent("2026-04-02T20:00:00Z");
    check(
        &[stay],
        "2026-04-03T09:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        arrival-notice P1 -> E06000043 by 2026-04-13, reg 13(4), in-force #1
        arrival-notice P1 -> S9B9J/09D by 2026-04-13, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-04-13, reg 13(2), in-force #1
        referral R-1 -> RX2 by 2026-04-02, rule 6: referral, in-force #1
    "#]],
    );
}
