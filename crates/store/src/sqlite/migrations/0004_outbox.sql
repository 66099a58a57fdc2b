-- The outbox: messages to others, written in the transaction of what they tell, kept until they have arrived or are given up.

CREATE TABLE outbox (
    -- AUTOINCREMENT, because a number must not come back after a sweep.
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    queued_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    last_error TEXT,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given_up')),
    next_at INTEGER NOT NULL,
    settled_at INTEGER
) STRICT;
CREATE INDEX outbox_waiting ON outbox (kind, target, next_at) WHERE state = 'waiting';
CREATE INDEX outbox_by_age ON outbox (queued_at) WHERE state = 'waiting';
CREATE INDEX outbox_settled ON outbox (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX outbox_failed ON outbox (id) WHERE last_error IS NOT NULL;

-- Which clients got tokens in a session, as long as it is on record: they are told when it ends. Families do not last as long.
CREATE TABLE session_client (
    sid TEXT NOT NULL,
    client_id TEXT NOT NULL,
    PRIMARY KEY (sid, client_id)
) STRICT;
INSERT INTO session_client (sid, client_id)
    SELECT DISTINCT sid, client_id FROM family WHERE sid IN (SELECT sid FROM session);
