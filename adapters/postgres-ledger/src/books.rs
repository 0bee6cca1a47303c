//! What a group of verbs works on: read in a few statements, decided on in memory, written in a few statements.
//!
//! Cast: [`Needs`] says what the verbs of a group are about; [`Books`] holds the children that are locked for it and their
//! [`Post`]s, and what is to be written (`write.rs`). A line is the pending posts of a recipient and child, care and money apart.
//!
//! Who changes where a delivery stands, holds the row of its child: so nobody else adds to a line or takes from it meanwhile. Only
//! leasing goes without, for it moves none but the first of a line; it raises the fence, and what is written here names
//! the fence that was read. If that has changed, the whole group is read and decided again.

use crate::fault::Fault;
use crate::session::{Parameters, Session};
use crate::tallies::Tallies;
use crate::write::Written;
use domain::Code;
use domain::delivery::{HoldReason, Kind};
use domain::ledger::columns::{State, count, hash, read_code, read_hold, read_kind, small};
use domain::ledger::standing::{Move, Standing, is_in_line, lined_up};
use domain::port::{Alias, ChildKey, MessageKey, News};
use std::collections::{BTreeSet, HashMap, HashSet};
use tokio::try_join;
use tokio_postgres::Row;
use uuid::Uuid;

/// What is to be read before a group can be decided on.
#[derive(Default)]
pub struct Needs {
    pub children: BTreeSet<Uuid>,
    /// By delivery and by obligation.
    pub deliveries: BTreeSet<Uuid>,
    pub obligations: BTreeSet<Uuid>,
    pub messages: Vec<MessageKey>,
    /// Everything of these feeds up to a position.
    pub feeds: Vec<(Code, i64)>,
    /// Whether the children's open review items are needed.
    pub reviews: bool,
}

/// A delivery's row, as it was read and as it shall be.
#[derive(Clone, Debug)]
pub struct Post {
    pub id: Uuid,
    pub child: ChildKey,
    pub recipient: Code,
    pub sequence: u32,
    pub standing: Standing,
    pub hold: Option<HoldReason>,
    pub lane_held: bool,
    pub note: Option<String>,
    /// When it was seen to be late, where that is new.
    pub breached_at: Option<i64>,
    pub recorded_at: i64,
    /// None for one that is new.
    pub read: Option<Read>,
    pub is_changed: bool,
}

/// What a post must still be when it is written.
#[derive(Clone, Copy, Debug)]
pub struct Read {
    pub fence: u64,
    pub state: State,
    pub breached: bool,
}

impl std::ops::Deref for Post {
    type Target = Standing;
    fn deref(&self) -> &Standing {
        &self.standing
    }
}

pub struct Child {
    pub version: i64,
    /// None where nothing of it changes.
    pub update: Option<ChildWrite>,
    pub is_new: bool,
}

pub struct ChildWrite {
    pub wake_at: Option<i64>,
    pub casefile: Vec<u8>,
}

#[derive(Default)]
pub struct Books {
    pub children: HashMap<ChildKey, Child>,
    pub posts: HashMap<Uuid, Post>,
    by_obligation: HashMap<Uuid, Uuid>,
    by_child: HashMap<ChildKey, Vec<Uuid>>,
    messages: HashSet<MessageKey>,
    /// Open review items of the children that are locked.
    pub reviews: HashSet<(ChildKey, Alias)>,
    /// What is to be collected, with its position.
    pub uncollected: Vec<(Code, i64, Uuid)>,
    pub tallies: Tallies,
    pub written: Written,
    /// What other hubs may want to know once this is committed.
    pub news: Vec<News>,
}

const LOCK: &str = "SELECT key, version FROM children WHERE key IN (
        SELECT unnest($1::uuid[])
        UNION SELECT d.child FROM unnest($2::uuid[]) AS x (id) JOIN deliveries d ON d.id = x.id
        UNION SELECT o.child FROM unnest($3::uuid[]) AS x (id) JOIN obligations o ON o.id = x.id
    ) ORDER BY key FOR NO KEY UPDATE";

macro_rules! posts {
    ($from:literal) => {
        concat!(
            "SELECT d.id, d.child, d.recipient, d.sequence, d.kind, d.due_on, d.state, d.next_at, d.fence, d.lease_open, d.attempts,
             d.acknowledged, d.breached_at IS NOT NULL, d.hold, d.lane_held, d.note, d.settled_at, d.recorded_at FROM ",
            $from
        )
    };
}
const PENDING: &str =
    posts!("unnest($1::uuid[]) AS x (key) JOIN LATERAL (SELECT * FROM deliveries WHERE child = x.key AND state < 4 OFFSET 0) d ON true");
const NAMED: &str = posts!("unnest($1::uuid[]) AS x (id) JOIN deliveries d ON d.id = x.id");
const OF_OBLIGATION: &str = "SELECT o.id, o.delivery FROM unnest($1::uuid[]) AS x (id) JOIN obligations o ON o.id = x.id";
const MESSAGES: &str =
    "SELECT m.publisher, m.message_id FROM unnest($1::bigint[], $2::text[], $3::text[]) AS x (hash, publisher, message_id)
    JOIN messages m ON m.hash = x.hash AND m.publisher = x.publisher AND m.message_id = x.message_id";
const REVIEWS: &str = "SELECT r.child, r.key FROM unnest($1::uuid[]) AS x (key) JOIN LATERAL (SELECT child, key FROM reviews WHERE child = x.key AND closed_at IS NULL OFFSET 0) r ON true";
const UNCOLLECTED: &str = "SELECT a.recipient, a.position, a.delivery FROM unnest($1::text[], $2::bigint[]) AS x (recipient, up_to)
    JOIN LATERAL (SELECT * FROM acceptances WHERE recipient = x.recipient AND position IS NOT NULL AND position <= x.up_to OFFSET 0) a ON true ORDER BY a.recipient, a.position";

impl Books {
    /// Locks the children and reads what the verbs need, in an open transaction.
    pub async fn read(session: &Session, mut needs: Needs) -> Result<Self, Fault> {
        let mut books = Self::default();
        if !needs.feeds.is_empty() {
            books.read_uncollected(session, &mut needs).await?;
        }
        let Needs { children, deliveries, obligations, messages, reviews, .. } = needs;
        let (children, mut deliveries, obligations) = (list(children), list(deliveries), list(obligations));
        // One statement, in the order of the keys: so no two groups wait for each other.
        for row in session.rows(LOCK, &[&children, &deliveries, &obligations]).await? {
            let child = Child { version: row.get(1), update: None, is_new: false };
            books.children.insert(child_key(&row, 0), child);
        }
        // From here on, statements see whatever those before us have committed.
        if !obligations.is_empty() {
            for row in session.rows(OF_OBLIGATION, &[&obligations]).await? {
                books.by_obligation.insert(row.get(0), row.get(1));
            }
            deliveries.extend(books.by_obligation.values());
        }
        books.read_rows(session, &deliveries, &messages, reviews).await?;
        Ok(books)
    }

    async fn read_uncollected(&mut self, session: &Session, needs: &mut Needs) -> Result<(), Fault> {
        let recipients: Vec<&str> = needs.feeds.iter().map(|(recipient, _)| recipient.as_str()).collect();
        let up_to: Vec<i64> = needs.feeds.iter().map(|(_, up_to)| *up_to).collect();
        for row in session.rows(UNCOLLECTED, &[&recipients, &up_to]).await? {
            self.uncollected.push((code(&row, 0)?, row.get(1), row.get(2)));
            needs.deliveries.insert(row.get(2));
        }
        Ok(())
    }

    async fn read_rows(&mut self, session: &Session, deliveries: &[Uuid], messages: &[MessageKey], reviews: bool) -> Result<(), Fault> {
        let children: Vec<Uuid> = self.children.keys().map(|key| Uuid::from_bytes(key.0)).collect();
        let hashes: Vec<i64> = messages.iter().map(|key| hash(&key.message_id)).collect();
        let publishers: Vec<&str> = messages.iter().map(|key| key.publisher.as_str()).collect();
        let ids: Vec<&str> = messages.iter().map(|key| key.message_id.as_str()).collect();
        let by_child: Parameters<'_> = &[&children];
        let by_id: Parameters<'_> = &[&deliveries];
        let by_key: Parameters<'_> = &[&hashes, &publishers, &ids];
        let (pending, named, messages, reviews) = try_join!(
            session.rows_if(!children.is_empty(), PENDING, by_child),
            session.rows_if(!deliveries.is_empty(), NAMED, by_id),
            session.rows_if(!ids.is_empty(), MESSAGES, by_key),
            session.rows_if(reviews && !children.is_empty(), REVIEWS, by_child),
        )?;
        for row in pending.iter().chain(&named) {
            self.add(read_post(row)?);
        }
        for row in &messages {
            self.messages.insert(MessageKey { publisher: code(row, 0)?, message_id: row.get(1) });
        }
        for row in &reviews {
            self.reviews.insert((child_key(row, 0), Alias(row.get::<_, Uuid>(1).into_bytes())));
        }
        Ok(())
    }

    pub fn add(&mut self, post: Post) {
        let (id, child) = (post.id, post.child);
        if self.posts.insert(id, post).is_none() {
            self.by_child.entry(child).or_default().push(id);
        }
    }

    /// A new obligation's delivery, so that a later entry of the same group finds it.
    pub fn add_obligation(&mut self, obligation: Uuid, delivery: Uuid) {
        self.by_obligation.insert(obligation, delivery);
    }

    pub fn post_of(&self, obligation: Uuid) -> Option<&Post> {
        self.posts.get(self.by_obligation.get(&obligation)?)
    }

    /// False where it was there already.
    pub fn add_message(&mut self, key: &MessageKey) -> bool {
        self.messages.insert(key.clone())
    }

    pub fn has_message(&self, key: &MessageKey) -> bool {
        self.messages.contains(key)
    }

    /// Moves a delivery and keeps every count that depends on where it stands.
    pub fn shift(&mut self, delivery: Uuid, to: &Move) {
        let Some(post) = self.posts.get_mut(&delivery) else { return };
        let from = post.state;
        if from == State::Accepted {
            self.written.forget_acceptance(delivery, to.to);
        }
        if to.breached_at.is_some() && !post.breached {
            self.tallies.breaches(1);
            post.breached_at = to.breached_at;
            post.standing.breached = true;
        }
        self.tallies.pending(post.recipient, from, -1);
        self.tallies.pending(post.recipient, to.to, 1);
        if let Some(due_on) = post.due_on {
            self.tallies.deadline(post.kind, due_on, i64::from(to.to.is_undelivered()) - i64::from(from.is_undelivered()));
        }
        (post.hold, post.note) = (to.hold, to.note.clone());
        (post.lane_held, post.is_changed) = (false, true);
        let Move { to: state, next_at, attempts, lease_open, settled_at, .. } = *to;
        post.standing = Standing { state, next_at, attempts, lease_open, settled_at, ..post.standing.clone() };
    }

    /// Closes a lease whose outcome changes nothing else.
    pub fn close_lease(&mut self, delivery: Uuid, attempts: u32) {
        if let Some(post) = self.posts.get_mut(&delivery) {
            (post.standing.attempts, post.standing.lease_open, post.is_changed) = (attempts, false, true);
        }
    }

    /// Remembers that the recipient has given word.
    pub fn acknowledge(&mut self, delivery: Uuid) {
        if let Some(post) = self.posts.get_mut(&delivery) {
            (post.standing.acknowledged, post.is_changed) = (true, true);
        }
    }

    /// Leases it anew. Its old lease has lapsed.
    pub fn lease(&mut self, delivery: Uuid, until: i64) {
        self.set_state(delivery, State::Leased);
        if let Some(post) = self.posts.get_mut(&delivery) {
            (post.standing.next_at, post.standing.lease_open, post.is_changed) = (until, true, true);
            post.standing.fence += 1;
        }
    }

    /// A lapsed lease that somebody stands before goes back into its line.
    pub fn put_back(&mut self, delivery: Uuid) {
        let Some(post) = self.posts.get(&delivery) else { return };
        let (recipient, child, kind) = (post.recipient, post.child, post.kind);
        self.set_state(delivery, State::Waiting);
        self.line_up(recipient, child, kind);
    }

    /// Puts the line that `kind` belongs to in order. Answers when the one that stopped waiting may go, if one did.
    pub fn line_up(&mut self, recipient: Code, child: ChildKey, kind: Kind) -> Option<i64> {
        let line = self.line(recipient, child, kind);
        let states: Vec<State> = line.iter().map(|id| self.posts[id].state).collect();
        let mut promoted = None;
        for (id, right) in line.into_iter().zip(lined_up(&states)) {
            if self.set_state(id, right) && right == State::Due {
                promoted = Some(self.posts[&id].next_at);
            }
        }
        promoted
    }

    /// In sequence.
    pub fn line(&self, recipient: Code, child: ChildKey, kind: Kind) -> Vec<Uuid> {
        let posts = self.by_child.get(&child).into_iter().flatten().filter_map(|id| self.posts.get(id));
        let in_line = |post: &&Post| post.recipient == recipient && post.kind.line() == kind.line() && is_in_line(post.state, post.hold);
        let mut line: Vec<&Post> = posts.filter(in_line).collect();
        line.sort_unstable_by_key(|post| (post.sequence, post.id));
        line.into_iter().map(|post| post.id).collect()
    }

    /// Whether that is a change.
    fn set_state(&mut self, delivery: Uuid, state: State) -> bool {
        let Some(post) = self.posts.get_mut(&delivery).filter(|post| post.state != state) else { return false };
        self.tallies.pending(post.recipient, post.standing.state, -1);
        self.tallies.pending(post.recipient, state, 1);
        (post.standing.state, post.is_changed) = (state, true);
        true
    }
}

fn list(set: BTreeSet<Uuid>) -> Vec<Uuid> {
    set.into_iter().collect()
}

pub fn child_key(row: &Row, column: usize) -> ChildKey {
    ChildKey(row.get::<_, Uuid>(column).into_bytes())
}

pub fn code(row: &Row, column: usize) -> Result<Code, Fault> {
    Ok(read_code(row.get(column))?)
}

fn read_post(row: &Row) -> Result<Post, Fault> {
    let number = |column| i64::from(row.get::<_, i16>(column));
    let (state, fence, breached) = (State::read(number(6))?, count(row.get(8)), row.get(12));
    Ok(Post {
        id: row.get(0),
        child: child_key(row, 1),
        recipient: code(row, 2)?,
        sequence: small(i64::from(row.get::<_, i32>(3))),
        standing: Standing {
            kind: read_kind(number(4))?,
            due_on: row.get::<_, Option<i32>>(5).map(i64::from),
            state,
            next_at: row.get(7),
            fence,
            lease_open: row.get(9),
            attempts: small(i64::from(row.get::<_, i32>(10))),
            acknowledged: row.get(11),
            breached,
            settled_at: row.get(16),
        },
        hold: row.get::<_, Option<i16>>(13).map(|hold| read_hold(i64::from(hold))).transpose()?,
        lane_held: row.get(14),
        note: row.get(15),
        breached_at: None,
        recorded_at: row.get(17),
        read: Some(Read { fence, state, breached }),
        is_changed: false,
    })
}
