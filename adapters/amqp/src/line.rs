//! One channel per organisation's queue, all on one connection.
//!
//! A channel each, because the client library hands a returned message to whichever confirm comes next: only a batch whose
//! confirms are all there can be answered truly. So a line sends what has gathered while its last batch was on its way,
//! and a queue that answers slowly, or that somebody declared otherwise, holds up nobody but its own reader.

use crate::{
    confirm::{self, OUTSTANDING},
    failure::{During, Failure, Kind},
    link::{CLOSE, Link},
    publisher::{Outgoing, PublishError},
    session::{Pace, SETUP},
    settings::Address,
    topology::{self, Limits},
};
use lapin::{Channel, options::ConfirmSelectOptions};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, timeout},
};

/// What waits for one line's next batch; who comes on top waits outside, within its own time.
const WAITING: usize = 256;
/// A directory has some hundreds of endpoints, and a broker allows 2,047 channels unless told otherwise. Beyond this many, those
/// that nobody is waiting at are opened anew when they are needed.
const LINES_MAX: usize = 1_000;
/// A fault of configuration waits for a person.
const MENDING_TIME: Duration = Duration::from_secs(15 * 60);
/// An alarm of the broker lasts until somebody frees memory or disk.
const BLOCKED_TIME: Duration = Duration::from_secs(30);

/// Why a message was not confirmed: a sentence, and how long to leave it alone where the usual schedule would be too eager.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    pub sentence: String,
    pub after: Option<Duration>,
    pub returned: bool,
}

impl Trouble {
    fn passing(sentence: String) -> Self {
        Self { sentence, after: None, returned: false }
    }

    pub fn standing(sentence: String) -> Self {
        Self { sentence, after: Some(MENDING_TIME), returned: false }
    }
}

/// The lines by queue and limits: new limits are a new line, which finds out at once whether the queue has them.
pub(crate) struct Lines {
    road: Arc<Road>,
    open: Mutex<HashMap<(String, Limits), Served>>,
}

/// The way to a line, and the task that serves it.
struct Served {
    jobs: mpsc::Sender<Job>,
    task: JoinHandle<()>,
}

/// A message that somebody waits for.
struct Job {
    message: Outgoing,
    patience: Duration,
    answer: oneshot::Sender<Result<(), Trouble>>,
}

impl Lines {
    pub fn new(address: Address, name: String) -> Self {
        Self { road: Arc::new(Road { address, name, held: tokio::sync::Mutex::default() }), open: Mutex::default() }
    }

    /// Waits for the broker's answer, at most as long as `patience`.
    pub async fn send(&self, routing_key: &str, limits: Limits, message: Outgoing, patience: Duration) -> Result<(), Trouble> {
        let (answer, answered) = oneshot::channel();
        let line = self.line(routing_key, limits);
        let sending = async {
            // Fails where the line has ended, and then nobody answers either.
            let _ = line.send(Job { message, patience, answer }).await;
            answered.await
        };
        match timeout(patience, sending).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Trouble::passing("the hub is closing its connection to RabbitMQ: not confirmed".to_owned())),
            Err(_) => Err(Trouble::passing(confirm::silence(patience, &self.road.address))),
        }
    }

    /// The lines first: a channel that is still open when its connection says goodbye is a fault to the library.
    pub async fn close(&self) {
        let lines: Vec<Served> = self.open.lock().unwrap_or_else(PoisonError::into_inner).drain().map(|(_, served)| served).collect();
        let tasks: Vec<_> = lines.into_iter().map(|served| served.task).collect();
        // A line that waits for a broker which does not answer is left behind; its connection ends with the next step.
        let _ = timeout(CLOSE, futures_util::future::join_all(tasks)).await;
        self.road.close().await;
    }

    fn line(&self, routing_key: &str, limits: Limits) -> mpsc::Sender<Job> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (routing_key.to_owned(), limits);
        if let Some(line) = open.get(&key) {
            return line.jobs.clone();
        }
        if open.len() >= LINES_MAX {
            open.clear();
        }
        let (line, jobs) = mpsc::channel(WAITING);
        let worker = Line { road: Arc::clone(&self.road), routing_key: key.0.clone(), limits, open: None };
        let task = tokio::spawn(worker.serve(jobs));
        open.insert(key, Served { jobs: line.clone(), task });
        line
    }
}

/// One organisation's queue. It ends when nobody can give it anything any more.
struct Line {
    road: Arc<Road>,
    routing_key: String,
    limits: Limits,
    open: Option<Open>,
}

struct Open {
    channel: Channel,
    link: Arc<Link>,
}

impl Line {
    async fn serve(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut batch = Vec::new();
        while jobs.recv_many(&mut batch, OUTSTANDING).await > 0 {
            // Who has given up tries again later; sending now would only make it two.
            batch.retain(|job| !job.answer.is_closed());
            self.send(std::mem::take(&mut batch)).await;
        }
        if let Some(open) = self.open {
            // Not worth more: what was confirmed is confirmed.
            let _ = timeout(CLOSE, open.channel.close(200, "OK".into())).await;
        }
    }

    async fn send(&mut self, jobs: Vec<Job>) {
        let patience = jobs.iter().map(|job| job.patience).max().unwrap_or_default();
        let (messages, answers): (Vec<_>, Vec<_>) = jobs.into_iter().map(|job| (job.message, job.answer)).unzip();
        let results = match self.channel().await {
            Ok(channel) => self.publish(&channel, &messages, patience).await,
            Err(trouble) => vec![Err(trouble); messages.len()],
        };
        for (answer, result) in answers.into_iter().zip(results) {
            // Nobody waits any more: the delivery comes again.
            let _ = answer.send(result);
        }
    }

    async fn publish(&mut self, channel: &Channel, messages: &[Outgoing], patience: Duration) -> Vec<Result<(), Trouble>> {
        let answered = confirm::publish(channel, messages, true, patience, &self.road.address).await;
        let unroutable = answered.results.iter().any(|result| matches!(result, Err(PublishError::Unroutable { .. })));
        if answered.broken || unroutable {
            // The next batch declares the queue again.
            self.open = None;
        }
        answered.results.into_iter().map(|result| result.map_err(|error| self.trouble(&error))).collect()
    }

    fn trouble(&self, error: &PublishError) -> Trouble {
        let queue = topology::delivery_queue(&self.routing_key);
        match error {
            PublishError::Unroutable { .. } => Trouble {
                returned: true,
                ..Trouble::passing(format!(
                    "returned as unroutable: the queue `{queue}` is gone or unbound; it is declared again with the next attempt"
                ))
            },
            PublishError::Refused => {
                Trouble::passing(format!("the queue `{queue}` is full or cannot store the message: its reader must take some out"))
            }
            PublishError::TooLarge { .. } => Trouble::standing(error.to_string()),
            other => Trouble::passing(other.to_string()),
        }
    }

    /// The line's channel, or a new one with the queue made sure of.
    async fn channel(&mut self) -> Result<Channel, Trouble> {
        let link = self.road.link().await?;
        if let Some(open) = self.open.as_ref().filter(|open| Arc::ptr_eq(&open.link, &link) && open.channel.status().connected()) {
            return Ok(open.channel.clone());
        }
        self.open = None;
        let channel = match timeout(SETUP, self.set_up(&link)).await {
            Ok(ready) => ready.map_err(|error| self.not_declared(&error))?,
            Err(_) => return Err(Trouble::passing(confirm::silence(SETUP, &self.road.address))),
        };
        self.open = Some(Open { channel: channel.clone(), link });
        Ok(channel)
    }

    async fn set_up(&self, link: &Link) -> lapin::Result<Channel> {
        let channel = link.channel().await?;
        topology::declare_delivery_queue(&channel, &self.routing_key, self.limits).await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(channel)
    }

    fn not_declared(&self, error: &lapin::Error) -> Trouble {
        let failure = Failure::of(error, During::Declaring, &self.road.address);
        let queue = topology::delivery_queue(&self.routing_key);
        match (failure.kind, difference(&error.to_string())) {
            (Kind::Standing, Some(what)) => Trouble::standing(format!(
                "the queue `{queue}` exists with other properties: set the same, or empty and delete it ({what})"
            )),
            (Kind::Standing, None) => Trouble::standing(failure.sentence),
            _ => Trouble::passing(failure.sentence),
        }
    }
}

/// `.. inequivalent arg 'x-max-length' for queue '..' in vhost '..': received '5' but current is '10'`: which, and how.
fn difference(text: &str) -> Option<String> {
    let (argument, rest) = text.split_once("inequivalent arg '")?.1.split_once('\'')?;
    let values = &rest[rest.find("received ")?..];
    Some(format!("{argument}: {}", values.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '\'')))
}

/// The connection that all lines share.
struct Road {
    address: Address,
    name: String,
    held: tokio::sync::Mutex<Held>,
}

#[derive(Default)]
struct Held {
    link: Option<Arc<Link>>,
    opened: Option<Instant>,
    pace: Pace,
    /// Why it could not be opened, and until when nobody tries again.
    refused: Option<(Trouble, Instant)>,
}

impl Road {
    /// The connection, or one attempt at a new one: whoever comes meanwhile, or too soon after it, shares its answer.
    async fn link(&self) -> Result<Arc<Link>, Trouble> {
        let mut held = self.held.lock().await;
        if let Some(link) = held.link.as_ref().filter(|link| link.alive()) {
            return if link.blocked() { Err(self.blocked()) } else { Ok(Arc::clone(link)) };
        }
        held.link = None;
        if let Some((trouble, until)) = held.refused.as_ref().filter(|(_, until)| *until > Instant::now()) {
            return Err(Trouble { after: Some(until.duration_since(Instant::now())), ..trouble.clone() });
        }
        match self.connect().await {
            Ok(link) => {
                let link = Arc::new(link);
                (held.link, held.opened, held.refused) = (Some(Arc::clone(&link)), Some(Instant::now()), None);
                Ok(link)
            }
            Err(failure) => {
                let lasted = held.opened.take().map(|opened| opened.elapsed()).unwrap_or_default();
                let wait = held.pace.after(failure.kind, lasted);
                let trouble = Trouble { after: Some(wait), ..Trouble::passing(failure.sentence) };
                held.refused = Some((trouble.clone(), Instant::now() + wait));
                Err(trouble)
            }
        }
    }

    async fn connect(&self) -> Result<Link, Failure> {
        let link = Link::open(&self.address, &self.name).await?;
        let declaring = async { topology::declare_exchanges(&link.channel().await?).await };
        match timeout(SETUP, declaring).await {
            Ok(declared) => declared.map_err(|error| Failure::of(&error, During::Declaring, &self.address))?,
            Err(_) => {
                return Err(Failure::new(Kind::Passing, &format!("did not answer within {} seconds", SETUP.as_secs()), &self.address));
            }
        }
        Ok(link)
    }

    fn blocked(&self) -> Trouble {
        let what = "takes no messages because it is short of memory or disk: free some";
        Trouble { after: Some(BLOCKED_TIME), ..Trouble::passing(Failure::new(Kind::Passing, what, &self.address).sentence) }
    }

    async fn close(&self) {
        // The lines that still hold it are gone when nobody gives them anything; a goodbye to the broker can't wait for that.
        if let Some(link) = self.held.lock().await.link.take() {
            link.close().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn what_differs_is_read_from_the_brokers_words() {
        let text = "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'placement-hub.deliveries.RX2' in vhost 't01': received \
                    '5' but current is '10000'";
        assert_eq!(difference(text).as_deref(), Some("x-max-length: received '5' but current is '10000'"));
        assert_eq!(difference("ACCESS_REFUSED - no"), None);
    }
}
