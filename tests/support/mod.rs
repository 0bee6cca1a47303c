//! What several groups of tests share.

pub mod broker;
pub mod database;
pub mod door;
pub mod envelope;
pub mod letter;
pub mod mesh;
pub mod node;
pub mod python;
pub mod quiet;
pub mod road;
pub mod sink;
pub mod site;
pub mod smtp;
pub mod story;
