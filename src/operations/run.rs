//! One operation, from its first delivery to its last.

use super::{NAMED_MAX, NotMoved, Operation, OperationState, Operations, Order, Progress, Step, locked};
use domain::delivery::DeliveryState;
use domain::port::{DeliveryRow, LedgerError, OperatorAction};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

/// The steps of a canary before the rest.
const CANARY: [usize; 3] = [1, 10, 100];
/// Deliveries moved at once.
const CHUNK: usize = 100;
/// One in so many may fail in a later step: a message that nobody could deliver must not keep the others.
const FAILED_PART_MAX: usize = 10;
/// How often it is looked what became of a step.
const LOOK: Duration = Duration::from_millis(500);
/// A step of which nothing is heard for this long has failed: its organisation does not answer, or is paused.
const PATIENCE: Duration = Duration::from_secs(120);

/// Why an operation ends before its end.
enum End {
    Stopped(String),
    Cancelled,
    Failed(LedgerError),
}

impl From<LedgerError> for End {
    fn from(error: LedgerError) -> Self {
        Self::Failed(error)
    }
}

pub(super) async fn run(operations: Arc<Operations>, operation: Arc<Operation>, order: Order, cancelled: watch::Receiver<bool>) {
    let mut runner = Runner { operations: &operations, operation: &operation, order: &order, cancelled };
    let end = runner.work().await;
    let now = (operations.now)();
    let mut progress = locked(&operation.progress);
    progress.ended_at = Some(now);
    (progress.state, progress.sentence) = match end {
        Ok(sentence) => (OperationState::Done, sentence),
        Err(End::Stopped(why)) => (OperationState::Stopped, why),
        Err(End::Cancelled) => {
            (OperationState::Cancelled, "It was cancelled. What was moved stays moved; the rest is as it was.".to_owned())
        }
        Err(End::Failed(error)) => {
            (OperationState::Failed, format!("The ledger did not answer: {error}. What was moved stays moved; begin again for the rest."))
        }
    };
    let Progress { id, what, by, reason, moved, asked, sentence, .. } = &*progress;
    tracing::info!(operation = %id, what, by, reason, moved, asked, "an operation ended: {sentence}");
}

struct Runner<'a> {
    operations: &'a Operations,
    operation: &'a Operation,
    order: &'a Order,
    cancelled: watch::Receiver<bool>,
}

impl Runner<'_> {
    async fn work(&mut self) -> Result<String, End> {
        let (ids, is_more) = self.order.target.find(self.operations.ledger.as_ref()).await?;
        self.note(|progress| progress.asked = ids.len() as u64);
        let is_canary = self.order.is_canary && self.order.action == OperatorAction::Retry && ids.len() > 1;
        let mut left = ids.as_slice();
        let mut step = 0;
        while !left.is_empty() {
            let size = CANARY.get(step).copied().filter(|_| is_canary).unwrap_or(CHUNK).min(left.len());
            let (now, rest) = left.split_at(size);
            left = rest;
            self.say(format!("Moving {size}; {} are left after that.", left.len()));
            let moved = self.step(now).await?;
            if is_canary && step < CANARY.len() && !left.is_empty() && !moved.is_empty() {
                self.await_outcome(&moved, step == 0).await?;
            }
            step += 1;
            if !left.is_empty() {
                let seconds = size as f64 * 60.0 / f64::from(self.order.per_minute.max(1));
                self.wait(Duration::from_secs_f64(if is_canary && step <= CANARY.len() { 0.0 } else { seconds })).await?;
            }
        }
        let all = self.operation.look();
        let more = if is_more { " There were more than one operation takes: begin another for the rest." } else { "" };
        Ok(match (all.asked, all.moved) {
            (0, _) => "There was nothing to move: what it was about has settled meanwhile.".to_owned(),
            (asked, moved) if asked == moved => format!("All {moved} were moved.{more}"),
            (asked, moved) => format!("{moved} of {asked} were moved.{more}"),
        })
    }

    /// Moves some, and says of the others why not.
    async fn step(&self, ids: &[Uuid]) -> Result<Vec<Uuid>, LedgerError> {
        let (ledger, order) = (&self.operations.ledger, self.order);
        let reason = format!("{}, says {}", order.reason.trim(), order.by);
        let moved = ledger.operate(ids.to_vec(), order.action, reason, (self.operations.now)()).await?;
        let rows = ledger.deliveries_of(ids.to_vec()).await?;
        let done: HashSet<Uuid> = moved.iter().copied().collect();
        let mut recipients: Vec<_> = rows.iter().filter(|row| done.contains(&row.id)).map(|row| row.recipient).collect();
        recipients.sort_unstable();
        recipients.dedup();
        self.operations.dispatch.nudge(recipients);
        self.note(|progress| {
            progress.moved += moved.len() as u64;
            progress.steps.push(Step { moved: moved.len() as u64, ..Step::default() });
            for id in ids.iter().filter(|id| !done.contains(id)) {
                let why = why_not(rows.iter().find(|row| row.id == *id));
                if progress.named.len() < NAMED_MAX {
                    progress.named.push(NotMoved { delivery: *id, why: why.clone() });
                }
                *progress.not_moved.entry(why).or_default() += 1;
            }
        });
        Ok(moved)
    }

    /// Until enough is known of a step's deliveries to go on, or to stop.
    async fn await_outcome(&mut self, ids: &[Uuid], is_first: bool) -> Result<(), End> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let failed_max = if is_first { 0 } else { ids.len() / FAILED_PART_MAX };
        loop {
            let rows = self.operations.ledger.deliveries_of(ids.to_vec()).await?;
            let outcome = outcome(&rows);
            self.note(|progress| {
                if let Some(step) = progress.steps.last_mut() {
                    *step = outcome;
                }
            });
            let failed = usize::try_from(outcome.failed).unwrap_or(usize::MAX);
            if failed > failed_max {
                let why = rows.iter().find(|row| has_failed(row)).and_then(|row| row.reason.as_deref()).unwrap_or("it says nothing");
                return Err(End::Stopped(format!("{failed} of {} failed again ({why}), so the rest was left as it was.", ids.len())));
            }
            if outcome.waiting == 0 {
                return Ok(());
            }
            if tokio::time::Instant::now() >= deadline {
                let seconds = PATIENCE.as_secs();
                let sentence =
                    format!("Nothing was heard of {} of {} for {seconds} s, so the rest was left as it was.", outcome.waiting, ids.len());
                return Err(End::Stopped(sentence));
            }
            self.say(format!("Waiting for what becomes of {}.", ids.len()));
            self.wait(LOOK).await?;
        }
    }

    async fn wait(&mut self, duration: Duration) -> Result<(), End> {
        let mut stop = self.operations.stop.clone();
        tokio::select! {
            biased;
            _ = self.cancelled.wait_for(|cancelled| *cancelled) => Err(End::Cancelled),
            _ = stop.wait_for(|stop| *stop) => Err(End::Cancelled),
            () = tokio::time::sleep(duration) => Ok(()),
        }
    }

    fn say(&self, sentence: String) {
        self.note(|progress| progress.sentence = sentence);
    }

    fn note(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut locked(&self.operation.progress));
    }
}

fn outcome(rows: &[DeliveryRow]) -> Step {
    let count = |is: fn(&&DeliveryRow) -> bool| rows.iter().filter(is).count() as u64;
    let failed = count(|row| has_failed(row));
    let worked = count(|row| {
        matches!(row.state, DeliveryState::Accepted | DeliveryState::Delivered | DeliveryState::Acknowledged | DeliveryState::Withdrawn)
    });
    let moved = rows.len() as u64;
    Step { moved, worked, failed, waiting: moved.saturating_sub(failed + worked) }
}

/// Its attempts were counted anew: any that was made and did not bring it there failed.
fn has_failed(row: &DeliveryRow) -> bool {
    match row.state {
        DeliveryState::Dead | DeliveryState::Held => true,
        DeliveryState::Due => row.attempts > 0,
        _ => false,
    }
}

fn why_not(row: Option<&DeliveryRow>) -> String {
    match row.map(|row| row.state) {
        None => "there is no such delivery".to_owned(),
        Some(DeliveryState::Leased) => "it is being sent right now: look again when its attempt has ended".to_owned(),
        Some(state) => format!("it is {state}, and nothing of this kind can be done with it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Code;
    use domain::delivery::Kind;
    use jiff::Timestamp;

    fn row(state: DeliveryState, attempts: u32) -> DeliveryRow {
        DeliveryRow {
            id: Uuid::nil(),
            obligation: Uuid::nil(),
            kind: Kind::ArrivalNotice,
            recipient: Code::NONE,
            place: None,
            state,
            reason: None,
            due_on: None,
            attempts,
            recorded_at: Timestamp::UNIX_EPOCH,
            next_at: None,
            settled_at: None,
        }
    }

    #[test]
    fn what_became_of_a_step_is_counted() {
        let rows = [
            row(DeliveryState::Delivered, 1),
            row(DeliveryState::Accepted, 1),
            row(DeliveryState::Due, 0),
            row(DeliveryState::Leased, 0),
            row(DeliveryState::Due, 1),
            row(DeliveryState::Dead, 1),
        ];
        assert_eq!(outcome(&rows), Step { moved: 6, worked: 2, failed: 2, waiting: 2 });
    }

    #[test]
    fn what_was_not_moved_says_why() {
        assert!(why_not(None).contains("no such delivery"));
        assert!(why_not(Some(&row(DeliveryState::Leased, 0))).contains("being sent"));
        assert!(why_not(Some(&row(DeliveryState::Delivered, 1))).contains("it is delivered"));
    }
}
