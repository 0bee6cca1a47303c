//! A line about what is done so far, redrawn on a terminal; nothing elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Often enough to be seen moving, seldom enough to cost nothing.
const EVERY: Duration = Duration::from_millis(200);
const WIDTH: u64 = 30;

pub struct Progress {
    total: u64,
    next: Option<Instant>,
}

impl Progress {
    pub fn new(total: u64) -> Self {
        Self { total, next: std::io::stderr().is_terminal().then(Instant::now) }
    }

    pub fn show(&mut self, done: u64) {
        let now = Instant::now();
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        self.next = Some(now + EVERY);
        let total = self.total.max(1);
        let full = usize::try_from(WIDTH * done.min(total) / total).unwrap_or_default();
        let empty = usize::try_from(WIDTH).unwrap_or_default() - full;
        // A line that cannot be drawn is no reason to stop.
        let _ = write!(std::io::stderr(), "\r[{}{}] {done} of {total} episodes", "#".repeat(full), ".".repeat(empty));
    }

    pub fn end(&mut self) {
        if self.next.take().is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
