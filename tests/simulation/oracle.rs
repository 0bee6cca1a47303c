//! What must hold of every world when it is quiet again, whatever happened in it.

use super::books::{Books, Row};
use super::history::Letter;
use super::hub::{FIXED, RETRY};
use super::recipients::{Arrival, Hall};
use super::stage::Stage;
use crate::support::story::{KENT, WORLD};
use domain::Code;
use domain::casefile::Casefile;
use domain::delivery::{DeliveryState, HoldReason, Kind, Line, ObligationState};
use domain::port::{ChildKey, MessageKey};
use placement_hub::journey::{SEAL_CASEFILE, SEAL_PAYLOAD};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::AddAssign;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use uuid::Uuid;

/// What was seen, in one world or in many.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub worlds: u64,
    pub messages: u64,
    pub deliveries: u64,
    pub attempts: u64,
    pub arrivals: u64,
    pub repeats: u64,
    pub crashes: u64,
    pub freezes: u64,
    pub stops: u64,
    /// Leases that another one took over.
    pub taken_over: u64,
    pub stale: u64,
    pub dead: u64,
    pub withdrawn: u64,
    pub acknowledged: u64,
    pub held: u64,
    pub followed: u64,
    pub virtual_seconds: u64,
}

/// Promised of SIGTERM, in seconds.
const STOPS_WITHIN: u64 = 30;

type Judged = Result<(), String>;

pub fn judge(stage: &Stage, figures: Figures) -> Result<Figures, String> {
    let (books, hall, letters) = (stage.books(), stage.recipients.hall(), stage.letters());
    if let Some(wrong) = stage.wrong() {
        return Err(wrong);
    }
    recorded(&books, &letters)?;
    if stage.slowest_stop.lock().unwrap().as_secs() > STOPS_WITHIN {
        return Err("a hub took longer than 30 seconds to stop".to_owned());
    }
    for row in &books.rows {
        settled(row, &hall).map_err(|why| format!("delivery {}: {why}", books.number(row.delivery)))?;
    }
    let arrivals = by_delivery(&hall.arrivals);
    arrived(&books, &arrivals)?;
    repeated(&books, &hall, &arrivals, stage.disturbed.load(Relaxed))?;
    in_order(&books, &hall.arrivals)?;
    for (child, kept) in &books.children {
        let casefile = FIXED.keys.open(SEAL_CASEFILE, &kept.casefile).map_err(|error| error.to_string())?;
        let casefile = Casefile::from_json(&casefile).map_err(|error| error.to_string())?;
        adds_up(&books, *child, &casefile)?;
        as_without_faults(stage, &letters, *child, &casefile)?;
    }
    Ok(count(&books, &hall, letters.len(), figures))
}

/// What is not done yet, for a world that does not become quiet.
pub fn pending(stage: &Stage) -> String {
    let books = stage.books();
    let rows = books.rows.iter().filter(|row| row.state.is_pending() || row.state == DeliveryState::Accepted);
    let row = |row: &Row| {
        let (number, at) = (books.number(row.delivery), row.next_at.duration_since(stage.now()));
        format!("{number} to {} {} in {at:#}, until {}, hold {:?}", row.recipient, row.state, row.until, row.hold)
    };
    let messages = if stage.broker.is_empty() { "" } else { "messages; " };
    format!("{messages}{:?}", rows.map(row).collect::<Vec<_>>())
}

/// Every message that was published is recorded, with a verdict that takes it. (Once: its key is the ledger's.)
fn recorded(books: &Books, letters: &[Arc<Letter>]) -> Judged {
    let published: HashSet<MessageKey> = letters.iter().map(|letter| letter.key()).collect();
    for letter in letters {
        let Some(found) = books.messages.get(&letter.key()) else { return Err(format!("message {} is not recorded", letter.id())) };
        if !["accepted", "parked"].iter().any(|verdict| found.receipt.contains(&format!(r#""verdict":"{verdict}""#))) {
            return Err(format!("message {} was answered {}", letter.id(), found.receipt));
        }
    }
    books.messages.keys().find(|key| !published.contains(key)).map_or(Ok(()), |key| Err(format!("{key:?} was never published")))
}

/// Every delivery has ended, or waits for a person; and it has ended as it had to.
fn settled(row: &Row, hall: &Hall) -> Judged {
    let arrived = hall.arrivals.iter().any(|arrival| arrival.delivery == row.delivery);
    let given_up = row.attempts >= RETRY.attempts_max || hall.refused.contains(&row.delivery);
    let fits = match row.state {
        DeliveryState::Delivered | DeliveryState::Acknowledged => arrived,
        DeliveryState::Withdrawn => !arrived && row.obligation_state == ObligationState::Retracted,
        DeliveryState::Held => !arrived && row.hold == Some(HoldReason::Review),
        DeliveryState::Dead => given_up,
        DeliveryState::Due | DeliveryState::Leased | DeliveryState::Accepted => false,
    };
    let lost = row.obligation_state == ObligationState::Retracted && row.state != DeliveryState::Withdrawn;
    if !fits || lost {
        let (attempts, state) = (row.attempts, row.obligation_state);
        return Err(format!("it is {} after {attempts} attempts, its obligation {state}, and it {}", row.state, came(arrived)));
    }
    Ok(())
}

fn came(arrived: bool) -> &'static str {
    if arrived { "came" } else { "never came" }
}

fn by_delivery(arrivals: &[Arrival]) -> BTreeMap<Uuid, Vec<&Arrival>> {
    let mut by_delivery: BTreeMap<Uuid, Vec<&Arrival>> = BTreeMap::new();
    for arrival in arrivals {
        by_delivery.entry(arrival.delivery).or_default().push(arrival);
    }
    by_delivery
}

/// What came is what the ledger holds, byte for byte, at the recipient for whom it is.
fn arrived(books: &Books, arrivals: &BTreeMap<Uuid, Vec<&Arrival>>) -> Judged {
    let rows: HashMap<Uuid, &Row> = books.rows.iter().map(|row| (row.delivery, row)).collect();
    for (delivery, came) in arrivals {
        let Some(row) = rows.get(delivery) else { return Err(format!("{delivery} came, and no ledger knows it")) };
        let body = FIXED.keys.open(SEAL_PAYLOAD, &row.payload).map_err(|error| error.to_string())?;
        if came.iter().any(|arrival| arrival.body != body || arrival.recipient != row.recipient) {
            return Err(format!("delivery {} came otherwise than it is recorded", books.number(*delivery)));
        }
    }
    Ok(())
}

/// Whatever came again is explained, each time: its sender had no answer, or lost the lease before it could say what came of it,
/// or a mailbox gave it back. And no lease is lost where nothing happened to a hub or to the ledger.
fn repeated(books: &Books, hall: &Hall, arrivals: &BTreeMap<Uuid, Vec<&Arrival>>, disturbed: bool) -> Judged {
    for row in &books.rows {
        let times = arrivals.get(&row.delivery).map_or(0, |came| u32::try_from(came.len()).unwrap_or(u32::MAX));
        let of = |counts: &HashMap<Uuid, u32>| counts.get(&row.delivery).copied().unwrap_or(0);
        let explained = of(&hall.unanswered) + of(&hall.returned) + row.taken_over;
        if times > 1 + explained {
            return Err(format!("delivery {} came {times} times, and {explained} repetitions are explained", books.number(row.delivery)));
        }
        if row.taken_over > 0 && !disturbed {
            return Err(format!("delivery {} lost its lease, and nothing had happened", books.number(row.delivery)));
        }
    }
    if books.stale > 0 && !disturbed {
        return Err("an outcome came too late, and nothing had happened".to_owned());
    }
    Ok(())
}

/// Per recipient, child and line, whatever came for the first time came in sequence. What was given up is out of every line: a hub
/// that stood still may send it yet.
fn in_order(books: &Books, arrivals: &[Arrival]) -> Judged {
    let rows: HashMap<Uuid, &Row> = books.rows.iter().map(|row| (row.delivery, row)).collect();
    let mut last: BTreeMap<(Code, ChildKey, Line), u32> = BTreeMap::new();
    for arrival in arrivals.iter().filter(|arrival| arrival.first) {
        let row = rows[&arrival.delivery];
        if row.state == DeliveryState::Dead {
            continue;
        }
        let before = last.insert((row.recipient, row.child, row.kind.line()), row.sequence);
        if before.is_some_and(|before| before > row.sequence) {
            return Err(format!("{} got {before:?} of a child first, and {} after it", row.recipient, row.sequence));
        }
    }
    Ok(())
}

/// Casefile and ledger tell the same: each obligation has its delivery, numbers have no gaps, and what is overtaken was followed up.
fn adds_up(books: &Books, child: ChildKey, casefile: &Casefile) -> Judged {
    let issued: BTreeSet<Uuid> = casefile.issued.iter().map(|one| one.id).collect();
    let kept: BTreeSet<Uuid> = books.rows.iter().filter(|row| row.child == child).map(|row| row.obligation).collect();
    if issued != kept {
        return Err(format!("a casefile has {} obligations, and the ledger {}", issued.len(), kept.len()));
    }
    for (recipient, last) in &casefile.sequences {
        let of = |row: &&Row| row.child == child && row.recipient == *recipient;
        let numbers: Vec<u32> = books.rows.iter().filter(of).map(|row| row.sequence).collect();
        if numbers != (1..=*last).collect::<Vec<_>>() {
            return Err(format!("{recipient} was told about a child with the numbers {numbers:?}"));
        }
    }
    for one in casefile.issued.iter().filter(|one| one.base != Kind::WorkerTask) {
        let overtaken = matches!(one.state, ObligationState::Withdrawn | ObligationState::Corrected);
        let follows = |other: &domain::reconcile::Issued| other.supersedes == Some(one.id) && other.state != ObligationState::Retracted;
        if overtaken && !casefile.issued.iter().any(follows) {
            return Err(format!("{} to {} is {} and nothing followed it", one.kind, one.recipient, one.state));
        }
    }
    Ok(())
}

/// What is in force is what the same messages come to where nothing ever goes wrong: all at once, and nothing sent before.
fn as_without_faults(stage: &Stage, letters: &[Arc<Letter>], child: ChildKey, casefile: &Casefile) -> Judged {
    let mut faultless = Casefile::new(KENT.parse().map_err(|_| "no code")?, &casefile.timeline.local_id);
    for letter in letters.iter().filter(|letter| letter.child == Some(child)) {
        faultless.timeline.apply(&letter.message, stage.began());
    }
    faultless.decide(None, &stage.directory.load(), &WORLD.policy, stage.now(), |_| false, &mut Uuid::now_v7);
    let (expected, found) = (faultless.in_force(), casefile.in_force());
    if expected == found {
        return Ok(());
    }
    let missing: Vec<_> = expected.iter().filter(|(key, value)| found.get(key) != Some(value)).collect();
    let surplus: Vec<_> = found.iter().filter(|(key, value)| expected.get(key) != Some(value)).collect();
    Err(format!("what is in force differs from a world without faults\nmissing: {missing:#?}\nsurplus: {surplus:#?}"))
}

fn count(books: &Books, hall: &Hall, messages: usize, figures: Figures) -> Figures {
    let state = |state| books.count(state) as u64;
    let followed = books.rows.iter().filter(|row| matches!(row.obligation_state, ObligationState::Withdrawn | ObligationState::Corrected));
    Figures {
        worlds: 1,
        messages: messages as u64,
        deliveries: books.rows.len() as u64,
        attempts: books.rows.iter().map(|row| u64::from(row.attempts)).sum(),
        arrivals: hall.arrivals.len() as u64,
        repeats: hall.arrivals.iter().filter(|arrival| !arrival.first).count() as u64,
        taken_over: books.rows.iter().map(|row| u64::from(row.taken_over)).sum(),
        stale: books.stale,
        dead: state(DeliveryState::Dead),
        withdrawn: state(DeliveryState::Withdrawn),
        acknowledged: state(DeliveryState::Acknowledged),
        held: state(DeliveryState::Held),
        followed: followed.count() as u64,
        ..figures
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.worlds += other.worlds;
        self.messages += other.messages;
        self.deliveries += other.deliveries;
        self.attempts += other.attempts;
        self.arrivals += other.arrivals;
        self.repeats += other.repeats;
        self.crashes += other.crashes;
        self.freezes += other.freezes;
        self.stops += other.stops;
        self.taken_over += other.taken_over;
        self.stale += other.stale;
        self.dead += other.dead;
        self.withdrawn += other.withdrawn;
        self.acknowledged += other.acknowledged;
        self.held += other.held;
        self.followed += other.followed;
        self.virtual_seconds += other.virtual_seconds;
    }
}
