//! What happened lately, in words: who was told what, without a word about whom.

use domain::Code;
use domain::directory::Directory;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Sentences that are kept: as many as fit under the figures of a small terminal.
const KEPT: usize = 8;

/// The last few sentences. Cheap to clone.
#[derive(Clone, Default)]
pub struct News(Arc<Mutex<VecDeque<(Timestamp, String)>>>);

impl News {
    pub fn tell(&self, at: Timestamp, sentence: String) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((at, sentence));
    }

    /// Oldest first.
    #[must_use]
    pub fn last(&self) -> Vec<(Timestamp, String)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// What `recipient` learns from an envelope, as a sentence without child data.
#[must_use]
pub fn told(directory: &Directory, recipient: Code, envelope: &Value, today: Date) -> String {
    let who = short_name(directory, recipient);
    let data = &envelope["data"];
    let from = organisation(directory, &data["responsibleAuthority"]);
    let from = if from.is_empty() { organisation(directory, &data["reference"]["responsibleAuthority"]) } else { from };
    let kind = envelope["type"].as_str().unwrap_or_default().trim_end_matches(".v1");
    match kind {
        "arrival-notice" => {
            let started_on = date(&data["placement"]["startedOn"]);
            let leaves = data["role"] == "former-area-commissioner";
            let what = match (leaves, started_on.is_some_and(|day| day > today)) {
                (false, true) => "arrives",
                (false, false) => "arrived",
                (true, true) => "moves away",
                (true, false) => "moved away",
            };
            format!("{who} was told that a child in {from}'s care {what}{}", on(started_on))
        }
        "end-notice" => {
            format!("{who} was told that a child in {from}'s care left its placement{}", on(date(&data["placement"]["endedOn"])))
        }
        "notice-correction" => format!("{who} got a correction: {from} changed what it had said"),
        "notice-withdrawal" => format!("{who} was told to disregard an earlier notice"),
        "referral" => {
            let priority = data["referral"]["priority"].as_str().unwrap_or("routine");
            format!("{who} was asked to support a child in {from}'s care ({priority})")
        }
        "referral-withdrawal" => format!("{who} was told that a referral is withdrawn"),
        "reclaim-request" => {
            let provider = organisation(directory, &data["provider"]);
            let stage = if data["stage"] == "treatment" { "treatment" } else { "an assessment" };
            let amount = data["amountPence"].as_u64().map(pounds).unwrap_or_default();
            format!("{who} was asked to pay {provider}{amount} for {stage}")
        }
        "reclaim-withdrawal" => format!("{who} was told that a claim is withdrawn"),
        "worker-task" if data["task"] == "referral-refused" => {
            format!("{who} was told that {} refused a referral", organisation(directory, &data["provider"]))
        }
        "worker-task" if data["task"] == "acknowledge-notice" => format!("{who} was reminded to acknowledge a notice"),
        "worker-task" if data["task"] == "notice-not-acknowledged" => {
            format!("{who} was told that {} has not acknowledged a notice", organisation(directory, &data["recipient"]))
        }
        "worker-task" => format!("{who} was told that a referral has not been answered"),
        other => format!("{who} got a message of the kind {other}"),
    }
}

/// An organisation's name as people say it.
#[must_use]
pub fn short_name(directory: &Directory, code: Code) -> String {
    let Some(organisation) = directory.organisation(code) else { return code.to_string() };
    let name = organisation.name.as_str();
    ["NHS Foundation Trust", "NHS Trust"].iter().fold(name, |name, ending| name.trim_end_matches(ending).trim_end()).to_owned()
}

fn organisation(directory: &Directory, code: &Value) -> String {
    code.as_str().and_then(|code| Code::new(code).ok()).map(|code| short_name(directory, code)).unwrap_or_default()
}

fn date(value: &Value) -> Option<Date> {
    value.as_str().and_then(|day| day.parse().ok())
}

fn on(day: Option<Date>) -> String {
    day.map(|day| format!(" on {}", day.strftime("%-d %B"))).unwrap_or_default()
}

fn pounds(pence: u64) -> String {
    let (thousands, pounds) = (pence / 100_000, pence / 100 % 1_000);
    let whole = if thousands > 0 { format!("{thousands},{pounds:03}") } else { pounds.to_string() };
    if pence.is_multiple_of(100) { format!(" \u{a3}{whole}") } else { format!(" \u{a3}{whole}.{:02}", pence % 100) }
}
