//! Why, where nothing goes out: silent cases, referrals that wait, claims that are not made.

use super::why::{NOW, first, why};
use super::world::{IN_A, IN_WALES};
use super::{claim, concern, placement, ruling, update};
use crate::policy::Stage;
use crate::timeline::Ruling;
use expect_test::expect;

#[test]
fn silent_cases_cancellations_and_adoption() {
    let history = [
        first().ended("2026-07-31").with("/placement/endReason", "E11"),
        placement("P2", "2026-11-02").in_care_since("2026-06-01").at(IN_A).with("/placement/type", "T2"),
        placement("P3", "2026-11-02").in_care_since("2026-06-01").cancelled(),
        placement("P4", "2026-11-09").in_care_since("2026-06-01").at(IN_WALES).with("/placement/type", "K1"),
    ];
    why(
        &history,
        NOW,
        expect![[r#"
        1 P1 applies: QAA (Name of QAA), the commissioner of the area where the child was living, is told by 2026-05-31
        1 P1 applies: QBB (Name of QBB), the commissioner of the area where the child lives now, is told by 2026-05-31
        1 P4 applies: QBB (Name of QBB), the commissioner of the area where the child was living, is told by 2026-11-08
        1 P4 applies: W11000001 (Name of W11000001), the commissioner of the area where the child lives now, is told by 2026-11-08
        2 P1 applies: E06000002 (Name of E06000002), the authority in whose area the child lives now, is told by 2026-05-31
        2 P4 applies: W06000001 (Name of W06000001), the authority in whose area the child lives now, is told by 2026-11-08
        3 P1 applies: planned: notices are due before the start on 2026-06-01, so by 2026-05-31
        3 P4 applies: planned: notices are due before the start on 2026-11-09, so by 2026-11-08
        4 P1 applies: it ended on 2026-07-31: E06000002, QBB, QAA are told within 10 working days, so by 2026-08-14
        4 P4 does not apply: the placement has not ended
        5 P1 applies: the authority's boundary is crossed; the commissioner's is crossed
        5 P4 applies: the authority's boundary is crossed; the commissioner's is crossed
        6  does not apply: no referral was asked for
        7  does not apply: no referral was asked for, so that there is nothing to claim
        8 CP-1 applies: 01A (Name of 01A) is the originating commissioner by the GP practice at entry, the best evidence
        9 CP-1 applies: on 2026-11-30 QAA (Name of QAA) answers for 01A
        10 P1 applies: version 1 counts, the only one known
        10 P3 applies: version 1 cancels it: what was not sent is retracted, what was sent is withdrawn
        10 P4 applies: version 1 counts, the only one known
        11 P1 applies: it is the first placement of the care period
        11 P4 applies: it follows P1, which ended by then
        12 P1 does not apply: the child moved: notices are owed
        12 P2 applies: no notice: a holiday or the like: the placement before goes on
        12 P4 does not apply: the child moved: notices are owed
        13 P1 does not apply: the address is not withheld
        13 P4 applies: it is a secure home or youth custody: notices give no address, and say to contact the duty desk
        14 P1 applies: the area authority sees everything with the care plan; commissioners see the child, the placement and the health needs
        14 P4 applies: the area authority sees everything with the care plan; commissioners see the child, the placement and the health needs
        15 P1 applies: adopted (E11): the record closes and is never linked to a new identity
        15 P4 does not apply: no adoption, and no siblings were named
        16 P1 does not apply: the postcode is known
        16 P4 does not apply: the postcode is known
        17  does not apply: no referral was asked for
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
    why(
        &[placement("P1", "2030-04-09").at(IN_A)],
        "2030-04-09T09:00:00Z",
        expect![[r#"
        1  does not apply: the child is an adult now: no placement is owed a notice
        2  does not apply: the child is an adult now: no placement is owed a notice
        3  does not apply: the child is an adult now: no placement is owed a notice
        4  does not apply: the child is an adult now: no placement is owed a notice
        5  does not apply: the child is an adult now: no placement is owed a notice
        6  does not apply: no referral was asked for
        7  does not apply: no referral was asked for, so that there is nothing to claim
        8 CP-1 applies: 01A (Name of 01A) is the originating commissioner by the GP practice at entry, the best evidence
        9 CP-1 applies: on 2030-04-09 QAA (Name of QAA) answers for 01A
        10  does not apply: the child is an adult now: no placement is owed a notice
        11  does not apply: the child is an adult now: no placement is owed a notice
        12 P1 applies: no notice: it started after the 18th birthday
        13  does not apply: the child is an adult now: no placement is owed a notice
        14  does not apply: the child is an adult now: no placement is owed a notice
        15  does not apply: the child is an adult now: no placement is owed a notice
        16  does not apply: the child is an adult now: no placement is owed a notice
        17  does not apply: no referral was asked for
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
}

#[test]
fn referrals_that_wait_are_refused_or_not_answered() {
    let stay = || first().referring("R-1");
    why(
        &[stay(), update("u-1", "R-1", "refused", "2026-06-03")],
        NOW,
        expect![[r#"
        1 P1 applies: QAA (Name of QAA), the commissioner of the area where the child was living, is told by 2026-05-31
        1 P1 applies: QBB (Name of QBB), the commissioner of the area where the child lives now, is told by 2026-05-31
        2 P1 applies: E06000002 (Name of E06000002), the authority in whose area the child lives now, is told by 2026-05-31
        3 P1 applies: planned: notices are due before the start on 2026-06-01, so by 2026-05-31
        4 P1 does not apply: the placement has not ended
        5 P1 applies: the authority's boundary is crossed; the commissioner's is crossed
        6 R-1 applies: RPB (Name of RPB) serves the area where the child lives: it is asked at once, whatever it costs
        7 R-1 waits: assessment: nothing is due until the provider reports it
        7 R-1 waits: treatment: nothing is due until the provider reports it
        8 CP-1 applies: 01A (Name of 01A) is the originating commissioner by the GP practice at entry, the best evidence
        9 CP-1 applies: on 2026-11-30 QAA (Name of QAA) answers for 01A
        10 P1 applies: version 1 counts, the only one known
        11 P1 applies: it is the first placement of the care period
        12 P1 does not apply: the child moved: notices are owed
        13 P1 does not apply: the address is not withheld
        14 P1 applies: the area authority sees everything with the care plan; commissioners see the child, the placement and the health needs
        15 P1 does not apply: no adoption, and no siblings were named
        16 P1 does not apply: the postcode is known
        17 R-1 applies: refused on 2026-06-03: the child's worker at E10000001 is asked to act
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
    why(
        &[stay(), concern("R-2", "2026-11-27").with("/referral/follows", "R-1")],
        NOW,
        expect![[r#"
        1 P1 applies: QAA (Name of QAA), the commissioner of the area where the child was living, is told by 2026-05-31
        1 P1 applies: QBB (Name of QBB), the commissioner of the area where the child lives now, is told by 2026-05-31
        2 P1 applies: E06000002 (Name of E06000002), the authority in whose area the child lives now, is told by 2026-05-31
        3 P1 applies: planned: notices are due before the start on 2026-06-01, so by 2026-05-31
        4 P1 does not apply: the placement has not ended
        5 P1 applies: the authority's boundary is crossed; the commissioner's is crossed
        6 R-1 applies: RPB (Name of RPB) serves the area where the child lives: it is asked at once, whatever it costs
        6 R-2 applies: RPB (Name of RPB) serves the area where the child lives: it is asked at once, following R-1, whatever it costs
        7 R-1 waits: assessment: nothing is due until the provider reports it
        7 R-1 waits: treatment: nothing is due until the provider reports it
        7 R-2 waits: assessment: nothing is due until the provider reports it
        7 R-2 waits: treatment: nothing is due until the provider reports it
        8 CP-1 applies: 01A (Name of 01A) is the originating commissioner by the GP practice at entry, the best evidence
        9 CP-1 applies: on 2026-11-30 QAA (Name of QAA) answers for 01A
        10 P1 applies: version 1 counts, the only one known
        11 P1 applies: it is the first placement of the care period
        12 P1 does not apply: the child moved: notices are owed
        13 P1 does not apply: the address is not withheld
        14 P1 applies: the area authority sees everything with the care plan; commissioners see the child, the placement and the health needs
        15 P1 does not apply: no adoption, and no siblings were named
        16 P1 does not apply: the postcode is known
        17 R-1 applies: not answered by 2026-05-27: the child's worker at E10000001 is asked to act
        17 R-2 waits: the provider has not answered; at 2026-12-05T00:00:00Z the child's worker is asked to act
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
    why(
        &[stay(), stay().version(2, "2026-05-21T09:00:00Z").cancelled()],
        NOW,
        expect![[r#"
        1  does not apply: no placement made it a question
        2  does not apply: no placement made it a question
        3  does not apply: no placement made it a question
        4  does not apply: no placement made it a question
        5  does not apply: no placement made it a question
        6 R-1 does not apply: it was cancelled with the placement that it came with
        7  does not apply: the provider has not reported what makes a claim due
        8 CP-1 applies: 01A (Name of 01A) is the originating commissioner by the GP practice at entry, the best evidence
        9 CP-1 applies: on 2026-11-30 QAA (Name of QAA) answers for 01A
        10 P1 applies: version 2 cancels it: what was not sent is retracted, what was sent is withdrawn
        11  does not apply: no placement made it a question
        12  does not apply: no placement made it a question
        13  does not apply: no placement made it a question
        14  does not apply: no placement made it a question
        15  does not apply: no placement made it a question
        16  does not apply: no placement made it a question
        17  does not apply: no referral was asked for
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
    why(
        &[concern("R-2", "2026-11-27")],
        NOW,
        expect![[r#"
        1  does not apply: no placement is known
        2  does not apply: no placement is known
        3  does not apply: no placement is known
        4  does not apply: no placement is known
        5  does not apply: no placement is known
        6 R-2 asks a person: who serves the area where the child lives is not known yet
        7  does not apply: the provider has not reported what makes a claim due
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
fn claims_that_are_not_made() {
    let stay = || first().referring("R-1");
    let assessed = || update("u-1", "R-1", "assessed", "2026-06-10");
    let id = claim("R-1", Stage::Assessment);
    why(
        &[stay().at(IN_A), assessed()],
        NOW,
        expect![[r#"
        1 P1 applies: QAA (Name of QAA), the commissioner of the area where the child lives now, is told by 2026-05-31
        2 P1 does not apply: the placement is in the responsible authority's own area
        3 P1 applies: planned: notices are due before the start on 2026-06-01, so by 2026-05-31
        4 P1 does not apply: the placement has not ended
        5 P1 applies: the authority's boundary is not crossed; the commissioner's is not crossed
        6 R-1 applies: RPA (Name of RPA) serves the area where the child lives: it is asked at once, whatever it costs
        7 claim(R-1, assessment) does not apply: the originating and the current commissioner are the same body
        7 R-1 waits: treatment: nothing is due until the provider reports it
        8 CP-1 applies: 01A (Name of 01A) is the originating commissioner by the GP practice at entry, the best evidence
        9 CP-1 applies: on 2026-11-30 QAA (Name of QAA) answers for 01A
        10 P1 applies: version 1 counts, the only one known
        11 P1 applies: it is the first placement of the care period
        12 P1 does not apply: the child moved: notices are owed
        13 P1 does not apply: the address is not withheld
        14 P1 applies: commissioners see the child, the placement and the health needs
        15 P1 does not apply: no adoption, and no siblings were named
        16 P1 does not apply: the postcode is known
        17 R-1 does not apply: the provider has answered (1 update)
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
    why(
        &[stay().with("/placement/type", "R5"), assessed()],
        NOW,
        expect![[r#"
        1 P1 applies: QAA (Name of QAA), the commissioner of the area where the child was living, is told by 2026-05-31
        1 P1 applies: QBB (Name of QBB), the commissioner of the area where the child lives now, is told by 2026-05-31
        2 P1 applies: E06000002 (Name of E06000002), the authority in whose area the child lives now, is told by 2026-05-31
        3 P1 applies: planned: notices are due before the start on 2026-06-01, so by 2026-05-31
        4 P1 does not apply: the placement has not ended
        5 P1 applies: the authority's boundary is crossed; the commissioner's is crossed
        6 R-1 applies: RPB (Name of RPB) serves the area where the child lives: it is asked at once, whatever it costs
        7 claim(R-1, assessment) asks a person: the child is in a secure home or youth custody: a person decides whether this is reclaimed
        7 R-1 waits: treatment: nothing is due until the provider reports it
        8 CP-1 applies: 01A (Name of 01A) is the originating commissioner by the GP practice at entry, the best evidence
        9 CP-1 applies: on 2026-11-30 QAA (Name of QAA) answers for 01A
        10 P1 applies: version 1 counts, the only one known
        11 P1 applies: it is the first placement of the care period
        12 P1 does not apply: the child moved: notices are owed
        13 P1 applies: it is a secure home or youth custody: notices give no address, and say to contact the duty desk
        14 P1 applies: the area authority sees everything with the care plan; commissioners see the child, the placement and the health needs
        15 P1 does not apply: no adoption, and no siblings were named
        16 P1 does not apply: the postcode is known
        17 R-1 does not apply: the provider has answered (1 update)
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
    let secure = stay().with("/placement/type", "R5");
    why(
        &[secure, assessed(), ruling("2026-11-03T09:00:00Z", "held-reclaim", &id, Ruling::Decline)],
        NOW,
        expect![[r#"
        1 P1 applies: QAA (Name of QAA), the commissioner of the area where the child was living, is told by 2026-05-31
        1 P1 applies: QBB (Name of QBB), the commissioner of the area where the child lives now, is told by 2026-05-31
        2 P1 applies: E06000002 (Name of E06000002), the authority in whose area the child lives now, is told by 2026-05-31
        3 P1 applies: planned: notices are due before the start on 2026-06-01, so by 2026-05-31
        4 P1 does not apply: the placement has not ended
        5 P1 applies: the authority's boundary is crossed; the commissioner's is crossed
        6 R-1 applies: RPB (Name of RPB) serves the area where the child lives: it is asked at once, whatever it costs
        7 claim(R-1, assessment) does not apply: a person decided that this is not reclaimed
        7 R-1 waits: treatment: nothing is due until the provider reports it
        8 CP-1 applies: 01A (Name of 01A) is the originating commissioner by the GP practice at entry, the best evidence
        9 CP-1 applies: on 2026-11-30 QAA (Name of QAA) answers for 01A
        10 P1 applies: version 1 counts, the only one known
        11 P1 applies: it is the first placement of the care period
        12 P1 does not apply: the child moved: notices are owed
        13 P1 applies: it is a secure home or youth custody: notices give no address, and say to contact the duty desk
        14 P1 applies: the area authority sees everything with the care plan; commissioners see the child, the placement and the health needs
        15 P1 does not apply: no adoption, and no siblings were named
        16 P1 does not apply: the postcode is known
        17 R-1 does not apply: the provider has answered (1 update)
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
    let adult = || stay().with("/child/birthDate", "2008-06-10");
    why(
        &[adult(), assessed()],
        NOW,
        expect![[r#"
        1 P1 applies: QAA (Name of QAA), the commissioner of the area where the child was living, is told by 2026-05-31
        1 P1 applies: QBB (Name of QBB), the commissioner of the area where the child lives now, is told by 2026-05-31
        2 P1 applies: E06000002 (Name of E06000002), the authority in whose area the child lives now, is told by 2026-05-31
        3 P1 applies: planned: notices are due before the start on 2026-06-01, so by 2026-05-31
        4 P1 does not apply: the placement has not ended
        5 P1 applies: the authority's boundary is crossed; the commissioner's is crossed
        6 R-1 applies: RPB (Name of RPB) serves the area where the child lives: it is asked at once, whatever it costs
        7 claim(R-1, assessment) asks a person: the service was given after the 18th birthday
        7 R-1 waits: treatment: nothing is due until the provider reports it
        8 CP-1 applies: 01A (Name of 01A) is the originating commissioner by the GP practice at entry, the best evidence
        9 CP-1 applies: on 2026-11-30 QAA (Name of QAA) answers for 01A
        10 P1 applies: version 1 counts, the only one known
        11 P1 applies: it is the first placement of the care period
        12 P1 does not apply: the child moved: notices are owed
        13 P1 does not apply: the address is not withheld
        14 P1 applies: the area authority sees everything with the care plan; commissioners see the child, the placement and the health needs
        15 P1 does not apply: no adoption, and no siblings were named
        16 P1 does not apply: the postcode is known
        17 R-1 does not apply: the provider has answered (1 update)
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
    why(
        &[adult(), assessed(), ruling("2026-11-03T09:00:00Z", "adult-service-date", &id, Ruling::Decline)],
        NOW,
        expect![[r#"
        1 P1 applies: QAA (Name of QAA), the commissioner of the area where the child was living, is told by 2026-05-31
        1 P1 applies: QBB (Name of QBB), the commissioner of the area where the child lives now, is told by 2026-05-31
        2 P1 applies: E06000002 (Name of E06000002), the authority in whose area the child lives now, is told by 2026-05-31
        3 P1 applies: planned: notices are due before the start on 2026-06-01, so by 2026-05-31
        4 P1 does not apply: the placement has not ended
        5 P1 applies: the authority's boundary is crossed; the commissioner's is crossed
        6 R-1 applies: RPB (Name of RPB) serves the area where the child lives: it is asked at once, whatever it costs
        7 claim(R-1, assessment) does not apply: the service was given after the 18th birthday, and a person decided that it is not claimed
        7 R-1 waits: treatment: nothing is due until the provider reports it
        8 CP-1 applies: 01A (Name of 01A) is the originating commissioner by the GP practice at entry, the best evidence
        9 CP-1 applies: on 2026-11-30 QAA (Name of QAA) answers for 01A
        10 P1 applies: version 1 counts, the only one known
        11 P1 applies: it is the first placement of the care period
        12 P1 does not apply: the child moved: notices are owed
        13 P1 does not apply: the address is not withheld
        14 P1 applies: the area authority sees everything with the care plan; commissioners see the child, the placement and the health needs
        15 P1 does not apply: no adoption, and no siblings were named
        16 P1 does not apply: the postcode is known
        17 R-1 does not apply: the provider has answered (1 update)
        18 CP-1 does not apply: the child is still in care
    "#]],
    );
}
