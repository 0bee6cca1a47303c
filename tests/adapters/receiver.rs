//! A webhook receiver on loopback that answers as it is told, byte for byte, and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a receiver does with each request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These bytes, and the connection stays.
    Bytes(String),
    /// Nothing, ever.
    Hang,
    /// These bytes, then one more byte after the other for ever.
    Drip(String),
    /// These bytes, then the connection is reset.
    Reset(String),
    /// These bytes, then as many more as are taken.
    Endless(String),
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub head: String,
    pub body: Vec<u8>,
    /// Whether it was answered with a 2xx, or will be.
    pub taken: bool,
}

pub struct Receiver {
    pub address: SocketAddr,
    manner: Arc<Mutex<Manner>>,
    requests: Arc<Mutex<Vec<Request>>>,
    connections: Arc<Mutex<usize>>,
    task: tokio::task::JoinHandle<()>,
}

/// What a receiver does with a request, by its body.
type Manner = Box<dyn Fn(&[u8]) -> Answer + Send>;

/// `status` with a body and the right length.
pub fn answer(status: &str, headers: &str, body: &str) -> Answer {
    Answer::Bytes(format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len()))
}

impl Receiver {
    pub async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, connections) = (Arc::<Mutex<Vec<Request>>>::default(), Arc::<Mutex<usize>>::default());
        let manner = Arc::new(Mutex::new(always(answer)));
        let (seen, opened, told) = (Arc::clone(&requests), Arc::clone(&connections), Arc::clone(&manner));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *opened.lock().unwrap() += 1;
                tokio::spawn(serve(stream, Arc::clone(&told), Arc::clone(&seen)));
            }
        });
        Self { address, manner, requests, connections, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// From now on it answers so.
    pub fn tell(&self, answer: Answer) {
        *self.manner.lock().unwrap() = always(answer);
    }

    /// From now on it takes bodies of at most so many bytes.
    pub fn take_at_most(&self, bytes: usize) {
        let status = move |body: &[u8]| if body.len() > bytes { "413 Content Too Large" } else { "200 OK" };
        *self.manner.lock().unwrap() = Box::new(move |body| answer(status(body), "", ""));
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

fn always(answer: Answer) -> Manner {
    Box::new(move |_| answer.clone())
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Request {
    /// A header's value; names in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.find(|(each, _)| each.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Serves one connection; whatever goes wrong with it ends it.
async fn serve(mut stream: TcpStream, told: Arc<Mutex<Manner>>, seen: Arc<Mutex<Vec<Request>>>) {
    let mut buffer = Vec::new();
    while let Some(mut request) = read(&mut stream, &mut buffer).await {
        let answer = (told.lock().unwrap())(&request.body);
        request.taken = matches!(&answer, Answer::Bytes(bytes) if bytes.starts_with("HTTP/1.1 2"));
        seen.lock().unwrap().push(request);
        if respond(&mut stream, &answer).await.is_none() {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Request> {
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(buffer[..end].to_vec()).ok()?;
            let mut request = Request { head, body: Vec::new(), taken: false };
            let length: usize = request.header("content-length").unwrap_or("0").parse().ok()?;
            if buffer.len() >= end + 4 + length {
                request.body = buffer[end + 4..end + 4 + length].to_vec();
                buffer.drain(..end + 4 + length);
                return Some(request);
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

/// Whether the connection can take another request.
async fn respond(stream: &mut TcpStream, answer: &Answer) -> Option<()> {
    match answer {
        Answer::Bytes(bytes) => stream.write_all(bytes.as_bytes()).await.ok(),
        Answer::Hang => std::future::pending().await,
        Answer::Drip(bytes) => {
            stream.write_all(bytes.as_bytes()).await.ok()?;
            let mut drops = tokio::time::interval(Duration::from_millis(100));
            loop {
                drops.tick().await;
                stream.write_all(b"x").await.ok()?;
            }
        }
        Answer::Reset(bytes) => {
            stream.write_all(bytes.as_bytes()).await.ok()?;
            stream.set_zero_linger().ok()?;
            None
        }
        Answer::Endless(bytes) => {
            stream.write_all(bytes.as_bytes()).await.ok()?;
            loop {
                stream.write_all(&[b'x'; 4_096]).await.ok()?;
            }
        }
    }
}
