//! What is odd about the rows of a file: all counted, the first told with their lines.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// Told with their lines: enough to see what kind of file it is, and one screen.
const SHOWN_MAX: usize = 20;
/// Counts told in text: beyond this it is a wrong file, and the first ones show how.
const COUNTED_MAX: usize = 40;
/// Kinds and codes counted apart: a file has a few hundred codes, and a wrong column as many as rows.
const GROUPS_MAX: usize = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    NotAPostcode,
    NoLocation,
    UnknownDistrict,
    UnknownAuthority,
    UnknownCommissioner,
    OtherBoard,
    NotAMonth,
    EndedBeforeBegun,
    Repeated,
    Contradicted,
    Cut,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Findings {
    pub total: u64,
    pub groups: Vec<Group>,
    /// The first twenty, by line.
    pub shown: Vec<Shown>,
    #[serde(skip)]
    counts: BTreeMap<(Finding, String), Count>,
}

/// Everything of one kind about one code.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    pub kind: Finding,
    /// The code that it is about; empty where it is about none, or about one of too many.
    pub about: String,
    pub rows: u64,
    pub first_line: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    pub line: u64,
    pub what: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Count {
    rows: u64,
    first_line: u64,
}

impl Findings {
    pub(super) fn add(&mut self, kind: Finding, about: &str, line: u64) {
        self.total += 1;
        if self.shown.len() < SHOWN_MAX {
            self.shown.push(Shown { line, what: kind.sentence(about) });
        }
        let mut key = (kind, about.to_owned());
        if self.counts.len() >= GROUPS_MAX && !self.counts.contains_key(&key) {
            key.1.clear();
        }
        self.counts.entry(key).or_insert(Count { rows: 0, first_line: line }).rows += 1;
    }

    /// Puts them in the order in which they are told.
    pub(super) fn sort(&mut self) {
        self.shown.sort_by_key(|shown| shown.line);
        let group = |((kind, about), count): (&(Finding, String), &Count)| Group {
            kind: *kind,
            about: about.clone(),
            rows: count.rows,
            first_line: count.first_line,
        };
        self.groups = self.counts.iter().map(group).collect();
    }
}

impl Finding {
    /// What is odd, and what became of the row.
    #[must_use]
    pub fn sentence(self, about: &str) -> String {
        match self {
            Self::NotAPostcode => "no postcode: left out".to_owned(),
            Self::NoLocation => "no district, because it has no grid reference: left out".to_owned(),
            Self::UnknownDistrict => format!("the district {about} is not in districts.csv: left out; add it and import again"),
            Self::UnknownAuthority => format!("the authority {about} is not in authorities.csv: left out; add it and import again"),
            Self::UnknownCommissioner => {
                format!("no commissioner in commissioners.csv has the code `{about}` (column code or also): taken without one")
            }
            Self::OtherBoard => format!("the place and its board here, {about}, are not so in parents.csv: taken as the directory says"),
            Self::NotAMonth => "its month of termination is not yyyymm: taken as not ended".to_owned(),
            Self::EndedBeforeBegun => "it ended before it was introduced: taken as ended".to_owned(),
            Self::Repeated => "the postcode is there already, alike: taken once".to_owned(),
            Self::Contradicted => "the postcode is there already and says something else: neither is taken".to_owned(),
            Self::Cut => "another number of fields than the first line: left out; is the file whole?".to_owned(),
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((kind, about), count) in self.counts.iter().take(COUNTED_MAX) {
            writeln!(f, "{:>9} x  {} (first in line {})", count.rows, kind.sentence(about), count.first_line)?;
        }
        if self.counts.len() > COUNTED_MAX {
            writeln!(f, "{:>9}    and {} more of these; --json tells all", "", self.counts.len() - COUNTED_MAX)?;
        }
        for shown in &self.shown {
            writeln!(f, "line {}: {}", shown.line, shown.what)?;
        }
        Ok(())
    }
}
