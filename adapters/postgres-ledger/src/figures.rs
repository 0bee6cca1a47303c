//! `figures` and `lanes`: from counts that are kept and from indexes of what is pending; never from what is done.

use crate::books::code;
use crate::fault::Fault;
use crate::session::Session;
use crate::tallies::What;
use domain::Code;
use domain::delivery::{DeliveryState, Kind};
use domain::ledger::columns::{State, count, day, micros, read_code, read_kind, read_time};
use domain::port::{Figures, LaneDue};
use jiff::{Timestamp, civil::Date};
use std::collections::BTreeMap;
use tokio_postgres::Row;

pub async fn figures(session: &Session, today: Date, at_risk_until: Date) -> Result<Figures, Fault> {
    Ok(Figures {
        backlog: backlog(&tallied(session, What::Pending).await?)?,
        dead: dead(&session.rows(DEAD, &[]).await?)?,
        oldest_due: oldest(&session.rows(OLDEST_OPEN, &[]).await?)?,
        oldest_accepted: oldest(&session.rows(OLDEST_ACCEPTED, &[]).await?)?,
        deadlines: deadlines(&tallied(session, What::Deadlines).await?, today, at_risk_until)?,
        reviews: session.rows(REVIEWS, &[]).await?.iter().map(|row| (row.get(0), count(row.get(1)))).collect(),
        breaches: tallied(session, What::Breaches).await?.first().map_or(0, |(.., n)| *n),
        messages: tallied(session, What::Messages).await?,
    })
}

const TALLIES: &str =
    "SELECT one, two, sum(n)::bigint FROM tallies WHERE what = $1::bigint GROUP BY one, two HAVING sum(n) > 0 ORDER BY one, two";

async fn tallied(session: &Session, what: What) -> Result<Vec<(String, String, u64)>, Fault> {
    let rows = session.rows(TALLIES, &[&(what as i64)]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1), count(row.get(2)))).collect())
}

fn numeric(text: &str) -> Result<i64, Fault> {
    text.parse().map_err(|_| Fault::Damaged(format!("`{text}` stands where a number should")))
}

fn backlog(tallies: &[(String, String, u64)]) -> Result<Vec<(Code, DeliveryState, u64)>, Fault> {
    let mut sums = BTreeMap::new();
    for (recipient, state, n) in tallies {
        // Due, and due but behind another, are one to the outside.
        *sums.entry((read_code(recipient)?, State::read(numeric(state)?)?.shown())).or_insert(0) += n;
    }
    Ok(sums.into_iter().map(|((recipient, state), n)| (recipient, state, n)).collect())
}

/// Counted by an index that knows only them.
const DEAD: &str = "SELECT recipient, count(*) FROM deliveries WHERE state = 7 GROUP BY recipient ORDER BY recipient";

fn dead(rows: &[Row]) -> Result<Vec<(Code, u64)>, Fault> {
    rows.iter().map(|row| Ok((code(row, 0)?, count(row.get(1))))).collect()
}

fn deadlines(tallies: &[(String, String, u64)], today: Date, at_risk_until: Date) -> Result<Vec<(Kind, [u64; 3])>, Fault> {
    let mut sums: BTreeMap<_, [u64; 3]> = BTreeMap::new();
    for (kind, due_on, n) in tallies {
        let due_on = numeric(due_on)?;
        let slot = if due_on < day(today) { 2 } else { usize::from(due_on <= day(at_risk_until)) };
        sums.entry(read_kind(numeric(kind)?)?).or_default()[slot] += n;
    }
    Ok(sums.into_iter().collect())
}

// The first row of each recipient, from one recipient to the next by the index: as many steps as there are recipients with something,
// however much each has.
const OLDEST_OPEN: &str = "WITH RECURSIVE first (recipient, at) AS (
        (SELECT recipient, recorded_at FROM deliveries WHERE state < 4 ORDER BY recipient, id LIMIT 1)
        UNION ALL
        SELECT n.recipient, n.recorded_at FROM first CROSS JOIN LATERAL (
            SELECT recipient, recorded_at FROM deliveries WHERE state < 4 AND recipient > first.recipient ORDER BY recipient, id LIMIT 1) n)
    SELECT recipient, at FROM first ORDER BY recipient";
const OLDEST_ACCEPTED: &str = "WITH RECURSIVE first (recipient, at) AS (
        (SELECT recipient, accepted_at FROM acceptances ORDER BY recipient, accepted_at LIMIT 1)
        UNION ALL
        SELECT n.recipient, n.accepted_at FROM first CROSS JOIN LATERAL (
            SELECT recipient, accepted_at FROM acceptances WHERE recipient > first.recipient ORDER BY recipient, accepted_at LIMIT 1) n)
    SELECT recipient, at FROM first ORDER BY recipient";
const REVIEWS: &str = "SELECT reason, count(*) FROM reviews WHERE closed_at IS NULL GROUP BY reason ORDER BY reason";

/// A recipient's code and a time in each row.
fn oldest(rows: &[Row]) -> Result<Vec<(Code, Timestamp)>, Fault> {
    rows.iter().map(|row| Ok((code(row, 0)?, read_time(row.get(1))?))).collect()
}

// A lane falls due when its first due delivery does, or when the first of its leases has lapsed: a microsecond after its end, for
// until then it holds.
const LANES: &str = "WITH RECURSIVE due (recipient, at) AS (
        (SELECT recipient, next_at FROM deliveries WHERE state = 0 ORDER BY recipient, next_at, id LIMIT 1)
        UNION ALL
        SELECT n.recipient, n.next_at FROM due CROSS JOIN LATERAL (
            SELECT recipient, next_at FROM deliveries WHERE state = 0 AND recipient > due.recipient ORDER BY recipient, next_at, id LIMIT 1) n),
    leased (recipient, at) AS (
        (SELECT recipient, next_at FROM deliveries WHERE state = 2 ORDER BY recipient, next_at, id LIMIT 1)
        UNION ALL
        SELECT n.recipient, n.next_at FROM leased CROSS JOIN LATERAL (
            SELECT recipient, next_at FROM deliveries WHERE state = 2 AND recipient > leased.recipient ORDER BY recipient, next_at, id LIMIT 1) n)
    SELECT recipient, min(at) FROM (SELECT recipient, at FROM due UNION ALL SELECT recipient, at + 1 FROM leased) lanes GROUP BY recipient ORDER BY recipient";

pub async fn lanes(session: &Session) -> Result<Vec<LaneDue>, Fault> {
    let rows = session.rows(LANES, &[]).await?;
    // The far future has no microsecond after it.
    let last = micros(Timestamp::MAX);
    rows.iter().map(|row| Ok(LaneDue { recipient: code(row, 0)?, next_at: read_time(row.get::<_, i64>(1).min(last))? })).collect()
}
