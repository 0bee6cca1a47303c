//! A whole postcode directory of the Office for National Statistics (NSPL or ONSPD, as CSV) as a postcode index.
//!
//! Read once, as a stream, whatever the edition calls its columns. What is odd about a row is counted and told with its
//! line, and never stops the import; what would make the whole of it wrong (a missing column, another encoding, nothing
//! that could be read) refuses it.

mod codes;
mod columns;
mod edition;
mod findings;

pub use codes::Codes;
pub use edition::{first_day, of_name};
pub use findings::{Finding, Findings, Group};

use super::mistake::{Mistake, Mistakes};
use codes::Commissioner;
use columns::Columns;
use csv::ByteRecord;
use domain::Code;
use domain::postcode::{Builder, CannotEncode, Postcode, PostcodeIndex};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

/// Read at once: less often than the system's default, and small beside what is built.
const BUFFER_BYTES: usize = 256 * 1024;

/// What to make an index of.
pub struct Import<'a> {
    /// The file's name, for findings.
    pub name: &'a str,
    pub codes: &'a Codes,
    /// The first day on which this edition's commissioners hold.
    pub from: Date,
    /// The index whose other dates are to be kept.
    pub keep: Option<&'a PostcodeIndex>,
}

/// An index, and what there is to say about it.
#[derive(Debug)]
pub struct Imported {
    pub bytes: Vec<u8>,
    pub summary: Summary,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    pub rows: u64,
    /// Postcodes in the index.
    pub postcodes: usize,
    /// Of these, how many have ended.
    pub ended: u64,
    /// Rows by country, as far as they were taken.
    pub countries: BTreeMap<&'static str, u64>,
    /// Rows of Northern Ireland: their licence does not allow to keep them.
    pub northern_ireland_left_out: u64,
    /// Postcodes that only the kept index has.
    pub only_before: u64,
    /// First days of the index's columns.
    pub dates: Vec<Date>,
    pub bytes: usize,
    pub findings: Findings,
}

/// Reads the whole of `source`.
///
/// # Errors
/// Where it is not such a file, lacks a column, or nothing of it could be used.
pub fn import_postcodes(source: impl Read, import: &Import<'_>) -> Result<Imported, Mistakes> {
    let mut source = BufReader::with_capacity(BUFFER_BYTES, source);
    let begin = source.fill_buf().map_err(|error| refusal(import.name, None, format!("it cannot be read: {error}")))?;
    if let Some(what) = other_format(begin) {
        return Err(refusal(import.name, None, what));
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(BUFFER_BYTES).from_reader(source);
    let mut record = ByteRecord::new();
    let unreadable =
        |error: csv::Error| refusal(import.name, error.position().map(csv::Position::line), format!("it cannot be read: {error}"));
    reader.read_byte_record(&mut record).map_err(unreadable)?;
    let columns = Columns::find(&record).map_err(|missing| {
        Mistakes(missing.into_iter().map(|what| Mistake { file: import.name.to_owned(), line: Some(1), what }).collect())
    })?;
    let fields = record.len();
    let mut desk = Desk::new(import).map_err(|error| refusal(import.name, None, error.to_string()))?;
    while reader.read_byte_record(&mut record).map_err(unreadable)? {
        let line = record.position().map_or(0, csv::Position::line);
        desk.take(&columns.of(&record, fields), line).map_err(|error| refusal(import.name, Some(line), error.to_string()))?;
    }
    desk.finish().map_err(|what| refusal(import.name, None, what))
}

/// What a file that is no UTF-8 CSV begins with.
fn other_format(begin: &[u8]) -> Option<&'static str> {
    match begin {
        [] => Some("it is empty"),
        [b'P', b'K', 3, 4, ..] => Some("it is a zip archive: unpack it, and give the CSV file of the United Kingdom from its folder Data"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("it is UTF-16: save it as UTF-8, or take the file as it was published"),
        _ if begin.iter().take(4096).any(|&byte| byte == 0) => Some("it is no text"),
        _ => None,
    }
}

fn refusal(file: &str, line: Option<u64>, what: impl Into<String>) -> Mistakes {
    Mistakes(vec![Mistake { file: file.to_owned(), line, what: what.into() }])
}

/// One row's fields, trimmed; `whole` is false where the row has another number of fields than the header.
struct Fields<'a> {
    postcode: &'a [u8],
    introduced: &'a [u8],
    ended: &'a [u8],
    district: &'a [u8],
    commissioner: &'a [u8],
    board: &'a [u8],
    country: &'a [u8],
    whole: bool,
}

struct Desk<'a> {
    import: &'a Import<'a>,
    dates: Vec<Date>,
    /// Where this edition's column stands among the dates.
    own: usize,
    builder: Builder,
    /// The line of each row that was added, for what turns out at the end.
    lines: Vec<u32>,
    places: Vec<Option<Code>>,
    summary: Summary,
}

impl<'a> Desk<'a> {
    fn new(import: &'a Import<'a>) -> Result<Self, CannotEncode> {
        let mut dates = import.keep.map(|index| index.epochs().to_vec()).unwrap_or_default();
        dates.push(import.from);
        dates.sort_unstable();
        dates.dedup();
        let own = dates.iter().position(|&date| date == import.from).unwrap_or_default();
        let (builder, places) = (Builder::new(&dates)?, vec![None; dates.len()]);
        Ok(Self { import, dates, own, builder, lines: Vec::new(), places, summary: Summary::default() })
    }

    fn take(&mut self, fields: &Fields<'_>, line: u64) -> Result<(), CannotEncode> {
        self.summary.rows += 1;
        if !fields.whole {
            self.found(Finding::Cut, "", line);
            return Ok(());
        }
        let country = country(fields);
        if country == "Northern Ireland" {
            self.summary.northern_ireland_left_out += 1;
            return Ok(());
        }
        let Some(postcode) = std::str::from_utf8(fields.postcode).ok().and_then(Postcode::parse) else {
            self.found(Finding::NotAPostcode, "", line);
            return Ok(());
        };
        let Some(district) = self.district(fields, country, line) else { return Ok(()) };
        let place = self.place(fields, country, line);
        let ended = self.ended(fields, line);
        let before = self.import.keep.and_then(|index| index.find(postcode).map(|area| (index.epochs(), area)));
        // A postcode that the kept index does not have stands, on its other dates too, for what it is now: a look-up
        // follows it through succession, as it does before the first date.
        self.places.fill(place);
        let newest = self.own + 1 == self.dates.len();
        let (mut kept_district, mut kept_ended) = (district, ended);
        if let Some((epochs, area)) = before {
            for (column, date) in self.dates.iter().enumerate().filter(|&(column, _)| column != self.own) {
                self.places[column] = epochs.binary_search(date).ok().and_then(|at| area.places[at]);
            }
            if !newest {
                (kept_district, kept_ended) = (area.district, area.ended);
            }
        }
        self.builder.add(postcode, kept_district, &self.places, kept_ended)?;
        self.lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        *self.summary.countries.entry(country).or_default() += 1;
        Ok(())
    }

    fn district(&mut self, fields: &Fields<'_>, country: &str, line: u64) -> Option<Code> {
        if fields.district.is_empty() {
            self.found(Finding::NoLocation, "", line);
            return None;
        }
        let codes = self.import.codes;
        let known = match country {
            "England" => codes.district(fields.district),
            "Wales" => codes.authority(fields.district),
            // Beyond the rules' reach: that a postcode lies there is all that is told of it.
            _ => code(fields.district),
        };
        if known.is_none() {
            let kind = if country == "Wales" { Finding::UnknownAuthority } else { Finding::UnknownDistrict };
            self.found(kind, &text(fields.district), line);
        }
        known
    }

    /// None where the row has no commissioner whom the directory knows: the authority is told, and a person asked.
    fn place(&mut self, fields: &Fields<'_>, country: &str, line: u64) -> Option<Code> {
        if country != "England" && country != "Wales" {
            return None;
        }
        let codes = self.import.codes;
        match codes.commissioner(fields.commissioner) {
            Some(Commissioner { code, is_place }) if is_place == (country == "England") => {
                if is_place && codes.board_differs(code, fields.board, self.import.from) {
                    self.found(Finding::OtherBoard, &format!("{code} {}", text(fields.board)), line);
                }
                Some(code)
            }
            _ => {
                self.found(Finding::UnknownCommissioner, &text(fields.commissioner), line);
                None
            }
        }
    }

    fn ended(&mut self, fields: &Fields<'_>, line: u64) -> Option<(i16, i8)> {
        if fields.ended.is_empty() {
            return None;
        }
        let Some(ended) = month(fields.ended) else {
            self.found(Finding::NotAMonth, "", line);
            return None;
        };
        if month(fields.introduced).is_some_and(|introduced| introduced > ended) {
            self.found(Finding::EndedBeforeBegun, "", line);
        }
        self.summary.ended += 1;
        Some(ended)
    }

    fn found(&mut self, kind: Finding, about: &str, line: u64) {
        self.summary.findings.add(kind, about, line);
    }

    fn finish(mut self) -> Result<Imported, String> {
        let repeats = self.builder.settle();
        for (kind, rows) in [(Finding::Repeated, &repeats.alike), (Finding::Contradicted, &repeats.contradictory)] {
            for &row in rows {
                let line = self.lines.get(row).copied().unwrap_or_default();
                self.found(kind, "", u64::from(line));
            }
        }
        if self.builder.is_empty() {
            return Err(format!("none of its {} rows could be used; nothing is written\n{}", self.summary.rows, self.summary.findings));
        }
        self.carry().map_err(|error| error.to_string())?;
        self.summary.findings.sort();
        let postcodes = self.builder.len();
        let bytes = self.builder.finish().map_err(|error| error.to_string())?;
        let summary = Summary { postcodes, dates: self.dates, bytes: bytes.len(), ..self.summary };
        Ok(Imported { bytes, summary })
    }

    /// Postcodes that only the kept index has stay, with nothing for this edition's date.
    fn carry(&mut self) -> Result<(), CannotEncode> {
        let Some(index) = self.import.keep else { return Ok(()) };
        let carried: Vec<_> = index.iter().filter(|(postcode, _)| !self.builder.holds(*postcode)).collect();
        for (postcode, area) in carried {
            for (column, date) in self.dates.iter().enumerate() {
                let before = (column != self.own).then(|| index.epochs().binary_search(date).ok()).flatten();
                self.places[column] = before.and_then(|at| area.places[at]);
            }
            self.builder.add(postcode, area.district, &self.places, area.ended)?;
            self.summary.only_before += 1;
        }
        self.builder.settle();
        Ok(())
    }
}

/// By the country's code; where that is blank, by the district's and the postcode's letters.
fn country(fields: &Fields<'_>) -> &'static str {
    let letter = fields.country.first().or_else(|| fields.district.first());
    match letter {
        _ if fields.postcode.starts_with(b"BT") => "Northern Ireland",
        Some(b'E') => "England",
        Some(b'W') => "Wales",
        Some(b'S') => "Scotland",
        Some(b'N') => "Northern Ireland",
        Some(b'L') => "Channel Islands",
        Some(b'M') => "Isle of Man",
        _ => "no country",
    }
}

fn code(field: &[u8]) -> Option<Code> {
    std::str::from_utf8(field).ok().and_then(|text| Code::new(text).ok())
}

/// A field for a person: short, whatever it holds.
fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field).chars().filter(|letter| !letter.is_control()).take(15).collect()
}

/// A month as it is published: `202606`.
fn month(field: &[u8]) -> Option<(i16, i8)> {
    let text = std::str::from_utf8(field).ok().filter(|text| text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()))?;
    let (year, month) = text.split_at(4);
    Some((year.parse().ok()?, month.parse().ok().filter(|month| (1..=12).contains(month))?))
}
