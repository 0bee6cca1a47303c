//! Claims as they stand: written with the child that they came of, read by filter. They name no child.

use crate::columns::{claim_number, day, read_claim_state, read_code, read_day, read_stage, stage_number};
use crate::fault::Fault;
use domain::Code;
use domain::port::{ClaimFilter, ClaimRow};
use rusqlite::{Connection, Row, ToSql, params};

/// Claims in one answer.
const PAGE_MAX: usize = 1_000;

pub fn write(connection: &Connection, claims: &[ClaimRow]) -> Result<(), Fault> {
    for claim in claims {
        connection
            .prepare_cached(
                "INSERT INTO claims (id, stage, commissioner, place, provider, service_on, amount_pence, answered_pence, state, open, claimed_on, since)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
                 ON CONFLICT (id) DO UPDATE SET stage = excluded.stage, commissioner = excluded.commissioner, place = excluded.place,
                 provider = excluded.provider, service_on = excluded.service_on, amount_pence = excluded.amount_pence,
                 answered_pence = excluded.answered_pence, state = excluded.state, open = excluded.open,
                 claimed_on = excluded.claimed_on, since = excluded.since",
            )?
            .execute(params![
                claim.id,
                stage_number(claim.stage),
                claim.commissioner.as_str(),
                claim.place.as_ref().map(Code::as_str),
                claim.provider.as_str(),
                day(claim.service_on),
                claim.amount_pence.map(pence),
                claim.answered_pence.map(pence),
                claim_number(claim.state),
                claim.state.is_open(),
                day(claim.claimed_on),
                day(claim.since),
            ])?;
    }
    Ok(())
}

pub fn claims(connection: &Connection, filter: &ClaimFilter) -> Result<Vec<ClaimRow>, Fault> {
    let (index, condition) = match (filter.commissioner, filter.open) {
        (None, false) => ("NOT INDEXED", "?2 IS NULL"),
        (None, true) => ("INDEXED BY claims_open", "?2 IS NULL AND open = 1"),
        (Some(_), false) => ("INDEXED BY claims_commissioner", "commissioner = ?2"),
        (Some(_), true) => ("INDEXED BY claims_open_commissioner", "commissioner = ?2 AND open = 1"),
    };
    let sql = format!(
        "SELECT id, stage, commissioner, place, provider, service_on, amount_pence, answered_pence, state, claimed_on, since
         FROM claims {index} WHERE {condition} AND id > ?1 AND (?3 IS NULL OR state = ?3) ORDER BY id LIMIT ?4"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let limit = i64::try_from(filter.limit.min(PAGE_MAX)).unwrap_or(i64::MAX);
    let (after, state) = (filter.after.as_deref().unwrap_or_default(), filter.state.map(claim_number));
    let commissioner = filter.commissioner.as_ref().map(Code::as_str);
    let parameters: [&dyn ToSql; 4] = [&after, &commissioner, &state, &limit];
    let mut rows = statement.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

fn read(row: &Row<'_>) -> Result<ClaimRow, Fault> {
    let code = |index| Ok::<_, Fault>(read_code(row.get_ref(index)?.as_str().map_err(rusqlite::Error::from)?)?);
    let money = |index| Ok::<_, Fault>(row.get::<_, Option<i64>>(index)?.map(crate::columns::count));
    Ok(ClaimRow {
        id: row.get(0)?,
        stage: read_stage(row.get(1)?)?,
        commissioner: code(2)?,
        place: row.get::<_, Option<String>>(3)?.as_deref().map(read_code).transpose()?,
        provider: code(4)?,
        service_on: read_day(row.get(5)?)?,
        amount_pence: money(6)?,
        answered_pence: money(7)?,
        state: read_claim_state(row.get(8)?)?,
        claimed_on: read_day(row.get(9)?)?,
        since: read_day(row.get(10)?)?,
    })
}

/// More pence than a column holds is more than there are.
fn pence(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}
