//! What each watcher was told, and so what is news to it.

use super::Told;
use super::causes::{Cause, Severity, Standing};
use domain::Code;
use domain::delivery::DeliveryState;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// What comes and goes is told once: it is over when it has not been seen for so long.
const CALM: SignedDuration = SignedDuration::from_mins(10);
/// First and longest wait for a watcher that cannot be told.
const WAIT_FIRST: SignedDuration = SignedDuration::from_secs(10);
const WAIT_LONGEST: SignedDuration = SignedDuration::from_mins(10);

#[derive(Default)]
pub struct Book {
    /// What stands, told or not.
    pages: BTreeMap<Cause, Page>,
    wait: Option<SignedDuration>,
    not_before: Option<Timestamp>,
}

#[derive(Clone, Copy)]
struct Page {
    since: Timestamp,
    seen_at: Timestamp,
    told: bool,
}

/// News for a watcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub cause: Cause,
    pub since: Timestamp,
    /// None where it is over.
    pub fires: Option<(Severity, String)>,
    pub look_at: Option<(Code, DeliveryState)>,
    pub sample: Option<Uuid>,
}

impl Book {
    /// What has begun, for long enough, and what is over. The same again until it was [`Self::told`].
    pub fn compare(&mut self, standing: &[Standing], now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        for one in standing {
            let page = self.pages.entry(one.cause.clone()).or_insert(Page { since: now, seen_at: now, told: false });
            page.seen_at = now;
            if !page.told && now.duration_since(page.since) >= one.patience {
                let fires = Some((one.severity, one.summary.clone()));
                changes.push(Change { cause: one.cause.clone(), since: page.since, fires, look_at: one.look_at, sample: None });
            }
        }
        self.pages.retain(|_, page| page.told || page.seen_at == now);
        let over = self.pages.iter().filter(|(_, page)| now.duration_since(page.seen_at) >= CALM);
        changes.extend(over.map(|(cause, page)| Change {
            cause: cause.clone(),
            since: page.since,
            fires: None,
            look_at: None,
            sample: None,
        }));
        changes
    }

    /// The watcher knows.
    pub fn told(&mut self, changes: &[Change]) {
        (self.wait, self.not_before) = (None, None);
        for change in changes {
            match (change.fires.is_some(), self.pages.get_mut(&change.cause)) {
                (true, Some(page)) => page.told = true,
                _ => {
                    self.pages.remove(&change.cause);
                }
            }
        }
    }

    /// What stands at the watcher once it was told of these.
    pub fn told_after(&self, changes: &[Change]) -> Told {
        let mut told = self.known();
        for change in changes {
            if change.fires.is_some() {
                told.insert(change.cause.clone(), change.since);
            } else {
                told.remove(&change.cause);
            }
        }
        told
    }

    fn known(&self) -> Told {
        self.pages.iter().filter(|(_, page)| page.told).map(|(cause, page)| (cause.clone(), page.since)).collect()
    }

    /// Waits longer each time; whether it is the first time, and so worth a line in the log.
    pub fn failed(&mut self, now: Timestamp) -> bool {
        let wait = self.wait.map_or(WAIT_FIRST, |wait| (wait * 2).min(WAIT_LONGEST));
        self.not_before = now.checked_add(wait).ok();
        self.wait.replace(wait).is_none()
    }

    pub fn may_try(&self, now: Timestamp) -> bool {
        self.not_before.is_none_or(|not_before| not_before <= now)
    }
}

/// The books of all watchers, and the file that they are kept in.
pub struct Shelf {
    file: PathBuf,
    books: BTreeMap<String, Book>,
}

impl Shelf {
    /// A file that is not there, or holds something else, is an empty shelf: then all that stands is told once more.
    pub fn open(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let kept: BTreeMap<String, Vec<(Cause, Timestamp)>> = serde_json::from_str(&text).unwrap_or_default();
        let now = Timestamp::now();
        let book = |told: Vec<(Cause, Timestamp)>| Book {
            pages: told.into_iter().map(|(cause, since)| (cause, Page { since, seen_at: now, told: true })).collect(),
            ..Book::default()
        };
        Self { file: file.to_owned(), books: kept.into_iter().map(|(name, told)| (name, book(told))).collect() }
    }

    pub fn book(&mut self, watcher: &str) -> &mut Book {
        self.books.entry(watcher.to_owned()).or_default()
    }

    /// Another hub tells now.
    pub fn clear(&mut self) {
        if !self.books.is_empty() {
            self.books.clear();
            // A file that stays is read at the next start, and only means that something may be called over twice.
            let _ = std::fs::remove_file(&self.file);
        }
    }

    /// # Errors
    /// Where the file cannot be written.
    pub fn keep(&self) -> std::io::Result<()> {
        let kept: BTreeMap<&String, Vec<(Cause, Timestamp)>> =
            self.books.iter().map(|(name, book)| (name, book.known().into_iter().collect())).collect();
        // Whole or not at all: a hub may end in between.
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let half = folder.join(format!(".{}.half", self.file.file_name().unwrap_or_default().to_string_lossy()));
        std::fs::File::create(&half)?.write_all(&serde_json::to_vec(&kept)?)?;
        std::fs::rename(half, &self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + minute * 60).unwrap()
    }

    fn down(minutes: i64) -> Standing {
        Standing {
            cause: Cause { name: "RecipientDown".to_owned(), about: "QKS".to_owned() },
            severity: Severity::Ticket,
            summary: "down".to_owned(),
            patience: SignedDuration::from_mins(minutes),
            look_at: None,
        }
    }

    fn news(changes: &[Change]) -> Vec<String> {
        changes.iter().map(|change| format!("{} {}", if change.fires.is_some() { "fires" } else { "over" }, change.cause)).collect()
    }

    #[test]
    fn what_stands_is_told_once_and_its_end_once() {
        let mut book = Book::default();
        let mut story = Vec::new();
        for minute in 0..100 {
            // Down from 10 to 60, with a moment of life at 50.
            let standing = if (10..60).contains(&minute) && minute != 50 { vec![down(30)] } else { Vec::new() };
            let changes = book.compare(&standing, at(minute));
            story.extend(news(&changes).into_iter().map(|news| format!("{minute}: {news}")));
            book.told(&changes);
        }
        assert_eq!(story, ["40: fires RecipientDown QKS", "69: over RecipientDown QKS"]);
    }

    #[test]
    fn what_is_over_before_its_time_is_not_told() {
        let mut book = Book::default();
        for minute in 0..200 {
            let standing = if minute % 20 == 0 { Vec::new() } else { vec![down(30)] };
            assert_eq!(book.compare(&standing, at(minute)), Vec::new(), "{minute}");
        }
    }

    #[test]
    fn who_could_not_be_told_is_told_what_stands_when_it_can() {
        let mut book = Book::default();
        assert_eq!(book.compare(&[down(0)], at(0)).len(), 1);
        assert!(book.failed(at(0)) && !book.may_try(at(0)) && book.may_try(at(1)));
        assert!(!book.failed(at(1)), "said once");
        assert_eq!(book.compare(&[], at(2)), Vec::new(), "it is over, and the watcher never knew");
        for minute in 2..40 {
            book.failed(at(minute));
        }
        assert!(book.may_try(at(49)), "the wait is bounded");
    }

    #[test]
    fn a_restart_tells_nothing_twice_and_remembers_what_must_be_called_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ledger.alerts");
        let now = Timestamp::now();
        let mut shelf = Shelf::open(&file);
        let changes = shelf.book("OPS").compare(&[down(0)], now);
        shelf.book("OPS").told(&changes);
        shelf.keep().unwrap();

        let mut again = Shelf::open(&file);
        let later = |minutes: i64| now + SignedDuration::from_mins(minutes);
        assert_eq!(again.book("OPS").compare(&[down(0)], later(1)), Vec::new());
        assert_eq!(news(&again.book("OPS").compare(&[], later(12))), ["over RecipientDown QKS"]);
        again.clear();
        assert!(!file.exists());
        std::fs::write(&file, "something else").unwrap();
        assert!(Shelf::open(&file).books.is_empty());
    }
}
