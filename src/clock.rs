//! What happens because time passes: parked moves are released, referrals escalated, breaches marked, figures refreshed,
//! certificates run out.

use crate::directory::{Rails, certificates};
use crate::dispatch::DispatchHandle;
use crate::intake::hand_over;
use crate::journey::{Journey, JourneyError};
use crate::telemetry::Metrics;
use domain::deadline::at_risk_until;
use domain::port::Figures;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

/// Children decided on in one go: their clocks rang together, at midnight say.
const WAKE_MAX: usize = 200;
/// How often clocks are looked at. Deadlines are days; a second is soon enough.
const TICK: Duration = Duration::from_secs(1);
/// Every so many ticks, breaches are marked.
const BREACH_TICKS: u64 = 60;
/// Every so many ticks, figures are read for metrics and the dashboard.
const FIGURES_TICKS: u64 = 2;
/// Every so many ticks, a hub asks whether the clocks are its own to mind.
const DUTY_TICKS: u64 = 5;
/// After so many seconds without a word of the hub that minds them, another one does.
const DUTY_SECONDS: i64 = 15;

/// Every so many ticks, it is looked when certificates end ...
const CERTIFICATE_TICKS: u64 = 60;
/// ... and, once a day, logged which of them want a person.
const CERTIFICATE_LOG_TICKS: u64 = 86_400;

pub struct Parts {
    pub journey: Arc<Journey>,
    pub dispatch: DispatchHandle,
    pub metrics: Arc<Metrics>,
    pub figures: watch::Sender<Figures>,
    /// This hub, among those that share the ledger: one of them minds the clocks.
    pub holder: Uuid,
    /// Whether it is this one now: for whatever else must be done once.
    pub on_duty: Arc<AtomicBool>,
    pub rails: Rails,
}

/// Runs until `stop` turns true.
pub async fn run(parts: Parts, mut stop: watch::Receiver<bool>) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut quiet = true;
    for tick in 0_u64.. {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            _ = interval.tick() => {}
        }
        match tick_once(&parts, tick).await {
            Ok(()) => quiet = true,
            Err(error) if quiet => {
                quiet = false;
                tracing::error!(error = &*error, "clocks stand still until the ledger answers");
            }
            Err(_) => {}
        }
    }
}

async fn tick_once(parts: &Parts, tick: u64) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let now = (parts.journey.now)();
    let today = parts.journey.policy.day(now);
    let ledger = &parts.journey.ledger;
    if tick.is_multiple_of(DUTY_TICKS) {
        // Two hubs at once, where a clock was set, do the same work twice: conflicts and counts settle that.
        let until = now.saturating_add(SignedDuration::from_secs(DUTY_SECONDS)).unwrap_or(Timestamp::MAX);
        let held = ledger.hold_duty("clocks", parts.holder, until, now).await;
        // Once, with the answer: others look at it meanwhile, and must not take the asking for a no.
        parts.on_duty.store(matches!(held, Ok(true)), Relaxed);
        held?;
    }
    let on_duty = parts.on_duty.load(Relaxed);
    if on_duty {
        wake(&parts.journey, &parts.dispatch, &parts.metrics).await?;
    }
    if on_duty && tick.is_multiple_of(BREACH_TICKS) {
        let breaches = ledger.mark_breaches(today, now).await?;
        if breaches > 0 {
            tracing::warn!(breaches, "statutory deadlines passed before delivery");
        }
    }
    if tick.is_multiple_of(CERTIFICATE_TICKS) {
        let held = certificates(&parts.journey.directory.load(), &parts.rails, now, today);
        parts.metrics.certificates(held.iter().map(|held| (held.endpoint.as_str(), held.certificate.to.duration_since(now))));
        for held in held.iter().filter(|held| held.wants_a_person() && tick.is_multiple_of(CERTIFICATE_LOG_TICKS)) {
            tracing::warn!("{held}");
        }
    }
    if tick.is_multiple_of(FIGURES_TICKS) {
        let at_risk_until = at_risk_until(today, &parts.journey.directory.load().calendar);
        let figures = ledger.figures(today, at_risk_until).await?;
        parts.metrics.figures(&figures, now);
        parts.figures.send_replace(figures);
    }
    Ok(())
}

/// Decides again on the children whose clock has rung, and sends what follows.
///
/// # Errors
/// As [`Journey::receive`]: they come again with the next tick.
pub async fn wake(journey: &Journey, dispatch: &DispatchHandle, metrics: &Metrics) -> Result<(), JourneyError> {
    let children = journey.ledger.children_to_wake((journey.now)(), WAKE_MAX).await?;
    if children.is_empty() {
        return Ok(());
    }
    let received = journey.wake(children, &dispatch.terms()).await?;
    hand_over(received, dispatch, metrics);
    Ok(())
}
