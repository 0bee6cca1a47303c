//! Notices that nobody has acknowledged: a reminder first, then a task for the responsible authority.
//!
//! Only recipients that promised to acknowledge are chased; for all others the transport's word is the end of it. Whether a
//! notice arrived is not asked here: a reminder waits in the same line behind it.

use crate::code::Code;
use crate::delivery::{Basis, Kind, ObligationState};
use crate::directory::Directory;
use crate::owed::Required;
use crate::policy::Policy;
use crate::reconcile::Issued;
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use uuid::Uuid;

/// What is to be sent now, and when to look again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chase {
    pub owed: Vec<Required>,
    pub wake_at: Option<Timestamp>,
}

/// Decides for one child. `acknowledged` tells of obligations whose recipient has given its own word.
#[must_use]
pub fn chase(
    authority: Code,
    issued: &[Issued],
    acknowledged: impl Fn(Uuid) -> bool,
    directory: &Directory,
    policy: &Policy,
    now: Timestamp,
) -> Chase {
    let mut chase = Chase::default();
    let notices = issued.iter().filter(|one| is_chased(one) && !acknowledged(one.id));
    for (notice, recorded_on) in notices.filter_map(|one| Some((one, one.recorded_on?))) {
        let today = policy.day(now);
        let promised = directory.endpoint(notice.recipient, notice.place, today).is_some_and(|endpoint| endpoint.acknowledges);
        if !promised {
            continue;
        }
        for (days, step) in [(policy.reminder_working_days, Step::Remind), (policy.unacknowledged_working_days, Step::Escalate)] {
            let last_day = directory.calendar.add(recorded_on, days);
            let at = policy.midnight(last_day.tomorrow().unwrap_or(last_day));
            if now < at {
                chase.wake_at = Some(chase.wake_at.map_or(at, |known| known.min(at)));
            } else {
                chase.owed.push(step.required(authority, notice, recorded_on, last_day));
            }
        }
    }
    chase
}

/// Referrals have a clock of their own (rule 17), and claims wait for nobody's word.
fn is_chased(one: &Issued) -> bool {
    let notice = matches!(one.kind, Kind::ArrivalNotice | Kind::EndNotice | Kind::NoticeCorrection | Kind::NoticeWithdrawal);
    notice && one.state == ObligationState::InForce
}

#[derive(Clone, Copy)]
enum Step {
    Remind,
    Escalate,
}

impl Step {
    fn required(self, authority: Code, notice: &Issued, recorded_on: Date, last_day: Date) -> Required {
        let about = About { notice: notice.id, kind: notice.kind, sequence: notice.sequence, recipient: notice.recipient, sent_on: recorded_on };
        let (kind, recipient, place, content) = match self {
            Self::Remind => (Kind::Reminder, notice.recipient, notice.place, json(&Reminder { about })),
            Self::Escalate => (Kind::WorkerTask, authority, None, json(&Task { task: "notice-not-acknowledged", about })),
        };
        Required {
            kind,
            recipient,
            place,
            subject: notice.id.to_string(),
            // On the day on which the patience ended, so that the same is owed whenever it is decided.
            due_on: last_day.tomorrow().ok(),
            basis: Basis::NotAcknowledged,
            hold: None,
            content,
        }
    }
}

/// Which notice: nothing of the child.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct About {
    notice: Uuid,
    kind: Kind,
    sequence: u32,
    recipient: Code,
    sent_on: Date,
}

#[derive(Serialize)]
struct Reminder {
    about: About,
}

#[derive(Serialize)]
struct Task {
    task: &'static str,
    about: About,
}

/// These structs hold strings, numbers and dates: serialising them cannot fail.
fn json(view: &impl Serialize) -> String {
    serde_json::to_string(view).unwrap_or_default()
}
