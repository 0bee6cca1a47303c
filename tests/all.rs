//! One binary for all integration tests: it links once.

mod adapters;
mod broker;
mod contracts;
mod directory;
mod ledger;
mod scenarios;
mod support;
mod tidy;
