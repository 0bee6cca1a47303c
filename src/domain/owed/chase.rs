//! Notices that nobody has acknowledged: the recipient is reminded, and later the responsible authority is told.
//!
//! Own rule. Only recipients that have agreed to acknowledge are chased (`acknowledges` of their endpoint): a system that never
//! answers would fill its council's desk with tasks. What is chased is about what was sent, so it is a function of what was
//! issued, of the acknowledgements that the timeline has joined, and of the time. It is owed like anything else, and lapses like
//! anything else: when the word comes, when the notice is corrected or withdrawn, or when the agreement ends.

use super::view::{self, NoticeView};
use super::{Required, midnight_after};
use crate::code::Code;
use crate::delivery::{Basis, Kind, ObligationState};
use crate::directory::Directory;
use crate::policy::Policy;
use crate::reconcile::Issued;
use crate::timeline::Timeline;
use jiff::{Timestamp, civil::Date};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What is to be chased at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chased {
    pub obligations: Vec<Required>,
    /// When the answer changes although no message comes.
    pub wake_at: Option<Timestamp>,
}

/// Decides what is chased at `now`. `touched` tells whether an obligation may have been seen by its recipient.
#[must_use]
pub fn chased(
    timeline: &Timeline,
    issued: &[Issued],
    directory: &Directory,
    policy: &Policy,
    now: Timestamp,
    touched: impl Fn(Uuid) -> bool,
) -> Chased {
    let mut desk = Desk { timeline, directory, policy, now, chased: Chased::default() };
    for word in last_words(issued) {
        if let Some(notice) = desk.unanswered(word) {
            desk.chase(word, notice, touched(word.id));
        }
    }
    desk.chased
}

/// The last word to each recipient about each arrival and each end: what came before it is overtaken. A reminder is none, so
/// nobody is reminded of a reminder.
fn last_words(issued: &[Issued]) -> impl Iterator<Item = &Issued> {
    let mut last: BTreeMap<(Kind, Code, &str), &Issued> = BTreeMap::new();
    let notices = issued.iter().filter(|one| matches!(one.base, Kind::ArrivalNotice | Kind::EndNotice));
    for one in notices.filter(|one| one.state != ObligationState::Retracted) {
        last.insert((one.base, one.recipient, one.subject.as_str()), one);
    }
    last.into_values()
}

struct Desk<'a> {
    timeline: &'a Timeline,
    directory: &'a Directory,
    policy: &'a Policy,
    now: Timestamp,
    chased: Chased,
}

impl Desk<'_> {
    /// A notice that its recipient has agreed to acknowledge and has not. One without its delivery's id or time was issued before
    /// they were kept, and is let be.
    fn unanswered(&self, word: &Issued) -> Option<NoticeView> {
        let (id, issued_on) = (word.delivery?, self.policy.day(word.issued_at?));
        let said = |id| self.timeline.acknowledged.contains_key(&id);
        let endpoint = self.directory.endpoint(word.recipient, word.place, self.policy.day(self.now))?;
        let agreed = endpoint.agreed.acknowledges_from.is_some_and(|from| from <= issued_on);
        (agreed && !said(id) && !said(word.id)).then_some(NoticeView { id, kind: word.kind, sequence: word.sequence, issued_on })
    }

    fn chase(&mut self, word: &Issued, notice: NoticeView, touched: bool) {
        let calendar = &self.directory.calendar;
        let remind_after = calendar.add(notice.issued_on, self.policy.reminder_working_days);
        let escalate_after = calendar.add(remind_after, self.policy.escalation_working_days);
        if !self.is_over(remind_after) {
            return;
        }
        // What never left waits for its lane, which has clocks of its own. Whether it has left by then is asked every day.
        if !touched {
            return self.wake(midnight_after(self.policy, self.policy.day(self.now)));
        }
        self.owe(word, notice, word.recipient, Basis::Reminder, escalate_after);
        if word.recipient != self.timeline.authority && self.is_over(escalate_after) {
            let act_by = calendar.add(escalate_after, self.policy.reminder_working_days);
            self.owe(word, notice, self.timeline.authority, Basis::Escalation, act_by);
        }
    }

    /// Whether a day has passed; if not, the answer changes when it has.
    fn is_over(&mut self, day: Date) -> bool {
        let at = midnight_after(self.policy, day);
        if self.now < at {
            self.wake(at);
        }
        self.now >= at
    }

    fn owe(&mut self, word: &Issued, notice: NoticeView, recipient: Code, basis: Basis, due_on: Date) {
        let reminder = basis == Basis::Reminder;
        self.chased.obligations.push(Required {
            kind: Kind::WorkerTask,
            recipient,
            place: word.place.filter(|_| reminder),
            // The notice itself: one placement may have several that are chased at once.
            subject: notice.id.to_string(),
            due_on: Some(due_on),
            basis,
            hold: None,
            content: if reminder {
                view::reminder(self.timeline, notice)
            } else {
                view::escalation(self.timeline, notice, word.recipient, &word.subject)
            },
        });
    }

    fn wake(&mut self, at: Timestamp) {
        self.chased.wake_at = self.chased.wake_at.into_iter().chain([at]).min();
    }
}
