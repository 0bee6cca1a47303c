//! One run of a hub, from its start to its end: the real journey and the real dispatch, with the intake and the clock that `src/hub.rs`
//! plugs into them, on this world's ledger, broker and recipients.

use super::flaw::Flaw;
use super::gate::Gate;
use super::port::Port;
use super::recipients::{BOX, POST, Rail};
use super::stage::Stage;
use crate::support::story::WORLD;
use domain::breaker::BreakerPolicy;
use domain::port::{Confirmation, Confirmed, Deliver, Ledger};
use domain::retry::RetryPolicy;
use jiff::{SignedDuration, Timestamp};
use placement_hub::clock;
use placement_hub::contracts::Contracts;
use placement_hub::dispatch::{Dispatch, DispatchHandle, Drained, LaneSettings, Parts};
use placement_hub::intake::Recorder;
use placement_hub::journey::{Envelope, Journey, SEAL_PAYLOAD};
use placement_hub::keys::Keys;
use placement_hub::telemetry::Metrics;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

pub const RETRY: RetryPolicy = RetryPolicy {
    base: SignedDuration::from_secs(2),
    cap: SignedDuration::from_secs(60),
    attempts_max: 5,
    age_max: SignedDuration::from_secs(90),
};
const BREAKER: BreakerPolicy =
    BreakerPolicy { failures_max: 5, cooldown_base: SignedDuration::from_secs(5), cooldown_cap: SignedDuration::from_secs(60) };
/// How often lanes and clocks look by themselves. Rarely: in a simulation each look costs, and time does not.
const LOOK: Duration = Duration::from_secs(40);
const BATCH_MAX: usize = 4;
const LEASED_MAX: usize = 16;
/// A process that is told to stop gives what is in flight so long.
const DRAIN: Duration = Duration::from_secs(6);

/// What is made once and never changes.
pub struct Fixed {
    contracts: Arc<Contracts>,
    pub keys: Arc<Keys>,
    metrics: Arc<Metrics>,
}

pub static FIXED: LazyLock<Fixed> = LazyLock::new(|| Fixed {
    contracts: Arc::new(Contracts::new().unwrap()),
    keys: Arc::new(Keys::from_master(&[7; 32]).unwrap()),
    metrics: Arc::new(Metrics::new().unwrap()),
});

pub struct Hub {
    pub number: usize,
    pub gate: Arc<Gate>,
    stage: Arc<Stage>,
    dispatch: DispatchHandle,
    stopping: Arc<AtomicBool>,
    consumer: Arc<AtomicU64>,
    /// The intake and the clock, until they are told to end.
    tasks: Mutex<Option<[JoinHandle<()>; 2]>>,
}

impl Hub {
    /// Starts, with a clock that is wrong by so many seconds; must be called within the world's runtime.
    pub fn start(stage: &Arc<Stage>, gate: Gate, number: usize, run: u64, clock_error: &Arc<AtomicI64>) -> Self {
        let gate = Arc::new(gate);
        let clock: Arc<dyn Fn() -> Timestamp + Send + Sync> = {
            let (stage, error) = (Arc::clone(stage), Arc::clone(clock_error));
            Arc::new(move || stage.now() + SignedDuration::from_secs(error.load(Relaxed)))
        };
        let ledger: Arc<dyn Ledger> = Arc::new(Port { stage: Arc::clone(stage), gate: Arc::clone(&gate), hub: number });
        let rail = |name| Rail { name, stage: Arc::clone(stage), gate: Arc::clone(&gate), hub: number };
        let deliverers = [POST, BOX].map(|name| (name, Arc::new(rail(name)) as Arc<dyn Deliver>));
        let random = Arc::clone(stage);
        let dispatch = Dispatch::start(Parts {
            ledger: Arc::clone(&ledger),
            directory: Arc::clone(&stage.directory),
            deliverers: HashMap::from(deliverers),
            open: Arc::new(|sealed| FIXED.keys.open(SEAL_PAYLOAD, sealed).map_err(|error| error.to_string())),
            retry: RETRY,
            lanes: LaneSettings { breaker: BREAKER, leased_max: LEASED_MAX, poll: LOOK },
            metrics: Arc::clone(&FIXED.metrics),
            clock: Arc::clone(&clock),
            random: Arc::new(move || random.chance().below(1 << 20) as f64 / f64::from(1 << 20)),
            holder: Uuid::from_u128(u128::from(run)),
        });
        let journey = Arc::new(Journey {
            contracts: Arc::clone(&FIXED.contracts),
            ledger,
            directory: Arc::clone(&stage.directory),
            policy: Arc::clone(&POLICY),
            keys: Arc::clone(&FIXED.keys),
            source: "urn:simulation".to_owned(),
            require_user_id: false,
            metrics: Arc::clone(&FIXED.metrics),
            now: clock,
        });
        stage.log(|| format!("hub {number} starts, run {run}"));
        let (stopping, consumer) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let taking = Taking {
            stage: Arc::clone(stage),
            gate: Arc::clone(&gate),
            number,
            recorder: Recorder { journey: Arc::clone(&journey), dispatch: dispatch.clone(), metrics: Arc::clone(&FIXED.metrics) },
            stopping: Arc::clone(&stopping),
            consumer: Arc::clone(&consumer),
        };
        let looking = Looking {
            stage: Arc::clone(stage),
            gate: Arc::clone(&gate),
            journey,
            dispatch: dispatch.clone(),
            stopping: Arc::clone(&stopping),
        };
        let tasks = Mutex::new(Some([tokio::spawn(taking.run()), tokio::spawn(looking.run())]));
        Self { number, gate, stage: Arc::clone(stage), dispatch, stopping, consumer, tasks }
    }

    /// The process is gone: so is its connection to the broker.
    pub fn bury(&self) {
        self.gate.kill();
        self.disconnect();
    }

    /// The broker has seen the connection go.
    pub fn disconnect(&self) {
        self.stage.broker.disconnect(self.consumer.load(Relaxed));
    }

    /// As at SIGTERM: takes no more, lets what is in flight end, gives back the rest. The same order as in `Hub::stop`.
    pub async fn stop(&self) -> Drained {
        let begun = self.stage.elapsed();
        self.stopping.store(true, Relaxed);
        self.stage.broker.cancel(self.consumer.load(Relaxed));
        let tasks = self.tasks.lock().unwrap().take();
        if let Some([taking, looking]) = tasks {
            looking.abort();
            // What it has not recorded by then comes again.
            let _ = tokio::time::timeout(DRAIN, taking).await;
        }
        let drained = self.dispatch.drain(Instant::now() + DRAIN).await;
        self.stage.log(|| format!("hub {} has stopped, {} left", self.number, drained.left));
        self.stage.has_stopped_after(self.stage.elapsed().saturating_sub(begun));
        self.disconnect();
        self.gate.end();
        drained
    }

    /// Nothing is leased, in flight or to be settled.
    pub fn is_idle(&self) -> bool {
        self.dispatch.room() == LEASED_MAX
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Relaxed)
    }

    pub fn directory_changed(&self) {
        self.dispatch.directory_changed();
    }

    pub fn lanes(&self) -> String {
        format!("{:?}", self.dispatch.lanes())
    }
}

static POLICY: LazyLock<Arc<domain::policy::Policy>> = LazyLock::new(|| Arc::new(WORLD.policy.clone()));

/// The intake: as `src/intake.rs`, on the simulated broker.
struct Taking {
    stage: Arc<Stage>,
    gate: Arc<Gate>,
    number: usize,
    recorder: Recorder,
    stopping: Arc<AtomicBool>,
    consumer: Arc<AtomicU64>,
}

impl Taking {
    async fn run(self) {
        while !self.stopping.load(Relaxed) {
            self.gate.pass().await;
            let consumer = self.stage.broker.connect();
            self.consumer.store(consumer, Relaxed);
            while let Some(batch) = self.stage.broker.next(consumer, BATCH_MAX).await {
                self.gate.pass().await;
                if self.stage.flaw == Flaw::AcknowledgesFirst {
                    self.stage.broker.acknowledge(consumer, &batch);
                }
                if !self.record(&batch).await {
                    return;
                }
                self.gate.pass().await;
                let known = self.stage.broker.acknowledge(consumer, &batch);
                self.stage.log(|| format!("hub {}: acknowledged {batch:?}{}", self.number, if known { "" } else { ", too late" }));
            }
            // The broker closed the connection.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Records a batch, however long the ledger is down; false where the hub is told to stop meanwhile.
    async fn record(&self, batch: &[usize]) -> bool {
        let envelope = |number: &usize| {
            let letter = self.stage.letter(*number);
            Envelope {
                body: letter.body.clone(),
                content_type: Some("application/json".to_owned()),
                intake: "rabbitmq",
                routing_key: Some(letter.routing_key.clone()),
                received_at: self.recorder.now(),
                ..Envelope::default()
            }
        };
        let envelopes: Vec<Envelope> = batch.iter().map(envelope).collect();
        let mut wait = Duration::from_millis(500);
        while let Err(error) = self.recorder.record(&envelopes, std::time::Instant::now()).await {
            self.stage.log(|| format!("hub {}: not recorded: {error}", self.number));
            if self.stopping.load(Relaxed) {
                return false;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(5));
        }
        true
    }
}

/// The clock, as `src/clock.rs`, and the look into mailboxes, as `src/post.rs`: less often.
struct Looking {
    stage: Arc<Stage>,
    gate: Arc<Gate>,
    journey: Arc<Journey>,
    dispatch: DispatchHandle,
    stopping: Arc<AtomicBool>,
}

impl Looking {
    async fn run(self) {
        while !self.stopping.load(Relaxed) {
            if let Err(error) = clock::wake(&self.journey, &self.dispatch, &FIXED.metrics).await {
                self.stage.log(|| format!("clocks stand still: {error}"));
            }
            self.look_into_boxes().await;
            tokio::time::sleep(LOOK).await;
            self.gate.pass().await;
        }
    }

    /// What fails is asked again at the next look.
    async fn look_into_boxes(&self) {
        let Ok(accepted) = self.journey.ledger.accepted(BOX, None, 100).await else { return };
        if accepted.is_empty() {
            return;
        }
        let now = (self.journey.now)();
        let confirmations = accepted.iter().map(|row| confirmation(&self.stage, row.delivery, now)).collect();
        if let Err(error) = self.journey.ledger.confirm(confirmations).await {
            self.stage.log(|| format!("not confirmed: {error}"));
        }
    }
}

/// Mostly it was collected; now and then it was given back.
fn confirmation(stage: &Stage, delivery: Uuid, at: Timestamp) -> Confirmation {
    let given_back = stage.chance().percent(10) && {
        let mut hall = stage.recipients.hall();
        let times = hall.returned.entry(delivery).or_default();
        *times += 1;
        *times == 1
    };
    let outcome = if given_back {
        Confirmed::Again { why: "nobody collected it".to_owned() }
    } else {
        Confirmed::Delivered { receipt: "collected".to_owned() }
    };
    Confirmation { delivery, outcome, at }
}
