//! A hub without rails or a broker: nobody is reachable, so all that is owed is held.

use super::story::WORLD;
use arc_swap::ArcSwap;
use domain::directory::Directory;
use domain::port::Ledger;
use domain::retry::RetryPolicy;
use jiff::Timestamp;
use placement_hub::contracts::Contracts;
use placement_hub::dispatch::{Dispatch, DispatchHandle, LaneSettings, Parts};
use placement_hub::journey::Journey;
use placement_hub::keys::Keys;
use placement_hub::telemetry::Metrics;
use sqlite_ledger::SqliteLedger;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// On 22 November 2026, with its ledger in `file`. Must be called within a tokio runtime.
pub fn hub(file: &Path, directory: Directory) -> (Arc<Journey>, DispatchHandle) {
    let ledger: Arc<dyn Ledger> = Arc::new(SqliteLedger::open(file).unwrap());
    let directory = Arc::new(ArcSwap::from_pointee(directory));
    let metrics = Arc::new(Metrics::new().unwrap());
    let clock: Arc<dyn Fn() -> Timestamp + Send + Sync> = Arc::new(|| "2026-11-22T12:00:00Z".parse().unwrap());
    let dispatch = Dispatch::start(Parts {
        ledger: Arc::clone(&ledger),
        directory: Arc::clone(&directory),
        deliverers: HashMap::new(),
        open: Arc::new(|_| Err("nothing is sent here".to_owned())),
        retry: RetryPolicy::default(),
        lanes: LaneSettings::default(),
        metrics: Arc::clone(&metrics),
        clock: Arc::clone(&clock),
        random: Arc::new(|| 0.5),
        holder: Uuid::now_v7(),
    });
    let journey = Arc::new(Journey {
        contracts: Arc::new(Contracts::new().unwrap()),
        ledger,
        directory,
        policy: Arc::new(WORLD.policy.clone()),
        keys: Arc::new(Keys::from_master(&[7; 32]).unwrap()),
        source: "urn:test".to_owned(),
        require_user_id: false,
        metrics,
        now: clock,
    });
    (journey, dispatch)
}
