//! The rail `email` against a real SMTP server.

use super::{Case, FarEnd, Manner, NARROW_BYTES, Oversize, Promise, Rail, Stand, Taken};
use crate::adapters::receiver::{Answer, Receiver};
use crate::support::envelope::SUBJECT;
use crate::support::road::Road;
use crate::support::smtp::{Server, endpoint};
use domain::directory::Endpoint;
use domain::port::BoxFuture;
use std::sync::Arc;

/// An e-mail tells of the notice and not the notice, so it never grows.
const MAIL_BYTES_MAX: usize = 2_048;

pub struct Email;

impl Rail for Email {
    fn promise(&self) -> Promise {
        Promise {
            is_collected: true,
            arrives_once: false,
            busy_for: None,
            oversize: (3 * NARROW_BYTES, Oversize::Arrives),
            shares_connection: false,
        }
    }

    fn without(&self, case: Case) -> Option<&'static str> {
        (case == Case::GuardedAddress).then_some("the relay is the hub's own, so its address is not judged")
    }

    fn stand(&self, manner: Manner) -> BoxFuture<'_, Stand> {
        Box::pin(async move {
            let server = Server::start();
            let places = if manner == Manner::Crowded { 1 } else { usize::MAX };
            let far_end = if manner == Manner::Mute { Some(Receiver::start(Answer::Hang).await) } else { None };
            let address = far_end.as_ref().map_or_else(|| format!("127.0.0.1:{}", server.port), |mute| mute.address.to_string());
            let road = Road::for_at_most(&address, places).await;
            let to = match manner {
                Manner::Refusing => "rcpt-550@council.example",
                Manner::Busy => "rcpt-451@council.example",
                _ => "duty@council.example",
            };
            let mut there = endpoint(road.address().port(), to);
            match manner {
                Manner::Mute => there.timeout_seconds = 1,
                Manner::Absent => there = endpoint(Receiver::start(Answer::Hang).await.address.port(), to),
                _ => {}
            }
            let neighbour = server.endpoint("other@council.example");
            let far = Far { server, _mute: far_end };
            Stand { deliverer: Arc::new(::email::Email), endpoint: there, neighbour, road: Some(road), far: Box::new(far) }
        })
    }
}

struct Far {
    server: Server,
    _mute: Option<Receiver>,
}

impl FarEnd for Far {
    fn taken(&mut self, at_least: usize) -> BoxFuture<'_, Vec<Taken>> {
        Box::pin(async move {
            let mails = self.server.mails(at_least).await;
            let texts = mails.iter().map(|mail| mail["text"].as_str().unwrap());
            texts.map(|text| Taken { id: message_id(text).parse().unwrap(), body: text.as_bytes().to_vec() }).collect()
        })
    }

    fn mend<'a>(&'a mut self, endpoint: &'a mut Endpoint) -> BoxFuture<'a, ()> {
        endpoint.url = "mailto:duty@council.example".to_owned();
        Box::pin(async {})
    }

    fn is_whole(&self, _: &[u8], taken: &[u8]) -> bool {
        let text = String::from_utf8_lossy(taken);
        text.contains(&SUBJECT.to_string()) && text.contains("https://notices.example/inbox") && taken.len() < MAIL_BYTES_MAX
    }
}

/// What stands before the @ of the Message-ID.
fn message_id(text: &str) -> &str {
    text.split_once("Message-ID: <").and_then(|(_, rest)| rest.split_once('@')).expect("a Message-ID").0
}
