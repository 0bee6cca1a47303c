//! A certificate: what this hub recorded of telling others about one placement, signed, so that somebody who does not trust a
//! printed page can check it.
//!
//! A [`Statement`] is drawn up from the ledger's record of the child; [`jws`] signs it and checks it (RFC 7515, Ed25519 as in
//! RFC 8037); [`PublicKey`] is what others check it with. It proves that whoever holds the hub's key says so, and that
//! nothing was changed since. It does not prove that the hub's clock was right, nor that a person read anything.
//!
//! Nothing in here reads a file or a clock. No child data gets in but the placement's id, which the asker wrote.

mod draw_up;
pub mod jws;
mod public_key;
mod statement;
mod text;

pub use draw_up::{CertificateError, Issuer, draw_up};
pub use public_key::{NotAKey, PublicKey};
pub use statement::{About, Acknowledgement, Attempt, Delivery, KnownBy, Message, Organisation, Statement, Timeliness, Unreadable};
