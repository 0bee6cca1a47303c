//! Organisation records change the directory's files: only what they say, and only into a directory that is right.

use super::broken::copy;
use placement_hub::directory::ods::{Plan, Record, plan, read};
use std::fs;
use std::path::Path;

/// A record with its dates, and `sections` after them.
fn record(code: &str, name: &str, role: &str, from: &str, to: &str, sections: &str) -> String {
    let end = if to.is_empty() { String::new() } else { format!(r#","End":"{to}""#) };
    let status = if to.is_empty() { "Active" } else { "Inactive" };
    format!(
        r#"{{"Organisation":{{"Name":"{name}","Date":[{{"Type":"Operational","Start":"{from}"{end}}}],"OrgId":{{"extension":"{code}"}},
        "Status":"{status}","Roles":{{"Role":{{"id":"{role}","primaryRole":true}}}}{sections}}}}}"#
    )
}

fn succession(kind: &str, other: &str, on: &str) -> String {
    format!(
        r#","Succs":{{"Succ":{{"uniqueSuccId":7,"Date":[{{"Type":"Legal","Start":"{on}"}}],"Type":"{kind}","Target":{{"OrgId":{{"extension":"{other}"}}}}}}}}"#
    )
}

fn records(texts: &[String]) -> Vec<Record> {
    texts.iter().flat_map(|text| read(text).unwrap_or_else(|why| panic!("{why}"))).collect()
}

fn lines(plan: &Plan) -> Vec<String> {
    plan.changes.iter().map(ToString::to_string).collect()
}

fn row(folder: &Path, file: &str, begin: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap().lines().find(|line| line.starts_with(begin)).unwrap_or_default().to_owned()
}

#[test]
fn a_merger_stated_from_both_ends_is_one_edge() {
    let folder = copy();
    let before = fs::read_to_string(folder.path().join("providers.csv")).unwrap();
    let records = records(&[
        record("RXY", "SOME OTHER NAME", "RO197", "2006-04-01", "2026-09-30", &succession("Successor", "RZZ", "2026-10-01")),
        record("RZZ", "NEW COAST NHS TRUST", "RO197", "2026-10-01", "", &succession("Predecessor", "RXY", "2026-10-01")),
    ]);
    let found = plan(folder.path(), &records, false).unwrap();
    let shown = lines(&found);
    assert!(shown.contains(&"+ providers.csv: RZZ NEW COAST NHS TRUST 2026-10-01..".to_owned()), "{shown:#?}");
    assert!(shown.iter().any(|line| line.starts_with("~ providers.csv: RXY: ") && line.contains("to: `` -> `2026-09-30`")), "{shown:#?}");
    assert_eq!(shown.iter().filter(|line| line.contains("succession.csv")).collect::<Vec<_>>(), ["+ succession.csv: RXY RZZ 2026-10-01"]);
    assert!(found.notes.iter().any(|note| note.starts_with("RXY is ") && note.contains("the name stays")), "{:?}", found.notes);

    found.check(folder.path()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(fs::read_to_string(folder.path().join("providers.csv")).unwrap(), before, "looking changes nothing");
    found.write(folder.path()).unwrap();
    assert_eq!(row(folder.path(), "providers.csv", "RZZ"), "RZZ,NEW COAST NHS TRUST,2026-10-01,,");
    assert_eq!(row(folder.path(), "succession.csv", "RXY"), "RXY,RZZ,2026-10-01,whole,");
    // Whatever was not said stands as it stood, in its order.
    let after = fs::read_to_string(folder.path().join("providers.csv")).unwrap();
    let kept: Vec<&str> = after.lines().filter(|line| !line.starts_with("RZZ")).collect();
    assert!(kept.iter().zip(before.lines()).filter(|(after, before)| *after != before).all(|(after, _)| after.starts_with("RXY")));

    let again = plan(folder.path(), &records, false).unwrap();
    assert_eq!((lines(&again), again.files.len()), (Vec::new(), 0));
    let named = plan(folder.path(), &records, true).unwrap();
    assert!(lines(&named)[0].contains("-> `SOME OTHER NAME`"), "{:?}", lines(&named));
}

#[test]
fn a_split_leaves_parts() {
    let folder = copy();
    let split = |to: &str| {
        format!(r#"{{"Date":[{{"Type":"Legal","Start":"2026-10-01"}}],"Type":"Successor","Target":{{"OrgId":{{"extension":"{to}"}}}}}}"#)
    };
    let succs = format!(r#","Succs":{{"Succ":[{},{}]}}"#, split("RX2"), split("RXX"));
    let found = plan(folder.path(), &records(&[record("RXY", "ANY", "RO197", "2006-04-01", "2026-09-30", &succs)]), false).unwrap();
    found.check(folder.path()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    found.write(folder.path()).unwrap();
    let text = fs::read_to_string(folder.path().join("succession.csv")).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("RXY,")).collect();
    assert_eq!(rows, ["RXY,RX2,2026-10-01,part,", "RXY,RXX,2026-10-01,part,"]);
}

#[test]
fn practices_follow_their_commissioners() {
    let folder = copy();
    let serves = |place: &str, from: &str, to: &str| {
        let end = if to.is_empty() { String::new() } else { format!(r#","End":"{to}""#) };
        format!(r#"{{"id":"RE4","Date":[{{"Type":"Operational","Start":"{from}"{end}}}],"Target":{{"OrgId":{{"extension":"{place}"}}}}}}"#)
    };
    let rels = format!(
        r#","Rels":{{"Rel":[{},{},{}]}}"#,
        serves("99J", "2013-04-01", "2020-03-31"),
        serves("91Q", "2020-04-01", ""),
        serves("Q81", "2013-04-01", "2013-05-01")
    );
    let found = plan(folder.path(), &records(&[record("Z00001", "INVENTED SURGERY", "RO177", "1990-01-01", "", &rels)]), false).unwrap();
    assert_eq!(lines(&found), ["+ practices.csv: Z00001 99J 2013-04-01..2020-03-31", "+ practices.csv: Z00001 91Q 2020-04-01.."]);
    assert!(found.notes.iter().any(|note| note.contains("Q81, which is no place")), "{:?}", found.notes);
    found.check(folder.path()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    found.write(folder.path()).unwrap();
    assert_eq!(row(folder.path(), "practices.csv", "Z00001,91Q"), "Z00001,91Q,2020-04-01,,INVENTED SURGERY");
    // The row for people's eyes that was there is there still.
    assert!(row(folder.path(), "practices.csv", "G82014").contains("example row"));
}

#[test]
fn what_does_not_belong_is_noted_and_left_out() {
    let folder = copy();
    let found = plan(
        folder.path(),
        &records(&[
            record("ZZZ99", "A PHARMACY", "RO182", "2006-04-01", "", ""),
            record("RX2", "ANY", "RO197", "2006-04-01", "", &succession("Successor", "RXX", "2026-10-01")),
            record("RX2", "ANY", "RO197", "2006-04-01", "", &succession("Predecessor", "ZZ1", "2026-10-01")),
        ]),
        false,
    )
    .unwrap();
    let notes = found.notes.join("\n");
    for expected in [
        "ZZZ99 A PHARMACY is not in the directory and has the roles RO182",
        "RX2 was followed by RXX on 2026-10-01, but RX2 is open",
        "ZZ1 was followed by RX2 on 2026-10-01: not both are in",
    ] {
        assert!(notes.contains(expected), "{expected}: {notes}");
    }
    assert!(!lines(&found).iter().any(|line| line.contains("succession.csv")));
}

#[test]
fn what_would_break_the_directory_is_told_before_anything_is_written() {
    let folder = copy();
    // Closed, and nobody says what followed.
    let found = plan(folder.path(), &records(&[record("RXY", "ANY", "RO197", "2006-04-01", "2026-09-30", "")]), false).unwrap();
    let mistakes = found.check(folder.path()).unwrap_err().to_string();
    assert!(mistakes.contains("RXY has closed and has no line in succession.csv"), "{mistakes}");
    assert!(fs::read_dir(folder.path()).unwrap().all(|entry| !entry.unwrap().file_name().to_string_lossy().starts_with('.')));
}
