//! The gate between one run of a hub and the world. Whatever a hub does to the world, or learns from it, passes here: each verb of the
//! ledger before and after it, each request and its answer, each batch of the broker. So a hub that is shut in here is frozen, and one
//! that is dead has ended, wherever its tasks were: nobody will ever see what they do.

use std::sync::Mutex;
use tokio::sync::{Notify, mpsc};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    Crash,
    Freeze,
    /// It was told to stop, and has.
    End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    Shut,
    Dead,
}

pub struct Gate {
    /// Which run of which hub: it is told with a blow.
    run: u64,
    state: Mutex<(Way, Option<(usize, Blow)>)>,
    opened: Notify,
    told: mpsc::UnboundedSender<(u64, Blow)>,
}

impl Gate {
    pub fn new(run: u64, told: mpsc::UnboundedSender<(u64, Blow)>) -> Self {
        Self { run, state: Mutex::new((Way::Open, None)), opened: Notify::new(), told }
    }

    /// At the `after`-th passing from now, the blow falls.
    pub fn arm(&self, after: usize, blow: Blow) {
        self.state.lock().unwrap().1 = Some((after, blow));
    }

    pub fn disarm(&self) {
        self.state.lock().unwrap().1 = None;
    }

    pub fn kill(&self) {
        self.state.lock().unwrap().0 = Way::Dead;
    }

    /// A hub that was told to stop has come to its end.
    pub fn end(&self) {
        self.kill();
        let _ = self.told.send((self.run, Blow::End));
    }

    /// Whether it goes on now.
    pub fn thaw(&self) -> bool {
        let mut state = self.state.lock().unwrap();
        let frozen = state.0 == Way::Shut;
        if frozen {
            state.0 = Way::Open;
            self.opened.notify_waiters();
        }
        frozen
    }

    pub fn is_open(&self) -> bool {
        self.state.lock().unwrap().0 == Way::Open
    }

    /// Returns at once, or when a frozen hub goes on, or never.
    pub async fn pass(&self) {
        loop {
            let opened = self.opened.notified();
            match self.look() {
                Way::Open => return,
                Way::Shut => opened.await,
                Way::Dead => std::future::pending().await,
            }
        }
    }

    fn look(&self) -> Way {
        let mut state = self.state.lock().unwrap();
        let (way, fuse) = &mut *state;
        match fuse {
            Some((0, blow)) if *way == Way::Open => {
                // Nobody listens any more when the world has ended.
                let _ = self.told.send((self.run, *blow));
                *way = if *blow == Blow::Freeze { Way::Shut } else { Way::Dead };
                *fuse = None;
            }
            Some((left, _)) => *left = left.saturating_sub(1),
            None => {}
        }
        *way
    }
}
