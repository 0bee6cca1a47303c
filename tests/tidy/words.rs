//! Words that have no business here: how the house was built and on which machine is nobody's concern.

use super::assert_tidy;
use super::clone::text_files;

const LOOKED_AT: &[&str] = &[
    "rs",
    "md",
    "toml",
    "sh",
    "sql",
    "html",
    "css",
    "js",
    "json",
    "xml",
    "xsd",
    "yml",
    "yaml",
    "conf",
    "service",
    "Makefile",
    "Dockerfile",
    "LICENSE",
];

// Each is put together from two halves, so that this file doesn't break its own rule.

/// Whole words, in any case.
const WORDS: &[(&str, &str)] = &[
    (concat!("cla", "ude"), "tools are not mentioned"),
    (concat!("chat", "gpt"), "tools are not mentioned"),
    (concat!("co", "pilot"), "tools are not mentioned"),
    (concat!("ll", "m"), "tools are not mentioned"),
];

/// Whole words too, but not in program code, where they are ordinary terms of a protocol.
const WORDS_OF_PROSE: &[(&str, &str)] = &[
    (concat!("ses", "sion"), "say run, login or connection"),
    (concat!("ses", "sions"), "say runs, logins or connections"),
    (concat!("ag", "ent"), "say who does it"),
    (concat!("ag", "ents"), "say who does it"),
];

const PROGRAM_CODE: &[&str] = &["rs", "html", "css", "js", "sql", "json"];

/// Pieces of text, wherever they stand.
const PIECES: &[(&str, &str)] = &[
    (concat!("coding ag", "ent"), "how the house was built is nobody's concern: say what is so"),
    (concat!("/wo", "rk/"), "a path of one machine: give it from the root of the clone"),
    (concat!("/ro", "ot/"), "a path of one machine: give it from the root of the clone"),
    (concat!("../sha", "red"), "a path outside the clone: say it in a document of this one"),
    (concat!("index.cra", "tes.io"), "a registry's host: the package tools know it"),
    (concat!("static.cra", "tes.io"), "a registry's host: the package tools know it"),
    (concat!("registry.np", "mjs.org"), "a registry's host: the package tools know it"),
    (concat!("py", "pi.org"), "a registry's host: the package tools know it"),
    (concat!("files.python", "hosted.org"), "a registry's host: the package tools know it"),
    (concat!("deb.deb", "ian.org"), "a registry's host: the package tools know it"),
];

/// Terms of the trade that hold such a word: they are taken out before the search.
const TERMS: &[&str] = &[
    concat!("user-ag", "ent"),
    concat!("user_ag", "ent"),
    concat!("tls ses", "sion"),
    concat!("login ses", "sion"),
    concat!("therapy ses", "sions"),
];

#[test]
fn no_text_tells_how_or_where_it_was_made() {
    let mut breaches = Vec::new();
    for file in text_files() {
        if !(file.is_one_of(LOOKED_AT) || file.text.starts_with("#!")) {
            continue;
        }
        let prose = !file.is_one_of(PROGRAM_CODE);
        for (number, line) in file.lines() {
            breaches.extend(forbidden(line, prose).into_iter().map(|(word, remedy)| format!("{}:{number}: `{word}`: {remedy}", file.path)));
        }
    }
    assert_tidy(&breaches);
}

fn forbidden(line: &str, prose: bool) -> Vec<(&'static str, &'static str)> {
    let mut line = line.to_lowercase();
    for term in TERMS {
        line = line.replace(term, "");
    }
    let words: Vec<&str> = line.split(|letter: char| !letter.is_ascii_alphabetic()).collect();
    let of_prose = WORDS_OF_PROSE.iter().filter(|_| prose);
    let as_words = WORDS.iter().chain(of_prose).filter(|(word, _)| words.contains(word));
    let as_pieces = PIECES.iter().filter(|(piece, _)| line.contains(piece));
    as_words.chain(as_pieces).copied().collect()
}

#[test]
fn a_forbidden_word_is_seen() {
    let found = |line: &str| forbidden(line, true).len();
    assert_eq!(found("A council publishes a move."), 0);
    assert_eq!(found(&format!("a {} at the broker, and {}", WORDS_OF_PROSE[0].0, WORDS[0].0)), 2);
    assert_eq!(found(&format!("the {}'s {}x", WORDS_OF_PROSE[2].0, concat!("/wo", "rk/"))), 2);
    assert_eq!(found(&format!("a {} of the header", TERMS[0])), 0, "a header's name is fine");
    let in_code = format!("let {} = connect();", WORDS_OF_PROSE[0].0);
    assert!(forbidden(&in_code, false).is_empty(), "a protocol's term is fine in code");
    assert_eq!(forbidden(&format!("// as {} found", PIECES[0].0), false).len(), 1);
}
