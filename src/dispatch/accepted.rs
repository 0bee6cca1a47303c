//! Wakes those who wait for something to be accepted for a recipient: readers of its feed.

use super::shared::locked;
use domain::Code;
use std::collections::HashMap;
use std::sync::Mutex;
use tokio::sync::watch;

/// One channel per recipient that somebody has ever waited for: at most as many as there are organisations.
#[derive(Debug, Default)]
pub(super) struct Accepted(Mutex<HashMap<Code, watch::Sender<()>>>);

impl Accepted {
    /// Changes whenever something is settled as accepted. Subscribe first and look afterwards: then nothing is missed.
    pub(super) fn watch(&self, recipient: Code) -> watch::Receiver<()> {
        locked(&self.0).entry(recipient).or_default().subscribe()
    }

    pub(super) fn tell(&self, recipient: Code) {
        if let Some(watched) = locked(&self.0).get(&recipient) {
            watched.send_replace(());
        }
    }
}
