use super::sample::{code, endpoint, parts, sample};
use super::*;
use crate::postcode::{Postcode, PostcodeRow, encode};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn changed(change: impl FnOnce(&mut Parts)) -> Directory {
    let mut parts = parts();
    change(&mut parts);
    Directory::from_parts(parts)
}

fn organisation(text: &str, kind: OrganisationKind, from: Option<&str>, to: Option<&str>) -> Organisation {
    Organisation { code: code(text), name: format!("Name of {text}"), kind, from: from.map(day), to: to.map(day) }
}

fn succession(from: &str, to: &str, on: &str, whole: bool) -> Succession {
    Succession { from: code(from), to: code(to), on: day(on), whole }
}

fn token() -> Token {
    Token {
        organisation: code("RW1"),
        digest: [1; 32],
        may: vec![Permission::Read, Permission::Publish],
        name: "the trust's records".to_owned(),
        from: Some(day("2026-04-01")),
        to: Some(day("2027-03-31")),
    }
}

fn publisher() -> Publisher {
    Publisher {
        organisation: code("RW1"),
        may_send: vec![MessageType::ReferralUpdate],
        user_ids: vec!["one".to_owned(), "other".to_owned()],
    }
}

#[test]
fn a_secret_does_not_print() {
    assert_eq!(format!("{:?}", Secret("whsec_hidden".to_owned())), "Secret(…)");
}

#[test]
fn everything_that_was_given_is_there() {
    let directory = changed(|parts| parts.publishers.push(publisher()));
    assert_eq!(directory.endpoints().len(), 4);
    assert_eq!(directory.organisations().count(), parts().organisations.len());
    assert_eq!((directory.publisher(code("RW1")), directory.publisher(code("RX2"))), (Some(&publisher()), None));
}

#[test]
fn a_token_is_good_from_its_first_day_to_its_last() {
    let directory = changed(|parts| parts.tokens.push(token()));
    let good = |digest: [u8; 32], on: &str| directory.token(&digest, day(on)).is_some();
    let days = ["2026-03-31", "2026-04-01", "2027-03-31", "2027-04-01"];
    assert_eq!(days.map(|on| good([1; 32], on)), [false, true, true, false]);
    assert!(!good([2; 32], "2026-06-01"));
}

#[test]
fn permissions_read_back_from_their_names() {
    for (permission, name) in [(Permission::Publish, "publish"), (Permission::Read, "read")] {
        assert_eq!((permission.name(), Permission::from_name(name)), (name, Some(permission)));
    }
    assert_eq!(Permission::from_name("write"), None);
}

fn by_authority(directory: &Directory, authority: &str, on: &str) -> Located {
    directory.locate(Whereabouts { postcode: None, local_authority: Some(code(authority)) }, day(on))
}

#[test]
fn a_code_that_is_no_authority_is_unknown_where_one_is_asked_for() {
    assert_eq!(by_authority(&sample(), "91Q", "2026-06-01").authority.unwrap_err().reason, "unknown-organisation");
}

#[test]
fn a_district_before_its_first_day_is_ambiguous() {
    let span = Span { from: Some(day("2020-04-01")), to: None };
    let directory = changed(|parts| parts.districts.push(Link { code: code("E07000999"), other: code("E10000016"), span }));
    assert_eq!(by_authority(&directory, "E07000999", "2020-04-01").authority, Ok(code("E10000016")));
    assert_eq!(by_authority(&directory, "E07000999", "2020-03-31").authority.unwrap_err().reason, "ambiguous-succession");
}

#[test]
fn the_sentence_names_the_country() {
    for (authority, name) in [
        ("S12000036", "Scotland"),
        ("N09000003", "Northern Ireland"),
        ("L99999999", "the Channel Islands"),
        ("M99999999", "the Isle of Man"),
    ] {
        let why = by_authority(&sample(), authority, "2026-06-01").authority.unwrap_err();
        assert!(why.reason == "outside-england-and-wales" && why.sentence.contains(name), "{authority}: {}", why.sentence);
    }
    let countries = ["E10000016", "L99999999", "QKS"].map(|authority| by_authority(&sample(), authority, "2026-06-01").country);
    assert_eq!(countries, [Country::England, Country::Elsewhere, Country::Unknown]);
}

#[test]
fn a_postcode_that_the_index_places_in_scotland_is_outside() {
    let row = |district: &str| PostcodeRow {
        postcode: Postcode::parse("TD15 1AA").unwrap(),
        district: code(district),
        places: vec![None],
        ended: None,
    };
    let directory = changed(|parts| {
        parts.postcodes = PostcodeIndex::read(encode(&[day("2020-04-01")], &[row("S12000026")]).unwrap()).unwrap();
    });
    let located = directory.locate(Whereabouts { postcode: Some("TD15 1AA"), local_authority: Some(code("E10000016")) }, day("2026-06-01"));
    assert_eq!((located.country, located.evidence), (Country::Scotland, AreaEvidence::Nothing));
    assert_eq!(located.authority.unwrap_err().reason, "outside-england-and-wales");
}

/// Only one that took over wholly, and has done so by that day.
#[test]
fn nobody_is_reached_by_a_guess() {
    let with = |on: &str, whole: bool| {
        changed(|parts| {
            parts.organisations.push(organisation("RZZ", OrganisationKind::Provider, None, Some("2026-03-31")));
            parts.successions.push(succession("RZZ", "RW1", on, whole));
        })
    };
    let reached = |directory: &Directory| directory.endpoint(code("RZZ"), None, day("2026-05-01")).map(|endpoint| endpoint.organisation);
    assert_eq!(reached(&with("2026-05-01", true)), Some(code("RW1")));
    assert_eq!(reached(&with("2026-05-02", true)), None);
    assert_eq!(reached(&with("2026-05-01", false)), None);
}

/// A board that took over from another is made of places all the same on days before there were boards, and not after.
#[test]
fn a_board_is_followed_back_to_places_only_before_there_were_boards() {
    let directory = changed(|parts| {
        // A board of one place that is said to have followed another board, at the beginning of boards.
        parts.organisations.push(organisation("QYY", OrganisationKind::CommissionerBody, Some("2022-07-02"), None));
        parts.organisations.push(organisation("QXX", OrganisationKind::CommissionerBody, Some("2022-07-01"), Some("2022-07-01")));
        parts.organisations.push(organisation("08Y", OrganisationKind::CommissionerPlace, Some("2013-04-01"), None));
        parts.organisations.push(organisation("08Z", OrganisationKind::CommissionerPlace, Some("2013-04-01"), Some("2020-03-31")));
        parts.successions.push(succession("QXX", "QYY", "2022-07-02", true));
        for place in ["08Y", "08Z"] {
            parts.parents.push(Link { code: code(place), other: code("QYY"), span: Span { from: Some(day("2022-07-01")), to: None } });
        }
    });
    let found = |on: &str| directory.responsible_for(code("QYY"), None, day(on)).map(|one| one.body).map_err(|why| why.reason);
    assert_eq!(found("2022-07-01"), Ok(code("QXX")), "on the first day of boards the one before it is enough");
    assert_eq!(found("2022-06-30"), Ok(code("08Y")), "of its places, the one that was open then");
}

/// Who is open today at the end of each way; what follows on a later day is no choice yet.
#[test]
fn the_candidates_of_a_split_are_those_who_stand_there_now() {
    let directory = changed(|parts| {
        for (place, to) in [("08A", Some("2026-03-31")), ("08B", None), ("08C", Some("2026-04-30")), ("08D", None), ("08E", None)] {
            parts.organisations.push(organisation(place, OrganisationKind::CommissionerPlace, Some("2013-04-01"), to));
        }
        parts.successions.extend([
            succession("08A", "08B", "2026-04-01", false),
            succession("08A", "08C", "2026-04-01", false),
            succession("08C", "08D", "2026-05-01", true),
            succession("08A", "08E", "2027-04-01", false),
        ]);
    });
    let why = directory.responsible_for(code("08A"), None, day("2026-06-01")).unwrap_err();
    let candidates: Vec<(&str, &str)> = why.candidates.iter().map(|one| (one.code.as_str(), one.evidence.as_str())).collect();
    assert_eq!(candidates, [("08B", "took over from 08A on 2026-04-01"), ("08D", "took over from 08C on 2026-05-01")]);
}

fn told(change: impl FnOnce(&mut Parts)) -> Vec<String> {
    let differences = sample().differences(&changed(change), day("2026-06-01"));
    assert!(!differences.is_empty());
    differences.changes.iter().map(ToString::to_string).collect()
}

#[test]
fn each_part_is_told_in_words() {
    let lines = told(|parts| {
        parts.publishers.push(publisher());
        parts.tokens.push(token());
        parts.successions.push(succession("RX2", "RW1", "2027-04-01", true));
        parts.successions.push(succession("RW1", "RX2", "2027-05-01", false));
        parts.adjoining.push((code("E10000016"), code("E06000043")));
        parts.calendar.bank_holidays.insert(day("2027-01-01"));
        let private = Endpoint { allow_private: true, ..endpoint("RX2", None, "2026-04-01..2027-03-31") };
        parts.endpoints.push(private);
    });
    expect_test::expect![[r#"
        + succession RW1: RX2 on 2027-05-01 (a part)
        + succession RX2: RW1 on 2027-04-01
        + neighbour E06000043: E10000016
        + bank holiday 2027-01-01: a bank holiday
        + endpoint RX2: webhook https://rx2.example/, 20 seconds, 16 at once, private addresses allowed from 2026-04-01 to 2027-03-31
        + publisher RW1: may send referral-update as one, other
        + token RW1: the trust's records may read, publish from 2026-04-01 to 2027-03-31
    "#]]
    .assert_eq(&(lines.join("\n") + "\n"));
}

fn index(epochs: &[&str], rows: &[(&str, &[&str])]) -> PostcodeIndex {
    let epochs: Vec<Date> = epochs.iter().map(|text| day(text)).collect();
    let place = |text: &&str| (!text.is_empty()).then(|| code(text));
    let row = |&(postcode, places): &(&str, &[&str])| PostcodeRow {
        postcode: Postcode::parse(postcode).unwrap(),
        district: code("E07000110"),
        places: places.iter().map(place).collect(),
        ended: None,
    };
    let rows: Vec<PostcodeRow> = rows.iter().map(row).collect();
    PostcodeIndex::read(encode(&epochs, &rows).unwrap()).unwrap()
}

/// Compared on 1 June 2026: `added removed changed changed_now`.
#[track_caller]
fn compared(older: PostcodeIndex, newer: PostcodeIndex, expected: [u64; 4]) {
    let of = |postcodes| Directory::from_parts(Parts { postcodes, ..Parts::default() });
    let found = of(older).differences(&of(newer), day("2026-06-01")).postcodes;
    assert_eq!([found.added, found.removed, found.changed, found.changed_now], expected, "{found}");
}

const COLUMNS: [&str; 2] = ["2020-04-01", "2026-04-01"];

#[test]
fn postcodes_are_compared_by_what_they_say_not_by_their_columns() {
    let both = |places: &[&str]| index(&COLUMNS, &[("ME14 2AA", places)]);
    compared(both(&["91Q", "91Q"]), both(&["91Q", "91Q"]), [0, 0, 0, 0]);
    // The same with one column or with three.
    compared(both(&["91Q", "91Q"]), index(&COLUMNS[..1], &[("ME14 2AA", &["91Q"])]), [0, 0, 0, 0]);
    compared(
        both(&["91Q", "09D"]),
        index(&["2020-04-01", "2022-07-01", "2026-04-01"], &[("ME14 2AA", &["91Q", "91Q", "09D"])]),
        [0, 0, 0, 0],
    );
    // Another place in the past, today, or from another day.
    compared(both(&["91Q", "91Q"]), both(&["09D", "91Q"]), [0, 0, 1, 0]);
    compared(both(&["91Q", "91Q"]), both(&["91Q", "09D"]), [0, 0, 1, 1]);
    compared(both(&["91Q", "09D"]), index(&["2020-04-01", "2026-05-01"], &[("ME14 2AA", &["91Q", "09D"])]), [0, 0, 1, 0]);
    compared(both(&["91Q", "91Q"]), index(&COLUMNS[..1], &[("ME14 2AA", &["09D"])]), [0, 0, 1, 1]);
}

#[test]
fn what_is_only_in_one_index_is_counted_wherever_it_stands() {
    let of = |postcodes: &[&str]| index(&COLUMNS[..1], &postcodes.iter().map(|&one| (one, &["91Q"][..])).collect::<Vec<_>>());
    compared(of(&["ME14 2AB"]), of(&["ME14 2AA", "ME14 2AB", "ME14 2AD"]), [2, 0, 0, 0]);
    compared(of(&["ME14 2AA", "ME14 2AB", "ME14 2AD"]), of(&["ME14 2AB"]), [0, 2, 0, 0]);
    compared(of(&["ME14 2AA", "ME14 2AD"]), of(&["ME14 2AB"]), [1, 2, 0, 0]);
    compared(of(&["ME14 2AB"]), of(&["ME14 2AA", "ME14 2AD"]), [2, 1, 0, 0]);
}

/// The day of a column's beginning is in it.
#[test]
fn where_a_postcode_lies_today_counts_from_the_first_day_of_a_column() {
    let newer = index(&["2020-04-01", "2026-06-01"], &[("ME14 2AA", &["91Q", "09D"])]);
    compared(index(&COLUMNS[..1], &[("ME14 2AA", &["91Q"])]), newer, [0, 0, 1, 1]);
    let later = index(&["2020-04-01", "2026-06-02"], &[("ME14 2AA", &["91Q", "09D"])]);
    compared(index(&COLUMNS[..1], &[("ME14 2AA", &["91Q"])]), later, [0, 0, 1, 0]);
}

#[test]
fn postcode_changes_are_told_in_a_sentence() {
    let changes = PostcodeChanges { added: 1, removed: 2, changed: 3, changed_now: 4 };
    assert_eq!(changes.to_string(), "postcodes: 1 added, 2 removed, 3 changed (4 of them lie elsewhere today)");
    assert!(!Differences { postcodes: changes, ..Differences::default() }.is_empty() && Differences::default().is_empty());
}
