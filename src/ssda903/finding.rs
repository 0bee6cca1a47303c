//! What was found on the way: each with its file and row, counted, and written to a report.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

/// What became of that which the finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The child is left out, and nothing of it is published, updated or cancelled.
    ChildLeftOut,
    /// The row is left out.
    RowLeftOut,
    /// It is taken all the same.
    Taken,
}

impl Scope {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChildLeftOut => "child-left-out",
            Self::RowLeftOut => "row-left-out",
            Self::Taken => "taken",
        }
    }
}

/// One finding. The sentence names codes and days, never a name or a postcode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub scope: Scope,
    pub file: Arc<str>,
    /// The line of a CSV file; the number of the episode or child in XML. None where it concerns no one row.
    pub row: Option<u64>,
    pub child: String,
    pub code: &'static str,
    pub what: String,
}

/// Most findings that are kept for the screen; the report has all.
const KEPT_MAX: usize = 20;

/// Gathers findings: all into the report, the first few for the screen, and the number of each.
#[derive(Default)]
pub struct Findings {
    report: Option<csv::Writer<Box<dyn Write + Send>>>,
    pub first: Vec<Finding>,
    pub counts: BTreeMap<&'static str, u64>,
    pub children_left_out: u64,
    pub rows_left_out: u64,
}

impl Findings {
    /// With a report: CSV with the columns `scope,file,row,child,code,what`.
    ///
    /// # Errors
    /// Where the report cannot be written.
    pub fn with_report(report: Box<dyn Write + Send>) -> Result<Self, csv::Error> {
        let mut report = csv::Writer::from_writer(report);
        report.write_record(["scope", "file", "row", "child", "code", "what"])?;
        Ok(Self { report: Some(report), ..Self::default() })
    }

    /// # Errors
    /// Where the report cannot be written.
    pub fn add(&mut self, finding: Finding) -> Result<(), csv::Error> {
        *self.counts.entry(finding.code).or_default() += 1;
        match finding.scope {
            Scope::ChildLeftOut => self.children_left_out += 1,
            Scope::RowLeftOut => self.rows_left_out += 1,
            Scope::Taken => {}
        }
        if let Some(report) = &mut self.report {
            let row = finding.row.map(|row| row.to_string()).unwrap_or_default();
            report.write_record([finding.scope.name(), &finding.file, &row, &finding.child, finding.code, &finding.what])?;
        }
        if self.first.len() < KEPT_MAX {
            self.first.push(finding);
        }
        Ok(())
    }

    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// # Errors
    /// Where the report cannot be written.
    pub fn finish(&mut self) -> std::io::Result<()> {
        self.report.as_mut().map_or(Ok(()), csv::Writer::flush)
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let row = self.row.map(|row| format!(":{row}")).unwrap_or_default();
        write!(f, "{}{row}: child {}: {} [{}, {}]", self.file, self.child, self.what, self.code, self.scope.name())
    }
}
