-- The ledger. Integer rows are the keys inside; UUIDv7 blobs are the ids that the outside knows.
-- Times are microseconds since 1970 (UTC); dates are numbers such as 20261120.
-- `payload`, `envelope`, `casefile` and `detail` of reviews are sealed before they get here.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Organisations that something was ever owed to: a few thousand at most.
CREATE TABLE recipients (
    row  INTEGER PRIMARY KEY,
    code TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE children (
    row      INTEGER PRIMARY KEY,
    key      BLOB NOT NULL UNIQUE,
    version  INTEGER NOT NULL,
    wake_at  INTEGER,
    casefile BLOB NOT NULL
) STRICT;
CREATE INDEX children_wake ON children (wake_at) WHERE wake_at IS NOT NULL;

-- Publishers choose their message ids as they like; `hash` is a 64-bit digest of the id, so that the one index with no
-- order to it stays small. The obligations that a message caused are `issued` rows from `first_row` on.
CREATE TABLE messages (
    row          INTEGER PRIMARY KEY,
    id           BLOB NOT NULL UNIQUE,
    hash         INTEGER NOT NULL,
    publisher    TEXT NOT NULL,
    message_id   TEXT NOT NULL,
    written_hash INTEGER,
    written_id   TEXT,
    child        INTEGER REFERENCES children (row),
    first_row    INTEGER NOT NULL,
    issued       INTEGER NOT NULL,
    type         TEXT NOT NULL,
    verdict      TEXT NOT NULL,
    intake       TEXT NOT NULL,
    received_at  INTEGER NOT NULL,
    recorded_at  INTEGER NOT NULL,
    digest       BLOB NOT NULL,
    content_type TEXT NOT NULL,
    traceparent  TEXT,
    receipt      TEXT NOT NULL,
    envelope     BLOB NOT NULL
) STRICT;
CREATE INDEX messages_hash ON messages (hash);
-- A refused message is known by its bytes, and looked for by the id that its publisher wrote.
CREATE INDEX messages_written ON messages (written_hash) WHERE written_hash IS NOT NULL;
CREATE INDEX messages_child ON messages (child) WHERE child IS NOT NULL;

-- What changes often is here, and small: a settlement must not rewrite a payload.
-- state: 0 due, 1 due but behind another, 2 leased, 3 held, 4 accepted, 5 delivered, 6 acknowledged, 7 dead, 8 withdrawn.
-- open: 1 while state is 0 to 3; a column of its own, so that moves within it leave the wide indexes alone.
-- awaited: 1 for a notice with a date that is neither with its recipient, nor withdrawn, nor marked as breached.
-- next_at: when it may go; while leased, when the lease lapses.
-- lease_open: 1 from a lease until that lease's settlement.
-- lane_held: 1 where its lane was held, not it alone.
CREATE TABLE deliveries (
    row          INTEGER PRIMARY KEY,
    id           BLOB NOT NULL UNIQUE,
    obligation   BLOB NOT NULL UNIQUE,
    child        INTEGER NOT NULL REFERENCES children (row),
    recipient    INTEGER NOT NULL REFERENCES recipients (row),
    kind         INTEGER NOT NULL,
    sequence     INTEGER NOT NULL,
    due_on       INTEGER,
    recorded_at  INTEGER NOT NULL,
    state        INTEGER NOT NULL,
    open         INTEGER NOT NULL,
    awaited      INTEGER NOT NULL,
    next_at      INTEGER NOT NULL,
    fence        INTEGER NOT NULL,
    lease_open   INTEGER NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    acknowledged INTEGER NOT NULL DEFAULT 0,
    hold         INTEGER,
    lane_held    INTEGER NOT NULL DEFAULT 0,
    note         TEXT,
    settled_at   INTEGER,
    breached_at  INTEGER
) STRICT;
-- Leasing, and when a lane has work: never sees what is done, held or behind another.
CREATE INDEX deliveries_active ON deliveries (recipient, state, next_at) WHERE state = 0 OR state = 2;
-- What stands before what, what of a child was ever leased, a child's journey.
CREATE INDEX deliveries_line ON deliveries (child, open, recipient, sequence);
-- A recipient's list, newest first, and its oldest pending row.
CREATE INDEX deliveries_recipient ON deliveries (recipient, open);
-- Lists by the states that are rare: held, accepted, acknowledged, dead, withdrawn.
CREATE INDEX deliveries_rare ON deliveries (state) WHERE state = 3 OR state = 4 OR state > 5;
CREATE INDEX deliveries_rare_recipient ON deliveries (recipient, state) WHERE state = 3 OR state = 4 OR state > 5;
-- Lists by the kinds that are rare: all but arrival and end notices.
CREATE INDEX deliveries_kind ON deliveries (kind) WHERE kind > 1;
CREATE INDEX deliveries_awaited ON deliveries (due_on) WHERE awaited = 1;

-- One obligation has one delivery, and they share their row.
CREATE TABLE obligations (
    row        INTEGER PRIMARY KEY REFERENCES deliveries (row),
    message    INTEGER REFERENCES messages (row),
    state      INTEGER NOT NULL,
    changed_at INTEGER,
    place      TEXT,
    basis      TEXT NOT NULL,
    supersedes BLOB,
    payload    BLOB NOT NULL
) STRICT;

CREATE TABLE attempts (
    delivery   INTEGER NOT NULL REFERENCES deliveries (row),
    fence      INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    adapter    TEXT NOT NULL,
    outcome    TEXT NOT NULL,
    status     INTEGER,
    detail     TEXT NOT NULL,
    PRIMARY KEY (delivery, fence)
) STRICT, WITHOUT ROWID;

CREATE TABLE acknowledgements (
    row      INTEGER PRIMARY KEY,
    delivery BLOB NOT NULL,
    by_code  TEXT NOT NULL,
    status   TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX acknowledgements_delivery ON acknowledgements (delivery);

-- An alias that several children share names none of them for certain.
CREATE TABLE aliases (
    alias BLOB NOT NULL,
    child INTEGER NOT NULL REFERENCES children (row),
    PRIMARY KEY (alias, child)
) STRICT, WITHOUT ROWID;

CREATE TABLE reviews (
    row       INTEGER PRIMARY KEY,
    child     INTEGER NOT NULL REFERENCES children (row),
    key       BLOB NOT NULL,
    reason    TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER,
    due_on    INTEGER,
    detail    BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX reviews_open ON reviews (child, key) WHERE closed_at IS NULL;
CREATE INDEX reviews_oldest ON reviews (opened_at) WHERE closed_at IS NULL;
CREATE INDEX reviews_reason ON reviews (reason) WHERE closed_at IS NULL;
CREATE INDEX reviews_child ON reviews (child);

CREATE TABLE suppressed (
    row     INTEGER PRIMARY KEY,
    child   INTEGER NOT NULL REFERENCES children (row),
    message INTEGER REFERENCES messages (row),
    at      INTEGER NOT NULL,
    text    TEXT NOT NULL
) STRICT;
CREATE INDEX suppressed_child ON suppressed (child);

-- `delivery` for one, `recipient` for a whole lane.
CREATE TABLE operator_actions (
    row       INTEGER PRIMARY KEY,
    delivery  INTEGER REFERENCES deliveries (row),
    recipient INTEGER REFERENCES recipients (row),
    action    TEXT NOT NULL,
    reason    TEXT NOT NULL,
    at        INTEGER NOT NULL
) STRICT;
CREATE INDEX operator_actions_delivery ON operator_actions (delivery) WHERE delivery IS NOT NULL;

-- Counts that are kept, so that figures cost the same with ten rows and with ten million.
CREATE TABLE tallies (
    recipient INTEGER NOT NULL,
    state     INTEGER NOT NULL,
    n         INTEGER NOT NULL,
    PRIMARY KEY (recipient, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE message_tallies (
    type    TEXT NOT NULL,
    verdict TEXT NOT NULL,
    n       INTEGER NOT NULL,
    PRIMARY KEY (type, verdict)
) STRICT, WITHOUT ROWID;

-- Notices with a date that are not with their recipient yet, nor withdrawn: breached or not.
CREATE TABLE deadline_tallies (
    kind   INTEGER NOT NULL,
    due_on INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (kind, due_on)
) STRICT, WITHOUT ROWID;

CREATE TABLE breach_tally (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    n   INTEGER NOT NULL
) STRICT;
INSERT INTO breach_tally VALUES (1, 0);
