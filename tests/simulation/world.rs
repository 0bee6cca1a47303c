//! One world: its seed's story from the first message until everything is quiet, weeks later.

use super::directory::{self, Edition};
use super::flaw::Flaw;
use super::gate::{Blow, Gate};
use super::hub::Hub;
use super::oracle::{self, Figures};
use super::schedule::{self, Event, HEALED_AT};
use super::stage::Stage;
use domain::delivery::{DeliveryState, HoldReason};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// A healed world is quiet by then ...
const QUIET_WITHIN: Duration = Duration::from_secs(1_200);
/// ... or a good hour later, where a clock that was wrong by an hour has put something off.
const QUIET_AFTER_CLOCK: Duration = Duration::from_secs(4_800);
/// Days that are left out at the end, so that every clock of the rules rings: working days, weeks.
const DAYS_LATER: i64 = 40;
/// A broker gives up a silent connection after so long.
const HEARTBEATS: Duration = Duration::from_secs(30);

pub struct Played {
    pub figures: Result<Figures, String>,
    pub log: String,
}

/// Plays a seed to its end. The same seed takes the same course each time.
pub fn play(seed: u64, flaw: Flaw, logged: bool) -> Played {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let _inside = runtime.enter();
    let stage = Arc::new(Stage::new(seed, flaw, directory::edition(Edition::First), logged));
    let figures = runtime.block_on(World::new(Arc::clone(&stage)).live());
    Played { figures, log: stage.take_log() }
}

struct World {
    stage: Arc<Stage>,
    slots: Vec<Slot>,
    locked: bool,
    weeks: bool,
    /// What is still to come; the number keeps what comes at the same moment in its order.
    agenda: BTreeMap<(Duration, u64), Event>,
    planned: u64,
    runs: u64,
    clock_was_wrong: bool,
    telling: mpsc::UnboundedSender<(u64, Blow)>,
    told: mpsc::UnboundedReceiver<(u64, Blow)>,
    figures: Figures,
}

/// A place for a hub: at most one run of it at a time.
#[derive(Default)]
struct Slot {
    hub: Option<(u64, Arc<Hub>)>,
    clock_error: Arc<AtomicI64>,
}

impl World {
    fn new(stage: Arc<Stage>) -> Self {
        let plan = schedule::draw(&mut stage.chance(), &directory::recipients());
        let (telling, told) = mpsc::unbounded_channel();
        let slots = (0..plan.hubs).map(|_| Slot::default()).collect();
        let mut world = Self {
            stage,
            slots,
            locked: plan.locked,
            weeks: plan.weeks,
            agenda: BTreeMap::new(),
            planned: 0,
            runs: 0,
            clock_was_wrong: false,
            telling,
            told,
            figures: Figures::default(),
        };
        for (at, event) in plan.agenda {
            world.plan(at, event);
        }
        world
    }

    async fn live(mut self) -> Result<Figures, String> {
        for slot in 0..self.slots.len() {
            self.start(slot);
        }
        self.follow_agenda().await;
        self.heal();
        self.until_quiet().await?;
        self.stop_all().await?;
        if self.weeks {
            self.stage.skip_days(DAYS_LATER);
            self.stage.log(|| format!("{DAYS_LATER} days later"));
            self.slots.truncate(1);
            self.until_quiet().await?;
            self.stop_all().await?;
        }
        self.figures.virtual_seconds = self.stage.elapsed().as_secs();
        oracle::judge(&self.stage, self.figures)
    }

    fn plan(&mut self, at: Duration, event: Event) {
        self.planned += 1;
        self.agenda.insert((at, self.planned), event);
    }

    fn plan_in(&mut self, seconds: usize, event: Event) {
        self.plan(self.stage.elapsed() + Duration::from_secs(seconds as u64), event);
    }

    async fn follow_agenda(&mut self) {
        let end = Instant::now() + HEALED_AT;
        let begun = Instant::now();
        loop {
            let next = self.agenda.first_key_value().map_or(end, |((at, _), _)| (begun + *at).min(end));
            tokio::select! {
                biased;
                Some((run, blow)) = self.told.recv() => self.struck(run, blow),
                () = tokio::time::sleep_until(next) => {
                    if Instant::now() >= end {
                        return;
                    }
                    if let Some((_, event)) = self.agenda.pop_first() {
                        self.happen(event);
                    }
                }
            }
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Publish(letter) => self.stage.publish(letter),
            Event::PublishAgain => {
                let count = self.stage.letters().len();
                if count > 0 {
                    let number = self.stage.chance().below(count);
                    self.stage.publish_again(number);
                }
            }
            Event::Strike(slot, blow, after) => {
                if let Some((_, hub)) = &self.slots[slot].hub {
                    hub.gate.arm(after, blow);
                }
            }
            Event::Stop(slot) => self.stop(slot),
            Event::Start(slot) => self.start(slot),
            Event::Thaw(slot) => self.thaw(slot),
            Event::Disconnect(slot) => {
                if let Some((_, hub)) = &self.slots[slot].hub {
                    self.stage.log(|| format!("the broker gives up hub {slot}"));
                    hub.disconnect();
                }
            }
            Event::DisconnectAll => {
                self.stage.log(|| "the broker closes all connections".to_owned());
                self.stage.broker.disconnect_all();
            }
            Event::LedgerDown(seconds) => {
                self.stage.log(|| format!("the ledger is down for {seconds} s"));
                self.disturb();
                self.stage.ledger_down(seconds);
            }
            Event::LedgerStrikes(strikes) => {
                self.disturb();
                self.stage.strike_ledger(strikes);
            }
            Event::Mood(recipient, mood) => {
                self.stage.log(|| format!("{recipient} is {mood:?}"));
                self.stage.recipients.set(recipient, mood);
            }
            Event::ClockError(slot, seconds) => {
                self.stage.log(|| format!("the clock of hub {slot} is wrong by {seconds} s"));
                self.disturb();
                self.clock_was_wrong = true;
                self.slots[slot].clock_error.store(seconds, Relaxed);
            }
            Event::NewDirectory => self.new_directory(Edition::Second),
        }
    }

    fn disturb(&mut self) {
        self.stage.disturbed.store(true, Relaxed);
    }

    /// A gate tells that its hub has died or stands still, or has stopped.
    fn struck(&mut self, run: u64, blow: Blow) {
        let Some(slot) = self.slots.iter().position(|slot| slot.hub.as_ref().is_some_and(|(of, _)| *of == run)) else { return };
        self.stage.log(|| format!("hub {slot}: {blow:?}"));
        match blow {
            Blow::End => {
                self.slots[slot].hub = None;
                let seconds = self.stage.chance().below(30);
                self.plan_in(seconds, Event::Start(slot));
            }
            Blow::Crash => {
                self.disturb();
                self.figures.crashes += 1;
                if let Some((_, hub)) = self.slots[slot].hub.take() {
                    hub.bury();
                }
                let seconds = self.stage.chance().below(40);
                self.plan_in(seconds, Event::Start(slot));
            }
            Blow::Freeze => {
                self.disturb();
                self.figures.freezes += 1;
                let seconds = self.stage.chance().below(100);
                self.plan_in(seconds, Event::Thaw(slot));
                if Duration::from_secs(seconds as u64) > HEARTBEATS {
                    self.plan_in(HEARTBEATS.as_secs() as usize, Event::Disconnect(slot));
                }
            }
        }
    }

    fn start(&mut self, slot: usize) {
        if self.slots[slot].hub.is_some() {
            return;
        }
        if self.locked {
            let now = self.stage.now();
            self.stage.books().free_leases(now);
        }
        self.runs += 1;
        let gate = Gate::new(self.runs, self.telling.clone());
        let hub = Hub::start(&self.stage, gate, slot, self.runs, &self.slots[slot].clock_error);
        self.slots[slot].hub = Some((self.runs, Arc::new(hub)));
    }

    fn stop(&mut self, slot: usize) {
        // A process that is frozen does not hear the signal.
        let Some((_, hub)) = self.slots[slot].hub.clone().filter(|(_, hub)| hub.gate.is_open() && !hub.is_stopping()) else { return };
        self.stage.log(|| format!("hub {slot} is told to stop"));
        self.figures.stops += 1;
        tokio::spawn(async move { hub.stop().await });
    }

    fn thaw(&mut self, slot: usize) {
        if let Some((_, hub)) = &self.slots[slot].hub
            && hub.gate.thaw()
        {
            self.stage.log(|| format!("hub {slot} goes on"));
        }
    }

    fn new_directory(&mut self, edition: Edition) {
        self.stage.log(|| format!("the {edition:?} directory: everybody has another address"));
        self.stage.directory.store(directory::edition(edition));
        for (_, hub) in self.slots.iter().filter_map(|slot| slot.hub.as_ref()) {
            hub.directory_changed();
        }
    }

    /// From here on nothing goes wrong any more.
    fn heal(&mut self) {
        self.stage.log(|| "healed".to_owned());
        self.agenda.clear();
        self.stage.mend_ledger();
        self.stage.recipients.heal();
        for slot in 0..self.slots.len() {
            self.slots[slot].clock_error.store(0, Relaxed);
            if let Some((_, hub)) = &self.slots[slot].hub {
                hub.gate.disarm();
            }
            self.thaw(slot);
        }
        self.new_directory(Edition::Last);
    }

    async fn until_quiet(&mut self) -> Result<(), String> {
        let within = if self.clock_was_wrong { QUIET_AFTER_CLOCK } else { QUIET_WITHIN };
        let bound = Instant::now() + within;
        let mut step = Duration::from_secs(1);
        loop {
            while let Ok((run, blow)) = self.told.try_recv() {
                self.struck(run, blow);
            }
            for slot in 0..self.slots.len() {
                self.start(slot);
            }
            if self.is_quiet() {
                return Ok(());
            }
            if Instant::now() > bound {
                let lanes: Vec<_> = self.slots.iter().filter_map(|slot| Some(slot.hub.as_ref()?.1.lanes())).collect();
                return Err(format!("not quiet after {within:?}: {}\n{}", oracle::pending(&self.stage), lanes.join("\n")));
            }
            tokio::time::sleep(step).await;
            step = (step * 2).min(Duration::from_secs(20));
        }
    }

    /// Nothing is to be recorded, decided or delivered any more, but for what a person must decide.
    fn is_quiet(&self) -> bool {
        let waits = |state, hold| match state {
            DeliveryState::Due | DeliveryState::Leased | DeliveryState::Accepted => true,
            DeliveryState::Held => hold != Some(HoldReason::Review),
            _ => false,
        };
        let books = self.stage.books();
        self.slots.iter().all(|slot| slot.hub.as_ref().is_some_and(|(_, hub)| hub.is_idle()))
            && self.stage.broker.is_empty()
            && self.stage.awaited.load(Relaxed) == 0
            && books.children_to_wake(self.stage.now(), 1).is_empty()
            && !books.rows.iter().any(|row| waits(row.state, row.hold))
    }

    async fn stop_all(&mut self) -> Result<(), String> {
        for slot in &mut self.slots {
            if let Some((_, hub)) = slot.hub.take() {
                let left = hub.stop().await.left;
                if left > 0 {
                    return Err(format!("a quiet hub that stops leaves {left} leases"));
                }
            }
        }
        Ok(())
    }
}
