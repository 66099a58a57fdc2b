-- The first schema. Portable on purpose: explicit keys, TEXT, INTEGER and BLOB only, times as Unix seconds, JSON as TEXT,
-- truth as 0 or 1. STRICT makes the engine hold columns to their types, as other engines do anyway.

CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- Registry

CREATE TABLE registry (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT INTO registry (one, version) VALUES (1, 0);

CREATE TABLE document (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;

-- Accounts

CREATE TABLE account (
    id TEXT NOT NULL PRIMARY KEY,
    username TEXT,
    email TEXT,
    email_verified INTEGER NOT NULL,
    name TEXT,
    profile TEXT NOT NULL,
    password_hash TEXT,
    status TEXT NOT NULL CHECK (status IN ('active', 'blocked')),
    roles TEXT NOT NULL,
    revocation_handle TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    password_changed_at INTEGER,
    revision INTEGER NOT NULL
) STRICT;
CREATE INDEX account_by_age ON account (created_at, id);

CREATE TABLE login_identifier (
    identifier TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES account (id)
) STRICT;
CREATE INDEX login_identifier_by_user ON login_identifier (user_id);

CREATE TABLE consent (
    user_id TEXT NOT NULL REFERENCES account (id),
    client_id TEXT NOT NULL,
    audience TEXT NOT NULL,
    scope TEXT NOT NULL,
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, client_id, audience)
) STRICT;

-- Live state

CREATE TABLE session (
    id_hash BLOB NOT NULL PRIMARY KEY,
    sid TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES account (id),
    created_at INTEGER NOT NULL,
    auth_time INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    idle_expires_at INTEGER NOT NULL,
    absolute_expires_at INTEGER NOT NULL,
    persistent INTEGER NOT NULL,
    amr TEXT NOT NULL,
    user_agent TEXT,
    address TEXT,
    ended_at INTEGER,
    ended_why TEXT
) STRICT;
CREATE INDEX session_by_user ON session (user_id);
CREATE INDEX session_by_age ON session (created_at, sid);
CREATE INDEX session_by_idle_expiry ON session (idle_expires_at);
CREATE INDEX session_by_end ON session (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE artefact (
    kind TEXT NOT NULL,
    hash BLOB NOT NULL,
    family TEXT,
    client_id TEXT,
    user_id TEXT,
    sid TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    redeemed_at INTEGER,
    payload TEXT NOT NULL,
    PRIMARY KEY (kind, hash)
) STRICT;
CREATE INDEX artefact_by_expiry ON artefact (expires_at);
CREATE INDEX artefact_by_user ON artefact (user_id) WHERE user_id IS NOT NULL;

CREATE TABLE family (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES account (id),
    sid TEXT,
    session_bound INTEGER NOT NULL,
    scope TEXT NOT NULL,
    audience TEXT NOT NULL,
    auth_time INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    absolute_expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    ended_why TEXT,
    payload TEXT NOT NULL
) STRICT;
CREATE INDEX family_by_user ON family (user_id);
CREATE INDEX family_by_sid ON family (sid) WHERE sid IS NOT NULL;
CREATE INDEX family_by_expiry ON family (absolute_expires_at);
CREATE INDEX family_by_end ON family (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE refresh_token (
    hash BLOB NOT NULL PRIMARY KEY,
    family TEXT NOT NULL REFERENCES family (id),
    state TEXT NOT NULL CHECK (state IN ('current', 'superseded', 'dead')),
    superseded_at INTEGER,
    successor BLOB,
    sealed_successor BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX refresh_token_by_family ON refresh_token (family);
CREATE INDEX refresh_token_by_expiry ON refresh_token (expires_at);
-- A family cannot fork, whatever the code above does.
CREATE UNIQUE INDEX refresh_token_current ON refresh_token (family) WHERE state = 'current';

CREATE TABLE access_token (
    jti TEXT NOT NULL PRIMARY KEY,
    family TEXT NOT NULL REFERENCES family (id),
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX access_token_by_family ON access_token (family);
CREATE INDEX access_token_by_expiry ON access_token (expires_at);

CREATE TABLE remembered (
    kind TEXT NOT NULL,
    key BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT;
CREATE INDEX remembered_by_expiry ON remembered (expires_at);

CREATE TABLE throttle (
    key TEXT NOT NULL PRIMARY KEY,
    attempts INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX throttle_by_expiry ON throttle (expires_at);

-- Logs: AUTOINCREMENT, because a number must not come back after a sweep.

CREATE TABLE revocation (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('jti', 'sid', 'user_handle')),
    id TEXT NOT NULL,
    revoked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (kind, id)
) STRICT;
CREATE INDEX revocation_by_expiry ON revocation (expires_at);

CREATE TABLE audit (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    name TEXT NOT NULL,
    outcome TEXT NOT NULL,
    actor TEXT,
    user_id TEXT,
    client_id TEXT,
    sid TEXT,
    address TEXT,
    request_id TEXT,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit (at);

-- The audit log is append-only; only what lies before the retention mark may go.
CREATE TABLE audit_retention (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    before INTEGER NOT NULL
) STRICT;
INSERT INTO audit_retention (one, before) VALUES (1, 0);
CREATE TRIGGER audit_refuses_update BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_refuses_delete BEFORE DELETE ON audit
WHEN OLD.at >= (SELECT before FROM audit_retention WHERE one = 1)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
