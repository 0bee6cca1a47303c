//! Writes the postcode index from a table.

use super::mistake::{Mistakes, Notes};
use domain::Code;
use domain::postcode::{Postcode, PostcodeRow, encode};
use jiff::civil::Date;
use std::io::Read;

/// Most mistakes told at once: a wrong column would otherwise be told once for each of a million rows.
const MISTAKES_MAX: usize = 100;

/// Reads CSV with the columns `postcode,district,ended` and then one column per date (`2021-04-01`), which holds the
/// commissioner's place from that day on; `ended` is `yyyy-mm` or empty. `name` is the file's name in mistakes.
/// Answers the index as bytes, and how many postcodes it has.
///
/// # Errors
/// Up to a hundred mistakes, with their lines.
pub fn pack_postcodes(table: impl Read, name: &str) -> Result<(Vec<u8>, usize), Mistakes> {
    let mut notes = Notes::default();
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(table);
    let epochs = epochs(&mut reader, name, &mut notes);
    let mut rows = Vec::new();
    let mut mistakes = 0;
    for record in reader.records() {
        let line = record.as_ref().ok().and_then(csv::StringRecord::position).map(csv::Position::line);
        match record.map_err(|error| error.to_string()).and_then(|record| row(&record)) {
            Ok(row) => rows.push(row),
            Err(what) => {
                mistakes += 1;
                notes.add(name, line, what);
            }
        }
        if mistakes == MISTAKES_MAX {
            break;
        }
    }
    let count = rows.len();
    let bytes = encode(&epochs, &rows).map_err(|error| notes.add(name, None, error.to_string())).unwrap_or_default();
    notes.settle((bytes, count))
}

fn epochs(reader: &mut csv::Reader<impl Read>, name: &str, notes: &mut Notes) -> Vec<Date> {
    let header: Vec<String> = reader.headers().map(|header| header.iter().map(str::to_owned).collect()).unwrap_or_default();
    let dates: Option<Vec<Date>> = header.iter().skip(3).map(|column| column.parse().ok()).collect();
    match dates {
        Some(dates) if header.iter().take(3).eq(["postcode", "district", "ended"]) && !dates.is_empty() => dates,
        _ => {
            notes.add(name, 1, "the columns must be postcode,district,ended and then one date or more (2021-04-01)");
            Vec::new()
        }
    }
}

fn row(record: &csv::StringRecord) -> Result<PostcodeRow, String> {
    let text = |at: usize| record.get(at).unwrap_or_default();
    let code = |text: &str| Code::new(text).map_err(|error| error.to_string());
    let postcode = Postcode::parse(text(0)).ok_or("the first column is not a postcode")?;
    let ended = if text(2).is_empty() { None } else { Some(month(text(2)).ok_or("ended: it must be yyyy-mm")?) };
    let places = record.iter().skip(3).map(|text| if text.is_empty() { Ok(None) } else { code(text).map(Some) });
    Ok(PostcodeRow { postcode, district: code(text(1))?, places: places.collect::<Result<_, _>>()?, ended })
}

fn month(text: &str) -> Option<(i16, i8)> {
    let (year, month) = text.split_once('-')?;
    Some((year.parse().ok()?, month.parse().ok().filter(|month| (1..=12).contains(month))?))
}
