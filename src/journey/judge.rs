//! One message on one casefile: what is decided, and the receipt. Used by the journey and by `explain` alike.

use crate::receipt::Receipt;
use domain::casefile::{Casefile, Decision};
use domain::delivery::Kind;
use domain::directory::Directory;
use domain::message::Message;
use domain::policy::Policy;
use jiff::Timestamp;
use std::collections::HashSet;
use uuid::Uuid;

/// For the metric: the kind and what was done with it (`issued`, `held`, `retracted`, `corrected`, ...).
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
    let decision = casefile.decide(message, directory, policy, now, |id| touched.contains(&id), &mut Uuid::now_v7);
    let counts = counts(&decision, casefile);
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
    let issued = decision.issue.iter().map(|issue| (issue.kind, if issue.hold.is_some() { "held" } else { "issued" }));
    let retracted = decision.retract.iter().filter_map(|id| kind_of(id).map(|kind| (kind, "retracted")));
    let marked = decision.mark.iter().filter_map(|(id, state)| kind_of(id).map(|kind| (kind, state.name())));
    issued.chain(retracted).chain(marked).collect()
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
