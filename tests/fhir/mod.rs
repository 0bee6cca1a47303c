//! FHIR: what goes out, held against goldens, foreign validators and our own rules; how it goes out; and what comes back.

mod delivery;
mod goldens;
pub mod issued;
pub mod update;

pub use issued::endpoint;
