-- What each of the last versions of the registry changed. A node that knows an older version reads no more than that. A node of the version before
-- does not write it down, which whoever reads sees by the versions that are missing.

CREATE TABLE document_change (
    version BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (version, kind, id)
);
