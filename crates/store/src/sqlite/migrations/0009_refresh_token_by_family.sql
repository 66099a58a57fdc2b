-- A refresh token names its family, so it is kept by it: what a rotation reads and writes of a family stands on one page, and not on one for each
-- of its hashes. Those that were handed out before tokens named one are found by an index that shrinks to nothing as they expire.

CREATE TABLE refresh_token_new (
    hash BLOB NOT NULL,
    family TEXT NOT NULL REFERENCES family (id),
    state TEXT NOT NULL CHECK (state IN ('current', 'superseded', 'dead')),
    superseded_at INTEGER,
    successor BLOB,
    sealed_successor BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (family, hash)
) STRICT, WITHOUT ROWID;
INSERT INTO refresh_token_new (hash, family, state, superseded_at, successor, sealed_successor, created_at, expires_at)
    SELECT hash, family, state, superseded_at, successor, sealed_successor, created_at, expires_at
    FROM refresh_token ORDER BY family, hash;
DROP TABLE refresh_token;
ALTER TABLE refresh_token_new RENAME TO refresh_token;
CREATE INDEX refresh_token_by_expiry ON refresh_token (expires_at);
-- A family cannot fork, whatever the code above does.
CREATE UNIQUE INDEX refresh_token_current ON refresh_token (family) WHERE state = 'current';
CREATE INDEX refresh_token_unnamed ON refresh_token (hash) WHERE created_at < 1795910400;
