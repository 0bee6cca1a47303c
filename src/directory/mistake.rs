//! What is wrong with a directory: all of it, each with its place.

use std::fmt;

/// One thing to correct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file as it was named to the hub.
    pub file: String,
    /// From 1; none where it concerns the whole file.
    pub line: Option<u64>,
    pub what: String,
}

/// Everything that was found; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

/// Collects mistakes while reading goes on.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<Mistake>);

impl Notes {
    pub(super) fn add(&mut self, file: impl Into<String>, line: impl Into<Option<u64>>, what: impl Into<String>) {
        self.0.push(Mistake { file: file.into(), line: line.into(), what: what.into() });
    }

    /// How many there are so far.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// `value`, or all mistakes in the order of files and lines.
    pub(super) fn settle<T>(mut self, value: T) -> Result<T, Mistakes> {
        if self.0.is_empty() {
            return Ok(value);
        }
        self.0.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        Err(Mistakes(self.0))
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mistake) in self.0.iter().enumerate() {
            write!(f, "{}{mistake}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}
