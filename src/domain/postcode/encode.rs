//! Writing the index from rows.

use super::Postcode;
use super::index::{MAGIC, NONE, VERSION};
use crate::code::Code;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// One postcode to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostcodeRow {
    pub postcode: Postcode,
    pub district: Code,
    /// The commissioner place from each epoch on, as many as there are epochs.
    pub places: Vec<Option<Code>>,
    /// Year and month in which it ended.
    pub ended: Option<(i16, i8)>,
}

/// Why rows cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CannotEncode {
    /// A row (counted from 0) has another number of places than there are epochs.
    Places { row: usize },
    /// Two rows (the later one counted from 0) say different things of one postcode.
    Twice { row: usize },
    /// More codes, cells or areas in one sector than the format holds: 65,534, 65,534 and 128.
    TooMany(&'static str),
    /// Epochs do not rise, or a month is no month.
    Dates,
}

/// The index of `rows`, in any order; `epochs` are the first days of the rows' columns.
///
/// # Errors
/// Where the rows contradict each other or do not fit the format.
pub fn encode(epochs: &[Date], rows: &[PostcodeRow]) -> Result<Vec<u8>, CannotEncode> {
    if !epochs.is_sorted_by(|a, b| a < b) {
        return Err(CannotEncode::Dates);
    }
    let mut tables = Tables::default();
    let placed = place(epochs.len(), rows, &mut tables)?;
    let sectors = Sectors::gather(&placed)?;
    let ended = ended(rows)?;

    let mut body = Vec::new();
    for count in [epochs.len(), tables.codes.len(), tables.cells.len(), sectors.heads.len() / 3, sectors.entries.len(), ended.len()] {
        put_u32(&mut body, number(count)?);
    }
    for day in epochs {
        put_u32(
            &mut body,
            u32::try_from(i32::from(day.year()) * 10_000 + i32::from(day.month()) * 100 + i32::from(day.day()))
                .map_err(|_| CannotEncode::Dates)?,
        );
    }
    for code in in_order(&tables.codes) {
        body.push(u8::try_from(code.as_str().len()).unwrap_or_default());
        body.extend(code.as_str().bytes().chain(std::iter::repeat(0)).take(15));
    }
    in_order(&tables.cells).into_iter().flatten().for_each(|&at| put_u16(&mut body, at));
    sectors.heads.iter().for_each(|&n| put_u32(&mut body, n));
    put_u32(&mut body, number(sectors.palette.len())?);
    sectors.palette.iter().chain(&sectors.entries).for_each(|&n| put_u16(&mut body, n));
    ended.keys().for_each(|&key| put_u32(&mut body, key));
    ended.values().for_each(|&month| put_u16(&mut body, month));

    let mut bytes = MAGIC.to_vec();
    put_u16(&mut bytes, VERSION);
    bytes.extend(Sha256::digest(&body));
    bytes.extend(body);
    Ok(bytes)
}

/// Codes and cells, each numbered as first met.
#[derive(Default)]
struct Tables {
    codes: BTreeMap<Code, u16>,
    cells: BTreeMap<Vec<u16>, u16>,
}

/// Postcode to cell, in the order of the keys.
fn place(epochs: usize, rows: &[PostcodeRow], tables: &mut Tables) -> Result<BTreeMap<Postcode, u16>, CannotEncode> {
    let mut placed = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        if row.places.len() != epochs {
            return Err(CannotEncode::Places { row: at });
        }
        let mut cell = vec![intern(&mut tables.codes, row.district, "codes")?];
        for place in &row.places {
            cell.push(place.map_or(Ok(NONE), |code| intern(&mut tables.codes, code, "codes"))?);
        }
        let cell = intern(&mut tables.cells, cell, "cells")?;
        if placed.insert(row.postcode, cell).is_some_and(|before| before != cell) {
            return Err(CannotEncode::Twice { row: at });
        }
    }
    Ok(placed)
}

fn intern<K: Ord>(table: &mut BTreeMap<K, u16>, key: K, what: &'static str) -> Result<u16, CannotEncode> {
    let next = u16::try_from(table.len()).ok().filter(|&n| n < NONE).ok_or(CannotEncode::TooMany(what))?;
    Ok(*table.entry(key).or_insert(next))
}

/// Sectors as they are written: three numbers a head, palette and entries beside.
#[derive(Default)]
struct Sectors {
    heads: Vec<u32>,
    palette: Vec<u16>,
    entries: Vec<u16>,
}

impl Sectors {
    fn gather(placed: &BTreeMap<Postcode, u16>) -> Result<Self, CannotEncode> {
        let mut sectors = Self::default();
        let (mut current, mut palette_start) = (None, 0);
        for (postcode, &cell) in placed {
            if current != Some(postcode.sector()) {
                current = Some(postcode.sector());
                palette_start = sectors.palette.len();
                sectors.heads.extend([postcode.sector(), number(sectors.entries.len())?, number(palette_start)?]);
            }
            let at = sectors.palette[palette_start..].iter().position(|&known| known == cell).unwrap_or_else(|| {
                sectors.palette.push(cell);
                sectors.palette.len() - palette_start - 1
            });
            let at = u16::try_from(at).ok().filter(|&at| at < 128).ok_or(CannotEncode::TooMany("areas in one sector"))?;
            sectors.entries.push(u16::try_from(postcode.unit() << 7).map_err(|_| CannotEncode::TooMany("units"))? | at);
        }
        Ok(sectors)
    }
}

/// Key to months since year 0, of those that have ended.
fn ended(rows: &[PostcodeRow]) -> Result<BTreeMap<u32, u16>, CannotEncode> {
    let ended = rows.iter().filter_map(|row| row.ended.map(|month| (row.postcode.key(), month)));
    ended
        .map(|(key, (year, month))| {
            let months = (1..=12).contains(&month).then(|| i32::from(year) * 12 + i32::from(month) - 1);
            months.and_then(|months| u16::try_from(months).ok()).map(|months| (key, months)).ok_or(CannotEncode::Dates)
        })
        .collect()
}

fn in_order<K>(table: &BTreeMap<K, u16>) -> Vec<&K> {
    let mut keys: Vec<(&K, u16)> = table.iter().map(|(key, &at)| (key, at)).collect();
    keys.sort_by_key(|&(_, at)| at);
    keys.into_iter().map(|(key, _)| key).collect()
}

fn number(count: usize) -> Result<u32, CannotEncode> {
    u32::try_from(count).map_err(|_| CannotEncode::TooMany("rows"))
}

fn put_u16(bytes: &mut Vec<u8>, n: u16) {
    bytes.extend(n.to_le_bytes());
}

fn put_u32(bytes: &mut Vec<u8>, n: u32) {
    bytes.extend(n.to_le_bytes());
}

impl fmt::Display for CannotEncode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Places { row } => write!(f, "row {row} has another number of commissioner columns than there are dates"),
            Self::Twice { row } => write!(f, "row {row} repeats a postcode with another area"),
            Self::TooMany(what) => write!(f, "too many {what} for the index format"),
            Self::Dates => f.write_str("the dates of the columns must rise, and a month is 1 to 12"),
        }
    }
}

impl std::error::Error for CannotEncode {}

#[cfg(test)]
mod tests {
    use super::{CannotEncode, PostcodeRow, encode};
    use crate::code::Code;
    use crate::postcode::{Postcode, PostcodeIndex};
    use jiff::civil::{Date, date};

    fn code(text: &str) -> Code {
        Code::new(text).unwrap()
    }

    fn row(postcode: &str, district: &str, places: [&str; 2]) -> PostcodeRow {
        let places = places.iter().map(|text| (!text.is_empty()).then(|| code(text))).collect();
        PostcodeRow { postcode: Postcode::parse(postcode).unwrap(), district: code(district), places, ended: None }
    }

    fn epochs() -> [Date; 2] {
        [date(2020, 4, 1), date(2026, 4, 1)]
    }

    #[test]
    fn what_is_written_is_found_and_nothing_else() {
        let rows = [
            row("ME14 2AA", "E07000110", ["91Q", "91Q"]),
            row("GU14 7JF", "E07000092", ["D4U1Y", "D9Y0V"]),
            row("GU14 7JG", "E07000092", ["", "D9Y0V"]),
            PostcodeRow { ended: Some((2019, 12)), ..row("GU14 6AA", "E07000092", ["D4U1Y", ""]) },
        ];
        let index = PostcodeIndex::read(encode(&epochs(), &rows).unwrap()).unwrap();
        assert_eq!(index.len(), 4);
        for row in &rows {
            let area = index.find(row.postcode).unwrap();
            assert_eq!((area.district, area.places, area.ended), (row.district, &row.places[..], row.ended));
            assert_eq!(area.epochs, epochs());
        }
        for absent in ["ME14 2AB", "GU14 7JE", "GU14 7JH", "A1 1AA", "ZE1 1AA"] {
            assert_eq!(index.find(Postcode::parse(absent).unwrap()), None, "{absent}");
        }
    }

    #[test]
    fn a_whole_sector_fits() {
        let letters = "ABDEFGHJLNPQRSTUWXYZ";
        let units = letters.chars().flat_map(|a| letters.chars().map(move |b| format!("ME14 2{a}{b}")));
        let rows: Vec<_> = units.map(|text| row(&text, "E07000110", ["91Q", "91Q"])).collect();
        let index = PostcodeIndex::read(encode(&epochs(), &rows).unwrap()).unwrap();
        assert_eq!((index.len(), rows.iter().filter(|row| index.find(row.postcode).is_some()).count()), (400, 400));
    }

    #[test]
    fn nothing_is_an_index_too() {
        let index = PostcodeIndex::read(encode(&[], &[]).unwrap()).unwrap();
        assert!(index.is_empty() && index.find(Postcode::parse("ME14 2AA").unwrap()).is_none());
    }

    #[test]
    fn contradictions_are_refused() {
        let (one, other) = (row("ME14 2AA", "E07000110", ["91Q", "91Q"]), row("ME14 2AA", "E07000105", ["91Q", "91Q"]));
        assert_eq!(encode(&epochs(), &[one.clone(), other]), Err(CannotEncode::Twice { row: 1 }));
        assert_eq!(encode(&epochs()[..1], std::slice::from_ref(&one)), Err(CannotEncode::Places { row: 0 }));
        assert_eq!(encode(&[date(2026, 4, 1), date(2020, 4, 1)], std::slice::from_ref(&one)), Err(CannotEncode::Dates));
        assert_eq!(encode(&epochs(), &[PostcodeRow { ended: Some((2020, 13)), ..one }]), Err(CannotEncode::Dates));
    }

    #[test]
    fn a_changed_or_shortened_file_is_refused() {
        let bytes = encode(&epochs(), &[row("ME14 2AA", "E07000110", ["91Q", "91Q"])]).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(PostcodeIndex::read(changed).is_err(), "byte {at}");
            assert!(PostcodeIndex::read(bytes[..at].to_vec()).is_err(), "cut at {at}");
        }
    }
}
