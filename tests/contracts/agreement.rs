//! The XSD says what we say: `xmllint` (Debian: libxml2-utils) judges every XML example, and thousands of documents made
//! from them by one change each, as the hub does.

use crate::contracts::{CONTRACTS, content_type, documents, folder};
use domain::message::{MessageType, Reason};
use domain::message_rules;
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::process::Command;
use std::{fs, iter};

/// What the hub refuses although XML and the XSD allow it.
const STRICTER: [&str; 4] = ["dtd-refused", "instruction-refused", "wrong-encoding", "not-utf8"];

#[test]
fn every_xml_example_is_judged_alike() {
    for message_type in MessageType::ALL {
        let examples = ["valid", "invalid"].into_iter().flat_map(|kind| documents(message_type, kind));
        let examples: Vec<PathBuf> = examples.filter(|path| content_type(path).ends_with("xml")).collect();
        judged_alike(message_type, &examples);
    }
}

#[test]
fn every_small_change_is_judged_alike() {
    for message_type in MessageType::ALL {
        let folder = tempfile::tempdir().unwrap();
        let mut changed = Vec::new();
        let examples = documents(message_type, "valid").into_iter().filter(|path| content_type(path).ends_with("xml"));
        let mut texts: Vec<String> = examples.map(|path| fs::read_to_string(path).unwrap()).collect();
        // The two fullest hold every element.
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        for text in texts.iter().take(2) {
            for document in one_change_each(text) {
                let path = folder.path().join(format!("{}.xml", changed.len()));
                fs::write(&path, document).unwrap();
                changed.push(path);
            }
        }
        assert!(changed.len() > 200, "{message_type:?}: {} changed documents", changed.len());
        judged_alike(message_type, &changed);
    }
}

fn judged_alike(message_type: MessageType, paths: &[PathBuf]) {
    let by_xsd = judged_by_xmllint(message_type, paths);
    let mut differing = Vec::new();
    for path in paths {
        let bytes = fs::read(path).unwrap();
        let reasons = CONTRACTS.read(Some("application/xml"), &bytes).map_or_else(|unreadable| unreadable.reasons, |_| Vec::new());
        let is = |codes: &[&str]| !reasons.is_empty() && reasons.iter().all(|reason: &Reason| codes.contains(&reason.code.as_str()));
        if is(&STRICTER) {
            continue;
        }
        let fits_schema = reasons.is_empty() || is(&message_rules::CODES);
        if fits_schema != by_xsd[path] {
            let document = String::from_utf8_lossy(&bytes).into_owned();
            differing.push(format!("{}: the XSD says {}, the hub says {reasons:?}\n{document}", path.display(), by_xsd[path]));
        }
    }
    assert!(differing.is_empty(), "{} of {} differ, the first:\n{}", differing.len(), paths.len(), differing[0]);
}

/// Whether each document fits the XSD.
fn judged_by_xmllint(message_type: MessageType, paths: &[PathBuf]) -> BTreeMap<PathBuf, bool> {
    let xsd = folder(message_type.name()).join(format!("{}.xsd", message_type.name()));
    let output = Command::new("xmllint").args(["--nonet", "--noout", "--schema"]).arg(xsd).args(paths).output();
    let output = output.expect("xmllint runs: install libxml2-utils");
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(!talk.contains("Schemas parser error"), "{talk}");
    let fitting: HashSet<&str> = talk.lines().filter_map(|line| line.strip_suffix(" validates")).collect();
    paths.iter().map(|path| (path.clone(), fitting.contains(&&*path.to_string_lossy()))).collect()
}

/// Each line of an example holds one tag or one element: each is left out, doubled, moved, emptied, padded, renamed and
/// given other text, one change a document.
fn one_change_each(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut documents = Vec::new();
    for at in 2..lines.len() {
        let line = lines[at];
        let mut with = |replacement: &[&str], skipped: usize| {
            let parts = lines[..at].iter().chain(replacement).chain(&lines[at + skipped..]);
            documents.push(parts.flat_map(|line| iter::once(*line).chain(iter::once("\n"))).collect::<String>());
        };
        with(&[], 1);
        with(&[line, line], 1);
        with(&[&line.replacen('<', "<x", 1)], 1);
        if let Some(next) = lines.get(at + 1) {
            with(&[next, line], 2);
        }
        let Some((open, rest)) = line.split_once('>').filter(|(_, rest)| rest.contains("</")) else { continue };
        let (content, close) = rest.rsplit_once("</").unwrap();
        let long = "x".repeat(5_000);
        for other in ["", " ", "?", "0", "-1", "50", "1.0", "true", "2026-02-30", "2026-02-28Z", "XXXXXXXXXXX", &long, "a  b\n"] {
            with(&[&format!("{open}>{other}</{close}")], 1);
        }
        with(&[&format!("{open}> \n {content}\t</{close}")], 1);
        with(&[&format!("{open}>{content}.</{close}")], 1);
        with(&[&format!("{open} a=\"b\">{content}</{close}")], 1);
    }
    documents
}
