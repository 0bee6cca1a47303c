//! `check`: everything that is wrong with settings and directory, at once.

use super::{Context, Failure, Outcome, say};
use crate::contracts::Contracts;
use crate::directory::certificates;
use crate::wiring;
use jiff::Timestamp;

pub fn check(context: &Context) -> Outcome {
    let settings = context.settings()?;
    let mut wrong = Vec::new();
    if let Err(mistakes) = wiring::broker(&settings).check() {
        wrong.extend(mistakes.0.into_iter().map(|mistake| format!("broker: {mistake}")));
    }
    if let Err(mistake) = wiring::check_ledger(&settings) {
        wrong.push(format!("ledger.url {mistake}"));
    }
    if let Err(error) = Contracts::new() {
        wrong.push(error.to_string());
    }
    if let Err(mistakes) = wiring::watchers(&settings, Timestamp::now()) {
        wrong.push(mistakes.to_string());
    }
    match wiring::directory(&settings, Timestamp::now()) {
        Ok(loaded) => {
            for warning in &loaded.warnings {
                eprintln!("note: {warning}");
            }
            let directory = &loaded.directory;
            let now = Timestamp::now();
            for held in certificates(directory, &wiring::rails(&wiring::broker(&settings)).rails, now, settings.rules.day(now)) {
                match (held.is_mistake(), held.wants_a_person()) {
                    (true, _) => wrong.push(format!("endpoint {held}")),
                    (false, true) => eprintln!("note: endpoint {held}"),
                    (false, false) => {}
                }
            }
            say(format!("directory: {} organisations, {} endpoints", directory.organisations().count(), directory.endpoints().len()))?;
        }
        Err(mistakes) => wrong.push(mistakes.to_string()),
    }
    if wrong.is_empty() { say("all is well") } else { Err(Failure::Misconfigured(wrong.join("\n"))) }
}
