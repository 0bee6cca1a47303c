use super::*;
use crate::postcode::{PostcodeRow, encode};
use jiff::civil::date;

fn postcode(text: &str) -> Postcode {
    Postcode::parse(text).unwrap()
}

/// Two epochs, two sectors with two postcodes each, of which the last one has ended.
fn rows() -> Vec<PostcodeRow> {
    let code = |text: &str| Code::new(text).unwrap();
    let row = |text: &str, district: &str, places: [&str; 2], ended| PostcodeRow {
        postcode: postcode(text),
        district: code(district),
        places: places.iter().map(|text| (!text.is_empty()).then(|| code(text))).collect(),
        ended,
    };
    vec![
        row("GU14 7JF", "E07000092", ["D4U1Y", "D9Y0V"], None),
        row("GU14 7JG", "E07000092", ["", "D9Y0V"], None),
        row("ME14 2AA", "E07000110", ["91Q", "91Q"], None),
        row("ME14 2AB", "E07000110", ["91Q", "91Q"], Some((2019, 12))),
    ]
}

fn bytes() -> Vec<u8> {
    encode(&[date(2020, 4, 1), date(2026, 4, 1)], &rows()).unwrap()
}

/// Where each part of these bytes begins: five codes, three cells.
const EPOCHS: usize = HEADER + 24;
const CODES: usize = EPOCHS + 2 * 4;
const CELLS: usize = CODES + 5 * 16;
const SECTORS: usize = CELLS + 3 * 6;
const PALETTE: usize = SECTORS + 2 * SECTOR + 4;

/// With a digest that fits, as from a program that writes them wrongly.
fn signed(mut bytes: Vec<u8>) -> Vec<u8> {
    let digest = Sha256::digest(&bytes[HEADER..]);
    bytes[8..HEADER].copy_from_slice(&digest);
    bytes
}

fn changed(at: usize, with: &[u8]) -> Result<PostcodeIndex, Unreadable> {
    let mut bytes = bytes();
    bytes[at..at + with.len()].copy_from_slice(with);
    PostcodeIndex::read(signed(bytes))
}

#[track_caller]
fn refused(found: Result<PostcodeIndex, Unreadable>) {
    assert!(found.is_err_and(|why| why.0.starts_with("its tables do not fit together")));
}

#[test]
fn what_is_written_reads_back_whole() {
    let index = PostcodeIndex::read(bytes()).unwrap();
    assert_eq!((index.len(), index.is_empty(), index.epochs()), (4, false, &[date(2020, 4, 1), date(2026, 4, 1)][..]));
    assert_eq!((PostcodeIndex::default().len(), PostcodeIndex::default().is_empty()), (0, true));
    let codes: Vec<String> = index
        .codes()
        .map(|(district, places)| format!("{district} {}", places.map(|place| place.to_string()).collect::<Vec<_>>().join(" ")))
        .collect();
    assert_eq!(codes, ["E07000092 D4U1Y D9Y0V", "E07000092 D9Y0V", "E07000110 91Q 91Q"]);
    assert_eq!(format!("{index:?}"), "PostcodeIndex(4 postcodes)");
}

#[test]
fn why_bytes_are_no_index_is_told_in_a_sentence() {
    let why = |bytes: Vec<u8>| PostcodeIndex::read(bytes).unwrap_err().to_string();
    assert!(why(b"ZIP".to_vec()).contains("does not begin with PHPOST"));
    let mut newer = bytes();
    newer[6] = 2;
    assert!(why(newer).contains("another version"));
    assert!(why(bytes()[..bytes().len() - 1].to_vec()).contains("digest does not match"));
}

#[test]
fn nothing_may_be_missing_or_follow() {
    let (mut longer, mut shorter) = (bytes(), bytes());
    longer.push(0);
    shorter.pop();
    refused(PostcodeIndex::read(signed(longer)));
    refused(PostcodeIndex::read(signed(shorter)));
}

#[test]
fn counts_that_do_not_fit_are_refused() {
    for count in 0..6 {
        for value in [0_u32, 7, 1 << 30, u32::MAX] {
            refused(changed(HEADER + 4 * count, &value.to_le_bytes()));
        }
    }
    for value in [0_u32, 7, u32::MAX] {
        refused(changed(PALETTE - 4, &value.to_le_bytes()));
    }
}

#[test]
fn epochs_are_days_and_rise() {
    for wrong in [20_260_402_u32, 20_200_431, 20_201_301, 0, u32::MAX] {
        refused(changed(EPOCHS, &wrong.to_le_bytes()));
    }
    let index = changed(EPOCHS, &20_191_231_u32.to_le_bytes()).unwrap();
    assert_eq!(index.epochs()[0], date(2019, 12, 31));
}

#[test]
fn codes_are_codes_and_cells_name_them() {
    for wrong in [&[0_u8][..], &[3, b'a'], &[9, b'E', b' '], &[3, 0xff]] {
        refused(changed(CODES, wrong));
    }
    refused(changed(CELLS, &5_u16.to_le_bytes()));
    refused(changed(CELLS + 2, &5_u16.to_le_bytes()));
    refused(changed(CELLS, &NONE.to_le_bytes()));
    let index = changed(CELLS + 2, &NONE.to_le_bytes()).unwrap();
    assert_eq!(index.find(postcode("GU14 7JF")).unwrap().places[0], None);
}

#[test]
fn sectors_rise_and_point_into_the_tables() {
    let (first, second) = (SECTORS, SECTORS + SECTOR);
    let key = postcode("ME14 2AA").sector();
    refused(changed(first, &key.to_le_bytes()));
    refused(changed(first, &(key + 1).to_le_bytes()));
    assert!(changed(first, &(key - 1).to_le_bytes()).is_ok());
    // The first entry: rising, and at most as many as there are.
    refused(changed(first + 4, &3_u32.to_le_bytes()));
    refused(changed(second + 4, &5_u32.to_le_bytes()));
    assert!(changed(second + 4, &4_u32.to_le_bytes()).is_ok());
    // The first cell in the palette: the same.
    refused(changed(first + 8, &3_u32.to_le_bytes()));
    refused(changed(second + 8, &4_u32.to_le_bytes()));
    assert!(changed(second + 8, &3_u32.to_le_bytes()).is_ok());
}

#[test]
fn the_palette_names_cells() {
    for at in 0..3 {
        refused(changed(PALETTE + 2 * at, &3_u16.to_le_bytes()));
        assert!(changed(PALETTE + 2 * at, &2_u16.to_le_bytes()).is_ok());
    }
}

#[test]
fn entries_without_a_sector_are_refused() {
    let mut body = vec![0; 24];
    body[16] = 1;
    body.extend([0, 0, 0, 0, 0, 0]);
    let mut bytes = [&MAGIC[..], &VERSION.to_le_bytes(), &[0; 32]].concat();
    bytes.extend(body);
    refused(PostcodeIndex::read(signed(bytes)));
}

/// Whatever stands in the bytes: a look-up and a walk end, within the bounds of the tables.
#[test]
fn no_signed_bytes_lead_anybody_out_of_the_tables() {
    let wanted: Vec<Postcode> = rows().iter().map(|row| row.postcode).collect();
    for at in HEADER..bytes().len() {
        for flip in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
            let byte = bytes()[at] ^ flip;
            if let Ok(index) = changed(at, &[byte]) {
                assert!(index.iter().count() <= index.len());
                _ = wanted.iter().filter(|one| index.find(**one).is_some()).count();
            }
        }
    }
}

/// Every sector and unit between is looked for: only those that were written are found.
#[test]
fn a_search_finds_each_and_nothing_between() {
    let every_third: Vec<PostcodeRow> = "ABDEFGHJLNPQRSTUWXYZ"
        .chars()
        .enumerate()
        .flat_map(|(at, letter)| {
            (0..10).filter(move |digit| (digit + at) % 3 == 0).map(move |digit| format!("ME1{digit} {digit}A{letter}"))
        })
        .map(|text| PostcodeRow { postcode: postcode(&text), ..rows()[0].clone() })
        .collect();
    let index = PostcodeIndex::read(encode(&[date(2020, 4, 1), date(2026, 4, 1)], &every_third).unwrap()).unwrap();
    for outward in 0..10 {
        for digit in 0..10 {
            for letter in "ABDEFGHJLNPQRSTUWXYZ".chars() {
                let wanted = postcode(&format!("ME1{outward} {digit}A{letter}"));
                let there = every_third.iter().any(|row| row.postcode == wanted);
                assert_eq!(index.find(wanted).is_some(), there, "ME1{outward} {digit}A{letter}");
            }
        }
    }
}
