//! What every ledger has in common: how values stand in its columns, and how a delivery moves. A ledger reads rows, asks here what
//! becomes of them, and writes the answer; so two ledgers cannot decide differently.

pub mod columns;
pub mod standing;
