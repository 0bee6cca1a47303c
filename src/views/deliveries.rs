//! Deliveries by filter, page by page.

use super::{PAGE_MAX, ViewError, Views, name};
use domain::Code;
use domain::cause::fingerprint;
use domain::deadline::{Clock, clock};
use domain::delivery::{DeliveryState, Kind};
use domain::directory::Directory;
use domain::port::{DeliveryFilter, DeliveryRow};
use domain::working_days::Calendar;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use uuid::Uuid;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryPage {
    pub rows: Vec<DeliveryView>,
    /// What to give as `before` for the next page; none on the last.
    pub next: Option<Uuid>,
    /// How many the filter finds in all, where that is known without counting.
    pub total: Option<u64>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryView {
    pub id: Uuid,
    pub obligation: Uuid,
    pub kind: Kind,
    pub recipient: Code,
    pub recipient_name: String,
    pub place: Option<Code>,
    pub state: DeliveryState,
    /// Why it is held or given up, or what the far end said last.
    pub reason: Option<String>,
    /// The reason without what differs from one failure to the next.
    pub cause: Option<String>,
    pub due_by: Option<Date>,
    /// None without a due date, and for what nobody waits for any more.
    pub clock: Option<Clock>,
    /// Below nought once it is over.
    pub working_days_left: Option<i64>,
    pub attempts: u32,
    pub recorded_at: Timestamp,
    pub next_attempt_at: Option<Timestamp>,
    pub settled_at: Option<Timestamp>,
}

impl Views {
    /// # Errors
    /// Where the ledger does not answer.
    pub async fn deliveries(&self, filter: &DeliveryFilter) -> Result<DeliveryPage, ViewError> {
        let limit = filter.limit.clamp(1, PAGE_MAX);
        let mut rows = self.journey.ledger.deliveries(DeliveryFilter { limit: limit + 1, ..filter.clone() }).await?;
        let is_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().map(|row| row.id).filter(|_| is_more);
        Ok(DeliveryPage { rows: self.shown(&rows), next, total: self.total(filter) })
    }

    /// From counts that are kept: of what is pending, and of dead letters. Of what is done, and by kind, there are none.
    pub(super) fn total(&self, filter: &DeliveryFilter) -> Option<u64> {
        let wanted = filter.state.filter(|state| filter.kind.is_none() && (state.is_pending() || *state == DeliveryState::Dead))?;
        let figures = self.figures.borrow();
        let is_asked = |recipient: Code| filter.recipient.is_none_or(|asked| asked == recipient);
        Some(if wanted == DeliveryState::Dead {
            figures.dead.iter().filter(|(recipient, _)| is_asked(*recipient)).map(|(_, count)| count).sum()
        } else {
            let pending = figures.backlog.iter().filter(|(recipient, state, _)| *state == wanted && is_asked(*recipient));
            pending.map(|(.., count)| count).sum()
        })
    }

    /// As they are shown, today.
    pub(super) fn shown(&self, rows: &[DeliveryRow]) -> Vec<DeliveryView> {
        let (directory, today) = (self.directory(), self.today());
        let day = |at| self.journey.policy.day(at);
        rows.iter().map(|row| DeliveryView::of(row, &directory, today, day)).collect()
    }
}

impl DeliveryView {
    fn of(row: &DeliveryRow, directory: &Directory, today: Date, day: impl Fn(Timestamp) -> Date) -> Self {
        let arrived = matches!(row.state, DeliveryState::Delivered | DeliveryState::Acknowledged);
        let done_on = row.settled_at.filter(|_| arrived).map(day);
        let due_on = row.due_on.filter(|_| row.state != DeliveryState::Withdrawn);
        Self {
            id: row.id,
            obligation: row.obligation,
            kind: row.kind,
            recipient: row.recipient,
            recipient_name: name(directory, row.recipient).to_owned(),
            place: row.place,
            state: row.state,
            reason: row.reason.clone(),
            cause: row.reason.as_deref().map(fingerprint),
            due_by: row.due_on,
            clock: due_on.map(|due_on| clock(due_on, done_on, today, &directory.calendar)),
            working_days_left: due_on.filter(|_| !arrived).map(|due_on| working_days_left(today, due_on, &directory.calendar)),
            attempts: row.attempts,
            recorded_at: row.recorded_at,
            next_attempt_at: row.next_at,
            settled_at: row.settled_at,
        }
    }
}

/// Further away than any deadline: counting stops there.
const DAYS_MAX: i64 = 400;

/// Working days after today up to and with the due date: 0 on the day itself, below nought once it is over.
#[must_use]
pub fn working_days_left(today: Date, due_on: Date, calendar: &Calendar) -> i64 {
    let (from, to, sign) = if due_on >= today { (today, due_on, 1) } else { (due_on, today, -1) };
    let (mut day, mut count) = (from, 0);
    while day < to && count < DAYS_MAX {
        let Ok(next) = day.tomorrow() else { break };
        day = next;
        count += i64::from(calendar.is_working_day(day));
    }
    // Over a weekend nothing counts, and yet it is over.
    if sign < 0 { -count.max(1) } else { count }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn working_days_are_counted_to_the_due_date_and_back() {
        let left = |due| working_days_left(date(2026, 11, 20), date(2026, 11, due), &Calendar::default());
        // A Friday; Monday is one working day away.
        assert_eq!([20, 21, 22, 23, 26, 27].map(left), [0, 0, 0, 1, 4, 5]);
        assert_eq!([19, 18, 13].map(left), [-1, -2, -5]);
        assert_eq!(working_days_left(date(2026, 11, 22), date(2026, 11, 21), &Calendar::default()), -1);
    }
}
