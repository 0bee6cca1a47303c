//! SSDA903 returns: what becomes of each row, and what a later return publishes.

mod again;
mod command;
mod formats;
mod rules;

use jiff::Timestamp;
use placement_hub::contracts::Contracts;
use placement_hub::keys::Keys;
use placement_hub::ssda903::state::{Next, Previous};
use placement_hub::ssda903::{Codes, Extra, Findings, Import, Options, Return, Summary};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const EPISODES: &str = "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN\n";
const HEADER: &str = "CHILD,SEX,DOB\n1,F,09/04/2012\n2,M,30/11/2015\n";
const EXTRA: &str = "child,given_name,family_name,planned\n1,Ada,Example,yes\n2,Ben,Example,no\n";

/// An authority's desk: files, keys, and the state from import to import.
struct Desk {
    folder: TempDir,
    keys: Keys,
    options: Options,
}

/// What one import came to.
struct Imported {
    summary: Summary,
    /// As they would be published, each held against its contract.
    documents: Vec<Value>,
    /// `scope row code`
    findings: Vec<String>,
}

impl Desk {
    fn new() -> Self {
        let authority = domain::Code::new("E10000016").unwrap();
        let options = Options { authority, year: Some(2026), planned: None, care_start_from_first: false, cancel_many: false };
        Self { folder: tempfile::tempdir().unwrap(), keys: Keys::from_master(&[7; 32]).unwrap(), options }
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state.903")
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Imports rows of the usual columns, and moves the state on.
    fn import(&self, rows: &str) -> Imported {
        self.import_with(rows, HEADER, EXTRA)
    }

    fn import_with(&self, rows: &str, header: &str, extra: &str) -> Imported {
        let files = [self.file("episodes.csv", &format!("{EPISODES}{rows}")), self.file("header.csv", header)];
        self.import_files(&files, &self.file("extra.csv", extra)).unwrap()
    }

    fn import_files(&self, files: &[PathBuf], extra: &std::path::Path) -> Result<Imported, String> {
        let from = Return::open(files)?;
        let extra = Extra::open(extra)?;
        let (codes, contracts) = (Codes::built_in()?, Contracts::new().unwrap());
        let mut next = Next::create(&self.state(), &self.keys).map_err(|error| error.to_string())?;
        let previous = Previous::open(&self.state(), &self.keys, self.options.authority).map_err(|error| error.to_string())?;
        let message_id = |body: &[u8]| format!("m-{}", body.len());
        let sent_at: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
        let import = Import {
            from: &from,
            extra: &extra,
            codes: &codes,
            contracts: &contracts,
            options: &self.options,
            sent_at,
            message_id: &message_id,
        };
        let report = Shared::default();
        let mut findings = Findings::with_report(Box::new(report.clone())).unwrap();
        let mut documents = Vec::new();
        let mut take = |ready: placement_hub::ssda903::Ready| {
            contracts.read(Some("application/json"), &ready.body).map_err(|refused| format!("{:?}", refused.reasons))?;
            documents.push(serde_json::from_slice(&ready.body).unwrap());
            Ok(())
        };
        let summary = import.run(previous, Some(&mut next), &mut findings, &mut take, &mut |_| {})?;
        findings.finish().unwrap();
        next.commit(self.options.authority, import.year()?).map_err(|error| error.to_string())?;
        Ok(Imported { summary, documents, findings: report.findings() })
    }
}

impl Imported {
    /// `id version status care-period endedOn` of each document.
    fn brief(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let brief = |one: &Value| {
            let placement = &one["placement"];
            let fields = [text(&placement["status"]), text(&one["carePeriod"]["id"]), text(&placement["endedOn"])];
            format!("{} v{} {}", text(&placement["id"]), placement["version"], fields.join(" "))
        };
        self.documents.iter().map(brief).collect()
    }
}

/// A report that can be read afterwards.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn findings(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap().clone();
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let line = |record: csv::StringRecord| format!("{} {} {}", &record[0], &record[2], &record[4]);
        reader.records().map(|record| line(record.unwrap())).collect()
    }
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/ssda903/fixtures").join(name)
}
