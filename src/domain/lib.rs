//! The hub's rules. Nothing in here reads a clock, a file, a socket or a random number.

pub mod code;
pub mod delivery;
pub mod directory;
pub mod message;
pub mod port;
pub mod retry;
pub mod working_days;

pub use code::Code;
