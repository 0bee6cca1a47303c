//! Who stands today where a commissioner, an authority or a provider stood.
//!
//! Succession is a dated graph: whole edges are followed, a split is decided by the home postcode, and where that
//! cannot be told the answer is the candidates, never a guess.

use super::{BOARDS_SINCE, Candidate, Commissioner, Directory, Organisation, OrganisationKind, Succession, Unresolved, area};
use crate::code::Code;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// Longest chain of successors that is followed. The longest in the directory has four links; a cycle ends here too.
const CHAIN_MAX: usize = 32;

pub(super) fn responsible_for(directory: &Directory, code: Code, home: Option<&str>, on: Date) -> Result<Commissioner, Unresolved> {
    let organisation = directory.organisation(code).filter(|organisation| is_commissioner(organisation)).ok_or_else(|| unknown(code))?;
    match open_on(directory, organisation.code, home, on) {
        Ok(current) => as_commissioner(directory, current, home, on),
        // The ways may part and meet again in one body: then it is known who, if not by which place.
        Err(unresolved) => one_body(directory, &unresolved, on).ok_or(unresolved),
    }
}

/// The body responsible for a place on a day: the CCG itself while there were CCGs, its board since.
pub(super) fn body_of(directory: &Directory, place: Code, on: Date) -> Result<Code, Unresolved> {
    if on < BOARDS_SINCE {
        return Ok(place);
    }
    directory.board_of(place, on).ok_or_else(|| {
        let sentence = format!("The directory does not say which board {place} belongs to on {on}; add it to parents.csv.");
        Unresolved::new("unknown-organisation", sentence, Vec::new())
    })
}

/// The organisation that is open on the day where `code` was, is or will be.
pub(super) fn open_on(directory: &Directory, code: Code, home: Option<&str>, on: Date) -> Result<Code, Unresolved> {
    let mut current = code;
    for _ in 0..CHAIN_MAX {
        let organisation = directory.organisation(current).ok_or_else(|| unknown(current))?;
        current = if organisation.span().holds(on) {
            return Ok(current);
        } else if organisation.span().over(on) {
            forward(directory, organisation, home, on)?
        } else {
            backward(directory, organisation, home, on)?
        };
    }
    let sentence = format!("The successions from {code} go round in a circle; correct succession.csv.");
    Err(Unresolved::new("ambiguous-succession", sentence, Vec::new()))
}

/// The next organisation after one that has closed.
fn forward(directory: &Directory, closed: &Organisation, home: Option<&str>, on: Date) -> Result<Code, Unresolved> {
    let edges: Vec<&Succession> = directory.successors(closed.code).iter().filter(|edge| edge.on <= on).collect();
    if let [only] = edges[..]
        && only.whole
    {
        return Ok(only.to);
    }
    let by_home = edges.iter().find(|edge| home.is_some_and(|home| home_lies_in(directory, home, edge.to, edge.on)));
    by_home.map(|edge| edge.to).ok_or_else(|| {
        let why =
            if edges.is_empty() { "has no successor in the directory" } else { "was split, and the home postcode does not say where to" };
        let sentence = format!("{} ({}) closed before {on}: it {why}; choose one.", closed.name, closed.code);
        Unresolved::new("ambiguous-succession", sentence, ends(directory, closed.code, on))
    })
}

/// What stood on the day where a later organisation stands: the home's place, or the one predecessor.
fn backward(directory: &Directory, later: &Organisation, home: Option<&str>, on: Date) -> Result<Code, Unresolved> {
    let before: Vec<Code> = predecessors(directory, later, on);
    if let [only] = before[..] {
        return Ok(only);
    }
    let place = home.and_then(|home| area::place_of_postcode(directory, home, on));
    let body = place.and_then(|place| body_of(directory, place, on).ok());
    place.into_iter().chain(body).find(|code| before.contains(code)).ok_or_else(|| {
        let evidence = format!("became part of {}", later.code);
        let candidates = before.iter().map(|&code| directory.candidate(code, evidence.clone())).collect();
        let sentence =
            format!("{} ({}) did not exist on {on}, and what it was made of does not decide; choose one.", later.name, later.code);
        Unresolved::new("ambiguous-succession", sentence, candidates)
    })
}

/// Those that were taken over by `later`; where a board is the first of its kind, the places that it was made of.
fn predecessors(directory: &Directory, later: &Organisation, on: Date) -> Vec<Code> {
    let edges = directory.successors.values().flatten().filter(|edge| edge.to == later.code).map(|edge| edge.from);
    let mut before: BTreeSet<Code> = edges.collect();
    if before.is_empty() || (later.kind == OrganisationKind::CommissionerBody && on < BOARDS_SINCE) {
        let places = directory.organisations.values().filter(|one| one.kind == OrganisationKind::CommissionerPlace && one.span().holds(on));
        let made_of = places.filter(|place| directory.parents.all(place.code).iter().any(|&(board, _)| board == later.code));
        before.extend(made_of.map(|place| place.code));
    }
    before.retain(|&code| directory.organisation(code).is_some_and(|one| one.span().begun(on)));
    before.into_iter().collect()
}

/// Whether the home's place, or its body, was `code` on a day.
fn home_lies_in(directory: &Directory, home: &str, code: Code, on: Date) -> bool {
    let Some(place) = area::place_of_postcode(directory, home, on) else { return false };
    place == code || body_of(directory, place, on) == Ok(code)
}

/// Every open organisation that the ways from a closed one lead to.
fn ends(directory: &Directory, code: Code, on: Date) -> Vec<Candidate> {
    let (mut seen, mut open, mut waiting) = (BTreeSet::from([code]), BTreeSet::new(), vec![code]);
    while let Some(from) = waiting.pop() {
        for edge in directory.successors(from).iter().filter(|edge| edge.on <= on && seen.insert(edge.to)) {
            match directory.organisation(edge.to) {
                Some(organisation) if organisation.span().over(on) => waiting.push(edge.to),
                Some(organisation) => _ = open.insert((organisation.code, from, edge.on)),
                None => {}
            }
        }
    }
    open.into_iter().map(|(end, from, day)| directory.candidate(end, format!("took over from {from} on {day}"))).collect()
}

fn one_body(directory: &Directory, unresolved: &Unresolved, on: Date) -> Option<Commissioner> {
    let ends = unresolved.candidates.iter().map(|candidate| as_commissioner(directory, candidate.code, None, on).ok());
    let bodies: BTreeSet<Code> = ends.map(|end| end.map(|end| end.body)).collect::<Option<_>>()?;
    let body = *bodies.first()?;
    (bodies.len() == 1).then_some(Commissioner { body, place: None })
}

/// A place has a body; a board, and a Welsh health board, is one. A board's place is the home's, where that is one of its own.
pub(super) fn as_commissioner(directory: &Directory, code: Code, home: Option<&str>, on: Date) -> Result<Commissioner, Unresolved> {
    let organisation = directory.organisation(code).ok_or_else(|| unknown(code))?;
    if organisation.kind == OrganisationKind::CommissionerPlace {
        return Ok(Commissioner { body: body_of(directory, organisation.code, on)?, place: Some(organisation.code) });
    }
    let home = home.and_then(|home| area::place_of_postcode(directory, home, on));
    let place = home.filter(|&place| body_of(directory, place, on) == Ok(organisation.code));
    Ok(Commissioner { body: organisation.code, place })
}

fn is_commissioner(organisation: &Organisation) -> bool {
    matches!(organisation.kind, OrganisationKind::CommissionerPlace | OrganisationKind::CommissionerBody)
}

fn unknown(code: Code) -> Unresolved {
    let sentence = format!("The directory knows no commissioner or authority {code}; correct the code, or add it to the directory.");
    Unresolved::new("unknown-organisation", sentence, Vec::new())
}

#[cfg(test)]
mod tests {
    use crate::directory::sample::{code, sample};

    /// `body/place`, or the reason and the candidates.
    fn check(from: &str, home: &str, on: &str, expected: &str) {
        let home = (!home.is_empty()).then_some(home);
        let found = match sample().responsible_for(code(from), home, on.parse().unwrap()) {
            Ok(found) => found.place.map_or_else(|| found.body.to_string(), |place| format!("{}/{place}", found.body)),
            Err(why) => {
                let candidates: Vec<&str> = why.candidates.iter().map(|one| one.code.as_str()).collect();
                format!("{} {}", why.reason, candidates.join(","))
            }
        };
        assert_eq!(found.trim(), expected, "{from} {on}");
    }

    #[test]
    fn a_closed_commissioner_is_followed_to_the_body_of_the_day() {
        check("00C", "", "2019-06-01", "00C/00C");
        check("00C", "", "2021-06-01", "16C/16C");
        check("00C", "", "2026-11-22", "QHM/16C");
        check("99J", "", "2026-11-22", "QKS/91Q");
        check("E38000237", "", "2026-11-22", "QKS/91Q");
        check("QNX", "", "2026-11-22", "S9B9J");
        check("QNX", "BN1 6AG", "2026-11-22", "S9B9J/09D");
        check("W11000024", "", "2026-11-22", "W11000024");
    }

    #[test]
    fn a_split_is_decided_by_the_home_postcode() {
        check("D4U1Y", "", "2026-03-31", "QNQ/D4U1Y");
        check("D4U1Y", "GU14 7JF", "2026-04-01", "QRL/D9Y0V");
        check("D4U1Y", "SL1 1AA", "2026-04-01", "S0E4D/U2G6B");
        check("QNQ", "SL1 1AA", "2026-04-01", "S0E4D/U2G6B");
    }

    #[test]
    fn where_the_home_does_not_decide_a_person_does() {
        check("D4U1Y", "", "2026-04-01", "ambiguous-succession D9Y0V,U2G6B");
        check("D4U1Y", "ME14 2AA", "2026-04-01", "ambiguous-succession D9Y0V,U2G6B");
        check("D4U1Y", "nonsense", "2026-04-01", "ambiguous-succession D9Y0V,U2G6B");
        check("QNQ", "", "2026-04-01", "ambiguous-succession QRL,S0E4D");
        check("AAA", "", "2026-04-01", "ambiguous-succession");
    }

    #[test]
    fn ways_that_meet_again_in_one_body_are_told() {
        check("CCC", "", "2026-04-01", "S9B9J");
        check("CCC", "", "2021-04-01", "ambiguous-succession 09D,70F");
        check("CCC", "BN1 6AG", "2021-04-01", "09D/09D");
    }

    #[test]
    fn a_later_code_is_followed_back() {
        check("QKS", "", "2021-06-01", "91Q/91Q");
        check("91Q", "", "2019-06-01", "ambiguous-succession 09J,99J");
        check("S9B9J", "", "2025-06-01", "QNX");
        check("S9B9J", "BN1 6AG", "2021-06-01", "09D/09D");
    }

    #[test]
    fn what_is_no_commissioner_is_unknown() {
        check("E10000016", "", "2026-04-01", "unknown-organisation");
        check("ZZZ", "", "2026-04-01", "unknown-organisation");
    }
}
