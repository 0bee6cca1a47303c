-- works with hubs from schema 1
-- The ledger that several hubs share. Keys are the ids that the outside knows: UUIDv7, so they are in the order of recording, and
-- a child's pseudonym. Times are microseconds since 1970 (UTC); dates are numbers such as 20261120; kinds and states are
-- numbered as in src/domain/ledger/columns.rs. `payload`, `envelope`, `casefile` and `detail` of reviews are sealed before they
-- get here, so nothing is gained by compressing them; and they stay in their rows, up to a page, because a value that is put
-- aside costs three more rows and their index.
--
-- There are no foreign keys: each check is a query per row. What refers to what is written by
-- one transaction, nothing is ever deleted that something refers to, and `doctor` counts it all.

CREATE TABLE meta (
    key   text PRIMARY KEY,
    value bytea NOT NULL
);

-- `version`: raised with each decision about the child. Whoever changes where a child's deliveries stand holds this row.
CREATE TABLE children (
    key      uuid PRIMARY KEY,
    version  bigint NOT NULL,
    wake_at  bigint,
    casefile bytea NOT NULL
) WITH (fillfactor = 80, toast_tuple_target = 8160);
ALTER TABLE children ALTER casefile SET STORAGE EXTERNAL;
CREATE INDEX children_wake ON children (wake_at) WHERE wake_at IS NOT NULL;

-- `hash`: a 64-bit digest of the id that the publisher chose, so that one index finds an id with or without its publisher.
CREATE TABLE messages (
    id           uuid PRIMARY KEY,
    hash         bigint NOT NULL,
    publisher    text COLLATE "C" NOT NULL,
    message_id   text COLLATE "C" NOT NULL,
    written_hash bigint,
    written_id   text COLLATE "C",
    child        uuid,
    issued       integer NOT NULL,
    type         text NOT NULL,
    verdict      text NOT NULL,
    intake       text NOT NULL,
    received_at  bigint NOT NULL,
    recorded_at  bigint NOT NULL,
    digest       bytea NOT NULL,
    content_type text NOT NULL,
    traceparent  text,
    receipt      text NOT NULL,
    envelope     bytea NOT NULL
) WITH (toast_tuple_target = 8160);
ALTER TABLE messages ALTER envelope SET STORAGE EXTERNAL;
-- What makes a message the same message, whichever hub it came to.
CREATE UNIQUE INDEX messages_key ON messages (hash, publisher, message_id);
-- A refused message is known by its bytes, and looked for by the id that its publisher wrote.
CREATE INDEX messages_written ON messages (written_hash) WHERE written_hash IS NOT NULL;
CREATE INDEX messages_child ON messages (child, id) WHERE child IS NOT NULL;

-- What never changes of an obligation but its state, and the wide indexes: a settlement does not touch them.
CREATE TABLE obligations (
    delivery   uuid PRIMARY KEY,
    id         uuid NOT NULL,
    child      uuid NOT NULL,
    recipient  text COLLATE "C" NOT NULL,
    kind       smallint NOT NULL,
    message    uuid,
    state      smallint NOT NULL,
    changed_at bigint,
    place      text,
    basis      text NOT NULL,
    supersedes uuid,
    payload    bytea NOT NULL
) WITH (toast_tuple_target = 8160);
ALTER TABLE obligations ALTER payload SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX obligations_id ON obligations (id);
CREATE INDEX obligations_child ON obligations (child, delivery);
-- A recipient's list, newest first; lists by the kinds that are rare: all but arrival and end notices.
CREATE INDEX obligations_recipient ON obligations (recipient, delivery);
CREATE INDEX obligations_kind ON obligations (kind, delivery) WHERE kind > 1;

-- Where each delivery stands: small rows that change often. Every index but the key knows only what is pending or rare, so that
-- what is done costs nothing.
-- state: 0 due, 1 due but behind another, 2 leased, 3 held, 4 accepted, 5 delivered, 6 acknowledged, 7 dead, 8 withdrawn.
-- next_at: when it may go; while leased, when the lease lapses.
-- fence: raised by each lease; what is written about a delivery names the fence that it was read with.
-- lease_open: from a lease until that lease's settlement. lane_held: its lane was held, not it alone.
-- awaited: it has a date, and is neither with its recipient, nor withdrawn, nor marked as breached.
CREATE TABLE deliveries (
    id           uuid PRIMARY KEY,
    child        uuid NOT NULL,
    recipient    text COLLATE "C" NOT NULL,
    next_at      bigint NOT NULL,
    recorded_at  bigint NOT NULL,
    settled_at   bigint,
    breached_at  bigint,
    fence        bigint NOT NULL,
    sequence     integer NOT NULL,
    due_on       integer,
    attempts     integer NOT NULL,
    kind         smallint NOT NULL,
    state        smallint NOT NULL,
    hold         smallint,
    awaited      boolean NOT NULL,
    lease_open   boolean NOT NULL,
    acknowledged boolean NOT NULL,
    lane_held    boolean NOT NULL,
    note         text
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
-- Leasing, and when a lane has work: due by its time, leased by its lapse. Two, because what has lapsed must be found without
-- going through all that is due.
CREATE INDEX deliveries_due ON deliveries (recipient, next_at, id) WHERE state = 0;
CREATE INDEX deliveries_leased ON deliveries (recipient, next_at, id) WHERE state = 2;
-- What stands before what.
CREATE INDEX deliveries_line ON deliveries (child) WHERE state < 4;
-- A recipient's pending ones, oldest first.
CREATE INDEX deliveries_open ON deliveries (recipient, id) WHERE state < 4;
-- Lists by the states that are rare: held, accepted, acknowledged, dead, withdrawn.
CREATE INDEX deliveries_rare ON deliveries (state, id) WHERE state = 3 OR state = 4 OR state > 5;
CREATE INDEX deliveries_awaited ON deliveries (due_on) WHERE awaited;

CREATE TABLE attempts (
    delivery   uuid NOT NULL,
    fence      bigint NOT NULL,
    started_at bigint NOT NULL,
    ended_at   bigint NOT NULL,
    status     integer,
    adapter    text NOT NULL,
    outcome    text NOT NULL,
    detail     text NOT NULL,
    PRIMARY KEY (delivery, fence)
);

CREATE TABLE acknowledgements (
    row      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery uuid NOT NULL,
    by_code  text NOT NULL,
    status   text NOT NULL,
    at       bigint NOT NULL
);
CREATE INDEX acknowledgements_delivery ON acknowledgements (delivery);

-- An alias that several children share names none of them for certain.
CREATE TABLE aliases (
    alias uuid NOT NULL,
    child uuid NOT NULL,
    PRIMARY KEY (alias, child)
);

CREATE TABLE reviews (
    row       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    child     uuid NOT NULL,
    key       uuid NOT NULL,
    reason    text NOT NULL,
    opened_at bigint NOT NULL,
    closed_at bigint,
    due_on    integer,
    detail    bytea NOT NULL
);
CREATE UNIQUE INDEX reviews_open ON reviews (child, key) WHERE closed_at IS NULL;
CREATE INDEX reviews_oldest ON reviews (opened_at, row) WHERE closed_at IS NULL;
CREATE INDEX reviews_child ON reviews (child);

CREATE TABLE suppressed (
    row     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    child   uuid NOT NULL,
    message uuid,
    at      bigint NOT NULL,
    text    text NOT NULL
);
CREATE INDEX suppressed_child ON suppressed (child);

-- `delivery` for one, `recipient` for a whole lane.
CREATE TABLE operator_actions (
    row       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery  uuid,
    recipient text,
    action    text NOT NULL,
    reason    text NOT NULL,
    at        bigint NOT NULL
);
CREATE INDEX operator_actions_delivery ON operator_actions (delivery) WHERE delivery IS NOT NULL;

-- The deliveries in state 4, and no others. `position` where they are in a feed.
CREATE TABLE acceptances (
    delivery    uuid PRIMARY KEY,
    recipient   text COLLATE "C" NOT NULL,
    adapter     text NOT NULL,
    reference   text NOT NULL,
    accepted_at bigint NOT NULL,
    position    bigint
);
CREATE INDEX acceptances_adapter ON acceptances (adapter, delivery);
CREATE INDEX acceptances_oldest ON acceptances (recipient, accepted_at);
CREATE INDEX acceptances_position ON acceptances (recipient, position) WHERE position IS NOT NULL;

-- The last position of each feed. Its row is held from the taking of a position to the commit, so that positions become visible
-- in their order: a reader who has read up to one has missed nothing before it. A sequence would not do that.
CREATE TABLE feeds (
    recipient text COLLATE "C" PRIMARY KEY,
    last      bigint NOT NULL
);
CREATE TABLE feed (
    recipient   text COLLATE "C" NOT NULL,
    position    bigint NOT NULL,
    delivery    uuid NOT NULL,
    accepted_at bigint NOT NULL,
    PRIMARY KEY (recipient, position)
);
CREATE UNIQUE INDEX feed_delivery ON feed (delivery);

-- Claims as they stand; their ids are opaque. `open`: money is still awaited.
CREATE TABLE claims (
    id             text COLLATE "C" PRIMARY KEY,
    stage          smallint NOT NULL,
    commissioner   text COLLATE "C" NOT NULL,
    place          text,
    provider       text NOT NULL,
    service_on     integer NOT NULL,
    amount_pence   bigint,
    answered_pence bigint,
    state          smallint NOT NULL,
    open           boolean NOT NULL,
    claimed_on     integer NOT NULL,
    since          integer NOT NULL
);
CREATE INDEX claims_commissioner ON claims (commissioner, id);
CREATE INDEX claims_open ON claims (id) WHERE open;
CREATE INDEX claims_open_commissioner ON claims (commissioner, id) WHERE open;

-- Counts that are kept, so that figures cost the same with ten rows and with ten million. Each hub counts in a shard of its own, for
-- a row that all hubs raise would make each wait for the commit of the other; a figure is the sum over the shards.
-- what: 0 pending deliveries (recipient, state), 1 messages (type, verdict), 2 what is owed by a day and not delivered (kind, day),
-- 3 breaches.
CREATE TABLE tallies (
    shard smallint NOT NULL,
    what  smallint NOT NULL,
    one   text COLLATE "C" NOT NULL,
    two   text COLLATE "C" NOT NULL,
    n     bigint NOT NULL,
    PRIMARY KEY (what, one, two, shard)
) WITH (fillfactor = 50);
CREATE SEQUENCE shards;

-- Work that must run once among all hubs: who does it, until when.
CREATE TABLE duties (
    name   text PRIMARY KEY,
    holder uuid NOT NULL,
    until  bigint NOT NULL
);
