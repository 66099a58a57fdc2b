-- The first schema for this engine, equal to the sixth of the embedded one: the same tables and columns, so that a deployment can move either way.
-- Portable on purpose (CockroachDB, YugabyteDB): TEXT, BIGINT, BOOLEAN and BYTEA only, times as Unix seconds, JSON as TEXT, no triggers, no
-- advisory locks.

CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- Registry

CREATE TABLE registry (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    version BIGINT NOT NULL
);
INSERT INTO registry (one, version) VALUES (1, 0);

CREATE TABLE document (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
);

-- Accounts

CREATE TABLE account (
    id TEXT NOT NULL PRIMARY KEY,
    username TEXT,
    email TEXT,
    email_verified BOOLEAN NOT NULL,
    name TEXT,
    profile TEXT NOT NULL,
    password_hash TEXT,
    status TEXT NOT NULL CHECK (status IN ('active', 'blocked')),
    roles TEXT NOT NULL,
    revocation_handle TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    password_changed_at BIGINT,
    revision BIGINT NOT NULL
);
CREATE INDEX account_by_age ON account (created_at, id);

CREATE TABLE login_identifier (
    identifier TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES account (id)
);
CREATE INDEX login_identifier_by_user ON login_identifier (user_id);

CREATE TABLE consent (
    user_id TEXT NOT NULL REFERENCES account (id),
    client_id TEXT NOT NULL,
    audience TEXT NOT NULL,
    scope TEXT NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, client_id, audience)
);

-- Live state

CREATE TABLE session (
    id_hash BYTEA NOT NULL PRIMARY KEY,
    sid TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES account (id),
    created_at BIGINT NOT NULL,
    auth_time BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    idle_expires_at BIGINT NOT NULL,
    absolute_expires_at BIGINT NOT NULL,
    persistent BOOLEAN NOT NULL,
    amr TEXT NOT NULL,
    user_agent TEXT,
    address TEXT,
    ended_at BIGINT,
    ended_why TEXT
);
CREATE INDEX session_by_user ON session (user_id);
CREATE INDEX session_by_age ON session (created_at, sid);
CREATE INDEX session_by_idle_expiry ON session (idle_expires_at);
CREATE INDEX session_by_end ON session (ended_at) WHERE ended_at IS NOT NULL;

-- Which clients got tokens in a session, as long as it is on record: they are told when it ends. Families do not last as long.
CREATE TABLE session_client (
    sid TEXT NOT NULL,
    client_id TEXT NOT NULL,
    PRIMARY KEY (sid, client_id)
);

CREATE TABLE artefact (
    kind TEXT NOT NULL,
    hash BYTEA NOT NULL,
    family TEXT,
    client_id TEXT,
    user_id TEXT,
    sid TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    redeemed_at BIGINT,
    payload TEXT NOT NULL,
    PRIMARY KEY (kind, hash)
);
CREATE INDEX artefact_by_expiry ON artefact (expires_at);
CREATE INDEX artefact_by_user ON artefact (user_id) WHERE user_id IS NOT NULL;

CREATE TABLE family (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES account (id),
    sid TEXT,
    session_bound BOOLEAN NOT NULL,
    scope TEXT NOT NULL,
    audience TEXT NOT NULL,
    auth_time BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    absolute_expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    ended_why TEXT,
    payload TEXT NOT NULL
);
CREATE INDEX family_by_user ON family (user_id);
CREATE INDEX family_by_sid ON family (sid) WHERE sid IS NOT NULL;
CREATE INDEX family_by_expiry ON family (absolute_expires_at);
CREATE INDEX family_by_end ON family (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE refresh_token (
    hash BYTEA NOT NULL PRIMARY KEY,
    family TEXT NOT NULL REFERENCES family (id),
    state TEXT NOT NULL CHECK (state IN ('current', 'superseded', 'dead')),
    superseded_at BIGINT,
    successor BYTEA,
    sealed_successor BYTEA,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX refresh_token_by_family ON refresh_token (family);
CREATE INDEX refresh_token_by_expiry ON refresh_token (expires_at);
-- A family cannot fork, whatever the code above does.
CREATE UNIQUE INDEX refresh_token_current ON refresh_token (family) WHERE state = 'current';

-- An access token may be a session value, which means nothing until it is looked up here: by the hash of its text.
CREATE TABLE access_token (
    jti TEXT NOT NULL PRIMARY KEY,
    family TEXT NOT NULL REFERENCES family (id),
    expires_at BIGINT NOT NULL,
    session_hash BYTEA
);
CREATE INDEX access_token_by_family ON access_token (family);
CREATE INDEX access_token_by_expiry ON access_token (expires_at);
CREATE UNIQUE INDEX access_token_by_session_hash ON access_token (session_hash) WHERE session_hash IS NOT NULL;

CREATE TABLE remembered (
    kind TEXT NOT NULL,
    key BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE INDEX remembered_by_expiry ON remembered (expires_at);

CREATE TABLE throttle (
    key TEXT NOT NULL PRIMARY KEY,
    attempts BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX throttle_by_expiry ON throttle (expires_at);

-- Logs

CREATE TABLE revocation_head (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    epoch TEXT NOT NULL,
    seq BIGINT NOT NULL
);
INSERT INTO revocation_head (one, epoch, seq)
    VALUES (1, replace(CAST(gen_random_uuid() AS TEXT), '-', ''), 0);

-- An entry gets its number after the commit that wrote it, by one transaction at a time: a number that is counted in the transaction of what revokes
-- would make all of them wait for one row. Until then it counts for whoever asks by id, and no follower has seen it.
CREATE TABLE revocation (
    seq BIGINT UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('jti', 'sid', 'user_handle', 'client', 'api', 'key', 'all')),
    id TEXT NOT NULL,
    revoked_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- A random id is revoked once; what a rule is about, as often as its time moves.
    turn BIGINT NOT NULL
        GENERATED ALWAYS AS (CASE WHEN kind IN ('jti', 'sid', 'user_handle') THEN 0 ELSE revoked_at END) STORED,
    PRIMARY KEY (kind, id, turn)
);
CREATE INDEX revocation_unnumbered ON revocation (revoked_at) WHERE seq IS NULL;
CREATE INDEX revocation_by_expiry ON revocation (expires_at);

-- The numbers are given before the commit, so they are in order but for what is written at the same moment.
CREATE TABLE audit (
    seq BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    name TEXT NOT NULL,
    outcome TEXT NOT NULL,
    actor TEXT,
    user_id TEXT,
    client_id TEXT,
    sid TEXT,
    address TEXT,
    request_id TEXT,
    detail TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);

-- The audit log is append-only; only what lies before the retention mark may go. (Take UPDATE and DELETE on `audit` from the role that the nodes
-- use, and let another one sweep, to have the engine hold it.)
CREATE TABLE audit_retention (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    before BIGINT NOT NULL
);
INSERT INTO audit_retention (one, before) VALUES (1, 0);

-- Token Status List

CREATE TABLE status_list (
    id TEXT NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL,
    used BIGINT NOT NULL,
    step BIGINT NOT NULL,
    start BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX status_list_by_expiry ON status_list (expires_at);

CREATE TABLE status (
    list TEXT NOT NULL REFERENCES status_list (id),
    place BIGINT NOT NULL,
    jti TEXT NOT NULL,
    sid TEXT,
    handle TEXT,
    client_id TEXT NOT NULL,
    audience TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (list, place)
);
CREATE INDEX status_by_expiry ON status (expires_at);

-- The outbox

CREATE TABLE outbox (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    queued_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    last_error TEXT,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given_up')),
    next_at BIGINT NOT NULL,
    settled_at BIGINT,
    number BIGINT
);
CREATE INDEX outbox_waiting ON outbox (kind, target, next_at) WHERE state = 'waiting';
CREATE INDEX outbox_settled ON outbox (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX outbox_failed ON outbox (id) WHERE last_error IS NOT NULL;
CREATE UNIQUE INDEX outbox_numbered ON outbox (target, kind, number) WHERE state = 'waiting' AND number IS NOT NULL;
-- What is about a stream itself has no user.
CREATE INDEX outbox_about_stream ON outbox (target)
    WHERE state = 'waiting' AND number IS NOT NULL AND (CAST(payload AS JSONB) ->> 'sub') IS NULL;
CREATE INDEX outbox_failing ON outbox (queued_at)
    WHERE state = 'waiting' AND last_error IS NOT NULL AND kind <> 'security_event_held';

CREATE TABLE event_stream (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    transmission TEXT NOT NULL CHECK (transmission IN ('push', 'poll')),
    events TEXT NOT NULL,
    configuration TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('enabled', 'paused', 'disabled')),
    reason TEXT,
    max_waiting BIGINT NOT NULL,
    room BIGINT NOT NULL,
    dropped BIGINT NOT NULL,
    last_number BIGINT NOT NULL,
    verified_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
CREATE INDEX event_stream_by_client ON event_stream (client_id);
