//! The key file: what the keys of a hub are derived from, as text.
//!
//! ```text
//! 8f0c..   the master: pseudonyms, claim ids, certificates, and the first sealing key
//! seal 51d2..   a further sealing key, in use; the last of them seals
//! next a9e4..   a sealing key that opens and does not seal yet: so that every hub has it before the first one uses it
//! ```

use domain::hex::{hex, unhex};
use std::fmt::Write as _;

/// Twenty years of a change in every quarter, and a bound on what a file that is none can be read as.
const SEALS_MAX: usize = 80;

pub type Secret = [u8; 32];

#[derive(Clone, PartialEq, Eq)]
pub struct KeyFile {
    pub master: Secret,
    /// Oldest first.
    pub seals: Vec<Seal>,
}

/// A sealing key beside the master's.
#[derive(Clone, PartialEq, Eq)]
pub struct Seal {
    pub secret: Secret,
    pub in_use: bool,
}

/// Why a change can't be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotChanged {
    #[error("a key waits to be used already: `placement-hub keys use` uses it")]
    Waits,
    #[error("no key waits to be used: `placement-hub keys add` makes one")]
    NoneWaits,
    #[error("the key file holds {SEALS_MAX} keys beside the master already, and every one of them may be needed to open something")]
    TooMany,
}

impl KeyFile {
    #[must_use]
    pub const fn new(master: Secret) -> Self {
        Self { master, seals: Vec::new() }
    }

    /// None where the text is no key file.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut file = Self::new(unhex(lines.next()?)?);
        for line in lines {
            let (role, secret) = line.split_once(' ')?;
            let in_use = match role {
                "seal" => true,
                "next" => false,
                _ => return None,
            };
            file.seals.push(Seal { secret: unhex(secret.trim())?, in_use });
        }
        Some(file)
    }

    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", hex(&self.master));
        for seal in &self.seals {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{} {}", if seal.in_use { "seal" } else { "next" }, hex(&seal.secret));
        }
        text
    }

    /// A key that opens from now on, and seals when it is used.
    ///
    /// # Errors
    /// Where one waits already, or there are too many.
    pub fn add(&mut self, secret: Secret) -> Result<(), NotChanged> {
        if self.seals.iter().any(|seal| !seal.in_use) {
            return Err(NotChanged::Waits);
        }
        if self.seals.len() >= SEALS_MAX {
            return Err(NotChanged::TooMany);
        }
        self.seals.push(Seal { secret, in_use: false });
        Ok(())
    }

    /// The waiting key seals.
    ///
    /// # Errors
    /// Where none waits.
    pub fn use_next(&mut self) -> Result<(), NotChanged> {
        let next = self.seals.iter_mut().find(|seal| !seal.in_use).ok_or(NotChanged::NoneWaits)?;
        next.in_use = true;
        Ok(())
    }

    /// Which of `seals` seals; none for the master's.
    #[must_use]
    pub fn sealing(&self) -> Option<usize> {
        self.seals.iter().rposition(|seal| seal.in_use)
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyFile, NotChanged, SEALS_MAX};

    #[test]
    fn a_file_reads_back_as_it_was_written() {
        let mut file = KeyFile::new([1; 32]);
        file.add([2; 32]).unwrap();
        file.use_next().unwrap();
        file.add([3; 32]).unwrap();
        let text = file.text();
        assert_eq!(text, format!("{}\nseal {}\nnext {}\n", "01".repeat(32), "02".repeat(32), "03".repeat(32)));
        assert!(KeyFile::read(&text).unwrap() == file);
        for wrong in
            ["", "abc", &"01".repeat(33), &format!("{text}old {}", "04".repeat(32)), &format!("{text}seal 04"), &format!("{text}seal")]
        {
            assert!(KeyFile::read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_key_is_known_before_it_is_used_and_the_last_used_one_seals() {
        let mut file = KeyFile::new([1; 32]);
        assert_eq!((file.sealing(), file.use_next()), (None, Err(NotChanged::NoneWaits)));
        file.add([2; 32]).unwrap();
        assert_eq!((file.sealing(), file.add([3; 32])), (None, Err(NotChanged::Waits)));
        file.use_next().unwrap();
        file.add([3; 32]).unwrap();
        assert_eq!(file.sealing(), Some(0));
        file.use_next().unwrap();
        assert_eq!(file.sealing(), Some(1));
    }

    #[test]
    fn the_file_is_bounded() {
        let mut file = KeyFile::new([1; 32]);
        for number in 0..SEALS_MAX {
            file.add([u8::try_from(number + 2).unwrap(); 32]).unwrap();
            file.use_next().unwrap();
        }
        assert_eq!(file.add([255; 32]), Err(NotChanged::TooMany));
    }
}
