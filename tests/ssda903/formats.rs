//! The same return in any of its forms: CSV, XML, the layouts of other years.

use super::{Desk, EXTRA, HEADER, fixture};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[test]
fn xml_and_csv_of_one_return_make_the_same_documents() {
    let (csv, xml) = (Desk::new(), Desk::new());
    let csv = csv.import_files(&[fixture("episodes.csv"), fixture("header.csv")], &fixture("extra.csv")).unwrap();
    let xml = xml.import_files(&[fixture("return.xml")], &fixture("extra.csv")).unwrap();
    assert_eq!(csv.documents, xml.documents);
    assert_eq!((csv.documents.len(), csv.findings, csv.summary), (5, xml.findings, xml.summary));
}

#[test]
fn columns_stand_in_any_order_and_under_any_years_name() {
    let usual = Desk::new().import("1,01/05/2025,S,C2,N1,U4,PR4,,,,ME14 2AA,BN1 6AG,\n");
    let desk = Desk::new();
    let episodes = "\u{feff}pl_post,PL,RNE,LS,DEC,REC,DECOM,PLACE_PROVIDER,HOME_POST,CHILDID,PL_DISTANCE\nBN1 6AG,U4,S,C2,,,2025-05-01,PR4,ME14 2AA,1,12.5\n";
    let files = [desk.file("e.csv", episodes), desk.file("h.csv", "DOB,GENDER,CHILD\n09/04/2012,2,1\n")];
    let other = desk.import_files(&files, &desk.file("x.csv", EXTRA)).unwrap();
    assert_eq!(usual.documents[0]["placement"], other.documents[0]["placement"]);
    assert_eq!(usual.documents[0]["child"], other.documents[0]["child"]);
}

#[test]
fn the_authority_of_a_place_and_confidential_places() {
    for (area, authority, withheld) in [("E06000043", "E06000043", false), ("CON", "", true), ("WAL", "", false), ("E07000224", "", false)]
    {
        let desk = Desk::new();
        let episodes =
            format!("CHILD,DECOM,RNE,LS,PLACE,PLACE_PROVIDER,DEC,REC,PL_POST,PL_LA\n1,01/05/2025,S,C2,U4,PR4,,,BN1 6AG,{area}\n");
        let files = [desk.file("e.csv", &episodes), desk.file("h.csv", HEADER)];
        let imported = desk.import_files(&files, &desk.file("x.csv", EXTRA)).unwrap();
        let placement = &imported.documents[0]["placement"];
        assert_eq!(
            (placement["localAuthority"].as_str().unwrap_or_default(), &placement["addressWithheld"]),
            (authority, &withheld.into())
        );
    }
}

#[test]
fn files_that_are_no_return_are_refused_with_a_sentence() {
    let desk = Desk::new();
    let extra = desk.file("x.csv", EXTRA);
    let header = desk.file("h.csv", HEADER);
    let refused = |files: &[PathBuf], extra: &Path| desk.import_files(files, extra).err().unwrap();
    assert!(refused(std::slice::from_ref(&header), &extra).contains("give one file of episodes"));
    assert!(refused(&[desk.file("e.csv", "CHILD,DECOM,RNE\n")], &extra).contains("no column LS, PLACE, PLACE_PROVIDER, DEC, REC"));
    assert!(refused(&[desk.file("e.xml", "<OTHER/>")], &extra).contains("not an SSDA903 return"));
    assert!(refused(&[desk.file("e.csv", &"x".repeat(100_000))], &extra).contains("longer than"));
    assert!(refused(&[desk.folder.path().join("none.csv")], &extra).contains("none.csv"));
    let said = refused(
        &[fixture("episodes.csv"), header],
        &desk.file("x.csv", "child,nhs_number,planned,given,care_plan_title\n1,9990000019,perhaps,Ada,Plan\n1,,,,\n"),
    );
    for what in [
        "x.csv:1: there is no column given",
        "x.csv:2: nhs_number",
        "x.csv:2: planned",
        "x.csv:2: a care plan",
        "x.csv:3: the child has another row",
    ] {
        assert!(said.contains(what), "{what}: {said}");
    }
}

/// Over the public synthetic returns, where a folder with them is named: every document is held against its contract.
#[test]
fn public_samples_make_sound_documents() {
    let Some(folder) = std::env::var_os("PLACEMENT_HUB_SSDA903").map(PathBuf::from) else { return };
    let xml = std::fs::read_to_string(folder.join("fake_903.xml")).unwrap();
    let in_xml = xml.split("<CHILDID>").skip(1).filter_map(|rest| rest.split('<').next().map(str::to_owned));
    let header = std::fs::read_to_string(folder.join("header.csv")).unwrap();
    let in_csv = header.lines().skip(1).filter_map(|line| line.split(',').next().map(str::to_owned));
    let all = |ids: BTreeSet<String>| {
        ids.iter().fold("child,given_name,family_name,planned\n".to_owned(), |text, id| text + id + ",Ada,Example,no\n")
    };
    for (files, ids, least) in
        [(vec!["episodes.csv", "header.csv"], in_csv.collect(), 4_900), (vec!["fake_903.xml"], in_xml.collect(), 400)]
    {
        let mut desk = Desk::new();
        desk.options.year = Some(2018);
        desk.options.care_start_from_first = true;
        let files: Vec<_> = files.iter().map(|file| folder.join(file)).collect();
        let extra = desk.file("extra.csv", &all(ids));
        let imported = desk.import_files(&files, &extra).unwrap();
        assert!(imported.documents.len() >= least, "{:?}", imported.summary);
        assert_eq!(imported.documents.len() as u64 + imported.summary.rows_left_out, imported.summary.episodes);
        assert_eq!(desk.import_files(&files, &extra).unwrap().documents.len(), 0);
    }
}
