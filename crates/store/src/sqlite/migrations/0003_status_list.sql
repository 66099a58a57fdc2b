-- Token Status List (draft-ietf-oauth-status-list): which place in which list an access token has. Only tokens of APIs that ask for
-- it stand here. Whether a token counts is not written here: the revocation log says it.

CREATE TABLE status_list (
    id TEXT NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL,
    used INTEGER NOT NULL,
    step INTEGER NOT NULL,
    start INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX status_list_by_expiry ON status_list (expires_at);

CREATE TABLE status (
    list TEXT NOT NULL REFERENCES status_list (id),
    place INTEGER NOT NULL,
    jti TEXT NOT NULL,
    sid TEXT,
    handle TEXT,
    client_id TEXT NOT NULL,
    audience TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (list, place)
) STRICT;
CREATE INDEX status_by_expiry ON status (expires_at);
