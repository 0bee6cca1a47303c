//! A feed as server-sent events: each item when it comes, its cursor as the event's id, so that a reader that was cut off goes on
//! where it was (`Last-Event-ID`).

use super::{Asked, Feed, Item, Named, private};
use crate::http::State;
use crate::http::places::Place;
use crate::http::problem::Problem;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::unfold;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::Instant;

/// Items that are read ahead of a slow reader: more is read when these are gone.
const AHEAD: usize = 50;
/// Silence after which a comment says that the stream still stands: shorter than proxies wait.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long one look for news may take; then comes the next.
const LOOK: Duration = Duration::from_secs(60);

pub async fn stream(Shared(state): Shared<State>, named: Named, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let feed = Feed::open(state, &headers, named)?;
    let asked = Asked::read(&uri)?;
    let last = headers.get("last-event-id").map(|id| id.to_str().unwrap_or("?"));
    let after = feed.position(last.filter(|id| !id.is_empty()).or(asked.after.as_deref()))?;
    let place = feed.place()?;
    let events = unfold(Reader { feed, after, ahead: VecDeque::new(), _place: place }, Reader::next);
    Ok(private(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("still here"))))
}

/// One open stream.
struct Reader {
    feed: Feed,
    after: u64,
    ahead: VecDeque<Item>,
    _place: Place,
}

impl Reader {
    /// The next event; none where the hub stops or the feed cannot be read now: its reader comes again, and is told why.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        while self.ahead.is_empty() {
            if self.feed.is_stopping() {
                return None;
            }
            self.ahead = self.feed.next(self.after, AHEAD, Instant::now() + LOOK).await.ok()?.into();
        }
        let item = self.ahead.pop_front()?;
        self.after = item.position;
        // A JSON document holds no line break outside its texts, and in these it is written as `\n`.
        let event = Event::default().id(self.feed.cursor(item.position)).data(item.envelope.get());
        Some((Ok(event), self))
    }
}
