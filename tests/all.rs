//! One binary for all integration tests: it links once.

mod adapters;
mod bench;
mod broker;
mod contracts;
mod control;
mod demo;
mod directory;
mod faults;
mod journeys;
mod ledger;
mod scenarios;
mod ssda903;
mod support;
mod tidy;
