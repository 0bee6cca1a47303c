//! `import-903`: an SSDA903 return to the intake, as placement changes; of the next return only what changed.

mod progress;
mod target;

use super::{Context, Failure, Outcome, failed, say, say_json};
use crate::config::Settings;
use crate::contracts::Contracts;
use crate::keys::Keys;
use crate::ssda903::state::{Next, Pending, Previous};
use crate::ssda903::{Codes, Extra, Findings, Import, Options, Return, Summary};
use domain::Code;
use domain::identifiers::is_authority;
use jiff::Timestamp;
use progress::Progress;
use ring::digest::{Context as Digest, SHA256};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use target::Target;

const AFTER_HELP: &str = "\
FILES are the episodes and the header as CSV, or one XML return with both. A return has no names and no NHS numbers:
--extra is a CSV with the column child, and any of started_on, nhs_number, nhs_number_status, given_name, family_name,
gp_practice, sibling_group, care_started_on, gp_at_entry, commissioner_at_entry, planned, expected_end_on,
local_authority, address_withheld, carer, care_plan_title, care_plan_reference, care_plan_sha256,
social_worker_name, _email, _phone, reviewing_officer_name, _email, _phone, note. A row with started_on is about the
placement that began on that day, one without it about the child.

Examples:
  placement-hub import-903 episodes.csv header.csv --authority E10000016 --extra names.csv --dry-run --report found.csv
  placement-hub import-903 return.xml --authority E10000016 --extra names.csv --planned no --year 2026";

#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Arguments {
    /// Episodes and header (CSV), or the whole return (XML)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The authority whose return it is, by its GSS code: it becomes the publisher
    #[arg(long, value_name = "CODE")]
    authority: Code,
    /// What the return lacks: names, NHS numbers, whether placements were planned
    #[arg(long, value_name = "FILE")]
    extra: Option<PathBuf>,
    /// The collection year by the year that it ends in (2026 is 2025-26); otherwise the one of the return's latest day
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(i16).range(1990..=2100))]
    year: Option<i16>,
    /// Whether placements were planned of which the extra file does not say
    #[arg(long, value_name = "yes|no", value_parser = ["yes", "no"])]
    planned: Option<String>,
    /// Where nothing says when care began: leave the child's rows out, or take its first episode's day
    #[arg(long, value_name = "HOW", value_parser = ["known", "first-episode"], default_value = "known")]
    care_start: String,
    /// Codes of the return by year, instead of those built in
    #[arg(long, value_name = "FILE")]
    codes: Option<PathBuf>,
    /// Write every finding to a CSV file: rows and children left out, and why
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// What was published before [default: the ledger's path with .903 behind it]
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Cancel the placements of however many children are gone from the return
    #[arg(long)]
    cancel_many: bool,
    /// Say what would be published; publish and save nothing
    #[arg(long)]
    dry_run: bool,
    /// Write the documents into an empty folder; publish nothing and leave the state as it is
    #[arg(long, value_name = "FOLDER", conflicts_with = "dry_run")]
    out: Option<PathBuf>,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

pub fn import(context: &Context, arguments: &Arguments) -> Outcome {
    if !is_authority(arguments.authority.as_str()) {
        let sentence =
            format!("--authority {}: give the GSS code of an authority with children's services, such as E10000016", arguments.authority);
        return Err(Failure::Failed(sentence));
    }
    let settings = context.settings()?;
    let keys = keys(&settings, arguments)?;
    let state = arguments.state.clone().unwrap_or_else(|| beside_ledger(&settings));
    let codes = codes(arguments)?;
    let extra = arguments.extra.as_deref().map_or_else(|| Ok(Extra::default()), Extra::open).map_err(Failure::Failed)?;
    let from = Return::open(&arguments.files).map_err(Failure::Failed)?;
    for file in &from.unread {
        eprintln!("note: {} holds neither episodes nor a header: not read", file.display());
    }
    if !from.facts.grouped {
        eprintln!(
            "note: the rows of a child do not stand together in {}: all are held in memory; sort them by CHILD to spare it",
            from.file
        );
    }
    let publishes = !arguments.dry_run && arguments.out.is_none();
    // First, for it keeps every other import out.
    let mut next = if publishes { Some(Next::create(&state, &keys).map_err(stopped)?) } else { None };
    let previous = Previous::open(&state, &keys, arguments.authority).map_err(stopped)?;
    let mut target = Target::open(&settings, arguments)?;
    let now = Timestamp::now().round(jiff::Unit::Microsecond).unwrap_or(Timestamp::UNIX_EPOCH);
    let pending = if publishes {
        let digest = digest(arguments, previous.as_ref()).map_err(failed("a file cannot be read"))?;
        Some(Pending::begin(&state, &keys, &digest, now).map_err(stopped)?)
    } else {
        None
    };
    if pending.as_ref().is_some_and(|pending| pending.repeats) {
        eprintln!("note: the same import was cut off before: its documents are repeated as they were, and the hub knows those that it has");
    }
    let contracts = Contracts::new().map_err(failed("this build is broken"))?;
    let options = options(arguments);
    let message_id = |body: &[u8]| message_id(&keys, body);
    let sent_at = pending.as_ref().map_or(now, |pending| pending.sent_at);
    let import =
        Import { from: &from, extra: &extra, codes: &codes, contracts: &contracts, options: &options, sent_at, message_id: &message_id };
    let year = import.year().map_err(Failure::Failed)?;
    if arguments.year.is_none() {
        eprintln!("note: collection year {}, by the return's latest day; --year says otherwise", crate::ssda903::year_name(year));
    }
    let mut findings = findings(arguments)?;
    let mut progress = Progress::new(from.facts.rows);
    let summary = import.run(previous, next.as_mut(), &mut findings, &mut |ready| target.take(ready), &mut |done| progress.show(done));
    progress.end();
    let summary = summary.and_then(|summary| target.flush().map(|()| summary)).map_err(Failure::Failed)?;
    findings.finish().map_err(failed("the report cannot be written"))?;
    crate::crash::point("after-confirm");
    // Only now: everything in it is with the broker.
    if let Some(next) = next {
        next.commit(arguments.authority, year).map_err(stopped)?;
    }
    if let Some(pending) = pending {
        pending.end();
    }
    tell(arguments, &summary, &findings, &target)
}

fn options(arguments: &Arguments) -> Options {
    Options {
        authority: arguments.authority,
        year: arguments.year,
        planned: arguments.planned.as_deref().map(|planned| planned == "yes"),
        care_start_from_first: arguments.care_start == "first-episode",
        cancel_many: arguments.cancel_many,
    }
}

/// A dry run on a machine without a key makes none: there is then nothing to open either.
fn keys(settings: &Settings, arguments: &Arguments) -> Result<Keys, Failure> {
    let path = &settings.ledger.key_file;
    let keys = if arguments.dry_run && !path.exists() { Keys::from_master(&[0; 32]) } else { Keys::load_or_create(path) };
    keys.map_err(|error| Failure::Failed(crate::error::chain(&error)))
}

fn codes(arguments: &Arguments) -> Result<Codes, Failure> {
    let Some(path) = &arguments.codes else { return Codes::built_in().map_err(Failure::Failed) };
    let text = std::fs::read_to_string(path).map_err(|error| Failure::Failed(format!("{} cannot be read: {error}", path.display())))?;
    Codes::parse(&text, &path.display().to_string()).map_err(Failure::Failed)
}

fn findings(arguments: &Arguments) -> Result<Findings, Failure> {
    let Some(path) = &arguments.report else { return Ok(Findings::default()) };
    let file = File::create(path).map_err(|error| Failure::Failed(format!("{} cannot be written: {error}", path.display())))?;
    Findings::with_report(Box::new(file)).map_err(failed("the report cannot be written"))
}

fn beside_ledger(settings: &Settings) -> PathBuf {
    let mut name = settings.ledger.home().as_os_str().to_owned();
    name.push(".903");
    PathBuf::from(name)
}

/// The id of a document: keyed, because a plain digest of a name and a birth date could be guessed.
fn message_id(keys: &Keys, body: &[u8]) -> String {
    let content = ring::digest::digest(&SHA256, body);
    let content = domain::hex::hex(content.as_ref());
    uuid::Uuid::from_bytes(keys.alias(&format!("ssda903 {content}")).0).to_string()
}

/// Of everything that decides what is published: the files, the choices, and the state before.
fn digest(arguments: &Arguments, previous: Option<&Previous<'_>>) -> std::io::Result<String> {
    let mut digest = Digest::new(&SHA256);
    let files = arguments.files.iter().chain(&arguments.extra).chain(&arguments.codes);
    for path in files {
        digest.update(b"file");
        add_file(&mut digest, path)?;
    }
    let id = previous.map(|previous| previous.id);
    digest.update(format!("{:?} {id:?}", options(arguments)).as_bytes());
    Ok(domain::hex::hex(digest.finish().as_ref()))
}

fn add_file(digest: &mut Digest, path: &Path) -> std::io::Result<()> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        digest.update(&buffer[..read]);
    }
}

fn stopped(error: impl std::fmt::Display) -> Failure {
    Failure::Failed(error.to_string())
}

fn tell(arguments: &Arguments, summary: &Summary, findings: &Findings, target: &Target) -> Outcome {
    if arguments.report.is_none() {
        for finding in &findings.first {
            eprintln!("{finding}");
        }
        if findings.total() > findings.first.len() as u64 {
            eprintln!("and {} more: --report FILE writes them all", findings.total() - findings.first.len() as u64);
        }
    }
    if arguments.json {
        return say_json(&serde_json::json!({
            "verdict": target.verdict(), "summary": summary, "findings": findings.counts, "children": target.heads,
        }));
    }
    for child in &target.heads {
        say(child)?;
    }
    let Summary { year, episodes, children, children_left_out, new, updated, cancelled, unchanged, .. } = summary;
    say(format_args!(
        "{year}: {episodes} episodes of {children} children; {children_left_out} children and {} rows left out",
        summary.rows_left_out
    ))?;
    say(format_args!("{}: {new} new, {updated} updated, {cancelled} cancelled; {unchanged} unchanged", target.verdict()))?;
    for (code, count) in &findings.counts {
        say(format_args!("  {count} {code}"))?;
    }
    if summary.children_not_cancelled > 0 {
        let what =
            format!("{} children are gone from the return and were not cancelled: see whether it is whole", summary.children_not_cancelled);
        return Err(Failure::Failed(format!("{what}; if so, use --cancel-many")));
    }
    Ok(())
}
