//! A small directory for the tests beside the rules: a few real codes, enough for each rule to bite.

use super::{Directory, Endpoint, Link, Organisation, OrganisationKind, Parts, Span, Succession};
use crate::code::Code;
use crate::postcode::{Postcode, PostcodeIndex, PostcodeRow, encode};
use jiff::civil::{Date, date};

pub(super) fn code(text: &str) -> Code {
    Code::new(text).unwrap()
}

/// `2020-04-01..2021-03-31`, either end open.
fn span(text: &str) -> Span {
    let (from, to) = text.split_once("..").unwrap();
    let day = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
    Span { from: day(from), to: day(to) }
}

fn links(rows: &[(&str, &str, &str)]) -> Vec<Link> {
    rows.iter().map(|(one, other, days)| Link { code: code(one), other: code(other), span: span(days) }).collect()
}

pub(crate) fn endpoint(organisation: &str, place: Option<&str>, days: &str) -> Endpoint {
    let span = span(days);
    Endpoint {
        organisation: code(organisation),
        place: place.map(code),
        adapter: "webhook".to_owned(),
        url: format!("https://{}.example/", organisation.to_lowercase()),
        secrets: Vec::new(),
        allow_private: false,
        timeout_seconds: 20,
        concurrency: 16,
        settings: std::collections::BTreeMap::new(),
        secret_settings: std::collections::BTreeMap::new(),
        agreed: super::Agreed::default(),
        from: span.from,
        to: span.to,
    }
}

pub(super) fn sample() -> Directory {
    Directory::from_parts(parts())
}

pub(super) fn parts() -> Parts {
    Parts {
        organisations: organisations(),
        aliases: vec![(code("E38000237"), code("91Q")), (code("E06000048"), code("E06000057"))],
        districts: links(&[
            ("E07000110", "E10000016", ".."),
            ("E07000092", "E10000014", ".."),
            ("E07000091", "E10000014", ".."),
            ("E06000039", "E06000039", ".."),
            ("E06000043", "E06000043", ".."),
            ("E06000060", "E10000002", "..2020-03-31"),
            ("E06000060", "E06000060", "2020-04-01.."),
            ("E06000058", "E06000058", "2019-04-01.."),
        ]),
        areas: links(&[
            ("E10000016", "99J", "2013-04-01..2020-03-31"),
            ("E10000016", "91Q", "2020-04-01.."),
            ("E10000014", "D4U1Y", "2021-04-01..2026-03-31"),
            ("E10000014", "D9Y0V", "2021-04-01.."),
            ("E06000043", "09D", "2013-04-01.."),
            ("E10000032", "09D", "2013-04-01.."),
            ("E10000032", "70F", "2020-04-01.."),
            ("W06000023", "W11000024", ".."),
        ]),
        parents: links(&[
            ("91Q", "QKS", "2022-07-01.."),
            ("09D", "QNX", "2022-07-01..2026-03-31"),
            ("09D", "S9B9J", "2026-04-01.."),
            ("70F", "QNX", "2022-07-01..2026-03-31"),
            ("70F", "S9B9J", "2026-04-01.."),
            ("D4U1Y", "QNQ", "2022-07-01..2026-03-31"),
            ("D9Y0V", "QRL", "2022-07-01.."),
            ("U2G6B", "S0E4D", "2026-04-01.."),
            ("16C", "QHM", "2022-07-01.."),
        ]),
        camhs: links(&[("E10000014", "RX2", "..2024-01-31"), ("E10000014", "RW1", "2024-02-01..")]),
        practices: links(&[("G82014", "99J", "..2020-03-31"), ("G82014", "91Q", "2020-04-01..")]),
        successions: successions(),
        adjoining: vec![(code("E06000043"), code("E10000032")), (code("E06000057"), code("E10000002"))],
        endpoints: vec![
            endpoint("S9B9J", None, ".."),
            endpoint("S9B9J", Some("09D"), "2026-06-01.."),
            endpoint("RW1", None, ".."),
            endpoint("QRL", None, ".."),
        ],
        postcodes: postcodes(),
        ..Parts::default()
    }
}

fn organisations() -> Vec<Organisation> {
    use OrganisationKind::{Authority, CommissionerBody, CommissionerPlace, Provider};
    let rows = [
        ("E10000016", Authority, ".."),
        ("E10000014", Authority, ".."),
        ("E10000032", Authority, ".."),
        ("E06000039", Authority, ".."),
        ("E06000043", Authority, ".."),
        ("E06000057", Authority, ".."),
        ("E10000002", Authority, "..2020-03-31"),
        ("E06000060", Authority, "2020-04-01.."),
        ("E10000009", Authority, "..2019-03-31"),
        ("E06000028", Authority, "..2019-03-31"),
        ("E06000058", Authority, "2019-04-01.."),
        ("E06000059", Authority, "2019-04-01.."),
        ("W06000023", Authority, ".."),
        ("00C", CommissionerPlace, "2013-04-01..2020-03-31"),
        ("16C", CommissionerPlace, "2020-04-01.."),
        ("99J", CommissionerPlace, "2013-04-01..2020-03-31"),
        ("09J", CommissionerPlace, "2013-04-01..2020-03-31"),
        ("91Q", CommissionerPlace, "2020-04-01.."),
        ("09D", CommissionerPlace, "2013-04-01.."),
        ("70F", CommissionerPlace, "2020-04-01.."),
        ("D4U1Y", CommissionerPlace, "2021-04-01..2026-03-31"),
        ("D9Y0V", CommissionerPlace, "2021-04-01.."),
        ("U2G6B", CommissionerPlace, "2026-04-01.."),
        ("AAA", CommissionerPlace, "..2020-03-31"),
        ("BBB", CommissionerPlace, "..2020-03-31"),
        ("CCC", CommissionerPlace, "..2020-03-31"),
        ("QHM", CommissionerBody, "2022-07-01.."),
        ("QKS", CommissionerBody, "2022-07-01.."),
        ("QNX", CommissionerBody, "2022-07-01..2026-03-31"),
        ("QNQ", CommissionerBody, "2022-07-01..2026-03-31"),
        ("QRL", CommissionerBody, "2022-07-01.."),
        ("S9B9J", CommissionerBody, "2026-04-01.."),
        ("S0E4D", CommissionerBody, "2026-04-01.."),
        ("W11000024", CommissionerBody, "2009-10-01.."),
        ("R1C", Provider, "..2024-09-30"),
        ("RW1", Provider, ".."),
        ("RX2", Provider, ".."),
    ];
    let organisation = |(text, kind, days): (&str, OrganisationKind, &str)| {
        let span = span(days);
        Organisation { code: code(text), name: format!("Name of {text}"), kind, from: span.from, to: span.to }
    };
    rows.into_iter().map(organisation).collect()
}

fn successions() -> Vec<Succession> {
    let rows = [
        ("00C", "16C", "2020-04-01", true),
        ("99J", "91Q", "2020-04-01", true),
        ("09J", "91Q", "2020-04-01", true),
        ("D4U1Y", "U2G6B", "2026-04-01", false),
        ("D4U1Y", "D9Y0V", "2026-04-01", false),
        ("QNQ", "S0E4D", "2026-04-01", false),
        ("QNQ", "QRL", "2026-04-01", false),
        ("QNX", "S9B9J", "2026-04-01", true),
        ("E10000002", "E06000060", "2020-04-01", true),
        ("E10000009", "E06000058", "2019-04-01", false),
        ("E10000009", "E06000059", "2019-04-01", false),
        ("E06000028", "E06000058", "2019-04-01", true),
        ("R1C", "RW1", "2024-10-01", true),
        // A circle, and a split whose parts belong to one board: neither is in the real directory.
        ("AAA", "BBB", "2020-04-01", true),
        ("BBB", "AAA", "2020-04-01", true),
        ("CCC", "09D", "2020-04-01", false),
        ("CCC", "70F", "2020-04-01", false),
    ];
    let edge =
        |(from, to, on, whole): (&str, &str, &str, bool)| Succession { from: code(from), to: code(to), on: on.parse().unwrap(), whole };
    rows.into_iter().map(edge).collect()
}

fn postcodes() -> PostcodeIndex {
    let epochs: [Date; 3] = [date(2020, 4, 1), date(2021, 4, 1), date(2026, 4, 1)];
    let rows = [
        ("ME14 2AA", "E07000110", ["91Q", "91Q", "91Q"], None),
        ("BN1 6AG", "E06000043", ["09D", "09D", "09D"], None),
        ("GU14 7JF", "E07000092", ["", "D4U1Y", "D9Y0V"], None),
        ("SL1 1AA", "E06000039", ["", "D4U1Y", "U2G6B"], None),
        ("SO42 7ZF", "E07000091", ["", "D9Y0V", "D9Y0V"], None),
        ("HP20 1UX", "E06000060", ["", "", ""], None),
        ("BN1 9ZZ", "E06000043", ["09D", "09D", "09D"], Some((2023, 6))),
    ];
    let row = |(text, district, places, ended): (&str, &str, [&str; 3], Option<(i16, i8)>)| PostcodeRow {
        postcode: Postcode::parse(text).unwrap(),
        district: code(district),
        places: places.iter().map(|text| (!text.is_empty()).then(|| code(text))).collect(),
        ended,
    };
    PostcodeIndex::read(encode(&epochs, &rows.map(row)).unwrap()).unwrap()
}
