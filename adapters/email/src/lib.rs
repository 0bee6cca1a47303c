//! Tells an organisation that has no system of its own, by e-mail, that something waits for it.
//!
//! Nothing of a child is in the e-mail: it says in words what waits, its reference (the obligation's id), the day by which to act,
//! and where to read it. So it is an alert and not the notice, and the outcome is `accepted`, not `delivered`: it is on its way by a
//! rail where somebody must come for what it speaks of. The recipient's acknowledgement completes it. However much it speaks of, it never grows.
//!
//! An endpoint of this rail:
//!
//! | field | meaning |
//! |---|---|
//! | `url` | `mailto:` and the address, as in `mailto:duty@council.example`; or leave it out and set `to` |
//! | setting `smtp` | the relay: `smtp://host:587` (STARTTLS) or `smtps://host:465` (TLS from the first byte) |
//! | setting `from` | the sender's address, with a name before it where wanted |
//! | setting `link` | where to read it, or whom to call: at most 300 characters |
//! | setting `username`, secret setting `password` | for the relay's login; both or neither |
//! | `allow_private` | a relay without TLS is used too: for one on the same machine or network |
//!
//! | the relay's answer | outcome | why |
//! |---|---|---|
//! | 2xx to the message | accepted, with its Message-ID as reference | the relay sends it on |
//! | 550, 551, 553 to the recipient's address | refused | there is no such mailbox; but not 5.7.x, which is the relay's policy |
//! | 4xx to anything | try later | greylisting, a full mailbox, a busy relay |
//! | every other 5xx | try later, in a quarter of an hour | our sender, login or text displeases the relay: a person mends it |
//! | no connection, no TLS, no answer in time | try later | all can be mended |
//!
//! A heartbeat asks the relay as far as its login, and sends nothing.
//!
//! `Message-ID` is made from the delivery's id, the same at every attempt, so that mail programs know a repeat. The relay is the
//! hub's own, so its address is not judged.

mod setup;
mod smtp;
mod text;

use crate::setup::Setup;
use domain::directory::Endpoint;
use domain::port::{Alert, Beat, BoxFuture, Deliver, Parcel, Report};
use domain::retry::AttemptOutcome;
use jiff::SignedDuration;
use std::time::Duration;

/// A fault of configuration waits for a person.
const MENDING_TIME: SignedDuration = SignedDuration::from_mins(15);
/// Longest sentence about an attempt.
const DETAIL_CHARS_MAX: usize = 200;

/// The rail. It holds nothing: each e-mail has a connection of its own, because there are few.
#[derive(Clone, Copy, Debug, Default)]
pub struct Email;

/// Why the relay did not take it.
pub(crate) struct Trouble {
    pub sentence: String,
    /// SMTP's.
    pub status: Option<u16>,
    pub weight: Weight,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Passing,
    /// Until a person changes something at our end.
    Standing,
    /// The recipient's address is none.
    NoSuchAddress,
}

impl Deliver for Email {
    fn name(&self) -> &'static str {
        "email"
    }

    fn check(&self, endpoint: &Endpoint) -> Vec<String> {
        setup::read(endpoint).err().unwrap_or_default()
    }

    fn deliver<'a>(&'a self, parcel: Parcel<'a>) -> BoxFuture<'a, Report> {
        Box::pin(async move { taken(attempt(&parcel).await) })
    }

    fn alert<'a>(&'a self, alert: Alert<'a>) -> BoxFuture<'a, Report> {
        Box::pin(async move { taken(tell(&alert).await) })
    }

    fn no_heartbeat(&self) -> Option<&'static str> {
        None
    }

    /// As far as the relay's login: a person's mailbox is no place for test events.
    fn heartbeat<'a>(&'a self, beat: Beat<'a>) -> BoxFuture<'a, Report> {
        Box::pin(async move {
            match try_out(beat.endpoint).await {
                Ok(()) => {
                    let receipt = "the relay is there".to_owned();
                    Report { detail: receipt.clone(), status: None, outcome: AttemptOutcome::Delivered { receipt } }
                }
                Err(trouble) => trouble.into_report(),
            }
        })
    }
}

fn taken(sent: Result<String, Trouble>) -> Report {
    match sent {
        Ok(reference) => Report {
            detail: format!("taken by the relay as {reference}"),
            status: Some(250),
            outcome: AttemptOutcome::Accepted { reference },
        },
        Err(trouble) => trouble.into_report(),
    }
}

async fn tell(alert: &Alert<'_>) -> Result<String, Trouble> {
    let setup = set_up(alert.endpoint)?;
    let (id, message) = text::alert(alert, &setup).map_err(|why| standing(format!("the e-mail could not be written: {why}")))?;
    in_time(alert.endpoint, &setup, smtp::send(&setup, &message)).await.map(|()| id)
}

/// The Message-ID of what the relay took.
async fn attempt(parcel: &Parcel<'_>) -> Result<String, Trouble> {
    let setup = set_up(parcel.endpoint)?;
    let (id, message) = text::compose(parcel, &setup).map_err(|why| standing(format!("the e-mail could not be written: {why}")))?;
    in_time(parcel.endpoint, &setup, smtp::send(&setup, &message)).await.map(|()| id)
}

async fn try_out(endpoint: &Endpoint) -> Result<(), Trouble> {
    let setup = set_up(endpoint)?;
    in_time(endpoint, &setup, smtp::try_out(&setup)).await
}

fn set_up(endpoint: &Endpoint) -> Result<Setup, Trouble> {
    setup::read(endpoint).map_err(|mistakes| standing(mistakes.join("; ")))
}

const fn standing(sentence: String) -> Trouble {
    Trouble { sentence, status: None, weight: Weight::Standing }
}

async fn in_time(endpoint: &Endpoint, setup: &Setup, work: impl Future<Output = Result<(), Trouble>>) -> Result<(), Trouble> {
    let seconds = endpoint.timeout_seconds.max(1);
    tokio::time::timeout(Duration::from_secs(seconds.into()), work).await.unwrap_or_else(|_| {
        let sentence = format!("the relay {} did not answer within {seconds} seconds", setup.host);
        Err(Trouble { sentence, status: None, weight: Weight::Passing })
    })
}

impl Trouble {
    fn into_report(self) -> Report {
        let printable = self.sentence.chars().map(|c| if c.is_control() { ' ' } else { c });
        let why: String = printable.take(DETAIL_CHARS_MAX).collect();
        let outcome = match self.weight {
            Weight::Passing => AttemptOutcome::TryLater { after: None, why: why.clone() },
            Weight::Standing => AttemptOutcome::TryLater { after: Some(MENDING_TIME), why: why.clone() },
            Weight::NoSuchAddress => AttemptOutcome::Refused { why: why.clone() },
        };
        Report { outcome, status: self.status, detail: why }
    }
}
