//! What people do to many deliveries at once: each an operation with an id, carried out step by step, which says what was moved, what
//! was not, and why.
//!
//! A retry of many goes out as a canary: one, then ten, then a hundred, then the rest, and each step waits for what became of the one
//! before. Where that failed, the operation stops by itself. Operations live in memory: whoever reloads the page finds them again, but a
//! restart of the hub ends them. What was moved by then stays moved, and the rest is as it was.

mod run;
mod target;

pub use target::Target;

use crate::dispatch::DispatchHandle;
use domain::port::{Ledger, OperatorAction};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use uuid::Uuid;

/// Operations that run at once: more would be in each other's way.
const RUNNING_MAX: usize = 4;
/// Operations that are remembered, the newest.
const KEPT_MAX: usize = 100;
/// Deliveries that were not moved and are named one by one; of the others the number is told.
const NAMED_MAX: usize = 50;

/// What somebody wants done.
#[derive(Clone, Debug)]
pub struct Order {
    pub action: OperatorAction,
    pub target: Target,
    /// Who, as the audit has it.
    pub by: String,
    pub reason: String,
    /// One, ten, a hundred, the rest: only for what is sent again.
    pub is_canary: bool,
    /// Most deliveries moved in a minute.
    pub per_minute: u32,
}

/// Everything that people have had done since the hub started.
pub struct Operations {
    ledger: Arc<dyn Ledger>,
    dispatch: DispatchHandle,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    stop: watch::Receiver<bool>,
    kept: Mutex<VecDeque<Arc<Operation>>>,
}

struct Operation {
    progress: Mutex<Progress>,
    cancel: watch::Sender<bool>,
}

/// How an operation stands.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    pub id: Uuid,
    /// `retry`, `hold`, ...; or what else was done: `pause`, `test event`.
    pub what: String,
    pub target: String,
    pub by: String,
    pub reason: String,
    pub state: OperationState,
    pub begun_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Deliveries that it is about, once that is known.
    pub asked: u64,
    pub moved: u64,
    /// How many were not moved, by why.
    pub not_moved: BTreeMap<String, u64>,
    /// Some of these, by id.
    pub named: Vec<NotMoved>,
    /// The steps of a canary, as far as it came.
    pub steps: Vec<Step>,
    /// How it ended, or what it waits for.
    pub sentence: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OperationState {
    Running,
    Done,
    /// By itself, because what it sent failed.
    Stopped,
    Cancelled,
    Failed,
}

#[derive(Clone, Debug, Serialize)]
pub struct NotMoved {
    pub delivery: Uuid,
    pub why: String,
}

/// One step: so many were moved, and this became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Step {
    pub moved: u64,
    pub worked: u64,
    pub failed: u64,
    /// Nothing was heard of them yet.
    pub waiting: u64,
}

impl OperationState {
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Done => "Done",
            Self::Stopped => "Stopped by itself",
            Self::Cancelled => "Cancelled",
            Self::Failed => "Failed",
        }
    }
}

impl Operations {
    #[must_use]
    pub fn new(
        ledger: Arc<dyn Ledger>,
        dispatch: DispatchHandle,
        now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self { ledger, dispatch, now, stop, kept: Mutex::default() }
    }

    /// Begins to carry out an order; answers its id.
    ///
    /// # Errors
    /// A sentence: no reason was given, or too many operations run already.
    pub fn begin(self: &Arc<Self>, order: Order) -> Result<Uuid, String> {
        if order.reason.trim().is_empty() {
            return Err("Give a reason: it is kept with each delivery.".to_owned());
        }
        let mut progress = self.progress(order.action.name(), &order.target.words(), &order.by, &order.reason);
        progress.sentence = "Looking up what it is about.".to_owned();
        let (cancel, cancelled) = watch::channel(false);
        let operation = Arc::new(Operation { progress: Mutex::new(progress), cancel });
        let id = operation.look().id;
        {
            let mut kept = locked(&self.kept);
            let running = kept.iter().filter(|one| one.look().state == OperationState::Running).count();
            if running >= RUNNING_MAX {
                return Err(format!("{RUNNING_MAX} operations are running already. Wait until one has ended, or cancel one."));
            }
            keep(&mut kept, Arc::clone(&operation));
        }
        tokio::spawn(run::run(Arc::clone(self), operation, order, cancelled));
        Ok(id)
    }

    /// Keeps what was done at once, so that it has an id and a place to be read.
    pub fn done(&self, what: &str, target: &str, by: &str, reason: &str, outcome: Result<String, String>) -> Uuid {
        let mut progress = self.progress(what, target, by, reason);
        progress.ended_at = Some(progress.begun_at);
        (progress.state, progress.sentence) = match outcome {
            Ok(sentence) => (OperationState::Done, sentence),
            Err(sentence) => (OperationState::Failed, sentence),
        };
        let id = progress.id;
        let operation = Operation { progress: Mutex::new(progress), cancel: watch::channel(false).0 };
        keep(&mut locked(&self.kept), Arc::new(operation));
        id
    }

    /// Stops an operation before its next step. False where there is none that runs.
    #[must_use]
    pub fn cancel(&self, id: Uuid) -> bool {
        let kept = locked(&self.kept);
        let running = kept.iter().find(|one| one.look().id == id && one.look().state == OperationState::Running);
        running.is_some_and(|operation| operation.cancel.send(true).is_ok())
    }

    #[must_use]
    pub fn one(&self, id: Uuid) -> Option<Progress> {
        locked(&self.kept).iter().map(|operation| operation.look()).find(|progress| progress.id == id)
    }

    /// The newest first.
    #[must_use]
    pub fn all(&self) -> Vec<Progress> {
        locked(&self.kept).iter().rev().map(|operation| operation.look()).collect()
    }

    fn progress(&self, what: &str, target: &str, by: &str, reason: &str) -> Progress {
        Progress {
            id: Uuid::now_v7(),
            what: what.to_owned(),
            target: target.to_owned(),
            by: by.to_owned(),
            reason: reason.trim().to_owned(),
            state: OperationState::Running,
            begun_at: (self.now)(),
            ended_at: None,
            asked: 0,
            moved: 0,
            not_moved: BTreeMap::new(),
            named: Vec::new(),
            steps: Vec::new(),
            sentence: String::new(),
        }
    }
}

impl Operation {
    fn look(&self) -> Progress {
        locked(&self.progress).clone()
    }
}

/// Those that run are never forgotten: there are few.
fn keep(kept: &mut VecDeque<Arc<Operation>>, operation: Arc<Operation>) {
    if kept.len() >= KEPT_MAX
        && let Some(oldest) = kept.iter().position(|one| one.look().state != OperationState::Running)
    {
        kept.remove(oldest);
    }
    kept.push_back(operation);
}

/// No code panics while it holds one of these locks.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
