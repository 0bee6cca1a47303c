//! placement-hub: tells the receiving council and health commissioner when a child in care moves, and keeps at it until
//! they know.
//!
//! [`Hub`] is what is plugged together and running; `journey` is the way of a message through it; `domain` (a package of
//! its own) decides. See ARCHITECTURE.md.

mod alerts;
pub mod bench;
pub mod certificate;
pub mod cli;
pub mod clock;
mod cloud_event;
pub mod config;
pub mod contracts;
pub mod control;
pub mod crash;
pub mod dashboard;
pub mod demo;
pub mod directory;
pub mod dispatch;
pub mod error;
pub mod explain;
pub mod heartbeat;
pub mod http;
pub mod hub;
pub mod intake;
pub mod journey;
pub mod keys;
mod machine;
pub mod operations;
pub mod pauses;
pub mod post;
pub mod receipt;
pub mod reload;
pub mod reseal;
pub mod ssda903;
pub mod telemetry;
pub mod views;
pub mod wiring;

pub use hub::Hub;
