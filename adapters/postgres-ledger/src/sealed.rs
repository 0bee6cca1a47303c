//! Sealed contents, read and written anew whatever they are.

use crate::fault::Fault;
use crate::session::Session;
use crate::transact::Transaction;
use domain::port::{BoxFuture, Resealed, SealedContent, SealedKind, SealedPage, SealedPlace};
use uuid::Uuid;

/// Rows looked at for one answer: a few megabytes at most.
const ROWS: i64 = 500;

/// What is not sealed as `current` begins, among the rows after a place.
pub async fn page(session: &Session, current: &[u8], after: SealedPlace) -> Result<SealedPage, Fault> {
    let kind = after.kind;
    let Table { name, key, content } = table(kind);
    // Only what is wanted is sent: of the others, their ids.
    let sql = format!(
        "SELECT {key}, CASE WHEN substring({content} FROM 1 FOR octet_length($2::bytea)) <> $2::bytea THEN {content} END FROM {name} WHERE {key} > {} ORDER BY {key} LIMIT $3",
        from_id(kind, "$1")
    );
    let rows = session.rows_once(&sql, &[&Uuid::from_u128(after.row), &current, &ROWS]).await?;
    let place = |row: &tokio_postgres::Row| {
        let number = match kind {
            SealedKind::Question => u128::try_from(row.get::<_, i64>(0)).unwrap_or_default(),
            _ => row.get::<_, Uuid>(0).as_u128(),
        };
        SealedPlace { kind, row: number }
    };
    let found = |row: &tokio_postgres::Row| Some(SealedContent { place: place(row), content: row.get::<_, Option<Vec<u8>>>(1)? });
    let is_last = i64::try_from(rows.len()).is_ok_and(|count| count < ROWS);
    let next = if is_last { kind.next().map(SealedKind::start) } else { rows.last().map(place) };
    Ok(SealedPage { contents: rows.iter().filter_map(found).collect(), next })
}

pub struct Reseal(pub Vec<Resealed>);

impl Transaction for Reseal {
    type Answer = u64;

    fn run<'a>(&'a mut self, session: &'a Session) -> BoxFuture<'a, Result<u64, Fault>> {
        Box::pin(async move {
            let mut changed = 0;
            for kind in SealedKind::ALL {
                let mut of_kind: Vec<&Resealed> = self.0.iter().filter(|one| one.place.kind == kind).collect();
                if of_kind.is_empty() {
                    continue;
                }
                // Children's rows are taken in the order of their keys, as everybody takes them.
                of_kind.sort_unstable_by_key(|one| one.place);
                let Table { name, key, content } = table(kind);
                let ids: Vec<Uuid> = of_kind.iter().map(|one| Uuid::from_u128(one.place.row)).collect();
                let was: Vec<&[u8]> = of_kind.iter().map(|one| one.was.as_slice()).collect();
                let now: Vec<&[u8]> = of_kind.iter().map(|one| one.now.as_slice()).collect();
                let id = from_id(kind, "x.id");
                let sql = format!(
                    "WITH taken AS (
                        SELECT t.{key} AS key, x.now FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS x (id, was, now)
                        JOIN {name} t ON t.{key} = {id} WHERE t.{content} = x.was ORDER BY t.{key} FOR NO KEY UPDATE OF t)
                     UPDATE {name} t SET {content} = taken.now FROM taken WHERE t.{key} = taken.key RETURNING 1"
                );
                changed += session.rows_once(&sql, &[&ids, &was, &now]).await?.len();
            }
            Ok(u64::try_from(changed).unwrap_or(u64::MAX))
        })
    }
}

struct Table {
    name: &'static str,
    key: &'static str,
    content: &'static str,
}

const fn table(kind: SealedKind) -> Table {
    match kind {
        SealedKind::Envelope => Table { name: "messages", key: "id", content: "envelope" },
        SealedKind::Casefile => Table { name: "children", key: "key", content: "casefile" },
        SealedKind::Payload => Table { name: "obligations", key: "delivery", content: "payload" },
        SealedKind::Question => Table { name: "reviews", key: "row", content: "detail" },
    }
}

/// Review items are numbered; their place is the number, in the last half of what would be an id.
fn from_id(kind: SealedKind, id: &str) -> String {
    match kind {
        SealedKind::Question => format!("('x' || right(replace({id}::uuid::text, '-', ''), 16))::bit(64)::bigint"),
        _ => format!("{id}::uuid"),
    }
}
