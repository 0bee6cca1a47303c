//! The rail `mesh` against the NHS's sandbox, and against a MESH that answers what the sandbox never does.

use super::{Case, FarEnd, Manner, NARROW_BYTES, Oversize, Promise, Rail, Stand, Taken};
use crate::adapters::receiver::{Answer, Receiver};
use crate::mesh::answers::Fake;
use crate::mesh::{collected, endpoint};
use crate::support::mesh::Sandbox;
use crate::support::road::Road;
use domain::directory::Endpoint;
use domain::port::{BoxFuture, Deliver};
use jiff::SignedDuration;
use std::sync::Arc;

/// A UUID's characters: what follows them in a local id is the round.
const UUID_CHARS: usize = 36;

pub struct Mesh;

impl Rail for Mesh {
    fn promise(&self) -> Promise {
        Promise {
            is_collected: true,
            arrives_once: true,
            busy_for: Some(SignedDuration::from_secs(120)),
            oversize: (3 * NARROW_BYTES, Oversize::Arrives),
            shares_connection: false,
        }
    }

    fn without(&self, _: Case) -> Option<&'static str> {
        None
    }

    fn stand(&self, manner: Manner) -> BoxFuture<'_, Stand> {
        Box::pin(async move {
            let deliverer: Arc<dyn Deliver> = Arc::new(::mesh::Mesh::with_chunks_of(NARROW_BYTES));
            let neighbour = Fake::start(202, &[], r#"{"message_id":"20261120120000000000_000001"}"#).await;
            let refusal = r#"{"detail":[{"code":"06","msg":"Quillfeather (9990000018) is not known"}]}"#;
            let (far, address) = match manner {
                Manner::Refusing => fake(Fake::start(422, &[], refusal).await),
                Manner::Busy => fake(Fake::start(503, &[("retry-after", "120")], "<html>").await),
                Manner::Mute => {
                    let mute = Receiver::start(Answer::Hang).await;
                    let address = mute.address.to_string();
                    (Far::Mute { _keep: mute }, address)
                }
                _ => {
                    let sandbox = Sandbox::start();
                    let address = sandbox.address().to_owned();
                    (Far::Real(sandbox), address)
                }
            };
            let places = if manner == Manner::Crowded { 1 } else { usize::MAX };
            let road = Road::for_at_most(&address, places).await;
            let mut there = endpoint(&road.url());
            match manner {
                Manner::Mute => there.timeout_seconds = 1,
                Manner::Absent => there.url = Receiver::start(Answer::Hang).await.url().replace("/hook", ""),
                Manner::Inside => (there.allow_private, there.url) = (false, format!("https://{address}")),
                _ => {}
            }
            let neighbour_end = endpoint(&neighbour.url);
            let far = Box::new(Kept { far, _neighbour: neighbour });
            Stand { deliverer, endpoint: there, neighbour: neighbour_end, road: Some(road), far }
        })
    }
}

struct Kept {
    far: Far,
    _neighbour: Fake,
}

enum Far {
    Real(Sandbox),
    Fake(Fake),
    Mute { _keep: Receiver },
}

fn fake(fake: Fake) -> (Far, String) {
    let address = fake.url.trim_start_matches("http://").to_owned();
    (Far::Fake(fake), address)
}

impl FarEnd for Kept {
    /// Nothing is acknowledged, so everything is still there.
    fn taken(&mut self, _: usize) -> BoxFuture<'_, Vec<Taken>> {
        Box::pin(async {
            let delivery = |local_id: &str| local_id.split_at(UUID_CHARS).0.parse().unwrap();
            match &self.far {
                Far::Real(sandbox) => {
                    let messages = collected(sandbox).await;
                    messages.into_iter().map(|message| Taken { id: delivery(&message.local_id.unwrap()), body: message.body }).collect()
                }
                Far::Fake(fake) => fake.taken().iter().map(|local_id| Taken { id: delivery(local_id), body: Vec::new() }).collect(),
                Far::Mute { .. } => Vec::new(),
            }
        })
    }

    fn mend<'a>(&'a mut self, _: &'a mut Endpoint) -> BoxFuture<'a, ()> {
        if let Far::Fake(fake) = &self.far {
            fake.tell(202, &[], r#"{"message_id":"20261120120000000000_000002"}"#);
        }
        Box::pin(async {})
    }
}
