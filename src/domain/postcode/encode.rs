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
    let mut builder = Builder::new(epochs)?;
    for row in rows {
        builder.add(row.postcode, row.district, &row.places, row.ended)?;
    }
    match builder.settle().contradictory.first() {
        Some(&row) => Err(CannotEncode::Twice { row }),
        None => builder.finish(),
    }
}

/// Gathers postcodes one by one, at twelve bytes each: a whole country fits into memory many times.
pub struct Builder {
    epochs: Vec<Date>,
    codes: BTreeMap<Code, u16>,
    cells: BTreeMap<Vec<u16>, u16>,
    rows: Vec<Row>,
    /// The cell of the row that is being added.
    cell: Vec<u16>,
    added: u32,
}

/// Postcodes that were added more than once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repeats {
    /// Rows (counted from 0) that say again what another says: one of them counts.
    pub alike: Vec<usize>,
    /// Rows that say something else than an earlier one: then none of the postcode's rows counts.
    pub contradictory: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    postcode: Postcode,
    /// In the order of adding.
    number: u32,
    cell: u16,
    /// Months since year 0; 0 where it has not ended.
    ended: u16,
}

impl Builder {
    /// `epochs` are the first days of the rows' columns.
    ///
    /// # Errors
    /// Where they do not rise.
    pub fn new(epochs: &[Date]) -> Result<Self, CannotEncode> {
        if !epochs.is_sorted_by(|a, b| a < b) {
            return Err(CannotEncode::Dates);
        }
        Ok(Self { epochs: epochs.to_vec(), codes: BTreeMap::new(), cells: BTreeMap::new(), rows: Vec::new(), cell: Vec::new(), added: 0 })
    }

    /// Adds one postcode: the commissioner place from each epoch on, and the year and month in which it ended.
    ///
    /// # Errors
    /// Where it does not fit the format.
    pub fn add(
        &mut self,
        postcode: Postcode,
        district: Code,
        places: &[Option<Code>],
        ended: Option<(i16, i8)>,
    ) -> Result<(), CannotEncode> {
        let number = self.added;
        if places.len() != self.epochs.len() {
            return Err(CannotEncode::Places { row: usize::try_from(number).unwrap_or(usize::MAX) });
        }
        self.cell.clear();
        self.cell.push(intern(&mut self.codes, district, "codes")?);
        for place in places {
            self.cell.push(place.map_or(Ok(NONE), |code| intern(&mut self.codes, code, "codes"))?);
        }
        let cell = match self.cells.get(self.cell.as_slice()) {
            Some(&known) => known,
            None => intern(&mut self.cells, self.cell.clone(), "cells")?,
        };
        let ended = ended.map_or(Ok(0), |month| months(month).ok_or(CannotEncode::Dates))?;
        self.rows.push(Row { postcode, number, cell, ended });
        self.added = number.checked_add(1).ok_or(CannotEncode::TooMany("rows"))?;
        Ok(())
    }

    /// Sorts, and takes out what was added more than once: the same again, or contradictory.
    pub fn settle(&mut self) -> Repeats {
        self.rows.sort_unstable();
        let mut repeats = Repeats::default();
        let mut kept = Vec::with_capacity(self.rows.len());
        for same in self.rows.chunk_by(|one, other| one.postcode == other.postcode) {
            let first = same[0];
            let (alike, other): (Vec<Row>, Vec<Row>) = same[1..].iter().partition(|row| (row.cell, row.ended) == (first.cell, first.ended));
            let numbers = |rows: Vec<Row>| rows.into_iter().filter_map(|row| usize::try_from(row.number).ok());
            if other.is_empty() {
                kept.push(first);
            }
            repeats.alike.extend(numbers(alike));
            repeats.contradictory.extend(numbers(other));
        }
        self.rows = kept;
        repeats.alike.sort_unstable();
        repeats.contradictory.sort_unstable();
        repeats
    }

    /// Whether a postcode is there. Only after [`Builder::settle`].
    #[must_use]
    pub fn holds(&self, postcode: Postcode) -> bool {
        self.rows.binary_search_by_key(&postcode, |row| row.postcode).is_ok()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The index as bytes.
    ///
    /// # Errors
    /// Where the rows do not fit the format.
    pub fn finish(mut self) -> Result<Vec<u8>, CannotEncode> {
        self.settle();
        let sectors = Sectors::gather(&self.rows)?;
        let ended: Vec<&Row> = self.rows.iter().filter(|row| row.ended > 0).collect();

        let mut body = Vec::new();
        for count in [self.epochs.len(), self.codes.len(), self.cells.len(), sectors.heads.len() / 3, sectors.entries.len(), ended.len()] {
            put_u32(&mut body, number(count)?);
        }
        for day in &self.epochs {
            let day = i32::from(day.year()) * 10_000 + i32::from(day.month()) * 100 + i32::from(day.day());
            put_u32(&mut body, u32::try_from(day).map_err(|_| CannotEncode::Dates)?);
        }
        for code in in_order(&self.codes) {
            body.push(u8::try_from(code.as_str().len()).unwrap_or_default());
            body.extend(code.as_str().bytes().chain(std::iter::repeat(0)).take(15));
        }
        in_order(&self.cells).into_iter().flatten().for_each(|&at| put_u16(&mut body, at));
        sectors.heads.iter().for_each(|&n| put_u32(&mut body, n));
        put_u32(&mut body, number(sectors.palette.len())?);
        sectors.palette.iter().chain(&sectors.entries).for_each(|&n| put_u16(&mut body, n));
        ended.iter().for_each(|row| put_u32(&mut body, row.postcode.key()));
        ended.iter().for_each(|row| put_u16(&mut body, row.ended));

        let mut bytes = MAGIC.to_vec();
        put_u16(&mut bytes, VERSION);
        bytes.extend(Sha256::digest(&body));
        bytes.extend(body);
        Ok(bytes)
    }
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
    /// From rows in the order of their keys.
    fn gather(rows: &[Row]) -> Result<Self, CannotEncode> {
        let mut sectors = Self::default();
        let (mut current, mut palette_start) = (None, 0);
        for row in rows {
            if current != Some(row.postcode.sector()) {
                current = Some(row.postcode.sector());
                palette_start = sectors.palette.len();
                sectors.heads.extend([row.postcode.sector(), number(sectors.entries.len())?, number(palette_start)?]);
            }
            let at = sectors.palette[palette_start..].iter().position(|&known| known == row.cell).unwrap_or_else(|| {
                sectors.palette.push(row.cell);
                sectors.palette.len() - palette_start - 1
            });
            let at = u16::try_from(at).ok().filter(|&at| at < 128).ok_or(CannotEncode::TooMany("areas in one sector"))?;
            sectors.entries.push(u16::try_from(row.postcode.unit() << 7).map_err(|_| CannotEncode::TooMany("units"))? | at);
        }
        Ok(sectors)
    }
}

/// Months since year 0.
fn months((year, month): (i16, i8)) -> Option<u16> {
    let months = (1..=12).contains(&month).then(|| i32::from(year) * 12 + i32::from(month) - 1)?;
    u16::try_from(months).ok().filter(|&months| months > 0)
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
    use super::{Builder, CannotEncode, PostcodeRow, Repeats, encode};
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
            PostcodeRow { ended: Some((2023, 1)), ..row("ME14 2AD", "E07000110", ["91Q", "91Q"]) },
            PostcodeRow { ended: Some((2021, 7)), ..row("GU14 6AB", "E07000092", ["D4U1Y", ""]) },
        ];
        let index = PostcodeIndex::read(encode(&epochs(), &rows).unwrap()).unwrap();
        assert_eq!(index.len(), 6);
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
    fn what_is_said_twice_counts_once_and_what_is_contradicted_not_at_all() {
        let epochs = [date(2026, 4, 1)];
        let mut builder = Builder::new(&epochs).unwrap();
        let postcode = |text: &str| Postcode::parse(text).unwrap();
        for (text, district) in [
            ("ME14 2AB", "E07000110"),
            ("ME14 2AA", "E07000110"),
            ("ME14 2AB", "E07000105"),
            ("ME14 2AA", "E07000110"),
            ("ME14 2AB", "E07000110"),
        ] {
            builder.add(postcode(text), code(district), &[Some(code("91Q"))], None).unwrap();
        }
        assert_eq!(builder.settle(), Repeats { alike: vec![3, 4], contradictory: vec![2] });
        assert!(builder.holds(postcode("ME14 2AA")) && !builder.holds(postcode("ME14 2AB")));
        assert_eq!((builder.len(), builder.is_empty()), (1, false));
        let index = PostcodeIndex::read(builder.finish().unwrap()).unwrap();
        assert_eq!(
            index.iter().map(|(found, area)| (found, area.district)).collect::<Vec<_>>(),
            [(postcode("ME14 2AA"), code("E07000110"))]
        );
    }

    #[test]
    fn an_index_is_walked_in_order() {
        let rows = [
            PostcodeRow { ended: Some((2019, 12)), ..row("GU14 6AA", "E07000092", ["D4U1Y", ""]) },
            row("GU14 7JF", "E07000092", ["D4U1Y", "D9Y0V"]),
            row("ME14 2AA", "E07000110", ["91Q", "91Q"]),
        ];
        let index = PostcodeIndex::read(encode(&epochs(), &rows).unwrap()).unwrap();
        let walked: Vec<PostcodeRow> = index
            .iter()
            .map(|(postcode, area)| PostcodeRow { postcode, district: area.district, places: area.places.to_vec(), ended: area.ended })
            .collect();
        assert_eq!(walked, rows);
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

    #[test]
    fn a_builder_knows_how_much_it_holds() {
        let mut builder = Builder::new(&[]).unwrap();
        assert_eq!((builder.len(), builder.is_empty()), (0, true));
        for text in ["ME14 2AA", "ME14 2AB"] {
            builder.add(Postcode::parse(text).unwrap(), code("E07000110"), &[], None).unwrap();
        }
        assert_eq!((builder.len(), builder.is_empty()), (2, false));
    }

    #[test]
    fn more_codes_than_two_bytes_can_number_are_refused() {
        let mut builder = Builder::new(&[]).unwrap();
        let postcode = Postcode::parse("ME14 2AA").unwrap();
        let mut add = |number: u32| builder.add(postcode, code(&format!("E{number}")), &[], None);
        for number in 0..65_535 {
            assert_eq!(add(number), Ok(()), "{number}");
        }
        assert_eq!(add(65_535), Err(CannotEncode::TooMany("codes")));
    }

    #[test]
    fn a_sector_lies_in_at_most_128_areas() {
        let units = "ABDEFGHJLNPQRSTUWXYZ".chars().flat_map(|a| "ABDEFGHJLN".chars().map(move |b| format!("ME14 2{a}{b}")));
        let rows: Vec<PostcodeRow> = units.enumerate().map(|(at, unit)| row(&unit, &format!("E{at}"), ["", ""])).collect();
        let index = PostcodeIndex::read(encode(&epochs(), &rows[..128]).unwrap()).unwrap();
        assert!(rows[..128].iter().all(|row| index.find(row.postcode).is_some_and(|area| area.district == row.district)));
        assert_eq!(encode(&epochs(), &rows[..129]), Err(CannotEncode::TooMany("areas in one sector")));
    }

    #[test]
    fn a_month_is_one_that_two_bytes_can_hold() {
        let ended =
            |year, month| encode(&epochs(), &[PostcodeRow { ended: Some((year, month)), ..row("ME14 2AA", "E07000110", ["", ""]) }]);
        for (year, month) in [(0, 1), (2020, 0), (2020, 13), (-1, 1), (5461, 5)] {
            assert_eq!(ended(year, month), Err(CannotEncode::Dates), "{year} {month}");
        }
        for (year, month) in [(0, 2), (2020, 1), (2020, 12), (5461, 4)] {
            let index = PostcodeIndex::read(ended(year, month).unwrap()).unwrap();
            assert_eq!(index.find(Postcode::parse("ME14 2AA").unwrap()).unwrap().ended, Some((year, month)));
        }
    }

    #[test]
    fn what_is_wrong_is_told_in_a_sentence() {
        let sentences =
            [CannotEncode::Places { row: 3 }, CannotEncode::Twice { row: 4 }, CannotEncode::TooMany("cells"), CannotEncode::Dates];
        assert_eq!(
            sentences.map(|one| one.to_string()),
            [
                "row 3 has another number of commissioner columns than there are dates",
                "row 4 repeats a postcode with another area",
                "too many cells for the index format",
                "the dates of the columns must rise, and a month is 1 to 12",
            ]
        );
    }
}
