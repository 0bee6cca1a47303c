//! How a recipient is reached.

use super::{Directory, Endpoint};
use crate::code::Code;
use jiff::civil::Date;

/// The place's own endpoint, else the body's, else that of its one successor: a message to a closed body still arrives.
pub(super) fn endpoint(directory: &Directory, recipient: Code, place: Option<Code>, on: Date) -> Option<&Endpoint> {
    let mut organisation = recipient;
    // Every organisation is passed at most once.
    for _ in 0..=directory.organisations.len() {
        let found =
            place.and_then(|place| own(directory, organisation, Some(place), on)).or_else(|| own(directory, organisation, None, on));
        if found.is_some() {
            return found;
        }
        organisation = only_successor(directory, organisation, on)?;
    }
    None
}

fn own(directory: &Directory, organisation: Code, place: Option<Code>, on: Date) -> Option<&Endpoint> {
    let mut endpoints = directory.endpoints_of.get(&organisation)?.iter().filter_map(|&at| directory.endpoints.get(at));
    endpoints.find(|endpoint| endpoint.place == place && endpoint.span().holds(on))
}

/// Nobody is sent another body's notices by a guess: a split has no one successor.
fn only_successor(directory: &Directory, organisation: Code, on: Date) -> Option<Code> {
    if !directory.organisation(organisation)?.span().over(on) {
        return None;
    }
    match directory.successors(organisation) {
        [only] if only.whole && only.on <= on => Some(only.to),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::directory::sample::{code, sample};

    /// The organisation and place of the endpoint found.
    fn check(recipient: &str, place: Option<&str>, on: &str, expected: Option<(&str, Option<&str>)>) {
        let directory = sample();
        let found = directory.endpoint(code(recipient), place.map(code), on.parse().unwrap());
        let found = found.map(|endpoint| (endpoint.organisation, endpoint.place));
        assert_eq!(found, expected.map(|(organisation, place)| (code(organisation), place.map(code))), "{recipient} {place:?} {on}");
    }

    #[test]
    fn the_place_comes_before_the_body() {
        check("S9B9J", Some("09D"), "2026-06-01", Some(("S9B9J", Some("09D"))));
        check("S9B9J", Some("09D"), "2026-05-31", Some(("S9B9J", None)));
        check("S9B9J", Some("70F"), "2026-06-01", Some(("S9B9J", None)));
        check("QKS", Some("91Q"), "2026-06-01", None);
    }

    #[test]
    fn a_closed_recipient_is_reached_through_its_one_successor() {
        check("QNX", Some("09D"), "2026-06-01", Some(("S9B9J", Some("09D"))));
        check("QNX", None, "2026-03-31", None);
        check("R1C", None, "2024-10-01", Some(("RW1", None)));
        check("QNQ", None, "2026-06-01", None);
    }

    #[test]
    fn practices_and_neighbours_are_looked_up() {
        let directory = sample();
        let practice = |on: &str| directory.commissioner_of_practice(" G82014 ", on.parse().unwrap());
        assert_eq!((practice("2020-03-31"), practice("2020-04-01")), (Some(code("99J")), Some(code("91Q"))));
        assert_eq!(directory.commissioner_of_practice("not a code", "2020-04-01".parse().unwrap()), None);
        assert!(directory.adjoin(code("E10000032"), code("E06000043")) && directory.adjoin(code("E06000043"), code("E10000032")));
        assert!(directory.adjoin(code("E06000048"), code("E10000002")));
        assert!(!directory.adjoin(code("E10000016"), code("E06000043")));
    }
}
