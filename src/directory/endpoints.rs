//! `endpoints.toml`: how each organisation is reached, with secrets from files or the environment, never inline.

use super::check::expect;
use super::load::Sources;
use super::mistake::Notes;
use super::organisations::Files;
use super::publishers::{Listed, Source};
use super::table::Row;
use domain::Code;
use domain::directory::{Agreed, Endpoint, OrganisationKind, Secret};
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// A lease lasts longer than the slowest attempt, and 30 seconds is the longest that the webhook standard asks for.
const TIMEOUT_SECONDS: RangeInclusive<u32> = 1..=30;
/// Attempts at one recipient at once: more than any one of them has asked for, and bounded memory.
const CONCURRENCY: RangeInclusive<u32> = 1..=256;
/// More often than every minute is a load and not a sign of life; less often than daily nobody notices the silence in time.
const HEARTBEAT_MINUTES: RangeInclusive<u32> = 1..=1_440;
/// A signing secret is under 100 characters, a certificate with its chain some thousand; what is longer is some other file.
const SECRET_BYTES_MAX: u64 = 65_536;

pub(super) fn read(sources: &Sources<'_>, notes: &mut Notes) -> Listed<Endpoint> {
    #[derive(Deserialize, Default)]
    #[serde(deny_unknown_fields)]
    struct Document {
        #[serde(default)]
        endpoint: Vec<Spanned<Written>>,
    }
    let source = Source::read(sources, sources.endpoints.as_ref(), "endpoints.toml", notes);
    let document: Document = source.parse(notes);
    let mut rows = Vec::new();
    for entry in document.endpoint {
        let line = source.line(entry.span().start);
        let written = entry.into_inner();
        written.check(sources, &source, line, notes);
        let before = notes.count();
        let secrets = written.secrets(sources, &source, line, notes);
        let (settings, secret_settings) = written.settings(sources, &source, line, notes);
        let all_read = notes.count() == before;
        let mut code =
            |text: &str, what: &str| Code::new(text).map_err(|error| notes.add(&source.file, line, format!("{what}: {error}"))).ok();
        let organisation = code(&written.organisation, "organisation");
        let place = written.place.as_deref().map(|place| code(place, "place"));
        let (Some(organisation), Some(place)) = (organisation, place.map_or(Some(None), |place| place.map(Some))) else { continue };
        let agreed = written.agreed();
        let Written { adapter, url, allow_private, timeout_seconds, concurrency, from, to, .. } = written;
        let value = Endpoint {
            organisation,
            place,
            adapter,
            url,
            secrets,
            allow_private,
            timeout_seconds,
            concurrency,
            settings,
            secret_settings,
            agreed,
            from,
            to,
        };
        // A secret that cannot be read was told already; its rail would say again that it is missing.
        if let Some(rail) = sources.rails.get(value.adapter.as_str()).filter(|_| all_read) {
            let no_heartbeat = rail.no_heartbeat().filter(|_| value.agreed.heartbeat_minutes.is_some());
            for what in no_heartbeat.map(|why| format!("heartbeat_minutes: {why}")).into_iter().chain(rail.check(&value)) {
                notes.add(&source.file, line, what);
            }
        }
        rows.push(Row { line, value });
    }
    Listed { file: source.file, rows }
}

/// Known organisations, a place only with a commissioner, and on no day two endpoints for the same.
pub(super) fn check(endpoints: &Listed<Endpoint>, files: &Files, notes: &mut Notes) {
    let known = files.known();
    let file = &endpoints.file;
    for (at, Row { line, value: endpoint }) in endpoints.rows.iter().enumerate() {
        let any = [
            OrganisationKind::Authority,
            OrganisationKind::CommissionerBody,
            OrganisationKind::CommissionerPlace,
            OrganisationKind::Provider,
        ];
        expect(endpoint.organisation, &any, file, *line, &known, notes);
        if let Some(place) = endpoint.place {
            expect(place, &[OrganisationKind::CommissionerPlace], file, *line, &known, notes);
            let ours = files.parents.iter().any(|row| row.value.code == place && row.value.other == endpoint.organisation);
            if !ours && place != endpoint.organisation {
                notes.add(file, *line, format!("{place} was never a place of {}", endpoint.organisation));
            }
        }
        let same = |other: &&Row<Endpoint>| (other.value.organisation, other.value.place) == (endpoint.organisation, endpoint.place);
        if let Some(other) = endpoints.rows[..at].iter().filter(same).find(|other| other.value.span().overlaps(&endpoint.span())) {
            notes.add(file, *line, format!("{} is reached by line {} already on some of these days", endpoint.organisation, other.line));
        }
    }
}

/// In clear, and secret.
type Settings = (BTreeMap<String, String>, BTreeMap<String, Secret>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    organisation: String,
    place: Option<String>,
    adapter: String,
    /// Not every rail has one.
    #[serde(default)]
    url: String,
    /// What only its rail knows.
    #[serde(default)]
    settings: BTreeMap<String, toml::Value>,
    #[serde(default)]
    secret_files: Vec<PathBuf>,
    #[serde(default)]
    secret_env: Vec<String>,
    #[serde(default)]
    allow_private: bool,
    #[serde(default = "twenty")]
    timeout_seconds: u32,
    #[serde(default = "sixteen")]
    concurrency: u32,
    #[serde(default)]
    acknowledges: Acknowledges,
    heartbeat_minutes: Option<u32>,
    from: Option<Date>,
    to: Option<Date>,
}

/// `true` for every notice, or the first day whose notices are acknowledged.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged, expecting = "`acknowledges` must be true, false, or a date such as 2026-12-01")]
enum Acknowledges {
    Always(bool),
    From(Date),
}

impl Default for Acknowledges {
    /// By every rail: whoever has not agreed to answer, e-mail's readers too, would be chased for ever.
    fn default() -> Self {
        Self::Always(false)
    }
}

/// Within the webhook standard's 15 to 30 seconds.
const fn twenty() -> u32 {
    20
}

/// Enough to hide a recipient's latency without being an attack on it.
const fn sixteen() -> u32 {
    16
}

impl Written {
    fn agreed(&self) -> Agreed {
        let acknowledges_from = match self.acknowledges {
            Acknowledges::Always(always) => always.then_some(Date::MIN),
            Acknowledges::From(day) => Some(day),
        };
        Agreed { acknowledges_from, heartbeat_minutes: self.heartbeat_minutes }
    }

    fn check(&self, sources: &Sources<'_>, source: &Source, line: u64, notes: &mut Notes) {
        let mut wrong = |what: String| notes.add(&source.file, line, what);
        if !sources.rails.contains_key(self.adapter.as_str()) {
            let mut known: Vec<&str> = sources.rails.keys().copied().collect();
            known.sort_unstable();
            wrong(format!("adapter: there is no {}; this hub has {}", self.adapter, known.join(", ")));
        }
        for (name, value, range) in
            [("timeout_seconds", self.timeout_seconds, TIMEOUT_SECONDS), ("concurrency", self.concurrency, CONCURRENCY)]
        {
            if !range.contains(&value) {
                wrong(format!("{name}: it must be {} to {}", range.start(), range.end()));
            }
        }
        if self.heartbeat_minutes.is_some_and(|minutes| !HEARTBEAT_MINUTES.contains(&minutes)) {
            wrong(format!("heartbeat_minutes: it must be {} to {}", HEARTBEAT_MINUTES.start(), HEARTBEAT_MINUTES.end()));
        }
        if matches!((self.from, self.to), (Some(from), Some(to)) if to < from) {
            wrong("`to` is before `from`".to_owned());
        }
    }

    /// The rail's own settings. A key that ends in `_file` or `_env` names where a secret is: `password_file` gives `password`.
    fn settings(&self, sources: &Sources<'_>, source: &Source, line: u64, notes: &mut Notes) -> Settings {
        let (mut plain, mut secret) = Settings::default();
        for (key, value) in &self.settings {
            let text = match value {
                toml::Value::String(text) => text.clone(),
                toml::Value::Integer(_) | toml::Value::Boolean(_) => value.to_string(),
                _ => {
                    notes.add(&source.file, line, format!("settings.{key}: it must be a text, a whole number, true or false"));
                    continue;
                }
            };
            let found = if let Some(name) = key.strip_suffix("_file") {
                Some((name, read_secret(&source.folder.join(&text))))
            } else {
                key.strip_suffix("_env").map(|name| (name, from_environment(sources, &text)))
            };
            match found {
                None => _ = plain.insert(key.clone(), text),
                Some((name, Ok(value))) => _ = secret.insert(name.to_owned(), value),
                Some((_, Err(what))) => notes.add(&source.file, line, format!("settings.{key}: {what}")),
            }
        }
        (plain, secret)
    }

    /// Files first, then variables, each in the order written: newest first.
    fn secrets(&self, sources: &Sources<'_>, source: &Source, line: u64, notes: &mut Notes) -> Vec<Secret> {
        let files = self.secret_files.iter().map(|path| read_secret(&source.folder.join(path)));
        let variables = self.secret_env.iter().map(|name| from_environment(sources, name));
        let found: Vec<Result<Secret, String>> = files.chain(variables).collect();
        found.into_iter().filter_map(|secret| secret.map_err(|what| notes.add(&source.file, line, what)).ok()).collect()
    }
}

fn from_environment(sources: &Sources<'_>, name: &str) -> Result<Secret, String> {
    let value = (sources.environment)(name).ok_or_else(|| format!("the environment variable {name} is not set"));
    value.and_then(|text| as_secret(&text, name))
}

fn read_secret(path: &Path) -> Result<Secret, String> {
    let name = path.display().to_string();
    let size = std::fs::metadata(path).map_err(|error| format!("the secret file {name} cannot be read: {error}"))?.len();
    if size > SECRET_BYTES_MAX {
        return Err(format!("the secret file {name} has {size} bytes; a secret has at most {SECRET_BYTES_MAX}"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("the secret file {name} cannot be read: {error}"))?;
    as_secret(&text, &name)
}

/// What form it must have is its rail's to say. The value never gets into a message.
fn as_secret(text: &str, name: &str) -> Result<Secret, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("{name} is empty: it must hold the secret"));
    }
    Ok(Secret(text.to_owned()))
}
