//! The hub: what is plugged in; start, drain, stop.

use crate::access::Access;
use crate::config::Settings;
use crate::contracts::Contracts;
use crate::control::{Control, Desk};
use crate::directory::Rails;
use crate::dispatch::{self, Dispatch, DispatchHandle, LaneSettings};
use crate::error::chain;
use crate::intake::{Letterbox, Recorder};
use crate::journey::{Journey, SEAL_CASEFILE, SEAL_PAYLOAD};
use crate::keys::Keys;
use crate::operations::Operations;
use crate::reload::Reloader;
use crate::telemetry::{Metrics, Traces};
use crate::views::Views;
use crate::{alerts, clock, heartbeat, http, intake, machine, pauses, post, reseal, wiring};
use arc_swap::ArcSwap;
use domain::port::{Deliver, Figures, Ledger, News};
use jiff::Timestamp;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How long stopping may take; a supervisor kills after 30 seconds.
const DRAIN: Duration = Duration::from_secs(20);
/// Of these, for all that takes messages in: as long as a batch may take to record. Dispatch gets the rest, and its settler some more.
const LAST_BATCH: Duration = Duration::from_secs(10);

/// A running hub.
pub struct Hub {
    /// Who may come in.
    pub access: Arc<Access>,
    intake: Arc<amqp::Intake>,
    /// What ends by itself when it is told to stop, by name.
    tasks: Vec<(&'static str, JoinHandle<()>)>,
    rails: Vec<Arc<dyn Deliver>>,
    http: http::Server,
    dispatch: DispatchHandle,
    stop: watch::Sender<bool>,
    control: Option<Control>,
    reloader: Arc<Reloader>,
    pub ledger: Arc<dyn Ledger>,
    pub metrics: Arc<Metrics>,
}

/// Why a hub did not start: a sentence for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);

impl Hub {
    /// Opens the ledger and the directory, and starts to consume and deliver. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Where anything it needs to begin is missing or wrong. A broker that is away is not an error: the hub waits for it.
    pub async fn start(settings: &Settings) -> Result<Self, StartError> {
        Self::start_by(settings, Arc::new(Timestamp::now)).await
    }

    /// As [`Self::start`], by another clock than the machine's.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_by(settings: &Settings, clock: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Result<Self, StartError> {
        let failed = |what: String| StartError(what);
        let now = clock();
        let loaded = wiring::directory(settings, now).map_err(|error| failed(error.to_string()))?;
        let watchers = wiring::watchers(settings, now).map_err(|error| failed(error.to_string()))?;
        loaded.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        let access = Access::open(settings.access.clone(), Arc::clone(&clock)).map(Arc::new).map_err(|error| failed(chain(&error)))?;
        let (keys, ledger) = open_ledger(settings).await.map_err(failed)?;
        let directory = Arc::new(ArcSwap::from_pointee(loaded.directory));
        let metrics = Arc::new(telemetry(settings).map_err(failed)?);
        metrics.site.started(now);
        let journey = Arc::new(Journey {
            contracts: Arc::new(Contracts::new().map_err(|error| failed(chain(&error)))?),
            ledger: Arc::clone(&ledger),
            directory: Arc::clone(&directory),
            policy: Arc::new(settings.policy(keys.claim_key())),
            keys: Arc::clone(&keys),
            source: settings.source.clone(),
            require_user_id: settings.intake.require_user_id,
            metrics: Arc::clone(&metrics),
            now: Arc::clone(&clock),
        });
        let holder = Uuid::now_v7();
        let wiring::Plugged { rails, posts } = wiring::rails(&wiring::broker(settings));
        let to_close = rails.values().map(Arc::clone).collect();
        // Read before anything is leased: what is paused was paused for a reason.
        let paused = pauses::holding(ledger.as_ref(), now).await.map_err(|error| failed(chain(&error)))?;
        let dispatch = start_dispatch(settings, &journey, rails.clone(), holder);
        dispatch.set_paused(paused);
        let (stop, stopped) = watch::channel(false);
        let intake = Arc::new(wiring::intake(settings).map_err(|error| failed(error.to_string()))?);
        let recording = Arc::new(AtomicBool::new(true));
        let ground = machine::Ground::of(settings, &journey, intake.state(), Arc::clone(&recording));
        let (figures, figures_seen) = watch::channel(Figures::default());
        let mut tasks = vec![("look at the machine", tokio::spawn(machine::run(ground.clone(), stopped.clone())))];
        let on_duty = Arc::new(AtomicBool::new(false));
        let alert_parts = alerts::Parts {
            journey: Arc::clone(&journey),
            dispatch: dispatch.clone(),
            rails: rails.clone(),
            watchers,
            figures: figures_seen.clone(),
            ground,
            file: beside(settings.ledger.home(), ".alerts"),
            holder,
        };
        tasks.push(("alerts", tokio::spawn(alerts::run(alert_parts, stopped.clone()))));
        let clock_parts = clock::Parts {
            journey: Arc::clone(&journey),
            dispatch: dispatch.clone(),
            metrics: Arc::clone(&metrics),
            figures,
            holder,
            on_duty: Arc::clone(&on_duty),
            rails: rails.clone(),
        };
        tasks.push(("clock", tokio::spawn(clock::run(clock_parts, stopped.clone()))));
        tasks.push(("ear for other hubs", tokio::spawn(listen(Arc::clone(&ledger), dispatch.clone(), stopped.clone()))));
        tasks.push(("heartbeat", tokio::spawn(heartbeat::run(heartbeat::Parts::of(&journey, rails.clone(), on_duty), stopped.clone()))));
        let recorder = Recorder { journey: Arc::clone(&journey), dispatch: dispatch.clone(), metrics: Arc::clone(&metrics) };
        let post_parts =
            post::Parts { recorder: recorder.clone(), rails: posts, every: settings.delivery.mailbox_poll, holder, stop: stopped.clone() };
        tasks.push(("look into the mailboxes", tokio::spawn(post::run(post_parts))));
        tasks.push(("sealing anew", tokio::spawn(reseal::run(Arc::clone(&journey), stopped.clone()))));
        let (letterbox, letterbox_task) = Letterbox::open(recorder.clone(), settings.intake.batch_max, stopped.clone());
        tasks.push(("HTTP intake", letterbox_task));
        tasks.push(("pauses", tokio::spawn(pauses::run(Arc::clone(&ledger), dispatch.clone(), Arc::clone(&journey.now), stopped.clone()))));
        let views = Views {
            journey: Arc::clone(&journey),
            dispatch: dispatch.clone(),
            figures: figures_seen.clone(),
            broker: intake.state(),
            rates: Arc::default(),
            rails,
        };
        tasks.push(("rates", tokio::spawn(watch_rates(views.clone(), stopped.clone()))));
        let state = http::State {
            access: Arc::clone(&access),
            broker: intake.state(),
            recording: Arc::clone(&recording),
            metrics: Arc::clone(&metrics),
            figures: figures_seen,
            dispatch: dispatch.clone(),
            journey: Arc::clone(&journey),
            letterbox,
            places: http::Places::new(),
            operations: Arc::new(Operations::new(Arc::clone(&ledger), dispatch.clone(), Arc::clone(&views.journey.now), stopped.clone())),
            views,
            stop: stopped.clone(),
        };
        let http = http::Server::start(settings.listen, state).await.map_err(failed)?;
        let again = settings.clone();
        let load = Arc::new(move || wiring::directory(&again, Timestamp::now()));
        let reloader = Arc::new(Reloader::new(Arc::clone(&journey), dispatch.clone(), load));
        let control =
            open_control(settings, Desk { journey: Arc::clone(&journey), dispatch: dispatch.clone(), reloader: Arc::clone(&reloader) });
        let intake_parts =
            intake::Parts { intake: Arc::clone(&intake), recorder, batch_max: settings.intake.batch_max, recording, stop: stopped };
        tasks.push(("intake", tokio::spawn(intake::run(intake_parts))));
        Ok(Self { access, intake, tasks, rails: to_close, http, dispatch, stop, control, reloader, ledger, metrics })
    }

    /// Where the dashboard is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.http.address()
    }

    #[must_use]
    pub fn broker(&self) -> watch::Receiver<amqp::State> {
        self.intake.state()
    }

    /// How each recipient is reached at the moment.
    #[must_use]
    pub fn lanes(&self) -> Vec<dispatch::LaneStatus> {
        self.dispatch.lanes()
    }

    /// Where a new directory is put to use.
    #[must_use]
    pub fn reloader(&self) -> Arc<Reloader> {
        Arc::clone(&self.reloader)
    }

    /// Stops in order: take no more, record and acknowledge what was taken, finish what is being sent, give back the rest.
    pub async fn stop(self) {
        drop(self.control);
        let begun = tokio::time::Instant::now();
        self.intake.stop();
        self.stop.send_replace(true);
        for (name, task) in self.tasks {
            if tokio::time::timeout_at(begun + LAST_BATCH, task).await.is_err() {
                tracing::warn!("the {name} did not stop in time; what it had taken comes again");
            }
        }
        let drained = self.dispatch.drain(begun + DRAIN).await;
        if drained.left > 0 {
            tracing::warn!(left = drained.left, "some deliveries could not be given back; they are due again when their leases lapse");
        }
        for rail in &self.rails {
            rail.close().await;
        }
        if let Ok(intake) = Arc::try_unwrap(self.intake).map_err(drop) {
            intake.close().await;
        }
        self.http.stop().await;
        self.access.keep_uses();
        let metrics = self.metrics;
        // The last spans go out in good order; a thread that panicked has nothing more to send.
        let _ = tokio::task::spawn_blocking(move || metrics.traces.close()).await;
    }
}

/// A file that is named after another.
fn beside(home: &Path, ending: &str) -> PathBuf {
    let mut name = home.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn telemetry(settings: &Settings) -> Result<Metrics, String> {
    let mut metrics = Metrics::new().map_err(|error| chain(&error))?;
    if let Some(endpoint) = &settings.telemetry.otlp_endpoint {
        metrics.traces = Traces::to(endpoint, settings.telemetry.trace_percent)?;
    }
    Ok(metrics)
}

fn start_dispatch(settings: &Settings, journey: &Journey, deliverers: Rails, holder: Uuid) -> DispatchHandle {
    let keys = Arc::clone(&journey.keys);
    Dispatch::start(dispatch::Parts {
        ledger: Arc::clone(&journey.ledger),
        directory: Arc::clone(&journey.directory),
        deliverers,
        open: Arc::new(move |sealed| keys.open(SEAL_PAYLOAD, sealed).map_err(|error| error.to_string())),
        retry: settings.delivery.retry,
        lanes: LaneSettings { leased_max: settings.delivery.in_memory_max, ..LaneSettings::default() },
        metrics: Arc::clone(&journey.metrics),
        clock: Arc::clone(&journey.now),
        random: Arc::new(random),
        holder,
    })
}

/// Without it operators' commands wait until the hub is stopped; children's notices must not.
fn open_control(settings: &Settings, desk: Desk) -> Option<Control> {
    Control::start(settings.ledger.home(), desk).inspect_err(|why| tracing::error!("{why}")).ok()
}

/// The ledger with its key. A hub with another key would give every child a second record: so what is there must open.
async fn open_ledger(settings: &Settings) -> Result<(Arc<Keys>, Arc<dyn Ledger>), String> {
    let keys = Keys::load_or_create(&settings.ledger.key_file).map_err(|error| chain(&error))?;
    let ledger = wiring::ledger(settings).map_err(|error| chain(&error))?;
    let some = ledger.children(None, 1).await.map_err(|error| chain(&error))?;
    let loaded = ledger.load(some, Vec::new()).await.map_err(|error| chain(&error))?;
    if let Some(child) = loaded.children.first() {
        keys.open(SEAL_CASEFILE, &child.casefile).map_err(|error| chain(&error))?;
    }
    Ok((Arc::new(keys), ledger))
}

/// Acts on what other hubs on the same ledger tell, until `stop` turns true.
async fn listen(ledger: Arc<dyn Ledger>, dispatch: DispatchHandle, mut stop: watch::Receiver<bool>) {
    loop {
        let news = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            news = ledger.news() => news,
        };
        match news {
            News::Due(recipient) => dispatch.nudge(vec![recipient]),
            News::Accepted(recipient) => dispatch.tell_accepted(recipient),
        }
    }
}

async fn watch_rates(views: Views, stop: watch::Receiver<bool>) {
    views.rates.watch(views.figures.clone(), &views.journey.metrics, || (views.journey.now)(), stop).await;
}

/// A number in 0..1 for jitter. It need not be unpredictable, only spread: a counter through a mixing function (splitmix64),
/// started at random, so that two hubs do not wait alike.
fn random() -> f64 {
    static STATE: LazyLock<AtomicU64> =
        LazyLock::new(|| AtomicU64::new(u64::try_from(Uuid::now_v7().as_u128() & u128::from(u64::MAX)).unwrap_or_default()));
    let mut mixed = STATE.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let high = u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or_default();
    f64::from(high) / (f64::from(u32::MAX) + 1.0)
}
