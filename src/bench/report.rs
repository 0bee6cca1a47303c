//! What was measured: figures with their units, medians over rounds, and what is to be said of them.

use super::documents::Documents;
use super::machine;
use serde::Serialize;
use std::fmt;

/// All figures of a bench.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub machine: String,
    pub version: &'static str,
    /// False where the program was built without optimisation: then no figure means anything.
    pub release: bool,
    pub document_bytes: usize,
    pub recipients: usize,
    /// Deliveries that were lost, and that came twice. Where either is not nought there is no report, but an error.
    pub lost: u64,
    pub duplicates: u64,
    pub figures: Vec<Figure>,
    pub notes: Vec<String>,
}

/// One figure over all rounds.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    pub name: String,
    /// `/s`, `ms`, `us`, `MiB`.
    pub unit: &'static str,
    pub median: f64,
    /// In the order of the rounds.
    pub rounds: Vec<f64>,
    /// What it must not exceed, where the project has set itself such a bar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
}

/// Figures while they are collected.
#[derive(Default)]
pub struct Collected {
    figures: Vec<Figure>,
    notes: Vec<String>,
}

impl Collected {
    pub fn add(&mut self, name: &str, unit: &'static str, value: f64) {
        self.figure(name, unit).rounds.push(value);
    }

    /// A figure that has a bar.
    pub fn add_within(&mut self, name: &str, unit: &'static str, value: f64, at_most: f64) {
        let figure = self.figure(name, unit);
        figure.rounds.push(value);
        figure.at_most = Some(at_most);
    }

    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    pub fn into_report(mut self, documents: &Documents) -> Report {
        let release = !cfg!(debug_assertions);
        if !release {
            self.notes.insert(0, "this is a debug build: no figure here means anything; use `make bench`".to_owned());
        }
        for figure in &mut self.figures {
            figure.median = median(&figure.rounds);
        }
        Report {
            machine: machine::describe(),
            version: env!("CARGO_PKG_VERSION"),
            release,
            document_bytes: documents.bytes(),
            recipients: documents.recipients(),
            lost: 0,
            duplicates: 0,
            figures: self.figures,
            notes: self.notes,
        }
    }

    fn figure(&mut self, name: &str, unit: &'static str) -> &mut Figure {
        let at = self.figures.iter().position(|figure| figure.name == name).unwrap_or_else(|| {
            self.figures.push(Figure { name: name.to_owned(), unit, median: 0.0, rounds: Vec::new(), at_most: None });
            self.figures.len() - 1
        });
        &mut self.figures[at]
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.len(), sorted.len() / 2) {
        (0, _) => 0.0,
        (odd, middle) if odd % 2 == 1 => sorted[middle],
        (_, middle) => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// A table for people.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "placement-hub {} on {}", self.version, self.machine)?;
        writeln!(f, "documents of {} bytes, three deliveries each, {} recipients\n", self.document_bytes, self.recipients)?;
        writeln!(f, "{:<46} {:>10} {:>10} {:>10}", "figure", "median", "lowest", "highest")?;
        for figure in &self.figures {
            let lowest = figure.rounds.iter().copied().fold(f64::INFINITY, f64::min);
            let highest = figure.rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let [median, lowest, highest] = [figure.median, lowest, highest].map(shown);
            write!(f, "{:<46} {median:>10} {lowest:>10} {highest:>10} {:<3}", figure.name, figure.unit)?;
            match figure.at_most {
                Some(bar) if figure.median <= bar => writeln!(f, " met: at most {}", shown(bar))?,
                Some(bar) => writeln!(f, " MISSED: at most {}", shown(bar))?,
                None => writeln!(f)?,
            }
        }
        writeln!(f, "\nlost 0, sent twice 0; every ledger added up")?;
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        Ok(())
    }
}

/// Three figures that mean something, thousands apart.
fn shown(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{median, shown};

    #[test]
    fn medians_and_numbers() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        for (value, text) in [(2.345, "2.3"), (99.96, "100.0"), (100.4, "100"), (7_500.0, "7,500"), (1_234_567.0, "1,234,567")] {
            assert_eq!(shown(value), text);
        }
    }
}
