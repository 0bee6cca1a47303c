//! The rails that post: `webhook` and `fhir`. They differ in what is posted, and agree on what an answer means.

use super::{Case, FarEnd, Manner, NARROW_BYTES, Oversize, Promise, Rail, Stand, Taken};
use crate::adapters::directory::endpoint;
use crate::adapters::receiver::{Answer, Receiver, answer};
use crate::support::road::Road;
use domain::directory::Endpoint;
use domain::port::{BoxFuture, Deliver};
use fhir::{Fhir, Terms};
use jiff::SignedDuration;
use std::sync::Arc;
use webhook::Webhook;

pub struct Http {
    deliverer: Arc<dyn Deliver>,
    endpoint: fn(&str) -> Endpoint,
    /// The header that says which delivery it is.
    id: &'static str,
    /// What is posted of an envelope.
    form: fn(&[u8]) -> Vec<u8>,
}

impl Http {
    pub fn webhook() -> Self {
        let endpoint = |url: &str| endpoint("QKS", "webhook", url);
        Self { deliverer: Arc::new(Webhook::new()), endpoint, id: "webhook-id", form: <[u8]>::to_vec }
    }

    pub fn fhir() -> Self {
        let endpoint = |url: &str| crate::fhir::endpoint("RX2", url);
        let form = |envelope: &[u8]| {
            let terms = Terms::of(&crate::fhir::endpoint("RX2", "http://127.0.0.1:1/fhir")).unwrap();
            ::fhir::bundle(envelope, &terms).unwrap()
        };
        Self { deliverer: Arc::new(Fhir::new()), endpoint, id: "x-correlation-id", form }
    }
}

impl Rail for Http {
    fn promise(&self) -> Promise {
        Promise {
            is_collected: false,
            arrives_once: false,
            busy_for: Some(SignedDuration::from_secs(120)),
            oversize: (3 * NARROW_BYTES, Oversize::Refused),
            shares_connection: false,
        }
    }

    fn without(&self, _: Case) -> Option<&'static str> {
        None
    }

    fn stand(&self, manner: Manner) -> BoxFuture<'_, Stand> {
        Box::pin(async move {
            let receiver = Receiver::start(match manner {
                Manner::Mute => Answer::Hang,
                Manner::Refusing => answer("422 Unprocessable Content", "", "Quillfeather (9990000018) is not known"),
                Manner::Busy => answer("429 Too Many Requests", "Retry-After: 120\r\n", "not now, Quillfeather"),
                _ => answer("200 OK", "", r#"{"id":"r-1"}"#),
            })
            .await;
            if manner == Manner::Narrow {
                receiver.take_at_most(NARROW_BYTES);
            }
            let neighbour = Receiver::start(answer("202 Accepted", "", "")).await;
            let places = if manner == Manner::Crowded { 1 } else { usize::MAX };
            let road = Road::for_at_most(&receiver.address.to_string(), places).await;
            let mut endpoint = (self.endpoint)(&format!("{}/hook", road.url()));
            match manner {
                Manner::Mute => endpoint.timeout_seconds = 1,
                Manner::Absent => endpoint.url = Receiver::start(Answer::Hang).await.url(),
                Manner::Inside => (endpoint.allow_private, endpoint.url) = (false, receiver.url().replace("http", "https")),
                _ => {}
            }
            let neighbour_end = (self.endpoint)(&neighbour.url());
            let far = Far { receiver, _neighbour: neighbour, id: self.id, form: self.form };
            Stand { deliverer: Arc::clone(&self.deliverer), endpoint, neighbour: neighbour_end, road: Some(road), far: Box::new(far) }
        })
    }
}

struct Far {
    receiver: Receiver,
    _neighbour: Receiver,
    id: &'static str,
    form: fn(&[u8]) -> Vec<u8>,
}

impl FarEnd for Far {
    fn taken(&mut self, _: usize) -> BoxFuture<'_, Vec<Taken>> {
        // It remembers before it answers, so what was answered is here.
        let taken = self.receiver.requests().into_iter().filter(|request| request.taken);
        let taken = taken.map(|request| Taken { id: request.header(self.id).unwrap().parse().unwrap(), body: request.body }).collect();
        Box::pin(async { taken })
    }

    fn mend<'a>(&'a mut self, _: &'a mut Endpoint) -> BoxFuture<'a, ()> {
        self.receiver.tell(answer("200 OK", "", ""));
        Box::pin(async {})
    }

    fn is_whole(&self, sent: &[u8], taken: &[u8]) -> bool {
        (self.form)(sent) == taken
    }
}
