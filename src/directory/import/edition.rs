//! Of when an edition is.

use jiff::civil::Date;

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// The first day of an edition: `2026-05`.
#[must_use]
pub fn first_day(edition: &str) -> Option<Date> {
    let (year, month) = edition.split_once('-')?;
    if year.len() != 4 || month.len() != 2 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()
}

/// The first day of the edition that a published file's name tells: `NSPL_MAY_2026_UK.csv`, `ONSPD_AUG_2026_UK.csv`.
#[must_use]
pub fn of_name(name: &str) -> Option<Date> {
    let upper = name.to_ascii_uppercase();
    let words: Vec<&str> = upper.split(|letter: char| !letter.is_ascii_alphanumeric()).collect();
    words.windows(2).find_map(|pair| {
        let month = MONTHS.iter().position(|month| pair[0].starts_with(month) && pair[0].bytes().all(|byte| byte.is_ascii_alphabetic()))?;
        let year: i16 = pair[1].parse().ok().filter(|year| (2000..2100).contains(year))?;
        Date::new(year, i8::try_from(month + 1).ok()?, 1).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::{first_day, of_name};
    use jiff::civil::{Date, date};

    #[test]
    fn editions_are_read() {
        let check = |found: Option<Date>, expected: Option<Date>| assert_eq!(found, expected);
        check(first_day("2026-05"), Some(date(2026, 5, 1)));
        for wrong in ["2026", "2026-13", "26-05", "2026-05-01", "May 2026"] {
            check(first_day(wrong), None);
        }
        check(of_name("NSPL_MAY_2026_UK.csv"), Some(date(2026, 5, 1)));
        check(of_name("ONSPD_AUG_2026_UK_KT.csv"), Some(date(2026, 8, 1)));
        check(of_name("nspl-november-2021.csv"), Some(date(2021, 11, 1)));
        check(of_name("postcodes.csv"), None);
        check(of_name("MAY_UK.csv"), None);
    }
}
