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
}

pub struct Receiver {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    connections: Arc<Mutex<usize>>,
    task: tokio::task::JoinHandle<()>,
}

/// `status` with a body and the right length.
pub fn answer(status: &str, headers: &str, body: &str) -> Answer {
    Answer::Bytes(format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len()))
}

impl Receiver {
    pub async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, connections) = (Arc::<Mutex<Vec<Request>>>::default(), Arc::<Mutex<usize>>::default());
        let (seen, opened) = (Arc::clone(&requests), Arc::clone(&connections));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *opened.lock().unwrap() += 1;
                tokio::spawn(serve(stream, answer.clone(), Arc::clone(&seen)));
            }
        });
        Self { address, requests, connections, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
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
async fn serve(mut stream: TcpStream, answer: Answer, seen: Arc<Mutex<Vec<Request>>>) {
    let mut buffer = Vec::new();
    while let Some(request) = read(&mut stream, &mut buffer).await {
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
            let mut request = Request { head, body: Vec::new() };
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
