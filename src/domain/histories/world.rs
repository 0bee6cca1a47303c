//! A small made-up directory: four areas, each with its authority, commissioner, body and CAMHS provider, and what is odd
//! around them.
//!
//! | area | authority | commissioner/body | provider | postcodes |
//! |---|---|---|---|---|
//! | A | E10000001 | 01A/QAA, and 01X/QAX in a corner of it | RPA | QA1 1AA, QA1 1AB; QA9 1AA in the corner |
//! | B | E06000002 | 02B/QBB, and 06B/QBB in the north | RPB | QB1 1AA; QB6 1AA in the north; QB9 9AA until June 2023 |
//! | C | E06000003 | 03C/QCC | RPC until November 2026, then RPX | QC1 1AA |
//! | D | E10000004 | 04D/QDD until 2026, then 04D/QDX | RPD | QD1 1AA |
//! | E | E06000005 | 01A/QAA: another authority, the same commissioner | RPA | QE1 1AA |
//! | W | W06000001 | W11000001 | none known | QW1 1AA |

use crate::code::Code;
use crate::directory::sample::endpoint;
use crate::directory::{Agreed, Directory, Endpoint, Link, Organisation, OrganisationKind, Parts, Span, Succession};
use crate::policy::{Policy, Stage, Tariff};
use crate::postcode::{Postcode, PostcodeIndex, PostcodeRow, encode};
use crate::working_days::Calendar;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

pub const A: &str = "E10000001";
pub const B: &str = "E06000002";
pub const C: &str = "E06000003";
pub const IN_A: &str = "QA1 1AA";
pub const ALSO_IN_A: &str = "QA1 1AB";
pub const CORNER_OF_A: &str = "QA9 1AA";
pub const IN_B: &str = "QB1 1AA";
pub const NORTH_OF_B: &str = "QB6 1AA";
pub const ENDED_IN_B: &str = "QB9 9AA";
pub const IN_C: &str = "QC1 1AA";
pub const IN_D: &str = "QD1 1AA";
pub const IN_E: &str = "QE1 1AA";
pub const IN_WALES: &str = "QW1 1AA";
pub const IN_SCOTLAND: &str = "EH1 1AA";
pub const UNKNOWN: &str = "QZ1 1AA";
pub const CLAIM_KEY: [u8; 32] = [7; 32];

pub fn code(text: &str) -> Code {
    Code::new(text).unwrap()
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// `2020-04-01..2021-03-31`, either end open.
fn span(text: &str) -> Span {
    let (from, to) = text.split_once("..").unwrap();
    let end = |text: &str| (!text.is_empty()).then(|| day(text));
    Span { from: end(from), to: end(to) }
}

fn links(rows: &[(&str, &str, &str)]) -> Vec<Link> {
    rows.iter().map(|(one, other, days)| Link { code: code(one), other: code(other), span: span(days) }).collect()
}

pub fn directory() -> Directory {
    Directory::from_parts(parts())
}

/// The same, where these organisations have agreed to acknowledge what is issued from a day on.
pub fn answering(organisations: &[&str], from: Date) -> Directory {
    let agreed = Agreed { acknowledges_from: Some(from), ..Agreed::default() };
    let endpoints = organisations.iter().map(|organisation| Endpoint { agreed, ..endpoint(organisation, None, "..") });
    Directory::from_parts(Parts { endpoints: endpoints.collect(), ..parts() })
}

fn parts() -> Parts {
    let closed = [date(2026, 4, 3), date(2026, 4, 6), date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1)];
    let edge = |from, to, on, whole| Succession { from: code(from), to: code(to), on: day(on), whole };
    Parts {
        calendar: Calendar { bank_holidays: closed.into() },
        organisations: organisations(),
        districts: links(&[(A, A, ".."), (B, B, ".."), (C, C, ".."), ("E10000004", "E10000004", ".."), ("E06000005", "E06000005", "..")]),
        areas: links(&[
            (A, "01A", ".."),
            (A, "01X", ".."),
            (B, "02B", ".."),
            (B, "06B", ".."),
            (C, "03C", ".."),
            ("E10000004", "04D", ".."),
            ("E06000005", "01A", ".."),
            ("W06000001", "W11000001", ".."),
        ]),
        parents: links(&[
            ("01A", "QAA", "2022-07-01.."),
            ("01X", "QAX", "2022-07-01.."),
            ("02B", "QBB", "2022-07-01.."),
            ("06B", "QBB", "2022-07-01.."),
            ("03C", "QCC", "2022-07-01.."),
            ("04D", "QDD", "2022-07-01..2026-12-31"),
            ("04D", "QDX", "2027-01-01.."),
        ]),
        camhs: links(&[
            (A, "RPA", ".."),
            (B, "RPB", ".."),
            (C, "RPC", "..2026-11-30"),
            (C, "RPX", "2026-12-01.."),
            ("E10000004", "RPD", ".."),
            ("E06000005", "RPA", ".."),
        ]),
        practices: links(&[("G00001", "01A", ".."), ("G00004", "04D", "..")]),
        successions: vec![
            edge("00A", "01A", "2020-04-01", true),
            edge("07S", "01A", "2026-04-01", false),
            edge("07S", "03C", "2026-04-01", false),
            edge("QDD", "QDX", "2027-01-01", true),
        ],
        postcodes: postcodes(),
        ..Parts::default()
    }
}

fn organisations() -> Vec<Organisation> {
    use OrganisationKind::{Authority, CommissionerBody, CommissionerPlace, Provider};
    let rows = [
        (Authority, "..", &[A, B, C, "E10000004", "E06000005", "W06000001"][..]),
        (CommissionerPlace, "2013-04-01..", &["01A", "01X", "02B", "06B", "03C", "04D"]),
        (CommissionerPlace, "2013-04-01..2020-03-31", &["00A"]),
        (CommissionerPlace, "2013-04-01..2026-03-31", &["07S"]),
        (CommissionerBody, "2022-07-01..", &["QAA", "QAX", "QBB", "QCC"]),
        (CommissionerBody, "2022-07-01..2026-12-31", &["QDD"]),
        (CommissionerBody, "2027-01-01..", &["QDX"]),
        (CommissionerBody, "..", &["W11000001"]),
        (Provider, "..", &["RPA", "RPB", "RPC", "RPX", "RPD"]),
    ];
    let organisations = rows.into_iter().flat_map(|(kind, days, codes)| {
        let span = span(days);
        codes.iter().map(move |text| Organisation { code: code(text), name: format!("Name of {text}"), kind, from: span.from, to: span.to })
    });
    organisations.collect()
}

fn postcodes() -> PostcodeIndex {
    let rows = [
        (IN_A, A, "01A", None),
        (ALSO_IN_A, A, "01A", None),
        (CORNER_OF_A, A, "01X", None),
        (IN_B, B, "02B", None),
        (NORTH_OF_B, B, "06B", None),
        (ENDED_IN_B, B, "02B", Some((2023, 6))),
        (IN_C, C, "03C", None),
        (IN_D, "E10000004", "04D", None),
        (IN_E, "E06000005", "01A", None),
        (IN_WALES, "W06000001", "W11000001", None),
    ];
    let rows = rows.map(|(text, district, place, ended)| PostcodeRow {
        postcode: Postcode::parse(text).unwrap(),
        district: code(district),
        places: vec![Some(code(place))],
        ended,
    });
    PostcodeIndex::read(encode(&[date(2013, 4, 1)], &rows).unwrap()).unwrap()
}

/// The standard rules in London's time, with a price for each stage from April 2026.
pub fn policy() -> Policy {
    let line = |stage: Stage, amount_pence| Tariff {
        stage,
        service_line: format!("CAMHS-{}", stage.name()),
        unit: "case".to_owned(),
        amount_pence,
        from: Some(date(2026, 4, 1)),
        to: None,
    };
    Policy {
        tariff: vec![line(Stage::Assessment, 58_000), line(Stage::Treatment, 210_000)],
        ..Policy::standard(CLAIM_KEY, TimeZone::get("Europe/London").unwrap())
    }
}
