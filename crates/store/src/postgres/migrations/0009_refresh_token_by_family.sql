-- A refresh token names its family, and is one of it: the key under which rows are moved between engines. Here its row is found by the hash as before.

CREATE UNIQUE INDEX refresh_token_of_family ON refresh_token (family, hash);
DROP INDEX refresh_token_by_family;
