//! SSDA903 returns of children looked after, made into placement changes: what an authority's system holds already.
//!
//! The cast: a [`Return`] is the episodes and the header, from CSV or XML, child by child; [`Extra`] is what a return
//! lacks (names, NHS number, whether a placement was planned); [`Codes`] are the codes of each collection year. The
//! `chain` lays a child's episodes into care periods, the `document` makes a placement change of each, the `changes`
//! hold them against what was published before, which the [`state`] file keeps sealed. [`Import`] tells the story.
//!
//! Nothing is guessed: what contradicts itself is a [`finding`](Finding) with its file and row, and only what cannot be
//! wrong because of it is taken. Nothing here publishes, and nothing reads the clock: the caller does.

mod chain;
mod changes;
mod codes;
mod document;
mod episode;
mod extra;
mod fields;
mod finding;
mod import;
mod source;
pub mod state;
mod table;

pub use changes::{Change, What};
pub use codes::{Codes, year_name, year_of};
pub use extra::Extra;
pub use finding::{Finding, Findings, Scope};
pub use import::{Import, Options, Ready, Summary};
pub use source::{ROWS_MAX, Return};
