//! The delivering half: adapters against real sockets, and lanes against a ledger in memory with the clock in hand.

mod conformance;
pub mod directory;
mod dispatch;
mod dispatch_end;
mod dispatch_faults;
pub mod heartbeat;
mod lanes;
mod model_ledger;
pub mod receiver;
mod scripted;
mod webhook;
mod webhook_guard;
mod webhook_official;
