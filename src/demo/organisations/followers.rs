//! Those whom nobody calls: they read a queue on the broker, or fetch their feed from the hub over HTTP and say what they have.

use super::Shared;
use amqp::{Outgoing, Publisher, Reader, topology};
use domain::Code;
use http_client::guard::Guard;
use http_client::reqwest::Client;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Seconds that a feed is asked to wait for news.
const WAIT_SECONDS: u64 = 30;
/// Wait before a feed that did not answer is asked again.
const AGAIN: Duration = Duration::from_millis(500);
/// What lies in a queue is read by then.
const LAST_READ: Duration = Duration::from_secs(5);

/// They follow until they are told to stop.
pub struct Followers {
    publisher: Publisher,
    queues: Vec<(Code, JoinHandle<()>)>,
    feeds: Vec<JoinHandle<()>>,
}

impl Followers {
    /// Opens the queues: what an earlier demo left in them is thrown away.
    ///
    /// # Errors
    /// A sentence, where the broker does not let them.
    pub async fn read_queues(shared: &Arc<Shared>, url: &str, codes: &[Code]) -> Result<Self, String> {
        let sentence = |error: amqp::PublishError| error.to_string();
        let publisher = Publisher::connect(url).await.map_err(sentence)?;
        let mut queues = Vec::new();
        for &code in codes {
            publisher.declare_delivery_queue(code).await.map_err(sentence)?;
            put_mark(&publisher, code, &shared.run).await?;
            let reader = Reader::of_queue(url, &topology::delivery_queue(code.as_str())).await?;
            queues.push((code, tokio::spawn(read_queue(Arc::clone(shared), code, reader))));
        }
        Ok(Self { publisher, queues, feeds: Vec::new() })
    }

    /// Begins to fetch feeds from a running hub, each with its token.
    ///
    /// # Errors
    /// A sentence, where this machine has no HTTP.
    pub fn fetch_feeds(&mut self, shared: &Arc<Shared>, hub: SocketAddr, tokens: &BTreeMap<Code, String>) -> Result<(), String> {
        let client = http_client::builder(Guard { allow_private: true }).build().map_err(|error| error.to_string())?;
        for (&code, token) in tokens {
            let reader = FeedReader { client: client.clone(), url: format!("http://{hub}/api/v1/feeds/{code}"), token: token.clone() };
            self.feeds.push(tokio::spawn(reader.follow(Arc::clone(shared), code)));
        }
        Ok(())
    }

    /// When the hub has stopped: everything that is in the queues is taken.
    pub async fn stop(self, run: &str) {
        for feed in self.feeds {
            feed.abort();
        }
        for (code, task) in self.queues {
            let abort = task.abort_handle();
            // A broker that does not answer any more keeps what is there.
            if put_mark(&self.publisher, code, run).await.is_err() || tokio::time::timeout(LAST_READ, task).await.is_err() {
                abort.abort();
            }
        }
        self.publisher.close().await;
    }
}

/// A mark in a queue: what is before the first is somebody else's, and nothing comes after the second.
async fn put_mark(publisher: &Publisher, code: Code, run: &str) -> Result<(), String> {
    let mark = Outgoing {
        exchange: topology::DELIVERIES.to_owned(),
        routing_key: code.to_string(),
        message_id: Some(mark(run)),
        ..Outgoing::default()
    };
    publisher.publish(vec![mark]).await.into_iter().collect::<Result<(), _>>().map_err(|error| error.to_string())
}

fn mark(run: &str) -> String {
    format!("mark-{run}")
}

async fn read_queue(shared: Arc<Shared>, code: Code, mut reader: Reader) {
    let mark = mark(&shared.run);
    let mut begun = false;
    // A queue that can't be read any more shows in the summary: what is in it was not taken.
    while let Ok(incoming) = reader.next().await {
        let id = incoming.message_id.unwrap_or_default();
        if id == mark {
            if begun {
                break;
            }
            begun = true;
        } else if let (true, Some(organisation), Ok(delivery)) = (begun, shared.organisations.get(&code), id.parse::<Uuid>()) {
            shared.take(organisation, delivery, &incoming.body);
        }
    }
    reader.close().await;
}

struct FeedReader {
    client: Client,
    url: String,
    token: String,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Box<RawValue>>,
    next: String,
}

impl FeedReader {
    /// Page by page, each collected when all of it is taken. It ends with its task.
    async fn follow(self, shared: Arc<Shared>, code: Code) {
        let mut after = String::new();
        loop {
            match self.page(&after).await {
                Some(page) if !page.items.is_empty() => {
                    if let Some(organisation) = shared.organisations.get(&code) {
                        for item in &page.items {
                            let envelope = item.get().as_bytes();
                            shared.take(organisation, id_of(envelope), envelope);
                        }
                    }
                    // Not said, it is all read again, and known.
                    if self.collected(&page.next).await {
                        after = page.next;
                    }
                }
                Some(_) => {}
                None => tokio::time::sleep(AGAIN).await,
            }
        }
    }

    async fn page(&self, after: &str) -> Option<Page> {
        let query = if after.is_empty() { String::new() } else { format!("&after={after}") };
        let request = self.client.get(format!("{}?wait={WAIT_SECONDS}{query}", self.url)).bearer_auth(&self.token);
        let answer = request.send().await.ok()?.error_for_status().ok()?;
        serde_json::from_slice(&answer.bytes().await.ok()?).ok()
    }

    async fn collected(&self, up_to: &str) -> bool {
        let body = serde_json::json!({ "upTo": up_to }).to_string();
        let request = self.client.post(format!("{}/collected", self.url)).bearer_auth(&self.token).body(body);
        request.send().await.is_ok_and(|answer| answer.status().is_success())
    }
}

/// None is no delivery's.
fn id_of(envelope: &[u8]) -> Uuid {
    #[derive(Deserialize)]
    struct Envelope {
        id: Uuid,
    }
    serde_json::from_slice::<Envelope>(envelope).map(|envelope| envelope.id).unwrap_or_default()
}
