-- What operators ask: what is overdue, what was refused and by whom; and what they keep: pauses and remarks.

-- What was marked as breached and is with nobody still: `deliveries_awaited` knows the rest of what has a date.
CREATE INDEX deliveries_overdue ON deliveries (due_on) WHERE breached_at IS NOT NULL AND (state < 5 OR state = 7);

-- Who says to have sent a message that was refused. NULL for all others, whose `publisher` says it.
ALTER TABLE messages ADD COLUMN sender TEXT;
CREATE INDEX messages_rejected ON messages (verdict) WHERE verdict = 'rejected';
CREATE INDEX messages_rejected_sender ON messages (sender) WHERE verdict = 'rejected';

CREATE TABLE pauses (
    recipient TEXT PRIMARY KEY,
    from_at   INTEGER NOT NULL,
    until_at  INTEGER,
    by_whom   TEXT NOT NULL,
    reason    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE remarks (
    recipient TEXT NOT NULL,
    cause     TEXT NOT NULL,
    assignee  TEXT,
    note      TEXT,
    by_whom   TEXT NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (recipient, cause)
) STRICT, WITHOUT ROWID;
