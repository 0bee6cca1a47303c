//! The time of an import that has begun to publish: an import that was cut off is repeated with the same documents, byte
//! for byte, so that the hub knows those again which it has already.

use super::{StateError, private, with_ending};
use crate::keys::Keys;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};

const PURPOSE: &str = "ssda903 pending";

#[derive(Serialize, Deserialize)]
struct Note {
    /// Of all that went in, and of the state before.
    digest: String,
    sent_at: Timestamp,
}

/// The note of an import under way, beside its state file.
pub struct Pending {
    path: PathBuf,
    /// When the first document is said to be sent.
    pub sent_at: Timestamp,
    /// Whether an earlier import of the same was cut off.
    pub repeats: bool,
}

impl Pending {
    /// Writes down that an import begins `now`; where the same import began before and did not end, takes its time.
    ///
    /// # Errors
    /// Where the note cannot be written.
    pub fn begin(state: &Path, keys: &Keys, digest: &str, now: Timestamp) -> Result<Self, StateError> {
        let path = with_ending(state, ".pending");
        // A note that does not open is as good as none: the documents then go under new ids, and say the same.
        let note = std::fs::read(&path).ok().and_then(|sealed| keys.open(PURPOSE, &sealed).ok());
        let note = note.and_then(|content| serde_json::from_slice::<Note>(&content).ok());
        if let Some(note) = note.filter(|note| note.digest == digest) {
            return Ok(Self { path, sent_at: note.sent_at, repeats: true });
        }
        let failed = |source| StateError::File { path: path.display().to_string(), source };
        let note = Note { digest: digest.to_owned(), sent_at: now };
        let content = serde_json::to_vec(&note).map_err(|error| failed(error.into()))?;
        let sealed = keys.seal(PURPOSE, &content).map_err(|source| StateError::Key { path: path.display().to_string(), source })?;
        let mut file = private(&path).map_err(failed)?;
        file.set_len(0).and_then(|()| file.write_all(&sealed)).and_then(|()| file.sync_all()).map_err(failed)?;
        Ok(Self { path, sent_at: now, repeats: false })
    }

    /// All is confirmed and the state is saved. A note that cannot be removed does no harm: the state has moved on.
    pub fn end(self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
