//! Tells other hubs on the same database what they may act on at once, and hears them, by LISTEN and NOTIFY.
//!
//! Nothing rests on it: it is told after the commit, by a statement of its own that may get lost, and who hears nothing finds the
//! same by polling. A notification within the commit would make all hubs commit one after the other.

use crate::pool::Pool;
use crate::session::Session;
use crate::settings::Place;
use domain::Code;
use domain::port::News;
use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use tokio_postgres::Notification;
use uuid::Uuid;

/// A notification carries at most 8,000 bytes; these are 150 codes' worth less.
const TOLD_MAX: usize = 400;
/// After one telling, what comes within this time goes into the next: a busy hub tells twenty times a second.
const PAUSE: Duration = Duration::from_millis(50);
/// Between two tries to listen again after the connection broke.
const AGAIN: Duration = Duration::from_secs(1);
/// News that nobody has taken yet. What comes on top is dropped: polling finds it.
const HEARD_MAX: usize = 1_024;

pub struct Bell {
    pool: Arc<Pool>,
    /// Known to every hub on this database and schema, and to no other.
    channel: String,
    /// What this hub tells, it need not hear.
    own: Uuid,
    told: OnceLock<mpsc::UnboundedSender<Vec<News>>>,
    heard: Mutex<Option<Ear>>,
}

struct Ear {
    news: mpsc::Receiver<News>,
    listener: JoinHandle<()>,
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Bell {
    pub fn new(pool: Arc<Pool>, schema: &str) -> Self {
        Self { pool, channel: format!("placement_hub.{schema}"), own: Uuid::now_v7(), told: OnceLock::new(), heard: Mutex::default() }
    }

    /// Returns at once. Call within a tokio runtime.
    pub fn ring(&self, news: Vec<News>) {
        if !news.is_empty() {
            let told = self.told.get_or_init(|| {
                let (told, queue) = mpsc::unbounded_channel();
                tokio::spawn(tell(Arc::clone(&self.pool), self.channel.clone(), self.own, queue));
                told
            });
            // What waits here is at most what 50 milliseconds of commits have to tell.
            let _ = told.send(news);
        }
    }

    /// The next news of another hub. Whoever asks second waits for whoever asked first.
    pub async fn next(&self) -> News {
        let mut heard = self.heard.lock().await;
        let ear = heard.get_or_insert_with(|| {
            let (sender, news) = mpsc::channel(HEARD_MAX);
            Ear { news, listener: tokio::spawn(listen(self.pool.place().clone(), self.channel.clone(), self.own, sender)) }
        });
        match ear.news.recv().await {
            Some(news) => news,
            None => std::future::pending().await,
        }
    }
}

async fn tell(pool: Arc<Pool>, channel: String, own: Uuid, mut queue: mpsc::UnboundedReceiver<Vec<News>>) {
    while let Some(first) = queue.recv().await {
        let mut news: HashSet<News> = first.into_iter().collect();
        while let Ok(more) = queue.try_recv() {
            news.extend(more);
        }
        let words: Vec<String> = news.iter().take(TOLD_MAX).map(word).collect();
        let payload = format!("{own} {}", words.join(" "));
        if let Ok(session) = pool.take().await
            && session.rows("SELECT pg_notify($1, $2)", &[&channel, &payload]).await.is_ok()
        {
            session.done();
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Listens for as long as the ledger is there, over as many connections as it takes.
async fn listen(place: Place, channel: String, own: Uuid, news: mpsc::Sender<News>) {
    loop {
        let sender = news.clone();
        let hear = move |notification: Notification| {
            for one in read(notification.payload(), own) {
                let _ = sender.try_send(one);
            }
        };
        if let Ok(session) = Session::listening(&place, Box::new(hear)).await
            && session.batch(&format!("LISTEN \"{}\"", channel.replace('"', "\"\""))).await.is_ok()
        {
            // A connection that carries nothing may be dead without anybody noticing: so it is asked.
            while session.batch("SELECT 1").await.is_ok() {
                tokio::time::sleep(AGAIN * 15).await;
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

fn word(news: &News) -> String {
    match news {
        News::Due(recipient) => format!("+{recipient}"),
        News::Accepted(recipient) => format!("={recipient}"),
    }
}

/// Words that this version does not know are a newer hub's.
fn read(payload: &str, own: Uuid) -> Vec<News> {
    let mut words = payload.split(' ');
    if words.next().and_then(|hub| hub.parse::<Uuid>().ok()).is_none_or(|hub| hub == own) {
        return Vec::new();
    }
    let news = |word: &str| match (word.get(..1)?, Code::new(word.get(1..)?).ok()?) {
        ("+", recipient) => Some(News::Due(recipient)),
        ("=", recipient) => Some(News::Accepted(recipient)),
        _ => None,
    };
    words.filter_map(news).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_hub_tells_the_others_hear_and_it_does_not() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let [due, accepted] = [News::Due(Code::new("RX2").unwrap()), News::Accepted(Code::new("91Q").unwrap())];
        let payload = format!("{one} {} {} ?R5 +", word(&due), word(&accepted));
        assert_eq!(read(&payload, other), [due, accepted]);
        assert!(read(&payload, one).is_empty() && read("hello", other).is_empty());
    }
}
