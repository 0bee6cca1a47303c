//! The story of an import: child by child, from rows to the documents that are to be published.

use super::chain::{self, Began, Chain};
use super::changes::{self, Change, Coverage, Kept, What};
use super::codes::{Codes, Set, Standing, year_name, year_of};
use super::document;
use super::episode::{self, Episode};
use super::extra::{ChildExtra, Extra, PlacementExtra};
use super::fields;
use super::finding::{Finding, Findings, Scope};
use super::source::{ChildRows, EPISODES_MAX, Return};
use super::state::{KnownChild, Next, Previous};
use crate::contracts::Contracts;
use domain::Code;
use domain::message::{Child, Message, PlacementChange};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the operator decides.
#[derive(Clone, Debug)]
pub struct Options {
    pub authority: Code,
    /// The collection year by its last day's; none for the one of the return's latest day.
    pub year: Option<i16>,
    /// For placements of which the extra file does not say whether they were planned.
    pub planned: Option<bool>,
    /// Take the day of a child's first episode as the start of care where nothing says when care began.
    pub care_start_from_first: bool,
    /// Cancel however many are gone.
    pub cancel_many: bool,
}

/// One document, ready to be published.
#[derive(Clone, Debug)]
pub struct Ready {
    pub child: String,
    pub what: What,
    pub placement: String,
    pub version: u32,
    pub message_id: String,
    pub body: Vec<u8>,
}

/// How many of what.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    pub year: String,
    pub episodes: u64,
    pub children: u64,
    pub children_left_out: u64,
    pub rows_left_out: u64,
    pub new: u64,
    pub updated: u64,
    pub cancelled: u64,
    pub unchanged: u64,
    /// Children that are gone from the return, and too many to be cancelled unasked.
    pub children_not_cancelled: u64,
}

/// Below both of these, children that are gone altogether are cancelled unasked. More of them look like half a file.
const GONE_FEW: usize = 10;
const GONE_SHARE: usize = 20;

/// Everything that an import reads, and where its documents get ids and times from.
pub struct Import<'a> {
    pub from: &'a Return,
    pub extra: &'a Extra,
    pub codes: &'a Codes,
    pub contracts: &'a Contracts,
    pub options: &'a Options,
    /// When the first document is said to be sent; each later one a microsecond later, for the hub to know their order.
    pub sent_at: Timestamp,
    /// The id of a document by its content.
    pub message_id: &'a dyn Fn(&[u8]) -> String,
}

struct Running<'a, 'r> {
    import: &'r Import<'a>,
    findings: &'r mut Findings,
    take: &'r mut dyn FnMut(Ready) -> Result<(), String>,
    summary: Summary,
    year: i16,
    coverage: Coverage,
}

impl Import<'_> {
    /// The collection year of this import.
    ///
    /// # Errors
    /// Where no day of the return can be read.
    pub fn year(&self) -> Result<i16, String> {
        let year = self.options.year.or_else(|| self.from.facts.latest.map(year_of));
        year.ok_or_else(|| format!("{}: no day in it can be read, so its collection year is not known: give --year", self.from.file))
    }

    /// Gives every document to `take`, in the order in which they are to be published, and says in `next` what is then
    /// known. `progress` hears of the episodes done.
    ///
    /// # Errors
    /// Where a file cannot be read or written, or `take` fails; what was given to it before is then published or not as
    /// it says, and `next` must not be committed.
    pub fn run(
        &self,
        mut previous: Option<Previous<'_>>,
        mut next: Option<&mut Next<'_>>,
        findings: &mut Findings,
        take: &mut dyn FnMut(Ready) -> Result<(), String>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Summary, String> {
        let year = self.year()?;
        if let Some(before) = previous.as_ref().filter(|before| before.head.year > year) {
            let (known, own) = (year_name(before.head.year), year_name(year));
            return Err(format!("a return of {known} was imported already, and this one is of {own}: import the oldest first"));
        }
        let coverage = self.coverage(year, previous.as_ref());
        let summary = Summary { year: year_name(year), children: self.from.facts.children, ..Summary::default() };
        let mut running = Running { import: self, findings, take, summary, year, coverage };
        let authority = self.options.authority;
        for rows in self.from.children()? {
            let rows = rows?;
            running.summary.episodes += rows.rows.len() as u64;
            let known =
                previous.as_mut().map(|before| before.take(authority, &rows.child)).transpose().map_err(|e| e.to_string())?.flatten();
            let mut known = known.unwrap_or_else(|| KnownChild { child: rows.child.clone(), ..KnownChild::default() });
            running.child(&rows, &mut known)?;
            if let Some(next) = next.as_deref_mut() {
                next.add(authority, &known).map_err(|error| error.to_string())?;
            }
            progress(running.summary.episodes);
        }
        if let Some(mut before) = previous {
            running.gone(&mut before, next)?;
        }
        let mut summary = running.summary;
        summary.children_left_out = findings.children_left_out;
        summary.rows_left_out = findings.rows_left_out;
        Ok(summary)
    }

    fn coverage(&self, year: i16, previous: Option<&Previous<'_>>) -> Coverage {
        let year_start = Date::new(year - 1, 4, 1).unwrap_or(Date::MIN);
        // A year that was only inferred proves less: what ended before the first end of the return may belong to another.
        let from = if self.options.year.is_some() { Some(year_start) } else { self.from.facts.earliest_end.map(|end| end.max(year_start)) };
        Coverage { year_start, from, same_year: previous.is_some_and(|before| before.head.year == year) }
    }
}

impl Running<'_, '_> {
    fn child(&mut self, rows: &ChildRows, known: &mut KnownChild) -> Result<(), String> {
        let mut notes = Vec::new();
        let mut episodes = Vec::with_capacity(rows.rows.len());
        for raw in &rows.rows {
            let before = notes.len();
            episodes.extend(episode::read(raw, self.import.codes, self.year, &mut notes));
            for (scope, code, what) in notes.drain(before..) {
                self.find(scope, Some(raw.row), &rows.child, code, what)?;
            }
        }
        let facts = match self.facts(rows, episodes.len()) {
            Ok(facts) => facts,
            Err(reasons) => {
                let row = rows.rows.first().map(|raw| raw.row);
                return self.find(Scope::ChildLeftOut, row, &rows.child, reasons[0].0, sentences(&reasons));
            }
        };
        if let Some(what) = facts.sex_unclear.clone() {
            self.find(Scope::Taken, None, &rows.child, "sex-not-read", what)?;
        }
        let began = |first: &Episode| self.began(first, &facts.extra, known);
        let chain = chain::lay(&rows.child, episodes, &began);
        for (at, scope, code, what) in &chain.notes {
            self.find(*scope, Some(chain.episodes[*at].0.row), &rows.child, code, what.clone())?;
        }
        let documents = self.documents(&chain, &facts, known)?;
        if documents.is_empty() {
            let row = rows.rows.first().map(|raw| raw.row);
            self.find(Scope::ChildLeftOut, row, &rows.child, "no-row-taken", "none of its rows could be taken".to_owned())?;
        }
        let seen: BTreeSet<String> = chain.episodes.iter().map(|(episode, _)| episode.id.clone()).collect();
        let count = documents.len() as u64;
        let changes = changes::compare(known, documents);
        self.summary.unchanged += count - changes.len() as u64;
        for change in changes {
            self.publish(known, change)?;
        }
        self.cancel_missing(known, &seen)
    }

    /// Who the child is; or why nothing of it can be published.
    fn facts(&self, rows: &ChildRows, readable: usize) -> Result<Facts, Vec<Reason>> {
        let mut reasons = Vec::new();
        let header = self.import.from.headers.get(&rows.child);
        let extra = self.import.extra.of(&rows.child).cloned().unwrap_or_default();
        if !fields::is_child_id(&rows.child) {
            reasons.push(("child-id", "its id is not 1 to 20 letters and digits".to_owned()));
        }
        if rows.rows.len() > EPISODES_MAX {
            reasons.push(("too-many-rows", format!("it has more than {EPISODES_MAX} episodes")));
        }
        if readable < rows.rows.len() {
            reasons.push(("unreadable-row", "a row of it cannot be placed among the others".to_owned()));
        }
        let (Some(given), Some(family)) = (&extra.given_name, &extra.family_name) else {
            reasons.push(("no-name", "the extra file has no given_name and family_name for it".to_owned()));
            return Err(self.header_reasons(header, reasons));
        };
        let birth = header.filter(|header| !header.contradicted).and_then(|header| fields::day(&header.dob));
        let (Some(birth_date), Some(header), true) = (birth, header, reasons.is_empty()) else {
            return Err(self.header_reasons(header, reasons));
        };
        let code = header.sex.to_ascii_uppercase();
        let unclear = !code.is_empty() && self.import.codes.standing(Set::Sex, &code, self.year, None) == Standing::Unknown;
        let sex_unclear = unclear.then(|| "SEX is no code of any year: taken as not recorded".to_owned());
        let child = document::child(&rows.child, document::sex(&code), birth_date, &extra, (given, family));
        Ok(Facts { child, extra, sex_unclear })
    }

    fn header_reasons(&self, header: Option<&super::source::HeaderRow>, mut reasons: Vec<Reason>) -> Vec<Reason> {
        match header {
            None => reasons.push(("not-in-header", "the header does not have it".to_owned())),
            Some(header) if header.contradicted => {
                reasons.push(("header-contradicts", "the header has it twice with other values, or a row of another length".to_owned()));
            }
            Some(header) if fields::day(&header.dob).is_none() => {
                reasons.push(("no-birth-date", "its DOB in the header is no day of the form dd/mm/yyyy".to_owned()));
            }
            Some(_) => {}
        }
        reasons
    }

    /// When the care began that a child's first episode continues: as the extra file says, else as published before, else
    /// as the operator decided.
    fn began(&self, first: &Episode, extra: &ChildExtra, known: &KnownChild) -> Option<Began> {
        let told = document::merged(&[extra.placements.get(&first.started_on), Some(&extra.any)]).care_started_on;
        if let Some(told) = told.filter(|told| *told <= first.started_on) {
            return Some((told, None));
        }
        let continued = |one: &&PlacementChange| {
            let ended = one.placement.ended_on;
            one.placement.started_on < first.started_on
                && one.care_period.ended_on.is_none()
                && ended.is_none_or(|on| on == first.started_on)
        };
        let before = known.placements.get(&first.id).or_else(|| {
            let mut open: Vec<_> = known.placements.values().filter(continued).collect();
            open.sort_by_key(|one| one.placement.started_on);
            open.pop()
        });
        if let Some(before) = before {
            return Some((before.care_period.started_on, Some(before.care_period.id.clone())));
        }
        self.import.options.care_start_from_first.then_some((first.started_on, None))
    }

    fn documents(&mut self, chain: &Chain, facts: &Facts, known: &KnownChild) -> Result<Vec<PlacementChange>, String> {
        let child = &facts.child.local_id;
        let any = &facts.extra.any;
        let entry_told = any.gp_at_entry.is_some() || any.commissioner_at_entry.is_some();
        if entry_told && chain.periods.len() > 1 {
            let what =
                "it has several care periods: give gp_at_entry and commissioner_at_entry in rows whose started_on is each period's start";
            self.find(Scope::Taken, None, child, "entry-evidence-unclear", what.to_owned())?;
        }
        let origins: Vec<_> = chain.periods.iter().map(|period| origin(period, chain.periods.len(), &facts.extra, known)).collect();
        let mut documents = Vec::new();
        let mut stay: Option<(&Episode, PlacementExtra)> = None;
        for (episode, period) in &chain.episodes {
            let Some(period) = *period else { continue };
            // A change of legal status only is the same stay: what was said of it still holds.
            let same = stay.as_ref().filter(|(before, _)| {
                episode.reason.as_deref() == Some("L") && before.postcode == episode.postcode && before.area == episode.area
            });
            let own = facts.extra.placements.get(&episode.started_on);
            let extra = document::merged(&[own, same.map(|(_, extra)| extra), Some(any)]);
            let Some(planned) = extra.planned.or(self.import.options.planned) else {
                let what = "nothing says whether it was planned: give planned in the extra file, or --planned for all that are not there";
                self.find(Scope::RowLeftOut, Some(episode.row), child, "planned-unknown", what.to_owned())?;
                continue;
            };
            let period = (&chain.periods[period], origins[period].as_ref());
            let mut document = document::change(self.import.options.authority, &facts.child, period, episode, planned, &extra);
            document.contacts.clone_from(&facts.extra.contacts);
            stay = Some((episode, extra));
            match self.refused(&document) {
                None => documents.push(document),
                Some(why) => self.find(Scope::RowLeftOut, Some(episode.row), child, "against-the-contract", why)?,
            }
        }
        Ok(documents)
    }

    /// Why the hub would reject a document: the codes and places, without values.
    fn refused(&self, document: &PlacementChange) -> Option<String> {
        let body = body(document, "not-yet", self.import.sent_at).ok()?;
        let unreadable = self.import.contracts.read(Some("application/json"), &body).err()?;
        let reasons: Vec<_> =
            unreadable.reasons.iter().map(|reason| format!("{} {}: {}", reason.path, reason.code, reason.message)).collect();
        Some(reasons.join("; "))
    }

    fn cancel_missing(&mut self, known: &mut KnownChild, seen: &BTreeSet<String>) -> Result<(), String> {
        let missing: Vec<(String, Option<Kept>)> =
            changes::gone(known, seen).map(|one| (one.placement.id.clone(), self.coverage.keeps(one))).collect();
        for (id, kept) in missing {
            let what = match kept {
                None => {
                    if let Some(change) = changes::cancel(known, &id) {
                        self.publish(known, change)?;
                    }
                    continue;
                }
                Some(Kept::Expected) => continue,
                Some(Kept::Unproven) => {
                    format!("{id} is no longer in the return, which does not prove that it was deleted: not cancelled; give --year")
                }
                Some(Kept::OtherYear) => {
                    format!(
                        "{id} was imported from an earlier year's return, as not ended before this one, and is not in this one: not cancelled; import the last return of that year first"
                    )
                }
            };
            self.find(Scope::Taken, None, &known.child.clone(), "gone-and-kept", what)?;
        }
        Ok(())
    }

    /// Children that were published and are not in the return at all.
    fn gone(&mut self, previous: &mut Previous<'_>, mut next: Option<&mut Next<'_>>) -> Result<(), String> {
        let all = usize::try_from(previous.head.children).unwrap_or(usize::MAX);
        let few = previous.left() <= GONE_FEW.max(all / GONE_SHARE) || self.import.options.cancel_many;
        let mut at = 0;
        while let Some(mut known) = previous.next_left(&mut at).map_err(|error| error.to_string())? {
            let none = BTreeSet::new();
            if few {
                self.cancel_missing(&mut known, &none)?;
            } else if changes::gone(&known, &none).any(|one| self.coverage.keeps(one).is_none()) {
                self.summary.children_not_cancelled += 1;
                let what = "it is no longer in the return, as are too many others: not cancelled; see whether the return is whole, then use --cancel-many";
                self.find(Scope::Taken, None, &known.child, "gone-with-many", what.to_owned())?;
            }
            if let Some(next) = next.as_deref_mut() {
                next.add(self.import.options.authority, &known).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    fn publish(&mut self, known: &mut KnownChild, change: Change) -> Result<(), String> {
        let summary = &mut self.summary;
        let published = summary.new + summary.updated + summary.cancelled;
        let later = SignedDuration::from_micros(i64::try_from(published).unwrap_or(i64::MAX));
        let sent_at = self.import.sent_at.checked_add(later).map_err(|error| error.to_string())?;
        match change.what {
            What::New => summary.new += 1,
            What::Updated => summary.updated += 1,
            What::Cancelled => summary.cancelled += 1,
        }
        let unnamed = body(&change.document, "", sent_at)?;
        let message_id = (self.import.message_id)(&unnamed);
        let body = body(&change.document, &message_id, sent_at)?;
        let placement = change.document.placement;
        (self.take)(Ready {
            child: known.child.clone(),
            what: change.what,
            placement: placement.id,
            version: placement.version,
            message_id,
            body,
        })
    }

    fn find(&mut self, scope: Scope, row: Option<u64>, child: &str, code: &'static str, what: String) -> Result<(), String> {
        let file: Arc<str> = self.import.from.file.clone();
        let finding = Finding { scope, file, row, child: child.to_owned(), code, what };
        self.findings.add(finding).map_err(|error| format!("the report cannot be written: {error}"))
    }
}

/// A code and a sentence.
type Reason = (&'static str, String);

struct Facts {
    child: Child,
    extra: ChildExtra,
    sex_unclear: Option<String>,
}

fn sentences(reasons: &[Reason]) -> String {
    reasons.iter().map(|(_, what)| what.as_str()).collect::<Vec<_>>().join("; ")
}

/// Evidence of the originating commissioner. What the extra file says of the child counts where there is one period only.
fn origin(period: &chain::Period, periods: usize, extra: &ChildExtra, known: &KnownChild) -> Option<domain::message::Origin> {
    let any = (periods == 1).then_some(&extra.any);
    let evidence = document::merged(&[extra.placements.get(&period.started_on), any]);
    // The first row of a later return is not the first of the care period: what was published then still stands.
    let before = known.placements.values().find(|one| !period.whole && one.care_period.id == period.id);
    let before = before.and_then(|one| one.care_period.origin.as_ref()).and_then(|origin| origin.home_postcode.as_ref());
    document::origin(before.or(period.home.as_ref()), Some(&evidence))
}

fn body(document: &PlacementChange, message_id: &str, sent_at: Timestamp) -> Result<Vec<u8>, String> {
    let mut document = document.clone();
    message_id.clone_into(&mut document.header.message_id);
    document.header.sent_at = sent_at;
    serde_json::to_vec(&Message::PlacementChange(document)).map_err(|error| format!("a document cannot be written: {error}"))
}
