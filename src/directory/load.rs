//! Reads a directory folder and hands it over, or says everything that is wrong with it.

use super::check::check;
use super::mistake::{Mistakes, Notes};
use super::organisations::Files;
use super::{endpoints, organisations, publishers, tokens};
use domain::directory::{Directory, Endpoint, Parts};
use domain::port::Deliver;
use domain::postcode::PostcodeIndex;
use domain::working_days::Calendar;
use jiff::civil::Date;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The postcode index's file.
pub const POSTCODES: &str = "south-east.postcodes";
/// Most bytes of a postcode index: all of the United Kingdom's, living and ended, come to 15 MB.
const POSTCODES_BYTES_MAX: u64 = 64_000_000;

/// Rails that can tell those who watch over the hub.
const CARRIES_ALERTS: [&str; 2] = ["webhook", "email"];

/// Deliverers by the name that an endpoint gives as its `adapter`.
pub type Rails = HashMap<&'static str, Arc<dyn Deliver>>;

/// Where a directory comes from.
#[derive(Clone)]
pub struct Sources<'a> {
    /// The folder with the CSV files and the postcode index.
    pub folder: &'a Path,
    /// Who is reached how; none for `endpoints.toml` in the folder.
    pub endpoints: Option<PathBuf>,
    /// Who may publish what; none for `publishers.toml` in the folder.
    pub publishers: Option<PathBuf>,
    /// The tokens of those who use the HTTP interface; none for `tokens.toml` in the folder, if it is there.
    pub tokens: Option<PathBuf>,
    /// The rails that this hub has, by name: each checks its own endpoints.
    pub rails: &'a Rails,
    /// Environment variables, for secrets.
    pub environment: fn(&str) -> Option<String>,
    /// Today: a warning comes before the bank holidays run out.
    pub today: Date,
}

/// A directory that was checked whole.
#[derive(Debug)]
pub struct Loaded {
    pub directory: Directory,
    /// What works and yet should be looked at, a sentence each.
    pub warnings: Vec<String>,
}

impl<'a> Sources<'a> {
    /// All of it in one folder, secrets from this process's environment.
    #[must_use]
    pub fn folder(folder: &'a Path, rails: &'a Rails, today: Date) -> Self {
        let environment = |name: &str| std::env::var(name).ok();
        Self { folder, endpoints: None, publishers: None, tokens: None, rails, environment, today }
    }
}

/// # Errors
/// Every mistake in every file, with its line.
pub fn load(sources: &Sources<'_>) -> Result<Loaded, Mistakes> {
    let mut notes = Notes::default();
    let files = Files::read(sources.folder, &mut notes);
    let postcodes = index(sources.folder, &mut notes);
    let endpoints = endpoints::read(sources, &mut notes);
    let publishers = publishers::read(sources, &mut notes);
    let tokens = tokens::read(sources, &mut notes);
    check(&files, &postcodes, &mut notes);
    endpoints::check(&endpoints, &files, &mut notes);
    publishers::check(&publishers, &files, &mut notes);
    tokens::check(&tokens, &files, &mut notes);

    let warnings = warnings(&files.calendar, sources.today);
    let parts = Parts {
        calendar: files.calendar,
        organisations: files.organisations.into_iter().map(|(_, row)| row.value).collect(),
        aliases: files.aliases.into_iter().map(|(_, row)| row.value).collect(),
        districts: files.districts.into_iter().map(|row| row.value).collect(),
        areas: files.areas.into_iter().map(|row| row.value).collect(),
        parents: files.parents.into_iter().map(|row| row.value).collect(),
        camhs: files.camhs.into_iter().map(|row| row.value).collect(),
        practices: files.practices.into_iter().map(|row| row.value).collect(),
        successions: files.successions.into_iter().filter_map(|row| row.value.1).collect(),
        adjoining: files.adjoining.into_iter().map(|row| row.value).collect(),
        endpoints: endpoints.rows.into_iter().map(|row| row.value).collect(),
        publishers: publishers.rows.into_iter().map(|row| row.value).collect(),
        tokens: tokens.rows.into_iter().map(|row| row.value).collect(),
        postcodes,
    };
    notes.settle(Loaded { directory: Directory::from_parts(parts), warnings })
}

/// Who watches over the hub, from a file of the same form as `endpoints.toml`. The `organisation` of each is a name of its own.
///
/// # Errors
/// Every mistake.
pub fn watchers(sources: &Sources<'_>) -> Result<Vec<Endpoint>, Mistakes> {
    let mut notes = Notes::default();
    let endpoints = endpoints::read(sources, &mut notes);
    for row in endpoints.rows.iter().filter(|row| !CARRIES_ALERTS.contains(&row.value.adapter.as_str())) {
        notes.add(&endpoints.file, row.line, format!("adapter: alerts go by {}", CARRIES_ALERTS.join(" or ")));
    }
    notes.settle(endpoints.rows.into_iter().map(|row| row.value).collect())
}

/// Checks the organisations and postcodes of a folder, without how anybody is reached.
///
/// # Errors
/// Every mistake.
pub(super) fn check_files(folder: &Path) -> Result<(), Mistakes> {
    let mut notes = Notes::default();
    let files = Files::read(folder, &mut notes);
    let postcodes = index(folder, &mut notes);
    check(&files, &postcodes, &mut notes);
    notes.settle(())
}

/// The bank holidays of a folder, and nothing else: for those who only count working days.
///
/// # Errors
/// Every mistake in their file.
pub fn read_calendar(folder: &Path) -> Result<Calendar, Mistakes> {
    let mut notes = Notes::default();
    let calendar = organisations::calendar(folder, &mut notes);
    notes.settle(calendar)
}

fn index(folder: &Path, notes: &mut Notes) -> PostcodeIndex {
    read_postcodes(&folder.join(POSTCODES)).map_err(|what| notes.add(POSTCODES, None, what)).unwrap_or_default()
}

/// Reads a postcode index.
///
/// # Errors
/// A sentence, where it cannot be read or is none.
pub fn read_postcodes(path: &Path) -> Result<PostcodeIndex, String> {
    let size = std::fs::metadata(path).map_or(0, |found| found.len());
    if size > POSTCODES_BYTES_MAX {
        return Err(format!("it has {size} bytes; at most {POSTCODES_BYTES_MAX} are read"));
    }
    let bytes = std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    PostcodeIndex::read(bytes).map_err(|error| error.to_string())
}

/// The published list ends a year or two ahead, and a deadline is counted at most weeks ahead: so a list that ends with
/// this year wants a new one now.
fn warnings(calendar: &Calendar, today: Date) -> Vec<String> {
    let sentence =
        |ends: String| format!("bank-holidays.csv {ends}: deadlines after that leave out weekends only; add the new dates from GOV.UK.");
    match calendar.known_until() {
        None => vec![sentence("is empty".to_owned())],
        Some(year) if year <= today.year() => vec![sentence(format!("ends with {year}"))],
        Some(_) => Vec::new(),
    }
}
