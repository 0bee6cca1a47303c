//! A CSV file whose columns are found by their names, in any order; bounded.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Longest line: the widest table has under forty columns of some ten letters, an extra row with links and names a thousand.
const LINE_BYTES_MAX: usize = 1 << 16;
/// Longest file: two million episodes at 500 bytes each.
pub const FILE_BYTES_MAX: u64 = 1 << 30;

/// A table being read: for each wanted column, where it stands.
pub struct Table<const N: usize> {
    records: csv::StringRecordsIntoIter<BoundedLines<BufReader<File>>>,
    at: [Option<usize>; N],
    width: usize,
}

/// One row: the wanted values, empty where the file has no such column.
pub struct Row<const N: usize> {
    pub line: u64,
    pub values: [String; N],
    /// Whether it has as many values as the first line. Where not, its values may stand in the wrong columns.
    pub sound: bool,
}

/// The first line of a file as CSV: names in capitals.
pub fn columns(path: &Path) -> Result<Vec<String>, String> {
    let mut reader = reader(path)?;
    let header = reader.headers().map_err(|error| unreadable(path, &error))?;
    Ok(header.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_ascii_uppercase()).collect())
}

impl<const N: usize> Table<N> {
    /// `wanted` gives each column's names in capitals: which of them stands in the file is the layout's affair.
    pub fn open(path: &Path, wanted: &[&[&str]; N]) -> Result<Self, String> {
        let names = columns(path)?;
        let at = wanted.map(|aliases| names.iter().position(|name| aliases.contains(&name.as_str())));
        Ok(Self { records: reader(path)?.into_records(), at, width: names.len() })
    }

    /// The next row. A row that is not CSV or not UTF-8 ends the reading: what follows could not be trusted.
    pub fn next(&mut self, path: &Path) -> Option<Result<Row<N>, String>> {
        let record = match self.records.next()? {
            Ok(record) => record,
            Err(error) => return Some(Err(unreadable(path, &error))),
        };
        let line = record.position().map_or(0, csv::Position::line);
        let values = self.at.map(|at| at.and_then(|at| record.get(at)).unwrap_or_default().to_owned());
        Some(Ok(Row { line, values, sound: record.len() == self.width }))
    }
}

fn reader(path: &Path) -> Result<csv::Reader<BoundedLines<BufReader<File>>>, String> {
    let file = File::open(path).map_err(|error| format!("{} cannot be opened: {error}", path.display()))?;
    let length = file.metadata().map_or(0, |found| found.len());
    if length > FILE_BYTES_MAX {
        return Err(format!("{} has {length} bytes; at most {FILE_BYTES_MAX} are read: split the return", path.display()));
    }
    let lines = BoundedLines { input: BufReader::new(file), since: 0 };
    Ok(csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(lines))
}

fn unreadable(path: &Path, error: &csv::Error) -> String {
    let line = error.position().map(|at| format!(":{}", at.line())).unwrap_or_default();
    let what = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8: export it in UTF-8".to_owned(),
        csv::ErrorKind::Io(error) => error.to_string(),
        _ => "it cannot be read as CSV".to_owned(),
    };
    format!("{}{line}: {what}", path.display())
}

/// Ends the reading where a line goes on for too long: the CSV reader would gather all of it.
struct BoundedLines<R> {
    input: R,
    since: usize,
}

impl<R: Read> Read for BoundedLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(buffer)?;
        match buffer[..read].iter().rposition(|byte| *byte == b'\n') {
            Some(last) => self.since = read - last,
            None => self.since += read,
        }
        if self.since > LINE_BYTES_MAX {
            return Err(std::io::Error::other(format!("a line is longer than {LINE_BYTES_MAX} bytes")));
        }
        Ok(read)
    }
}
