//! What records change in the files, and what is to be said about them.

use super::record::{Edge, Record};
use super::table::Table;
use domain::Code;
use jiff::civil::Date;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

const FILES: [&str; 4] = ["commissioners.csv", "providers.csv", "practices.csv", "succession.csv"];
/// The roles by which an organisation that the directory does not have yet is put into a file.
const PLACES: [&str; 2] = ["RO98", "RO319"];
const BODIES: [&str; 2] = ["RO318", "RO261"];
const PROVIDERS: [&str; 2] = ["RO197", "RO57"];
const PRACTICES: [&str; 2] = ["RO177", "RO76"];

/// Changes that were made to the files' texts, and not written yet.
#[derive(Debug, Default, Serialize)]
pub struct Plan {
    pub changes: Vec<Line>,
    /// What was left as it is, and why.
    pub notes: Vec<String>,
    /// File and new text, of the files that change.
    #[serde(skip)]
    pub files: Vec<(&'static str, String)>,
}

/// One row that is added or changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    pub file: &'static str,
    pub row: String,
    /// `column: old -> new`; empty for a row that is added.
    pub columns: Vec<String>,
}

/// What `records` change in the folder's files. Names of organisations that the directory has are taken only where `names`:
/// the service writes them in capitals.
///
/// # Errors
/// A sentence with the file that cannot be read.
pub fn plan(folder: &Path, records: &[Record], names: bool) -> Result<Plan, String> {
    let mut desk = Desk { tables: BTreeMap::new(), plan: Plan::default(), names };
    for file in FILES {
        let path = folder.join(file);
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        desk.tables.insert(file, Table::read(file, &text)?);
    }
    // All organisations first: an edge may lead to one that comes later in the list.
    for record in records {
        desk.organisation(record);
    }
    let edges: BTreeSet<Edge> = records.iter().flat_map(|record| record.edges.iter().copied()).collect();
    let mut from: BTreeSet<Code> = BTreeSet::new();
    for edge in edges {
        if desk.edge(edge, folder) {
            from.insert(edge.from);
        }
    }
    for code in from {
        desk.parts(code);
    }
    desk.plan.notes.dedup();
    desk.plan.files = desk.tables.values().filter(|table| table.changed()).map(|table| (table.file, table.text())).collect();
    Ok(desk.plan)
}

struct Desk {
    tables: BTreeMap<&'static str, Table>,
    plan: Plan,
    names: bool,
}

impl Desk {
    fn organisation(&mut self, record: &Record) {
        let code = record.code.to_string();
        if !record.active && record.to.is_none() {
            self.note(format!("{code} is not active, and the record does not say since when: left as it is"));
            return;
        }
        for file in ["commissioners.csv", "providers.csv"] {
            if let Some(&row) = self.tables[file].find(&[("code", &code)]).first() {
                self.update(file, row, record);
                return;
            }
        }
        let is = |roles: &[&str]| record.roles.iter().any(|role| roles.contains(&role.as_str()));
        if is(&PRACTICES) || !self.tables["practices.csv"].find(&[("practice", &code)]).is_empty() {
            self.practice(record);
        } else if is(&BODIES) && !is(&PLACES) {
            self.add("commissioners.csv", "body", record);
        } else if is(&PLACES) {
            self.add("commissioners.csv", "place", record);
        } else if is(&PROVIDERS) {
            self.add("providers.csv", "", record);
        } else {
            let roles = if record.roles.is_empty() { "no roles".to_owned() } else { format!("the roles {}", record.roles.join(", ")) };
            self.note(format!("{code} {} is not in the directory and has {roles}, of which none belongs in it: left out", record.name));
        }
    }

    fn update(&mut self, file: &'static str, row: usize, record: &Record) {
        let known = self.table(file).get(row, "name").to_owned();
        let mut columns = Vec::new();
        if !known.eq_ignore_ascii_case(&record.name) {
            if self.names {
                columns.extend(self.set(file, row, "name", &record.name));
            } else {
                self.note(format!("{} is `{known}` here and `{}` there: the name stays (--names takes it)", record.code, record.name));
            }
        }
        // A record without a first day says nothing about it; without a last day it says that there is none.
        if let Some(from) = record.from {
            columns.extend(self.set(file, row, "from", &from.to_string()));
        }
        columns.extend(self.set(file, row, "to", &day(record.to)));
        self.changed(file, record.code.to_string(), columns);
    }

    fn add(&mut self, file: &'static str, kind: &str, record: &Record) {
        let (code, from, to) = (record.code.to_string(), day(record.from), day(record.to));
        self.table(file).insert(&[("code", &code), ("name", &record.name), ("kind", kind), ("from", &from), ("to", &to)]);
        let kind = if kind.is_empty() { String::new() } else { format!(", {kind}") };
        self.added(file, format!("{code} {}{kind} {from}..{to}", record.name));
    }

    /// One row for each commissioner that a practice has or had; its name goes into the column for people.
    fn practice(&mut self, record: &Record) {
        let file = "practices.csv";
        let code = record.code.to_string();
        if record.serves.is_empty() {
            self.note(format!("{code} {}: the record does not say who commissions it: left as it is", record.name));
        }
        for serves in &record.serves {
            let place = serves.commissioner.to_string();
            if self.tables["commissioners.csv"].find(&[("code", &place), ("kind", "place")]).is_empty() {
                self.note(format!("{code} is commissioned by {place}, which is no place in commissioners.csv: left out"));
                continue;
            }
            let (from, to) = (day(serves.from), day(serves.to.or(record.to)));
            if let Some(&row) = self.tables[file].find(&[("practice", &code), ("commissioner", &place), ("from", &from)]).first() {
                let columns = self.set(file, row, "to", &to).into_iter().collect();
                self.changed(file, format!("{code} {place}"), columns);
            } else {
                let row = [("practice", code.as_str()), ("commissioner", &place), ("from", &from), ("to", &to), ("note", &record.name)];
                self.table(file).insert(&row);
                self.added(file, format!("{code} {place} {from}..{to}"));
            }
        }
    }

    /// Answers whether the edge is in the table now.
    fn edge(&mut self, edge: Edge, folder: &Path) -> bool {
        let file = "succession.csv";
        let (from, to, on) = (edge.from.to_string(), edge.to.to_string(), edge.on.to_string());
        let closed = self.closed(&from);
        if closed.is_none() || self.closed(&to).is_none() {
            // Practices, sites and former kinds of body have no place in succession.csv.
            self.note(format!("{from} was followed by {to} on {on}: not both are in {}: left out", folder.display()));
            return false;
        }
        let last = closed.flatten();
        if last.and_then(|last| last.tomorrow().ok()) != Some(edge.on) {
            let closed = last.map_or_else(|| "is open".to_owned(), |last| format!("closed on {last}"));
            self.note(format!(
                "{from} was followed by {to} on {on}, but {from} {closed} in the directory: left out; import its record too"
            ));
            return false;
        }
        if let Some(&row) = self.tables[file].find(&[("from", &from), ("to", &to)]).first() {
            let columns = self.set(file, row, "on", &on).into_iter().collect();
            self.changed(file, format!("{from} {to}"), columns);
        } else if let Some(&row) = self.tables[file].find(&[("from", &from), ("part", "none")]).first() {
            let columns = [("to", to.as_str()), ("on", &on), ("part", "whole")];
            let columns = columns.into_iter().filter_map(|(column, value)| self.set(file, row, column, value)).collect();
            self.changed(file, format!("{from} {to}"), columns);
        } else {
            self.table(file).insert(&[("from", &from), ("to", &to), ("on", &on), ("part", "whole")]);
            self.added(file, format!("{from} {to} {on}"));
        }
        true
    }

    /// What has several successors went to each in part.
    fn parts(&mut self, from: Code) {
        let file = "succession.csv";
        let from = from.to_string();
        let rows = self.tables[file].find(&[("from", &from)]);
        if rows.len() < 2 {
            return;
        }
        for row in rows {
            let to = self.tables[file].get(row, "to").to_owned();
            let columns = self.set(file, row, "part", "part").into_iter().collect();
            self.changed(file, format!("{from} {to}"), columns);
        }
    }

    /// The last day of a commissioner or provider; none for what is neither.
    fn closed(&self, code: &str) -> Option<Option<Date>> {
        ["commissioners.csv", "providers.csv"].iter().find_map(|file| {
            let table = &self.tables[file];
            table.find(&[("code", code)]).first().map(|&row| table.get(row, "to").parse().ok())
        })
    }

    fn set(&mut self, file: &'static str, row: usize, column: &str, value: &str) -> Option<String> {
        let table = self.table(file);
        let before = table.get(row, column).to_owned();
        table.set(row, column, value).then(|| format!("{column}: `{before}` -> `{value}`"))
    }

    fn table(&mut self, file: &'static str) -> &mut Table {
        self.tables.entry(file).or_default()
    }

    fn added(&mut self, file: &'static str, row: String) {
        self.plan.changes.push(Line { file, row, columns: Vec::new() });
    }

    fn changed(&mut self, file: &'static str, row: String, columns: Vec<String>) {
        if !columns.is_empty() {
            self.plan.changes.push(Line { file, row, columns });
        }
    }

    fn note(&mut self, what: String) {
        self.plan.notes.push(what);
    }
}

fn day(day: Option<Date>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.columns.is_empty() {
            write!(f, "+ {}: {}", self.file, self.row)
        } else {
            write!(f, "~ {}: {}: {}", self.file, self.row, self.columns.join(", "))
        }
    }
}
