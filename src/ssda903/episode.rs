//! One row of the episodes, read: days, codes of the year, addresses.

use super::codes::{Codes, Set, Standing, year_name};
use super::fields;
use super::finding::Scope;
use super::source::RawEpisode;
use domain::Code;
use domain::identifiers::is_authority;
use jiff::civil::Date;

/// What was noticed in a row: what becomes of it, a code, a sentence.
pub type Note = (Scope, &'static str, String);

/// An episode whose days can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    pub row: u64,
    /// The placement's id.
    pub id: String,
    pub started_on: Date,
    /// None where the code is unknown: it might have been the start of care.
    pub reason: Option<String>,
    pub legal_status: String,
    pub place: String,
    pub provider: Option<String>,
    pub end: End,
    pub home: Option<String>,
    pub postcode: Option<String>,
    pub area: Option<Code>,
    pub withheld: bool,
    /// False where the row is left out: its days still count for the rows around it.
    pub fit: bool,
}

/// How an episode ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Not yet.
    Open,
    /// On this day, and care went on (X1) or ended there.
    Ended { on: Date, reason: String, care_ended: bool },
    /// The return does not say clearly: the day without a reason, a reason without a day.
    Unclear { on: Option<Date> },
}

impl End {
    #[must_use]
    pub fn day(&self) -> Option<Date> {
        match self {
            Self::Ended { on, .. } => Some(*on),
            Self::Unclear { on } => *on,
            Self::Open => None,
        }
    }

    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        if let Self::Ended { reason, .. } = self { Some(reason) } else { None }
    }
}

/// Reads a row. None where its first day cannot be read: nobody knows where it belongs.
pub fn read(raw: &RawEpisode, codes: &Codes, year: i16, notes: &mut Vec<Note>) -> Option<Episode> {
    if !raw.sound {
        notes.push((Scope::RowLeftOut, "not-as-many-values", "the row has not as many values as the first line".to_owned()));
        return None;
    }
    let Some(started_on) = fields::day(&raw.decom) else {
        notes.push((Scope::RowLeftOut, "unreadable-day", "DECOM is no day of the form dd/mm/yyyy".to_owned()));
        return None;
    };
    let mut reader = Reader { codes, year, started_on, notes, fit: true };
    let reason = reader.needed(Set::EpisodeStart, "RNE", &raw.rne);
    let legal_status = reader.needed(Set::LegalStatus, "LS", &raw.ls).unwrap_or_default();
    let place = reader.needed(Set::Placement, "PLACE", &raw.place).unwrap_or_default();
    let provider = reader.optional(Set::Provider, "PLACE_PROVIDER", &raw.provider);
    let end = reader.end(raw);
    let home = reader.postcode("HOME_POST", &raw.home_post);
    let postcode = reader.postcode("PL_POST", &raw.pl_post);
    let (area, withheld) = reader.area(&raw.pl_la);
    let fit = reader.fit;
    let id = format!("{}-{}", raw.child, fields::compact(started_on));
    Some(Episode { row: raw.row, id, started_on, reason, legal_status, place, provider, end, home, postcode, area, withheld, fit })
}

struct Reader<'a> {
    codes: &'a Codes,
    year: i16,
    started_on: Date,
    notes: &'a mut Vec<Note>,
    fit: bool,
}

impl Reader<'_> {
    fn note(&mut self, scope: Scope, code: &'static str, what: String) {
        self.fit &= scope == Scope::Taken;
        self.notes.push((scope, code, what));
    }

    /// A code that the row is worth nothing without.
    fn needed(&mut self, set: Set, column: &str, text: &str) -> Option<String> {
        if text.is_empty() {
            self.note(Scope::RowLeftOut, "missing-code", format!("{column} is empty"));
            return None;
        }
        self.code(set, column, text, Scope::RowLeftOut)
    }

    fn optional(&mut self, set: Set, column: &str, text: &str) -> Option<String> {
        if text.is_empty() { None } else { self.code(set, column, text, Scope::Taken) }
    }

    fn code(&mut self, set: Set, column: &str, text: &str, if_unknown: Scope) -> Option<String> {
        let text = text.to_ascii_uppercase();
        let year = year_name(self.year);
        // What is no code may be anything: it is not repeated.
        let shown = if text.len() <= 4 && text.bytes().all(|b| b.is_ascii_alphanumeric()) { text.as_str() } else { "what stands there" };
        match self.codes.standing(set, &text, self.year, Some(self.started_on)) {
            Standing::Known => {}
            Standing::OfOtherYears => {
                self.note(
                    Scope::Taken,
                    "code-of-another-year",
                    format!("{column}: {shown} is no code of {year} for this day; other years have it"),
                );
            }
            Standing::Unknown => {
                self.note(if_unknown, "unknown-code", format!("{column}: {shown} is no code of {year}, nor of any other year"));
                return None;
            }
        }
        Some(text)
    }

    fn end(&mut self, raw: &RawEpisode) -> End {
        let on = fields::day(&raw.dec);
        if !raw.dec.is_empty() && on.is_none() {
            self.note(Scope::RowLeftOut, "unreadable-day", "DEC is no day of the form dd/mm/yyyy".to_owned());
            return End::Unclear { on: None };
        }
        if on.is_some_and(|on| on < self.started_on) {
            self.note(Scope::RowLeftOut, "ends-before-start", "DEC lies before DECOM".to_owned());
            return End::Unclear { on: None };
        }
        let reason = self.optional(Set::EpisodeEnd, "REC", &raw.rec);
        match (on, reason) {
            (None, None) if raw.rec.is_empty() => End::Open,
            (None, reason) => {
                self.note(Scope::Taken, "end-reason-without-day", "REC is given and DEC is empty: taken as not ended".to_owned());
                if reason.as_deref() == Some("X1") { End::Open } else { End::Unclear { on: None } }
            }
            (Some(on), Some(reason)) => End::Ended { on, care_ended: reason != "X1", reason },
            (Some(on), None) => {
                if raw.rec.is_empty() {
                    self.note(Scope::Taken, "end-without-reason", "DEC is given and REC is empty: taken without a reason".to_owned());
                }
                End::Unclear { on: Some(on) }
            }
        }
    }

    fn postcode(&mut self, column: &str, text: &str) -> Option<String> {
        let found = fields::postcode(text);
        if found.is_none() && !text.is_empty() {
            self.note(Scope::Taken, "not-a-postcode", format!("{column} has not the form of a whole postcode: taken without it"));
        }
        found
    }

    /// An authority's code, or a word for what is none; a confidential place keeps its address to itself.
    fn area(&mut self, text: &str) -> (Option<Code>, bool) {
        let text = text.to_ascii_uppercase();
        if text.is_empty() || self.codes.standing(Set::PlacementArea, &text, self.year, None) != Standing::Unknown {
            return (None, text == "CON");
        }
        let area = Code::new(&text).ok().filter(|code| is_authority(code.as_str()));
        if area.is_none() {
            self.note(
                Scope::Taken,
                "not-an-authority",
                "PL_LA is no code of an authority with children's services: taken without it".to_owned(),
            );
        }
        (area, false)
    }
}
