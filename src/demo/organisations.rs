//! The simulated organisations: councils, commissioners and CAMHS providers. Most are at a path of one loopback HTTP server; some read
//! a queue or fetch their feed instead ([`followers`]).
//!
//! They do what a careful receiver does: check the signature (401 where it is wrong), know a delivery by its id (a second
//! time is answered like the first, and counted), and answer 200. Then they work: see [`answers`]. Some are out of reach for a
//! while: first they answer 503 with `Retry-After`, then they take the delivery and the connection breaks before the answer.

mod answers;
mod followers;
mod line;
mod signature;

pub use answers::Tempo;

use super::news::{self, News};
use super::office::Office;
use super::region::Rail;
use answers::Answers;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use domain::Code;
use domain::directory::{Directory, OrganisationKind};
use followers::Followers;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use line::{Listener, Scissors};
use serde_json::Value;
use signature::Key;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

/// Connections that are still open at the end are cut after this.
const CLOSE: Duration = Duration::from_secs(2);
/// Ids that one organisation keeps: two days of the fastest demo. Then a repetition would not be noticed any more.
const IDS_MAX: usize = 200_000;

/// Who is picky declines one in so many.
const PICKY: u8 = 2;

/// All of them, and the server that they share.
pub struct Organisations {
    shared: Arc<Shared>,
    followers: Followers,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// What the organisations are made of.
pub struct Parts {
    pub directory: Arc<Directory>,
    /// The broker, for those who read queues.
    pub broker: String,
    /// Signing secrets, `whsec_...`.
    pub secrets: BTreeMap<Code, String>,
    pub office: Office,
    pub news: News,
    pub tempo: Tempo,
    pub outages: Vec<(Code, Outage)>,
    /// Who refuses every other delivery when it first comes: so there are dead letters, and sent again they are taken.
    pub picky: Option<Code>,
    pub time_zone: TimeZone,
    /// Tells the message ids of one demo from those of another.
    pub run: String,
}

/// When an organisation is out of reach. An outage begins with a request: one that nobody notices shows nothing.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    /// Not before this, from the start of the demo.
    pub after: Duration,
    /// How long it answers 503.
    pub refuses: Duration,
    /// How many requests it takes after that without an answer.
    pub silent_requests: u32,
    /// After how long it happens again.
    pub every: Option<Duration>,
}

/// What the organisations have seen, together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// Requests with a right signature.
    pub requests: u64,
    /// Different deliveries taken.
    pub received: u64,
    /// Requests for a delivery that had been asked for before.
    pub retries: u64,
    /// Deliveries that came again although they had been taken.
    pub duplicates: u64,
    pub wrong_signatures: u64,
    /// Answered 503.
    pub turned_away: u64,
    /// Taken, and the connection broke before the answer.
    pub cut_off: u64,
    /// Not a CloudEvents envelope with this delivery's id.
    pub unreadable: u64,
}

struct Shared {
    organisations: BTreeMap<Code, Organisation>,
    directory: Arc<Directory>,
    office: Office,
    news: News,
    tempo: Tempo,
    time_zone: TimeZone,
    run: String,
    begun: Instant,
}

struct Organisation {
    code: Code,
    kind: OrganisationKind,
    key: Key,
    outage: Option<Outage>,
    is_picky: bool,
    desk: Mutex<Desk>,
}

#[derive(Default)]
struct Desk {
    seen: Seen,
    asked: HashSet<Uuid>,
    taken: BTreeSet<Uuid>,
    out: Out,
    answers: Answers,
}

/// An organisation's own outage, the last that began.
#[derive(Default)]
struct Out {
    /// Counted from 1.
    number: u64,
    since: Duration,
    silent_requests: u32,
}

/// How an organisation is to be reached at the moment.
enum Reach {
    Well,
    Refuses,
    Silent,
    /// It wants nothing of this one.
    Declines,
}

impl Organisations {
    /// # Errors
    /// A sentence: where a secret is none, or there is no free port.
    pub async fn start(parts: Parts) -> Result<Self, String> {
        let Parts { directory, broker, secrets, office, news, tempo, outages, picky, time_zone, run } = parts;
        let outages: BTreeMap<Code, Outage> = outages.into_iter().collect();
        let mut organisations = BTreeMap::new();
        for (code, secret) in secrets {
            let kind = directory.organisation(code).map(|organisation| organisation.kind);
            let kind = kind.ok_or_else(|| format!("the demo needs {code}, which the directory does not know"))?;
            let key = Key::new(&secret).ok_or_else(|| format!("the secret of {code} cannot be read"))?;
            let outage = outages.get(&code).copied();
            organisations.insert(code, Organisation { code, kind, key, outage, is_picky: picky == Some(code), desk: Mutex::default() });
        }
        let listening = |error: std::io::Error| format!("no port of this machine can be listened on for the organisations: {error}");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;
        let shared = Arc::new(Shared { organisations, directory, office, news, tempo, time_zone, run, begun: Instant::now() });
        let readers: Vec<Code> = shared.organisations.keys().copied().filter(|code| Rail::of(*code) == Rail::Queue).collect();
        let followers = Followers::read_queues(&shared, &broker, &readers).await?;
        let router = Router::new().route("/{code}", post(receive)).with_state(Arc::clone(&shared));
        let (stop, mut stopped) = watch::channel(false);
        let serve = axum::serve(Listener(listener), router.into_make_service_with_connect_info::<Scissors>());
        let serve = serve.with_graceful_shutdown(async move {
            // A sender that is gone means the same as a stop.
            let _ = stopped.wait_for(|stop| *stop).await;
        });
        let task = tokio::spawn(async move {
            // It ends only when told to.
            let _ = serve.await;
        });
        Ok(Self { shared, followers, address, stop, task })
    }

    /// The hub is there: who fetches a feed begins to, with a token each.
    ///
    /// # Errors
    /// A sentence.
    pub fn follow(&mut self, hub: SocketAddr, tokens: &BTreeMap<Code, String>) -> Result<(), String> {
        self.followers.fetch_feeds(&self.shared, hub, tokens)
    }

    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// When the hub has stopped, those who follow take what is still there for them; then all of them close.
    pub async fn stop(self) -> (Seen, BTreeMap<Code, BTreeSet<Uuid>>) {
        self.followers.stop(&self.shared.run).await;
        self.stop.send_replace(true);
        let abort = self.task.abort_handle();
        if tokio::time::timeout(CLOSE, self.task).await.is_err() {
            abort.abort();
        }
        (self.shared.seen(), self.shared.taken())
    }

    /// What they have seen so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.shared.seen()
    }
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    Path(code): Path<String>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(organisation) = Code::new(&code).ok().and_then(|code| shared.organisations.get(&code)) else {
        return (StatusCode::NOT_FOUND, "nobody lives here\n").into_response();
    };
    let Some(delivery) = organisation.key.verify(&headers, &body, Timestamp::now().as_second()) else {
        organisation.desk().seen.wrong_signatures += 1;
        return (StatusCode::UNAUTHORIZED, "the signature is wrong\n").into_response();
    };
    let reach = organisation.called(delivery, shared.begun.elapsed());
    if matches!(reach, Reach::Refuses) {
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")], "closed for maintenance\n").into_response();
    }
    if matches!(reach, Reach::Declines) {
        return (StatusCode::UNPROCESSABLE_ENTITY, "our system knows no such placement yet\n").into_response();
    }
    let answer = shared.take(organisation, delivery, &body);
    if matches!(reach, Reach::Silent) {
        organisation.desk().seen.cut_off += 1;
        scissors.cut();
    }
    answer
}

impl Shared {
    fn seen(&self) -> Seen {
        self.organisations.values().map(|organisation| organisation.desk().seen).fold(Seen::default(), Seen::plus)
    }

    /// The deliveries that each has taken.
    fn taken(&self) -> BTreeMap<Code, BTreeSet<Uuid>> {
        self.organisations.values().map(|organisation| (organisation.code, organisation.desk().taken.clone())).collect()
    }

    /// Takes a delivery, once; what follows from it is put on its way.
    fn take(&self, organisation: &Organisation, delivery: Uuid, body: &[u8]) -> Response {
        let envelope: Option<Value> = serde_json::from_slice(body).ok();
        let envelope = envelope.filter(|envelope| envelope["id"].as_str().and_then(|id| id.parse().ok()) == Some(delivery));
        let Some(envelope) = envelope else {
            organisation.desk().seen.unreadable += 1;
            return (StatusCode::BAD_REQUEST, "not an envelope with this id\n").into_response();
        };
        let now = Timestamp::now();
        let today = self.time_zone.to_datetime(now).date();
        let following = {
            let mut desk = organisation.desk();
            if desk.taken.contains(&delivery) {
                desk.seen.duplicates += 1;
                return (StatusCode::OK, "had it already\n").into_response();
            }
            desk.seen.received += 1;
            desk.taken.insert(delivery);
            if desk.taken.len() > IDS_MAX {
                desk.taken.pop_first();
            }
            desk.answers.to(organisation, &envelope, today)
        };
        self.news.tell(now, news::told(&self.directory, organisation.code, &envelope, today));
        for step in following {
            let delay = self.tempo.delay(step.stage);
            self.office.post(delay, step.outgoing(organisation.code, &self.run, now, delay));
        }
        (StatusCode::OK, "thank you\n").into_response()
    }
}

impl Organisation {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        // Nothing panics while it holds this lock; if something did, the counts are still whole.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request with a right signature came, `since` the start of the demo.
    fn called(&self, delivery: Uuid, since: Duration) -> Reach {
        let mut desk = self.desk();
        desk.seen.requests += 1;
        let is_first = desk.asked.len() >= IDS_MAX || desk.asked.insert(delivery);
        if !is_first {
            desk.seen.retries += 1;
        } else if self.is_picky && delivery.as_bytes()[15].is_multiple_of(PICKY) {
            return Reach::Declines;
        }
        let Some((outage, number)) = self.outage.and_then(|outage| Some((outage, outage.number(since)?))) else { return Reach::Well };
        if desk.out.number != number {
            desk.out = Out { number, since, silent_requests: 0 };
        }
        if since.saturating_sub(desk.out.since) < outage.refuses {
            desk.seen.turned_away += 1;
            return Reach::Refuses;
        }
        if desk.out.silent_requests < outage.silent_requests {
            desk.out.silent_requests += 1;
            return Reach::Silent;
        }
        Reach::Well
    }
}

impl Outage {
    /// Which outage it is time for, counted from 1; none before the first.
    fn number(self, since: Duration) -> Option<u64> {
        let since = since.checked_sub(self.after)?;
        Some(1 + self.every.map_or(0, |every| since.as_secs() / every.as_secs().max(1)))
    }
}

impl Seen {
    const fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            received: self.received + other.received,
            retries: self.retries + other.retries,
            duplicates: self.duplicates + other.duplicates,
            wrong_signatures: self.wrong_signatures + other.wrong_signatures,
            turned_away: self.turned_away + other.turned_away,
            cut_off: self.cut_off + other.cut_off,
            unreadable: self.unreadable + other.unreadable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Outage;
    use std::time::Duration;

    #[test]
    fn an_outage_comes_and_comes_again() {
        let seconds = Duration::from_secs;
        let outage = Outage { after: seconds(20), refuses: seconds(25), silent_requests: 2, every: Some(seconds(300)) };
        let number = |outage: Outage, second| outage.number(seconds(second));
        assert_eq!([19, 20, 319, 320].map(|second| number(outage, second)), [None, Some(1), Some(1), Some(2)]);
        assert_eq!(number(Outage { every: None, ..outage }, 325), Some(1));
    }
}
