//! 19: three siblings.

use crate::support::story::{IN_C, IN_D, Told, check, placement};
use expect_test::expect;

fn sibling(id: &str, name: &str) -> Told {
    placement(&format!("P-{id}"), "2026-12-01").with("/child/localId", id).with("/child/givenName", name).with("/child/siblingGroup", "SG1")
}

/// Three independent flows: one that goes elsewhere or is refused changes nothing for the others.
#[test]
fn three_flows_and_a_mistake_in_one_fails_no_other() {
    let three = [sibling("1", "Ada"), sibling("2", "Ben").at(IN_C), sibling("3", "Cleo").at(IN_D).with("/child/nhsNumber", "9990000011")];
    check(
        &three,
        "2026-11-03T09:00:00Z",
        expect![[r#"
        m-P-1-1 accepted
        m-P-2-1 accepted
        m-P-3-1 rejected [nhs-number-check-digit /child/nhsNumber]
        arrival-notice P-1 -> E06000043 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P-1 -> S9B9J/09D by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P-1 -> QKS/91Q by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P-2 -> E06000045 by 2026-11-30, reg 13(4), in-force #1
        arrival-notice P-2 -> QRL/D9Y0V by 2026-11-30, reg 13(2), in-force #1
        arrival-notice P-2 -> QKS/91Q by 2026-11-30, reg 13(2), in-force #1
    "#]],
    );
}
