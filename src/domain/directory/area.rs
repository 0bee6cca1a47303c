//! From where a child lives to who is responsible there.

use super::{AreaEvidence, Commissioner, Country, Directory, Located, OrganisationKind, Unresolved, Whereabouts, succession};
use crate::code::Code;
use crate::postcode::{Area, Postcode, area_letters};
use jiff::civil::Date;

/// By postcode, else by the authority's code as far as that goes. Each part is answered by itself.
pub(super) fn locate(directory: &Directory, place: Whereabouts<'_>, on: Date) -> Located {
    match search(directory, place.postcode, on) {
        Found::Area(area) => {
            let authority = authority_of(directory, area.district, on);
            let commissioner = commissioner_of_area(directory, area, on);
            Located {
                country: country_of_code(area.district),
                camhs: camhs_of(directory, &authority, on),
                authority,
                commissioner,
                evidence: AreaEvidence::Postcode,
            }
        }
        Found::Abroad(country) => nowhere(country, outside(country)),
        Found::Nothing(country, why) => match place.local_authority {
            Some(code) => by_authority(directory, code, on),
            None => nowhere(country, why),
        },
    }
}

/// The commissioner place of a home postcode on a day. A postcode that has ended since still says where the home was.
pub(super) fn place_of_postcode(directory: &Directory, text: &str, on: Date) -> Option<Code> {
    let area = directory.postcodes.find(Postcode::parse(text)?)?;
    place_of_area(directory, area, on).ok()
}

/// The authority of a district's or an authority's code on a day, through abolitions and re-issued codes.
pub(super) fn authority_of(directory: &Directory, code: Code, on: Date) -> Result<Code, Unresolved> {
    if is_abroad(country_of_code(code)) {
        return Err(outside(country_of_code(code)));
    }
    if let Some(authority) = directory.districts.on(code, on).next() {
        return Ok(authority);
    }
    let code = directory.known_as(code);
    match directory.organisations.get(&code) {
        Some(organisation) if organisation.kind == OrganisationKind::Authority => succession::open_on(directory, code, None, on),
        _ if !directory.districts.all(code).is_empty() => Err(Unresolved::new(
            "ambiguous-succession",
            format!("The area {code} lay in more than one authority on {on}; choose the authority."),
            Vec::new(),
        )),
        _ => Err(Unresolved::new(
            "unknown-organisation",
            format!("The directory knows no authority or district {code}; correct the code, or add it to the directory."),
            Vec::new(),
        )),
    }
}

enum Found<'a> {
    Area(Area<'a>),
    /// The postcode is in a country whose bodies the directory does not hold.
    Abroad(Country),
    Nothing(Country, Unresolved),
}

fn search<'a>(directory: &'a Directory, postcode: Option<&str>, on: Date) -> Found<'a> {
    let Some(text) = postcode else {
        let why =
            Unresolved::new("unknown-postcode", "There is neither a postcode nor an authority; ask the publisher for one.", Vec::new());
        return Found::Nothing(Country::Unknown, why);
    };
    match Postcode::parse(text).and_then(|postcode| directory.postcodes.find(postcode)) {
        Some(area) if area.ended.is_some_and(|month| month < (on.year(), on.month())) => {
            let sentence = "The postcode had ended by then, and no authority is given; ask the publisher for the current one.";
            Found::Nothing(country_of_code(area.district), Unresolved::new("ended-postcode", sentence, Vec::new()))
        }
        Some(area) if is_abroad(country_of_code(area.district)) => Found::Abroad(country_of_code(area.district)),
        Some(area) => Found::Area(area),
        None => match country_of_postcode(text) {
            abroad if is_abroad(abroad) => Found::Abroad(abroad),
            country => {
                let sentence =
                    "The directory does not know the postcode, and no authority is given; correct it, or import newer postcodes.";
                Found::Nothing(country, Unresolved::new("unknown-postcode", sentence, Vec::new()))
            }
        },
    }
}

fn by_authority(directory: &Directory, code: Code, on: Date) -> Located {
    let authority = authority_of(directory, code, on);
    Located {
        country: country_of_code(code),
        commissioner: authority.clone().and_then(|authority| commissioner_of_authority(directory, authority, on)),
        camhs: camhs_of(directory, &authority, on),
        authority,
        evidence: AreaEvidence::LocalAuthority,
    }
}

fn nowhere(country: Country, why: Unresolved) -> Located {
    Located { country, authority: Err(why.clone()), commissioner: Err(why.clone()), camhs: Err(why), evidence: AreaEvidence::Nothing }
}

fn outside(country: Country) -> Unresolved {
    let name = match country {
        Country::Scotland => "Scotland",
        Country::NorthernIreland => "Northern Ireland",
        _ => "the Channel Islands or the Isle of Man",
    };
    let sentence = format!("The place is in {name}, where these rules do not reach; a person tells whoever must know.");
    Unresolved::new("outside-england-and-wales", sentence, Vec::new())
}

fn commissioner_of_area(directory: &Directory, area: Area<'_>, on: Date) -> Result<Commissioner, Unresolved> {
    succession::as_commissioner(directory, place_of_area(directory, area, on)?, None, on)
}

/// The place in the column that holds on the day. Before the first column: that place if it was open, else the one
/// that it was made of in this authority. After a closure that the columns do not show: its one successor.
fn place_of_area(directory: &Directory, area: Area<'_>, on: Date) -> Result<Code, Unresolved> {
    let column = area.epochs.partition_point(|&from| from <= on).saturating_sub(1);
    let place = area.places.get(column).copied().flatten();
    let place = place.ok_or_else(|| no_coverage("commissioner", area.district, on))?;
    succession::open_on(directory, place, None, on).or_else(|unresolved| {
        let authority = authority_of(directory, area.district, on)?;
        let here = |code: &Code| directory.areas.on(authority, on).any(|place| place == *code);
        let mut codes = unresolved.candidates.iter().map(|candidate| candidate.code).filter(here);
        match (codes.next(), codes.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(unresolved),
        }
    })
}

/// By authority, a commissioner is known only where the authority has one body on the day.
fn commissioner_of_authority(directory: &Directory, authority: Code, on: Date) -> Result<Commissioner, Unresolved> {
    let places: Vec<Code> = directory.areas.on(authority, on).collect();
    let commissioners: Vec<Commissioner> =
        places.iter().map(|&place| succession::as_commissioner(directory, place, None, on)).collect::<Result<_, _>>()?;
    let Some(first) = commissioners.first() else { return Err(no_coverage("commissioner", authority, on)) };
    if commissioners.len() == 1 {
        return Ok(*first);
    }
    if commissioners.iter().all(|commissioner| commissioner.body == first.body) {
        return Ok(Commissioner { body: first.body, place: None });
    }
    let evidence = format!("has part of {authority} on {on}");
    let candidates = places.iter().map(|&place| directory.candidate(place, evidence.clone())).collect();
    let sentence = format!("{authority} has more than one commissioner on {on}, and the postcode does not decide; choose one.");
    Err(Unresolved::new("ambiguous-area", sentence, candidates))
}

fn camhs_of(directory: &Directory, authority: &Result<Code, Unresolved>, on: Date) -> Result<Code, Unresolved> {
    let authority = authority.clone()?;
    directory.camhs.on(authority, on).next().ok_or_else(|| no_coverage("CAMHS provider", authority, on))
}

fn no_coverage(what: &str, code: Code, on: Date) -> Unresolved {
    let sentence = format!("The directory has no {what} for {code} on {on}; add it to the directory, or tell them by hand.");
    Unresolved::new("no-coverage", sentence, Vec::new())
}

fn is_abroad(country: Country) -> bool {
    matches!(country, Country::Scotland | Country::NorthernIreland | Country::Elsewhere)
}

/// GSS codes begin with their country.
fn country_of_code(code: Code) -> Country {
    match code.as_str().as_bytes().first() {
        Some(b'E') => Country::England,
        Some(b'W') => Country::Wales,
        Some(b'S') => Country::Scotland,
        Some(b'N') => Country::NorthernIreland,
        Some(b'L' | b'M') => Country::Elsewhere,
        _ => Country::Unknown,
    }
}

/// Only postcode areas that lie in one country. Those on a border (CH, DG, HR, LD, LL, NP, SY, TD) and England's, which a
/// list of letters cannot tell from nonsense, stay unknown.
fn country_of_postcode(text: &str) -> Country {
    match area_letters(text).as_deref() {
        Some("AB" | "DD" | "EH" | "FK" | "G" | "HS" | "IV" | "KA" | "KW" | "KY" | "ML" | "PA" | "PH" | "ZE") => Country::Scotland,
        Some("BT") => Country::NorthernIreland,
        Some("CF" | "SA") => Country::Wales,
        Some("GY" | "JE" | "IM") => Country::Elsewhere,
        _ => Country::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use crate::directory::sample::{code, sample};
    use crate::directory::{AreaEvidence, Country, Located, Unresolved, Whereabouts};

    fn locate(postcode: &str, authority: &str, on: &str) -> Located {
        let postcode = (!postcode.is_empty()).then_some(postcode);
        let local_authority = (!authority.is_empty()).then(|| code(authority));
        sample().locate(Whereabouts { postcode, local_authority }, on.parse().unwrap())
    }

    /// `authority commissioner-body/place camhs`, each the reason in brackets where it is unresolved.
    fn check(postcode: &str, authority: &str, on: &str, expected: &str) {
        let located = locate(postcode, authority, on);
        let or_reason = |found: Result<String, Unresolved>| found.unwrap_or_else(|why| format!("({})", why.reason));
        let commissioner = located.commissioner.map(|found| match found.place {
            Some(place) => format!("{}/{place}", found.body),
            None => found.body.to_string(),
        });
        let parts = [located.authority.map(|code| code.to_string()), commissioner, located.camhs.map(|code| code.to_string())];
        assert_eq!(parts.map(or_reason).join(" "), expected, "{postcode} {authority} {on}");
    }

    #[test]
    fn a_postcode_decides_by_date() {
        check("ME14 2AA", "", "2021-06-01", "E10000016 91Q/91Q (no-coverage)");
        check("me142aa", "", "2022-07-01", "E10000016 QKS/91Q (no-coverage)");
        check("BN1 6AG", "", "2022-06-30", "E06000043 09D/09D (no-coverage)");
        check("BN1 6AG", "", "2026-03-31", "E06000043 QNX/09D (no-coverage)");
        check("BN1 6AG", "", "2026-04-01", "E06000043 S9B9J/09D (no-coverage)");
        check("GU14 7JF", "", "2024-01-31", "E10000014 QNQ/D4U1Y RX2");
        check("GU14 7JF", "", "2026-04-01", "E10000014 QRL/D9Y0V RW1");
    }

    #[test]
    fn a_postcode_outweighs_the_authority_given() {
        check("BN1 6AG", "E10000016", "2021-06-01", "E06000043 09D/09D (no-coverage)");
        assert_eq!(locate("BN1 6AG", "E10000016", "2021-06-01").evidence, AreaEvidence::Postcode);
    }

    #[test]
    fn before_the_first_column_the_place_is_what_stood_there() {
        check("BN1 6AG", "", "2018-06-01", "E06000043 09D/09D (no-coverage)");
        // 91Q was made of 99J and 09J; of these the authority had 99J.
        check("ME14 2AA", "", "2018-06-01", "E10000016 99J/99J (no-coverage)");
    }

    #[test]
    fn an_unknown_postcode_falls_back_to_the_authority() {
        check("ZZ1 1ZZ", "E10000016", "2026-06-01", "E10000016 QKS/91Q (no-coverage)");
        check("", "E07000110", "2026-06-01", "E10000016 QKS/91Q (no-coverage)");
        check("ZZ1 1ZZ", "E10000014", "2024-06-01", "E10000014 (ambiguous-area) RW1");
        check("ZZ1 1ZZ", "E10000014", "2026-06-01", "E10000014 QRL/D9Y0V RW1");
        let why = locate("ZZ1 1ZZ", "E10000014", "2024-06-01").commissioner.unwrap_err();
        assert_eq!(why.candidates.iter().map(|one| one.code).collect::<Vec<_>>(), [code("D4U1Y"), code("D9Y0V")]);
        assert!(!why.sentence.contains("ZZ1"));
    }

    #[test]
    fn two_places_of_one_board_are_one_recipient() {
        check("", "E10000032", "2024-06-01", "E10000032 QNX (no-coverage)");
        check("", "E10000032", "2021-06-01", "E10000032 (ambiguous-area) (no-coverage)");
    }

    #[test]
    fn an_ended_postcode_counts_up_to_its_last_month() {
        check("BN1 9ZZ", "", "2023-06-30", "E06000043 QNX/09D (no-coverage)");
        check("BN1 9ZZ", "", "2023-07-01", "(ended-postcode) (ended-postcode) (ended-postcode)");
        check("BN1 9ZZ", "E10000016", "2023-07-01", "E10000016 QKS/91Q (no-coverage)");
    }

    #[test]
    fn nothing_is_guessed() {
        check("", "", "2024-06-01", "(unknown-postcode) (unknown-postcode) (unknown-postcode)");
        check("ME14 2AB", "", "2024-06-01", "(unknown-postcode) (unknown-postcode) (unknown-postcode)");
        check("", "E06009999", "2024-06-01", "(unknown-organisation) (unknown-organisation) (unknown-organisation)");
        assert_eq!(locate("ME14 2AB", "", "2024-06-01").evidence, AreaEvidence::Nothing);
    }

    #[test]
    fn authorities_are_followed_through_time() {
        check("HP20 1UX", "", "2019-06-01", "E10000002 (no-coverage) (no-coverage)");
        check("HP20 1UX", "", "2020-06-01", "E06000060 (no-coverage) (no-coverage)");
        check("", "E10000002", "2020-06-01", "E06000060 (no-coverage) (no-coverage)");
        check("", "E06000048", "2020-06-01", "E06000057 (no-coverage) (no-coverage)");
        check("", "E10000009", "2020-06-01", "(ambiguous-succession) (ambiguous-succession) (ambiguous-succession)");
        check("", "E06000058", "2018-06-01", "(ambiguous-succession) (ambiguous-succession) (ambiguous-succession)");
    }

    #[test]
    fn other_countries_are_recognised() {
        for (postcode, authority, country) in [
            ("G1 1AA", "", Country::Scotland),
            ("BT1 1AA", "E10000016", Country::NorthernIreland),
            ("IM1 1AA", "", Country::Elsewhere),
            ("", "S12000036", Country::Scotland),
            ("", "N09000003", Country::NorthernIreland),
        ] {
            let located = locate(postcode, authority, "2024-06-01");
            assert_eq!((located.country, located.authority.unwrap_err().reason), (country, "outside-england-and-wales"), "{postcode}");
        }
        check("LD1 5AA", "W06000023", "2024-06-01", "W06000023 W11000024 (no-coverage)");
        check("CF10 1AA", "", "2024-06-01", "(unknown-postcode) (unknown-postcode) (unknown-postcode)");
        assert_eq!(locate("CF10 1AA", "", "2024-06-01").country, Country::Wales);
        assert_eq!(locate("LD1 5AA", "W06000023", "2024-06-01").country, Country::Wales);
    }
}
