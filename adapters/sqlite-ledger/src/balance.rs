//! `balance`: counts everything, and says what does not add up. May scan: for tests, `doctor` and `demo --once`.

use crate::books::in_line;
use crate::columns::{State, count, micros};
use crate::fault::Fault;
use domain::port::Balance;
use jiff::Timestamp;
use rusqlite::Connection;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Sentences of one kind: whoever reads more than these has a larger question.
const TOLD_MAX: usize = 20;

pub fn balance(connection: &Connection, now: Timestamp) -> Result<Balance, Fault> {
    let total = |table: &str| Ok::<_, Fault>(count(connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?));
    let mut states = BTreeMap::new();
    let mut statement = connection.prepare("SELECT state, count(*) FROM deliveries GROUP BY state")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        *states.entry(State::read(row.get(0)?)?.shown()).or_insert(0) += count(row.get(1)?);
    }
    let mut mistakes = Vec::new();
    for check in checks(now) {
        tell(connection, &check, &mut mistakes)?;
    }
    Ok(Balance {
        messages: total("messages")?,
        obligations: total("obligations")?,
        deliveries: total("deliveries")?,
        attempts: total("attempts")?,
        states: states.into_iter().collect(),
        mistakes,
    })
}

/// One thing that must not be. The statement answers a subject and a detail, or nothing.
struct Check {
    sql: String,
    sentence: fn(&str, &str) -> String,
}

fn checks(now: Timestamp) -> Vec<Check> {
    let now = micros(now);
    [
        (
            "SELECT id, verdict FROM messages WHERE receipt = '' OR verdict = ''".to_owned(),
            (|id, _| format!("message {id} has no receipt or no verdict")) as fn(&str, &str) -> String,
        ),
        (
            "SELECT row, basis FROM obligations o WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.row = o.row)".to_owned(),
            |row, basis| format!("the obligation in row {row} ({basis}) has no delivery"),
        ),
        ("SELECT id, '' FROM deliveries d WHERE NOT EXISTS (SELECT 1 FROM obligations o WHERE o.row = d.row)".to_owned(), |id, _| {
            format!("delivery {id} has no obligation and nothing to send")
        }),
        (
            format!(
                "SELECT d.id, r.code FROM deliveries d JOIN recipients r ON r.row = d.recipient WHERE d.state = 2 AND d.next_at < {now}"
            ),
            |id, recipient| format!("delivery {id} to {recipient} is leased by a lease that has lapsed"),
        ),
        ("SELECT id, '' FROM deliveries WHERE open <> (state < 4)".to_owned(), |id, _| {
            format!("delivery {id} is pending in one column and done in another")
        }),
        (
            "SELECT id, due_on FROM deliveries WHERE awaited <> (due_on IS NOT NULL AND breached_at IS NULL AND (state < 5 OR state = 7))"
                .to_owned(),
            |id, day| format!("delivery {id}, due on {day}, is awaited in one column and not in another"),
        ),
        (
            "SELECT id, '' FROM deliveries d WHERE (state = 4) <> EXISTS (SELECT 1 FROM acceptances a WHERE a.delivery = d.row)".to_owned(),
            |id, _| format!("delivery {id} is accepted in one table and not in another"),
        ),
        (waiting_for_nothing(), |id, recipient| format!("delivery {id} to {recipient} waits, and nothing stands before it")),
        (out_of_turn(), |id, recipient| format!("delivery {id} to {recipient} is due, and another of the same child stands before it")),
        (gaps(), |recipient, detail| format!("what {recipient} was told about a child is not numbered from 1 without gaps: {detail}")),
        (wrong_tallies(), |recipient, detail| format!("the tally of {recipient} disagrees with a count: {detail}")),
        (wrong_message_tallies(), |kind, detail| format!("the tally of messages `{kind}` disagrees with a count: {detail}")),
        (wrong_deadline_tallies(), |day, detail| format!("the tally of what is due on {day} disagrees with a count: {detail}")),
        (
            "SELECT n, (SELECT count(*) FROM deliveries WHERE breached_at IS NOT NULL) AS counted FROM breach_tally WHERE n <> counted"
                .to_owned(),
            |n, counted| format!("the tally of breaches is {n}, and {counted} are marked"),
        ),
        (
            "SELECT delivery, status FROM acknowledgements a WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id = a.delivery)"
                .to_owned(),
            |id, status| format!("an acknowledgement (`{status}`) names delivery {id}, which is not there"),
        ),
    ]
    .into_iter()
    .map(|(sql, sentence)| Check { sql, sentence })
    .collect()
}

/// Open rows of the same line.
const IN_LINE: &str = concat!(
    "FROM deliveries e INDEXED BY deliveries_line WHERE e.child = d.child AND e.open = 1 AND e.recipient = d.recipient AND e.row <> d.row AND ",
    in_line!("e.", "d.kind")
);

fn waiting_for_nothing() -> String {
    format!(
        "SELECT d.id, r.code FROM deliveries d JOIN recipients r ON r.row = d.recipient WHERE d.open = 1 AND d.state = 1
         AND NOT EXISTS (SELECT 1 {IN_LINE} AND (e.state = 2 OR (e.sequence, e.row) < (d.sequence, d.row)))"
    )
}

fn out_of_turn() -> String {
    format!(
        "SELECT d.id, r.code FROM deliveries d JOIN recipients r ON r.row = d.recipient WHERE d.open = 1 AND d.state = 0
         AND EXISTS (SELECT 1 {IN_LINE} AND (e.state = 2 OR (e.sequence, e.row) < (d.sequence, d.row)))"
    )
}

fn gaps() -> String {
    "SELECT r.code, count(*) || ' rows, numbers ' || min(d.sequence) || ' to ' || max(d.sequence) FROM deliveries d JOIN recipients r ON r.row = d.recipient
     GROUP BY d.child, d.recipient HAVING min(d.sequence) <> 1 OR max(d.sequence) <> count(*) OR count(DISTINCT d.sequence) <> count(*)"
        .to_owned()
}

fn wrong_tallies() -> String {
    "WITH counted AS (SELECT recipient, state, count(*) AS n FROM deliveries WHERE open = 1 GROUP BY recipient, state),
          both AS (SELECT recipient, state, n, 0 AS kept FROM counted UNION ALL SELECT recipient, state, 0, n FROM tallies)
     SELECT coalesce(r.code, b.recipient), 'state ' || state || ' is kept as ' || sum(kept) || ' and counts ' || sum(n)
     FROM both b LEFT JOIN recipients r ON r.row = b.recipient GROUP BY b.recipient, state HAVING sum(kept) <> sum(n)"
        .to_owned()
}

fn wrong_message_tallies() -> String {
    "WITH both AS (SELECT type, verdict, count(*) AS n, 0 AS kept FROM messages GROUP BY type, verdict
                   UNION ALL SELECT type, verdict, 0, n FROM message_tallies)
     SELECT type, verdict || ' is kept as ' || sum(kept) || ' and counts ' || sum(n) FROM both GROUP BY type, verdict HAVING sum(kept) <> sum(n)"
        .to_owned()
}

fn wrong_deadline_tallies() -> String {
    "WITH both AS (SELECT kind, due_on, count(*) AS n, 0 AS kept FROM deliveries
                   WHERE due_on IS NOT NULL AND (state < 5 OR state = 7) GROUP BY kind, due_on
                   UNION ALL SELECT kind, due_on, 0, n FROM deadline_tallies)
     SELECT due_on, 'kind ' || kind || ' is kept as ' || sum(kept) || ' and counts ' || sum(n) FROM both GROUP BY kind, due_on HAVING sum(kept) <> sum(n)"
        .to_owned()
}

fn tell(connection: &Connection, check: &Check, mistakes: &mut Vec<String>) -> Result<(), Fault> {
    let mut statement = connection.prepare(&check.sql)?;
    let mut rows = statement.query([])?;
    let mut told = 0;
    while let Some(row) = rows.next()? {
        told += 1;
        if told <= TOLD_MAX {
            mistakes.push((check.sentence)(&in_words(row.get_ref(0)?), &in_words(row.get_ref(1)?)));
        }
    }
    if told > TOLD_MAX {
        mistakes.push(format!("… and {} more of the last kind", told - TOLD_MAX));
    }
    Ok(())
}

fn in_words(value: rusqlite::types::ValueRef<'_>) -> String {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Blob(bytes) => Uuid::from_slice(bytes).map_or_else(|_| "?".to_owned(), |id| id.to_string()),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Null => String::new(),
    }
}
