//! Short files, no left-overs, and a core that neither reads the clock nor touches the world.

use super::assert_tidy;
use super::clone::text_files;

/// Longer than this, a file no longer tells one story. Most have a third of it.
const LINES_MAX: usize = 600;

const CODE: &[&str] = &["rs", "html", "css", "js", "sql"];
const WRITTEN_BY_HAND: &[&str] =
    &["rs", "toml", "sh", "sql", "html", "css", "js", "xsd", "yml", "yaml", "conf", "service", "Dockerfile", "run"];

/// Examples and goldens are kept byte for byte, whatever they hold.
const KEPT_AS_THEY_ARE: &[&str] = &["/examples/", "/golden/"];

// Put together here, so that this file doesn't break its own rule.
const LEFT_OVERS: &[&str] = &[concat!("to", "do!("), concat!("unimpl", "emented!("), concat!("db", "g!(")];

/// What the core is given by its caller instead of taking it itself.
const FORBIDDEN_IN_DOMAIN: &[(&str, &str)] = &[
    ("SystemTime", "take the time as an argument"),
    ("Instant::now", "take the time as an argument"),
    ("Timestamp::now", "take the time as an argument"),
    ("Zoned::now", "take the time as an argument"),
    ("now_v7", "take the id as an argument"),
    ("new_v4", "take the id as an argument"),
    ("std::fs", "the hub reads files"),
    ("std::net", "adapters talk to the network"),
    ("std::env", "the hub reads its settings"),
    ("std::thread", "the hub runs things side by side"),
    ("std::process", "the hub decides when to end"),
    ("println!", "return what there is to say"),
];

#[test]
fn no_file_is_too_long_to_read() {
    let mut breaches = Vec::new();
    for file in text_files() {
        let ours = ["src/", "adapters/", "tests/"].iter().any(|folder| file.path.starts_with(folder));
        let length = file.lines().count();
        if ours && file.is_one_of(CODE) && length > LINES_MAX {
            breaches.push(format!("{}:{LINES_MAX}: {length} lines, at most {LINES_MAX}: move one feature to a file of its own", file.path));
        }
    }
    assert_tidy(&breaches);
}

#[test]
fn nothing_is_left_lying_about() {
    let mut breaches = Vec::new();
    for file in text_files() {
        let script = file.text.starts_with("#!");
        if KEPT_AS_THEY_ARE.iter().any(|folder| file.path.contains(folder)) || !(script || file.is_one_of(WRITTEN_BY_HAND)) {
            continue;
        }
        for (number, line) in file.lines() {
            breaches.extend(left_overs(line).map(|remedy| format!("{}:{number}: {remedy}", file.path)));
        }
    }
    assert_tidy(&breaches);
}

#[test]
fn the_core_neither_reads_the_clock_nor_touches_the_world() {
    let mut breaches = Vec::new();
    for file in text_files().iter().filter(|file| file.path.starts_with("src/domain/") && file.is_one_of(&["rs"])) {
        for (number, line) in file.lines().take_while(|(_, line)| line.trim() != "#[cfg(test)]") {
            let code = line.split("//").next().unwrap();
            for (forbidden, remedy) in FORBIDDEN_IN_DOMAIN.iter().filter(|(forbidden, _)| code.contains(forbidden)) {
                breaches.push(format!("{}:{number}: `{forbidden}` in the core: {remedy}", file.path));
            }
            if code.contains("async ") || code.split(".await").skip(1).any(|rest| !rest.starts_with(char::is_alphanumeric)) {
                breaches.push(format!("{}:{number}: asynchronous code in the core: only the ports' traits may return futures", file.path));
            }
        }
    }
    assert_tidy(&breaches);
}

/// Nothing runs examples in comments, because the hub's packages are no library for others: so they would rot.
#[test]
fn no_comment_holds_code_that_nobody_runs() {
    let mut breaches = Vec::new();
    for file in text_files().iter().filter(|file| file.is_one_of(&["rs"])) {
        let mut inside = false;
        for (number, line) in file.lines() {
            let Some(comment) = line.trim_start().strip_prefix("///").or_else(|| line.trim_start().strip_prefix("//!")) else {
                inside = false;
                continue;
            };
            let Some(language) = comment.trim().strip_prefix("```") else { continue };
            if !inside && ["", "rust", "no_run", "should_panic"].contains(&language) {
                breaches
                    .push(format!("{}:{number}: an example that no test runs: make it a test, or name its language (```text)", file.path));
            }
            inside = !inside;
        }
    }
    assert_tidy(&breaches);
}

fn left_overs(line: &str) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    for left_over in LEFT_OVERS.iter().filter(|left_over| line.contains(**left_over)) {
        found.push(format!("`{left_over}..)` is left: finish it or delete it"));
    }
    if line.contains('\t') {
        found.push("a tab: indent with spaces, write \\t in a string".to_owned());
    }
    if line.ends_with([' ', '\t']) {
        found.push("spaces at the end of the line: delete them".to_owned());
    }
    if line.contains(['\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}']) {
        found.push("curly quotes: type \" or ', write \\u{2019} where a text needs one".to_owned());
    }
    found.into_iter()
}

#[test]
fn a_left_over_is_seen() {
    let count = |line: &str| left_overs(line).count();
    assert_eq!(count("let clean = 1;"), 0);
    assert_eq!(count(&format!("{}x);", LEFT_OVERS[2])), 1);
    assert_eq!(count("\tlet indented = 1; "), 2);
    assert_eq!(count("say(\u{201c}so\u{201d});"), 1);
}
