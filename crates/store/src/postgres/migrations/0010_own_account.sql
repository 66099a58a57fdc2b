-- What people look at of their own account, and one authenticator app for each: of two that were set up at once the newer stays.

DELETE FROM credential WHERE kind = 'totp' AND EXISTS (
    SELECT 1 FROM credential newer WHERE newer.user_id = credential.user_id AND newer.kind = 'totp'
        AND (newer.created_at, newer.id) > (credential.created_at, credential.id));
CREATE UNIQUE INDEX credential_totp ON credential (user_id) WHERE kind = 'totp';
CREATE INDEX audit_by_user ON audit (user_id, seq) WHERE user_id IS NOT NULL;
