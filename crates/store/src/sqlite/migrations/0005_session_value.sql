-- An access token may be a session value, which means nothing until it is looked up here: by the hash of its text.

ALTER TABLE access_token ADD COLUMN session_hash BLOB;
CREATE UNIQUE INDEX access_token_by_session_hash ON access_token (session_hash) WHERE session_hash IS NOT NULL;
