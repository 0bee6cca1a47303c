#[path = "../../../tests/broker/mod.rs"]
mod broker;
