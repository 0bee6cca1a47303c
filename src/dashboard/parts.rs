//! What pages have in common.

pub mod form;
pub mod layout;
pub mod spark;
pub mod table;
pub mod words;
