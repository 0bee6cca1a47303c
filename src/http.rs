//! The HTTP listener: pages for operators, and the interface for organisations (`/api/v1`): messages in, feeds out; and `/fhir`, where
//! providers answer referrals.
//!
//! Every route under `/api` and `/fhir` asks for a bearer token, and answers what went wrong as a problem document (RFC 9457), or as an
//! OperationOutcome. What it holds in memory is bounded per organisation and in all (`places`).

mod bearer;
mod feeds;
mod messages;
mod pages;
mod places;
mod problem;
mod process_message;

pub use bearer::token_digest;
pub use places::Places;

use crate::dashboard;
use crate::dispatch::DispatchHandle;
use crate::intake::Letterbox;
use crate::journey::Journey;
use crate::operations::Operations;
use crate::telemetry::Metrics;
use crate::views::Views;
use axum::Router;
use axum::routing::{get, post};
use domain::port::Figures;
use problem::Problem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Readers that are still open when the hub stops are cut off after this.
const CLOSE: Duration = Duration::from_secs(3);

/// What the routes work with.
#[derive(Clone)]
pub struct State {
    pub broker: watch::Receiver<amqp::State>,
    pub recording: Arc<AtomicBool>,
    pub metrics: Arc<Metrics>,
    pub figures: watch::Receiver<Figures>,
    pub dispatch: DispatchHandle,
    pub journey: Arc<Journey>,
    pub letterbox: Letterbox,
    pub places: Arc<Places>,
    /// What pages and programs are told of the hub.
    pub views: Views,
    /// What people have had done.
    pub operations: Arc<Operations>,
    /// True when the hub stops: who waits for news is let go.
    pub stop: watch::Receiver<bool>,
}

pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Server {
    /// # Errors
    /// Where the address cannot be listened on.
    pub async fn start(listen: SocketAddr, state: State) -> Result<Self, String> {
        let taken = |error: std::io::Error| {
            format!("http.listen: {listen} cannot be listened on ({error}); choose another port, or stop what uses it")
        };
        let listener = TcpListener::bind(listen).await.map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        let (stop, mut stopped) = watch::channel(false);
        let serve = axum::serve(listener, router(state)).with_graceful_shutdown(async move {
            // A sender that is gone means the same as a stop.
            let _ = stopped.wait_for(|stop| *stop).await;
        });
        let task = tokio::spawn(async move {
            if let Err(error) = serve.await {
                tracing::error!(%error, "the HTTP listener ended");
            }
        });
        Ok(Self { address, stop, task })
    }

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub async fn stop(self) {
        self.stop.send_replace(true);
        let abort = self.task.abort_handle();
        if tokio::time::timeout(CLOSE, self.task).await.is_err() {
            abort.abort();
        }
    }
}

fn router(state: State) -> Router {
    dashboard::router()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(pages::readyz))
        .route("/metrics", get(pages::metrics))
        .route("/api/v1/messages", post(messages::take))
        .route("/fhir/$process-message", post(process_message::take))
        .route("/api/v1/feeds/{organisation}", get(feeds::list))
        .route("/api/v1/feeds/{organisation}/collected", post(feeds::collected))
        .route("/api/v1/feeds/{organisation}/stream", get(feeds::stream))
        .fallback(pages::no_page)
        .method_not_allowed_fallback(|| async { Problem::wrong_method() })
        .with_state(state)
}
