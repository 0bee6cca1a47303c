//! What operators ask beside lists and journeys, and what they keep: clocks, refusals, contents, pauses, remarks.

use crate::books::code;
use crate::fault::Fault;
use crate::lists::{delivery_row, page, read_delivery};
use crate::session::Session;
use crate::transact::Transaction;
use domain::Code;
use domain::ledger::columns::{day, micros, read_code, read_time};
use domain::port::{BoxFuture, ClockFilter, DeliveryRow, Pause, RejectionFilter, RejectionRow, Remark};
use std::sync::Arc;
use uuid::Uuid;

// Two indexes know what has a date and is undelivered: what was marked as breached, and what was not yet.
const OVERDUE: &str = concat!(
    "SELECT ",
    delivery_row!(),
    " FROM deliveries d JOIN obligations o ON o.delivery = d.id WHERE d.breached_at IS NOT NULL AND (d.state < 5 OR d.state = 7)
      AND d.due_on >= $1::bigint AND (d.due_on > $1::bigint OR d.id > $2) AND ($3::text IS NULL OR d.recipient = $3) ORDER BY d.due_on, d.id LIMIT $4"
);
const AWAITED: &str = concat!(
    "SELECT ",
    delivery_row!(),
    " FROM deliveries d JOIN obligations o ON o.delivery = d.id WHERE d.awaited
      AND d.due_on >= $1::bigint AND (d.due_on > $1::bigint OR d.id > $2) AND ($3::text IS NULL OR d.recipient = $3) ORDER BY d.due_on, d.id LIMIT $4"
);

pub async fn clocks(session: &Session, filter: &ClockFilter) -> Result<Vec<DeliveryRow>, Fault> {
    let (after_day, after_id) = filter.after.map_or((0, Uuid::nil()), |(date, id)| (day(date), id));
    let recipient = filter.recipient.as_ref().map(Code::as_str);
    let mut found = Vec::new();
    for sql in [OVERDUE, AWAITED] {
        let rows = session.rows(sql, &[&after_day, &after_id, &recipient, &page(filter.limit)]).await?;
        found.extend(rows.iter().map(read_delivery).collect::<Result<Vec<_>, _>>()?);
    }
    found.sort_by_key(|row| (row.due_on, row.id));
    found.truncate(usize::try_from(page(filter.limit)).unwrap_or(usize::MAX));
    Ok(found)
}

const OF_IDS: &str = concat!(
    "SELECT ",
    delivery_row!(),
    " FROM unnest($1::uuid[]) WITH ORDINALITY AS x (id, place) JOIN deliveries d ON d.id = x.id JOIN obligations o ON o.delivery = d.id ORDER BY x.place"
);

pub async fn deliveries_of(session: &Session, ids: &[Uuid]) -> Result<Vec<DeliveryRow>, Fault> {
    session.rows(OF_IDS, &[&ids]).await?.iter().map(read_delivery).collect()
}

const REJECTED: &str = "SELECT id, sender, coalesce(written_id, message_id), type, intake, received_at, receipt FROM messages
    WHERE verdict = 'rejected' AND id < $1 ORDER BY id DESC LIMIT $2";
const REJECTED_OF: &str = "SELECT id, sender, coalesce(written_id, message_id), type, intake, received_at, receipt FROM messages
    WHERE verdict = 'rejected' AND id < $1 AND sender = $3 ORDER BY id DESC LIMIT $2";

pub async fn rejections(session: &Session, filter: &RejectionFilter) -> Result<Vec<RejectionRow>, Fault> {
    let (before, limit) = (filter.before.unwrap_or(Uuid::max()), page(filter.limit));
    let rows = match &filter.sender {
        None => session.rows(REJECTED, &[&before, &limit]).await?,
        Some(sender) => session.rows(REJECTED_OF, &[&before, &limit, &sender.as_str()]).await?,
    };
    let read = |row: &tokio_postgres::Row| {
        Ok(RejectionRow {
            message: row.get(0),
            sender: row.get::<_, Option<&str>>(1).map(read_code).transpose()?,
            message_id: row.get(2),
            message_type: row.get(3),
            intake: row.get(4),
            received_at: read_time(row.get(5))?,
            receipt: row.get(6),
        })
    };
    rows.iter().map(read).collect()
}

pub async fn content(session: &Session, delivery: Uuid) -> Result<Option<Arc<[u8]>>, Fault> {
    let row = session.row("SELECT payload FROM obligations WHERE delivery = $1", &[&delivery]).await?;
    Ok(row.map(|row| Arc::from(row.get::<_, &[u8]>(0))))
}

const PAUSES: &str = "SELECT recipient, from_at, until_at, by_whom, reason FROM pauses ORDER BY recipient";

pub async fn pauses(session: &Session) -> Result<Vec<Pause>, Fault> {
    let rows = session.rows(PAUSES, &[]).await?;
    let read = |row: &tokio_postgres::Row| {
        Ok(Pause {
            recipient: code(row, 0)?,
            from: read_time(row.get(1))?,
            until: row.get::<_, Option<i64>>(2).map(read_time).transpose()?,
            by: row.get(3),
            reason: row.get(4),
        })
    };
    rows.iter().map(read).collect()
}

const REMARKS: &str = "SELECT recipient, cause, assignee, note, by_whom, at FROM remarks ORDER BY at DESC LIMIT $1";

pub async fn remarks(session: &Session, limit: usize) -> Result<Vec<Remark>, Fault> {
    let rows = session.rows(REMARKS, &[&page(limit)]).await?;
    let read = |row: &tokio_postgres::Row| {
        Ok(Remark {
            recipient: code(row, 0)?,
            cause: row.get(1),
            assignee: row.get(2),
            note: row.get(3),
            by: row.get(4),
            at: read_time(row.get(5))?,
        })
    };
    rows.iter().map(read).collect()
}

/// Pauses an organisation, or resumes it.
pub struct SetPause {
    pub recipient: Code,
    pub pause: Option<Pause>,
}

const SET_PAUSE: &str = "INSERT INTO pauses (recipient, from_at, until_at, by_whom, reason) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (recipient) DO UPDATE SET from_at = excluded.from_at, until_at = excluded.until_at, by_whom = excluded.by_whom, reason = excluded.reason";

impl Transaction for SetPause {
    type Answer = ();

    fn run<'a>(&'a mut self, session: &'a Session) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let recipient = self.recipient.as_str();
            match &self.pause {
                None => session.run("DELETE FROM pauses WHERE recipient = $1", &[&recipient]).await?,
                Some(Pause { from, until, by, reason, .. }) => {
                    session.run(SET_PAUSE, &[&recipient, &micros(*from), &until.map(micros), by, reason]).await?
                }
            };
            Ok(())
        })
    }
}

/// Keeps a remark on a group of failures.
pub struct Keep(pub Remark);

const KEEP: &str = "INSERT INTO remarks (recipient, cause, assignee, note, by_whom, at) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (recipient, cause) DO UPDATE SET assignee = excluded.assignee, note = excluded.note, by_whom = excluded.by_whom, at = excluded.at";

impl Transaction for Keep {
    type Answer = ();

    fn run<'a>(&'a mut self, session: &'a Session) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let Remark { recipient, cause, assignee, note, by, at } = &self.0;
            session.run(KEEP, &[&recipient.as_str(), cause, assignee, note, by, &micros(*at)]).await?;
            Ok(())
        })
    }
}
