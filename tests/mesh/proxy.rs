//! A road to the sandbox that breaks where it is told to: the request arrives, its answer does not.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub struct Proxy {
    address: String,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    /// The first line of each request.
    requests: Mutex<Vec<String>>,
    /// The answer to the next request whose first line holds this is lost.
    losing: Mutex<Option<String>>,
}

impl Proxy {
    pub async fn to(far_end: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared::default());
        let (serving, far_end) = (Arc::clone(&shared), far_end.to_owned());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let far = TcpStream::connect(&far_end).await.unwrap();
                tokio::spawn(carry(stream, far, Arc::clone(&serving)));
            }
        });
        Self { address, shared, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn lose_answer_to(&self, piece: &str) {
        *self.shared.losing.lock().unwrap() = Some(piece.to_owned());
    }

    /// The requests since the last look, as `POST /outbox`: without the mailbox before and what follows the address.
    pub fn requests(&self) -> Vec<String> {
        let lines = std::mem::take(&mut *self.shared.requests.lock().unwrap());
        let short = |line: String| line.replace("/messageexchange/X26ABC1", "").replace(" HTTP/1.1", "").trim_end().to_owned();
        lines.into_iter().map(short).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A client writes its next request only after the last answer, so what begins with a method is a request.
async fn carry(mut near: TcpStream, mut far: TcpStream, shared: Arc<Shared>) -> Option<()> {
    let (mut up, mut down, mut lost) = (vec![0; 65_536], vec![0; 65_536], false);
    loop {
        tokio::select! {
            read = near.read(&mut up) => {
                let bytes = &up[..read.ok().filter(|read| *read > 0)?];
                if let Some(line) = request_line(bytes) {
                    lost = shared.is_lost(&line);
                    shared.requests.lock().unwrap().push(line);
                }
                far.write_all(bytes).await.ok()?;
            }
            read = far.read(&mut down) => {
                let bytes = &down[..read.ok().filter(|read| *read > 0)?];
                if lost {
                    return None;
                }
                near.write_all(bytes).await.ok()?;
            }
        }
    }
}

impl Shared {
    fn is_lost(&self, line: &str) -> bool {
        self.losing.lock().unwrap().take_if(|piece| line.contains(piece.as_str())).is_some()
    }
}

fn request_line(bytes: &[u8]) -> Option<String> {
    let method = [&b"GET "[..], b"POST ", b"PUT "].iter().any(|method| bytes.starts_with(method));
    let end = bytes.iter().position(|byte| *byte == b'\r')?;
    method.then(|| String::from_utf8_lossy(&bytes[..end]).into_owned())
}
