//! The writing side's tools: one connection, what it remembers between statements, and the moves of a delivery.
//!
//! Cast: a [`Post`] is a delivery's row as the verbs need it; a [`Move`] is what becomes of it; the line of a recipient
//! and child is their pending posts in sequence, of which the first may go and the others wait.

use crate::columns::{State, count, hash, kind_number, read_kind, small};
use crate::fault::Fault;
use domain::Code;
use domain::delivery::Kind;
use domain::ledger::standing::{Move, Standing, is_awaited, lined_up};
use domain::port::MessageKey;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::HashMap;
use uuid::Uuid;

/// The writing connection with what is known about the open transaction. Everything here but the connection is
/// forgotten on rollback.
pub struct Books {
    pub connection: Connection,
    recipients: HashMap<Code, i64>,
    next_row: Option<i64>,
    tallies: HashMap<(i64, State), i64>,
    messages: HashMap<(&'static str, &'static str), i64>,
    deadlines: HashMap<(i64, i64), i64>,
    breaches: i64,
}

/// A delivery's row: where it stands, and whose it is.
#[derive(Clone, Debug)]
pub struct Post {
    pub row: i64,
    pub id: Uuid,
    pub child: i64,
    pub recipient: i64,
    pub standing: Standing,
}

impl std::ops::Deref for Post {
    type Target = Standing;
    fn deref(&self) -> &Standing {
        &self.standing
    }
}

/// Whether a pending row stands in the same line as one of the given kind: care and money (kinds 6 and 7) are two lines, and what
/// is held for review (hold 2) stands before nobody.
macro_rules! in_line {
    ($row:literal, $kind:literal) => {
        concat!("(", $row, "kind IN (6, 7)) = (", $kind, " IN (6, 7)) AND NOT (", $row, "state = 3 AND ", $row, "hold = 2)")
    };
}
pub(crate) use in_line;

/// The columns of a [`Post`], with the table.
macro_rules! select_post {
    ($where:literal) => {
        concat!(
            "SELECT row, id, child, recipient, kind, due_on, state, next_at, fence, lease_open, attempts, acknowledged, ",
            "breached_at IS NOT NULL, settled_at FROM deliveries ",
            $where
        )
    };
}
pub(crate) use select_post;

impl Books {
    pub fn new(connection: Connection) -> Self {
        Self {
            connection,
            recipients: HashMap::new(),
            next_row: None,
            tallies: HashMap::new(),
            messages: HashMap::new(),
            deadlines: HashMap::new(),
            breaches: 0,
        }
    }

    pub fn begin(&mut self) -> Result<(), Fault> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        Ok(())
    }

    pub fn commit(&mut self) -> Result<(), Fault> {
        self.write_tallies()?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }

    /// Also where the transaction is over already: a full disk rolls back by itself.
    pub fn roll_back(&mut self) {
        self.recipients.clear();
        self.next_row = None;
        self.tallies.clear();
        self.messages.clear();
        self.deadlines.clear();
        self.breaches = 0;
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "the ledger could not roll back a transaction; the next one will fail too");
        }
    }

    /// The row of an organisation, made where it is new.
    pub fn recipient(&mut self, code: Code) -> Result<i64, Fault> {
        if let Some(row) = self.recipients.get(&code) {
            return Ok(*row);
        }
        self.connection.prepare_cached("INSERT INTO recipients (code) VALUES (?1) ON CONFLICT DO NOTHING")?.execute([code.as_str()])?;
        let row =
            self.connection.prepare_cached("SELECT row FROM recipients WHERE code = ?1")?.query_row([code.as_str()], |row| row.get(0))?;
        self.recipients.insert(code, row);
        Ok(row)
    }

    /// The next row of a delivery and its obligation: the writer is alone, so it counts by itself.
    pub fn next_delivery_row(&mut self) -> Result<i64, Fault> {
        let row = match self.next_row {
            Some(row) => row,
            None => self.connection.prepare_cached("SELECT coalesce(max(row), 0) + 1 FROM deliveries")?.query_row([], |row| row.get(0))?,
        };
        Ok(*self.next_row.insert(row))
    }

    pub fn use_delivery_row(&mut self) -> Result<i64, Fault> {
        let row = self.next_delivery_row()?;
        self.next_row = Some(row + 1);
        Ok(row)
    }

    pub fn post(&self, delivery: Uuid) -> Result<Option<Post>, Fault> {
        let mut statement = self.connection.prepare_cached(select_post!("WHERE id = ?1"))?;
        statement.query_row([delivery.as_bytes()], read_post).optional()?.transpose()
    }

    pub fn post_of(&self, obligation: Uuid) -> Result<Option<Post>, Fault> {
        let mut statement = self.connection.prepare_cached(select_post!("WHERE obligation = ?1"))?;
        statement.query_row([obligation.as_bytes()], read_post).optional()?.transpose()
    }

    /// Moves a delivery and keeps every count that depends on where it stands.
    pub fn shift(&mut self, post: &Post, to: &Move) -> Result<(), Fault> {
        if post.state == State::Accepted {
            crate::acceptance::forget(&self.connection, post, to.to)?;
        }
        let hold = to.hold.map(crate::columns::hold_number);
        let ended = post.state.is_open() != to.to.is_open() || post.state.is_undelivered() != to.to.is_undelivered();
        if ended || to.breached_at.is_some() {
            let awaited = is_awaited(post.due_on, to.to) && !post.breached && to.breached_at.is_none();
            self.connection.prepare_cached(
                "UPDATE deliveries SET state = ?2, next_at = ?3, attempts = ?4, hold = ?5, note = ?6, settled_at = ?7, lane_held = 0, lease_open = ?11,
                 open = ?8, awaited = ?9, breached_at = coalesce(breached_at, ?10) WHERE row = ?1",
            )?
            .execute(params![post.row, to.to.number(), to.next_at, to.attempts, hold, to.note, to.settled_at, to.to.is_open(), awaited, to.breached_at, to.lease_open])?;
        } else {
            // `open` and `awaited` are as they were: not naming them leaves their indexes alone.
            self.connection.prepare_cached(
                "UPDATE deliveries SET state = ?2, next_at = ?3, attempts = ?4, hold = ?5, note = ?6, settled_at = ?7, lane_held = 0, lease_open = ?8 WHERE row = ?1",
            )?
            .execute(params![post.row, to.to.number(), to.next_at, to.attempts, hold, to.note, to.settled_at, to.lease_open])?;
        }
        if to.breached_at.is_some() && !post.breached {
            self.breaches += 1;
        }
        self.tally(post.recipient, post.state, -1);
        self.tally(post.recipient, to.to, 1);
        if let Some(due_on) = post.due_on {
            let change = i64::from(to.to.is_undelivered()) - i64::from(post.state.is_undelivered());
            self.tally_deadline(post.kind, due_on, change);
        }
        Ok(())
    }

    /// Puts the line that `kind` belongs to in order: the first pending one is due, those behind it wait. While one of
    /// them is leased, none other becomes due. Answers when the one that stopped waiting may go, if one did.
    pub fn line_up(&mut self, recipient: i64, child: i64, kind: Kind) -> Result<Option<i64>, Fault> {
        let line = self.line(recipient, child, kind)?;
        let states: Vec<State> = line.iter().map(|(_, state, _)| *state).collect();
        let mut promoted = None;
        for ((row, state, next_at), right) in line.into_iter().zip(lined_up(&states)) {
            if right == state {
                continue;
            }
            self.connection.prepare_cached("UPDATE deliveries SET state = ?2 WHERE row = ?1")?.execute(params![row, right.number()])?;
            self.tally(recipient, state, -1);
            self.tally(recipient, right, 1);
            if right == State::Due {
                promoted = Some(next_at);
            }
        }
        Ok(promoted)
    }

    /// The pending deliveries of a recipient and child in one line, in sequence: row, state, when it may go.
    pub fn line(&self, recipient: i64, child: i64, kind: Kind) -> Result<Vec<(i64, State, i64)>, Fault> {
        let mut statement = self.connection.prepare_cached(concat!(
            "SELECT row, state, next_at FROM deliveries INDEXED BY deliveries_line WHERE child = ?1 AND open = 1 AND recipient = ?2 AND ",
            in_line!("", "?3"),
            " ORDER BY sequence, row"
        ))?;
        let mut rows = statement.query(params![child, recipient, kind_number(kind)])?;
        let mut line = Vec::new();
        while let Some(row) = rows.next()? {
            line.push((row.get(0)?, State::read(row.get(1)?)?, row.get(2)?));
        }
        Ok(line)
    }

    /// Counts only what is pending: the rest is history.
    pub fn tally(&mut self, recipient: i64, state: State, change: i64) {
        if state.is_open() && change != 0 {
            *self.tallies.entry((recipient, state)).or_default() += change;
        }
    }

    pub fn tally_message(&mut self, message_type: &'static str, verdict: &'static str) {
        *self.messages.entry((message_type, verdict)).or_default() += 1;
    }

    pub fn tally_deadline(&mut self, kind: Kind, due_on: i64, change: i64) {
        if change != 0 {
            *self.deadlines.entry((kind_number(kind), due_on)).or_default() += change;
        }
    }

    pub fn tally_breaches(&mut self, change: i64) {
        self.breaches += change;
    }

    pub fn message_exists(&self, key: &MessageKey) -> Result<bool, Fault> {
        let mut statement =
            self.connection.prepare_cached("SELECT 1 FROM messages WHERE hash = ?1 AND message_id = ?2 AND publisher = ?3")?;
        Ok(statement.exists(params![hash(&key.message_id), key.message_id, key.publisher.as_str()])?)
    }

    fn write_tallies(&mut self) -> Result<(), Fault> {
        for ((recipient, state), change) in self.tallies.drain().filter(|(_, change)| *change != 0) {
            self.connection
                .prepare_cached("INSERT INTO tallies VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET n = n + excluded.n")?
                .execute([recipient, state.number(), change])?;
        }
        for ((message_type, verdict), change) in self.messages.drain() {
            self.connection
                .prepare_cached("INSERT INTO message_tallies VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET n = n + excluded.n")?
                .execute(params![message_type, verdict, change])?;
        }
        for ((kind, due_on), change) in self.deadlines.drain().filter(|(_, change)| *change != 0) {
            self.connection
                .prepare_cached("INSERT INTO deadline_tallies VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET n = n + excluded.n")?
                .execute([kind, due_on, change])?;
            // Days that nothing is owed on any more go, so that the table stays as small as what is open.
            self.connection
                .prepare_cached("DELETE FROM deadline_tallies WHERE kind = ?1 AND due_on = ?2 AND n = 0")?
                .execute([kind, due_on])?;
        }
        if self.breaches != 0 {
            self.connection.prepare_cached("UPDATE breach_tally SET n = n + ?1")?.execute([self.breaches])?;
            self.breaches = 0;
        }
        Ok(())
    }
}

pub fn read_post(row: &Row<'_>) -> rusqlite::Result<Result<Post, Fault>> {
    let (kind, state) = match (read_kind(row.get(4)?), State::read(row.get(6)?)) {
        (Ok(kind), Ok(state)) => (kind, state),
        (Err(fault), _) | (_, Err(fault)) => return Ok(Err(fault.into())),
    };
    Ok(Ok(Post {
        row: row.get(0)?,
        id: Uuid::from_bytes(row.get(1)?),
        child: row.get(2)?,
        recipient: row.get(3)?,
        standing: Standing {
            kind,
            due_on: row.get(5)?,
            state,
            next_at: row.get(7)?,
            fence: count(row.get(8)?),
            lease_open: row.get(9)?,
            attempts: small(row.get(10)?),
            acknowledged: row.get(11)?,
            breached: row.get(12)?,
            settled_at: row.get(13)?,
        },
    }))
}
