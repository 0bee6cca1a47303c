//! What an operator's command asks of a running hub: over a Unix socket beside the ledger or the key file, which only the hub's own user can
//! open. One request per connection, one line of JSON each way.

use crate::dispatch::DispatchHandle;
use crate::error::chain;
use crate::intake::hand_over;
use crate::journey::{Journey, Resolution, Resolved};
use crate::reload::{NotReloaded, Reloaded, Reloader};
use domain::port::{Alias, Ledger, OperatorAction};
use domain::timeline;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::Uuid;

/// A thousand ids and a reason fit well.
const LINE_BYTES_MAX: u64 = 64 * 1024;
/// A directory's mistakes and changes, a line each.
const ANSWER_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Deliveries in one request.
pub const DELIVERIES_MAX: usize = 1_000;
/// A command that says nothing for this long is gone.
const PATIENCE: Duration = Duration::from_secs(10);
/// Comparing two directories goes through all children.
const RELOAD_PATIENCE: Duration = Duration::from_secs(300);

/// What is asked, and why: the reason is kept beside what is done.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    Operate {
        deliveries: Vec<Uuid>,
        action: Action,
        reason: String,
    },
    /// `item` is the id that `review list` shows.
    Resolve {
        item: String,
        ruling: timeline::Ruling,
        by: String,
        reason: String,
    },
    /// Use the directory as it is in its folder now; a rehearsal only compares.
    Reload {
        rehearsal: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Retry,
    Hold,
    Release,
    Discard,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Those that were moved; the others are in flight, done, or unknown.
    Moved(Vec<Uuid>),
    /// The answer is in the timeline; so many obligations followed.
    Resolved(usize),
    Reloaded(Box<Reloaded>),
    /// The directory has mistakes: all of them.
    Wrong(String),
    Failed(String),
}

/// Listens until it is dropped.
pub struct Control {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Control {
    /// # Errors
    /// Where the socket cannot be made; the sentence says where.
    pub fn start(home: &Path, desk: Desk) -> Result<Self, String> {
        let path = socket(home);
        let failed = |error: std::io::Error| format!("the control socket {} cannot be made: {error}", path.display());
        // Hubs that share a ledger may share a key file too, where they share a machine.
        if std::os::unix::net::UnixStream::connect(&path).is_ok() {
            return Err(format!(
                "another hub listens at {}; give each hub on this machine a copy of the key file of its own",
                path.display()
            ));
        }
        // Nobody listens, so a socket that is there is a dead hub's.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let listener = UnixListener::bind(&path).map_err(failed)?;
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(failed)?;
        let task = tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => drop(tokio::spawn(serve(stream, desk.clone()))),
                    Err(error) => {
                        tracing::warn!(%error, "an operator's command could not be heard");
                        tokio::time::sleep(PATIENCE).await;
                    }
                }
            }
        });
        Ok(Self { path, task })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
        // Left behind it does no harm: the next hub takes it away.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Asks the hub that has this ledger open; none where no hub has.
///
/// # Errors
/// Where the hub does not answer as it should.
pub async fn ask(home: &Path, request: &Request) -> Result<Option<Answer>, String> {
    let mut stream = match UnixStream::connect(socket(home)).await {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => return Ok(None),
        Err(error) => return Err(format!("the hub's control socket cannot be opened: {error}; run this as the hub's user")),
    };
    let exchange = async {
        let mut line = serde_json::to_vec(request).map_err(|error| error.to_string())?;
        line.push(b'\n');
        stream.write_all(&line).await.map_err(|error| error.to_string())?;
        let mut answer = String::new();
        stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer).await.map_err(|error| error.to_string())?;
        serde_json::from_str(&answer).map_err(|error| error.to_string())
    };
    let patience = if matches!(request, Request::Reload { .. }) { RELOAD_PATIENCE } else { PATIENCE };
    let answer = timeout(patience, exchange).await.map_err(|_| "the hub does not answer".to_owned())?;
    answer.map(Some).map_err(|error| format!("the hub's answer cannot be read: {error}"))
}

/// What the hub needs to do what it is asked.
#[derive(Clone)]
pub struct Desk {
    pub journey: Arc<Journey>,
    pub dispatch: DispatchHandle,
    pub reloader: Arc<Reloader>,
}

impl Desk {
    async fn obey(&self, request: Request) -> Answer {
        match request {
            Request::Operate { deliveries, action, reason } => operate(self.journey.ledger.as_ref(), deliveries, action, reason).await,
            Request::Resolve { item, ruling, by, reason } => resolve(&self.journey, &self.dispatch, &item, ruling, by, reason).await,
            Request::Reload { rehearsal } => match self.reloader.reload(rehearsal).await {
                Ok(reloaded) => Answer::Reloaded(Box::new(reloaded)),
                Err(NotReloaded::Wrong(mistakes)) => Answer::Wrong(mistakes.to_string()),
                Err(why) => Answer::Failed(why.to_string()),
            },
        }
    }
}

/// Takes a person's answer to an open question, and hands over what follows from it.
pub async fn resolve(
    journey: &Journey,
    dispatch: &DispatchHandle,
    item: &str,
    ruling: timeline::Ruling,
    by: String,
    reason: String,
) -> Answer {
    if by.trim().is_empty() || reason.trim().is_empty() {
        return Answer::Failed("say who decides and why: both are kept in the child's timeline".to_owned());
    }
    let Some(item) = Alias::from_hex(item) else {
        return Answer::Failed("the item's id is 32 hexadecimal digits, as `review list` shows it".to_owned());
    };
    if let timeline::Ruling::Choose(code) = ruling
        && journey.directory.load().organisation(code).is_none()
    {
        return Answer::Failed(format!("{code} is not in the directory"));
    }
    let resolution = Resolution { item, ruling, by, reason };
    match journey.resolve(&resolution, &dispatch.terms()).await {
        Ok(Resolved::Done(received)) => {
            let followed = received.obligations.len();
            hand_over(received, dispatch, &journey.metrics);
            Answer::Resolved(followed)
        }
        Ok(Resolved::Unknown) => Answer::Failed("no open item has this id; it may have settled itself".to_owned()),
        Err(error) => Answer::Failed(chain(&error)),
    }
}

/// Moves deliveries by an operator's hand.
pub async fn operate(ledger: &dyn Ledger, deliveries: Vec<Uuid>, action: Action, reason: String) -> Answer {
    if reason.trim().is_empty() {
        return Answer::Failed("give a reason: it is kept with the delivery".to_owned());
    }
    if deliveries.len() > DELIVERIES_MAX {
        return Answer::Failed(format!("at most {DELIVERIES_MAX} deliveries at once"));
    }
    let action = match action {
        Action::Retry => OperatorAction::Retry,
        Action::Hold => OperatorAction::Hold,
        Action::Release => OperatorAction::Release,
        Action::Discard => OperatorAction::Discard,
    };
    match ledger.operate(deliveries, action, reason, Timestamp::now()).await {
        Ok(moved) => Answer::Moved(moved),
        Err(error) => Answer::Failed(chain(&error)),
    }
}

async fn serve(stream: UnixStream, desk: Desk) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    let read = timeout(PATIENCE, (&mut stream).take(LINE_BYTES_MAX).read_line(&mut line)).await;
    let answer = match (read, serde_json::from_str::<Request>(&line)) {
        (Ok(Ok(_)), Ok(request)) => desk.obey(request).await,
        _ => Answer::Failed("the request cannot be read; use the placement-hub command of the hub's own version".to_owned()),
    };
    let answer = serde_json::to_vec(&answer).unwrap_or_default();
    // Who asked may have gone: what was done is in the ledger.
    let _ = timeout(PATIENCE, stream.write_all(&answer)).await;
}

fn socket(home: &Path) -> PathBuf {
    let mut name = home.as_os_str().to_owned();
    name.push(".control");
    PathBuf::from(name)
}
