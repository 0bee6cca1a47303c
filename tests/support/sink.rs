//! The far end: one server on loopback that is every recipient, answers each as it is told, and remembers every POST.
//!
//! The path says which recipient is meant (`/QKS`); each has a signing secret of its own.

use serde_json::Value;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use uuid::Uuid;

/// No condition takes longer, even on a slow and busy machine; where one does, the test says which.
pub const BOUND: Duration = Duration::from_secs(60);

/// What a recipient does with each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A status, at once; `retry_after` in seconds where given.
    Answer { status: u16, retry_after: Option<u32> },
    /// Nothing, until it is told otherwise; then what it is told.
    Hang,
    /// The connection is reset without an answer.
    Reset,
}

pub const TAKES: Mode = answer(200);

pub const fn answer(status: u16) -> Mode {
    Mode::Answer { status, retry_after: None }
}

/// A POST as it came.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub recipient: String,
    /// The header `webhook-id`.
    pub id: Uuid,
    /// Whether the signature is the recipient's secret's, over just these bytes, now.
    pub signed: bool,
    pub content_type: String,
    pub traceparent: String,
    pub body: Vec<u8>,
    /// The obligation.
    pub subject: Uuid,
    pub sequence: u64,
    kind: String,
    /// What it was answered with; [`Mode::Hang`] while it was not.
    pub mode: Mode,
    pub at: Instant,
}

impl Arrival {
    /// `arrival-notice.v1` -> `arrival-notice`
    pub fn kind(&self) -> &str {
        self.kind.trim_end_matches(".v1")
    }

    /// The envelope; read when asked for, because a long test keeps hundreds of thousands.
    pub fn event(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn was_taken(&self) -> bool {
        matches!(self.mode, Mode::Answer { status: 200..300, .. })
    }
}

/// The secret that this recipient was given: base64 of its code and padding.
pub fn secret(recipient: &str) -> String {
    format!("whsec_{recipient:A<32}")
}

/// Runs as long as it is kept.
pub struct Sink {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    arrivals: Mutex<Vec<Arrival>>,
    /// Counts whatever happens.
    changed: watch::Sender<usize>,
    modes: watch::Sender<HashMap<String, Mode>>,
}

impl Sink {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { arrivals: Mutex::default(), changed: watch::Sender::new(0), modes: watch::Sender::default() });
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self { address, shared, task }
    }

    /// From now on `recipient` answers so. Everybody takes everything until told otherwise.
    pub fn tell(&self, recipient: &str, mode: Mode) {
        self.shared.modes.send_modify(|modes| {
            modes.insert(recipient.to_owned(), mode);
        });
    }

    /// All there was, in order of arrival.
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.shared.arrivals.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.shared.arrivals.lock().unwrap().len()
    }

    /// What was taken, each delivery once, as a table that a person can read: `kind -> recipient`, sorted.
    pub fn taken(&self) -> Vec<String> {
        let mut ids = std::collections::HashSet::new();
        let taken = self.arrivals().into_iter().filter(|arrival| arrival.was_taken() && ids.insert(arrival.id));
        let mut table: Vec<_> = taken.map(|arrival| format!("{} -> {}", arrival.kind(), arrival.recipient)).collect();
        table.sort();
        table
    }

    /// Waits until what has arrived fulfils a condition, and answers what that found.
    pub async fn until<T>(&self, what: &str, mut found: impl FnMut(&[Arrival]) -> Option<T>) -> T {
        let mut changed = self.shared.changed.subscribe();
        let look = async {
            loop {
                changed.borrow_and_update();
                if let Some(found) = found(&self.shared.arrivals.lock().unwrap()) {
                    return found;
                }
                changed.changed().await.unwrap();
            }
        };
        let found = tokio::time::timeout(BOUND, look).await;
        found.unwrap_or_else(|_| panic!("{what}: not within {} s; what was taken: {:#?}", BOUND.as_secs(), self.taken()))
    }

    /// Waits until as many different deliveries have been taken.
    pub async fn until_taken(&self, count: usize) {
        let taken = |arrivals: &[Arrival]| {
            let ids: std::collections::HashSet<_> = arrivals.iter().filter(|each| each.was_taken()).map(|each| each.id).collect();
            (ids.len() >= count).then_some(())
        };
        self.until(&format!("{count} deliveries"), taken).await;
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves one connection; whatever goes wrong with it ends it.
async fn serve(mut stream: TcpStream, shared: Arc<Shared>) -> Option<()> {
    let mut buffer = Vec::new();
    loop {
        let (head, body) = read(&mut stream, &mut buffer).await?;
        let recipient = head.split(['/', ' ']).nth(2).unwrap_or_default().to_owned();
        let number = shared.keep(arrival(&head, body, recipient.clone()));
        let mode = shared.decided(&recipient).await?;
        // Before the answer leaves, so that whoever has seen the hub act on it finds it here.
        shared.answered(number, mode);
        match mode {
            Mode::Answer { status, retry_after } => {
                let wait = retry_after.map(|seconds| format!("Retry-After: {seconds}\r\n")).unwrap_or_default();
                let answer = format!("HTTP/1.1 {status} Answered\r\nContent-Length: 0\r\n{wait}\r\n");
                stream.write_all(answer.as_bytes()).await.ok()?;
            }
            Mode::Hang | Mode::Reset => {
                stream.set_zero_linger().ok()?;
                return None;
            }
        }
    }
}

impl Shared {
    fn keep(&self, arrival: Arrival) -> usize {
        let mut arrivals = self.arrivals.lock().unwrap();
        arrivals.push(arrival);
        self.changed.send_modify(|count| *count += 1);
        arrivals.len() - 1
    }

    fn answered(&self, number: usize, mode: Mode) {
        self.arrivals.lock().unwrap()[number].mode = mode;
        self.changed.send_modify(|count| *count += 1);
    }

    /// What to do, once it is something.
    async fn decided(&self, recipient: &str) -> Option<Mode> {
        let mut modes = self.modes.subscribe();
        let modes = modes.wait_for(|modes| modes.get(recipient) != Some(&Mode::Hang)).await.ok()?;
        Some(modes.get(recipient).copied().unwrap_or(TAKES))
    }
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(buffer[..end].to_vec()).ok()?;
            let length: usize = header(&head, "content-length").parse().ok()?;
            if buffer.len() >= end + 4 + length {
                let body = buffer[end + 4..end + 4 + length].to_vec();
                buffer.drain(..end + 4 + length);
                return Some((head, body));
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

/// A header's value, empty where it is not there; names in any case.
fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let mut lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    lines.find(|(each, _)| each.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
}

fn arrival(head: &str, body: Vec<u8>, recipient: String) -> Arrival {
    let mut headers = axum::http::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name, header(head, name).parse().unwrap());
    }
    let event: Value = serde_json::from_slice(&body).unwrap_or_default();
    let signed = standardwebhooks::Webhook::new(&secret(&recipient)).unwrap().verify(&body, &headers).is_ok();
    Arrival {
        id: header(head, "webhook-id").parse().unwrap_or_default(),
        signed,
        content_type: header(head, "content-type").to_owned(),
        traceparent: header(head, "traceparent").to_owned(),
        subject: event["subject"].as_str().and_then(|subject| subject.parse().ok()).unwrap_or_default(),
        sequence: event["data"]["sequence"].as_u64().unwrap_or_default(),
        kind: event["type"].as_str().unwrap_or_default().to_owned(),
        recipient,
        body,
        mode: Mode::Hang,
        at: Instant::now(),
    }
}
