//! The rail `queue` on a real RabbitMQ, read by a program in another language.

use super::{Case, FarEnd, Manner, Oversize, Promise, Rail, Stand, Taken, is_taken};
use crate::adapters::receiver::{Answer, Receiver};
use crate::broker::queue::{DELETE, endpoint};
use crate::support::door::{url, within};
use crate::support::envelope::envelope;
use crate::support::python;
use crate::support::road::Road;
use amqp::{Settings, topology};
use domain::directory::Endpoint;
use domain::port::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use uuid::Uuid;

/// The broker of the tests takes 2 MiB.
const TOO_LARGE: usize = 3 << 20;

/// Stands in the way and is nobody's.
const FILLER: Uuid = Uuid::nil();

/// Takes out all there is.
const DRAIN: &str = r"
import json, pika, sys
channel = pika.BlockingConnection(pika.URLParameters(sys.argv[1])).channel()
taken = []
while True:
    frame, properties, body = channel.basic_get(sys.argv[2], auto_ack=True)
    if frame is None:
        break
    taken.append([properties.message_id, body.decode()])
print(json.dumps(taken))
";

pub struct Queue;

impl Rail for Queue {
    fn promise(&self) -> Promise {
        Promise {
            is_collected: false,
            arrives_once: false,
            busy_for: None,
            oversize: (TOO_LARGE, Oversize::Later),
            shares_connection: true,
        }
    }

    fn without(&self, case: Case) -> Option<&'static str> {
        match case {
            Case::Refused => Some("a broker has no word for never: a queue that is full, gone or declared otherwise can be mended"),
            Case::GuardedAddress => Some("the address is the broker's, and the hub's own settings name it"),
            _ => None,
        }
    }

    fn stand(&self, manner: Manner) -> BoxFuture<'_, Stand> {
        Box::pin(async move {
            let real = url("t09");
            let (before, broker, after) = parts(&real);
            let mute = if manner == Manner::Mute { Some(Receiver::start(Answer::Hang).await) } else { None };
            let road = Road::to(&mute.as_ref().map_or_else(|| broker.to_owned(), |mute| mute.address.to_string())).await;
            let address = if manner == Manner::Absent { Receiver::start(Answer::Hang).await.address } else { road.address() };
            let deliverer = Arc::new(amqp::Queue::new(&Settings::new(format!("{before}{address}{after}"))));
            let (mut endpoint, neighbour) = (fresh(&real), fresh(&real));
            match manner {
                Manner::Mute => endpoint.timeout_seconds = 1,
                Manner::Busy | Manner::Crowded => _ = endpoint.settings.insert("max_length".to_owned(), "2".to_owned()),
                _ => {}
            }
            let queue = topology::delivery_queue(endpoint.organisation.as_str());
            let far = Box::new(Far { url: real, queue, seen: Vec::new(), _mute: mute });
            let stand = Stand { deliverer, endpoint, neighbour, road: Some(road), far };
            if matches!(manner, Manner::Busy | Manner::Crowded) {
                fill(&stand).await;
            }
            stand
        })
    }
}

/// A broker's address: before host and port, these, and behind them.
fn parts(url: &str) -> (&str, &str, &str) {
    let begin = url.rfind('@').map_or_else(|| url.find("//").unwrap() + 2, |at| at + 1);
    let end = url.rfind('/').unwrap();
    (&url[..begin], &url[begin..end], &url[end..])
}

/// An organisation whose queue is not there yet.
fn fresh(url: &str) -> Endpoint {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let endpoint = endpoint(&format!("CONF{}", NUMBER.fetch_add(1, Ordering::Relaxed)), &[]);
    python::run(DELETE, &[url, &topology::delivery_queue(endpoint.organisation.as_str())], b"");
    endpoint
}

/// Until the queue takes no more.
async fn fill(stand: &Stand) {
    let filling = async { while is_taken(&Queue, &stand.send(&stand.endpoint, FILLER, &envelope(FILLER), true).await) {} };
    within("the queue is full", filling).await;
}

struct Far {
    url: String,
    queue: String,
    /// Reading takes out, so what was read is remembered.
    seen: Vec<(Uuid, String)>,
    _mute: Option<Receiver>,
}

impl FarEnd for Far {
    fn taken(&mut self, at_least: usize) -> BoxFuture<'_, Vec<Taken>> {
        Box::pin(async move {
            let reading = async {
                loop {
                    let printed = python::run(DRAIN, &[&self.url, &self.queue], b"");
                    let read: Vec<(Uuid, String)> = serde_json::from_str(&printed).unwrap();
                    self.seen.extend(read.into_iter().filter(|(id, _)| *id != FILLER));
                    if self.seen.len() >= at_least {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            };
            within("deliveries in the queue", reading).await;
            self.seen.iter().map(|(id, body)| Taken { id: *id, body: body.clone().into_bytes() }).collect()
        })
    }

    fn mend<'a>(&'a mut self, _: &'a mut Endpoint) -> BoxFuture<'a, ()> {
        Box::pin(async { drop(self.taken(0).await) })
    }
}
