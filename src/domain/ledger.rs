//! What every ledger has in common: how values stand in its columns, how a delivery moves, and how a journey reads. A ledger reads rows, asks here what
//! becomes of them, and writes the answer; so two ledgers cannot decide differently.

pub mod columns;
pub mod standing;
pub mod words;
