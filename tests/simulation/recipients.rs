//! Recipients, each in its mood, and the rails to them. A recipient remembers every request that it took.

use super::flaw::Flaw;
use super::gate::Gate;
use super::reactions;
use super::stage::Stage;
use domain::Code;
use domain::port::{BoxFuture, Deliver, Parcel, Report};
use domain::retry::AttemptOutcome;
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use uuid::Uuid;

/// Seconds that an attempt may take.
pub const TIMEOUT: u64 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// Takes it after so many seconds.
    Slow(u64),
    /// Nobody answers at the address.
    Down,
    /// Takes the request and never answers, having it or not.
    Hangs {
        takes: bool,
    },
    /// Takes it, and the connection breaks before the answer.
    LosesTheAnswer,
    /// 429, with a time to wait.
    Busy(i64),
    /// 400 for whatever comes now, for ever.
    Refuses,
    /// 410, until it has another address.
    Gone,
    /// One or the other, by chance.
    Flaps,
}

#[derive(Default)]
pub struct Recipients(Mutex<Hall>);

#[derive(Default)]
pub struct Hall {
    moods: BTreeMap<Code, Mood>,
    /// In the order in which they came.
    pub arrivals: Vec<Arrival>,
    /// How often each delivery was taken while its sender did not learn of it.
    pub unanswered: HashMap<Uuid, u32>,
    pub refused: BTreeSet<Uuid>,
    /// Deliveries that a mailbox gave back, and how often.
    pub returned: HashMap<Uuid, u32>,
    /// Addresses that have answered 410.
    gone: BTreeSet<String>,
}

pub struct Arrival {
    pub recipient: Code,
    pub delivery: Uuid,
    pub body: Vec<u8>,
    pub first: bool,
}

impl Recipients {
    pub fn hall(&self) -> MutexGuard<'_, Hall> {
        self.0.lock().unwrap()
    }

    pub fn set(&self, recipient: Code, mood: Mood) {
        self.hall().moods.insert(recipient, mood);
    }

    pub fn heal(&self) {
        self.hall().moods.clear();
    }
}

impl Hall {
    fn take(&mut self, parcel: &Parcel<'_>, flaw: Flaw) -> bool {
        let first = !self.arrivals.iter().any(|arrival| arrival.delivery == parcel.delivery);
        let mut body = parcel.body.to_vec();
        if flaw == Flaw::ChangesTheBytes && !first {
            body.push(b' ');
        }
        self.arrivals.push(Arrival { recipient: parcel.endpoint.organisation, delivery: parcel.delivery, body, first });
        // Until its sender has the answer.
        *self.unanswered.entry(parcel.delivery).or_default() += 1;
        first
    }

    fn answered(&mut self, delivery: Uuid) {
        *self.unanswered.entry(delivery).or_default() -= 1;
    }
}

/// One run of a hub's way to all recipients, as one of the two rails.
pub struct Rail {
    pub name: &'static str,
    pub stage: Arc<Stage>,
    pub gate: Arc<Gate>,
    pub hub: usize,
}

/// Delivers at once.
pub const POST: &str = "post";
/// Accepts, and is asked later.
pub const BOX: &str = "box";

impl Deliver for Rail {
    fn name(&self) -> &'static str {
        self.name
    }

    fn deliver<'a>(&'a self, parcel: Parcel<'a>) -> BoxFuture<'a, Report> {
        Box::pin(async move {
            self.gate.pass().await;
            let recipient = parcel.endpoint.organisation;
            // From here on it is on its way, whatever becomes of the hub.
            let (millis, mood) = self.mood(&parcel);
            tokio::time::sleep(Duration::from_millis(millis)).await;
            let taken = self.act(mood, &parcel);
            if let Mood::Hangs { .. } = mood {
                tokio::time::sleep(Duration::from_secs(TIMEOUT)).await;
            }
            let outcome = self.outcome(mood);
            self.stage.log(|| {
                let number = self.stage.books().number(parcel.delivery);
                format!("hub {}: {number} to {recipient}: {mood:?}, {}", self.hub, if taken { "taken" } else { "not taken" })
            });
            self.gate.pass().await;
            let told = matches!(outcome, AttemptOutcome::Delivered { .. } | AttemptOutcome::Accepted { .. });
            if told {
                self.stage.recipients.hall().answered(parcel.delivery);
            }
            Report { outcome, status: None, detail: String::new() }
        })
    }
}

impl Rail {
    fn mood(&self, parcel: &Parcel<'_>) -> (u64, Mood) {
        let mut chance = self.stage.chance();
        let hall = self.stage.recipients.hall();
        let mood = match hall.moods.get(&parcel.endpoint.organisation).copied().unwrap_or(Mood::Well) {
            _ if hall.refused.contains(&parcel.delivery) => Mood::Refuses,
            _ if hall.gone.contains(&parcel.endpoint.url) => Mood::Gone,
            Mood::Flaps => chance.pick(&[Mood::Well, Mood::Down, Mood::LosesTheAnswer]),
            mood => mood,
        };
        let millis = match mood {
            Mood::Slow(seconds) => seconds * 1_000,
            _ => 1 + chance.below(40) as u64,
        };
        (millis, mood)
    }

    /// What happens at the far end. Answers whether the recipient has it now.
    fn act(&self, mood: Mood, parcel: &Parcel<'_>) -> bool {
        let mut hall = self.stage.recipients.hall();
        match mood {
            Mood::Well | Mood::Slow(_) | Mood::LosesTheAnswer | Mood::Hangs { takes: true } => {
                let first = hall.take(parcel, self.stage.flaw);
                drop(hall);
                if first {
                    reactions::react(&self.stage, parcel.endpoint.organisation, parcel.kind, parcel.delivery, parcel.body);
                }
                return true;
            }
            Mood::Refuses => drop(hall.refused.insert(parcel.delivery)),
            Mood::Gone => drop(hall.gone.insert(parcel.endpoint.url.clone())),
            Mood::Down | Mood::Hangs { takes: false } | Mood::Busy(_) | Mood::Flaps => {}
        }
        false
    }

    fn outcome(&self, mood: Mood) -> AttemptOutcome {
        let again = |why: &str| AttemptOutcome::TryLater { after: None, why: why.to_owned() };
        match mood {
            Mood::Well | Mood::Slow(_) if self.name == BOX => AttemptOutcome::Accepted { reference: "in the box".to_owned() },
            Mood::Well | Mood::Slow(_) => AttemptOutcome::Delivered { receipt: String::new() },
            Mood::Down | Mood::Flaps => again("connection refused"),
            Mood::Hangs { .. } => again("no answer in time"),
            Mood::LosesTheAnswer => again("connection reset"),
            Mood::Busy(seconds) => AttemptOutcome::of_http_status(429, Some(SignedDuration::from_secs(seconds)), "busy".to_owned()),
            Mood::Refuses => AttemptOutcome::of_http_status(400, None, "no".to_owned()),
            Mood::Gone => AttemptOutcome::of_http_status(410, None, "gone".to_owned()),
        }
    }
}
