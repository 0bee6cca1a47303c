-- works with hubs from schema 1
-- What operators ask: what is overdue, what was refused and by whom; and what they keep: pauses and remarks.

-- What was marked as breached and is with nobody still: `deliveries_awaited` knows the rest of what has a date.
CREATE INDEX deliveries_overdue ON deliveries (due_on, id) WHERE breached_at IS NOT NULL AND (state < 5 OR state = 7);

-- Dead letters by recipient, counted by the index alone.
CREATE INDEX deliveries_dead ON deliveries (recipient) WHERE state = 7;

-- Who says to have sent a message that was refused. NULL for all others, whose `publisher` says it.
ALTER TABLE messages ADD COLUMN sender text COLLATE "C";
CREATE INDEX messages_rejected ON messages (id) WHERE verdict = 'rejected';
CREATE INDEX messages_rejected_sender ON messages (sender, id) WHERE verdict = 'rejected';

CREATE TABLE pauses (
    recipient text COLLATE "C" PRIMARY KEY,
    from_at   bigint NOT NULL,
    until_at  bigint,
    by_whom   text NOT NULL,
    reason    text NOT NULL
);

CREATE TABLE remarks (
    recipient text COLLATE "C" NOT NULL,
    cause     text NOT NULL,
    assignee  text,
    note      text,
    by_whom   text NOT NULL,
    at        bigint NOT NULL,
    PRIMARY KEY (recipient, cause)
);
