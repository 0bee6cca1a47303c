//! The next return publishes what is new, changed or gone, and nothing else.

use super::{Desk, EXTRA, HEADER};
use std::fmt::Write;

const FIRST: &str = "1,01/05/2025,S,C2,N1,U4,PR4,20/08/2025,X1,CARPL,ME14 2AA,BN1 6AG,\n";
const SECOND: &str = "1,20/08/2025,P,C2,N1,K2,PR4,,,,ME14 2AA,SO14 7LY,\n";
const OTHER: &str = "2,01/06/2025,S,C2,N1,K2,PR4,,,,ME1 1EE,OX1 1BU,\n";

fn rows(rows: &[&str]) -> String {
    rows.concat()
}

#[test]
fn what_did_not_change_is_not_published() {
    let desk = Desk::new();
    assert_eq!(desk.import(&rows(&[FIRST, SECOND, OTHER])).summary.new, 3);
    let again = desk.import(&rows(&[FIRST, SECOND, OTHER]));
    assert_eq!((again.brief().len(), again.summary.unchanged), (0, 3));
    let sorted_otherwise = desk.import(&rows(&[OTHER, SECOND, FIRST]));
    assert_eq!(sorted_otherwise.brief().len(), 0);
}

#[test]
fn new_changed_and_deleted_episodes_are_published_once() {
    let desk = Desk::new();
    desk.import(&rows(&[FIRST, SECOND, OTHER]));
    let ended = "1,20/08/2025,P,C2,N1,K2,PR4,05/12/2025,X1,,ME14 2AA,SO14 7LY,\n";
    let third = "1,05/12/2025,P,C2,N1,K2,PR4,,,,ME14 2AA,OX1 1BU,\n";
    let next = rows(&[FIRST, ended, third]);
    let expected = [
        "1-20250820 v2 active CP-1-20250501 2025-12-05",
        "1-20251205 v1 active CP-1-20250501 -",
        "2-20250601 v2 cancelled CP-2-20250601 -",
    ];
    let published = desk.import(&next);
    assert_eq!(published.brief(), expected);
    assert_eq!((published.summary.new, published.summary.updated, published.summary.cancelled, published.summary.unchanged), (1, 1, 1, 1));
    assert_eq!(desk.import(&next).brief().len(), 0);
    let back = desk.import(&rows(&[&next, OTHER]));
    assert_eq!(back.brief(), ["2-20250601 v3 active CP-2-20250601 -"], "a cancelled placement comes back as its next version");
    let within = desk.import(&rows(&[FIRST, third, OTHER]));
    assert_eq!(within.brief(), ["1-20250820 v3 cancelled CP-1-20250501 2025-12-05"]);
}

#[test]
fn what_is_said_of_the_child_is_told_with_its_latest_placement_only() {
    let desk = Desk::new();
    desk.import(&rows(&[FIRST, SECOND]));
    let known = EXTRA.replace("1,Ada,Example,yes", "1,Adah,Example,yes");
    let renamed = desk.import_with(&rows(&[FIRST, SECOND]), HEADER, &known);
    assert_eq!(renamed.brief(), ["1-20250820 v2 active CP-1-20250501 -"]);
    let left = "1,20/08/2025,P,C2,N1,K2,PR4,05/12/2025,E4A,,ME14 2AA,SO14 7LY,\n";
    let left = desk.import_with(&rows(&[FIRST, left]), HEADER, &known);
    assert_eq!(left.brief(), ["1-20250820 v3 active CP-1-20250501 2025-12-05"]);
    assert_eq!(left.documents[0]["carePeriod"]["endReason"], "E4A");
}

#[test]
fn a_child_that_is_left_out_this_time_keeps_its_placements() {
    let desk = Desk::new();
    desk.import(&rows(&[FIRST, SECOND]));
    let unreadable = "1,soon,P,C2,N1,K2,PR4,,,,ME14 2AA,SO14 7LY,\n";
    assert_eq!(desk.import(&rows(&[FIRST, unreadable])).brief().len(), 0);
    let unknown = "1,20/08/2025,P,C2,N1,U7,PR4,,,,ME14 2AA,SO14 7LY,\n";
    assert_eq!(desk.import(&rows(&[FIRST, unknown])).brief().len(), 0, "a row that is left out was not deleted");
    assert_eq!(desk.import(&rows(&[FIRST, SECOND])).brief().len(), 0);
}

#[test]
fn the_next_years_return_does_not_delete_what_ended_before_it() {
    let mut desk = Desk::new();
    desk.import(&rows(&[FIRST, SECOND, OTHER]));
    desk.options.year = Some(2027);
    let third = "1,05/05/2026,P,C2,N1,K2,PR4,,,,ME14 2AA,OX1 1BU,\n";
    let closed = "1,20/08/2025,P,C2,N1,K2,PR4,05/05/2026,X1,,ME14 2AA,SO14 7LY,\n";
    let next = desk.import(&rows(&[closed, third]));
    let expected = ["1-20250820 v2 active CP-1-20250501 2026-05-05", "1-20260505 v1 active CP-1-20250501 -"];
    assert_eq!(next.brief(), expected, "the care period is known from the return before");
    assert_eq!(next.findings, ["taken  gone-and-kept"], "child 2 had not ended, and is not there: a person must look");
    assert_eq!(next.documents[1]["carePeriod"]["origin"]["homePostcode"], "ME14 2AA");
    desk.options.year = Some(2026);
    let files = [desk.file("episodes.csv", &format!("{}{FIRST}", super::EPISODES)), desk.file("header.csv", HEADER)];
    let said = desk.import_files(&files, &desk.file("extra.csv", EXTRA)).err().unwrap();
    assert!(said.contains("2026-27") && said.contains("oldest first"), "{said}");
}

#[test]
fn half_a_file_cancels_nobody() {
    let mut desk = Desk::new();
    let (mut all, mut header, mut extra) =
        (String::new(), "CHILD,SEX,DOB\n".to_owned(), "child,given_name,family_name,planned\n".to_owned());
    for child in 100..140 {
        writeln!(all, "{child},01/05/2025,S,C2,N1,U4,PR4,,,,ME14 2AA,BN1 6AG,").unwrap();
        writeln!(header, "{child},F,09/04/2012").unwrap();
        writeln!(extra, "{child},Ada,Example,yes").unwrap();
    }
    desk.import_with(&all, &header, &extra);
    let half: String = all.lines().take(20).fold(String::new(), |text, line| text + line + "\n");
    let cut = desk.import_with(&half, &header, &extra);
    assert_eq!((cut.brief().len(), cut.summary.children_not_cancelled), (0, 20));
    desk.options.cancel_many = true;
    assert_eq!(desk.import_with(&half, &header, &extra).summary.cancelled, 20);
    assert_eq!(desk.import_with(&half, &header, &extra).summary.cancelled, 0);
}

#[test]
fn the_same_import_makes_the_same_documents() {
    let (one, two) = (Desk::new(), Desk::new());
    assert_eq!(one.import(FIRST).documents, two.import(FIRST).documents);
}

#[test]
fn a_state_file_that_was_changed_is_refused_with_a_sentence() {
    let desk = Desk::new();
    desk.import(&rows(&[FIRST, SECOND, OTHER]));
    let sound = std::fs::read(desk.state()).unwrap();
    assert!(!sound.windows(3).any(|three| three == b"Ada" || three == b"BN1"), "sealed");
    let files = [desk.folder.path().join("episodes.csv"), desk.folder.path().join("header.csv")];
    let extra = desk.folder.path().join("extra.csv");
    let refused = |changed: &[u8]| {
        std::fs::write(desk.state(), changed).unwrap();
        desk.import_files(&files, &extra).err().expect("refused")
    };
    for at in (0..sound.len()).step_by(7) {
        let mut changed = sound.clone();
        changed[at] ^= 1;
        let said = refused(&changed);
        assert!(said.contains("state.903") && (said.contains("changed") || said.contains("key")), "byte {at}: {said}");
    }
    let said = refused(&sound[..sound.len() - 1]);
    assert!(said.contains("cut short") && said.contains("backup"), "{said}");
    assert!(refused(&[&sound[..], b"x"].concat()).contains("changed"));
    std::fs::write(desk.state(), &sound).unwrap();
    assert_eq!(desk.import_files(&files, &extra).unwrap().brief().len(), 0);
    let mut other = Desk::new();
    other.options.authority = domain::Code::new("E06000035").unwrap();
    std::fs::copy(desk.state(), other.state()).unwrap();
    let said = other.import_files(&files, &extra).err().unwrap();
    assert!(said.contains("E10000016") && said.contains("E06000035"), "{said}");
}
