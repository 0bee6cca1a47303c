//! Reading the index: checked whole once, then searched in place.

use super::{Postcode, UNITS};
use crate::code::Code;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use std::fmt;

pub(super) const MAGIC: &[u8; 6] = b"PHPOST";
pub(super) const VERSION: u16 = 1;
pub(super) const NONE: u16 = u16::MAX;
const HEADER: usize = 40;
const SECTOR: usize = 12;

/// Which area each postcode lies in, by date. Bytes as read from a file, and a few small tables.
#[derive(Clone)]
pub struct PostcodeIndex {
    bytes: Vec<u8>,
    epochs: Vec<Date>,
    cells: Vec<Cell>,
    sectors: Part,
    palette: Part,
    entries: Part,
    ended_keys: Part,
    ended_months: Part,
}

/// A part of the bytes: where it begins, and of how many items.
#[derive(Clone, Copy, Default)]
struct Part {
    at: usize,
    count: usize,
}

#[derive(Clone)]
struct Cell {
    district: Code,
    places: Vec<Option<Code>>,
}

/// What the index knows of a postcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area<'a> {
    pub district: Code,
    /// First day of each period, rising.
    pub epochs: &'a [Date],
    /// The commissioner place in each period.
    pub places: &'a [Option<Code>],
    /// The month in which the postcode ended: year and month.
    pub ended: Option<(i16, i8)>,
}

/// Why bytes are not an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(pub &'static str);

impl PostcodeIndex {
    /// # Errors
    /// Where the bytes are not an index of this version, or not whole. Nothing is trusted later that was not checked here.
    pub fn read(bytes: Vec<u8>) -> Result<Self, Unreadable> {
        if bytes.get(..6) != Some(MAGIC) {
            return Err(Unreadable("it is not a postcode index (it does not begin with PHPOST)"));
        }
        if u16_at(&bytes, 6) != Some(VERSION) {
            return Err(Unreadable("it is a postcode index of another version; import the postcodes again with this version of the hub"));
        }
        let digest: [u8; 32] = Sha256::digest(bytes.get(HEADER..).unwrap_or_default()).into();
        if bytes.get(8..HEADER) != Some(&digest[..]) {
            return Err(Unreadable("its digest does not match: it was cut short or changed; copy or import it again"));
        }
        Self::lay_out(bytes).ok_or(Unreadable("its tables do not fit together; import the postcodes again"))
    }

    /// The area of a postcode; none where it is not in the index.
    #[must_use]
    pub fn find(&self, postcode: Postcode) -> Option<Area<'_>> {
        let sector = search(self.sectors.count, |i| self.u32(self.sectors.at + i * SECTOR), postcode.sector())?;
        let (first, palette) = (self.sector_field(sector, 4)?, self.sector_field(sector, 8)?);
        let end = self.sector_field(sector + 1, 4).unwrap_or(self.entries.count);
        let entry = search(end - first, |i| u32::from(self.entry(first + i)) >> 7, postcode.unit())?;
        self.area(postcode, palette + usize::from(self.entry(first + entry) & 0x7f))
    }

    /// Every postcode with its area, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (Postcode, Area<'_>)> {
        (0..self.sectors.count).flat_map(move |sector| {
            let key = self.u32(self.sectors.at + sector * SECTOR);
            let first = self.sector_field(sector, 4).unwrap_or_default();
            let palette = self.sector_field(sector, 8).unwrap_or_default();
            let end = self.sector_field(sector + 1, 4).unwrap_or(self.entries.count);
            (first..end).filter_map(move |at| {
                let entry = self.entry(at);
                let postcode = Postcode(key.checked_mul(UNITS)?.checked_add(u32::from(entry) >> 7)?);
                Some((postcode, self.area(postcode, palette + usize::from(entry & 0x7f))?))
            })
        })
    }

    /// The first day of each column, rising.
    #[must_use]
    pub fn epochs(&self) -> &[Date] {
        &self.epochs
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.count
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.count == 0
    }

    /// Every district and commissioner place that occurs: the directory must know them all.
    pub fn codes(&self) -> impl Iterator<Item = (Code, impl Iterator<Item = Code>)> {
        self.cells.iter().map(|cell| (cell.district, cell.places.iter().copied().flatten()))
    }

    fn lay_out(bytes: Vec<u8>) -> Option<Self> {
        let mut counts = [0; 6];
        for (i, count) in counts.iter_mut().enumerate() {
            *count = usize_at(&bytes, HEADER + 4 * i)?;
        }
        let [epochs, codes, cells, sectors, entries, ended] = counts;
        let mut at = HEADER + 24;
        let mut take = |count: usize, size: usize| {
            let part = Part { at, count };
            at = at.checked_add(count.checked_mul(size)?)?;
            Some(part)
        };
        let (epochs, codes) = (take(epochs, 4)?, take(codes, 16)?);
        let cells = take(cells, 2 + 2 * epochs.count)?;
        let sectors = take(sectors, SECTOR)?;
        let palette_count = take(1, 4)?;
        let palette = take(usize_at(&bytes, palette_count.at)?, 2)?;
        let (entries, ended_keys, ended_months) = (take(entries, 2)?, take(ended, 4)?, take(ended, 2)?);
        if at != bytes.len() {
            return None;
        }
        let codes: Vec<Code> = (0..codes.count).map(|i| code_at(&bytes, codes.at + 16 * i)).collect::<Option<_>>()?;
        let cells = (0..cells.count).map(|i| cell_at(&bytes, cells.at + i * (2 + 2 * epochs.count), epochs.count, &codes));
        let index = Self {
            cells: cells.collect::<Option<_>>()?,
            epochs: (0..epochs.count).map(|i| date_at(&bytes, epochs.at + 4 * i)).collect::<Option<_>>()?,
            bytes,
            sectors,
            palette,
            entries,
            ended_keys,
            ended_months,
        };
        index.fits().then_some(index)
    }

    /// Sectors rise, and point into the entries and the palette; every palette cell exists.
    fn fits(&self) -> bool {
        let mut last = (None, 0, 0);
        let sectors_fit = (0..self.sectors.count).all(|i| {
            let key = self.u32(self.sectors.at + i * SECTOR);
            let (first, palette) = (self.sector_field(i, 4), self.sector_field(i, 8));
            let (Some(first), Some(palette)) = (first, palette) else { return false };
            let rises = last.0 < Some(key) && last.1 <= first && last.2 <= palette;
            last = (Some(key), first, palette);
            rises && first <= self.entries.count && palette <= self.palette.count
        });
        let palette_fits = (0..self.palette.count).all(|i| usize::from(self.u16(self.palette.at + 2 * i)) < self.cells.len());
        sectors_fit && palette_fits && self.epochs.is_sorted() && (self.sectors.count > 0 || self.entries.count == 0)
    }

    fn area(&self, postcode: Postcode, palette: usize) -> Option<Area<'_>> {
        let cell = self.cells.get(usize::from(self.u16(self.palette.at + 2 * palette)))?;
        Some(Area { district: cell.district, epochs: &self.epochs, places: &cell.places, ended: self.ended(postcode) })
    }

    fn ended(&self, postcode: Postcode) -> Option<(i16, i8)> {
        let found = search(self.ended_keys.count, |i| self.u32(self.ended_keys.at + 4 * i), postcode.key())?;
        let month = self.u16(self.ended_months.at + 2 * found);
        Some((i16::try_from(month / 12).ok()?, i8::try_from(month % 12 + 1).ok()?))
    }

    fn sector_field(&self, sector: usize, offset: usize) -> Option<usize> {
        (sector < self.sectors.count).then(|| usize_at(&self.bytes, self.sectors.at + sector * SECTOR + offset))?
    }

    fn entry(&self, i: usize) -> u16 {
        self.u16(self.entries.at + 2 * i)
    }

    fn u16(&self, at: usize) -> u16 {
        u16_at(&self.bytes, at).unwrap_or(NONE)
    }

    fn u32(&self, at: usize) -> u32 {
        u32_at(&self.bytes, at).unwrap_or(u32::MAX)
    }
}

impl Default for PostcodeIndex {
    /// Knows no postcode.
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            epochs: Vec::new(),
            cells: Vec::new(),
            sectors: Part::default(),
            palette: Part::default(),
            entries: Part::default(),
            ended_keys: Part::default(),
            ended_months: Part::default(),
        }
    }
}

impl fmt::Debug for PostcodeIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostcodeIndex({} postcodes)", self.len())
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Unreadable {}

/// Binary search for `wanted` among `count` rising numbers.
fn search(count: usize, number: impl Fn(usize) -> u32, wanted: u32) -> Option<usize> {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        match number(middle).cmp(&wanted) {
            std::cmp::Ordering::Equal => return Some(middle),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    None
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn usize_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32_at(bytes, at)?).ok()
}

fn code_at(bytes: &[u8], at: usize) -> Option<Code> {
    let length = usize::from(*bytes.get(at)?);
    Code::new(std::str::from_utf8(bytes.get(at + 1..at + 1 + length.min(15))?).ok()?).ok()
}

fn cell_at(bytes: &[u8], at: usize, epochs: usize, codes: &[Code]) -> Option<Cell> {
    let code = |i: usize| codes.get(usize::from(u16_at(bytes, at + 2 * i)?)).copied();
    let places = (1..=epochs).map(|i| if u16_at(bytes, at + 2 * i) == Some(NONE) { Some(None) } else { code(i).map(Some) });
    Some(Cell { district: code(0)?, places: places.collect::<Option<_>>()? })
}

fn date_at(bytes: &[u8], at: usize) -> Option<Date> {
    let number = u32_at(bytes, at)?;
    let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests;
