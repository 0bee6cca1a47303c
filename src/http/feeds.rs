//! `/api/v1/feeds/{organisation}`: an organisation fetches what is for it, at its own pace, and says what it has.
//!
//! A feed is read with the bearer token of its own organisation, or of the one that followed it. To everybody else it is not there: another's feed, an
//! organisation that nobody knows and a token without the permission get the same 404. What is read stays in the feed, so a
//! reader that lost its answer reads again; what was said to be collected is delivered.

mod cursor;
mod page;
mod stream;

pub use stream::stream;

use super::State;
use super::bearer::Caller;
use super::messages;
use super::places::{Place, Taken};
use super::problem::{MENDING_SECONDS, Problem};
use crate::error::chain;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, Request, State as Shared};
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use domain::Code;
use domain::directory::Permission;
use domain::port::LedgerError;
use page::Item;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use std::time::Duration;
use tokio::time::Instant;

/// Items in one page, and how many where nothing is said.
const LIMIT: RangeInclusive<usize> = 1..=500;
const LIMIT_DEFAULT: usize = 100;
/// Seconds that a reader may wait for news: proxies cut off what is silent for longer.
const WAIT_SECONDS: RangeInclusive<u64> = 0..=60;
/// `{"upTo":"<22 characters>"}` and some air.
const COLLECTED_BYTES_MAX: usize = 1_024;

type Named = Result<Path<String>, PathRejection>;

/// A feed, opened by its own organisation.
pub(super) struct Feed {
    state: State,
    caller: Caller,
    organisation: Code,
}

impl Feed {
    /// # Errors
    /// 401 without a token, 404 for whatever is not the caller's own feed.
    fn open(state: State, headers: &HeaderMap, named: Named) -> Result<Self, Problem> {
        let caller = Caller::of(&state, headers)?;
        let named = named.ok().and_then(|Path(name)| Code::new(&name).ok());
        let feed = Self { state, caller, organisation: named.unwrap_or_default() };
        if feed.is_open() { Ok(feed) } else { Err(Problem::not_found()) }
    }

    /// Whether it may be read: still, too.
    fn is_open(&self) -> bool {
        self.is_own() && self.caller.may(&self.state, Permission::Read)
    }

    /// What is for a closed body goes by its one successor's endpoint, so it is the successor who collects it.
    fn is_own(&self) -> bool {
        let own = self.caller.organisation;
        let journey = &self.state.journey;
        let inherited = || {
            let directory = journey.directory.load();
            let endpoint = directory.endpoint(self.organisation, None, journey.policy.day((journey.now)()));
            endpoint.is_some_and(|endpoint| endpoint.organisation == own && endpoint.adapter == feed::NAME)
        };
        self.organisation == own || inherited()
    }

    fn place(&self) -> Result<Place, Problem> {
        self.state.places.feeds.take(self.organisation).map_err(|taken| match taken {
            Taken::ByYou => Problem::too_many(),
            Taken::ByAll => Problem::unavailable("too many readers wait at once; ask again", 1),
        })
    }

    /// The position that a cursor stands for; the beginning where there is none.
    fn position(&self, cursor: Option<&str>) -> Result<u64, Problem> {
        let Some(cursor) = cursor else { return Ok(0) };
        let wrong = || {
            Problem::bad_request("this is no cursor of this feed; give `next` or an event's id as you got it, or none for the beginning")
        };
        cursor::read(&self.state.journey.keys, self.organisation, cursor).ok_or_else(wrong)
    }

    fn cursor(&self, position: u64) -> String {
        cursor::write(&self.state.journey.keys, self.organisation, position)
    }
}

/// A page, at once where there is something, else when something comes or the wait is over.
pub async fn list(Shared(state): Shared<State>, named: Named, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Page {
        items: Vec<Box<serde_json::value::RawValue>>,
        next: String,
    }
    let feed = Feed::open(state, &headers, named)?;
    let asked = Asked::read(&uri)?;
    let limit = asked.number("limit", asked.limit.as_deref(), &LIMIT, LIMIT_DEFAULT)?;
    let wait = asked.number("wait", asked.wait.as_deref(), &WAIT_SECONDS, 0)?;
    let after = feed.position(asked.after.as_deref())?;
    let _place = feed.place()?;
    let items = feed.next(after, limit, Instant::now() + Duration::from_secs(wait)).await?;
    let next = feed.cursor(items.last().map_or(after, |item| item.position));
    Ok(private(Json(Page { items: items.into_iter().map(|item| item.envelope).collect(), next })))
}

/// What is said to be collected is delivered. Said again, it changes nothing.
pub async fn collected(Shared(state): Shared<State>, named: Named, request: Request) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Said {
        up_to: String,
    }
    #[derive(Serialize)]
    struct Collected {
        collected: u64,
    }
    let (head, body) = request.into_parts();
    let feed = Feed::open(state, &head.headers, named)?;
    let _place = feed.place()?;
    let body = messages::read(body, COLLECTED_BYTES_MAX).await?;
    let wrong = |_| Problem::bad_request("the body must be {\"upTo\":\"<cursor>\"}");
    let Said { up_to } = serde_json::from_slice(&body).map_err(wrong)?;
    let position = feed.position(Some(&up_to))?;
    let journey = &feed.state.journey;
    let collected = journey.ledger.collect(feed.organisation, position, (journey.now)()).await.map_err(|error| silent(&error))?;
    Ok(private(Json(Collected { collected })))
}

/// Child data is kept by nobody on the way.
fn private(answer: impl IntoResponse) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], answer).into_response()
}

/// The ledger does not answer: told to the operator here, to the reader as "later".
fn silent(error: &LedgerError) -> Problem {
    tracing::warn!(error = %chain(error), "a feed cannot be served until the ledger answers");
    Problem::unavailable("the ledger does not answer; ask again", MENDING_SECONDS)
}

/// What a reader asks for, as it was written.
#[derive(Deserialize)]
struct Asked {
    after: Option<String>,
    limit: Option<String>,
    wait: Option<String>,
}

impl Asked {
    fn read(uri: &Uri) -> Result<Self, Problem> {
        let asked = Query::<Self>::try_from_uri(uri);
        asked.map(|Query(asked)| asked).map_err(|_| Problem::bad_request("the query must be after, limit and wait, each at most once"))
    }

    fn number<T>(&self, name: &str, text: Option<&str>, bounds: &RangeInclusive<T>, default: T) -> Result<T, Problem>
    where
        T: std::str::FromStr + PartialOrd + std::fmt::Display,
    {
        let Some(text) = text else { return Ok(default) };
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        number.ok_or_else(|| Problem::bad_request(format!("{name} must be a whole number from {} to {}", bounds.start(), bounds.end())))
    }
}
