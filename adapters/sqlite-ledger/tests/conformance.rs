//! The suite of every ledger, over this one.

#[path = "../../../tests/ledger/mod.rs"]
mod ledger;
