-- What people prove themselves with beside a password. A key finds one credential of its kind: the id of a passkey, the hash of a recovery code.

CREATE TABLE credential (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES account (id),
    kind TEXT NOT NULL,
    key BLOB,
    name TEXT NOT NULL,
    payload TEXT NOT NULL,
    counter INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT;

CREATE UNIQUE INDEX credential_key ON credential (kind, key) WHERE key IS NOT NULL;
CREATE INDEX credential_user ON credential (user_id);
