//! Delivers by HTTP: one signed POST of a CloudEvents envelope per attempt, as Standard Webhooks says.
//!
//! `webhook-id` is the delivery's id, the same at every attempt, so that a receiver can drop what it has;
//! `webhook-timestamp` is the attempt's own. Each secret of the endpoint signs, newest first: a receiver changes its
//! secret when it likes. Nothing is retried here, no redirect is followed, no proxy asked, no cookie kept.
//!
//! | answer | outcome | why |
//! |---|---|---|
//! | 2xx | delivered | the receiver has it, even if the rest of its answer is lost |
//! | 410 | gone | it wants nothing at this address any more |
//! | 400, 405, 406, 411, 413, 414, 415, 422, 431 | refused | it read this request and will never take it: the same bytes again help nobody |
//! | 429, 502, 503, 504 | try later, `Retry-After` obeyed | it is busy, or something before it is |
//! | 3xx | try later | child data goes only where the directory says; an operator mends the address |
//! | 401, 403 | try later | a secret or a clock is wrong at one end; a person mends it, and nothing may be lost meanwhile |
//! | 404, 409, every other status | try later | a deployment in between, a wrong path, a fault: all can be mended |
//! | time-out, refused connection, unknown name, TLS failure, answer that is not HTTP | try later | all can be mended |
//! | no secret, address not allowed, plain `http` not allowed | try later, in a quarter of an hour | see below |
//!
//! A fault of our own configuration is never `refused`: that would kill deliveries which are sound. It makes no
//! connection, so it hammers nobody, and it asks for a quarter of an hour, so that it fills no log; after the directory is
//! mended the next attempt goes out by itself.
//!
//! Plain `http` goes only to endpoints that allow private addresses (a sidecar, a test); to all others it is `https`, TLS 1.2 or
//! later. Which addresses count as private: [`http_client::guard`].

mod answer;
mod client;

use crate::answer::Verdict;
use crate::client::{Clients, Fault};
use domain::directory::{Endpoint, Secret};
use domain::port::{Alert, Beat, BoxFuture, Deliver, Parcel, Report};
use domain::retry::AttemptOutcome;
use http_client::guard::Guard;
use http_client::reqwest::{
    self,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use http_client::{Unanswered, checked, excerpt};
use jiff::Timestamp;
use std::time::Duration;
use uuid::Uuid;

/// The rail. Cheap to share; it holds one connection pool per origin.
#[derive(Debug, Default)]
pub struct Webhook {
    clients: Clients,
}

impl Webhook {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    async fn send(&self, event: Event<'_>) -> Report {
        match self.attempt(&event).await {
            Ok(verdict) => verdict.into_report(),
            Err(fault) => {
                let detail = excerpt::bounded(&fault.to_string());
                Report { outcome: AttemptOutcome::TryLater { after: fault.after(), why: detail.clone() }, status: None, detail }
            }
        }
    }

    async fn attempt(&self, event: &Event<'_>) -> Result<Verdict, Fault> {
        let channel = self.clients.channel(event.endpoint).await?;
        let request = channel.post().timeout(Duration::from_secs(u64::from(event.endpoint.timeout_seconds.max(1))));
        let response = signed(request, event)?.send().await.map_err(|error| Unanswered::from_request(&error))?;
        Ok(answer::read(response, event).await)
    }
}

impl Deliver for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn check(&self, endpoint: &Endpoint) -> Vec<String> {
        let guard = Guard { allow_private: endpoint.allow_private };
        let mut wrong: Vec<String> = checked(&endpoint.url, guard).err().map(|fault| format!("url: {fault}")).into_iter().collect();
        if endpoint.secrets.is_empty() {
            wrong.push("it has no secret: name a file in secret_files or a variable in secret_env".to_owned());
        }
        let bad = endpoint.secrets.iter().enumerate().filter(|(_, secret)| !is_signing_secret(&secret.0));
        wrong.extend(bad.map(|(at, _)| format!("secret number {} is none: it is whsec_ and then 24 to 64 bytes in base64", at + 1)));
        wrong.extend(
            endpoint
                .settings
                .keys()
                .chain(endpoint.secret_settings.keys())
                .map(|key| format!("settings.{key}: a webhook has no such setting")),
        );
        wrong
    }

    fn deliver<'a>(&'a self, parcel: Parcel<'a>) -> BoxFuture<'a, Report> {
        let Parcel { endpoint, delivery, body, traceparent, now, .. } = parcel;
        Box::pin(self.send(Event { endpoint, id: delivery, body, traceparent, now }))
    }

    fn no_heartbeat(&self) -> Option<&'static str> {
        None
    }

    /// Posted and signed like a delivery; its type tells the receiver that there is nothing to do.
    fn heartbeat<'a>(&'a self, beat: Beat<'a>) -> BoxFuture<'a, Report> {
        let Beat { endpoint, id, body, now } = beat;
        Box::pin(self.send(Event { endpoint, id, body, traceparent: None, now }))
    }

    /// Posted and signed like a delivery.
    fn alert<'a>(&'a self, alert: Alert<'a>) -> BoxFuture<'a, Report> {
        let Alert { endpoint, id, body, now, .. } = alert;
        Box::pin(self.send(Event { endpoint, id, body, traceparent: None, now }))
    }
}

/// What one request carries.
pub(crate) struct Event<'a> {
    endpoint: &'a Endpoint,
    id: Uuid,
    body: &'a [u8],
    traceparent: Option<&'a str>,
    now: Timestamp,
}

/// The form that the standard asks for.
fn is_signing_secret(text: &str) -> bool {
    let body = text.strip_prefix("whsec_").unwrap_or_default();
    (32..=88).contains(&body.len()) && standardwebhooks::Webhook::new(text).is_ok()
}

/// The request with its body, its headers and one signature per secret.
fn signed(request: reqwest::RequestBuilder, event: &Event<'_>) -> Result<reqwest::RequestBuilder, Fault> {
    let id = event.id.hyphenated().to_string();
    let second = event.now.as_second();
    let signature = signatures(&event.endpoint.secrets, &id, second, event.body)?;
    let mut request = request
        .header(CONTENT_TYPE, HeaderValue::from_static("application/cloudevents+json"))
        .header(HeaderName::from_static(standardwebhooks::HEADER_WEBHOOK_ID), id)
        .header(HeaderName::from_static(standardwebhooks::HEADER_WEBHOOK_TIMESTAMP), second)
        .header(HeaderName::from_static(standardwebhooks::HEADER_WEBHOOK_SIGNATURE), signature);
    // A publisher's header that is no header value is left out: tracing must not stop a notice.
    if let Some(trace) = event.traceparent.and_then(|text| HeaderValue::from_str(text).ok()) {
        request = request.header(HeaderName::from_static("traceparent"), trace);
    }
    Ok(request.body(event.body.to_vec()))
}

fn signatures(secrets: &[Secret], id: &str, second: i64, body: &[u8]) -> Result<String, Fault> {
    if secrets.is_empty() {
        return Err(Fault::NoSecret);
    }
    let sign = |secret: &Secret| standardwebhooks::Webhook::new(&secret.0)?.sign(id, second, body);
    let signatures: Result<Vec<_>, _> = secrets.iter().map(sign).collect();
    // The library's error may quote the secret's bytes; it is not passed on.
    signatures.map(|each| each.join(" ")).map_err(|_| Fault::BadSecret)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    fn sign(secrets: &[&str]) -> Result<String, Fault> {
        let secrets: Vec<_> = secrets.iter().map(|text| Secret((*text).to_owned())).collect();
        signatures(&secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, BODY)
    }

    #[test]
    fn signs_as_the_published_vector_says() {
        assert_eq!(sign(&[SECRET]).unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn every_secret_signs_newest_first() {
        let both = sign(&["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", SECRET]).unwrap();
        let each: Vec<_> = both.split(' ').collect();
        assert_eq!(each.len(), 2);
        assert_eq!(each[1], sign(&[SECRET]).unwrap());
        assert_ne!(each[0], each[1]);
    }

    #[test]
    fn a_secret_that_is_none_is_a_fault_and_is_not_told() {
        assert!(matches!(sign(&[]), Err(Fault::NoSecret)));
        let fault = sign(&[SECRET, "whsec_not base64"]).unwrap_err();
        assert!(matches!(fault, Fault::BadSecret) && !fault.to_string().contains("not base64"));
    }
}
