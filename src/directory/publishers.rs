//! `publishers.toml`: who may publish what.

use super::check::expect;
use super::load::Sources;
use super::mistake::Notes;
use super::organisations::Files;
use super::table::{Row, text};
use domain::Code;
use domain::directory::{OrganisationKind, Publisher};
use domain::message::MessageType;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Rows of a TOML file, and the name under which mistakes in it are told.
pub(super) struct Listed<T> {
    pub(super) file: String,
    pub(super) rows: Vec<Row<T>>,
}

pub(super) fn read(sources: &Sources<'_>, notes: &mut Notes) -> Listed<Publisher> {
    #[derive(Deserialize, Default)]
    #[serde(deny_unknown_fields)]
    struct Document {
        #[serde(default)]
        publisher: Vec<Spanned<Written>>,
    }
    let source = Source::read(sources, sources.publishers.as_ref(), "publishers.toml", notes);
    let document: Document = source.parse(notes);
    let mut rows = Vec::new();
    for entry in document.publisher {
        let line = source.line(entry.span().start);
        let Written { organisation, may_send, user_ids } = entry.into_inner();
        let mut types = Vec::new();
        for name in &may_send {
            match MessageType::from_name(name) {
                Some(message_type) => types.push(message_type),
                None => notes.add(&source.file, line, format!("may_send: there is no message type {name}")),
            }
        }
        if may_send.is_empty() {
            notes.add(&source.file, line, "may_send is empty: a publisher that may send nothing is left out");
        }
        match Code::new(&organisation) {
            Ok(organisation) => rows.push(Row { line, value: Publisher { organisation, may_send: types, user_ids } }),
            Err(error) => notes.add(&source.file, line, format!("organisation: {error}")),
        }
    }
    Listed { file: source.file, rows }
}

/// Known organisations, each once, and nothing that their kind never sends.
pub(super) fn check(publishers: &Listed<Publisher>, files: &Files, notes: &mut Notes) {
    let (known, mut seen) = (files.known(), BTreeSet::new());
    for Row { line, value: publisher } in &publishers.rows {
        let code = publisher.organisation;
        if !seen.insert(code) {
            notes.add(&publishers.file, *line, format!("{code} is there already; put all it may send into one entry"));
        }
        let Some(organisation) = known.get(&code) else {
            let any = [OrganisationKind::Authority, OrganisationKind::CommissionerBody, OrganisationKind::Provider];
            expect(code, &any, &publishers.file, *line, &known, notes);
            continue;
        };
        for message_type in publisher.may_send.iter().filter(|&&message_type| !sends(organisation.kind, message_type)) {
            notes.add(&publishers.file, *line, format!("{code} ({}) cannot be one that sends {}", organisation.name, message_type.name()));
        }
    }
}

const fn sends(kind: OrganisationKind, message_type: MessageType) -> bool {
    match message_type {
        MessageType::PlacementChange | MessageType::WellbeingConcern => matches!(kind, OrganisationKind::Authority),
        MessageType::ReferralUpdate => matches!(kind, OrganisationKind::Provider),
        MessageType::ReclaimUpdate => matches!(kind, OrganisationKind::CommissionerBody | OrganisationKind::CommissionerPlace),
        MessageType::Acknowledgement => true,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    organisation: String,
    may_send: Vec<String>,
    #[serde(default)]
    user_ids: Vec<String>,
}

/// A TOML file: in the directory's folder, or where the settings say.
pub(super) struct Source {
    pub(super) file: String,
    /// The folder that it lies in.
    pub(super) folder: PathBuf,
    text: String,
}

impl Source {
    pub(super) fn read(sources: &Sources<'_>, elsewhere: Option<&PathBuf>, name: &str, notes: &mut Notes) -> Self {
        let path = elsewhere.cloned().unwrap_or_else(|| sources.folder.join(name));
        let file = if elsewhere.is_some() { path.display().to_string() } else { name.to_owned() };
        let folder = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
        let text = text(&folder, path.file_name().and_then(|name| name.to_str()).unwrap_or(name), notes).unwrap_or_default();
        Self { file, folder, text }
    }

    pub(super) fn parse<T: Default + for<'de> Deserialize<'de>>(&self, notes: &mut Notes) -> T {
        toml::from_str(&self.text).unwrap_or_else(|error| {
            notes.add(&self.file, error.span().map(|span| self.line(span.start)), error.message());
            T::default()
        })
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, at: usize) -> u64 {
        let before = self.text.as_bytes().iter().take(at).filter(|&&byte| byte == b'\n').count();
        u64::try_from(before).unwrap_or_default() + 1
    }
}
