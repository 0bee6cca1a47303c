//! What is done to many deliveries at once, by statements rather than in memory: `hold_lane`, `mark_breaches`; and `hold_duty`.

use crate::fault::Fault;
use crate::session::Session;
use crate::tallies::Tallies;
use crate::transact::Transaction;
use crate::write::number;
use domain::Code;
use domain::delivery::HoldReason;
use domain::ledger::columns::{State, day, hold_number, micros};
use domain::port::BoxFuture;
use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

/// Holds what is due in a lane, or releases what the lane's endpoint held. What a rule or a person holds by itself stays
/// held: an endpoint that comes back decides nothing about it.
pub struct HoldLane {
    pub recipient: Code,
    pub hold: Option<HoldReason>,
    pub now: Timestamp,
    pub shard: i64,
}

const HOLD_DUE: &str =
    "UPDATE deliveries SET state = 3, hold = $2::bigint, lane_held = true, note = NULL WHERE recipient = $1 AND state = 0";
const HOLD_WAITING: &str =
    "UPDATE deliveries SET state = 3, hold = $2::bigint, lane_held = true, note = NULL WHERE recipient = $1 AND state = 1";
const HOLD_LAPSED: &str =
    "UPDATE deliveries SET state = 3, hold = $2::bigint, lane_held = true, note = NULL WHERE recipient = $1 AND state = 2 AND next_at < $3";
/// Whoever takes something back into a line holds its child. In the order of the keys, as everybody does.
const LOCK: &str = "SELECT FROM children WHERE key IN (
    SELECT child FROM deliveries WHERE recipient = $1 AND state = 3 AND (lane_held OR hold = $2::bigint OR hold = $3::bigint)) ORDER BY key FOR NO KEY UPDATE";
const RELEASE: &str = "UPDATE deliveries SET state = 1, hold = NULL, lane_held = false, note = NULL, next_at = $4
    WHERE recipient = $1 AND state = 3 AND (lane_held OR hold = $2::bigint OR hold = $3::bigint)";
/// The head of each line becomes due, unless one of its line is in flight. Kinds 6 and 7 are money; hold 2 is a review's.
const PROMOTE: &str = "UPDATE deliveries d SET state = 0 WHERE d.recipient = $1 AND d.state = 1 AND NOT EXISTS (
    SELECT 1 FROM deliveries e WHERE e.child = d.child AND e.state < 4 AND e.recipient = d.recipient AND e.id <> d.id
    AND (e.kind IN (6, 7)) = (d.kind IN (6, 7)) AND NOT (e.state = 3 AND e.hold = 2) AND (e.state = 2 OR (e.sequence, e.id) < (d.sequence, d.id)))";
const NOTE: &str = "INSERT INTO operator_actions (recipient, action, reason, at) VALUES ($1, $2, $3, $4)";

impl Transaction for HoldLane {
    type Answer = u64;

    fn run<'a>(&'a mut self, session: &'a Session) -> BoxFuture<'a, Result<u64, Fault>> {
        Box::pin(async move {
            let mut tallies = Tallies::default();
            let moved = match self.hold {
                Some(reason) => self.hold_all(session, reason, &mut tallies).await?,
                None => self.release_all(session, &mut tallies).await?,
            };
            let action = self.hold.map_or_else(|| "release lane".to_owned(), |reason| format!("hold lane: {reason}"));
            session.run(NOTE, &[&self.recipient.as_str(), &action, &format!("{moved} deliveries"), &micros(self.now)]).await?;
            tallies.write(session, self.shard).await?;
            Ok(moved)
        })
    }
}

impl HoldLane {
    /// No child is locked: a group that read one of these before is read again, for it is written only where it stands as it did.
    async fn hold_all(&self, session: &Session, reason: HoldReason, tallies: &mut Tallies) -> Result<u64, Fault> {
        let (recipient, hold, now) = (self.recipient.as_str(), hold_number(reason), micros(self.now));
        let due = session.run(HOLD_DUE, &[&recipient, &hold]).await?;
        let lapsed = session.run(HOLD_LAPSED, &[&recipient, &hold, &now]).await?;
        let waiting = session.run(HOLD_WAITING, &[&recipient, &hold]).await?;
        for (state, moved) in [(State::Due, due), (State::Leased, lapsed), (State::Waiting, waiting)] {
            tallies.pending(self.recipient, state, -number(moved));
            tallies.pending(self.recipient, State::Held, number(moved));
        }
        Ok(due + lapsed + waiting)
    }

    async fn release_all(&self, session: &Session, tallies: &mut Tallies) -> Result<u64, Fault> {
        let recipient = self.recipient.as_str();
        let [no_endpoint, gone] = [HoldReason::NoEndpoint, HoldReason::EndpointGone].map(hold_number);
        session.run(LOCK, &[&recipient, &no_endpoint, &gone]).await?;
        let released = session.run(RELEASE, &[&recipient, &no_endpoint, &gone, &micros(self.now)]).await?;
        let promoted = session.run(PROMOTE, &[&recipient]).await?;
        tallies.pending(self.recipient, State::Held, -number(released));
        tallies.pending(self.recipient, State::Waiting, number(released) - number(promoted));
        tallies.pending(self.recipient, State::Due, number(promoted));
        Ok(released)
    }
}

/// Marks whatever was owed by a day that is over and is not with its recipient: once, because a marked one is not awaited.
pub struct MarkBreaches {
    pub today: Date,
    pub now: Timestamp,
    pub shard: i64,
}

const BREACH: &str = "UPDATE deliveries SET awaited = false, breached_at = $2 WHERE awaited AND due_on < $1::bigint";

impl Transaction for MarkBreaches {
    type Answer = u64;

    fn run<'a>(&'a mut self, session: &'a Session) -> BoxFuture<'a, Result<u64, Fault>> {
        Box::pin(async move {
            let marked = session.run(BREACH, &[&day(self.today), &micros(self.now)]).await?;
            let mut tallies = Tallies::default();
            tallies.breaches(number(marked));
            tallies.write(session, self.shard).await?;
            Ok(marked)
        })
    }
}

/// Who does what must be done once.
pub struct HoldDuty {
    pub name: &'static str,
    pub holder: Uuid,
    pub until: Timestamp,
    pub now: Timestamp,
}

const HOLD_DUTY: &str = "INSERT INTO duties (name, holder, until) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE duties.holder = excluded.holder OR duties.until < $4";

impl Transaction for HoldDuty {
    type Answer = bool;

    fn run<'a>(&'a mut self, session: &'a Session) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move {
            let held = session.run(HOLD_DUTY, &[&self.name, &self.holder, &micros(self.until), &micros(self.now)]).await?;
            Ok(held == 1)
        })
    }
}
