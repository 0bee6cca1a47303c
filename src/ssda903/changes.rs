//! What is new, changed or gone, against what was published before.
//!
//! What is said of the child (name, NHS number, contacts) and of the end of the care period belongs to the latest
//! placement alone: a new telephone number must not correct every notice since the child came into care.

use super::state::KnownChild;
use domain::message::{PlacementChange, PlacementStatus};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    New,
    Updated,
    Cancelled,
}

/// A document to publish, with its version, still without an id and a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub what: What,
    pub document: PlacementChange,
}

/// Which placements a return must contain if they exist.
#[derive(Clone, Copy, Debug)]
pub struct Coverage {
    /// The first day of the collection year.
    pub year_start: Date,
    /// Whatever ended on this day or later is in the return. None where only what has not ended is sure to be.
    pub from: Option<Date>,
    /// Whether what was published before came from a return of the same collection year.
    pub same_year: bool,
}

/// Why a placement that is gone from the return is not cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It ended before the return begins.
    Expected,
    /// It might have been deleted; the return does not prove it.
    Unproven,
    /// The return is of another year than the one it was published from, and it had not ended then.
    OtherYear,
}

impl Coverage {
    /// None where the placement must be in the return.
    pub fn keeps(&self, known: &PlacementChange) -> Option<Kept> {
        match known.placement.ended_on {
            Some(on) if on < self.year_start => Some(Kept::Expected),
            _ if !self.same_year => Some(Kept::OtherYear),
            None => None,
            Some(on) if self.from.is_some_and(|from| on >= from) => None,
            Some(_) => Some(Kept::Unproven),
        }
    }
}

/// Compares `now` (in order of their days) with what is known of the child; what is known becomes what will be once the
/// changes are published.
pub fn compare(known: &mut KnownChild, now: Vec<PlacementChange>) -> Vec<Change> {
    let mut changes = Vec::new();
    let last = now.len().saturating_sub(1);
    for (at, mut document) in now.into_iter().enumerate() {
        let what = match known.placements.get(&document.placement.id) {
            None => What::New,
            Some(before) => {
                document.placement.version = before.placement.version;
                if is_same(before, &document, at == last) {
                    continue;
                }
                document.placement.version += 1;
                What::Updated
            }
        };
        known.placements.insert(document.placement.id.clone(), document.clone());
        changes.push(Change { what, document });
    }
    changes
}

/// Placements that were published, are in force, and are not among those `seen` in the return.
pub fn gone<'a>(known: &'a KnownChild, seen: &'a BTreeSet<String>) -> impl Iterator<Item = &'a PlacementChange> {
    let in_force = |one: &&PlacementChange| one.placement.status == PlacementStatus::Active;
    known.placements.values().filter(in_force).filter(|one| !seen.contains(&one.placement.id))
}

/// Cancels a placement that is known.
pub fn cancel(known: &mut KnownChild, id: &str) -> Option<Change> {
    let document = known.placements.get_mut(id)?;
    document.placement.version += 1;
    document.placement.status = PlacementStatus::Cancelled;
    Some(Change { what: What::Cancelled, document: document.clone() })
}

fn is_same(before: &PlacementChange, now: &PlacementChange, is_latest: bool) -> bool {
    let about_placement = before.placement == now.placement && before.needs == now.needs && before.referral == now.referral;
    let (old, new) = (&before.care_period, &now.care_period);
    let about_period =
        old.id == new.id && old.started_on == new.started_on && old.legal_status == new.legal_status && old.origin == new.origin;
    let about_child = before.child == now.child && before.contacts == now.contacts;
    let ended = old.ended_on == new.ended_on && old.end_reason == new.end_reason;
    about_placement && about_period && (!is_latest || (about_child && ended))
}
