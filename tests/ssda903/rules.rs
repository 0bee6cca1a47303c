//! Each rule of the conversion: rows in, documents and findings out.

use super::{Desk, EXTRA, HEADER};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Rows of child 1: what is published (`id version status care-period endedOn`) and found (`scope row code`).
fn check(rows: &str, published: &[&str], found: &[&str]) {
    let imported = Desk::new().import(rows);
    assert_eq!(imported.brief(), published, "{rows}");
    assert_eq!(imported.findings, found, "{rows}");
}

const FIRST: &str = "1,01/05/2025,S,C2,N1,U4,PR4,20/08/2025,X1,CARPL,ME14 2AA,BN1 6AG,\n";
const FIRST_SENT: &str = "1-20250501 v1 active CP-1-20250501 2025-08-20";

/// [`FIRST`] and another row after it.
fn then(row: &str, published: &[&str], found: &[&str]) {
    check(&format!("{FIRST}{row}\n"), &[&[FIRST_SENT], published].concat(), found);
}

#[test]
fn s_begins_a_care_period_and_x1_goes_on() {
    then("1,20/08/2025,P,C2,N1,K2,PR4,,,,ME14 2AA,SO14 7LY,", &["1-20250820 v1 active CP-1-20250501 -"], &[]);
    then("1,20/08/2025,L,E1,N1,U4,PR4,,,,ME14 2AA,BN1 6AG,", &["1-20250820 v1 active CP-1-20250501 -"], &[]);
    check(
        "1,01/05/2025,S,C2,N1,U4,PR4,02/06/2025,E4A,,ME14 2AA,BN1 6AG,\n1,03/09/2025,S,C2,N1,U4,PR4,,,,ME1 1EE,BN1 6AG,\n",
        &["1-20250501 v1 active CP-1-20250501 2025-06-02", "1-20250903 v1 active CP-1-20250903 -"],
        &[],
    );
}

#[test]
fn contradictions_are_found_and_what_is_beyond_doubt_goes() {
    then("1,25/08/2025,P,C2,N1,K2,PR4,,,,ME14 2AA,SO14 7LY,", &["1-20250825 v1 active CP-1-20250501 -"], &["taken 3 gap"]);
    then("1,10/08/2025,P,C2,N1,K2,PR4,,,,ME14 2AA,SO14 7LY,", &["1-20250810 v1 active CP-1-20250501 -"], &["taken 3 overlap"]);
    then("1,20/08/2025,S,C2,N1,K2,PR4,,,,ME14 2AA,SO14 7LY,", &[], &["row-left-out 3 start-while-in-care"]);
    let left = "1,01/05/2025,S,C2,N1,U4,PR4,20/08/2025,E4A,,ME14 2AA,BN1 6AG,\n";
    check(
        &format!(
            "{left}1,20/08/2025,P,C2,N1,K2,PR4,01/09/2025,X1,,ME14 2AA,SO14 7LY,\n1,01/09/2025,P,C2,N1,K2,PR4,,,,ME14 2AA,SO14 7LY,\n"
        ),
        &[FIRST_SENT],
        &["row-left-out 3 continues-after-care-ended", "row-left-out 4 after-a-break"],
    );
    check(
        "1,01/05/2025,S,C2,N1,U4,PR4,,,,ME14 2AA,BN1 6AG,\n1,20/08/2025,P,C2,N1,K2,PR4,,,,ME14 2AA,SO14 7LY,\n",
        &["1-20250501 v1 active CP-1-20250501 -", "1-20250820 v1 active CP-1-20250501 -"],
        &["taken 3 open-in-the-middle"],
    );
    then(
        "1,20/08/2025,P,C2,N1,K2,PR4,,X1,,ME14 2AA,SO14 7LY,",
        &["1-20250820 v1 active CP-1-20250501 -"],
        &["taken 3 end-reason-without-day"],
    );
    then(
        "1,20/08/2025,P,C2,N1,K2,PR4,01/09/2025,,,ME14 2AA,SO14 7LY,",
        &["1-20250820 v1 active CP-1-20250501 2025-09-01"],
        &["taken 3 end-without-reason"],
    );
}

#[test]
fn rows_that_cannot_be_read_are_left_out_with_their_number() {
    for (row, code) in [
        ("1,20/08/2025,P,C2,N1,U7,PR4,,,,ME14 2AA,SO14 7LY,", "unknown-code"),
        ("1,20/08/2025,P,C9,N1,U4,PR4,,,,ME14 2AA,SO14 7LY,", "unknown-code"),
        ("1,20/08/2025,X,C2,N1,U4,PR4,,,,ME14 2AA,SO14 7LY,", "unknown-code"),
        ("1,20/08/2025,P,C2,N1,,PR4,,,,ME14 2AA,SO14 7LY,", "missing-code"),
        ("1,20/08/2025,P,C2,N1,U4,PR4,19/08/2025,X1,,ME14 2AA,SO14 7LY,", "ends-before-start"),
        ("1,20/08/2025,P,C2,N1,U4,PR4,soon,X1,,ME14 2AA,SO14 7LY,", "unreadable-day"),
        ("1,20/08/2025,P,C2,N1,U4,PR4,,,,ME14 2AA,,", "against-the-contract"),
    ] {
        then(row, &[], &[&format!("row-left-out 3 {code}")]);
    }
    then("1,20/08/2025,P,C2,N1,U4,PR9,,,,ME14 2AA,SO14 7LY,", &["1-20250820 v1 active CP-1-20250501 -"], &["taken 3 unknown-code"]);
    then("1,20/08/2025,P,C2,N1,Q1,PR4,,,,ME14 2AA,SO14 7LY,", &["1-20250820 v1 active CP-1-20250501 -"], &["taken 3 code-of-another-year"]);
    // Its place among the others is not known, so nothing is said of the child.
    check(
        &format!("{FIRST}1,soon,P,C2,N1,U4,PR4,,,,ME14 2AA,SO14 7LY,\n"),
        &[],
        &["row-left-out 3 unreadable-day", "child-left-out 2 unreadable-row"],
    );
    check(&format!("{FIRST}1,20/08/2025,P,C2\n"), &[], &["row-left-out 3 not-as-many-values", "child-left-out 2 unreadable-row"]);
}

#[test]
fn after_a_row_of_unknown_meaning_nothing_is_taken_until_care_begins_again() {
    let unknown = "1,20/08/2025,X,C2,N1,U4,PR4,01/09/2025,E4A,,ME14 2AA,SO14 7LY,";
    let goes_on = "1,01/09/2025,P,C2,N1,U4,PR4,02/09/2025,E4A,,ME14 2AA,SO14 7LY,";
    let again = "1,05/09/2025,S,C2,N1,U4,PR4,,,,ME14 2AA,SO14 7LY,";
    check(
        &format!("{FIRST}{unknown}\n{goes_on}\n{again}\n"),
        &[FIRST_SENT, "1-20250905 v1 active CP-1-20250905 -"],
        &["row-left-out 3 unknown-code", "row-left-out 4 continues-after-care-ended"],
    );
}

#[test]
fn placements_of_one_day_are_told_apart_and_a_repeated_row_is_one() {
    let short = "1,20/08/2025,P,C2,N1,K2,PR4,20/08/2025,X1,,ME14 2AA,SO14 7LY,";
    let open = "1,20/08/2025,P,C2,N1,U4,PR4,,,,ME14 2AA,OX1 1BU,";
    let published = ["1-20250820 v1 active CP-1-20250501 2025-08-20", "1-20250820-2 v1 active CP-1-20250501 -"];
    then(&format!("{open}\n{short}"), &published, &[]);
    then(&format!("{short}\n{open}\n{open}"), &published, &["row-left-out 5 repeated-row"]);
}

#[test]
fn care_that_began_before_the_return_needs_a_day() {
    let row = "1,20/08/2025,P,C2,N1,K2,PR4,,,,ME14 2AA,SO14 7LY,\n";
    check(row, &[], &["row-left-out 2 care-start-unknown", "child-left-out 2 no-row-taken"]);
    let mut desk = Desk::new();
    let extra = "child,given_name,family_name,planned,care_started_on\n1,Ada,Example,yes,01/02/2023\n";
    assert_eq!(desk.import_with(row, HEADER, extra).brief(), ["1-20250820 v1 active CP-1-20230201 -"]);
    desk = Desk::new();
    desk.options.care_start_from_first = true;
    assert_eq!(desk.import(row).brief(), ["1-20250820 v1 active CP-1-20250820 -"]);
}

#[test]
fn a_child_is_left_out_with_every_reason() {
    for (header, extra, found) in [
        (HEADER, "child,given_name,family_name,planned\n1,,Example,yes\n", "child-left-out 2 no-name"),
        ("CHILD,SEX,DOB\n2,F,09/04/2012\n", EXTRA, "child-left-out 2 not-in-header"),
        ("CHILD,SEX,DOB\n1,F,\n", EXTRA, "child-left-out 2 no-birth-date"),
        ("CHILD,SEX,DOB\n1,F,09/04/2012\n1,F,10/04/2012\n", EXTRA, "child-left-out 2 header-contradicts"),
    ] {
        let imported = Desk::new().import_with(FIRST, header, extra);
        assert_eq!((imported.brief().len(), imported.findings), (0, vec![found.to_owned()]));
        assert_eq!(imported.summary.children_left_out, 1);
    }
    let born_later = Desk::new().import_with(FIRST, "CHILD,SEX,DOB\n1,F,02/05/2025\n", EXTRA);
    assert_eq!(born_later.findings, ["row-left-out 2 against-the-contract", "child-left-out 2 no-row-taken"]);
}

#[test]
fn a_placement_is_planned_or_not_as_somebody_says() {
    let nothing = "child,given_name,family_name\n1,Ada,Example\n";
    let mut desk = Desk::new();
    let imported = desk.import_with(FIRST, HEADER, nothing);
    assert_eq!(imported.findings, ["row-left-out 2 planned-unknown", "child-left-out 2 no-row-taken"]);
    desk.options.planned = Some(false);
    assert_eq!(desk.import_with(FIRST, HEADER, nothing).documents[0]["placement"]["planned"], false);
    let own = "child,started_on,given_name,family_name,planned\n1,,Ada,Example,yes\n1,20/08/2025,,,no\n";
    let rows = format!(
        "{FIRST}1,20/08/2025,P,C2,N1,K2,PR4,01/10/2025,X1,,ME14 2AA,SO14 7LY,\n1,01/10/2025,L,E1,N1,K2,PR4,11/10/2025,X1,,ME14 2AA,SO14 7LY,\n\
         1,11/10/2025,P,E1,N1,K2,PR4,,,,ME14 2AA,OX1 1BU,\n"
    );
    let planned: Vec<_> =
        Desk::new().import_with(&rows, HEADER, own).documents.iter().map(|one| one["placement"]["planned"].clone()).collect();
    assert_eq!(planned, [true, false, false, true], "a change of legal status only is the same stay");
}

#[test]
fn a_document_says_what_the_return_and_the_extra_file_say() {
    let desk = Desk::new();
    let files = [super::fixture("episodes.csv"), super::fixture("header.csv")];
    let imported = desk.import_files(&files, &super::fixture("extra.csv")).unwrap();
    assert_eq!(imported.findings, Vec::<String>::new());
    assert_eq!(imported.documents.len(), 5);
    let third = &imported.documents[2];
    assert_eq!(
        third["child"],
        json!({ "localId": "104233", "nhsNumber": "9990000018", "givenName": "Ada", "familyName": "Example",
        "birthDate": "2012-04-09", "sex": "F" })
    );
    assert_eq!(
        third["carePeriod"],
        json!({ "id": "CP-104233-20250501", "startedOn": "2025-05-01", "endedOn": null, "endReason": null,
        "legalStatus": "E1", "origin": { "gpPractice": "G82014", "homePostcode": "ME14 2AA" } })
    );
    assert_eq!(
        third["placement"],
        json!({ "id": "104233-20251119", "version": 1, "status": "active", "startedOn": "2025-11-19",
        "endedOn": null, "endReason": null, "reasonForChange": "P", "type": "K2", "provider": "PR4", "planned": false,
        "expectedEndOn": null, "postcode": "SO14 7LY", "addressWithheld": false, "carer": "Example House" })
    );
    let second = &imported.documents[1]["placement"];
    assert_eq!((&second["reasonForChange"], &second["postcode"], &second["endReason"]), (&json!("L"), &json!("BN1 6AG"), &json!("X1")));
    let (left, back) = (&imported.documents[3]["carePeriod"], &imported.documents[4]["carePeriod"]);
    assert_eq!(
        (&left["endedOn"], &left["endReason"], &left["origin"]["commissioner"]),
        (&json!("2025-07-11"), &json!("E4A"), &Value::Null)
    );
    assert_eq!(back["origin"], json!({ "commissioner": "91Q", "homePostcode": "ME1 1EE" }), "evidence belongs to its own period");
    let sent: Vec<Timestamp> = imported.documents.iter().map(|one| one["sentAt"].as_str().unwrap().parse().unwrap()).collect();
    assert!(sent.windows(2).all(|pair| pair[0] < pair[1]), "the hub knows their order: {sent:?}");
}
