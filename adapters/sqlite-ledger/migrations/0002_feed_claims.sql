-- What is accepted and not collected, feeds, claims; and a clock for whatever is owed by a date.
-- From here on `awaited` is 1 for every delivery with a date, of whatever kind, that is not collected or delivered, nor
-- withdrawn, nor marked as breached; what a rail has accepted and nobody has collected is awaited still.

-- The deliveries in state 4, and no others. `position` where they are in a feed.
CREATE TABLE acceptances (
    delivery    INTEGER PRIMARY KEY REFERENCES deliveries (row),
    recipient   INTEGER NOT NULL REFERENCES recipients (row),
    adapter     TEXT NOT NULL,
    reference   TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    position    INTEGER
) STRICT;
CREATE INDEX acceptances_adapter ON acceptances (adapter);
CREATE INDEX acceptances_oldest ON acceptances (recipient, accepted_at);
CREATE INDEX acceptances_position ON acceptances (recipient, position) WHERE position IS NOT NULL;

-- Never reused, so that a reader who has read up to a position has missed nothing before it.
CREATE TABLE feed (
    position    INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery    INTEGER NOT NULL UNIQUE REFERENCES deliveries (row),
    recipient   INTEGER NOT NULL REFERENCES recipients (row),
    accepted_at INTEGER NOT NULL
) STRICT;
CREATE INDEX feed_recipient ON feed (recipient);

-- Claims as they stand; their ids are opaque. `open`: 1 while money is still awaited.
CREATE TABLE claims (
    id             TEXT PRIMARY KEY,
    stage          INTEGER NOT NULL,
    commissioner   TEXT NOT NULL,
    place          TEXT,
    provider       TEXT NOT NULL,
    service_on     INTEGER NOT NULL,
    amount_pence   INTEGER,
    answered_pence INTEGER,
    state          INTEGER NOT NULL,
    open           INTEGER NOT NULL,
    claimed_on     INTEGER NOT NULL,
    since          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX claims_commissioner ON claims (commissioner);
CREATE INDEX claims_open ON claims (open, id) WHERE open = 1;
CREATE INDEX claims_open_commissioner ON claims (commissioner) WHERE open = 1;

INSERT INTO acceptances (delivery, recipient, adapter, reference, accepted_at)
SELECT d.row, d.recipient, coalesce((SELECT adapter FROM attempts a WHERE a.delivery = d.row ORDER BY a.fence DESC LIMIT 1), ''),
       coalesce(d.note, ''), coalesce(d.settled_at, d.recorded_at)
FROM deliveries d WHERE d.state = 4;

UPDATE deliveries SET awaited = 1 WHERE awaited = 0 AND due_on IS NOT NULL AND breached_at IS NULL AND (state < 5 OR state = 7);
DELETE FROM deadline_tallies;
INSERT INTO deadline_tallies (kind, due_on, n)
SELECT kind, due_on, count(*) FROM deliveries WHERE due_on IS NOT NULL AND (state < 5 OR state = 7) GROUP BY kind, due_on;
