//! What each rule came to, in sentences for a person who asks.

use super::world::{B, C, ENDED_IN_B, IN_A, IN_C, UNKNOWN};
use super::{DIRECTORY, POLICY, Told, answer, choose, claim, placement, readable, ruling, tell, update};
use crate::owed::{explained, required};
use crate::policy::Stage;
use expect_test::{Expect, expect};
use serde_json::{Value, json};

/// Every finding, a line each; asking changes nothing that is owed.
#[track_caller]
pub(super) fn why(history: &[Told], now: &str, expected: Expect) {
    let now_at = now.parse().unwrap();
    let heard = tell(history, now);
    let (owed, findings) = explained(&heard.casefile.timeline, &DIRECTORY, &POLICY, now_at);
    assert_eq!(owed, required(&heard.casefile.timeline, &DIRECTORY, &POLICY, now_at));
    let line = |finding: &crate::rules::Finding| {
        format!("{} {} {}: {}\n", finding.rule.number(), finding.subject, finding.verdict.words(), finding.sentence)
    };
    expected.assert_eq(&readable(findings.iter().map(line).collect()));
}

pub(super) const NOW: &str = "2026-11-30T09:00:00Z";

pub(super) fn first() -> Told {
    placement("P1", "2026-06-01").sent("2026-05-20T09:00:00Z")
}

#[test]
fn nothing_is_known() {
    why(
        &[],
        NOW,
        expect![[r#"
        1  does not apply: no placement is known
        2  does not apply: no placement is known
        3  does not apply: no placement is known
        4  does not apply: no placement is known
        5  does not apply: no placement is known
        6  does not apply: no referral was asked for
        7  does not apply: no referral was asked for, so that there is nothing to claim
        8  does not apply: no placement is known
        9  does not apply: no placement is known
        10  does not apply: no placement is known
        11  does not apply: no placement is known
        12  does not apply: no placement is known
        13  does not apply: no placement is known
        14  does not apply: no placement is known
        15  does not apply: no placement is known
        16  does not apply: no placement is known
        17  does not apply: no referral was asked for
        18  does not apply: no placement is known
    "#]],
    );
}

#[test]
fn a_first_placement_out_of_area_with_a_referral() {
    why(
        &[placement("P1", "2026-12-01").referring("R-1").with("/child/siblingGroup", "S-1")],
        "2026-11-02T10:00:00Z",
        expect![[r#"
        1 P1 applies: QAA (Name of QAA), the commissioner of the area where the child was living, is told by 2026-11-30
        1 P1 applies: QBB (Name of QBB), the commissioner of the area where the child lives now, is told by 2026-11-30
        2 P1 applies: E06000002 (Name of E06000002), the authority in whose area the child lives now, is told by 2026-11-30
        3 P1 applies: planned: notices are due before the start on 2026-12-01, so by 2026-11-30
        4 P1 does not apply: the placement has not ended
        5 P1 applies: the authority's boundary is crossed; the commissioner's is crossed
        6 R-1 applies: RPB (Name of RPB) serves the area where the child lives: it is asked at once, whatever it costs
        7 R-1 waits: assessment: nothing is due until the provider reports it
        7 R-1 waits: treatment: nothing is due until the provider reports it
        8 CP-1 applies: 01A (Name of 01A) is the originating commissioner by the GP practice at entry, the best evidence
        9 CP-1 applies: on 2026-11-02 QAA (Name of QAA) answers for 01A
        10 P1 applies: version 1 counts, the only one known
        11 P1 applies: it is the first placement of the care period
        12 P1 does not apply: the child moved: notices are owed
        13 P1 does not apply: the address is not withheld
        14 P1 applies: the area authority sees everything with the care plan; commissioners see the child, the placement and the health needs
        15 P1 applies: there are brothers or sisters: each has notices of their own, and none names another
        16 P1 does not apply: the postcode is known
        17 R-1 waits: the provider has not answered; at 2026-11-10T00:00:00Z the child's worker is asked to act
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
}

#[test]
fn a_move_its_claims_and_leaving_care() {
    let id = claim("R-1", Stage::Assessment);
    let history = [
        first().ended("2026-07-31").referring("R-1").unplanned(),
        placement("P2", "2026-08-03").in_care_since("2026-06-01").sent("2026-07-20T09:00:00Z").at(IN_C).with("/placement/type", "A3"),
        update("u-1", "R-1", "accepted", "2026-06-02"),
        update("u-2", "R-1", "assessed", "2026-06-10"),
        answer("a-1", "QAA", &id, "disputed", "2026-07-06"),
        placement("P2", "2026-08-03")
            .in_care_since("2026-06-01")
            .version(2, "2026-08-20T09:00:00Z")
            .at(IN_A)
            .with("/carePeriod/endedOn", "2026-11-20"),
    ];
    why(
        &history,
        NOW,
        expect![[r#"
        1 P1 applies: QAA (Name of QAA), the commissioner of the area where the child was living, is told by 2026-06-08
        1 P1 applies: QBB (Name of QBB), the commissioner of the area where the child lives now, is told by 2026-06-08
        1 P2 applies: QAA (Name of QAA), the commissioner of the area where the child lives now, is told by 2026-08-27
        1 P2 applies: QBB (Name of QBB), the commissioner of the area where the child was living, is told by 2026-08-02
        2 P1 applies: E06000002 (Name of E06000002), the authority in whose area the child lives now, is told by 2026-06-08
        2 P2 does not apply: the placement is in the responsible authority's own area
        3 P1 applies: unplanned: notices are due within 5 working days of the start on 2026-06-01, so by 2026-06-08
        3 P2 applies: QAA became concerned by an amendment: 5 working days from when that was recorded, so by 2026-08-27
        3 P2 applies: planned: notices are due before the start on 2026-08-03, so by 2026-08-02
        4 P1 applies: it ended on 2026-07-31: E06000002, QBB, QAA are told within 10 working days, so by 2026-08-14
        4 P2 applies: the child left care on 2026-11-20: QAA, QBB are told within 10 working days, so by 2026-12-04
        5 P1 applies: the authority's boundary is crossed; the commissioner's is crossed
        5 P2 applies: the authority's boundary is not crossed; the commissioner's is crossed
        6 R-1 applies: RPB (Name of RPB) serves the area where the child lives: it is asked at once, whatever it costs
        7 claim(R-1, assessment) applies: assessment on 2026-06-10: claimed from QAA for 01A, where the child lived before care
        7 claim(R-1, assessment) asks a person: the commissioner has disputed it: a person decides whether it stands
        7 R-1 waits: treatment: nothing is due until the provider reports it
        8 CP-1 applies: 01A (Name of 01A) is the originating commissioner by the GP practice at entry, the best evidence
        9 CP-1 applies: on 2026-11-30 QAA (Name of QAA) answers for 01A
        10 P1 applies: version 1 counts, the only one known
        10 P2 applies: version 2 counts, the newest of 2 known
        11 P1 applies: it is the first placement of the care period
        11 P2 applies: it follows P1, which ended by then
        12 P1 does not apply: the child moved: notices are owed
        12 P2 does not apply: the child moved: notices are owed
        13 P1 does not apply: the address is not withheld
        13 P2 does not apply: the address is not withheld
        14 P1 applies: the area authority sees everything with the care plan; commissioners see the child, the placement and the health needs
        14 P2 applies: commissioners see the child, the placement and the health needs
        15 P1 does not apply: no adoption, and no siblings were named
        15 P2 does not apply: no adoption, and no siblings were named
        16 P1 does not apply: the postcode is known
        16 P2 does not apply: the postcode is known
        17 R-1 does not apply: the provider has answered (2 updates)
        18 CP-1 applies: care ended on 2026-11-20: those who were told of the last placement are told of its end; open reclaims stay with the originating commissioner of this period
    "#]],
    );
}

#[test]
fn what_is_parked_and_what_was_orphaned() {
    let orphan = || placement("P2", "2026-12-10").in_care_since("2026-06-01").at(IN_C).with("/placement/addressWithheld", true);
    why(
        &[orphan()],
        "2026-11-03T09:00:00Z",
        expect![[r#"
        1 P2 waits: decided when the placement before it is known, or at 2026-11-05T09:00:00Z
        2 P2 waits: decided when the placement before it is known, or at 2026-11-05T09:00:00Z
        3  does not apply: no placement made it a question
        4 P2 does not apply: the placement has not ended
        5  does not apply: no placement made it a question
        6  does not apply: no referral was asked for
        7  does not apply: no referral was asked for, so that there is nothing to claim
        8 CP-1 applies: 01A (Name of 01A) is the originating commissioner by the GP practice at entry, the best evidence
        9 CP-1 applies: on 2026-11-03 QAA (Name of QAA) answers for 01A
        10 P2 applies: version 1 counts, the only one known
        11 P2 waits: the placement before it is unknown: its notices wait for it until 2026-11-05T09:00:00Z
        12  does not apply: no placement made it a question
        13 P2 applies: the authority withholds the address: notices give no address, and say to contact the duty desk
        14  does not apply: no placement made it a question
        15 P2 does not apply: no adoption, and no siblings were named
        16 P2 does not apply: the postcode is known
        17  does not apply: no referral was asked for
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
    why(
        &[orphan()],
        "2026-11-06T09:00:00Z",
        expect![[r#"
        1 P2 applies: QCC (Name of QCC), the commissioner of the area where the child lives now, is told by 2026-12-09
        2 P2 applies: E06000003 (Name of E06000003), the authority in whose area the child lives now, is told by 2026-12-09
        3 P2 applies: planned: notices are due before the start on 2026-12-10, so by 2026-12-09
        4 P2 does not apply: the placement has not ended
        5 P2 applies: the authority's boundary is crossed; the commissioner's cannot be told, as the placement before is unknown
        6  does not apply: no referral was asked for
        7  does not apply: no referral was asked for, so that there is nothing to claim
        8 CP-1 applies: 01A (Name of 01A) is the originating commissioner by the GP practice at entry, the best evidence
        9 CP-1 applies: on 2026-11-06 QAA (Name of QAA) answers for 01A
        10 P2 applies: version 1 counts, the only one known
        11 P2 asks a person: the placement before it never came: those of the new area are told, and a person finds out who was told before
        12 P2 does not apply: the child moved: notices are owed
        13 P2 applies: the authority withholds the address: notices give no address, and say to contact the duty desk
        14 P2 applies: the area authority sees everything with the care plan; commissioners see the child, the placement and the health needs
        15 P2 does not apply: no adoption, and no siblings were named
        16 P2 does not apply: the postcode is known
        17  does not apply: no referral was asked for
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
}

#[test]
fn places_and_people() {
    why(
        &[placement("P1", "2026-12-01").at(UNKNOWN).referring("R-1")],
        NOW,
        expect![[r#"
        1 P1 applies: QAA (Name of QAA), the commissioner of the area where the child was living, is told by 2026-11-30
        2 P1 asks a person: the authority of the area is not known yet
        3 P1 applies: planned: notices are due before the start on 2026-12-01, so by 2026-11-30
        4 P1 does not apply: the placement has not ended
        5 P1 applies: the authority's boundary is not crossed; the commissioner's is crossed
        6 R-1 asks a person: who serves the area where the child lives is not known yet
        7 R-1 waits: assessment: nothing is due until the provider reports it
        7 R-1 waits: treatment: nothing is due until the provider reports it
        8 CP-1 applies: 01A (Name of 01A) is the originating commissioner by the GP practice at entry, the best evidence
        9 CP-1 applies: on 2026-11-30 QAA (Name of QAA) answers for 01A
        10 P1 applies: version 1 counts, the only one known
        11 P1 applies: it is the first placement of the care period
        12 P1 does not apply: the child moved: notices are owed
        13 P1 does not apply: the address is not withheld
        14 P1 applies: commissioners see the child, the placement and the health needs
        15 P1 does not apply: no adoption, and no siblings were named
        16 P1 asks a person: neither a postcode nor a local authority places it: a person decides, with the clock running
        17 R-1 applies: not answered by 2026-11-09: the child's worker at E10000001 is asked to act
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
    why(
        &[placement("P1", "2026-12-01").at(ENDED_IN_B).with("/placement/localAuthority", B)],
        NOW,
        expect![[r#"
        1 P1 applies: QAA (Name of QAA), the commissioner of the area where the child was living, is told by 2026-11-30
        1 P1 applies: QBB (Name of QBB), the commissioner of the area where the child lives now, is told by 2026-11-30
        2 P1 applies: E06000002 (Name of E06000002), the authority in whose area the child lives now, is told by 2026-11-30
        3 P1 applies: planned: notices are due before the start on 2026-12-01, so by 2026-11-30
        4 P1 does not apply: the placement has not ended
        5 P1 applies: the authority's boundary is crossed; the commissioner's is crossed
        6  does not apply: no referral was asked for
        7  does not apply: no referral was asked for, so that there is nothing to claim
        8 CP-1 applies: 01A (Name of 01A) is the originating commissioner by the GP practice at entry, the best evidence
        9 CP-1 applies: on 2026-11-30 QAA (Name of QAA) answers for 01A
        10 P1 applies: version 1 counts, the only one known
        11 P1 applies: it is the first placement of the care period
        12 P1 does not apply: the child moved: notices are owed
        13 P1 does not apply: the address is not withheld
        14 P1 applies: the area authority sees everything with the care plan; commissioners see the child, the placement and the health needs
        15 P1 does not apply: no adoption, and no siblings were named
        16 P1 applies: the postcode does not help, so that the local authority of the message was followed
        17  does not apply: no referral was asked for
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
    let stay = placement("P1", "2026-12-01").at(UNKNOWN);
    why(
        &[stay, ruling("2026-11-03T09:00:00Z", "unknown-postcode", "P1", choose(C))],
        NOW,
        expect![[r#"
        1 P1 applies: QAA (Name of QAA), the commissioner of the area where the child was living, is told by 2026-11-30
        1 P1 applies: QCC (Name of QCC), the commissioner of the area where the child lives now, is told by 2026-11-30
        2 P1 applies: E06000003 (Name of E06000003), the authority in whose area the child lives now, is told by 2026-11-30
        3 P1 applies: planned: notices are due before the start on 2026-12-01, so by 2026-11-30
        4 P1 does not apply: the placement has not ended
        5 P1 applies: the authority's boundary is crossed; the commissioner's is crossed
        6  does not apply: no referral was asked for
        7  does not apply: no referral was asked for, so that there is nothing to claim
        8 CP-1 applies: 01A (Name of 01A) is the originating commissioner by the GP practice at entry, the best evidence
        9 CP-1 applies: on 2026-11-30 QAA (Name of QAA) answers for 01A
        10 P1 applies: version 1 counts, the only one known
        11 P1 applies: it is the first placement of the care period
        12 P1 does not apply: the child moved: notices are owed
        13 P1 does not apply: the address is not withheld
        14 P1 applies: the area authority sees everything with the care plan; commissioners see the child, the placement and the health needs
        15 P1 does not apply: no adoption, and no siblings were named
        16 P1 applies: a person decided that it is in the area of E06000003 (Name of E06000003)
        17  does not apply: no referral was asked for
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
}

#[test]
fn origins() {
    for origin in [Value::Null, json!({ "commissioner": "00A" }), json!({ "homePostcode": "QD1 1AA" }), json!({ "commissioner": "07S" })] {
        let stay = first().at(IN_A).with("/carePeriod/origin", origin.clone());
        let expected = match origin["commissioner"].as_str() {
            Some("00A") => expect![[r#"
                1 P1 applies: QAA (Name of QAA), the commissioner of the area where the child lives now, is told by 2026-05-31
                2 P1 does not apply: the placement is in the responsible authority's own area
                3 P1 applies: planned: notices are due before the start on 2026-06-01, so by 2026-05-31
                4 P1 does not apply: the placement has not ended
                5 P1 applies: the authority's boundary is not crossed; the commissioner's is not crossed
                6  does not apply: no referral was asked for
                7  does not apply: no referral was asked for, so that there is nothing to claim
                8 CP-1 applies: 00A (Name of 00A) is the originating commissioner by the authority's declaration, as no known GP practice was given
                9 CP-1 applies: on 2026-11-30 QAA (Name of QAA) answers for 00A
                10 P1 applies: version 1 counts, the only one known
                11 P1 applies: it is the first placement of the care period
                12 P1 does not apply: the child moved: notices are owed
                13 P1 does not apply: the address is not withheld
                14 P1 applies: commissioners see the child, the placement and the health needs
                15 P1 does not apply: no adoption, and no siblings were named
                16 P1 does not apply: the postcode is known
                17  does not apply: no referral was asked for
                18 CP-1 does not apply: the child is still in care
            "#]],
            Some(_) => expect![[r#"
                1 P1 applies: QAA (Name of QAA), the commissioner of the area where the child lives now, is told by 2026-05-31
                2 P1 does not apply: the placement is in the responsible authority's own area
                3 P1 applies: planned: notices are due before the start on 2026-06-01, so by 2026-05-31
                4 P1 does not apply: the placement has not ended
                5 P1 applies: the authority's boundary is not crossed; the commissioner's is not crossed
                6  does not apply: no referral was asked for
                7  does not apply: no referral was asked for, so that there is nothing to claim
                8 CP-1 applies: 07S (Name of 07S) is the originating commissioner by the authority's declaration, as no known GP practice was given
                9 CP-1 asks a person: Name of 07S (07S) closed before 2026-11-30: it was split, and the home postcode does not say where to; choose one.
                10 P1 applies: version 1 counts, the only one known
                11 P1 applies: it is the first placement of the care period
                12 P1 does not apply: the child moved: notices are owed
                13 P1 does not apply: the address is not withheld
                14 P1 applies: commissioners see the child, the placement and the health needs
                15 P1 does not apply: no adoption, and no siblings were named
                16 P1 does not apply: the postcode is known
                17  does not apply: no referral was asked for
                18 CP-1 does not apply: the child is still in care
            "#]],
            None if origin.is_null() => expect![[r#"
                1 P1 applies: QAA (Name of QAA), the commissioner of the area where the child lives now, is told by 2026-05-31
                2 P1 does not apply: the placement is in the responsible authority's own area
                3 P1 applies: planned: notices are due before the start on 2026-06-01, so by 2026-05-31
                4 P1 does not apply: the placement has not ended
                5 P1 applies: the authority's boundary is not crossed; the commissioner's is not crossed
                6  does not apply: no referral was asked for
                7  does not apply: no referral was asked for, so that there is nothing to claim
                8 CP-1 asks a person: nothing says where the child lived before this period of care: no GP practice that the directory knows, no declared commissioner, no home postcode
                9  does not apply: no placement made it a question
                10 P1 applies: version 1 counts, the only one known
                11 P1 applies: it is the first placement of the care period
                12 P1 does not apply: the child moved: notices are owed
                13 P1 does not apply: the address is not withheld
                14 P1 applies: commissioners see the child, the placement and the health needs
                15 P1 does not apply: no adoption, and no siblings were named
                16 P1 does not apply: the postcode is known
                17  does not apply: no referral was asked for
                18 CP-1 does not apply: the child is still in care
            "#]],
            None => expect![[r#"
                1 P1 applies: QAA (Name of QAA), the commissioner of the area where the child lives now, is told by 2026-05-31
                1 P1 applies: QDD (Name of QDD), the commissioner of the area where the child was living, is told by 2026-05-31
                2 P1 does not apply: the placement is in the responsible authority's own area
                3 P1 applies: planned: notices are due before the start on 2026-06-01, so by 2026-05-31
                4 P1 does not apply: the placement has not ended
                5 P1 applies: the authority's boundary is not crossed; the commissioner's is crossed
                6  does not apply: no referral was asked for
                7  does not apply: no referral was asked for, so that there is nothing to claim
                8 CP-1 applies: 04D (Name of 04D) is the originating commissioner by the home postcode at entry, as nothing better was given
                9 CP-1 applies: on 2026-11-30 QDD (Name of QDD) answers for 04D
                10 P1 applies: version 1 counts, the only one known
                11 P1 applies: it is the first placement of the care period
                12 P1 does not apply: the child moved: notices are owed
                13 P1 does not apply: the address is not withheld
                14 P1 applies: commissioners see the child, the placement and the health needs
                15 P1 does not apply: no adoption, and no siblings were named
                16 P1 does not apply: the postcode is known
                17  does not apply: no referral was asked for
                18 CP-1 does not apply: the child is still in care
            "#]],
        };
        why(&[stay], NOW, expected);
    }
    let decided = ruling("2026-11-03T09:00:00Z", "no-origin", "CP-1", choose("QBB"));
    why(
        &[first().with("/carePeriod/origin", Value::Null), decided],
        NOW,
        expect![[r#"
        1 P1 applies: QBB (Name of QBB), the commissioner of the area where the child lives now, is told by 2026-05-31
        2 P1 applies: E06000002 (Name of E06000002), the authority in whose area the child lives now, is told by 2026-05-31
        3 P1 applies: planned: notices are due before the start on 2026-06-01, so by 2026-05-31
        4 P1 does not apply: the placement has not ended
        5 P1 applies: the authority's boundary is crossed; the commissioner's is not crossed
        6  does not apply: no referral was asked for
        7  does not apply: no referral was asked for, so that there is nothing to claim
        8 CP-1 applies: QBB (Name of QBB) is the originating commissioner by a person's decision
        9 CP-1 does not apply: QBB is still the responsible body on 2026-11-30
        10 P1 applies: version 1 counts, the only one known
        11 P1 applies: it is the first placement of the care period
        12 P1 does not apply: the child moved: notices are owed
        13 P1 does not apply: the address is not withheld
        14 P1 applies: the area authority sees everything with the care plan; commissioners see the child, the placement and the health needs
        15 P1 does not apply: no adoption, and no siblings were named
        16 P1 does not apply: the postcode is known
        17  does not apply: no referral was asked for
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
    let other = first().version(2, "2026-06-02T09:00:00Z").with("/carePeriod/origin", json!({ "gpPractice": "G00004" }));
    why(
        &[first(), other],
        NOW,
        expect![[r#"
        1 P1 applies: QAA (Name of QAA), the commissioner of the area where the child was living, is told by 2026-05-31
        1 P1 applies: QBB (Name of QBB), the commissioner of the area where the child lives now, is told by 2026-05-31
        2 P1 applies: E06000002 (Name of E06000002), the authority in whose area the child lives now, is told by 2026-05-31
        3 P1 applies: planned: notices are due before the start on 2026-06-01, so by 2026-05-31
        4 P1 does not apply: the placement has not ended
        5 P1 applies: the authority's boundary is crossed; the commissioner's is crossed
        6  does not apply: no referral was asked for
        7  does not apply: no referral was asked for, so that there is nothing to claim
        8 CP-1 asks a person: 01A (Name of 01A) is the originating commissioner by the GP practice at entry, the best evidence; a later message says otherwise, and the first one counts until a person decides
        9 CP-1 applies: on 2026-11-30 QAA (Name of QAA) answers for 01A
        10 P1 applies: version 2 counts, the newest of 2 known
        11 P1 applies: it is the first placement of the care period
        12 P1 does not apply: the child moved: notices are owed
        13 P1 does not apply: the address is not withheld
        14 P1 applies: the area authority sees everything with the care plan; commissioners see the child, the placement and the health needs
        15 P1 does not apply: no adoption, and no siblings were named
        16 P1 does not apply: the postcode is known
        17  does not apply: no referral was asked for
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
}
