//! What several groups of tests share.

pub mod broker;
pub mod database;
pub mod door;
pub mod letter;
pub mod mesh;
pub mod python;
pub mod quiet;
pub mod sink;
pub mod site;
pub mod story;
