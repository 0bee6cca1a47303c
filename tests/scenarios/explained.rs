//! `explain` rule by rule: a verdict and a reason for each of the eighteen, whatever the history.

use crate::support::story::{HOME_A, IN_A, IN_C, Told, concern, placement, referral_update, tell};
use domain::rules::{Rule, Verdict};
use expect_test::{Expect, expect};
use placement_hub::explain::{Assume, Explanation};
use std::collections::BTreeSet;

#[track_caller]
fn check(history: &[Told], now: &str, expected: Expect) -> Explanation {
    let explanation = tell(history, now, Assume::Delivered);
    let lines: Vec<String> = explanation
        .rules
        .iter()
        .map(|one| {
            let subject = one.subject.as_deref().map(|subject| if subject.starts_with("CLM-") { "claim" } else { subject });
            format!("{} {} {}: {}\n", one.rule.number(), subject.unwrap_or("-"), one.verdict.words(), one.sentence)
        })
        .collect();
    expected.assert_eq(&lines.concat());
    explanation
}

/// What somebody at the council reads after a first placement out of area.
#[test]
fn a_first_placement_out_of_area() {
    let stay = placement("P1", "2026-11-16").sent("2026-11-10T09:00:00Z");
    check(
        &[stay],
        "2026-11-20T09:00:00Z",
        expect![[r#"
        1 P1 applies: QKS (NHS Kent and Medway ICB), the commissioner of the area where the child was living, is told by 2026-11-15
        1 P1 applies: S9B9J (NHS Surrey and Sussex ICB), the commissioner of the area where the child lives now, is told by 2026-11-15
        2 P1 applies: E06000043 (Brighton and Hove), the authority in whose area the child lives now, is told by 2026-11-15
        3 P1 applies: planned: notices are due before the start on 2026-11-16, so by 2026-11-15
        4 P1 does not apply: the placement has not ended
        5 P1 applies: the authority's boundary is crossed; the commissioner's is crossed
        6 - does not apply: no referral was asked for
        7 - does not apply: no referral was asked for, so that there is nothing to claim
        8 CP-1 applies: 91Q (NHS Kent and Medway (CCG to June 2022, then sub-ICB location)) is the originating commissioner by the GP practice at entry, the best evidence
        9 CP-1 applies: on 2026-11-20 QKS (NHS Kent and Medway ICB) answers for 91Q
        10 P1 applies: version 1 counts, the only one known
        11 P1 applies: it is the first placement of the care period
        12 P1 does not apply: the child moved: notices are owed
        13 P1 does not apply: the address is not withheld
        14 P1 applies: the area authority sees everything with the care plan; commissioners see the child, the placement and the health needs
        15 P1 does not apply: no adoption, and no siblings were named
        16 P1 does not apply: the postcode is known
        17 - does not apply: no referral was asked for
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
}

/// Everything at once: a move with a referral, refused, then a concern; care ends by adoption.
#[test]
fn a_longer_history() {
    let first = placement("P1", "2026-09-07").sent("2026-09-01T09:00:00Z").referring("R-1");
    let refused = referral_update("u-1", "RX2", "R-1", "refused", "2026-09-09");
    let second = placement("P2", "2026-10-05")
        .sent("2026-10-06T09:00:00Z")
        .in_care_since("2026-09-07")
        .unplanned()
        .at(IN_C)
        .with("/placement/type", "A3");
    let amended = second
        .clone()
        .version(2)
        .sent("2026-10-12T09:00:00Z")
        .at(IN_A)
        .with("/placement/endedOn", "2026-11-02")
        .with("/placement/endReason", "E11");
    let worse = concern("w-1", "R-2", "2026-10-20");
    let assessed = referral_update("u-2", "RXY", "R-2", "assessed", "2026-10-27");
    check(
        &[first, refused, second, amended, worse, assessed],
        "2026-11-20T09:00:00Z",
        expect![[r#"
        1 P1 applies: QKS (NHS Kent and Medway ICB), the commissioner of the area where the child was living, is told by 2026-09-06
        1 P1 applies: S9B9J (NHS Surrey and Sussex ICB), the commissioner of the area where the child lives now, is told by 2026-09-06
        1 P2 applies: QKS (NHS Kent and Medway ICB), the commissioner of the area where the child lives now, is told by 2026-10-19
        1 P2 applies: S9B9J (NHS Surrey and Sussex ICB), the commissioner of the area where the child was living, is told by 2026-10-12
        2 P1 applies: E06000043 (Brighton and Hove), the authority in whose area the child lives now, is told by 2026-09-06
        2 P2 applies: E06000035 (Medway), the authority in whose area the child lives now, is told by 2026-10-19
        3 P1 applies: planned: notices are due before the start on 2026-09-07, so by 2026-09-06
        3 P2 applies: E06000035 became concerned by an amendment: 5 working days from when that was recorded, so by 2026-10-19
        3 P2 applies: QKS became concerned by an amendment: 5 working days from when that was recorded, so by 2026-10-19
        3 P2 applies: unplanned: notices are due within 5 working days of the start on 2026-10-05, so by 2026-10-12
        4 P1 applies: the next placement began on 2026-10-05: E06000043, S9B9J, QKS are told within 10 working days, so by 2026-10-19
        4 P2 applies: it ended on 2026-11-02: E06000035, QKS, S9B9J are told within 10 working days, so by 2026-11-16
        5 P1 applies: the authority's boundary is crossed; the commissioner's is crossed
        5 P2 applies: the authority's boundary is crossed; the commissioner's is crossed
        6 R-1 applies: RX2 (Sussex Partnership NHS Foundation Trust) serves the area where the child lives: it is asked at once, whatever it costs
        6 R-2 applies: RXY (Kent and Medway Mental Health NHS Trust) serves the area where the child lives: it is asked at once, whatever it costs
        7 claim does not apply: the originating and the current commissioner are the same body
        7 R-1 waits: assessment: nothing is due until the provider reports it
        7 R-1 waits: treatment: nothing is due until the provider reports it
        7 R-2 waits: treatment: nothing is due until the provider reports it
        8 CP-1 applies: 91Q (NHS Kent and Medway (CCG to June 2022, then sub-ICB location)) is the originating commissioner by the GP practice at entry, the best evidence
        9 CP-1 applies: on 2026-11-20 QKS (NHS Kent and Medway ICB) answers for 91Q
        10 P1 applies: version 1 counts, the only one known
        10 P2 applies: version 2 counts, the newest of 2 known
        11 P1 applies: it is the first placement of the care period
        11 P2 applies: it follows P1, which ended by then
        12 P1 does not apply: the child moved: notices are owed
        12 P2 does not apply: the child moved: notices are owed
        13 P1 does not apply: the address is not withheld
        13 P2 applies: it is an adoptive placement: notices give no address, and say to contact the duty desk
        14 P1 applies: the area authority sees everything with the care plan; commissioners see the child, the placement and the health needs
        14 P2 applies: the area authority sees everything with the care plan; commissioners see the child, the placement and the health needs
        15 P1 does not apply: no adoption, and no siblings were named
        15 P2 applies: adopted (E11): the record closes and is never linked to a new identity
        16 P1 does not apply: the postcode is known
        16 P2 does not apply: the postcode is known
        17 R-1 applies: refused on 2026-09-09: the child's worker at E10000016 is asked to act
        17 R-2 does not apply: the provider has answered (1 update)
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
}

/// Nothing to say is said too: no rule is left out, and what a person must decide is marked as that.
#[test]
fn every_rule_has_a_verdict_in_every_history() {
    let histories = [
        vec![placement("P1", "2026-11-16").sent("2026-11-10T09:00:00Z").at("ZZ9 9ZZ")],
        vec![placement("P1", "2026-11-16").with("/carePeriod/legalStatus", "V4")],
        vec![placement("P1", "2026-11-16").cancelled()],
        vec![placement("P2", "2026-11-16").in_care_since("2026-01-05")],
        vec![concern("w-1", "R-1", "2026-11-02")],
        vec![placement("P1", "2026-11-16").at(HOME_A).with("/child/birthDate", "2008-11-15")],
    ];
    for history in histories {
        let explanation = tell(&history, "2026-11-20T09:00:00Z", Assume::Delivered);
        let told: BTreeSet<Rule> = explanation.rules.iter().map(|one| one.rule).collect();
        assert_eq!(told.len(), Rule::ALL.len(), "{:?}", history[0].0);
        let asked = explanation.rules.iter().any(|one| one.verdict == Verdict::AsksAPerson);
        assert_eq!(asked, !explanation.review.is_empty(), "{:?}", explanation.rules);
    }
}
