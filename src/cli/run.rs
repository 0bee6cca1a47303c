//! `run`: the hub, until it is told to stop.

use super::{Context, Failure, Outcome, failed, runtime};
use crate::hub::Hub;

pub fn run(context: &Context) -> Outcome {
    let settings = context.settings()?;
    Context::log(&settings)?;
    runtime()?.block_on(async {
        let hub = Hub::start(&settings).await.map_err(|error| Failure::Misconfigured(format!("placement-hub: {error}")))?;
        tracing::info!(status_page = %format!("http://{}/", hub.address()), "the hub runs");
        stop_signal().await.map_err(failed("signals cannot be waited for"))?;
        tracing::info!("told to stop: finishing what is in hand");
        hub.stop().await;
        tracing::info!("stopped");
        Ok(())
    })
}

/// Waits for SIGTERM or Ctrl-C.
pub async fn stop_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
