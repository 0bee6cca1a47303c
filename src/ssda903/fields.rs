//! The forms of a return's values: days, postcodes, ids.

use jiff::civil::Date;

/// `09/04/2012` as returns have it, or `2012-04-09`. None for anything else, and for years that the contract has not.
pub fn day(text: &str) -> Option<Date> {
    let date = if let [d, m, y] = text.split('/').collect::<Vec<_>>()[..] {
        let number = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
            (lengths.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<i16>().ok()).flatten()
        };
        let (d, m) = (i8::try_from(number(d, 1..=2)?).ok()?, i8::try_from(number(m, 1..=2)?).ok()?);
        Date::new(number(y, 4..=4)?, m, d).ok()?
    } else {
        (text.len() == 10).then(|| text.parse().ok()).flatten()?
    };
    (1900..=2099).contains(&date.year()).then_some(date)
}

/// A whole postcode in capitals with one space; none where it does not have the form of one.
pub fn postcode(text: &str) -> Option<String> {
    let bare: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
    if !bare.is_ascii() || !(5..=7).contains(&bare.len()) {
        return None;
    }
    let (outward, inward) = bare.split_at(bare.len() - 3);
    let letter = |b: Option<&u8>| b.is_some_and(u8::is_ascii_uppercase);
    let digit = |b: Option<&u8>| b.is_some_and(u8::is_ascii_digit);
    let (o, i) = (outward.as_bytes(), inward.as_bytes());
    let area = if letter(o.get(1)) { 2 } else { 1 };
    let district = digit(o.get(area)) && (o.len() == area + 1 || (o.len() == area + 2 && (digit(o.last()) || letter(o.last()))));
    let fits = letter(o.first()) && district && digit(i.first()) && letter(i.get(1)) && letter(i.get(2));
    fits.then(|| format!("{outward} {inward}"))
}

/// The contract takes 1 to 20 letters and digits.
pub fn is_child_id(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// `20240501`, for ids.
pub fn compact(day: Date) -> String {
    format!("{:04}{:02}{:02}", day.year(), day.month(), day.day())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_are_read_in_two_forms() {
        for (text, expected) in [
            ("09/04/2012", Some(date(2012, 4, 9))),
            ("9/4/2012", Some(date(2012, 4, 9))),
            ("2012-04-09", Some(date(2012, 4, 9))),
            ("31/02/2012", None),
            ("04/13/2012", None),
            ("09/04/12", None),
            ("+9/04/2012", None),
            ("09/04/1812", None),
            ("09.04.2012", None),
            ("", None),
        ] {
            assert_eq!(day(text), expected, "{text}");
        }
    }

    #[test]
    fn postcodes_are_brought_into_one_form() {
        for (text, expected) in [
            ("bn16ag", Some("BN1 6AG")),
            (" ME14  2AA ", Some("ME14 2AA")),
            ("W1A 1AA", Some("W1A 1AA")),
            ("E1 1AA", Some("E1 1AA")),
            ("BN1", None),
            ("BN1 6A", None),
            ("1BN 6AG", None),
            ("BNN1 6AG", None),
            ("BN1 AAG", None),
            ("", None),
            ("\u{c9}1 1AA", None),
        ] {
            assert_eq!(postcode(text).as_deref(), expected, "{text}");
        }
    }
}
