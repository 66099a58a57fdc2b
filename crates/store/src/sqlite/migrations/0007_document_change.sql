-- What each of the last versions of the registry changed. A node that knows an older version reads no more than that.

CREATE TABLE document_change (
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (version, kind, id)
) STRICT;
