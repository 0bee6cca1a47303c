//! A road to a real far end that goes wrong where it is told to: the request arrives, and its answer is late or lost; or few
//! may travel at once. What travels is TCP, so every rail can take it.

use super::door::within;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub struct Road {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    /// The first line of each HTTP request.
    requests: Mutex<Vec<String>>,
    /// What becomes of the answer to the next bytes that hold this.
    plan: Mutex<Option<(String, Fate)>>,
    /// Connections at once; more are reset.
    places: usize,
    traffic: watch::Sender<Traffic>,
}

/// What becomes of an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Arrives,
    IsLost,
    IsHeld,
}

#[derive(Default)]
struct Traffic {
    connections: usize,
    /// Whether an answer stands waiting, and whether such may pass.
    holding: bool,
    free: bool,
}

impl Road {
    pub async fn to(far_end: &str) -> Self {
        Self::for_at_most(far_end, usize::MAX).await
    }

    /// For so many connections at once; the others are reset as soon as they are made.
    pub async fn for_at_most(far_end: &str, places: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { requests: Mutex::default(), plan: Mutex::default(), places, traffic: watch::Sender::default() });
        let (serving, far_end) = (Arc::clone(&shared), far_end.to_owned());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                match (Place::take(&serving), TcpStream::connect(&far_end).await) {
                    (Some(place), Ok(far)) => drop(tokio::spawn(carry(stream, far, place))),
                    _ => _ = stream.set_zero_linger(),
                }
            }
        });
        Self { address, shared, task }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The far end answers what holds this piece, and the connection breaks before the answer is through: once.
    pub fn lose_answer_to(&self, piece: &str) {
        *self.shared.plan.lock().unwrap() = Some((piece.to_owned(), Fate::IsLost));
    }

    /// The far end answers what holds this piece, and the answer waits on the road until it is let go: once.
    pub fn hold_answer_to(&self, piece: &str) {
        self.shared.traffic.send_modify(|traffic| (traffic.holding, traffic.free) = (false, false));
        *self.shared.plan.lock().unwrap() = Some((piece.to_owned(), Fate::IsHeld));
    }

    /// Until an answer waits: the far end has taken what it is about.
    pub async fn until_held(&self) {
        self.until("an answer on the road", |traffic| traffic.holding).await;
    }

    pub fn let_go(&self) {
        self.shared.traffic.send_modify(|traffic| traffic.free = true);
    }

    /// Until whoever sent by it has hung up.
    pub async fn until_empty(&self) {
        self.until("an empty road", |traffic| traffic.connections == 0).await;
    }

    async fn until(&self, what: &str, is_so: impl FnMut(&Traffic) -> bool) {
        let mut traffic = self.shared.traffic.subscribe();
        within(what, traffic.wait_for(is_so)).await.unwrap();
    }

    /// The requests since the last look, as `POST /outbox`: without the mailbox before and what follows the address.
    pub fn requests(&self) -> Vec<String> {
        let lines = std::mem::take(&mut *self.shared.requests.lock().unwrap());
        let short = |line: String| line.replace("/messageexchange/X26ABC1", "").replace(" HTTP/1.1", "").trim_end().to_owned();
        lines.into_iter().map(short).collect()
    }
}

impl Drop for Road {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One connection's right to the road.
struct Place(Arc<Shared>);

impl Place {
    fn take(shared: &Arc<Shared>) -> Option<Self> {
        let free = |traffic: &mut Traffic| {
            let free = traffic.connections < shared.places;
            traffic.connections += usize::from(free);
            free
        };
        shared.traffic.send_if_modified(free).then(|| Self(Arc::clone(shared)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.traffic.send_modify(|traffic| traffic.connections -= 1);
    }
}

/// A client writes its next request only after the last answer, so what begins with a method is a request.
async fn carry(mut near: TcpStream, mut far: TcpStream, place: Place) -> Option<()> {
    let shared = &place.0;
    let (mut up, mut down, mut fate) = (vec![0; 65_536], vec![0; 65_536], Fate::Arrives);
    loop {
        tokio::select! {
            read = near.read(&mut up) => {
                let bytes = &up[..read.ok().filter(|read| *read > 0)?];
                shared.requests.lock().unwrap().extend(request_line(bytes));
                fate = shared.fate_after(bytes).unwrap_or(fate);
                far.write_all(bytes).await.ok()?;
            }
            read = far.read(&mut down) => {
                let bytes = &down[..read.ok().filter(|read| *read > 0)?];
                match fate {
                    Fate::Arrives => {}
                    Fate::IsLost => return None,
                    Fate::IsHeld => shared.hold(&mut near).await?,
                }
                fate = Fate::Arrives;
                near.write_all(bytes).await.ok()?;
            }
        }
    }
}

impl Shared {
    /// What follows from the plan, where these bytes are those that it waits for.
    fn fate_after(&self, bytes: &[u8]) -> Option<Fate> {
        let holds = |(piece, _): &mut (String, Fate)| bytes.windows(piece.len()).any(|window| window == piece.as_bytes());
        self.plan.lock().unwrap().take_if(holds).map(|(_, fate)| fate)
    }

    /// Until it is let go; none where the sender hangs up before.
    async fn hold(&self, near: &mut TcpStream) -> Option<()> {
        let mut traffic = self.traffic.subscribe();
        self.traffic.send_modify(|traffic| traffic.holding = true);
        let mut ignored = [0; 1_024];
        loop {
            tokio::select! {
                freed = traffic.wait_for(|traffic| traffic.free) => return freed.ok().map(drop),
                // A heartbeat is not an end.
                read = near.read(&mut ignored) => {
                    read.ok().filter(|read| *read > 0)?;
                }
            }
        }
    }
}

fn request_line(bytes: &[u8]) -> Option<String> {
    let method = [&b"GET "[..], b"POST ", b"PUT "].iter().any(|method| bytes.starts_with(method));
    let end = bytes.iter().position(|byte| *byte == b'\r')?;
    method.then(|| String::from_utf8_lossy(&bytes[..end]).into_owned())
}
