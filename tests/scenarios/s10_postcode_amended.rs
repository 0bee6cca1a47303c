//! 10: postcode amended after sending (B -> D).

use crate::support::story::{IN_D, check, check_assuming, placement};
use expect_test::expect;
use placement_hub::explain::Assume;

fn first() -> crate::support::story::Told {
    placement("P1", "2026-04-02").unplanned().sent("2026-04-02T09:00:00Z")
}

fn amended() -> crate::support::story::Told {
    placement("P1", "2026-04-02").unplanned().at(IN_D).version(2).sent("2026-04-10T09:00:00Z")
}

/// B is withdrawn from, A (told of another place) corrected, D told with a clock that starts at the recording.
#[test]
fn withdrawn_from_b_and_told_to_d() {
    check(
        &[first(), amended()],
        "2026-04-10T10:00:00Z",
        expect![[r#"
        m-P1-1 accepted
        m-P1-2 accepted
        arrival-notice P1 -> E06000043 by 2026-04-13, reg 13(4), withdrawn #1
        arrival-notice P1 -> S9B9J/09D by 2026-04-13, reg 13(2), withdrawn #1
        arrival-notice P1 -> QKS/91Q by 2026-04-13, reg 13(2), corrected #1
        arrival-notice P1 -> E10000025 by 2026-04-17, reg 13(4), in-force #1
        arrival-notice P1 -> S0E4D/10Q by 2026-04-17, reg 13(2), in-force #1
        notice-correction P1 -> QKS/91Q by 2026-04-13, reg 13(2), in-force #2 supersedes 1
        notice-withdrawal P1 -> E06000043 by 2026-04-10, reg 13(4), in-force #2 supersedes 1
        notice-withdrawal P1 -> S9B9J/09D by 2026-04-10, reg 13(2), in-force #2 supersedes 1
    "#]],
    );
}

/// What never left is retracted, and nobody hears of it.
#[test]
fn unsent_is_retracted() {
    check_assuming(
        &[first(), amended()],
        "2026-04-10T10:00:00Z",
        Assume::Unsent,
        expect![[r#"
        m-P1-1 accepted
        m-P1-2 accepted
        arrival-notice P1 -> E06000043 by 2026-04-13, reg 13(4), retracted #1
        arrival-notice P1 -> S9B9J/09D by 2026-04-13, reg 13(2), retracted #1
        arrival-notice P1 -> QKS/91Q by 2026-04-13, reg 13(2), retracted #1
        arrival-notice P1 -> E10000025 by 2026-04-17, reg 13(4), in-force #1
        arrival-notice P1 -> S0E4D/10Q by 2026-04-17, reg 13(2), in-force #1
        arrival-notice P1 -> QKS/91Q by 2026-04-13, reg 13(2), in-force #2
    "#]],
    );
}
