//! `run`: the hub, until it is told to stop. SIGHUP has it use the directory as it is in its folder now.

use super::{Context, Failure, Outcome, failed, runtime};
use crate::hub::Hub;
use tokio::signal::unix::{SignalKind, signal};

pub fn run(context: &Context) -> Outcome {
    let settings = context.settings()?;
    Context::log(&settings)?;
    runtime()?.block_on(async {
        let mut hangup = signal(SignalKind::hangup()).map_err(failed("signals cannot be waited for"))?;
        let hub = Hub::start(&settings).await.map_err(|error| Failure::Misconfigured(format!("placement-hub: {error}")))?;
        tracing::info!(status_page = %format!("http://{}/", hub.address()), "the hub runs");
        let stop = stop_signal();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                stopped = &mut stop => break stopped.map_err(failed("signals cannot be waited for"))?,
                _ = hangup.recv() => {
                    let reloader = hub.reloader();
                    // Beside the rest: being told to stop does not wait for it. It logs what came of it.
                    drop(tokio::spawn(async move { drop(reloader.reload(false).await) }));
                }
            }
        }
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
