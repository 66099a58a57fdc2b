-- Event streams (OpenID Shared Signals Framework 1.0): who is told of what, and how. What waits for a stream stands in the outbox,
-- numbered, so that a receiver can name what it has taken.

CREATE TABLE event_stream (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    transmission TEXT NOT NULL CHECK (transmission IN ('push', 'poll')),
    events TEXT NOT NULL,
    configuration TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('enabled', 'paused', 'disabled')),
    reason TEXT,
    max_waiting INTEGER NOT NULL,
    room INTEGER NOT NULL,
    dropped INTEGER NOT NULL,
    last_number INTEGER NOT NULL,
    verified_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    revision INTEGER NOT NULL
) STRICT;
CREATE INDEX event_stream_by_client ON event_stream (client_id);

ALTER TABLE outbox ADD COLUMN number INTEGER;
CREATE UNIQUE INDEX outbox_numbered ON outbox (target, kind, number) WHERE state = 'waiting' AND number IS NOT NULL;
-- What is about a stream itself has no user.
CREATE INDEX outbox_about_stream ON outbox (target)
    WHERE state = 'waiting' AND number IS NOT NULL AND json_extract(payload, '$.sub') IS NULL;

-- What polls may wait for long: by age only what fails is looked for.
DROP INDEX outbox_by_age;
CREATE INDEX outbox_failing ON outbox (queued_at)
    WHERE state = 'waiting' AND last_error IS NOT NULL AND kind <> 'security_event_held';
