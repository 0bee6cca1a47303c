//! The directory as files: read, checked whole, and handed over as one [`domain::directory::Directory`].
//!
//! [`load`] reads a folder like `config/directory/` (its README says what each file holds) and reports every mistake at
//! once, with file and line. [`pack_postcodes`] writes the postcode index that such a folder holds.

mod check;
mod endpoints;
mod load;
mod mistake;
mod organisations;
mod postcodes;
mod publishers;
mod table;

pub use load::{Loaded, Sources, load};
pub use mistake::{Mistake, Mistakes};
pub use postcodes::pack_postcodes;
