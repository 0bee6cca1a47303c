//! Published postcode directories become an index, whatever they call their columns, and what is odd about them is told.

use super::{day, shipped_folder};
use domain::Code;
use domain::postcode::{Postcode, PostcodeIndex};
use placement_hub::directory::Mistakes;
use placement_hub::directory::import::{Codes, Import, Imported, import_postcodes};
use std::sync::LazyLock;

static CODES: LazyLock<Codes> = LazyLock::new(|| Codes::read(shipped_folder()).unwrap_or_else(|mistakes| panic!("{mistakes}")));

const HEADER_2021: &str = "pcd,pcds,dointr,doterm,laua,ctry,ccg,stp";
const HEADER_2026: &str = "pcd7,pcd8,pcds,dointr,doterm,lad26cd,ctry26cd,sicbl26cd,icb26cd";

fn import_bytes(bytes: &[u8], from: &str, keep: Option<&PostcodeIndex>) -> Result<Imported, Mistakes> {
    import_postcodes(bytes, &Import { name: "t.csv", codes: &CODES, from: day(from), keep })
}

fn import(rows: &[&str], from: &str, keep: Option<&PostcodeIndex>) -> (Imported, PostcodeIndex) {
    let text = rows.join("\n") + "\n";
    let imported = import_bytes(text.as_bytes(), from, keep).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let index = PostcodeIndex::read(imported.bytes.clone()).unwrap();
    (imported, index)
}

/// `district places ended`, `-` for none; empty for a postcode that is not in the index.
fn found(index: &PostcodeIndex, postcode: &str) -> String {
    let Some(area) = index.find(Postcode::parse(postcode).unwrap()) else { return String::new() };
    let places: Vec<&str> = area.places.iter().map(|place| place.as_ref().map_or("-", Code::as_str)).collect();
    let ended = area.ended.map_or_else(|| "-".to_owned(), |(year, month)| format!("{year}-{month:02}"));
    format!("{} {} {ended}", area.district, places.join("/"))
}

fn refused(bytes: &[u8], expected: &[&str]) {
    let found = import_bytes(bytes, "2026-04-01", None).unwrap_err().to_string();
    for expected in expected {
        assert!(found.contains(expected), "{expected}: {found}");
    }
}

#[test]
fn each_country_is_taken_as_far_as_the_rules_reach() {
    let (imported, index) = import(
        &[
            HEADER_2021,
            "ME142AA,ME14 2AA,198001,,E07000110,E92000001,E38000237,E54000032",
            "BN1 6AG,BN1 6AG,198001,202306,E06000043,E92000001,E38000021,E54000033",
            "LD1 5AA,LD1 5AA,198001,,W06000023,W92000004,W11000024,W99999999",
            "DG1 1YR,DG1 1YR,200406,,S12000006,S92000003,S03000005,S99999999",
            "BT1 1AA,BT1 1AA,200406,,N09000003,N92000002,ZC010,N99999999",
            "JE2 3AB,JE2 3AB,200406,,L99999999,L93000001,L99999999,L99999999",
            "IM1 1AA,IM1 1AA,200406,,M99999999,M83000003,M01000001,M99999999",
        ],
        "2021-04-01",
        None,
    );
    assert_eq!(found(&index, "ME14 2AA"), "E07000110 91Q -");
    assert_eq!(found(&index, "BN1 6AG"), "E06000043 09D 2023-06");
    assert_eq!(found(&index, "LD1 5AA"), "W06000023 W11000024 -");
    assert_eq!(found(&index, "DG1 1YR"), "S12000006 - -");
    assert_eq!(found(&index, "JE2 3AB"), "L99999999 - -");
    assert_eq!(found(&index, "IM1 1AA"), "M99999999 - -");
    assert_eq!(found(&index, "BT1 1AA"), "");
    let summary = imported.summary;
    assert_eq!((summary.rows, summary.postcodes, summary.ended, summary.northern_ireland_left_out), (7, 6, 1, 1));
    assert_eq!((summary.findings.total, summary.bytes), (0, imported.bytes.len()));
    let countries: Vec<String> = summary.countries.iter().map(|(country, rows)| format!("{country} {rows}")).collect();
    assert_eq!(countries, ["Channel Islands 1", "England 2", "Isle of Man 1", "Scotland 1", "Wales 1"]);
}

#[test]
fn a_later_edition_reads_the_same() {
    let (_, index) =
        import(&[HEADER_2026, "ME142AA,ME14 2AA,ME14 2AA,198001,,E07000110,E92000001,E38000237,E54000032"], "2026-04-01", None);
    assert_eq!(found(&index, "ME14 2AA"), "E07000110 91Q -");
}

#[test]
fn marks_quotes_and_line_ends_do_not_matter() {
    let text =
        format!("\u{feff}\"pcd\",{}\r\n\"ME142AA\",\" ME14  2AA \",198001,,\"E07000110\",E92000001,\"E38000237\",\r\n", &HEADER_2021[4..]);
    let imported = import_bytes(text.as_bytes(), "2021-04-01", None).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let index = PostcodeIndex::read(imported.bytes).unwrap();
    assert_eq!(found(&index, "ME14 2AA"), "E07000110 91Q -");
    assert_eq!(imported.summary.findings.total, 0);
}

#[test]
fn what_is_odd_is_counted_and_told_with_its_line() {
    let (imported, index) = import(
        &[
            HEADER_2026,
            "x,x,ME14,198001,,E07000110,E92000001,E38000237,",
            "x,x,ME14 2AA,198001,,E07009999,E92000001,E38000237,",
            "x,x,ME14 2AB,198001,,E07000110,E92000001,E38009999,",
            "x,x,ME14 2AD,198001,200613,E07000110,E92000001,E38000237,",
            "x,x,ME14 2AE,200705,200612,E07000110,E92000001,E38000237,",
            "x,x,ME14 2AF,198001,199912,,E92000001,E38000237,",
            "x,x,ME14 2AG,198001,,E07000110,E92000001,E38000237,E54000034",
            "x,x,LD1 5AA,198001,,W06009999,W92000004,W11000024,",
            "x,x,ME14 2AH,198001",
        ],
        "2026-04-01",
        None,
    );
    let told: Vec<String> = imported.summary.findings.shown.iter().map(|shown| format!("{}: {}", shown.line, shown.what)).collect();
    let begin = [
        "2: no postcode",
        "3: the district E07009999 is not in districts.csv",
        "4: no commissioner in commissioners.csv has the code `E38009999`",
        "5: its month of termination is not yyyymm",
        "6: it ended before it was introduced",
        "7: no district",
        "8: the place and its board here, 91Q E54000034",
        "9: the authority W06009999 is not in authorities.csv",
        "10: another number of fields",
    ];
    assert_eq!(told.len(), begin.len(), "{told:#?}");
    for (told, begin) in told.iter().zip(begin) {
        assert!(told.starts_with(begin), "{told}");
    }
    assert_eq!((imported.summary.findings.total, imported.summary.findings.groups.len()), (9, 9));
    assert_eq!(found(&index, "ME14 2AB"), "E07000110 - -");
    assert_eq!(found(&index, "ME14 2AE"), "E07000110 91Q 2006-12");
    assert_eq!(found(&index, "ME14 2AG"), "E07000110 91Q -");
    assert_eq!(index.len(), 4);
}

#[test]
fn many_findings_are_all_counted_and_few_told() {
    let mut rows = vec![HEADER_2026, "x,x,ME14 2AA,198001,,E07000110,E92000001,E38000237,"];
    rows.resize(52, "x,x,?,198001,,E07000110,E92000001,E38000237,");
    let findings = import(&rows, "2026-04-01", None).0.summary.findings;
    assert_eq!((findings.total, findings.shown.len(), findings.groups[0].rows, findings.groups[0].first_line), (50, 20, 50, 3));
}

#[test]
fn a_repeated_postcode_counts_once_and_a_contradicted_one_not_at_all() {
    let rows = [
        HEADER_2026,
        "x,x,ME14 2AA,198001,,E07000110,E92000001,E38000237,",
        "x,x,ME14 2AB,198001,,E07000110,E92000001,E38000237,",
        "x,x,me142aa,198001,,E07000110,E92000001,E38000237,",
        "x,x,ME14 2AB,198001,,E07000111,E92000001,E38000237,",
    ];
    let (imported, index) = import(&rows, "2026-04-01", None);
    assert_eq!((found(&index, "ME14 2AA").as_str(), found(&index, "ME14 2AB").as_str()), ("E07000110 91Q -", ""));
    let lines: Vec<u64> = imported.summary.findings.shown.iter().map(|shown| shown.line).collect();
    assert_eq!(lines, [4, 5]);
}

#[test]
fn editions_in_turn_make_one_index() {
    let (_, first) = import(
        &[
            HEADER_2021,
            "x,GU14 7JF,198001,,E07000092,E92000001,E38000252,",
            "x,GU14 7JG,198001,,E07000092,E92000001,E38000252,",
            "x,GU14 7JH,198001,,E07000092,E92000001,E38000252,",
        ],
        "2021-04-01",
        None,
    );
    let newer = [
        HEADER_2026,
        "x,x,GU14 7JF,198001,,E07000092,E92000001,E38000266,",
        "x,x,GU14 7JG,198001,202502,E07000092,E92000001,E38000266,",
        "x,x,ME14 2AA,202501,,E07000110,E92000001,E38000237,",
    ];
    let (imported, both) = import(&newer, "2026-04-01", Some(&first));
    assert_eq!(both.epochs(), [day("2021-04-01"), day("2026-04-01")]);
    assert_eq!(found(&both, "GU14 7JF"), "E07000092 D4U1Y/D9Y0V -");
    assert_eq!(found(&both, "GU14 7JG"), "E07000092 D4U1Y/D9Y0V 2025-02");
    // Only the older edition has it: nothing is guessed for the newer date.
    assert_eq!(found(&both, "GU14 7JH"), "E07000092 D4U1Y/- -");
    assert_eq!(imported.summary.only_before, 1);
    // New: before its own date it stands for what it is now, and succession is followed backwards.
    assert_eq!(found(&both, "ME14 2AA"), "E07000110 91Q/91Q -");

    // The same edition again changes nothing; an older one only adds its own date.
    let (again, _) = import(&newer, "2026-04-01", Some(&both));
    assert_eq!(again.bytes, imported.bytes);
    let (_, three) = import(&[HEADER_2021, "x,GU14 7JF,198001,,E07000091,E92000001,E38000118,"], "2020-04-01", Some(&both));
    assert_eq!(found(&three, "GU14 7JF"), "E07000092 99M/D4U1Y/D9Y0V -");
    assert_eq!(found(&three, "GU14 7JG"), "E07000092 -/D4U1Y/D9Y0V 2025-02");
}

#[test]
fn what_is_no_such_file_is_refused_whole() {
    refused(b"", &["t.csv: it is empty"]);
    refused(b"PK\x03\x04rest", &["it is a zip archive"]);
    refused(b"\xff\xfep\0c\0d\0s\0", &["it is UTF-16"]);
    refused(b"pc\0ds", &["it is no text"]);
    refused(
        b"postcode,district\nME14 2AA,E07000110\n",
        &["t.csv:1: there is no column for the postcode", "local authority district", "the country"],
    );
    refused(HEADER_2026.as_bytes(), &["none of its 0 rows could be used"]);
    let wrong_column = format!("{HEADER_2026}\nx,x,Maidstone,198001,,E07000110,E92000001,E38000237,\n");
    refused(wrong_column.as_bytes(), &["none of its 1 rows could be used", "no postcode: left out (first in line 2)"]);
    // Latin-1 where nobody looks is nobody's concern.
    let latin = [HEADER_2021.as_bytes(), b"\n\xe9,ME14 2AA,198001,,E07000110,E92000001,E38000237,\n"].concat();
    assert!(import_bytes(&latin, "2021-04-01", None).is_ok());
}

/// Where PLACEMENT_HUB_REFERENCE names a folder with `nspl_nov2021_sample.csv`: rows as they were published.
#[test]
fn published_rows_are_read() {
    let Some(folder) = std::env::var_os("PLACEMENT_HUB_REFERENCE") else { return };
    let path = std::path::Path::new(&folder).join("nspl_nov2021_sample.csv");
    let bytes = std::fs::read(&path).unwrap();
    let imported = import_bytes(&bytes, "2021-04-01", None).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let index = PostcodeIndex::read(imported.bytes).unwrap();
    let mut rows = csv::Reader::from_reader(&bytes[..]);
    let header = rows.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (postcode, ended, district, country, place) = (at("pcds"), at("doterm"), at("laua"), at("ctry"), at("ccg"));
    let codes = std::fs::read_to_string(shipped_folder().join("commissioners.csv")).unwrap();
    let (mut read, mut english) = (0, 0);
    for row in rows.records() {
        let row = row.unwrap();
        read += 1;
        if row[district].is_empty() {
            assert_eq!(found(&index, &row[postcode]), "");
            continue;
        }
        let area = index.find(Postcode::parse(&row[postcode]).unwrap()).unwrap_or_else(|| panic!("row {read} is not found"));
        assert_eq!(area.district.as_str(), &row[district]);
        assert_eq!(area.ended.map(|(year, month)| format!("{year}{month:02}")).unwrap_or_default(), row[ended]);
        if row[country].starts_with('E') {
            english += 1;
            let place_here = area.places[0].unwrap().to_string();
            let line = codes.lines().find(|line| line.contains(&row[place])).unwrap();
            assert!(line.starts_with(&(place_here + ",")), "row {read}");
        }
    }
    assert_eq!((read, imported.summary.rows), (1_829, 1_829));
    assert!(english > 600, "{english}");
}
