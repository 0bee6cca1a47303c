//! Pages for people and for programs that page on: `deliveries`, `reviews`, `claims`, `feed`, `accepted`, `children`. Each by an index that
//! holds little else.

use crate::books::{child_key, code};
use crate::fault::Fault;
use crate::session::Session;
use crate::write::{number, uuid};
use domain::Code;
use domain::delivery::DeliveryState;
use domain::ledger::columns::{
    State, claim_number, count, kind_number, read_claim_state, read_code, read_day, read_hold, read_kind, read_stage, read_time, small,
};
use domain::ledger::words;
use domain::port::{AcceptedRow, Alias, ChildKey, ClaimFilter, ClaimRow, DeliveryFilter, DeliveryRow, FeedItem, FeedPage, ReviewRow};
use jiff::civil::Date;
use std::sync::Arc;
use tokio_postgres::Row;
use uuid::Uuid;

/// A page is for a person, or for a program that pages on.
const PAGE_MAX: usize = 1_000;
/// Keys in one answer.
const KEYS_MAX: usize = 10_000;

/// The columns of a [`DeliveryRow`]; `d` are deliveries and `o` their obligations.
macro_rules! delivery_row {
    () => {
        "d.id, o.id, d.kind, d.recipient, o.place, d.state, d.hold, d.note, d.due_on, d.attempts, d.recorded_at, d.next_at, d.settled_at"
    };
}
pub(crate) use delivery_row;

pub async fn deliveries(session: &Session, filter: &DeliveryFilter) -> Result<Vec<DeliveryRow>, Fault> {
    let before = filter.before.unwrap_or(Uuid::max());
    let limit = page(filter.limit);
    let kind = filter.kind.map(kind_number);
    let recipient = filter.recipient.as_ref().map(Code::as_str);
    // The words of a state's condition are those of the partial index that serves it, so the text is made for the occasion.
    let sql = format!(
        concat!(
            "SELECT ",
            delivery_row!(),
            " FROM deliveries d JOIN obligations o ON o.delivery = d.id WHERE {state} AND {recipient} AND {kind} AND {by} < $1 ORDER BY {by} DESC LIMIT $2"
        ),
        state = filter.state.map_or("true", stored),
        recipient = if recipient.is_some() { "d.recipient = $3 AND o.recipient = $3" } else { "$3::text IS NULL" },
        kind = match kind {
            None => "$4::bigint IS NULL",
            Some(0 | 1) => "o.kind = $4::bigint",
            Some(_) => "o.kind = $4::bigint AND o.kind > 1",
        },
        by = if filter.state.is_some_and(is_few) { "d.id" } else { "o.delivery" },
    );
    let rows = session.rows_once(&sql, &[&before, &limit, &recipient, &kind]).await?;
    rows.iter().map(read_delivery).collect()
}

/// Whether an index knows these alone.
const fn is_few(state: DeliveryState) -> bool {
    !matches!(state, DeliveryState::Delivered)
}

const fn stored(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Due => "d.state < 2 AND d.state < 4",
        DeliveryState::Leased => "d.state = 2",
        DeliveryState::Held => "d.state = 3",
        DeliveryState::Accepted => "d.state = 4",
        DeliveryState::Delivered => "d.state = 5",
        DeliveryState::Acknowledged => "d.state = 6",
        DeliveryState::Dead => "d.state = 7",
        DeliveryState::Withdrawn => "d.state = 8",
    }
}

pub fn read_delivery(row: &Row) -> Result<DeliveryRow, Fault> {
    let state = State::read(i64::from(row.get::<_, i16>(5)))?;
    let is_pending = matches!(state.shown(), DeliveryState::Due | DeliveryState::Leased);
    Ok(DeliveryRow {
        id: row.get(0),
        obligation: row.get(1),
        kind: read_kind(i64::from(row.get::<_, i16>(2)))?,
        recipient: code(row, 3)?,
        place: place(row, 4)?,
        state: state.shown(),
        reason: words::reason(state, row.get::<_, Option<i16>>(6).map(|hold| read_hold(i64::from(hold))).transpose()?, row.get(7)),
        due_on: day(row, 8)?,
        attempts: small(i64::from(row.get::<_, i32>(9))),
        recorded_at: read_time(row.get(10))?,
        next_at: if is_pending { Some(read_time(row.get(11))?) } else { None },
        settled_at: row.get::<_, Option<i64>>(12).map(read_time).transpose()?,
    })
}

pub fn day(row: &Row, column: usize) -> Result<Option<Date>, Fault> {
    Ok(row.get::<_, Option<i32>>(column).map(|day| read_day(i64::from(day))).transpose()?)
}

fn place(row: &Row, column: usize) -> Result<Option<Code>, Fault> {
    Ok(row.get::<_, Option<&str>>(column).map(read_code).transpose()?)
}

pub fn page(limit: usize) -> i64 {
    number(limit.min(PAGE_MAX) as u64)
}

const REVIEWS: &str =
    "SELECT key, child, reason, opened_at, due_on, detail FROM reviews WHERE closed_at IS NULL ORDER BY opened_at, row LIMIT $1";

pub async fn reviews(session: &Session, limit: usize) -> Result<Vec<ReviewRow>, Fault> {
    let rows = session.rows(REVIEWS, &[&number(limit as u64)]).await?;
    let read = |row: &Row| {
        Ok(ReviewRow {
            key: Alias(row.get::<_, Uuid>(0).into_bytes()),
            child: child_key(row, 1),
            reason: row.get(2),
            opened_at: read_time(row.get(3))?,
            due_on: day(row, 4)?,
            detail: row.get(5),
        })
    };
    rows.iter().map(read).collect()
}

pub async fn claims(session: &Session, filter: &ClaimFilter) -> Result<Vec<ClaimRow>, Fault> {
    let sql = format!(
        "SELECT id, stage, commissioner, place, provider, service_on, amount_pence, answered_pence, state, claimed_on, since FROM claims
         WHERE {} AND {} AND id > $1 AND ($3::bigint IS NULL OR state = $3) ORDER BY id LIMIT $4",
        if filter.open { "open" } else { "true" },
        if filter.commissioner.is_some() { "commissioner = $2" } else { "$2::text IS NULL" },
    );
    let (after, commissioner) = (filter.after.as_deref().unwrap_or_default(), filter.commissioner.as_ref().map(Code::as_str));
    let rows = session.rows_once(&sql, &[&after, &commissioner, &filter.state.map(claim_number), &page(filter.limit)]).await?;
    rows.iter().map(read_claim).collect()
}

fn read_claim(row: &Row) -> Result<ClaimRow, Fault> {
    let date = |column| Ok::<_, Fault>(read_day(i64::from(row.get::<_, i32>(column)))?);
    Ok(ClaimRow {
        id: row.get(0),
        stage: read_stage(i64::from(row.get::<_, i16>(1)))?,
        commissioner: code(row, 2)?,
        place: place(row, 3)?,
        provider: code(row, 4)?,
        service_on: date(5)?,
        amount_pence: row.get::<_, Option<i64>>(6).map(count),
        answered_pence: row.get::<_, Option<i64>>(7).map(count),
        state: read_claim_state(i64::from(row.get::<_, i16>(8)))?,
        claimed_on: date(9)?,
        since: date(10)?,
    })
}

const FEED: &str =
    "SELECT f.position, f.delivery, o.kind, o.place, o.payload, f.accepted_at FROM feed f JOIN obligations o ON o.delivery = f.delivery
    WHERE f.recipient = $1 AND f.position > $2 ORDER BY f.position LIMIT $3";

pub async fn feed(session: &Session, recipient: Code, after: u64, limit: usize) -> Result<FeedPage, Fault> {
    let limit = limit.min(PAGE_MAX);
    // One beyond the page tells whether there is more.
    let rows = session.rows(FEED, &[&recipient.as_str(), &number(after), &number(limit as u64 + 1)]).await?;
    let read = |row: &Row| {
        Ok(FeedItem {
            position: count(row.get(0)),
            delivery: row.get(1),
            kind: read_kind(i64::from(row.get::<_, i16>(2)))?,
            place: place(row, 3)?,
            payload: Arc::from(row.get::<_, &[u8]>(4)),
            accepted_at: read_time(row.get(5))?,
        })
    };
    let items = rows.iter().take(limit).map(read).collect::<Result<_, Fault>>()?;
    Ok(FeedPage { items, more: rows.len() > limit })
}

const ACCEPTED: &str = "SELECT a.delivery, a.recipient, o.place, a.adapter, a.reference, a.accepted_at FROM acceptances a
    JOIN obligations o ON o.delivery = a.delivery WHERE a.adapter = $1 AND a.delivery > $2 ORDER BY a.delivery LIMIT $3";

pub async fn accepted(session: &Session, adapter: &str, after: Option<Uuid>, limit: usize) -> Result<Vec<AcceptedRow>, Fault> {
    let rows = session.rows(ACCEPTED, &[&adapter, &after.unwrap_or(Uuid::nil()), &page(limit)]).await?;
    let read = |row: &Row| {
        Ok(AcceptedRow {
            delivery: row.get(0),
            recipient: code(row, 1)?,
            place: place(row, 2)?,
            adapter: row.get(3),
            reference: row.get(4),
            accepted_at: read_time(row.get(5))?,
        })
    };
    rows.iter().map(read).collect()
}

const CHILDREN: &str = "SELECT key FROM children WHERE $1::uuid IS NULL OR key > $1 ORDER BY key LIMIT $2";

pub async fn children(session: &Session, after: Option<ChildKey>, limit: usize) -> Result<Vec<ChildKey>, Fault> {
    let rows = session.rows(CHILDREN, &[&after.map(uuid), &number(limit.min(KEYS_MAX) as u64)]).await?;
    Ok(rows.iter().map(|row| child_key(row, 0)).collect())
}
