//! Receivers that answer at once, and remember what came first and what came twice.
//!
//! Plain HTTP/1.1 over tokio: a framework's share of the two cores would be the hub's loss. It reads what the hub's client
//! sends (a length, no chunks) and breaks off at anything else.

use super::documents::{DELIVERIES, MARK};
use domain::Code;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use uuid::Uuid;

const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
/// No delivery is near this; a sender that has no end of a head is no hub.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// Without one more delivery for this long, the rest is taken for lost: longer than the hub's waits for a first retry.
const PATIENCE: Duration = Duration::from_secs(30);

/// One listener per organisation, as in real life: connections are not shared between them.
pub struct Sinks {
    addresses: BTreeMap<Code, SocketAddr>,
    arrivals: Arc<Arrivals>,
}

/// What came of the run that is on.
#[derive(Default)]
struct Arrivals {
    run: Mutex<Run>,
    complete: Notify,
}

#[derive(Default)]
struct Run {
    number: u32,
    messages: Vec<Message>,
    deliveries: HashSet<Uuid>,
    expected: usize,
    duplicates: u64,
    /// POSTs that belong to no message of this run.
    strangers: u64,
    first: Option<Instant>,
    last: Option<Instant>,
}

/// When the deliveries of one message came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Message {
    pub told: u32,
    pub first: Option<Instant>,
    pub last: Option<Instant>,
}

/// A run, complete.
#[derive(Debug)]
pub struct Arrived {
    pub messages: Vec<Message>,
    pub deliveries: usize,
    pub first: Instant,
    pub last: Instant,
}

impl Sinks {
    pub async fn start(organisations: BTreeSet<Code>) -> Result<Self, String> {
        let arrivals = Arc::new(Arrivals::default());
        let mut addresses = BTreeMap::new();
        for organisation in organisations {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await;
            let bound = listener.and_then(|listener| listener.local_addr().map(|address| (listener, address)));
            let (listener, address) = bound.map_err(|error| format!("no port on 127.0.0.1 can be listened on: {error}"))?;
            addresses.insert(organisation, address);
            tokio::spawn(accept(listener, Arc::clone(&arrivals)));
        }
        Ok(Self { addresses, arrivals })
    }

    pub fn addresses(&self) -> &BTreeMap<Code, SocketAddr> {
        &self.addresses
    }

    /// From here on, `messages` messages of the run `number` are waited for.
    pub fn expect(&self, number: u32, messages: u32) {
        let expected = messages as usize * DELIVERIES as usize;
        let messages = vec![Message::default(); messages as usize];
        *self.arrivals.locked() = Run { number, messages, expected, deliveries: HashSet::with_capacity(expected), ..Run::default() };
    }

    /// Waits for every delivery of the run.
    pub async fn arrived(&self) -> Result<Arrived, String> {
        let mut before = 0;
        loop {
            let complete = tokio::time::timeout(PATIENCE, self.arrivals.complete.notified()).await.is_ok();
            let run = self.arrivals.locked();
            let count = run.deliveries.len();
            if complete || count == run.expected {
                break;
            }
            if count == before {
                return Err(format!("{count} of {} deliveries arrived, and in {} s no other", run.expected, PATIENCE.as_secs()));
            }
            before = count;
        }
        self.arrivals.take()
    }

    /// What came after the run was complete, and must not have.
    pub fn check_quiet(&self) -> Result<(), String> {
        match self.arrivals.locked().strangers {
            0 => Ok(()),
            count => Err(format!("{count} deliveries came a second time, or belong to no message of this run")),
        }
    }
}

impl Arrivals {
    fn note(&self, request: &Request) {
        let now = Instant::now();
        let mut guard = self.locked();
        let run = &mut *guard;
        let message = request.message.filter(|(number, _)| *number == run.number);
        let Some(message) = message.and_then(|(_, message)| run.messages.get_mut(message as usize)) else {
            run.strangers += 1;
            return;
        };
        if !run.deliveries.insert(request.delivery) {
            run.duplicates += 1;
            return;
        }
        message.told += 1;
        message.first.get_or_insert(now);
        message.last = Some(now);
        run.first.get_or_insert(now);
        run.last = Some(now);
        if run.deliveries.len() == run.expected {
            self.complete.notify_one();
        }
    }

    /// Ends the run: what comes from here on is a stranger.
    fn take(&self) -> Result<Arrived, String> {
        let run = std::mem::take(&mut *self.locked());
        if run.duplicates > 0 || run.strangers > 0 {
            return Err(format!("{} deliveries came twice and {} belong to no message of this run", run.duplicates, run.strangers));
        }
        let uneven = run.messages.iter().filter(|message| message.told != DELIVERIES).count();
        let (Some(first), Some(last), 0) = (run.first, run.last, uneven) else {
            return Err(format!("{uneven} messages did not cause {DELIVERIES} deliveries each"));
        };
        Ok(Arrived { messages: run.messages, deliveries: run.deliveries.len(), first, last })
    }

    fn locked(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn accept(listener: TcpListener, arrivals: Arc<Arrivals>) {
    while let Ok((stream, _)) = listener.accept().await {
        let arrivals = Arc::clone(&arrivals);
        tokio::spawn(async move {
            // A sender that breaks off shows in what is missing.
            let _ = serve(stream, &arrivals).await;
        });
    }
}

async fn serve(mut stream: TcpStream, arrivals: &Arrivals) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(8 * 1024);
    loop {
        while let Some(request) = Request::parse(&buffer)? {
            arrivals.note(&request);
            stream.write_all(ANSWER).await?;
            buffer.drain(..request.length);
        }
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
    }
}

/// A POST, whole.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    delivery: Uuid,
    /// Run and number of the message that caused it.
    message: Option<(u32, u32)>,
    /// Bytes of head and body.
    length: usize,
}

impl Request {
    /// None where more is to come.
    fn parse(buffer: &[u8]) -> io::Result<Option<Self>> {
        let Some(head) = find(buffer, b"\r\n\r\n") else {
            return if buffer.len() > REQUEST_BYTES_MAX { Err(io::ErrorKind::InvalidData.into()) } else { Ok(None) };
        };
        let (mut body_bytes, mut delivery) = (None, None);
        for line in buffer[..head].split(|byte| *byte == b'\n').skip(1) {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
            if name.eq_ignore_ascii_case(b"content-length") {
                body_bytes = std::str::from_utf8(value).ok().and_then(|text| text.parse::<usize>().ok());
            } else if name.eq_ignore_ascii_case(b"webhook-id") {
                delivery = Uuid::try_parse_ascii(value).ok();
            }
        }
        let (Some(body_bytes), Some(delivery)) = (body_bytes.filter(|bytes| *bytes <= REQUEST_BYTES_MAX), delivery) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let length = head + 4 + body_bytes;
        Ok(buffer.get(head + 4..length).map(|body| Self { delivery, message: marked(body), length }))
    }
}

/// Run and number, from the placement's id.
fn marked(body: &[u8]) -> Option<(u32, u32)> {
    let key = b"\"id\":\"BENCH-";
    let rest = &body[find(body, key)? + key.len()..];
    let id = std::str::from_utf8(&rest[..rest.iter().position(|byte| *byte == b'"')?]).ok()?;
    let (run, number) = id.split_once('-')?;
    Some((run.parse().ok()?, number.parse().ok()?))
}

const _: () = assert!(MARK.len() == 6, "`marked` looks for this mark");

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    let first = *what.first()?;
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|byte| *byte == first) {
        if text[from + at..].starts_with(what) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(id: Uuid, body: &str) -> Vec<u8> {
        format!("POST /in HTTP/1.1\r\nhost: x\r\nContent-Length: {}\r\nWebhook-Id: {id}\r\n\r\n{body}", body.len()).into_bytes()
    }

    #[test]
    fn a_request_is_read_however_it_is_cut() {
        let id = Uuid::from_u128(7);
        let whole = post(id, r#"{"data":{"placement":{"id":"BENCH-3-41"}}}"#);
        for cut in 0..whole.len() {
            assert_eq!(Request::parse(&whole[..cut]).unwrap(), None, "{cut}");
        }
        let two = [whole.clone(), whole.clone()].concat();
        assert_eq!(Request::parse(&two).unwrap(), Some(Request { delivery: id, message: Some((3, 41)), length: whole.len() }));
        assert!(Request::parse(b"POST /in HTTP/1.1\r\nhost: x\r\n\r\n").is_err());
    }

    #[tokio::test]
    async fn every_delivery_counts_once_and_a_second_one_is_told() {
        let sinks = Sinks::start([Code::new("QKS").unwrap()].into()).await.unwrap();
        let address = *sinks.addresses().values().next().unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut send = async |id: u128, run: u32| {
            let body = format!(r#"{{"data":{{"placement":{{"id":"BENCH-{run}-0"}}}}}}"#);
            stream.write_all(&post(Uuid::from_u128(id), &body)).await.unwrap();
            let mut answer = [0; ANSWER.len()];
            stream.read_exact(&mut answer).await.unwrap();
        };
        sinks.expect(1, 1);
        for id in 0..3 {
            send(id, 1).await;
        }
        let arrived = sinks.arrived().await.unwrap();
        assert_eq!((arrived.deliveries, arrived.messages[0].told), (3, 3));
        assert!(sinks.check_quiet().is_ok());
        sinks.expect(2, 1);
        for id in [0, 1, 1, 2] {
            send(id, 2).await;
        }
        assert!(sinks.arrived().await.unwrap_err().contains("1 deliveries came twice"));
        send(9, 1).await;
        assert!(sinks.check_quiet().is_err());
    }
}
