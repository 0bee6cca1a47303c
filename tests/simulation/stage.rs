//! What all actors of one world share: its seed's chance, its clock, the ledger's books, the broker, the log.

use super::books::Books;
use super::broker::Broker;
use super::flaw::Flaw;
use super::history::{Letter, seeded};
use super::recipients::Recipients;
use arc_swap::ArcSwap;
use domain::directory::Directory;
use domain::port::Lease;
use jiff::{SignedDuration, Timestamp};
use placement_hub::demo::chance::Chance;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// 26 January 2026, 09:00 UTC: three weeks after the first of the children came into care.
const EPOCH: i64 = 1_769_418_000;

pub struct Stage {
    chance: Mutex<Chance>,
    books: Mutex<Books>,
    pub flaw: Flaw,
    pub broker: Broker,
    pub recipients: Recipients,
    /// Every message that was published, once each.
    letters: Mutex<Vec<Arc<Letter>>>,
    /// Answers of recipients that are on their way.
    pub awaited: AtomicUsize,
    pub directory: Arc<ArcSwap<Directory>>,
    ledger: Mutex<Trouble>,
    started: Instant,
    /// Days that have been left out, when nothing was going on.
    days: AtomicI64,
    /// Whether something has happened for which a lease may lapse.
    pub disturbed: AtomicBool,
    /// The longest that a hub took from SIGTERM to its end.
    pub slowest_stop: Mutex<Duration>,
    /// Deliveries of which a hub was told that the ledger has them as delivered.
    settled: Mutex<BTreeSet<Uuid>>,
    /// The first thing that happened and must not.
    wrong: Mutex<Option<String>>,
    log: Option<Mutex<String>>,
}

/// What becomes of a verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    Works,
    Fails,
    LosesTheAnswer,
    /// Done, but a minute later: a machine that is cut off gives no error.
    Hangs,
}

#[derive(Default)]
struct Trouble {
    down_until: Option<Instant>,
    /// Verbs that are struck from now on, and how.
    strikes: Vec<Weather>,
}

impl Stage {
    pub fn new(seed: u64, flaw: Flaw, directory: Arc<Directory>, logged: bool) -> Self {
        Self {
            chance: Mutex::new(seeded(seed)),
            books: Mutex::new(Books::new(flaw)),
            flaw,
            broker: Broker::default(),
            recipients: Recipients::default(),
            letters: Mutex::default(),
            awaited: AtomicUsize::new(0),
            directory: Arc::new(ArcSwap::new(directory)),
            ledger: Mutex::default(),
            started: Instant::now(),
            days: AtomicI64::new(0),
            disturbed: AtomicBool::new(false),
            slowest_stop: Mutex::default(),
            settled: Mutex::default(),
            wrong: Mutex::default(),
            log: logged.then(Mutex::default),
        }
    }

    pub fn chance(&self) -> MutexGuard<'_, Chance> {
        self.chance.lock().unwrap()
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    // The clock.

    /// By a clock that goes right.
    pub fn now(&self) -> Timestamp {
        let days = SignedDuration::from_hours(24 * self.days.load(Relaxed));
        Timestamp::from_second(EPOCH).unwrap() + days + SignedDuration::try_from(self.started.elapsed()).unwrap()
    }

    /// When the world began.
    pub fn began(&self) -> Timestamp {
        Timestamp::from_second(EPOCH).unwrap()
    }

    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub fn skip_days(&self, days: i64) {
        self.days.fetch_add(days, Relaxed);
    }

    pub fn has_stopped_after(&self, took: Duration) {
        let mut slowest = self.slowest_stop.lock().unwrap();
        *slowest = took.max(*slowest);
    }

    /// The ledger has said to a hub that these are delivered.
    pub fn are_settled(&self, deliveries: impl Iterator<Item = Uuid>) {
        self.settled.lock().unwrap().extend(deliveries);
    }

    /// These are leased, whether a hub learns of it or not.
    pub fn are_leased(&self, leases: &[Lease], books: &Books) {
        let settled = self.settled.lock().unwrap();
        if let Some(lease) = leases.iter().find(|lease| settled.contains(&lease.delivery)) {
            let number = books.number(lease.delivery);
            self.wrong
                .lock()
                .unwrap()
                .get_or_insert_with(|| format!("delivery {number} was leased after it had been settled as delivered"));
        }
    }

    pub fn wrong(&self) -> Option<String> {
        self.wrong.lock().unwrap().clone()
    }

    // Messages.

    /// Publishes a message that was never published before.
    pub fn publish(&self, letter: Arc<Letter>) {
        let mut letters = self.letters.lock().unwrap();
        self.log(|| format!("{} publishes {}", letter.publisher(), letter.id()));
        letters.push(letter);
        self.broker.publish(letters.len() - 1);
    }

    /// A publisher that is not sure sends it again.
    pub fn publish_again(&self, number: usize) {
        self.log(|| format!("message {} is published again", self.letter(number).id()));
        self.broker.publish(number);
    }

    pub fn letter(&self, number: usize) -> Arc<Letter> {
        Arc::clone(&self.letters.lock().unwrap()[number])
    }

    pub fn letters(&self) -> Vec<Arc<Letter>> {
        self.letters.lock().unwrap().clone()
    }

    // The ledger's weather.

    /// Milliseconds that a verb takes; none where it is done at once.
    pub fn takes_a_while(&self) -> Option<u64> {
        let millis = self.chance().below(6).saturating_sub(2);
        (millis > 0).then_some(millis as u64)
    }

    pub fn weather(&self) -> Weather {
        let mut trouble = self.ledger.lock().unwrap();
        if trouble.down_until.is_some_and(|until| Instant::now() < until) {
            return Weather::Fails;
        }
        trouble.strikes.pop().unwrap_or(Weather::Works)
    }

    pub fn ledger_down(&self, seconds: u64) {
        self.ledger.lock().unwrap().down_until = Some(Instant::now() + Duration::from_secs(seconds));
    }

    pub fn strike_ledger(&self, strikes: Vec<Weather>) {
        self.ledger.lock().unwrap().strikes = strikes;
    }

    pub fn mend_ledger(&self) {
        *self.ledger.lock().unwrap() = Trouble::default();
    }

    // The log: written only where somebody will read it.

    pub fn is_logged(&self) -> bool {
        self.log.is_some()
    }

    pub fn log(&self, what: impl FnOnce() -> String) {
        if let Some(log) = &self.log {
            let what = what();
            writeln!(log.lock().unwrap(), "{:>9.3} {what}", self.elapsed().as_secs_f64()).unwrap();
        }
    }

    pub fn take_log(&self) -> String {
        self.log.as_ref().map(|log| std::mem::take(&mut *log.lock().unwrap())).unwrap_or_default()
    }
}
