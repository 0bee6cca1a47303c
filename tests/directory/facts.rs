//! Facts that anyone can look up, asked of the shipped directory.

use super::{day, located, shipped};
use domain::Code;
use domain::directory::{Directory, Whereabouts};

fn check_postcode(directory: &Directory, postcode: &str, on: &str, expected: &str) {
    assert_eq!(located(directory, postcode, day(on)), expected, "{postcode} on {on}");
}

fn check_succession(directory: &Directory, code: &str, home: Option<&str>, on: &str, expected: &str) {
    let found = match directory.responsible_for(Code::new(code).unwrap(), home, day(on)) {
        Ok(found) => found.place.map_or_else(|| found.body.to_string(), |place| format!("{}/{place}", found.body)),
        Err(why) => why.reason.to_owned(),
    };
    assert_eq!(found, expected, "{code} on {on}");
}

#[test]
fn postcodes_are_where_they_are() {
    let directory = shipped();
    for (postcode, on, expected) in [
        ("ME14 2AA", "2026-11-22", "E10000016 QKS/91Q RXY"),
        ("ME14 2AA", "2021-02-01", "E10000016 91Q/91Q RAT"),
        ("BN1 6AG", "2026-11-22", "E06000043 S9B9J/09D RX2"),
        ("BN1 6AG", "2025-11-22", "E06000043 QNX/09D RX2"),
        ("BN1 6AG", "2021-11-22", "E06000043 09D/09D RX2"),
        // Frimley's three parts.
        ("SL1 1LN", "2026-03-31", "E06000039 QNQ/D4U1Y RWX"),
        ("SL1 1LN", "2026-04-01", "E06000039 S0E4D/U2G6B RWX"),
        ("GU14 7JU", "2026-03-31", "E10000014 QNQ/D4U1Y RW1"),
        ("GU14 7JU", "2026-04-01", "E10000014 QRL/D9Y0V RW1"),
        ("GU15 3HD", "2026-04-01", "E10000030 S9B9J/92A RXX"),
        // Hampshire's change of provider.
        ("SO23 8UJ", "2024-01-31", "E10000014 QRL/D9Y0V RX2"),
        ("SO23 8UJ", "2024-02-01", "E10000014 QRL/D9Y0V RW1"),
    ] {
        check_postcode(&directory, postcode, on, expected);
    }
}

#[test]
fn old_codes_lead_to_today() {
    let directory = shipped();
    for (code, home, on, expected) in [
        ("00C", None, "2026-11-22", "QHM/16C"),
        ("99J", None, "2026-11-22", "QKS/91Q"),
        ("99J", None, "2018-05-01", "99J/99J"),
        ("10C", Some("GU15 3HD"), "2026-11-22", "S9B9J/92A"),
        ("D4U1Y", Some("SL1 1LN"), "2026-11-22", "S0E4D/U2G6B"),
        ("D4U1Y", Some("GU14 7JU"), "2026-11-22", "QRL/D9Y0V"),
        ("D4U1Y", None, "2026-03-31", "QNQ/D4U1Y"),
        ("D4U1Y", None, "2026-04-01", "ambiguous-succession"),
        ("QNX", None, "2026-04-01", "S9B9J"),
        ("QM7", None, "2026-04-01", "ambiguous-succession"),
    ] {
        check_succession(&directory, code, home, on, expected);
    }
}

/// Whatever commissioner a child's record names, today's answer is an open body or a question, never a closed one.
#[test]
fn no_commissioner_leads_to_a_closed_body() {
    let directory = shipped();
    let mut asked = 0;
    for on in ["2013-04-01", "2018-06-01", "2020-04-01", "2021-04-01", "2022-06-30", "2022-07-01", "2026-03-31", "2026-04-01", "2026-11-22"]
    {
        for organisation in directory.organisations() {
            if let Ok(found) = directory.responsible_for(organisation.code, None, day(on)) {
                let body = directory.organisation(found.body).unwrap();
                assert!(body.span().holds(day(on)), "{} on {on} leads to {}", organisation.code, body.code);
                asked += 1;
            }
        }
    }
    assert!(asked > 1500, "{asked}");
}

#[test]
fn every_authority_of_the_south_east_has_one_camhs_provider() {
    let directory = shipped();
    let authorities = [
        "E06000035",
        "E06000036",
        "E06000037",
        "E06000038",
        "E06000039",
        "E06000040",
        "E06000041",
        "E06000042",
        "E06000043",
        "E06000044",
        "E06000045",
        "E06000046",
        "E06000060",
        "E10000011",
        "E10000014",
        "E10000016",
        "E10000025",
        "E10000030",
        "E10000032",
    ];
    for on in ["2020-06-01", "2021-03-31", "2021-04-01", "2024-01-31", "2024-02-01", "2024-05-01", "2024-10-01", "2026-04-01", "2026-11-22"]
    {
        for authority in authorities {
            let code = Code::new(authority).unwrap();
            let found = directory.locate(Whereabouts { postcode: None, local_authority: Some(code) }, day(on));
            let provider = found.camhs.unwrap_or_else(|why| panic!("{authority} on {on}: {}", why.sentence));
            assert!(directory.organisation(provider).unwrap().span().holds(day(on)), "{authority} on {on}: {provider} is closed");
            assert_eq!(found.authority, Ok(code), "{authority} on {on}");
        }
    }
}

#[test]
fn neighbours_adjoin_both_ways() {
    let directory = shipped();
    let adjoin = |one: &str, other: &str| directory.adjoin(Code::new(one).unwrap(), Code::new(other).unwrap());
    assert!(adjoin("E10000016", "E06000035") && adjoin("E06000035", "E10000016"));
    assert!(adjoin("E06000043", "E10000032"));
    assert!(!adjoin("E10000016", "E06000043"));
    assert!(!adjoin("E06000046", "E10000014"));
}

#[test]
fn working_days_leave_out_easter() {
    let calendar = shipped().calendar;
    assert_eq!(calendar.add(day("2026-04-02"), 5), day("2026-04-13"));
    assert_eq!(calendar.add(day("2026-04-02"), 10), day("2026-04-20"));
    assert_eq!(calendar.known_until(), Some(2028));
}
