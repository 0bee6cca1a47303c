//! What another directory says otherwise: for the person who is about to use it instead.

use super::{Directory, Endpoint, Organisation, Publisher, Succession, Token};
use crate::code::Code;
use crate::directory::Span;
use crate::hex::hex;
use crate::message::MessageType;
use crate::postcode::{Area, Postcode, PostcodeIndex};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Everything that two directories say differently. Secrets are compared, and never told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Differences {
    /// In the order of parts and codes.
    pub changes: Vec<Change>,
    pub postcodes: PostcodeChanges,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    pub part: Part,
    /// What it is about: an organisation, district, practice or day.
    pub about: String,
    pub how: How,
    /// What is new, gone, or both: `old -> new`.
    pub what: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    Organisation,
    OtherCode,
    Succession,
    /// The authority of a district.
    District,
    /// A commissioner in an authority's area.
    Area,
    /// The board of a place.
    Board,
    Camhs,
    Practice,
    Neighbour,
    BankHoliday,
    Endpoint,
    Publisher,
    Token,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    Added,
    Removed,
    Changed,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PostcodeChanges {
    pub added: u64,
    pub removed: u64,
    /// Those whose district, commissioner on any day, or end is another.
    pub changed: u64,
    /// Of those changed, how many have another district or commissioner on the day of comparing.
    pub changed_now: u64,
}

impl Differences {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What `newer` says that `older` does not, and the other way round; `today` is for the postcodes.
pub(super) fn differences(older: &Directory, newer: &Directory, today: Date) -> Differences {
    let (before, after) = (facts(older), facts(newer));
    let mut changes: Vec<Change> = Vec::new();
    let keys: BTreeSet<&Key> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let none = BTreeSet::new();
        let (old, new) = (before.get(key).unwrap_or(&none), after.get(key).unwrap_or(&none));
        let gone: Vec<&str> = old.difference(new).map(|fact| fact.shown.as_str()).collect();
        let come: Vec<&str> = new.difference(old).map(|fact| fact.shown.as_str()).collect();
        let (how, what) = match (gone.is_empty(), come.is_empty()) {
            (true, true) => continue,
            (true, false) => (How::Added, come.join("; ")),
            (false, true) => (How::Removed, gone.join("; ")),
            (false, false) if gone == come => (How::Changed, format!("{}, with another secret", come.join("; "))),
            (false, false) => (How::Changed, format!("{} -> {}", gone.join("; "), come.join("; "))),
        };
        changes.push(Change { part: key.0, about: key.1.clone(), how, what });
    }
    Differences { changes, postcodes: postcodes(&older.postcodes, &newer.postcodes, today) }
}

/// The part, and the code or day that it is about.
type Key = (Part, String);

/// What is held of a key: what may be shown, and what is only compared.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Fact {
    shown: String,
    hidden: Vec<String>,
}

/// A directory as facts by what they are about.
fn facts(directory: &Directory) -> BTreeMap<Key, BTreeSet<Fact>> {
    let mut facts: BTreeMap<Key, BTreeSet<Fact>> = BTreeMap::new();
    let mut put = |part: Part, about: String, shown: String, hidden: Vec<String>| {
        facts.entry((part, about)).or_default().insert(Fact { shown, hidden });
    };
    for organisation in directory.organisations.values() {
        put(Part::Organisation, organisation.code.to_string(), of_organisation(organisation), Vec::new());
    }
    for (other, code) in &directory.aliases {
        put(Part::OtherCode, other.to_string(), code.to_string(), Vec::new());
    }
    for edge in directory.successors.values().flatten() {
        put(Part::Succession, edge.from.to_string(), of_succession(edge), Vec::new());
    }
    let links = [
        (Part::District, &directory.districts),
        (Part::Area, &directory.areas),
        (Part::Board, &directory.parents),
        (Part::Camhs, &directory.camhs),
        (Part::Practice, &directory.practices),
    ];
    for (part, links) in links {
        for (code, other, span) in links.rows() {
            put(part, code.to_string(), format!("{other}{}", of_span(&span)), Vec::new());
        }
    }
    for (one, other) in directory.adjoining.iter().filter(|(one, other)| one <= other) {
        put(Part::Neighbour, one.to_string(), other.to_string(), Vec::new());
    }
    for day in &directory.calendar.bank_holidays {
        put(Part::BankHoliday, day.to_string(), "a bank holiday".to_owned(), Vec::new());
    }
    for endpoint in &directory.endpoints {
        let secrets = endpoint.secrets.iter().map(|secret| secret.0.clone()).collect();
        put(Part::Endpoint, endpoint.name(), of_endpoint(endpoint), secrets);
    }
    for publisher in directory.publishers.values() {
        put(Part::Publisher, publisher.organisation.to_string(), of_publisher(publisher), Vec::new());
    }
    for token in directory.tokens.values() {
        put(Part::Token, token.organisation.to_string(), of_token(token), vec![hex(&token.digest)]);
    }
    facts
}

fn of_organisation(organisation: &Organisation) -> String {
    format!("{}, {}{}", organisation.name, organisation.kind.name(), of_span(&organisation.span()))
}

fn of_succession(edge: &Succession) -> String {
    format!("{} on {}{}", edge.to, edge.on, if edge.whole { "" } else { " (a part)" })
}

fn of_endpoint(endpoint: &Endpoint) -> String {
    let private = if endpoint.allow_private { ", private addresses allowed" } else { "" };
    let acknowledges = match endpoint.agreed.acknowledges_from {
        Some(Date::MIN) => ", acknowledges".to_owned(),
        Some(day) => format!(", acknowledges from {day}"),
        None => String::new(),
    };
    let heartbeat = endpoint.agreed.heartbeat_minutes.map(|minutes| format!(", heartbeat every {minutes} minutes")).unwrap_or_default();
    format!(
        "{} {}, {} seconds, {} at once{private}{acknowledges}{heartbeat}{}",
        endpoint.adapter,
        endpoint.url,
        endpoint.timeout_seconds,
        endpoint.concurrency,
        of_span(&endpoint.span())
    )
}

fn of_publisher(publisher: &Publisher) -> String {
    let types: Vec<&str> = publisher.may_send.iter().map(|&message_type| MessageType::name(message_type)).collect();
    let users = if publisher.user_ids.is_empty() { String::new() } else { format!(" as {}", publisher.user_ids.join(", ")) };
    format!("may send {}{users}", types.join(", "))
}

fn of_token(token: &Token) -> String {
    let may: Vec<&str> = token.may.iter().map(|permission| permission.name()).collect();
    format!("{} may {}{}", token.name, may.join(", "), of_span(&token.span()))
}

fn of_span(span: &Span) -> String {
    let from = span.from.map(|day| format!(" from {day}")).unwrap_or_default();
    let to = span.to.map(|day| format!(" to {day}")).unwrap_or_default();
    from + &to
}

/// Both indexes are walked side by side, in the order of their keys.
fn postcodes(older: &PostcodeIndex, newer: &PostcodeIndex, today: Date) -> PostcodeChanges {
    let mut changes = PostcodeChanges::default();
    let (mut before, mut after) = (older.iter().peekable(), newer.iter().peekable());
    let key = |found: Option<&(Postcode, Area<'_>)>| found.map(|(postcode, _)| *postcode);
    loop {
        match (key(before.peek()), key(after.peek())) {
            (None, None) => return changes,
            (Some(old), Some(new)) if old == new => {
                if let (Some((_, old)), Some((_, new))) = (before.next(), after.next()) {
                    changes.changed += u64::from(differ(old, new));
                    changes.changed_now += u64::from(now(old, today) != now(new, today));
                }
            }
            (Some(old), new) if new.is_none_or(|new| old < new) => {
                before.next();
                changes.removed += 1;
            }
            _ => {
                after.next();
                changes.added += 1;
            }
        }
    }
}

fn differ(old: Area<'_>, new: Area<'_>) -> bool {
    if (old.district, old.ended) != (new.district, new.ended) {
        return true;
    }
    // Nearly always the columns are the same, and then nothing has to be built to compare them.
    if old.epochs == new.epochs { old.places != new.places } else { columns(old) != columns(new) }
}

/// District and place on a day.
fn now(area: Area<'_>, today: Date) -> (Code, Option<Code>) {
    let column = area.epochs.partition_point(|&from| from <= today).saturating_sub(1);
    (area.district, area.places.get(column).copied().flatten())
}

/// The places with the days on which they begin: the same for two indexes that say the same with other columns.
fn columns(area: Area<'_>) -> Vec<(Option<Date>, Option<Code>)> {
    let mut columns: Vec<(Option<Date>, Option<Code>)> = Vec::new();
    for (&from, &place) in area.epochs.iter().zip(area.places) {
        match columns.last() {
            Some((_, before)) if *before == place => {}
            // The first column holds before its date, too.
            None => columns.push((None, place)),
            Some(_) => columns.push((Some(from), place)),
        }
    }
    columns
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::OtherCode => "other code",
            Self::Succession => "succession",
            Self::District => "district",
            Self::Area => "area",
            Self::Board => "board",
            Self::Camhs => "CAMHS",
            Self::Practice => "practice",
            Self::Neighbour => "neighbour",
            Self::BankHoliday => "bank holiday",
            Self::Endpoint => "endpoint",
            Self::Publisher => "publisher",
            Self::Token => "token",
        }
    }
}

/// One line: `+ endpoint QKS: webhook https://..`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.how {
            How::Added => '+',
            How::Removed => '-',
            How::Changed => '~',
        };
        write!(f, "{sign} {} {}: {}", self.part.name(), self.about, self.what)
    }
}

impl fmt::Display for PostcodeChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { added, removed, changed, changed_now } = self;
        write!(f, "postcodes: {added} added, {removed} removed, {changed} changed ({changed_now} of them lie elsewhere today)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Differences, PostcodeChanges};
    use crate::directory::sample::{code, parts, sample};
    use crate::directory::{Directory, Link, Parts, Secret, Span};
    use crate::postcode::{Postcode, PostcodeIndex, PostcodeRow, encode};
    use jiff::civil::date;

    fn changed(change: impl FnOnce(&mut Parts)) -> Differences {
        let mut parts = parts();
        change(&mut parts);
        sample().differences(&Directory::from_parts(parts), date(2026, 6, 1))
    }

    fn check(change: impl FnOnce(&mut Parts), expected: &[&str]) {
        let lines: Vec<String> = changed(change).changes.iter().map(ToString::to_string).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn the_same_directory_differs_in_nothing() {
        assert!(changed(|_| {}).is_empty());
        assert!(changed(|parts| parts.organisations.reverse()).is_empty());
    }

    #[test]
    fn what_is_new_gone_and_changed_is_told() {
        check(
            |parts| {
                parts.camhs.retain(|link| link.other != code("RX2"));
                parts.areas.push(Link {
                    code: code("E06000099"),
                    other: code("91Q"),
                    span: Span { from: Some(date(2026, 4, 1)), to: None },
                });
                parts.organisations.iter_mut().find(|one| one.code == code("QKS")).unwrap().name = "Another name".to_owned();
            },
            &[
                "~ organisation QKS: Name of QKS, body from 2022-07-01 -> Another name, body from 2022-07-01",
                "+ area E06000099: 91Q from 2026-04-01",
                "- CAMHS E10000014: RX2 to 2024-01-31",
            ],
        );
    }

    #[test]
    fn a_secret_is_compared_and_not_told() {
        let differences = changed(|parts| parts.endpoints[0].secrets.push(Secret("whsec_hidden".to_owned())));
        assert_eq!(differences.changes.len(), 1);
        let line = differences.changes[0].to_string();
        assert!(line.contains("with another secret") && !line.contains("whsec"), "{line}");
    }

    fn index(rows: &[(&str, &str, &str)], ended: Option<(i16, i8)>) -> PostcodeIndex {
        let row = |&(postcode, district, place): &(&str, &str, &str)| PostcodeRow {
            postcode: Postcode::parse(postcode).unwrap(),
            district: code(district),
            places: vec![Some(code(place))],
            ended,
        };
        let rows: Vec<PostcodeRow> = rows.iter().map(row).collect();
        PostcodeIndex::read(encode(&[date(2026, 4, 1)], &rows).unwrap()).unwrap()
    }

    fn check_postcodes(newer: PostcodeIndex, expected: [u64; 4]) {
        let of = |postcodes| Directory::from_parts(Parts { postcodes, ..Parts::default() });
        let older = index(&[("ME14 2AA", "E07000110", "91Q"), ("ME14 2AB", "E07000110", "91Q")], None);
        let [added, removed, changed, changed_now] = expected;
        let found = of(older).differences(&of(newer), date(2026, 6, 1)).postcodes;
        assert_eq!(found, PostcodeChanges { added, removed, changed, changed_now });
    }

    #[test]
    fn postcodes_are_counted() {
        check_postcodes(index(&[("ME14 2AA", "E07000110", "91Q"), ("ME14 2AB", "E07000110", "91Q")], None), [0, 0, 0, 0]);
        check_postcodes(index(&[("ME14 2AB", "E07000105", "91Q"), ("ZE1 1AA", "S12000027", "91Q")], None), [1, 1, 1, 1]);
        check_postcodes(index(&[("ME14 2AA", "E07000110", "91Q")], Some((2026, 1))), [0, 1, 1, 0]);
        check_postcodes(PostcodeIndex::default(), [0, 2, 0, 0]);
    }
}
