//! What happens in a world, and when: drawn from its seed before it begins.

use super::gate::Blow;
use super::history::{self, Letter};
use super::recipients::Mood;
use super::stage::Weather;
use domain::Code;
use placement_hub::demo::chance::Chance;
use std::sync::Arc;
use std::time::Duration;

/// Publishers have told everything, and all faults have begun, by then.
pub const HEALED_AT: Duration = Duration::from_secs(100);

#[derive(Clone)]
pub enum Event {
    Publish(Arc<Letter>),
    /// A publisher sends one of its messages again.
    PublishAgain,
    /// The hub is struck when it passes its gate for so many times more.
    Strike(usize, Blow, usize),
    /// SIGTERM.
    Stop(usize),
    Start(usize),
    Thaw(usize),
    /// The broker gives up a hub that does not answer it.
    Disconnect(usize),
    DisconnectAll,
    LedgerDown(u64),
    LedgerStrikes(Vec<Weather>),
    Mood(Code, Mood),
    /// A hub's clock is wrong by so many seconds from now on.
    ClockError(usize, i64),
    NewDirectory,
}

pub struct Plan {
    pub hubs: usize,
    /// The ledger knows by its lock that a process is dead, as the embedded one does.
    pub locked: bool,
    /// Whether it goes on when weeks have passed.
    pub weeks: bool,
    pub agenda: Vec<(Duration, Event)>,
}

pub fn draw(chance: &mut Chance, recipients: &[Code]) -> Plan {
    let hubs = if chance.percent(30) { 2 } else { 1 };
    let mut agenda = messages(chance);
    for _ in 0..chance.below(6) {
        agenda.push((moment(chance), fault(chance, hubs)));
    }
    for _ in 0..chance.below(4) {
        let (recipient, from) = (chance.pick(recipients), moment(chance));
        agenda.push((from, Event::Mood(recipient, mood(chance))));
        agenda.push((from + Duration::from_secs(5 + chance.below(90) as u64), Event::Mood(recipient, Mood::Well)));
    }
    agenda.retain(|(at, _)| *at < HEALED_AT);
    agenda.sort_by_key(|(at, _)| *at);
    Plan { hubs, locked: hubs == 1 && chance.percent(50), weeks: chance.percent(15), agenda }
}

fn moment(chance: &mut Chance) -> Duration {
    Duration::from_millis(chance.below(80_000) as u64)
}

fn messages(chance: &mut Chance) -> Vec<(Duration, Event)> {
    let mut told = Vec::new();
    let mut numbers = Vec::new();
    for _ in 0..chance.pick(&[1, 1, 1, 1, 1, 1, 2]) {
        let (number, history) = history::any(chance);
        if numbers.contains(&number) {
            continue;
        }
        numbers.push(number);
        let hurried = chance.percent(40);
        let mut at = Duration::ZERO;
        for letter in &history.letters {
            at += Duration::from_millis(if hurried { chance.below(40) } else { chance.below(25_000) } as u64);
            // Now and then one is held up on its way, and comes after what was said later.
            let late = if chance.percent(15) { Duration::from_secs(chance.below(40) as u64) } else { Duration::ZERO };
            told.push(((at + late).min(HEALED_AT / 2), Event::Publish(Arc::clone(letter))));
        }
    }
    for _ in 0..chance.below(2) {
        told.push((moment(chance), Event::PublishAgain));
    }
    told
}

fn fault(chance: &mut Chance, hubs: usize) -> Event {
    let hub = chance.below(hubs);
    match chance.below(20) {
        0..7 => Event::Strike(hub, Blow::Crash, chance.below(24)),
        7..10 => Event::Strike(hub, Blow::Freeze, chance.below(24)),
        10..12 => Event::Stop(hub),
        12 => Event::DisconnectAll,
        13..15 => Event::LedgerDown(1 + chance.below(70) as u64),
        15..18 => {
            let strikes = [Weather::Works, Weather::Works, Weather::Works, Weather::Fails, Weather::LosesTheAnswer, Weather::Hangs];
            Event::LedgerStrikes((0..12).map(|_| chance.pick(&strikes)).collect())
        }
        18 => Event::ClockError(hub, chance.pick(&[3_600, -3_600, 20, -20])),
        _ => Event::NewDirectory,
    }
}

fn mood(chance: &mut Chance) -> Mood {
    match chance.below(10) {
        0 => Mood::Slow(1 + chance.below(8) as u64),
        1..3 => Mood::Down,
        3 => Mood::Hangs { takes: chance.percent(50) },
        4..6 => Mood::LosesTheAnswer,
        6 => Mood::Busy(1 + chance.below(60) as i64),
        7 => Mood::Refuses,
        8 => Mood::Gone,
        _ => Mood::Flaps,
    }
}
