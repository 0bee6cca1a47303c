//! sqlite-ledger
