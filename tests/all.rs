//! One binary for all integration tests: it links once.

mod adapters;
mod bench;
mod broker;
mod browser;
mod certificate;
mod contracts;
mod control;
mod demo;
mod directory;
mod documents;
mod email;
mod faults;
mod fhir;
mod http;
mod journeys;
mod ledger;
mod mesh;
mod metrics;
mod scenarios;
mod simulation;
mod ssda903;
mod support;
mod tidy;
