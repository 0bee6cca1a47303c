//! One CSV file, row by row, with the line of each.

use super::mistake::Notes;
use domain::Code;
use domain::directory::Span;
use jiff::civil::Date;
use std::path::Path;

/// Longest file that is read as CSV: ten times the largest that is shipped (a national list of practices is 1 MB).
const BYTES_MAX: u64 = 10_000_000;

/// A row's value, and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Row<T> {
    pub(super) line: u64,
    pub(super) value: T,
}

/// Reads `folder/file`, whose first line must have `columns` in this order; more columns may follow. `parse` answers
/// none for a row that it noted a mistake of.
pub(super) fn read<T>(
    folder: &Path,
    file: &'static str,
    columns: &[&'static str],
    notes: &mut Notes,
    mut parse: impl FnMut(&mut Fields<'_>) -> Option<T>,
) -> Vec<Row<T>> {
    let Some(text) = text(folder, file, notes) else { return Vec::new() };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => {
            notes.add(file, 1, format!("it cannot be read as CSV: {error}"));
            return Vec::new();
        }
    };
    if !header.iter().take(columns.len()).eq(columns.iter().copied()) {
        notes.add(file, 1, format!("the first line must begin with the columns {}", columns.join(",")));
        return Vec::new();
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                notes.add(file, error.position().map(csv::Position::line), format!("it cannot be read as CSV: {error}"));
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != header.len() {
            notes.add(file, line, format!("the row has {} fields, and the first line {}", record.len(), header.len()));
            continue;
        }
        let mut fields = Fields { file, line, columns, record: &record, notes };
        rows.extend(parse(&mut fields).map(|value| Row { line, value }));
    }
    rows
}

/// A file's text; a missing, oversized or unreadable file is a mistake.
pub(super) fn text(folder: &Path, file: &str, notes: &mut Notes) -> Option<String> {
    let path = folder.join(file);
    let size = std::fs::metadata(&path).map_or(0, |found| found.len());
    if size > BYTES_MAX {
        notes.add(file, None, format!("it has {size} bytes; at most {BYTES_MAX} are read"));
        return None;
    }
    std::fs::read_to_string(&path).map_err(|error| notes.add(file, None, format!("{} cannot be read: {error}", path.display()))).ok()
}

/// The fields of one row by the names of their columns.
pub(super) struct Fields<'a> {
    file: &'static str,
    line: u64,
    columns: &'a [&'static str],
    record: &'a csv::StringRecord,
    notes: &'a mut Notes,
}

impl Fields<'_> {
    /// Empty for a column that is not there.
    pub(super) fn text(&self, column: &str) -> &str {
        let at = self.columns.iter().position(|known| *known == column);
        at.and_then(|at| self.record.get(at)).unwrap_or_default()
    }

    pub(super) fn code(&mut self, column: &str) -> Option<Code> {
        let code = Code::new(self.text(column));
        code.map_err(|error| self.wrong(format!("{column}: {error}"))).ok()
    }

    /// Codes with spaces between; none for no code.
    pub(super) fn codes(&mut self, column: &str) -> Vec<Code> {
        let codes: Vec<_> = self.text(column).split_whitespace().map(Code::new).collect();
        codes.into_iter().filter_map(|code| code.map_err(|error| self.wrong(format!("{column}: {error}"))).ok()).collect()
    }

    pub(super) fn date(&mut self, column: &str) -> Option<Date> {
        let day = self.text(column).parse();
        day.map_err(|_| self.wrong(format!("{column}: a date is yyyy-mm-dd"))).ok()
    }

    /// The columns `from` and `to`; either may be empty.
    pub(super) fn span(&mut self) -> Option<Span> {
        let mut end = |column| if self.text(column).is_empty() { Some(None) } else { self.date(column).map(Some) };
        let (from, to) = (end("from"), end("to"));
        let span = Span { from: from?, to: to? };
        if matches!((span.from, span.to), (Some(from), Some(to)) if to < from) {
            self.wrong("`to` is before `from`");
            return None;
        }
        Some(span)
    }

    /// One of a few words.
    pub(super) fn one_of<T: Copy>(&mut self, column: &str, words: &[(&str, T)]) -> Option<T> {
        let found = words.iter().find(|(word, _)| *word == self.text(column)).map(|&(_, value)| value);
        if found.is_none() {
            let words: Vec<&str> = words.iter().map(|&(word, _)| word).collect();
            self.wrong(format!("{column}: it must be one of {}", words.join(", ")));
        }
        found
    }

    pub(super) fn wrong(&mut self, what: impl Into<String>) {
        self.notes.add(self.file, self.line, what);
    }
}
