//! `explain`: who would be told what because of these documents, and why.

use super::{Context, Failure, Outcome, failed, say, say_json};
use crate::contracts::Contracts;
use crate::explain::{self, Assume, Document, ExplainedObligation, Explanation};
use crate::receipt::Receipt;
use domain::deadline::Clock;
use domain::directory::Directory;
use jiff::Timestamp;
use std::path::{Path, PathBuf};

/// A claim id needs a key; without a ledger there is none, and ids in an explanation are not those of a running hub.
const EXPLAIN_CLAIM_KEY: [u8; 32] = *b"explain: not a key of a real hub";
/// Larger than any document that the hub takes.
const DOCUMENT_BYTES_MAX: u64 = 4 * 1024 * 1024;

#[derive(clap::Args)]
#[command(
    after_help = "Each document is taken as recorded at its own sentAt, in the order given. Exit code 1 where one of them would be rejected."
)]
pub struct Arguments {
    /// Documents, JSON or XML
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The time up to which the clocks run (RFC 3339); now, if not given
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,
    /// What is taken for granted about what one document causes, before the next one comes
    #[arg(long, value_parser = ["delivered", "unsent"], default_value = "delivered")]
    assume: String,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

pub fn explain(context: &Context, arguments: &Arguments) -> Outcome {
    let settings = context.settings()?;
    let directory = context.directory(&settings)?;
    let contracts = Contracts::new().map_err(failed("this build is broken"))?;
    let documents = arguments.files.iter().map(|file| read(file)).collect::<Result<Vec<_>, _>>()?;
    let assume = if arguments.assume == "unsent" { Assume::Unsent } else { Assume::Delivered };
    let now = arguments.now.unwrap_or_else(Timestamp::now);
    let policy = settings.policy(EXPLAIN_CLAIM_KEY);
    let explanation = explain::explain(&contracts, &directory, &policy, &documents, now, assume);
    if arguments.json {
        say_json(&explanation)?;
    } else {
        tell(&explanation, &directory, &arguments.files)?;
    }
    let rejected = explanation.receipts.iter().filter(|receipt| receipt.verdict == crate::receipt::Verdict::Rejected).count();
    if rejected > 0 {
        return Err(Failure::Failed(format!("{rejected} of {} documents would be rejected", documents.len())));
    }
    Ok(())
}

fn read(file: &Path) -> Result<Document, Failure> {
    let wrong = |error: std::io::Error| Failure::Failed(format!("{} cannot be read: {error}", file.display()));
    let length = std::fs::metadata(file).map_err(wrong)?.len();
    if length > DOCUMENT_BYTES_MAX {
        return Err(Failure::Failed(format!("{} has {length} bytes; a document has at most 1 MiB", file.display())));
    }
    let content_type = match file.extension().and_then(|extension| extension.to_str()) {
        Some("json") => Some("application/json".to_owned()),
        Some("xml") => Some("application/xml".to_owned()),
        _ => None,
    };
    Ok(Document { content_type, body: std::fs::read(file).map_err(wrong)? })
}

fn tell(explanation: &Explanation, directory: &Directory, files: &[PathBuf]) -> Outcome {
    say("Documents")?;
    for (file, receipt) in files.iter().zip(&explanation.receipts) {
        say(format!("  {}: {}", file.display(), receipt.verdict.name()))?;
        tell_reasons(receipt)?;
    }
    say("\nWho is told what")?;
    if explanation.obligations.is_empty() {
        say("  nobody is owed anything")?;
    }
    for one in &explanation.obligations {
        say(format!("  {}", sentence(one, directory)))?;
    }
    tell_rules(explanation)?;
    if !explanation.suppressed.is_empty() {
        say("\nDeliberately not sent")?;
    }
    for one in &explanation.suppressed {
        say(format!("  {} about {}: {}", one.kind, one.subject, one.why))?;
    }
    if !explanation.review.is_empty() {
        say("\nFor a person to decide")?;
    }
    for one in &explanation.review {
        say(format!("  {} ({}): {}", one.reason, one.subject, one.detail))?;
        for candidate in &one.candidates {
            say(format!("    perhaps {} {}: {}", candidate.code, candidate.name, candidate.evidence))?;
        }
    }
    Ok(())
}

/// Each rule once, with every subject that it was asked about.
fn tell_rules(explanation: &Explanation) -> Outcome {
    if explanation.rules.is_empty() {
        return Ok(());
    }
    say("\nRule by rule")?;
    let mut last = None;
    for one in &explanation.rules {
        if last != Some(one.rule) {
            say(format!("  {}. {} [{}]", one.rule.number(), one.title, one.source))?;
            last = Some(one.rule);
        }
        let subject = one.subject.as_deref().map(|subject| format!("{subject} ")).unwrap_or_default();
        say(format!("     {subject}{}: {}", one.verdict.words(), one.sentence))?;
    }
    Ok(())
}

fn tell_reasons(receipt: &Receipt) -> Outcome {
    for reason in &receipt.reasons {
        let path = if reason.path.is_empty() { "the document" } else { &reason.path };
        say(format!("    {path}: {} [{}]", reason.message, reason.code))?;
    }
    Ok(())
}

fn sentence(one: &ExplainedObligation, directory: &Directory) -> String {
    let name = directory.organisation(one.recipient).map_or("not in the directory", |organisation| organisation.name.as_str());
    let place = one.place.filter(|place| *place != one.recipient).map(|place| format!(", place {place}")).unwrap_or_default();
    let clock = one.clock.map(|clock| format!(" ({})", words(clock))).unwrap_or_default();
    let due = one.due_by.map(|due| format!(", due by {due}{clock}")).unwrap_or_default();
    let supersedes = one.supersedes.map(|sequence| format!(", supersedes number {sequence}")).unwrap_or_default();
    format!(
        "{} ({name}{place}) {}: {} about {}{due}; {}; number {}{supersedes}; {}",
        one.recipient,
        one.kind.words(),
        one.kind,
        one.subject,
        one.basis,
        one.sequence,
        one.state
    )
}

const fn words(clock: Clock) -> &'static str {
    match clock {
        Clock::OnTime => "on time",
        Clock::AtRisk => "at risk",
        Clock::Overdue => "overdue",
        Clock::Met => "in time",
        Clock::Late => "late when it was recorded",
    }
}
