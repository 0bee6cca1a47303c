//! What holds from one day to another.

use crate::code::Code;
use jiff::civil::Date;
use std::collections::HashMap;

/// First and last day, both included; none where open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub from: Option<Date>,
    pub to: Option<Date>,
}

impl Span {
    #[must_use]
    pub fn holds(&self, on: Date) -> bool {
        self.begun(on) && !self.over(on)
    }

    #[must_use]
    pub fn begun(&self, on: Date) -> bool {
        self.from.is_none_or(|from| from <= on)
    }

    #[must_use]
    pub fn over(&self, on: Date) -> bool {
        self.to.is_some_and(|to| to < on)
    }

    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let before = |one: &Self, two: &Self| matches!((one.to, two.from), (Some(to), Some(from)) if to < from);
        !before(self, other) && !before(other, self)
    }
}

/// `code` belongs to, or is covered by, `other` while `span` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    pub code: Code,
    pub other: Code,
    pub span: Span,
}

/// Links by their first code.
#[derive(Clone, Debug, Default)]
pub(super) struct Links(HashMap<Code, Vec<(Code, Span)>>);

impl Links {
    /// What `code` is linked to on a day, in the order of the rows.
    pub(super) fn on(&self, code: Code, on: Date) -> impl Iterator<Item = Code> {
        self.all(code).iter().filter(move |(_, span)| span.holds(on)).map(|&(other, _)| other)
    }

    pub(super) fn all(&self, code: Code) -> &[(Code, Span)] {
        self.0.get(&code).map_or(&[], Vec::as_slice)
    }

    /// Every link, in no order.
    pub(super) fn rows(&self) -> impl Iterator<Item = (Code, Code, Span)> {
        self.0.iter().flat_map(|(&code, links)| links.iter().map(move |&(other, span)| (code, other, span)))
    }
}

impl FromIterator<Link> for Links {
    fn from_iter<I: IntoIterator<Item = Link>>(rows: I) -> Self {
        let mut links: HashMap<Code, Vec<(Code, Span)>> = HashMap::new();
        for row in rows {
            links.entry(row.code).or_default().push((row.other, row.span));
        }
        Self(links)
    }
}

#[cfg(test)]
mod tests {
    use super::Span;
    use jiff::civil::date;

    #[test]
    fn both_ends_are_included() {
        let span = Span { from: Some(date(2020, 4, 1)), to: Some(date(2021, 3, 31)) };
        let holds = [(2020, 3, 31), (2020, 4, 1), (2021, 3, 31), (2021, 4, 1)].map(|(y, m, d)| span.holds(date(y, m, d)));
        assert_eq!(holds, [false, true, true, false]);
    }

    #[test]
    fn spans_overlap_where_one_day_is_in_both() {
        let spring = Span { from: Some(date(2020, 4, 1)), to: Some(date(2020, 6, 30)) };
        assert!(spring.overlaps(&Span { from: Some(date(2020, 6, 30)), to: None }));
        assert!(!spring.overlaps(&Span { from: Some(date(2020, 7, 1)), to: None }));
        assert!(spring.overlaps(&Span::default()));
    }
}
