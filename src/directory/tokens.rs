//! `tokens.toml`: who may use the HTTP interface, and for what. Tokens are written as digests, so the file is no secret.

use super::check::expect;
use super::load::Sources;
use super::mistake::Notes;
use super::organisations::Files;
use super::publishers::{Listed, Source};
use super::table::Row;
use domain::Code;
use domain::directory::{OrganisationKind, Permission, Token};
use domain::hex::unhex;
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::HashMap;
use toml::Spanned;

const FILE: &str = "tokens.toml";

pub(super) fn read(sources: &Sources<'_>, notes: &mut Notes) -> Listed<Token> {
    #[derive(Deserialize, Default)]
    #[serde(deny_unknown_fields)]
    struct Document {
        #[serde(default)]
        token: Vec<Spanned<Written>>,
    }
    // A folder from before there were tokens: nobody has one.
    if sources.tokens.is_none() && !sources.folder.join(FILE).exists() {
        return Listed { file: FILE.to_owned(), rows: Vec::new() };
    }
    let source = Source::read(sources, sources.tokens.as_ref(), FILE, notes);
    let document: Document = source.parse(notes);
    let mut rows = Vec::new();
    for entry in document.token {
        let line = source.line(entry.span().start);
        match entry.into_inner().token() {
            Ok(value) => rows.push(Row { line, value }),
            Err(mistakes) => mistakes.into_iter().for_each(|what| notes.add(&source.file, line, what)),
        }
    }
    Listed { file: source.file, rows }
}

/// Known organisations, each token once, and none that sends for somebody who is no publisher's kind.
pub(super) fn check(tokens: &Listed<Token>, files: &Files, notes: &mut Notes) {
    let (known, mut seen) = (files.known(), HashMap::new());
    let any = [OrganisationKind::Authority, OrganisationKind::CommissionerBody, OrganisationKind::Provider];
    for Row { line, value: token } in &tokens.rows {
        expect(token.organisation, &any, &tokens.file, *line, &known, notes);
        if let Some(first) = seen.insert(token.digest, *line) {
            notes.add(
                &tokens.file,
                *line,
                format!("the token of line {first} again: make one for each entry with `placement-hub token new`"),
            );
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    organisation: String,
    sha256: String,
    may: Vec<String>,
    #[serde(default)]
    name: String,
    from: Option<Date>,
    to: Option<Date>,
}

impl Written {
    fn token(self) -> Result<Token, Vec<String>> {
        let mut mistakes = Vec::new();
        let organisation = Code::new(&self.organisation).map_err(|error| mistakes.push(format!("organisation: {error}"))).ok();
        let digest = digest(&self.sha256);
        if digest.is_none() {
            mistakes.push("sha256: it must be the 64 lower-case hexadecimal digits that `placement-hub token new` prints".to_owned());
        }
        let mut may = Vec::new();
        for name in &self.may {
            match Permission::from_name(name) {
                Some(permission) => may.push(permission),
                None => mistakes.push(format!("may: there is no permission {name}; it is publish, read or both")),
            }
        }
        if self.may.is_empty() {
            mistakes.push("may is empty: a token that may do nothing is left out".to_owned());
        }
        if matches!((self.from, self.to), (Some(from), Some(to)) if to < from) {
            mistakes.push("`to` is before `from`".to_owned());
        }
        match (organisation, digest) {
            (Some(organisation), Some(digest)) if mistakes.is_empty() => {
                Ok(Token { organisation, digest, may, name: self.name, from: self.from, to: self.to })
            }
            _ => Err(mistakes),
        }
    }
}

/// Lower-case, as it is printed: the same token is always written the same.
fn digest(text: &str) -> Option<[u8; 32]> {
    unhex(text).filter(|_| !text.bytes().any(|digit| digit.is_ascii_uppercase()))
}
