//! The demo: its story, and `demo --once` as the built program on a real broker.

mod once;
mod tale;
