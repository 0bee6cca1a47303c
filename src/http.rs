//! The HTTP listener: is it alive, is it ready, what does it measure, how does it look.

use crate::dashboard;
use crate::dispatch::DispatchHandle;
use crate::journey::Journey;
use crate::telemetry::Metrics;
use axum::Router;
use axum::extract::State as Shared;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use domain::port::Figures;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Readers that are still open when the hub stops are cut off after this.
const CLOSE: Duration = Duration::from_secs(3);

/// What the pages show.
#[derive(Clone)]
pub struct State {
    pub broker: watch::Receiver<amqp::State>,
    pub recording: Arc<AtomicBool>,
    pub metrics: Arc<Metrics>,
    pub figures: watch::Receiver<Figures>,
    pub dispatch: DispatchHandle,
    pub journey: Arc<Journey>,
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
    Router::new()
        .route("/", get(status))
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is no such page\n") })
        .with_state(state)
}

/// Ready means: consuming, and what is consumed is recorded. The body says what is missing, a line each.
async fn readyz(Shared(state): Shared<State>) -> Response {
    let mut missing = Vec::new();
    {
        let broker = state.broker.borrow();
        if !broker.consuming {
            let why = broker.last_error.clone().unwrap_or_else(|| "it is connecting".to_owned());
            missing.push(format!("not consuming from the broker: {why}"));
        }
    }
    if !state.recording.load(Ordering::Relaxed) {
        missing.push("the ledger does not record".to_owned());
    }
    if !state.dispatch.is_alive() {
        missing.push("delivering has ended by itself; restart the hub".to_owned());
    }
    if missing.is_empty() {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, missing.join("\n") + "\n").into_response()
}

async fn metrics(Shared(state): Shared<State>) -> Response {
    state.metrics.broker_connected(state.broker.borrow().consuming);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], state.metrics.encode()).into_response()
}

async fn status(Shared(state): Shared<State>) -> Html<String> {
    let directory = state.journey.directory.load_full();
    let broker = state.broker.borrow().clone();
    let figures = state.figures.borrow().clone();
    let now = (state.journey.now)();
    Html(dashboard::overview(&directory, &broker, &figures, &state.dispatch.lanes(), now))
}
