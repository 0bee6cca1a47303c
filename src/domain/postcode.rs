//! Postcodes: what one is, and the compact index that says which area each lies in.
//!
//! # The index, as bytes (all numbers little-endian)
//!
//! | part | size | what |
//! |---|---|---|
//! | magic | 6 | `PHPOST` |
//! | version | u16 | 1 |
//! | digest | 32 | SHA-256 of all that follows |
//! | counts | 6 x u32 | epochs, codes, cells, sectors, entries, ended |
//! | epochs | u32 each | first day, as `yyyymmdd`, rising: from when that column of a cell holds |
//! | codes | 16 each | length, then 15 bytes of text filled with zeros |
//! | cells | u16 x (1 + epochs) each | district, then one commissioner place per epoch, each a number into codes; `ffff` is none |
//! | sectors | 3 x u32 each | sector key, rising; its first entry; its first cell in the palette |
//! | palette count, palette | u32, then u16 each | per sector, the cells that occur in it |
//! | entries | u16 each | per sector, rising: unit (9 bits) above position in the sector's palette (7 bits) |
//! | ended keys, ended months | u32 each, u16 each | postcodes that have ended, rising; months since year 0 |
//!
//! A postcode's key is its sector (outward code and the digit after the space) times 400, plus its unit (the two last
//! letters, of 20 that occur). Two bytes a postcode, because a sector holds at most 400 and touches few cells. A look-up
//! is two binary searches in the bytes as read; nothing is unpacked.

mod encode;
mod index;

pub use encode::{Builder, CannotEncode, PostcodeRow, Repeats, encode};
pub use index::{Area, PostcodeIndex, Unreadable};

use std::fmt;

/// Units (two last letters) in a sector: 20 letters twice.
const UNITS: u32 = 400;
/// The letters that occur in the last two places: all but C, I, K, M, O, V.
const UNIT_LETTERS: &[u8; 20] = b"ABDEFGHJLNPQRSTUWXYZ";

/// A well-formed postcode as one number: ordered by sector, then unit. Whether it exists is the index's to say.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Postcode(u32);

impl Postcode {
    /// Reads a postcode in any case, with or without spaces. None where it cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (letters, length) = squeeze(text)?;
        let (outward, inward) = letters[..length].split_at(length.checked_sub(3)?);
        let sector_digit = digit(inward[0])?;
        let unit = unit_letter(inward[1])? * 20 + unit_letter(inward[2])?;
        Some(Self((outward_number(outward)? * 10 + sector_digit) * UNITS + unit))
    }

    /// The key as in the index; at most 1,038,960,000.
    #[must_use]
    pub const fn key(self) -> u32 {
        self.0
    }

    const fn sector(self) -> u32 {
        self.0 / UNITS
    }

    const fn unit(self) -> u32 {
        self.0 % UNITS
    }
}

impl fmt::Debug for Postcode {
    /// The key only: a postcode is child data and stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Postcode(…)")
    }
}

/// The letters before the first digit, upper case (`ME` of `me14 2aa`): known even where the postcode is not. None where
/// the text does not begin like a postcode.
#[must_use]
pub fn area_letters(text: &str) -> Option<String> {
    let letters: String = text.chars().filter(|c| !c.is_whitespace()).take_while(char::is_ascii_alphabetic).collect();
    let begins_well = (1..=2).contains(&letters.len()) && text.chars().any(|c| c.is_ascii_digit());
    begins_well.then(|| letters.to_ascii_uppercase())
}

/// Upper case without spaces; none where it is too long or too short or has other characters.
fn squeeze(text: &str) -> Option<([u8; 7], usize)> {
    let mut letters = [0; 7];
    let mut length = 0;
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        *letters.get_mut(length)? = if c.is_ascii_alphanumeric() { u8::try_from(c).ok()?.to_ascii_uppercase() } else { return None };
        length += 1;
    }
    (length >= 5).then_some((letters, length))
}

/// One or two letters, then `9`, `99` or `9A`: 702 x 370 numbers, in the order of the letters.
fn outward_number(outward: &[u8]) -> Option<u32> {
    let letters = outward.iter().take_while(|c| c.is_ascii_uppercase()).count();
    let (area, district) = outward.split_at(letters);
    let area = match *area {
        [one] => letter(one)? * 27,
        [one, two] => letter(one)? * 27 + letter(two)? + 1,
        _ => return None,
    };
    let district = match *district {
        [one] => digit(one)? * 37,
        [one, two] if two.is_ascii_digit() => digit(one)? * 37 + digit(two)? + 1,
        [one, two] => digit(one)? * 37 + letter(two)? + 11,
        _ => return None,
    };
    Some(area * 370 + district)
}

fn letter(c: u8) -> Option<u32> {
    c.is_ascii_uppercase().then(|| u32::from(c - b'A'))
}

fn digit(c: u8) -> Option<u32> {
    c.is_ascii_digit().then(|| u32::from(c - b'0'))
}

fn unit_letter(c: u8) -> Option<u32> {
    UNIT_LETTERS.iter().position(|&known| known == c).and_then(|at| u32::try_from(at).ok())
}

#[cfg(test)]
mod tests {
    use super::{Postcode, area_letters};

    #[test]
    fn case_and_spaces_do_not_matter() {
        let plain = Postcode::parse("ME14 2AA");
        assert!(plain.is_some());
        for same in ["me142aa", " Me14  2aA ", "M E 1 4 2 A A"] {
            assert_eq!(Postcode::parse(same), plain, "{same}");
        }
    }

    #[test]
    fn every_shape_is_read_and_none_are_mixed_up() {
        let shapes =
            ["M1 1AA", "M11 1AA", "M1A 1AA", "ME1 1AA", "ME14 1AA", "EC1A 1AA", "ME1 4AA", "ME1 4AB", "ME1 4BA", "N1 1AA", "NA1 1AA"];
        let mut keys: Vec<u32> = shapes.iter().map(|text| Postcode::parse(text).unwrap().key()).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), shapes.len());
        assert!(Postcode::parse("ZZ9Z 9ZZ").unwrap().key() <= 1_038_960_000);
    }

    #[test]
    fn what_cannot_be_a_postcode_is_none() {
        for wrong in ["", "ME14", "ME14 2A", "ME14 2AC", "1ME 2AA", "MEE1 2AA", "ME144 2AA", "ME14 22A", "ÉE14 2AA", "ME14-2AA", "MEAA 2AA"]
        {
            assert_eq!(Postcode::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_area_is_read_from_what_is_there() {
        assert_eq!(area_letters("bt7 1nn").as_deref(), Some("BT"));
        assert_eq!(area_letters("G1").as_deref(), Some("G"));
        assert_eq!(area_letters("none"), None);
        assert_eq!(area_letters("abc1"), None);
    }

    /// Areas A, AA .. AZ, B, .. ZZ; in each the districts 0, 00 .. 09, 0A .. 0Z, 1, ..: every number is used once, in order.
    #[test]
    fn every_outward_code_has_a_number_of_its_own_in_the_order_of_the_letters() {
        let letters = || 'A'..='Z';
        let mut expected = 0;
        for area in letters().flat_map(|one| std::iter::once(one.to_string()).chain(letters().map(move |two| format!("{one}{two}")))) {
            for first in 0..10 {
                let seconds = (0..10).map(|digit| digit.to_string()).chain(letters().map(String::from));
                for district in std::iter::once(first.to_string()).chain(seconds.map(|second| format!("{first}{second}"))) {
                    let first_unit = Postcode::parse(&format!("{area}{district}0AA")).map(Postcode::key);
                    assert_eq!(first_unit, Some(expected), "{area}{district}");
                    expected += 10 * 400;
                }
            }
        }
    }

    #[test]
    fn every_unit_of_an_outward_code_has_a_number_of_its_own() {
        let letters = "ABDEFGHJLNPQRSTUWXYZ";
        let first = Postcode::parse("ME14 0AA").unwrap().key();
        let inward = (0..10).flat_map(|digit| letters.chars().flat_map(move |a| letters.chars().map(move |b| format!("{digit}{a}{b}"))));
        for (offset, inward) in (0..).zip(inward) {
            assert_eq!(Postcode::parse(&format!("ME14 {inward}")).unwrap().key(), first + offset, "{inward}");
        }
    }

    #[test]
    fn a_postcode_does_not_print() {
        assert_eq!(format!("{:?}", Postcode::parse("ME14 2AA").unwrap()), "Postcode(…)");
    }
}
