-- The revocation log takes rules too (a client, an API, a key, everything), and numbers its entries without holes: followers
-- know by the numbers that they missed nothing.

CREATE TABLE revocation_head (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL
) STRICT;
INSERT INTO revocation_head (one, epoch, seq)
    SELECT 1, lower(hex(randomblob(16))), coalesce(max(seq), 0) FROM revocation;

CREATE TABLE revocation_entry (
    seq INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('jti', 'sid', 'user_handle', 'client', 'api', 'key', 'all')),
    id TEXT NOT NULL,
    revoked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
INSERT INTO revocation_entry (seq, kind, id, revoked_at, expires_at)
    SELECT seq, kind, id, revoked_at, expires_at FROM revocation;
DROP TABLE revocation;
ALTER TABLE revocation_entry RENAME TO revocation;
CREATE INDEX revocation_by_id ON revocation (kind, id);
CREATE INDEX revocation_by_expiry ON revocation (expires_at);
