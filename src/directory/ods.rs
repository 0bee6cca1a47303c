//! Organisation records of the NHS's Organisation Data Service (ODS), taken into the CSV files of a directory.
//!
//! [`read`] reads records, [`plan`] says what they change, [`Plan::check`] whether the directory would still fit together, and
//! [`Plan::write`] writes. Rows keep their order, and what a row says in columns for people stays.

mod plan;
mod record;
mod table;

pub use plan::{Line, Plan, plan};
pub use record::{Edge, Record, Serves, read};

use super::load::check_files;
use super::mistake::{Mistake, Mistakes};
use super::replace::replace;
use std::fs;
use std::path::{Path, PathBuf};

impl Plan {
    /// Whether the folder would be right with these changes.
    ///
    /// # Errors
    /// Everything that would not fit together then.
    pub fn check(&self, folder: &Path) -> Result<(), Mistakes> {
        let failed = |error: std::io::Error| {
            let what = format!("the changes cannot be tried beside it: {error}");
            Mistakes(vec![Mistake { file: folder.display().to_string(), line: None, what }])
        };
        let trial = Trial::of(folder).map_err(failed)?;
        for (file, text) in &self.files {
            // First away with what is there: it may be another name of the very file that is in use.
            fs::remove_file(trial.0.join(file)).and_then(|()| fs::write(trial.0.join(file), text)).map_err(failed)?;
        }
        check_files(&trial.0)
    }

    /// Replaces the files that change, one after the other. Where that ends half-way, the same import again does the rest.
    ///
    /// # Errors
    /// A sentence with the file that could not be written.
    pub fn write(&self, folder: &Path) -> Result<(), String> {
        for (file, text) in &self.files {
            let path = folder.join(file);
            replace(&path, text.as_bytes()).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        }
        Ok(())
    }
}

/// A folder beside the directory with the same files, gone when it is dropped.
struct Trial(PathBuf);

impl Trial {
    fn of(folder: &Path) -> std::io::Result<Self> {
        let trial = Self(folder.join(format!(".trial.{}", std::process::id())));
        fs::create_dir(&trial.0)?;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                let there = trial.0.join(entry.file_name());
                // The index is large: another name will do where the file system has such.
                fs::hard_link(entry.path(), &there).or_else(|_| fs::copy(entry.path(), &there).map(|_| ()))?;
            }
        }
        Ok(trial)
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        // Left behind it is in nobody's way: a folder is not read as part of the directory.
        let _ = fs::remove_dir_all(&self.0);
    }
}
