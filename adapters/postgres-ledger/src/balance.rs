//! `balance`: counts everything, and says what does not add up. May scan: for tests, `doctor` and `demo --once`.

use crate::fault::Fault;
use crate::session::Session;
use domain::ledger::columns::{State, count, micros};
use domain::port::Balance;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Sentences of one kind: whoever reads more than these has a larger question.
const TOLD_MAX: usize = 20;

pub async fn balance(session: &Session, now: Timestamp) -> Result<Balance, Fault> {
    // Here everything is read, so here the planner may read it as it likes; until the end of the transaction.
    session.batch("SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on").await?;
    let mut states = BTreeMap::new();
    for row in session.rows("SELECT state, count(*) FROM deliveries GROUP BY state", &[]).await? {
        *states.entry(State::read(i64::from(row.get::<_, i16>(0)))?.shown()).or_insert(0) += count(row.get(1));
    }
    let mut mistakes = Vec::new();
    for (sql, sentence) in checks(now) {
        let rows = session.rows_once(&sql, &[]).await?;
        mistakes.extend(rows.iter().take(TOLD_MAX).map(|row| sentence(row.get(0), row.get(1))));
        if rows.len() > TOLD_MAX {
            mistakes.push(format!("… and {} more of the last kind", rows.len() - TOLD_MAX));
        }
    }
    Ok(Balance {
        messages: total(session, "SELECT count(*) FROM messages").await?,
        obligations: total(session, "SELECT count(*) FROM obligations").await?,
        deliveries: total(session, "SELECT count(*) FROM deliveries").await?,
        attempts: total(session, "SELECT count(*) FROM attempts").await?,
        states: states.into_iter().collect(),
        mistakes,
    })
}

async fn total(session: &Session, sql: &'static str) -> Result<u64, Fault> {
    Ok(session.row(sql, &[]).await?.map_or(0, |row| count(row.get(0))))
}

/// What a statement finds, and the sentence for its subject and detail.
type Check = (String, fn(&str, &str) -> String);

/// What must not be. Each statement answers a subject and a detail, both as text, or nothing.
fn checks(now: Timestamp) -> Vec<Check> {
    let now = micros(now);
    let plain = |sql: &str| sql.to_owned();
    vec![
        (plain("SELECT id::text, verdict FROM messages WHERE receipt = '' OR verdict = ''"), |id, _| {
            format!("message {id} has no receipt or no verdict")
        }),
        (
            plain("SELECT delivery::text, basis FROM obligations o WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id = o.delivery)"),
            |id, basis| format!("the obligation of {id} ({basis}) has no delivery"),
        ),
        (plain("SELECT id::text, '' FROM deliveries d WHERE NOT EXISTS (SELECT 1 FROM obligations o WHERE o.delivery = d.id)"), |id, _| {
            format!("delivery {id} has no obligation and nothing to send")
        }),
        (
            plain("SELECT d.id::text, '' FROM deliveries d JOIN obligations o ON o.delivery = d.id WHERE (o.child, o.recipient, o.kind) <> (d.child, d.recipient, d.kind)
                 OR NOT EXISTS (SELECT 1 FROM children c WHERE c.key = d.child)"),
            |id, _| format!("delivery {id} and its obligation are not of one child, recipient and kind"),
        ),
        (format!("SELECT id::text, recipient FROM deliveries WHERE state = 2 AND next_at < {now}"), |id, recipient| {
            format!("delivery {id} to {recipient} is leased by a lease that has lapsed")
        }),
        (
            plain("SELECT id::text, due_on::text FROM deliveries WHERE awaited <> (due_on IS NOT NULL AND breached_at IS NULL AND (state < 5 OR state = 7))"),
            |id, day| format!("delivery {id}, due on {day}, is awaited in one column and not in another"),
        ),
        (
            plain("SELECT id::text, '' FROM deliveries d WHERE (state = 4) <> EXISTS (SELECT 1 FROM acceptances a WHERE a.delivery = d.id)"),
            |id, _| format!("delivery {id} is accepted in one table and not in another"),
        ),
        (in_line("d.state = 1 AND NOT"), |id, recipient| format!("delivery {id} to {recipient} waits, and nothing stands before it")),
        (in_line("d.state = 0 AND"), |id, recipient| {
            format!("delivery {id} to {recipient} is due, and another of the same child stands before it")
        }),
        (
            plain("SELECT recipient, count(*) || ' rows, numbers ' || min(sequence) || ' to ' || max(sequence) FROM deliveries GROUP BY child, recipient
                 HAVING min(sequence) <> 1 OR max(sequence) <> count(*) OR count(DISTINCT sequence) <> count(*)"),
            |recipient, detail| format!("what {recipient} was told about a child is not numbered from 1 without gaps: {detail}"),
        ),
        (tally(0, "recipient", "state::text", "deliveries WHERE state < 4"), |recipient, detail| {
            format!("the tally of {recipient} disagrees with a count: {detail}")
        }),
        (tally(1, "type", "verdict", "messages"), |kind, detail| format!("the tally of messages `{kind}` disagrees with a count: {detail}")),
        (tally(2, "kind::text", "due_on::text", "deliveries WHERE due_on IS NOT NULL AND (state < 5 OR state = 7)"), |kind, detail| {
            format!("the tally of what is due, of kind {kind}, disagrees with a count: {detail}")
        }),
        (tally(3, "''", "''", "deliveries WHERE breached_at IS NOT NULL"), |_, detail| {
            format!("the tally of breaches disagrees with a count: {detail}")
        }),
        (
            plain("SELECT delivery::text, status FROM acknowledgements a WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id = a.delivery)"),
            |id, status| format!("an acknowledgement (`{status}`) names delivery {id}, which is not there"),
        ),
    ]
}

/// Pending rows for which something does, or does not, stand before them. Kinds 6 and 7 are money; hold 2 is a review's.
fn in_line(condition: &str) -> String {
    format!(
        "SELECT d.id::text, d.recipient FROM deliveries d WHERE {condition} EXISTS (SELECT 1 FROM deliveries e WHERE e.child = d.child AND e.state < 4
            AND e.recipient = d.recipient AND e.id <> d.id AND (e.kind IN (6, 7)) = (d.kind IN (6, 7)) AND NOT (e.state = 3 AND e.hold = 2)
            AND (e.state = 2 OR (e.sequence, e.id) < (d.sequence, d.id)))"
    )
}

/// Where what is kept over all shards is not what is counted.
fn tally(what: i64, one: &str, two: &str, counted: &str) -> String {
    format!(
        "WITH counted AS (SELECT {one} AS one, {two} AS two FROM {counted}),
              both_ways AS (SELECT one, two, count(*) AS n, 0 AS kept FROM counted GROUP BY one, two
                            UNION ALL SELECT one, two, 0, n FROM tallies WHERE what = {what})
         SELECT one, two || ' is kept as ' || sum(kept) || ' and counts ' || sum(n) FROM both_ways GROUP BY one, two HAVING sum(kept) <> sum(n)"
    )
}
