//! `directory import-postcodes`, `import-ods` and `diff`, as the program itself.

use super::broken::{append, copy};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A folder with settings, and a directory in it.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::rename(copy().keep(), folder.path().join("directory")).unwrap();
        fs::write(folder.path().join("hub.toml"), "[directory]\npath = \"directory\"\n").unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).unwrap();
        self.path(name).display().to_string()
    }

    /// Exit code, what it printed, what it said.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_placement-hub"));
        command.arg("--config").arg(self.path("hub.toml")).arg("directory").args(arguments).stdin(std::process::Stdio::null());
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let (code, printed, said) = self.run(arguments);
        assert_eq!(code, 0, "{said}");
        serde_json::from_str(&printed).unwrap()
    }
}

const ROWS: &str = "pcds,dointr,doterm,lad26cd,ctry26cd,sicbl26cd,icb26cd\n\
    LS1 4AP,198001,,E08000035,E92000001,X2C4Y,\n\
    ME14 2AA,198001,202603,E07000110,E92000001,E38000237,\n\
    ME14 2AB,198001,,E07009999,E92000001,E38000237,\n";

#[test]
fn a_published_file_becomes_the_directorys_index() {
    let desk = Desk::new();
    let file = desk.write("ONSPD_MAY_2026_UK.csv", ROWS);
    let summary = desk.json(&["import-postcodes", &file, "--json"]);
    assert_eq!((&summary["rows"], &summary["postcodes"], &summary["dates"][0]), (&3.into(), &2.into(), &"2026-05-01".into()));
    assert_eq!(summary["findings"]["shown"][0]["line"], 4);
    let found = desk.json(&["lookup", "LS1 4AP", "--on", "2026-06-01", "--json"]);
    assert_eq!((&found["authority"]["code"], &found["place"]["code"]), (&"E08000035".into(), &"X2C4Y".into()));
    let ended = desk.json(&["lookup", "ME14 2AA", "--on", "2026-06-01", "--json"]);
    assert_eq!(ended["authority"]["reason"], "ended-postcode");
    assert_eq!(fs::read_dir(desk.path("directory")).unwrap().filter(|entry| is_left_over(&entry.as_ref().unwrap().path())).count(), 0);
}

fn is_left_over(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

#[test]
fn what_is_there_may_be_kept_and_another_file_written() {
    let desk = Desk::new();
    let (file, out) = (desk.write("rows.csv", ROWS), desk.path("new.postcodes").display().to_string());
    let (code, _, said) = desk.run(&["import-postcodes", &file, "--keep"]);
    assert!(code == 1 && said.contains("--edition 2026-05"), "{said}");
    let (code, printed, said) = desk.run(&["import-postcodes", &file, "--keep", "--from", "2026-04-01", "--out", &out]);
    assert_eq!(code, 0, "{said}");
    assert!(printed.contains("commissioners from 2020-04-01, 2021-04-01, 2023-04-01, 2026-04-01"), "{printed}");
    assert!(printed.contains("the district E07009999 is not in districts.csv"), "{printed}");
    let (older, newer) = (fs::read(desk.path("directory/south-east.postcodes")).unwrap(), fs::read(&out).unwrap());
    assert!(older != newer && newer.len() > 900_000);
}

#[test]
fn a_file_without_its_columns_writes_nothing() {
    let desk = Desk::new();
    let index = desk.path("directory/south-east.postcodes");
    let before = fs::read(&index).unwrap();
    let file = desk.write("NSPL_MAY_2026_UK.csv", "postcode,district\nME14 2AA,E07000110\n");
    let (code, _, said) = desk.run(&["import-postcodes", &file]);
    assert!(code == 1 && said.contains("there is no column for the country") && said.contains("nothing was written"), "{said}");
    assert_eq!(fs::read(&index).unwrap(), before);
}

const CLOSED: &str = r#"{"Organisation":{"Name":"ANY","Date":[{"Type":"Operational","Start":"2006-04-01","End":"2026-09-30"}],
    "OrgId":{"extension":"RXY"},"Status":"Inactive","Succs":{"Succ":{"Type":"Successor","Date":{"Type":"Legal","Start":"2026-10-01"},
    "Target":{"OrgId":{"extension":"RX2"}}}}}}"#;

#[test]
fn records_are_shown_before_they_are_written() {
    let desk = Desk::new();
    let file = desk.write("RXY.json", CLOSED);
    let succession = desk.path("directory/succession.csv");
    let before = fs::read_to_string(&succession).unwrap();
    let (code, printed, said) = desk.run(&["import-ods", &file]);
    assert_eq!(code, 0, "{said}");
    assert!(printed.contains("~ providers.csv: RXY: to: `` -> `2026-09-30`") && printed.contains("+ succession.csv: RXY RX2 2026-10-01"));
    assert!(said.contains("nothing was written; --yes writes"), "{said}");
    assert_eq!(fs::read_to_string(&succession).unwrap(), before);

    let shown = desk.json(&["import-ods", &file, "--json"]);
    assert_eq!((&shown["written"], shown["changes"].as_array().unwrap().len()), (&false.into(), 2));
    let written = desk.json(&["import-ods", &file, "--yes", "--json"]);
    assert_eq!(written["written"], true);
    assert!(fs::read_to_string(&succession).unwrap().contains("\nRXY,RX2,2026-10-01,whole,\n"));
    let (code, _, said) = desk.run(&["import-ods", &file, "--yes"]);
    assert!(code == 0 && said.contains("nothing changes"), "{said}");
}

#[test]
fn records_that_break_the_directory_are_refused_and_so_is_what_is_none() {
    let desk = Desk::new();
    let orphan = CLOSED.split(",\"Succs\"").next().unwrap().to_owned() + "}}";
    let (good, bad) = (desk.write("RXY.json", &orphan), desk.write("page.json", "<html>"));
    let (code, _, said) = desk.run(&["import-ods", &good, "--yes"]);
    assert!(
        code == 3 && said.contains("RXY has closed and has no line in succession.csv") && said.contains("nothing was written"),
        "{said}"
    );
    let (code, _, said) = desk.run(&["import-ods", &good, &bad, "--yes"]);
    assert!(code == 1 && said.contains("page.json: it is no organisation record"), "{said}");
}

#[test]
fn two_folders_are_compared_without_touching_either() {
    let desk = Desk::new();
    let other = copy();
    append(other.path(), "bank-holidays.csv", "2027-06-07,An extra day\n");
    let path = other.path().display().to_string();
    let (code, printed, said) = desk.run(&["diff", &path]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(printed.lines().next(), Some("+ bank holiday 2027-06-07: a bank holiday"), "{printed}");
    assert_eq!(desk.json(&["diff", &path, "--json"])["changes"][0]["how"], "added");
    append(other.path(), "bank-holidays.csv", "someday,An extra day\n");
    let (code, _, said) = desk.run(&["diff", &path]);
    assert!(code == 3 && said.contains("bank-holidays.csv:"), "{said}");
}
