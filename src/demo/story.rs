//! What happens in the region: councils take children into care, place them, move them, and write about it.
//!
//! A [`Story`] is a rota of [`Beat`]s whose details are left to repeatable chance. Every beat puts one document or more on the
//! desk; [`Story::next`] tells them one by one. The same seed, day and run tell the same bytes.

use super::chance::Chance;
use super::child::Child;
use super::paper::{Fields, Format, Paper};
use super::region::{PLACES, Place, UNKNOWN_POSTCODE};
use domain::Code;
use domain::message::MessageType;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use std::collections::VecDeque;

/// Children that the story goes on with; the eldest are left alone then, so that a demo of days stays small.
const CHILDREN_MAX: usize = 300;
/// Beats of the fixed history: about sixty children.
const HISTORY_BEATS: usize = 84;
/// Between two documents of the fixed history, as their senders' clocks have it.
const HISTORY_STEP: SignedDuration = SignedDuration::from_secs(30);

/// The order of events, again and again: enough of everything within one round.
const ROTA: [Beat; 28] = [
    Beat::Placed,
    Beat::KnownMoves,
    Beat::KnownMoves,
    Beat::Concern,
    Beat::Placed,
    Beat::KnownMovesLate,
    Beat::Siblings,
    Beat::Moves,
    Beat::KnownMoves,
    Beat::Amended,
    Beat::Placed,
    Beat::UnknownPostcode,
    Beat::KnownMoves,
    Beat::Cancelled,
    Beat::Concern,
    Beat::Placed,
    Beat::Moves,
    Beat::Repeated,
    Beat::KnownMoves,
    Beat::Malformed,
    Beat::Placed,
    Beat::Amended,
    Beat::StatusOnly,
    Beat::KnownMoves,
    Beat::LeavesCare,
    Beat::Placed,
    Beat::Moves,
    Beat::KnownMoves,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beat {
    /// Taken into care in the last days, or to be.
    Placed,
    /// In care for years at the same place, and moves now.
    KnownMoves,
    /// The same, but the earlier placement is told after the move.
    KnownMovesLate,
    /// Two or three of one family come into care together.
    Siblings,
    /// Somebody whom the story knows moves on.
    Moves,
    /// Another address was written down for the newest placement.
    Amended,
    /// A placement that was planned does not take place.
    Cancelled,
    LeavesCare,
    /// Only the legal status changes.
    StatusOnly,
    Concern,
    UnknownPostcode,
    Malformed,
    /// The last document comes again, byte for byte.
    Repeated,
}

/// A document, ready to be published.
#[derive(Clone, Debug)]
pub struct Told {
    pub message_type: MessageType,
    pub publisher: Code,
    pub message_id: String,
    pub content_type: &'static str,
    pub body: Vec<u8>,
    /// Not to be taken: the hub has to reject it.
    pub malformed: bool,
}

/// What is on the desk.
struct Draft {
    message_type: MessageType,
    publisher: &'static str,
    fields: Fields,
    /// How long before now its sender's clock says that it was sent.
    earlier: SignedDuration,
    malformed: bool,
}

/// The story so far.
pub struct Story {
    chance: Chance,
    today: Date,
    run: String,
    beats: usize,
    born: u64,
    told: u64,
    children: Vec<Child>,
    desk: VecDeque<Draft>,
    last: Option<Told>,
}

impl Story {
    /// `run` tells the message ids of one demo from those of another.
    #[must_use]
    pub fn new(seed: u64, today: Date, run: &str) -> Self {
        Self {
            chance: Chance::new(seed),
            today,
            run: run.to_owned(),
            beats: 0,
            born: 0,
            told: 0,
            children: Vec::new(),
            desk: VecDeque::new(),
            last: None,
        }
    }

    /// The next document, sent at `now`.
    pub fn next(&mut self, now: Timestamp) -> Told {
        loop {
            if let Some(draft) = self.desk.pop_front() {
                let told = self.tell(draft, now);
                self.last = Some(told.clone());
                return told;
            }
            let beat = ROTA[self.beats % ROTA.len()];
            self.beats += 1;
            if beat == Beat::Repeated
                && let Some(last) = self.last.clone()
            {
                return last;
            }
            self.play(beat);
        }
    }

    /// The fixed history, whole, and how many children it is about. Its senders' clocks end at `now`.
    #[must_use]
    pub fn history(mut self, now: Timestamp) -> (Vec<Told>, u64) {
        let mut told = Vec::new();
        let length = HISTORY_STEP * i32::try_from(HISTORY_BEATS * 2).unwrap_or(i32::MAX);
        let mut clock = now.saturating_sub(length).unwrap_or(now);
        while self.beats < HISTORY_BEATS || !self.desk.is_empty() {
            told.push(self.next(clock.min(now)));
            clock = clock.saturating_add(HISTORY_STEP).unwrap_or(now);
        }
        (told, self.born)
    }

    /// Children that the story has spoken of.
    #[must_use]
    pub const fn children(&self) -> u64 {
        self.born
    }

    fn tell(&mut self, draft: Draft, now: Timestamp) -> Told {
        self.told += 1;
        let message_id = format!("demo-{}-{:05}", self.run, self.told);
        let sent_at = now.saturating_sub(draft.earlier).unwrap_or(now);
        let format = format_of(draft.publisher);
        let mut body = Paper::new(draft.message_type, &message_id, sent_at, draft.publisher, draft.fields).write(format);
        if draft.malformed {
            spoil(&mut body, self.told);
        }
        let publisher = Code::new(draft.publisher).unwrap_or(Code::NONE);
        let content_type = format.content_type();
        Told { message_type: draft.message_type, publisher, message_id, content_type, body, malformed: draft.malformed }
    }

    fn play(&mut self, beat: Beat) {
        match beat {
            Beat::Placed | Beat::Repeated => self.placed(),
            Beat::KnownMoves => self.known_moves(false),
            Beat::KnownMovesLate => self.known_moves(true),
            Beat::Siblings => self.siblings(),
            Beat::Moves => self.moves(),
            Beat::Amended => self.amended(),
            Beat::Cancelled => self.cancelled(),
            Beat::LeavesCare => self.leaves_care(),
            Beat::StatusOnly => self.status_only(),
            Beat::Concern => self.concern(),
            Beat::UnknownPostcode => self.unknown_postcode(),
            Beat::Malformed => self.malformed(),
        }
    }

    fn placed(&mut self) {
        let home = self.anywhere();
        let child = self.new_child(home, None);
        self.introduce(child);
    }

    fn siblings(&mut self) {
        let home = self.anywhere();
        let first = self.new_child(home, None);
        let group = format!("SG-{}", first.local_id);
        let (family_name, care_since) = (first.family_name, first.care_since);
        let count = self.chance.between(1, 2);
        let others: Vec<Child> = (0..count).map(|_| self.new_child(home, Some(care_since))).collect();
        for mut child in std::iter::once(first).chain(others) {
            child.siblings = Some(group.clone());
            child.family_name = family_name;
            self.introduce(child);
        }
    }

    /// A child that comes into care, with its first placement.
    fn new_child(&mut self, home: &'static Place, on: Option<Date>) -> Child {
        let planned = self.chance.percent(35);
        let start = self.start(planned);
        let start = on.unwrap_or(start);
        self.born += 1;
        let mut child = Child::new(self.born, home, start, self.today, &mut self.chance);
        let place = self.away_from(home, 65);
        child.moves(place, start, start > self.today, &mut self.chance);
        if start <= self.today && self.chance.percent(40) {
            self.refer(&mut child);
        }
        child
    }

    fn introduce(&mut self, child: Child) {
        self.write(&child, child.stays.len() - 1, SignedDuration::ZERO);
        self.keep(child);
    }

    fn known_moves(&mut self, late: bool) {
        let home = self.anywhere();
        let since = self.today.saturating_sub(i64::from(self.chance.between(100, 3_200)).days());
        self.born += 1;
        let mut child = Child::new(self.born, home, since, self.today, &mut self.chance);
        let first = self.away_from(home, 40);
        child.moves(first, since, true, &mut self.chance);
        let before = child.clone();
        self.move_on(&mut child);
        if late {
            self.write(&child, 1, SignedDuration::ZERO);
            self.write(&before, 0, SignedDuration::from_mins(10));
        } else {
            self.write(&before, 0, SignedDuration::ZERO);
            self.write(&child, 1, SignedDuration::ZERO);
        }
        self.keep(child);
    }

    fn moves(&mut self) {
        let today = self.today;
        let Some(at) = self.somebody(|child| child.newest().is_some_and(|stay| stay.started_on < today.saturating_sub(1.day()))) else {
            return self.placed();
        };
        let mut child = self.children.swap_remove(at);
        let left = child.stays.len() - 1;
        self.move_on(&mut child);
        if self.chance.percent(40) {
            // Some systems close the placement left before they open the new one.
            let on = child.newest().map(|stay| stay.started_on);
            child.stays[left].version += 1;
            child.stays[left].ended_on = on;
            self.write(&child, left, SignedDuration::ZERO);
        }
        self.write(&child, left + 1, SignedDuration::ZERO);
        self.keep(child);
    }

    /// A new placement after the last one, in the last days or the next weeks; some with a referral.
    fn move_on(&mut self, child: &mut Child) {
        let Some(last) = child.newest() else { return };
        let (from, earliest) = (last.place, last.started_on.saturating_add(1.day()));
        let planned = self.chance.percent(45);
        let start = self.start(planned).max(earliest);
        let place = self.away_from(from, 70);
        child.moves(place, start, start > self.today, &mut self.chance);
        if start <= self.today && self.chance.percent(50) {
            self.refer(child);
        }
    }

    fn amended(&mut self) {
        let today = self.today;
        let recent =
            |child: &Child| child.newest().is_some_and(|stay| stay.started_on >= today.saturating_sub(5.days()) && stay.reason != "L");
        let Some(at) = self.somebody(recent) else { return self.placed() };
        let mut child = self.children.swap_remove(at);
        let Some(stay) = child.newest_mut() else { return };
        stay.version += 1;
        let from = stay.place;
        stay.place = self.away_from(from, 60);
        self.write(&child, child.stays.len() - 1, SignedDuration::ZERO);
        self.keep(child);
    }

    fn cancelled(&mut self) {
        let today = self.today;
        let Some(at) = self.somebody(|child| child.newest().is_some_and(|stay| stay.started_on > today)) else { return self.placed() };
        let mut child = self.children.swap_remove(at);
        if let Some(stay) = child.newest_mut() {
            stay.version += 1;
            stay.cancelled = true;
        }
        self.write(&child, child.stays.len() - 1, SignedDuration::ZERO);
    }

    fn leaves_care(&mut self) {
        let today = self.today;
        let Some(at) = self.somebody(|child| child.newest().is_some_and(|stay| stay.started_on < today)) else { return self.placed() };
        let mut child = self.children.swap_remove(at);
        child.care_ended = Some(today);
        if let Some(stay) = child.newest_mut() {
            stay.version += 1;
            stay.ended_on = Some(today);
        }
        self.write(&child, child.stays.len() - 1, SignedDuration::ZERO);
    }

    fn status_only(&mut self) {
        let today = self.today;
        let Some(at) = self.somebody(|child| child.newest().is_some_and(|stay| stay.started_on < today)) else { return self.placed() };
        let mut child = self.children.swap_remove(at);
        child.changes_status(today);
        self.write(&child, child.stays.len() - 1, SignedDuration::ZERO);
        self.keep(child);
    }

    fn concern(&mut self) {
        let today = self.today;
        let Some(at) = self.somebody(|child| child.newest().is_some_and(|stay| stay.started_on <= today)) else { return self.placed() };
        let mut child = self.children.swap_remove(at);
        let follows = child.newest().and_then(|stay| stay.referral.clone());
        let id = child.next_referral();
        let words = self.chance.below(12);
        let fields = child.concern(&id, follows, today, words);
        let publisher = child.authority;
        self.desk.push_back(Draft {
            message_type: MessageType::WellbeingConcern,
            publisher,
            fields,
            earlier: SignedDuration::ZERO,
            malformed: false,
        });
        self.keep(child);
    }

    fn unknown_postcode(&mut self) {
        let home = self.anywhere();
        let mut child = self.new_child(home, None);
        if let Some(stay) = child.newest_mut() {
            stay.postcode = Some(UNKNOWN_POSTCODE);
        }
        self.write(&child, child.stays.len() - 1, SignedDuration::ZERO);
    }

    fn malformed(&mut self) {
        let home = self.anywhere();
        let child = self.new_child(home, None);
        self.write(&child, child.stays.len() - 1, SignedDuration::ZERO);
        if let Some(draft) = self.desk.back_mut() {
            draft.malformed = true;
        }
    }

    fn refer(&mut self, child: &mut Child) {
        let id = child.next_referral();
        if let Some(stay) = child.newest_mut() {
            stay.referral = Some(id);
        }
    }

    fn write(&mut self, child: &Child, position: usize, earlier: SignedDuration) {
        let fields = child.placement_change(position);
        let message_type = MessageType::PlacementChange;
        self.desk.push_back(Draft { message_type, publisher: child.authority, fields, earlier, malformed: false });
    }

    fn keep(&mut self, child: Child) {
        if self.children.len() == CHILDREN_MAX {
            self.children.remove(0);
        }
        self.children.push(child);
    }

    /// The position of a child that something can happen to.
    fn somebody(&mut self, fits: impl Fn(&Child) -> bool) -> Option<usize> {
        let fitting: Vec<usize> = self.children.iter().enumerate().filter(|(_, child)| fits(child)).map(|(at, _)| at).collect();
        (!fitting.is_empty()).then(|| self.chance.pick(&fitting))
    }

    /// A planned placement lies ahead, an emergency is some days old at most.
    fn start(&mut self, planned: bool) -> Date {
        let days = if planned { self.chance.between(3, 21) } else { self.chance.between(-3, 0) };
        self.today.saturating_add(i64::from(days).days())
    }

    fn anywhere(&mut self) -> &'static Place {
        &PLACES[self.chance.below(PLACES.len())]
    }

    /// Another place; in `percent` of cases in another authority, else in the same one.
    fn away_from(&mut self, from: &Place, percent: usize) -> &'static Place {
        let leaves = self.chance.percent(percent);
        let fits = |place: &&'static Place| (place.authority != from.authority) == leaves && place.postcode != from.postcode;
        let fitting: Vec<&'static Place> = PLACES.iter().filter(fits).collect();
        self.chance.pick(&fitting)
    }
}

/// Each council's system writes one format: half of them JSON, half XML.
fn format_of(publisher: &str) -> Format {
    let even = publisher.bytes().last().is_some_and(|last| last % 2 == 0);
    if even { Format::Json } else { Format::Xml }
}

/// As such things happen: cut off on the way, or a field that the contract does not know.
fn spoil(body: &mut Vec<u8>, number: u64) {
    if number.is_multiple_of(2) {
        body.truncate(body.len() * 2 / 3);
        return;
    }
    let text = String::from_utf8_lossy(body).replace("familyName", "surname");
    *body = text.into_bytes();
}
