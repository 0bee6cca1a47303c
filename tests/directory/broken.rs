//! A directory with mistakes is refused, and all of them are told at once, each with its file and line.

use super::{RAILS, day, shipped_folder};
use crate::support::python::run;
use placement_hub::directory::{Sources, load, pack_postcodes};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const SIGNING_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A copy of the shipped folder.
pub(super) fn copy() -> TempDir {
    let folder = TempDir::new().unwrap();
    for entry in fs::read_dir(shipped_folder()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    folder
}

pub(super) fn append(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::write(&path, fs::read_to_string(&path).unwrap() + text).unwrap();
}

pub(super) fn replace(folder: &Path, file: &str, from: &str, to: &str) {
    let path = folder.join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
}

fn sources(folder: &Path) -> Sources<'_> {
    let environment = |name: &str| match name {
        "GOOD_SECRET" => Some(SIGNING_SECRET.to_owned()),
        "ODD_SECRET" => Some("sesame".to_owned()),
        _ => None,
    };
    Sources { environment, ..Sources::folder(folder, &RAILS, day("2026-11-22")) }
}

/// Mistakes without line numbers, each once, in order.
fn mistakes(folder: &Path) -> Vec<String> {
    let found = load(&sources(folder)).map(|_| ()).unwrap_err().0;
    assert!(
        found.iter().all(|mistake| mistake.line.is_some() || !mistake.file.ends_with(".csv") || mistake.what.contains("cannot be read"))
    );
    found.into_iter().map(|mistake| format!("{}: {}", mistake.file, mistake.what)).collect()
}

/// One change to one file causes one mistake that says `expected`.
fn check(file: &str, text: &str, expected: &str) {
    let folder = copy();
    append(folder.path(), file, text);
    let found = mistakes(folder.path());
    assert!(found.iter().any(|mistake| mistake.starts_with(file) && mistake.contains(expected)), "{text}: {found:#?}");
}

#[test]
fn rows_that_cannot_be_read_are_told() {
    check("camhs.csv", "E10000016,RX2,2012-13-01,,high,,\n", "from: a date is yyyy-mm-dd");
    check("camhs.csv", "E10000016,RX2,2012-03-01,2012-02-01,high,,\n", "`to` is before `from`");
    check("camhs.csv", "E10000016,RX2,2001-03-01,2001-04-01,perhaps,,\n", "confidence: it must be one of high, medium, low");
    check("camhs.csv", "E10000016,RX2\n", "the row has 2 fields, and the first line 7");
    check("authorities.csv", "e1,Name,county,,,,,\n", "code: an organisation code is");
    check("commissioners.csv", "ZZ1,Name,club,,,,\n", "kind: it must be one of place, body");
}

#[test]
fn rows_that_do_not_fit_are_told() {
    check("authorities.csv", "E10000016,Kent again,county,,,,,\n", "E10000016 is there already");
    check("authorities.csv", "E19999999,Other,county,,E08000016,,,\n", "E08000016 is there already");
    check("authorities.csv", "E19999999,Gone,county,,,,2020-03-31,\n", "E19999999 has closed and has no line in succession.csv");
    check("camhs.csv", "E10000016,RXX,2020-01-01,2020-02-01,high,,\n", "E10000016 overlaps line");
    check("camhs.csv", "E10000016,ZZZ,2001-01-01,2001-02-01,high,,\n", "ZZZ is not in providers.csv");
    check("camhs.csv", "E10000016,QKS,2001-01-01,2001-02-01,high,,\n", "QKS is a commissioner's body, and must be a provider");
    check("districts.csv", "E07000110,Maidstone,E06000035,,\n", "E07000110 overlaps line");
    check("commissioners.csv", "ZZ1,Name,place,,,,\n", "ZZ1 has no board on 2022-07-01");
    check("adjoining.csv", "E10000016,E06000035,land,\n", "are there already");
    check("succession.csv", "QKS,QRL,2026-04-01,whole,\n", "QKS is open");
    check("succession.csv", "00C,84H,2020-04-01,whole,\n", "00C has more than one successor, so each is a part");
    check("succession.csv", "00C,84H,2021-04-01,part,\n", "00C closed on 2020-03-31");
    check("succession.csv", "00C,ZZZ,2020-04-01,part,\n", "ZZZ is not in the directory");
}

#[test]
fn a_circle_of_successions_is_told() {
    let folder = copy();
    append(folder.path(), "providers.csv", "ZA1,One,2001-01-01,2005-03-31,\nZA2,Two,2001-01-01,2005-03-31,\n");
    append(folder.path(), "succession.csv", "ZA1,ZA2,2005-04-01,whole,\nZA2,ZA1,2005-04-01,whole,\n");
    assert!(mistakes(folder.path()).contains(&"succession.csv: the successions from ZA1 come back to it".to_owned()));
}

#[test]
fn a_place_without_a_board_is_told() {
    let folder = copy();
    replace(folder.path(), "parents.csv", "09D,S9B9J,2026-04-01,", "09D,S9B9J,2026-05-01,");
    assert_eq!(mistakes(folder.path()), ["commissioners.csv: 09D has no board on 2026-04-01 in parents.csv"]);
}

#[test]
fn every_file_is_needed_and_whole() {
    let folder = copy();
    fs::remove_file(folder.path().join("parents.csv")).unwrap();
    replace(folder.path(), "camhs.csv", "authority,provider", "authority,trust");
    let index = folder.path().join("south-east.postcodes");
    let mut bytes = fs::read(&index).unwrap();
    bytes.truncate(bytes.len() / 2);
    fs::write(&index, bytes).unwrap();
    let found = mistakes(folder.path());
    for expected in ["parents.csv: ", "camhs.csv: the first line must begin", "south-east.postcodes: its digest does not match"] {
        assert!(found.iter().any(|mistake| mistake.starts_with(expected)), "{expected}: {found:#?}");
    }
}

const ENDPOINT: &str = "
[[endpoint]]
organisation = \"E10000016\"
adapter = \"webhook\"
url = \"https://notices.example/\"
secret_env = [\"GOOD_SECRET\"]
";

#[test]
fn endpoints_are_checked_and_secrets_read() {
    let folder = copy();
    fs::create_dir(folder.path().join("secrets")).unwrap();
    fs::write(folder.path().join("secrets/new"), "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD\n").unwrap();
    append(folder.path(), "endpoints.toml", &(ENDPOINT.to_owned() + "secret_files = [\"secrets/new\"]\n"));
    let loaded = load(&sources(folder.path())).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let secrets: Vec<&str> = loaded.directory.endpoints()[0].secrets.iter().map(|secret| secret.0.as_str()).collect();
    assert_eq!(secrets, ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", SIGNING_SECRET]);
}

/// The endpoints that the file shows are right as they stand, once their secrets are there.
#[test]
fn the_example_endpoints_are_right() {
    let folder = copy();
    let written = fs::read_to_string(folder.path().join("endpoints.toml")).unwrap();
    let (_, examples) = written.split_once("\n\n").unwrap();
    let examples: String = examples.lines().map(|line| format!("{}\n", line.strip_prefix("# ").unwrap_or(line))).collect();
    fs::write(folder.path().join("endpoints.toml"), &examples).unwrap();
    fs::create_dir(folder.path().join("secrets")).unwrap();
    run(include_str!("../mesh/certificates.py"), &[folder.path().to_str().unwrap()], b"");
    for line in examples.lines().filter(|line| line.contains("secrets/")) {
        let name = line.split('"').nth(1).unwrap();
        let content = match name {
            "secrets/mesh.crt" => fs::read_to_string(folder.path().join("client.pem")).unwrap(),
            "secrets/mesh-client.key" => fs::read_to_string(folder.path().join("client.key")).unwrap(),
            _ => SIGNING_SECRET.to_owned(),
        };
        fs::write(folder.path().join(name), content).unwrap();
    }
    let environment = |_: &str| Some(SIGNING_SECRET.to_owned());
    let loaded = load(&Sources { environment, ..sources(folder.path()) }).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let mut rails: Vec<&str> = loaded.directory.endpoints().iter().map(|endpoint| endpoint.adapter.as_str()).collect();
    rails.sort_unstable();
    rails.dedup();
    assert_eq!(rails, ["email", "feed", "fhir", "mesh", "webhook"]);
}

/// Nobody acknowledges by default; who does, always or from a day on.
#[test]
fn an_endpoint_says_what_its_organisation_has_agreed_to() {
    let agreed = |line: &str| {
        let folder = copy();
        append(folder.path(), "endpoints.toml", &(ENDPOINT.to_owned() + line));
        load(&sources(folder.path())).map(|loaded| loaded.directory.endpoints()[0].agreed).map_err(|mistakes| mistakes.to_string())
    };
    let acknowledges = |line: &str| agreed(line).unwrap().acknowledges_from;
    assert_eq!((acknowledges(""), acknowledges("acknowledges = false\n")), (None, None));
    assert_eq!(acknowledges("acknowledges = true\n"), Some(jiff::civil::Date::MIN));
    assert_eq!(acknowledges("acknowledges = \"2026-12-01\"\n"), Some(jiff::civil::date(2026, 12, 1)));
    assert_eq!(agreed("heartbeat_minutes = 15\n").unwrap().heartbeat_minutes, Some(15));
    let folder = copy();
    append(folder.path(), "endpoints.toml", "[[endpoint]]\norganisation = \"QKS\"\nadapter = \"feed\"\nheartbeat_minutes = 15\n");
    assert!(mistakes(folder.path()).join("\n").contains("heartbeat_minutes: a feed has no heartbeat"));
    let wrong = agreed("acknowledges = \"soon\"\n").unwrap_err();
    assert!(wrong.contains("`acknowledges` must be true, false, or a date"), "{wrong}");
}

#[test]
fn all_mistakes_of_the_endpoints_are_told_at_once() {
    let folder = copy();
    append(folder.path(), "endpoints.toml", ENDPOINT);
    append(folder.path(), "endpoints.toml", ENDPOINT);
    append(
        folder.path(),
        "endpoints.toml",
        "
[[endpoint]]
organisation = \"QKS\"
place = \"09D\"
adapter = \"pigeon\"
url = \"http://user@notices.example/\"
secret_files = [\"secrets/absent\"]
secret_env = [\"ABSENT\"]
timeout_seconds = 0
concurrency = 1000
heartbeat_minutes = 0

[endpoint.settings]
pages = [1]
key_file = \"secrets/absent-too\"

[[endpoint]]
organisation = \"RX2\"
adapter = \"webhook\"
url = \"http://notices.example/\"
secret_env = [\"ODD_SECRET\"]

[endpoint.settings]
mailbox = \"X26\"
",
    );
    let found = mistakes(folder.path()).join("\n");
    for expected in [
        "E10000016 is reached by line",
        "09D was never a place of QKS",
        "there is no pigeon; this hub has",
        "settings.pages: it must be a text",
        "secrets/absent-too cannot be read",
        "url: the endpoint's url is plain http",
        "secret number 1 is none: it is whsec_",
        "settings.mailbox: a webhook has no such setting",
        "secrets/absent cannot be read",
        "the environment variable ABSENT is not set",
        "timeout_seconds: it must be 1 to 30",
        "concurrency: it must be 1 to 256",
        "heartbeat_minutes: it must be 1 to 1440",
    ] {
        assert!(found.contains(expected), "{expected}: {found}");
    }
}

#[test]
fn publishers_are_checked() {
    let folder = copy();
    append(
        folder.path(),
        "publishers.toml",
        "
[[publisher]]
organisation = \"QKS\"
may_send = [\"placement-change\", \"gossip\"]

[[publisher]]
organisation = \"ZZZ\"
may_send = []
",
    );
    let found = mistakes(folder.path()).join("\n");
    for expected in [
        "QKS is there already",
        "cannot be one that sends placement-change",
        "there is no message type gossip",
        "ZZZ is not in the directory",
        "may_send is empty",
    ] {
        assert!(found.contains(expected), "{expected}: {found}");
    }
}

#[test]
fn an_old_list_of_bank_holidays_warns_and_works() {
    let loaded = load(&Sources { today: day("2028-02-01"), ..sources(shipped_folder()) }).unwrap();
    assert_eq!(loaded.warnings.len(), 1);
    assert!(loaded.warnings[0].contains("ends with 2028"));
    assert_eq!(loaded.directory.calendar.add(day("2029-12-21"), 1), day("2029-12-24"));
}

#[test]
fn a_table_of_postcodes_is_packed_or_refused_whole() {
    let good = "postcode,district,ended,2020-04-01,2021-04-01\nME14 2AA,E07000110,,91Q,91Q\nME14 2AB,E07000110,2020-05,91Q,\n";
    assert_eq!(pack_postcodes(good.as_bytes(), "t.csv").unwrap().1, 2);
    let bad = "postcode,district,ended,2020-04-01\nME14,E07000110,,91Q\nME14 2AA,?,,91Q\nME14 2AA,E07000110,soon,91Q\n";
    let found = pack_postcodes(bad.as_bytes(), "t.csv").unwrap_err().to_string();
    for expected in ["t.csv:2: the first column is not a postcode", "t.csv:3: an organisation code", "t.csv:4: ended: it must be yyyy-mm"] {
        assert!(found.contains(expected), "{found}");
    }
    assert!(pack_postcodes("pcds,lad\n".as_bytes(), "t.csv").unwrap_err().to_string().contains("t.csv:1: the columns must be"));
}
