//! `/events`: news for pages that are open, as server-sent events. An event says that something changed, and how much of what there is;
//! what changed the page asks for itself.

use crate::dashboard::person::Person;
use crate::http::State;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use domain::delivery::DeliveryState;
use domain::port::Figures;
use futures_util::stream::unfold;
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Silence after which a comment says that the stream still stands.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Between two events: figures are read every other second, and nobody reads faster.
const PACE: Duration = Duration::from_secs(2);
/// Pages that are open at once, all in all. Each costs a connection and an event every two seconds.
const READERS_MAX: usize = 200;

static READERS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(READERS_MAX)));

/// What a page compares with what it saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct News {
    messages: u64,
    pending: u64,
    dead: u64,
    held: u64,
    reviews: u64,
}

pub async fn stream(Shared(state): Shared<State>, _: Person) -> Response {
    let Ok(place) = Arc::clone(&READERS).try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many pages are open at once\n").into_response();
    };
    let events = unfold(Reader { state, last: None, _place: place }, Reader::next);
    Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("still here")).into_response()
}

struct Reader {
    state: State,
    last: Option<News>,
    _place: OwnedSemaphorePermit,
}

impl Reader {
    /// The next change; none where the hub stops.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if self.last.is_some() {
                let mut stop = self.state.stop.clone();
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => return None,
                    () = tokio::time::sleep(PACE) => {}
                }
            }
            let news = News::of(&self.state.figures.borrow());
            if self.last.replace(news) != Some(news) {
                let event = Event::default().event("figures").json_data(news).ok()?;
                return Some((Ok(event), self));
            }
        }
    }
}

impl News {
    fn of(figures: &Figures) -> Self {
        let mut news = Self {
            messages: figures.messages.iter().map(|(.., count)| count).sum(),
            reviews: figures.reviews.iter().map(|(_, count)| count).sum(),
            dead: figures.dead.iter().map(|(_, count)| count).sum(),
            ..Self::default()
        };
        for (_, state, count) in &figures.backlog {
            news.pending += count;
            if *state == DeliveryState::Held {
                news.held += count;
            }
        }
        news
    }
}
