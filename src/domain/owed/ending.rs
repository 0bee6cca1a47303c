//! End notices: to everyone who was notified of the ending placement, at the latest ten working days after (reg 14).

use super::arrival::Concerned;
use super::stays::Stay;
use super::{Desk, Required, view};
use crate::delivery::{Basis, Kind};

impl Desk<'_> {
    pub(super) fn ending(&mut self, stay: &Stay<'_>, told: &[Concerned]) {
        if !stay.silent {
            self.explain_ending(stay, stay.end, told);
        }
        let Some(end) = stay.end else { return };
        for one in told {
            self.owed.obligations.push(Required {
                kind: Kind::EndNotice,
                recipient: one.recipient,
                place: one.place,
                subject: stay.subject.to_owned(),
                due_on: Some(self.directory.calendar.add(end.on, self.policy.end_notice_working_days)),
                basis: Basis::End,
                hold: None,
                content: view::ending(self.policy, self.timeline, stay, end, one.role),
            });
        }
    }
}
