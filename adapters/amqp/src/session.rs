//! The supervised loop behind an [`Intake`](crate::Intake): connect, declare, consume; on any error tear down and begin
//! again.

use crate::{
    failure::{During, Failure, Kind},
    incoming::Incoming,
    intake::{Phase, Shared},
    link::Link,
    settings::{Address, Settings},
    topology,
};
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures_util::StreamExt;
use lapin::{
    Channel, Consumer,
    options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

/// First wait and longest, before jitter doubles them at most: a restarted broker is found again within seconds, and a
/// hundred hubs do not come back in step.
const WAIT_MIN: Duration = Duration::from_millis(200);
const WAIT_MAX: Duration = Duration::from_secs(5);
/// Where only a person can help, asking more often helps nobody.
const WAIT_STANDING: Duration = Duration::from_secs(15);
/// A session that lasted this long was a good one: the next wait is a first one.
const GOOD: Duration = Duration::from_secs(10);
/// Between two looks at how much waits in the queues.
const COUNT: Duration = Duration::from_secs(15);
/// For declaring and subscribing: a quorum queue without a majority answers late, or never.
pub(crate) const SETUP: Duration = Duration::from_secs(30);

/// Of this process, whichever intake they belong to: a tag is good for one session only.
static SESSIONS: AtomicU64 = AtomicU64::new(1);

pub(crate) async fn supervise(shared: Arc<Shared>, address: Address, settings: Settings, mut phases: watch::Receiver<Phase>) {
    let mut pace = Pace::default();
    let mut told = String::new();
    // With one message at a time, a message that breaks the connection is redelivered alone, and its neighbours do not
    // reach the delivery limit with it.
    let mut careful = false;
    while *phases.borrow() == Phase::Running {
        let began = Instant::now();
        let ended = Session { shared: &shared, address: &address, settings: &settings, phases: phases.clone() }.run(&mut careful).await;
        shared.acker.end().await;
        shared.inbox.clear();
        shared.state.send_modify(|state| {
            (state.connected, state.consuming) = (false, false);
            state.last_error = ended.as_ref().err().map(ToString::to_string);
        });
        let Err(failure) = ended else { break };
        careful |= failure.kind == Kind::Unreadable;
        if told != failure.sentence {
            tell(&failure);
            told.clone_from(&failure.sentence);
        }
        let pause = pace.after(failure.kind, began.elapsed());
        tokio::select! {
            () = sleep(pause) => {}
            () = told_to_stop(&mut phases) => break,
        }
    }
    shared.inbox.close();
}

/// An intake that was dropped is one that closes.
async fn told_to_stop(phases: &mut watch::Receiver<Phase>) {
    let _ = phases.wait_for(|phase| *phase != Phase::Running).await;
}

fn tell(failure: &Failure) {
    match failure.kind {
        Kind::Passing => tracing::warn!("{failure}; connecting again until it works"),
        Kind::Standing | Kind::Unreadable => tracing::error!("{failure}"),
    }
}

/// How long to wait before the next session.
#[derive(Default)]
pub(crate) struct Pace(Option<ExponentialBackoff>);

impl Pace {
    pub(crate) fn after(&mut self, kind: Kind, lasted: Duration) -> Duration {
        if lasted > GOOD {
            self.0 = None;
        }
        let waits = ExponentialBuilder::new().with_min_delay(WAIT_MIN).with_max_delay(WAIT_MAX).with_jitter().without_max_times();
        match kind {
            Kind::Passing => self.0.get_or_insert_with(|| waits.build()).next().unwrap_or(WAIT_MAX),
            Kind::Standing => WAIT_STANDING,
            // No loop without end: the broker gives up on the message at its delivery limit.
            Kind::Unreadable => WAIT_MIN,
        }
    }
}

/// One connection's life.
struct Session<'a> {
    shared: &'a Shared,
    address: &'a Address,
    settings: &'a Settings,
    phases: watch::Receiver<Phase>,
}

impl Session<'_> {
    /// Ends well only when it was told to stop.
    async fn run(&mut self, careful: &mut bool) -> Result<(), Failure> {
        let link = tokio::select! {
            link = Link::open(self.address, &self.settings.connection_name) => link?,
            () = told_to_stop(&mut self.phases) => return Ok(()),
        };
        let ended = self.consume(&link, careful).await;
        link.close().await;
        ended
    }

    async fn consume(&mut self, link: &Link, careful: &mut bool) -> Result<(), Failure> {
        let setup = timeout(SETUP, self.set_up(link, self.prefetch(*careful))).await;
        let (channel, mut consumer) = match setup {
            Ok(ready) => ready.map_err(|e| Failure::of(&e, During::Declaring, self.address))?,
            Err(_) => return Err(self.passing(&format!("did not set up queues within {} seconds", SETUP.as_secs()))),
        };
        let session = self.begin(channel.clone()).await;
        let mut phases = self.phases.clone();
        let mut count = interval(COUNT);
        count.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                delivery = consumer.next() => match delivery {
                    Some(Ok(delivery)) => self.shared.inbox.push(Incoming::new(session, delivery)),
                    Some(Err(error)) => return Err(self.lost(&error)),
                    None => return Err(self.passing("cancelled the consumer: the queue was deleted or lost its leader")),
                },
                () = told_to_stop(&mut phases) => return self.wind_down(&channel, consumer).await,
                _ = count.tick() => self.count(&channel).await?,
            }
            if *careful && self.shared.acker.acked() >= self.settings.prefetch.into() {
                *careful = false;
                consumer = self.widen(session, &channel, consumer).await.map_err(|e| self.lost(&e))?;
            }
        }
    }

    async fn set_up(&self, link: &Link, prefetch: u16) -> lapin::Result<(Channel, Consumer)> {
        let channel = link.channel().await?;
        topology::declare(&channel, self.settings.delivery_limit).await?;
        let consumer = subscribe(&channel, prefetch).await?;
        Ok((channel, consumer))
    }

    /// What waits at the broker. A queue that somebody deleted ends the session, and the next one declares it anew.
    async fn count(&self, channel: &Channel) -> Result<(), Failure> {
        let queues = match timeout(SETUP, topology::waiting(channel)).await {
            Ok(queues) => queues.map_err(|error| self.lost(&error))?,
            Err(_) => return Err(self.passing(&format!("did not say within {} seconds what waits in its queues", SETUP.as_secs()))),
        };
        self.shared.state.send_if_modified(|state| std::mem::replace(&mut state.queues, queues.clone()) != queues);
        Ok(())
    }

    async fn begin(&self, channel: Channel) -> u64 {
        let session = SESSIONS.fetch_add(1, Ordering::Relaxed);
        self.shared.acker.begin(session, channel).await;
        self.shared.state.send_modify(|state| {
            (state.connected, state.consuming) = (true, true);
            state.generation += 1;
            state.reconnects = state.generation - 1;
            state.last_error = None;
        });
        tracing::info!(session, "consuming from RabbitMQ at {}", self.address);
        session
    }

    /// The broken message is behind us, or was none: back to the full prefetch, which holds for new consumers only.
    async fn widen(&self, session: u64, channel: &Channel, mut old: Consumer) -> lapin::Result<Consumer> {
        channel.basic_cancel(old.tag(), BasicCancelOptions::default()).await?;
        while let Some(delivery) = old.next().await {
            self.shared.inbox.push(Incoming::new(session, delivery?));
        }
        subscribe(channel, self.settings.prefetch).await
    }

    /// No more deliveries; acknowledgements go on until the hub closes, or the connection is lost anyway.
    async fn wind_down(&mut self, channel: &Channel, mut consumer: Consumer) -> Result<(), Failure> {
        self.shared.state.send_modify(|state| state.consuming = false);
        // Fails where the connection is lost, and then there is nothing left to do either.
        let _ = timeout(SETUP, channel.basic_cancel(consumer.tag(), BasicCancelOptions::default())).await;
        while let Ok(Some(Ok(_))) = timeout(SETUP, consumer.next()).await {}
        // An error means that the intake was dropped, which closes too.
        let _ = self.phases.wait_for(|phase| *phase == Phase::Closing).await;
        Ok(())
    }

    fn prefetch(&self, careful: bool) -> u16 {
        if careful { 1 } else { self.settings.prefetch }
    }

    fn lost(&self, error: &lapin::Error) -> Failure {
        Failure::of(error, During::Working, self.address)
    }

    fn passing(&self, what: &str) -> Failure {
        Failure::new(Kind::Passing, what, self.address)
    }
}

async fn subscribe(channel: &Channel, prefetch: u16) -> lapin::Result<Consumer> {
    channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
    channel.basic_consume(topology::INTAKE.into(), "".into(), BasicConsumeOptions::default(), FieldTable::default()).await
}

#[cfg(test)]
mod tests {
    use super::{GOOD, Kind, Pace, WAIT_MAX, WAIT_MIN, WAIT_STANDING};
    use std::time::Duration;

    #[test]
    fn waits_grow_to_a_bound_and_start_over_after_a_good_session() {
        let mut pace = Pace::default();
        for round in 0..20 {
            let full = (WAIT_MIN * 2_u32.pow(round.min(10))).min(WAIT_MAX);
            let wait = pace.after(Kind::Passing, Duration::ZERO);
            assert!(full <= wait && wait <= full * 2, "{round}: {wait:?}");
        }
        assert!(pace.after(Kind::Passing, GOOD * 2) <= WAIT_MIN * 2);
        assert_eq!(pace.after(Kind::Standing, Duration::ZERO), WAIT_STANDING);
    }
}
