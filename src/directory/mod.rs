//! The directory as files: read, checked whole, and handed over as one [`domain::directory::Directory`].
//!
//! [`load`] reads a folder like `config/directory/` (its README says what each file holds) and reports every mistake at
//! once, with file and line. [`import`] makes the postcode index that such a folder holds of a published postcode directory,
//! [`pack_postcodes`] of a table; [`ods`] takes organisation records into the other files.

mod certificates;
mod check;
mod endpoints;
pub mod import;
mod load;
mod mistake;
pub mod ods;
mod organisations;
mod postcodes;
mod publishers;
mod replace;
mod table;
mod tokens;

pub use certificates::{Held, certificates};
pub use load::{Loaded, POSTCODES, Rails, Sources, load, read_calendar, read_postcodes, watchers};
pub use mistake::{Mistake, Mistakes};
pub use postcodes::pack_postcodes;
pub use replace::replace;
