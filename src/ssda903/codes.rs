//! The codes of the return by collection year.

use jiff::civil::Date;
use std::collections::HashMap;

const BUILT_IN: &str = include_str!("../../config/ssda903/codes.csv");
const COLUMNS: [&str; 5] = ["set", "code", "from_year", "to_year", "until"];
/// Most codes in a file: ten times what all years together have.
const CODES_MAX: usize = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Set {
    EpisodeStart,
    EpisodeEnd,
    LegalStatus,
    Placement,
    Provider,
    PlacementArea,
    Sex,
}

impl Set {
    const ALL: [(&'static str, Self); 7] = [
        ("episode-start", Self::EpisodeStart),
        ("episode-end", Self::EpisodeEnd),
        ("legal-status", Self::LegalStatus),
        ("placement", Self::Placement),
        ("provider", Self::Provider),
        ("placement-area", Self::PlacementArea),
        ("sex", Self::Sex),
    ];
}

/// What a code is worth in a return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Known,
    /// Other collection years have it, so its meaning is known.
    OfOtherYears,
    Unknown,
}

/// Every code that is known, with the years that have it. A year is named by its last day's: 2026 ends on 31 March 2026.
#[derive(Debug)]
pub struct Codes(HashMap<(Set, String), Vec<Years>>);

#[derive(Debug)]
struct Years {
    from: i16,
    to: i16,
    until: Date,
}

impl Codes {
    /// # Errors
    /// Never in a build whose tests passed.
    pub fn built_in() -> Result<Self, String> {
        Self::parse(BUILT_IN, "config/ssda903/codes.csv")
    }

    /// Reads a list in the form that `config/ssda903/README.md` describes.
    ///
    /// # Errors
    /// All mistakes, one a line, with file and line.
    pub fn parse(text: &str, file: &str) -> Result<Self, String> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| format!("{file}: it cannot be read as CSV: {error}"))?;
        if !header.iter().take(COLUMNS.len()).eq(COLUMNS) {
            return Err(format!("{file}:1: the first line must begin with the columns {}", COLUMNS.join(",")));
        }
        let (mut codes, mut mistakes) = (HashMap::<_, Vec<_>>::new(), Vec::new());
        for record in reader.records() {
            match record.map_err(|error| error.to_string()).and_then(|record| line(&record)) {
                Ok((key, years)) => codes.entry(key).or_default().push(years),
                Err(what) => mistakes.push(format!("{file}: {what}")),
            }
        }
        if codes.len() > CODES_MAX {
            mistakes.push(format!("{file}: it has {} codes; at most {CODES_MAX} are read", codes.len()));
        }
        if mistakes.is_empty() { Ok(Self(codes)) } else { Err(mistakes.join("\n")) }
    }

    /// `on` is the first day of the episode that carries the code.
    #[must_use]
    pub fn standing(&self, set: Set, code: &str, year: i16, on: Option<Date>) -> Standing {
        let Some(all) = self.0.get(&(set, code.to_owned())) else { return Standing::Unknown };
        let fits = |years: &Years| (years.from..=years.to).contains(&year) && on.is_none_or(|day| day <= years.until);
        if all.iter().any(fits) { Standing::Known } else { Standing::OfOtherYears }
    }
}

/// The collection year that a day lies in: 1 April 2025 to 31 March 2026 is 2026.
#[must_use]
pub fn year_of(day: Date) -> i16 {
    if day.month() >= 4 { day.year() + 1 } else { day.year() }
}

/// As people write it: 2026 is 2025-26.
#[must_use]
pub fn year_name(year: i16) -> String {
    format!("{}-{:02}", year - 1, year.rem_euclid(100))
}

fn line(record: &csv::StringRecord) -> Result<((Set, String), Years), String> {
    let at = record.position().map_or(0, csv::Position::line);
    let field = |column: usize| record.get(column).unwrap_or_default();
    let set = Set::ALL.iter().find(|(name, _)| *name == field(0)).map(|&(_, set)| set);
    let set = set.ok_or_else(|| format!("line {at}: there is no set `{}`", field(0)))?;
    if field(1).is_empty() {
        return Err(format!("line {at}: it has no code"));
    }
    let year = |column: usize, open: i16| match field(column) {
        "" => Ok(open),
        text => text.parse::<i16>().map_err(|_| format!("line {at}: a year is written 2026")),
    };
    let until = match field(4) {
        "" => Date::MAX,
        text => text.parse().map_err(|_| format!("line {at}: until: a date is yyyy-mm-dd"))?,
    };
    Ok(((set, field(1).to_owned()), Years { from: year(2, i16::MIN)?, to: year(3, i16::MAX)?, until }))
}

#[cfg(test)]
mod tests {
    use super::{Codes, Set, Standing, year_name, year_of};
    use jiff::civil::date;

    #[test]
    fn codes_belong_to_their_years() {
        let codes = Codes::built_in().unwrap();
        let day = Some(date(2024, 5, 1));
        for (set, code, year, on, expected) in [
            (Set::Placement, "U4", 2026, day, Standing::Known),
            (Set::Placement, "K3", 2024, day, Standing::OfOtherYears),
            (Set::Placement, "K3", 2025, day, Standing::Known),
            (Set::Placement, "P2", 2024, Some(date(2023, 10, 28)), Standing::Known),
            (Set::Placement, "P2", 2024, Some(date(2023, 10, 29)), Standing::OfOtherYears),
            (Set::Placement, "U7", 2026, day, Standing::Unknown),
            (Set::EpisodeEnd, "E45", 2018, day, Standing::OfOtherYears),
            (Set::Sex, "1", 2024, None, Standing::Known),
            (Set::Sex, "F", 2025, None, Standing::Known),
        ] {
            assert_eq!(codes.standing(set, code, year, on), expected, "{code} in {year}");
        }
    }

    #[test]
    fn a_year_ends_in_march() {
        assert_eq!((year_of(date(2026, 3, 31)), year_of(date(2026, 4, 1))), (2026, 2027));
        assert_eq!((year_name(2026), year_name(2000)), ("2025-26".to_owned(), "1999-00".to_owned()));
    }

    #[test]
    fn every_mistake_of_a_list_is_told() {
        let text = "set,code,from_year,to_year,until\nplacement,U4,,,\nplaces,U4,,,\nplacement,,,,\nplacement,U5,soon,,\nplacement,U6,,,1.1.2024\n";
        let said = Codes::parse(text, "x.csv").unwrap_err();
        for what in ["line 3: there is no set `places`", "line 4: it has no code", "line 5: a year", "line 6: until"] {
            assert!(said.contains(what), "{what}: {said}");
        }
        assert!(Codes::parse("code,set\n", "x.csv").unwrap_err().contains("x.csv:1"));
    }
}
