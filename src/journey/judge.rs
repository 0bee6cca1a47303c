//! One message on one casefile: what is decided, and the receipt. Used by the journey and by `explain` alike.

use crate::receipt::Receipt;
use domain::casefile::{Casefile, Decision, Issue};
use domain::delivery::{Basis, Kind};
use domain::directory::Directory;
use domain::message::Message;
use domain::policy::Policy;
use jiff::Timestamp;
use std::collections::HashSet;
use uuid::Uuid;

/// For the metric: the kind and what was done with it (`issued`, `held`, `retracted`, `corrected`, `acknowledged`, ...).
pub type Counts = Vec<(Kind, &'static str)>;

/// A decision on one casefile.
#[derive(Debug)]
pub struct Judged {
    pub decision: Decision,
    pub counts: Counts,
}

/// Decides on one message (none: a clock rang). The casefile is changed; nothing else is.
pub fn judge(
    casefile: &mut Casefile,
    message: Option<&Message>,
    directory: &Directory,
    policy: &Policy,
    now: Timestamp,
    touched: &HashSet<Uuid>,
) -> Judged {
    let acknowledged = message.and_then(|message| first_word(message, casefile));
    let decision = casefile.decide(message, directory, policy, now, |id| touched.contains(&id), &mut Uuid::now_v7);
    let mut counts = counts(&decision, casefile);
    counts.extend(acknowledged.map(|kind| (kind, "acknowledged")));
    Judged { decision, counts }
}

impl Judged {
    #[must_use]
    pub fn receipt(&self, message: &Message, casefile: &Casefile) -> Receipt {
        Receipt::taken(&message.header().message_id, subject(message), &self.decision, &casefile.issued)
    }
}

fn counts(decision: &Decision, casefile: &Casefile) -> Counts {
    let kind_of = |id: &Uuid| casefile.issued.iter().find(|one| one.id == *id).map(|one| one.kind);
    let issued = decision.issue.iter().map(|issue| (issue.kind, issued_as(issue)));
    let retracted = decision.retract.iter().filter_map(|id| kind_of(id).map(|kind| (kind, "retracted")));
    let marked = decision.mark.iter().filter_map(|(id, state)| kind_of(id).map(|kind| (kind, state.name())));
    issued.chain(retracted).chain(marked).collect()
}

fn issued_as(issue: &Issue) -> &'static str {
    match issue.basis {
        Basis::Reminder => "reminded",
        Basis::Escalation => "escalated",
        _ if issue.hold.is_some() => "held",
        _ => "issued",
    }
}

/// The kind of what a recipient acknowledges, where it had not before.
fn first_word(message: &Message, casefile: &Casefile) -> Option<Kind> {
    let Message::Acknowledgement(acknowledgement) = message else { return None };
    let notice = acknowledgement.notice.id;
    let issued = casefile.issued.iter().find(|one| one.delivery == Some(notice) || one.id == notice)?;
    (!casefile.timeline.acknowledged.contains_key(&notice)).then_some(issued.kind)
}

/// What a message is about, as its obligations and reviews name it.
fn subject(message: &Message) -> &str {
    match message {
        Message::PlacementChange(change) => &change.placement.id,
        Message::WellbeingConcern(concern) => &concern.referral.id,
        Message::ReferralUpdate(update) => &update.referral.id,
        Message::ReclaimUpdate(update) => &update.claim.id,
        Message::Acknowledgement(_) => "",
    }
}
