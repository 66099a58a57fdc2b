-- What people prove themselves with beside a password. A key finds one credential of its kind: the id of a passkey, the hash of a recovery code.
-- It goes with its user, also where a node of the version before deletes them.

CREATE TABLE credential (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    key BYTEA,
    name TEXT NOT NULL,
    payload TEXT NOT NULL,
    counter BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);

CREATE UNIQUE INDEX credential_key ON credential (kind, key) WHERE key IS NOT NULL;
CREATE INDEX credential_user ON credential (user_id);
