//! What publishers tell: histories of single children, made once and told in many worlds. History number n is the same everywhere.

use super::hub::FIXED;
use crate::scenarios::property::{Amendment, CARE_BEGAN, Plan, amend, begin};
use crate::support::story::{HOME_A, IN_A, IN_B, IN_C, IN_D, KENT, Told, concern};
use domain::Code;
use domain::message::Message;
use domain::port::{ChildKey, MessageKey};
use jiff::ToSpan;
use placement_hub::demo::chance::Chance;
use std::sync::{Arc, LazyLock, OnceLock};

/// Enough that orders, faults and histories seldom meet again, and few enough to be made in a moment.
const HISTORIES: usize = 512;

static ALL: LazyLock<Vec<OnceLock<History>>> = LazyLock::new(|| (0..HISTORIES).map(|_| OnceLock::new()).collect());

pub struct History {
    /// In the order in which they happened.
    pub letters: Vec<Arc<Letter>>,
}

/// One message of a publisher, as it is sent and as it is to be understood.
pub struct Letter {
    pub message: Message,
    /// None where it is about a notice, and not about the child.
    pub child: Option<ChildKey>,
    pub body: Vec<u8>,
    pub routing_key: String,
}

pub fn any(chance: &mut Chance) -> (usize, &'static History) {
    let number = chance.below(HISTORIES);
    (number, ALL[number].get_or_init(|| make(number)))
}

impl Letter {
    pub fn of(told: Told, child: Option<ChildKey>) -> Self {
        let body = told.0.to_string().into_bytes();
        let message: Message = serde_json::from_value(told.0).expect("a message as the contracts have it");
        let routing_key = format!("{}.{}", message.message_type().name(), message.header().publisher);
        Self { message, child, body, routing_key }
    }

    pub fn publisher(&self) -> Code {
        self.message.header().publisher
    }

    /// Under which it is recorded.
    pub fn key(&self) -> MessageKey {
        MessageKey { publisher: self.publisher(), message_id: self.id().to_owned() }
    }

    pub fn id(&self) -> &str {
        &self.message.header().message_id
    }
}

fn make(number: usize) -> History {
    let chance = &mut seeded(number as u64);
    let local_id = (104_000 + number).to_string();
    let mut day = CARE_BEGAN;
    let mut letters = Vec::new();
    for place in 0..chance.pick(&[1, 1, 1, 1, 2, 2, 3]) {
        let plan = plan(chance);
        if place > 0 {
            day = day.saturating_add(plan.days_after.days());
        }
        let mut newest = begin(&plan, &format!("P{number}-{place}"), day, place == 0, &format!("R{number}-{place}"));
        letters.push(newest.clone());
        for (version, amendment) in (2..).zip(&plan.amendments) {
            newest = amend(newest, amendment, day, version);
            letters.push(newest.clone());
        }
    }
    if chance.percent(15) {
        letters.push(concern(&format!("w-{number}"), &format!("RW{number}"), &day.saturating_add(3.days()).to_string()));
    }
    let child = FIXED.keys.child(KENT.parse().unwrap(), &local_id);
    let letter = |told: Told| Arc::new(Letter::of(told.with("/child/localId", local_id.as_str()), Some(child)));
    History { letters: letters.into_iter().map(letter).collect() }
}

fn plan(chance: &mut Chance) -> Plan {
    let postcode = |chance: &mut Chance| chance.pick(&[IN_A, IN_B, IN_B, IN_C, IN_C, IN_D, HOME_A, "BN99 9ZZ"]);
    let amendments = (0..chance.pick(&[0, 0, 0, 1, 1, 2])).map(|_| match chance.below(7) {
        0..3 => Amendment::Postcode(postcode(chance)),
        3..5 => Amendment::Ended(i64::from(chance.between(1, 60))),
        5 => Amendment::Cancelled,
        _ => Amendment::LegalStatus("E1"),
    });
    let amendments = amendments.collect();
    Plan {
        days_after: i64::from(chance.between(1, 40)),
        postcode: postcode(chance),
        planned: chance.percent(50),
        reason: chance.pick(&["P", "P", "B", "T", "L"]),
        kind: chance.pick(&["U4", "U4", "U4", "U4", "K1", "A3"]),
        legal_status: "C2",
        referring: chance.percent(60),
        withheld: chance.percent(20),
        amendments,
        updates: Vec::new(),
        answers: Vec::new(),
    }
}

/// Neighbouring seeds give unlike numbers: they are spread over all bits first (splitmix64).
pub fn seeded(seed: u64) -> Chance {
    let mut mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    Chance::new(mixed ^ (mixed >> 27))
}
