//! Brings a database up to date, and refuses one that is another's. What a migration may do says `migrations/README.md`.

use crate::fault::Fault;
use crate::session::Session;

/// Applied in order; the table `migrations` says which are in.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_ledger.sql"), include_str!("../migrations/0002_operations.sql")];
/// Each file says in its first line from which schema a hub can still work with it.
const WORKS_WITH: &str = "-- works with hubs from schema ";

const TABLE: &str = "CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, works_from integer NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())";
/// One hub at a time migrates a schema; the others wait, and find it done. The lock ends with the transaction.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended('placement-hub migrations ' || current_schema(), 0))";
const OTHERS: &str = "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND to_regclass('migrations') IS NULL";
const APPLIED: &str = "SELECT coalesce(max(number), 0), coalesce(max(works_from), 0) FROM migrations";
const NOTE: &str = "INSERT INTO migrations (number, works_from) VALUES ($1, $2)";

/// # Errors
/// Where the database belongs to another program or a newer hub, or cannot be changed.
pub async fn migrate(session: &Session, place: &str) -> Result<(), Fault> {
    if session.row(OTHERS, &[]).await?.is_some_and(|row| row.get::<_, i64>(0) > 0) {
        return Err(Fault::Refused(format!(
            "The database {place} belongs to another program. Make one for the hub, and name it in `ledger.url`."
        )));
    }
    loop {
        session.batch("BEGIN").await?;
        session.rows(LOCK, &[]).await?;
        session.batch(TABLE).await?;
        let applied = applied(session, place).await?;
        let Some(sql) = MIGRATIONS.get(applied) else { return session.batch("COMMIT").await };
        session.batch(sql).await?;
        session.run(NOTE, &[&number(applied + 1), &works_from(sql)]).await?;
        session.batch("COMMIT").await?;
    }
}

/// For a command that only looks.
///
/// # Errors
/// Where there is no ledger yet, or one of an older or newer hub.
pub async fn check(session: &Session, place: &str) -> Result<(), Fault> {
    let refuse = |what| Err(Fault::Refused(what));
    let there = session.row("SELECT to_regclass('migrations') IS NOT NULL", &[]).await?.is_some_and(|row| row.get(0));
    if !there {
        return refuse(format!("There is no ledger in {place} yet. Check `ledger.url` in the settings, or start the hub once."));
    }
    if applied(session, place).await? < MIGRATIONS.len() {
        return refuse(format!("The ledger {place} is of an older hub. Start this hub on it once: that brings it up to date."));
    }
    Ok(())
}

/// How many migrations are in. More than this program knows are fine, as long as the last of them says so.
async fn applied(session: &Session, place: &str) -> Result<usize, Fault> {
    let (applied, works_from) = session.row(APPLIED, &[]).await?.map_or((0, 0), |row| (row.get::<_, i32>(0), row.get::<_, i32>(1)));
    let known = number(MIGRATIONS.len());
    if works_from > known {
        return Err(Fault::Refused(format!(
            "The ledger {place} was written by a newer hub (schema {applied}; this one knows {known}). Start the newer hub, or restore the backup from before the upgrade."
        )));
    }
    Ok(usize::try_from(applied).unwrap_or_default())
}

fn works_from(sql: &str) -> i32 {
    sql.lines().next().and_then(|line| line.strip_prefix(WORKS_WITH)?.trim().parse().ok()).unwrap_or(i32::MAX)
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_migration_says_which_hubs_it_suits_and_suits_its_own() {
        for (place, sql) in MIGRATIONS.iter().enumerate() {
            assert!(works_from(sql) <= number(place + 1), "migration {} does not begin with `{WORKS_WITH}N`", place + 1);
        }
    }
}
