//! Delivers by HL7 FHIR R4: one `POST {url}/$process-message` of a message Bundle per attempt, as the NHS's Booking and
//! Referral Standard (BaRS) has it.
//!
//! | delivery | focus |
//! |---|---|
//! | arrival and end notice, correction | Communication, `completed`, about the stay, the needs and the contacts |
//! | notice withdrawal | Communication, `entered-in-error` |
//! | referral | ServiceRequest, `active`, intent `plan`; a BaRS message, reason `new`, or `update` where it supersedes one |
//! | referral withdrawal | ServiceRequest, `revoked`; reason `update` |
//! | reclaim, reclaim withdrawal | Task `reclaim`, `requested` or `cancelled`, without a patient |
//! | task for a worker | Task for the authority, focused on the referral by its reference |
//!
//! [`bundle`] is a pure function of envelope and terms: every attempt sends the same bytes. The way back is [`referral_update`].
//! Identifiers and code lists are in [`codes`].
//!
//! | answer | outcome | why |
//! |---|---|---|
//! | 2xx | delivered | the receiver has it, even if the rest of its answer is lost |
//! | 410 | gone | it wants nothing at this address any more |
//! | 400, 405, 406, 411, 413, 414, 415, 422, 431 | refused | it read this request and will never take it |
//! | 429, 502, 503, 504 | try later, `Retry-After` obeyed | it is busy, or something before it is |
//! | every other status, no answer | try later | a token, a path, a deployment: all can be mended |
//! | endpoint or envelope that can't be used | try later, in a quarter of an hour | nothing was sent; a person mends it |
//!
//! A heartbeat is `GET {url}/metadata`, the CapabilityStatement.
//!
//! Of an OperationOutcome only the codes are kept. Address, redirects, proxies and TLS are judged as for every rail: `http-client`.

mod answer;
mod bundle;
pub mod codes;
mod envelope;
mod notice;
mod outcome;
mod parts;
mod reclaim;
mod referral;
mod request;
mod settings;
mod task;
mod update;

pub use bundle::bundle;
pub use outcome::{Issue, Reason, Refusal, refusal, taken};
pub use settings::Terms;
pub use update::referral_update;

use domain::delivery::Kind;
use domain::directory::Endpoint;
use domain::port::{Beat, BoxFuture, Deliver, Parcel, Report};
use domain::retry::AttemptOutcome;
use http_client::{Pool, Unanswered, excerpt};
use jiff::SignedDuration;

/// A fault of configuration waits for a person.
const MENDING_TIME: SignedDuration = SignedDuration::from_mins(15);

/// The rail. Cheap to share; it holds one connection pool per origin.
#[derive(Debug, Default)]
pub struct Fhir {
    clients: Pool,
}

/// Why an envelope became no bundle. No word of the envelope is in it.
#[derive(Debug, thiserror::Error)]
pub enum Unmappable {
    #[error("the envelope can't be read: this is a fault of the hub, report it")]
    Envelope,
    #[error("the envelope's type is none that FHIR has a shape for: this is a fault of the hub, report it")]
    Kind,
    #[error("the data of this {0} has another shape than expected: this is a fault of the hub, report it")]
    Data(Kind),
    #[error("the claim's amount can't be written as a decimal: this is a fault of the hub, report it")]
    Amount,
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the endpoint can't be used: {0}")]
    Endpoint(String),
    #[error(transparent)]
    Unmappable(#[from] Unmappable),
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
}

impl Fhir {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    async fn attempt(&self, parcel: Parcel<'_>) -> Result<Report, Fault> {
        let terms = Terms::of(parcel.endpoint).map_err(|wrong| Fault::Endpoint(wrong.join("; ")))?;
        let body = bundle(parcel.body, &terms)?;
        let response = request::post(&self.clients, &parcel, &terms, body).await?;
        Ok(answer::read(response, parcel.body, parcel.now).await)
    }
}

impl Deliver for Fhir {
    fn name(&self) -> &'static str {
        "fhir"
    }

    fn check(&self, endpoint: &Endpoint) -> Vec<String> {
        settings::mistakes(endpoint)
    }

    fn deliver<'a>(&'a self, parcel: Parcel<'a>) -> BoxFuture<'a, Report> {
        Box::pin(async move { self.attempt(parcel).await.unwrap_or_else(Fault::into_report) })
    }

    fn no_heartbeat(&self) -> Option<&'static str> {
        None
    }

    /// FHIR has no test message: the server is asked what it can do, which it must always be able to say.
    fn heartbeat<'a>(&'a self, beat: Beat<'a>) -> BoxFuture<'a, Report> {
        Box::pin(async move {
            match request::capabilities(&self.clients, &beat).await {
                Ok(response) => answer::read(response, &[], beat.now).await,
                Err(fault) => fault.into_report(),
            }
        })
    }
}

impl Fault {
    fn into_report(self) -> Report {
        let detail = excerpt::bounded(&self.to_string());
        Report { outcome: AttemptOutcome::TryLater { after: self.after(), why: detail.clone() }, status: None, detail }
    }

    /// How long to leave it alone; none where the usual schedule will do.
    fn after(&self) -> Option<SignedDuration> {
        match self {
            Self::Unanswered(unanswered) if !unanswered.is_ours() => None,
            Self::Endpoint(_) | Self::Unmappable(_) | Self::Unanswered(_) => Some(MENDING_TIME),
        }
    }
}
