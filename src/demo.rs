//! The demo: a hub in this process, with organisations that answer and councils that write, on a real broker.
//!
//! The cast: a [`Story`] says what the councils write; the [`Office`] publishes it and waits for receipts; the hub is the real one,
//! with a ledger of its own in a [`Folder`]; the [`Organisations`] take what it delivers, and answer through the office; a
//! [`Screen`] shows it; a [`Summary`] says whether it adds up. Nothing shown or written names a child.

pub mod chance;
mod child;
mod folder;
mod news;
mod office;
mod organisations;
mod paper;
pub mod region;
mod screen;
pub mod story;
mod summary;

pub use summary::Summary;

use crate::Hub;
use crate::config::Settings;
use crate::wiring;
use amqp::{Outgoing, Publisher, Reader, topology};
use domain::Code;
use domain::breaker::Phase;
use domain::delivery::DeliveryState;
use domain::directory::{Directory, OrganisationKind, Whereabouts};
use domain::policy::{Stage, Tariff};
use domain::port::Ledger;
use folder::Folder;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use news::News;
use office::{Office, Staff};
use organisations::{Organisations, Outage, Tempo};
use region::{OUT_OF_REACH, PICKY, PLACES, Rail};
use screen::{Screen, View};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use story::{Story, Told};
use summary::Account;
use tokio::time::Instant;

/// What the story's chance begins with: any number would do.
pub const SEED: u64 = 2026;
/// Documents of a live demo: two days at the fastest. A demo that nobody stops ends.
const DOCUMENTS_MAX: u64 = 1_000_000;
/// The hub consumes by then, or the broker is not well.
const READY: Duration = Duration::from_secs(30);
/// Between two documents of the fixed history.
const ONCE_STEP: Duration = Duration::from_millis(100);
/// The fixed history is told and everything delivered by then, or something is wrong.
const ONCE_MAX: Duration = Duration::from_secs(180);
/// How often the end of the fixed history is looked for.
const LOOK: Duration = Duration::from_millis(250);
/// Placements that began longer ago are known, and were notified by other means: the hub is new.
const HISTORY_DAYS: i64 = 14;

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// The fixed history, once; else a story without an end.
    pub once: bool,
    /// Of the dashboard; none for the settings'.
    pub port: Option<u16>,
    /// Documents that councils write in a minute.
    pub rate: u32,
    /// Everything that the demo keeps is in here.
    pub folder: PathBuf,
}

/// Runs a demo until it is over or `stop` is ready.
///
/// # Errors
/// A sentence, where it could not begin. What goes wrong later is in the summary.
pub async fn run(options: &Options, settings: Settings, stop: impl Future<Output = ()>) -> Result<Summary, String> {
    let begun = Instant::now();
    let stage = Ensemble::set(options, settings).await?;
    tokio::pin!(stop);
    let mut screen = Screen::new(stage.settings.rules.time_zone.clone());
    let (children, cut_short) = if options.once {
        let story = Story::new(SEED, stage.today(), &stage.run);
        let (told, children) = story.history(Timestamp::now());
        for (number, told) in (0_u32..).zip(told) {
            stage.office.post(ONCE_STEP * number, outgoing(told));
        }
        let over = stage.settles(begun + ONCE_MAX);
        let cut_short = tokio::select! {
            ended = over => ended,
            () = stage.shows(&mut screen) => None,
            () = &mut stop => Some("it was stopped before the history was over".to_owned()),
        };
        (children, cut_short)
    } else {
        let mut story = Story::new(SEED, stage.today(), &stage.run);
        tokio::select! {
            () = stage.tells(&mut story, options.rate) => {}
            () = stage.shows(&mut screen) => {}
            () = &mut stop => {}
        }
        (story.children(), None)
    };
    screen.end();
    eprintln!("Stopping: what is in hand is finished.");
    stage.strike(children, begun, options.once, cut_short).await
}

/// Everything that plays together.
struct Ensemble {
    settings: Settings,
    directory: Arc<Directory>,
    hub: Hub,
    organisations: Organisations,
    office: Office,
    staff: Staff,
    news: News,
    run: String,
    /// Holds the lock until the end.
    _folder: Folder,
}

impl Ensemble {
    async fn set(options: &Options, settings: Settings) -> Result<Self, String> {
        let folder = Folder::take(&options.folder)?;
        let now = Timestamp::now();
        let run = format!("{:x}", now.as_millisecond());
        let mut settings = adapted(settings, &folder, options, now);
        let directory = wiring::directory(&settings, now).map_err(|mistakes| misplaced(&settings, &mistakes.to_string()))?.directory;
        let directory = Arc::new(directory);
        let today = settings.rules.day(now);
        let cast = cast(&directory, today)?;

        let url = settings.broker.url.clone();
        let sentence = |error: amqp::PublishError| format!("{error}. The demo needs a RabbitMQ: `make demo` brings one, or set AMQP_URL");
        let publisher = Publisher::connect(&url).await.map_err(sentence)?;
        publisher.declare_topology(settings.broker.delivery_limit).await.map_err(|error| error.to_string())?;
        let receipts = Reader::of_exchange(&url, topology::RECEIPTS, "#").await?;
        let (office, staff) = Office::open(url, publisher, receipts, &run);

        let news = News::default();
        let secrets = folder.secrets(&cast)?;
        // A secret is as good a token as any.
        let tokens: BTreeMap<Code, String> = secrets.clone().into_iter().filter(|(code, _)| Rail::of(*code) == Rail::Feed).collect();
        let mut organisations = Organisations::start(organisations::Parts {
            directory: Arc::clone(&directory),
            broker: settings.broker.url.clone(),
            secrets,
            office: office.clone(),
            news: news.clone(),
            tempo: Tempo { step: Duration::from_millis(if options.once { 300 } else { 4_000 }) },
            outages: outages(options.once),
            picky: Code::new(PICKY).ok().filter(|_| !options.once),
            time_zone: settings.rules.time_zone.clone(),
            run: run.clone(),
        })
        .await?;
        settings.endpoints = Some(folder.endpoints(&cast, &directory, organisations.address())?);
        settings.publishers = Some(folder.publishers(&cast, &directory)?);
        settings.tokens = Some(folder.tokens(&tokens)?);

        let hub = Hub::start(&settings).await.map_err(|error| error.to_string())?;
        organisations.follow(hub.address(), &tokens)?;
        introduce(&hub, &cast, options);
        let stage = Self { settings, directory, hub, organisations, office, staff, news, run, _folder: folder };
        stage.ready().await?;
        Ok(stage)
    }

    async fn ready(&self) -> Result<(), String> {
        let mut broker = self.hub.broker();
        let consuming = tokio::time::timeout(READY, broker.wait_for(|state| state.consuming)).await.is_ok_and(|state| state.is_ok());
        if consuming {
            return Ok(());
        }
        let why = self.hub.broker().borrow().last_error.clone().unwrap_or_else(|| "it does not answer".to_owned());
        Err(format!("the hub does not consume from the broker: {why}"))
    }

    fn today(&self) -> Date {
        self.settings.rules.day(Timestamp::now())
    }

    /// Tells the story, so many documents a minute.
    async fn tells(&self, story: &mut Story, rate: u32) {
        let mut interval = tokio::time::interval(Duration::from_secs(60) / rate.max(1));
        for _ in 0..DOCUMENTS_MAX {
            interval.tick().await;
            self.office.post(Duration::ZERO, outgoing(story.next(Timestamp::now())));
        }
    }

    /// Shows how it goes, for as long as it is asked to.
    async fn shows(&self, screen: &mut Screen) {
        let mut interval = tokio::time::interval(screen.interval());
        loop {
            interval.tick().await;
            screen.show(&self.view().await);
        }
    }

    async fn view(&self) -> View {
        let now = Timestamp::now();
        let shut = self.hub.lanes().into_iter().filter(|lane| matches!(lane.phase, Phase::Open { .. } | Phase::Probing));
        View {
            now,
            page: page(&self.hub),
            broker: self.hub.broker().borrow().clone(),
            books: self.office.books(),
            seen: self.organisations.seen(),
            // A ledger that does not answer is told by the hub itself; the screen shows noughts meanwhile.
            figures: self.hub.ledger.figures(self.today(), self.today()).await.unwrap_or_default(),
            shut: shut.map(|lane| (news::short_name(&self.directory, lane.recipient), lane.phase)).collect(),
            news: self.news.last(),
        }
    }

    /// Waits until everything promised is published, recorded, delivered and answered; says why not, where `end` comes first.
    async fn settles(&self, end: Instant) -> Option<String> {
        loop {
            let why = match self.unsettled().await {
                Ok(None) => return None,
                Ok(Some(why)) => why,
                Err(error) => format!("the ledger does not answer: {error}"),
            };
            if Instant::now() >= end {
                return Some(format!("not everything was done within {} seconds: {why}", ONCE_MAX.as_secs()));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What is still to be done. Looked at twice: an answer may be promised while the ledger is read.
    async fn unsettled(&self) -> Result<Option<String>, domain::port::LedgerError> {
        let before = self.office.books();
        if !before.quiet() {
            let to_publish = before.promised - before.published;
            return Ok(Some(format!("{to_publish} messages are to be published, and {} receipts are to come", before.unanswered())));
        }
        let balance = self.hub.ledger.balance(Timestamp::now()).await?;
        let open = [DeliveryState::Due, DeliveryState::Leased, DeliveryState::Accepted];
        let states = balance.states.iter().filter(|(state, _)| open.contains(state));
        let pending: u64 = states.map(|(_, count)| count).sum();
        if pending > 0 {
            return Ok(Some(format!("{pending} deliveries are still to be made")));
        }
        let more = self.office.books().promised != before.promised;
        Ok(more.then(|| "the organisations are still answering".to_owned()))
    }

    /// Stops in order, and counts.
    async fn strike(self, children: u64, begun: Instant, whole: bool, cut_short: Option<String>) -> Result<Summary, String> {
        let (ledger, today): (Arc<dyn Ledger>, Date) = (Arc::clone(&self.hub.ledger), self.today());
        let books = self.office.books();
        self.staff.leave().await;
        self.hub.stop().await;
        let (seen, taken) = self.organisations.stop().await;
        let seconds = (begun.elapsed().as_secs_f64() * 10.0).round() / 10.0;
        let account = Account { books, seen, taken, children, seconds, whole, cut_short };
        let drawn = Summary::draw(ledger.as_ref(), account, Timestamp::now(), today).await;
        drawn.map_err(|error| format!("the ledger cannot be read any more: {error}"))
    }
}

/// The settings as the demo needs them: everything of its own in the folder, impatient, and new to the region.
fn adapted(settings: Settings, folder: &Folder, options: &Options, now: Timestamp) -> Settings {
    let today = settings.rules.day(now);
    let mut settings = settings;
    settings.source = "urn:placement-hub:demo".to_owned();
    settings.ledger.in_file(folder.file("hub.db"));
    settings.ledger.key_file = folder.file("hub.key");
    settings.endpoints = None;
    settings.publishers = None;
    settings.intake.require_user_id = false;
    settings.listen = listen(settings.listen, options.port);
    settings.delivery.retry.base = SignedDuration::from_secs(1);
    settings.delivery.retry.cap = SignedDuration::from_secs(20);
    settings.rules.notices_from = Some(today.saturating_sub(HISTORY_DAYS.days()));
    if settings.rules.tariff.is_empty() {
        let line = |stage: Stage, unit: &str, amount_pence: u64| Tariff {
            stage,
            service_line: "CAMHS specialist community".to_owned(),
            unit: unit.to_owned(),
            amount_pence,
            from: None,
            to: None,
        };
        settings.rules.tariff = vec![line(Stage::Assessment, "assessment", 58_000), line(Stage::Treatment, "course of treatment", 240_000)];
    }
    settings
}

/// The dashboard's address: as asked for if it is free, else any.
fn listen(set: SocketAddr, port: Option<u16>) -> SocketAddr {
    let wanted = SocketAddr::new(set.ip(), port.unwrap_or(set.port()));
    if TcpListener::bind(wanted).is_ok() {
        return wanted;
    }
    eprintln!("note: {wanted} is in use, so the dashboard gets a free port");
    SocketAddr::new(set.ip(), 0)
}

/// Everybody whom the story can concern, found as the hub finds them.
fn cast(directory: &Directory, today: Date) -> Result<Vec<Code>, String> {
    let mut cast = BTreeSet::new();
    for place in &PLACES {
        let located = directory.locate(Whereabouts { postcode: Some(place.postcode), local_authority: None }, today);
        let unresolved = |why: domain::directory::Unresolved| {
            format!("the demo plays in {}, and the directory does not help: {}", place.town, why.sentence)
        };
        cast.insert(located.authority.map_err(unresolved)?);
        cast.insert(located.commissioner.map_err(unresolved)?.body);
        cast.insert(located.camhs.map_err(unresolved)?);
    }
    Ok(cast
        .into_iter()
        .filter(|code| directory.organisation(*code).is_some_and(|one| one.kind != OrganisationKind::CommissionerPlace))
        .collect())
}

fn outages(once: bool) -> Vec<(Code, Outage)> {
    let outage = |position: u32| {
        if once {
            let after = Duration::from_secs(2 + u64::from(position) * 3);
            return Outage { after, refuses: Duration::from_secs(5), silent_requests: 1, every: None };
        }
        let after = Duration::from_secs(20 + u64::from(position) * 40);
        Outage { after, refuses: Duration::from_secs(25), silent_requests: 2, every: Some(Duration::from_secs(300)) }
    };
    (0..).zip(OUT_OF_REACH).filter_map(|(position, code)| Some((Code::new(code).ok()?, outage(position)))).collect()
}

fn outgoing(told: Told) -> Outgoing {
    Outgoing {
        exchange: topology::INTAKE.to_owned(),
        routing_key: format!("{}.{}", told.message_type.name(), told.publisher),
        body: told.body,
        content_type: Some(told.content_type.to_owned()),
        message_id: Some(told.message_id),
        ..Outgoing::default()
    }
}

fn introduce(hub: &Hub, cast: &[Code], options: &Options) {
    let [webhooks, queues, feeds] =
        [Rail::Webhook, Rail::Queue, Rail::Feed].map(|rail| cast.iter().filter(|code| Rail::of(**code) == rail).count());
    let what = if options.once { "The messages of a fixed history".to_owned() } else { format!("{} messages a minute", options.rate) };
    eprintln!(
        "{what} about invented children of the South East go to a hub, which tells {} simulated organisations: {webhooks} by webhook, {queues} by queue, {feeds} by feed. Dashboard: {}",
        cast.len(),
        page(hub)
    );
}

fn page(hub: &Hub) -> String {
    format!("http://{}/", hub.address())
}

fn misplaced(settings: &Settings, mistakes: &str) -> String {
    if settings.directory.join("authorities.csv").is_file() {
        return mistakes.to_owned();
    }
    format!(
        "{} is no directory: start the demo from the root of the repository, or name the settings with --config",
        settings.directory.display()
    )
}
