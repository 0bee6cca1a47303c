//! Delivers by MESH, the NHS's mailboxes, and reads the hub's own.
//!
//! A delivery is one message to the recipient's mailbox: the CloudEvents envelope, compressed, in chunks where it is large. MESH
//! takes it and answers with an id; the recipient collects it when it likes. So an attempt ends as *accepted*, and only the
//! hub's own mailbox tells the rest: [`Mailbox`].
//!
//! | what happens | outcome | why |
//! |---|---|---|
//! | 202 to the last chunk | accepted, with MESH's id | it waits for the recipient |
//! | a later attempt finds the message at MESH | accepted, or delivered where it is collected already | nothing is sent twice |
//! | 413, 415, 422 to the message | refused | the same bytes again help nobody |
//! | 403 | try later, in a quarter of an hour | password, shared key, certificate or clock: a person mends it |
//! | 417 code 12, 17; 400, 404, 410 and other faults of settings | try later, in a quarter of an hour | mailbox or workflow is wrong here or not registered there |
//! | 425, 429, 502, 503, 504 | try later, `Retry-After` obeyed | MESH is busy, or something before it is |
//! | other 5xx, in JSON or SOAP | try later | MESH failed |
//! | time-out or broken connection | try later, after half a minute | the message may have arrived, and MESH is asked before it is sent again |
//! | no connection, unknown name, TLS failure | try later | all can be mended |
//!
//! MESH is asked by the local id, which is the delivery's id. A message that MESH gave up keeps its local id, so the next has a
//! number at its end; MESH's reports carry it back ([`Report::delivery`]). One doubt is left: a request that MESH is still working on
//! half a minute after its connection broke arrives twice. The envelope's id tells the recipient so.
//!
//! Settings of an endpoint: `url` is MESH's base address; `mailbox` the recipient's, `workflow`, `own_mailbox` the hub's; in files `password`,
//! `shared_key`, and for mutual TLS `client_certificate`, `client_key` and, where MESH's certificate is not signed by an authority of the
//! system's, `ca` (all PEM).
//!
//! A heartbeat is the handshake of the hub's own mailbox.
//!
//! # The loop of the hub's own mailbox
//!
//! At most every five minutes, and at least once a day: MESH closes mailboxes that nobody looks into. For each of [`Mesh::mailboxes`]:
//!
//! 1. [`Mailbox::inbox`], and each message by [`Mailbox::read`]. A [`Received::Message`] is received like any other document, its
//!    publisher being the organisation whose endpoint has the mailbox `from`; a [`Received::Report`] makes its delivery due again.
//!    **Recorded first, acknowledged then** ([`Mailbox::acknowledge`]): a crash between repeats the message, and the ledger knows it. What is
//!    refused, too large or unreadable is recorded as refused and acknowledged too, or it stands before the others for ever.
//! 2. [`Mailbox::track`] for every delivery that is accepted, by its reference: `Acknowledged` is delivered; `Error` and `Gone` make it due again.
//!
//! `Report` and `Error` may both tell of the same message; whichever comes second finds the delivery moved on.

mod account;
mod chunks;
mod fault;
mod line;
mod mailbox;
mod post;
mod send;
mod token;
mod tracking;

pub use fault::{Answered, Fault};
pub use mailbox::{Mailbox, Message, Received, Report};
pub use tracking::Tracked;

use chunks::Chunks;
use domain::directory::Endpoint;
use domain::port::{self, Beat, BoxFuture, Certificate, Deliver, Parcel};
use domain::retry::AttemptOutcome;
use http_client::excerpt;
use jiff::Timestamp;
use line::Lines;
use send::{Sending, Sent};
use std::time::Duration;

/// MESH takes 100 MB a request, and gzip may add a little to what does not compress.
const CHUNK_BYTES: usize = 99_000_000;
/// MESH asks its users to call no more often.
const HEARTBEAT_MINUTES_MIN: u32 = 5;
/// What the hub takes by any intake.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// The rail. Cheap to share; it holds one line per mailbox of the hub's.
pub struct Mesh {
    lines: Lines,
    chunk_bytes: usize,
}

impl Default for Mesh {
    fn default() -> Self {
        Self::new()
    }
}

impl Mesh {
    #[must_use]
    pub fn new() -> Self {
        Self::with_chunks_of(CHUNK_BYTES)
    }

    /// With chunks of so many bytes, before compression.
    #[must_use]
    pub fn with_chunks_of(chunk_bytes: usize) -> Self {
        Self { lines: Lines::default(), chunk_bytes }
    }

    /// The hub's mailbox behind an endpoint.
    ///
    /// # Errors
    /// Where the endpoint's settings are wrong. Nothing is sent yet.
    pub fn mailbox(&self, endpoint: &Endpoint, now: Timestamp) -> Result<Mailbox, Fault> {
        let (account, _) = account::read(endpoint).map_err(|wrong| Fault::Settings(wrong.join("; ")))?;
        Ok(Mailbox::new(self.lines.line(account), now, timeout(endpoint), MESSAGE_BYTES_MAX))
    }

    /// Each mailbox of the hub's that is behind some of these endpoints, once. Endpoints of other rails and those whose settings are
    /// wrong are passed over: the directory's check has told of them.
    #[must_use]
    pub fn mailboxes(&self, endpoints: &[Endpoint], now: Timestamp) -> Vec<Mailbox> {
        let mut seen = std::collections::HashSet::new();
        let ours = endpoints.iter().filter(|endpoint| endpoint.adapter == self.name());
        let read = ours.filter_map(|endpoint| Some((endpoint, account::read(endpoint).ok()?.0)));
        let once = read.filter(|(_, account)| seen.insert((account.url.clone(), account.mailbox.clone())));
        once.map(|(endpoint, account)| Mailbox::new(self.lines.line(account), now, timeout(endpoint), MESSAGE_BYTES_MAX)).collect()
    }

    async fn greet(&self, beat: &Beat<'_>) -> Result<(), Fault> {
        let (account, _) = account::read(beat.endpoint).map_err(|wrong| Fault::Settings(wrong.join("; ")))?;
        self.lines.line(account).handshake(beat.now, timeout(beat.endpoint)).await
    }

    async fn attempt(&self, parcel: &Parcel<'_>) -> Result<Sent, Fault> {
        let (account, to) = account::read(parcel.endpoint).map_err(|wrong| Fault::Settings(wrong.join("; ")))?;
        let call = self.lines.line(account).call(parcel.now, timeout(parcel.endpoint)).await?;
        let chunks = Chunks::new(parcel.body, self.chunk_bytes);
        Sending { call: &call, to, parcel, chunks }.send().await
    }
}

impl Deliver for Mesh {
    fn name(&self) -> &'static str {
        "mesh"
    }

    fn check(&self, endpoint: &Endpoint) -> Vec<String> {
        let mut wrong = account::read(endpoint).err().unwrap_or_default();
        if endpoint.agreed.heartbeat_minutes.is_some_and(|minutes| minutes < HEARTBEAT_MINUTES_MIN) {
            wrong.push(format!("heartbeat_minutes: MESH is asked at most every {HEARTBEAT_MINUTES_MIN} minutes"));
        }
        wrong
    }

    fn certificates(&self, endpoint: &Endpoint) -> Vec<Certificate> {
        account::certificates(endpoint)
    }

    fn no_heartbeat(&self) -> Option<&'static str> {
        None
    }

    /// The handshake of the hub's own mailbox. A message would cost the recipient a download each time.
    fn heartbeat<'a>(&'a self, beat: Beat<'a>) -> BoxFuture<'a, port::Report> {
        Box::pin(async move {
            match self.greet(&beat).await {
                Ok(()) => {
                    let receipt = "handshake".to_owned();
                    port::Report { detail: receipt.clone(), status: Some(200), outcome: AttemptOutcome::Delivered { receipt } }
                }
                Err(fault) => failed(&fault),
            }
        })
    }

    fn deliver<'a>(&'a self, parcel: Parcel<'a>) -> BoxFuture<'a, port::Report> {
        Box::pin(async move {
            match self.attempt(&parcel).await {
                Ok((outcome, status)) => port::Report { detail: detail(&outcome, status), status: Some(status), outcome },
                Err(fault) => failed(&fault),
            }
        })
    }
}

fn timeout(endpoint: &Endpoint) -> Duration {
    Duration::from_secs(u64::from(endpoint.timeout_seconds.max(1)))
}

fn detail(outcome: &AttemptOutcome, status: u16) -> String {
    match outcome {
        AttemptOutcome::Accepted { reference } => format!("{status} {reference}"),
        AttemptOutcome::Delivered { receipt } => format!("{status} {receipt} is collected already"),
        _ => status.to_string(),
    }
}

fn failed(fault: &Fault) -> port::Report {
    let why = excerpt::bounded(&fault.to_string());
    let outcome = match fault {
        Fault::Refused(_) => AttemptOutcome::Refused { why: why.clone() },
        _ => AttemptOutcome::TryLater { after: fault.after(), why: why.clone() },
    };
    port::Report { outcome, status: fault.status(), detail: why }
}
