//! The hub's rules. Nothing in here reads a clock, a file, a socket or a random number.

pub mod admission;
pub mod breaker;
pub mod cause;
pub mod claim;
pub mod code;
pub mod contract;
pub mod deadline;
pub mod delivery;
pub mod directory;
pub mod hex;
pub mod identifiers;
pub mod ledger;
pub mod message;
pub mod message_rules;
pub mod port;
pub mod postcode;
pub mod retry;
pub mod rules;
pub mod working_days;

pub mod casefile;
pub mod owed;
pub mod policy;
pub mod reconcile;
pub mod timeline;
pub use code::Code;

#[cfg(test)]
mod histories;
