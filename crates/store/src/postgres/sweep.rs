//! The sweep: removes what has been over for long enough, a small batch at a time. What another node is just sweeping, or somebody is using, is
//! passed over.

use super::conn::{Answer, Conn, call};
use super::value::{Columns, num};
use super::{ending, revocation};
use crate::port::Result;
use crate::record::{LEEWAY_SECS, NewRevocation, RevocationKind, SETTLED_KEEP_SECS, Sweep, Swept};

/// Deletes rows of a table, by its key.
macro_rules! delete {
    ($table:literal, $key:literal, $over:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE (",
            $key,
            ") IN (SELECT ",
            $key,
            " FROM ",
            $table,
            " WHERE ",
            $over,
            " LIMIT $2 FOR UPDATE SKIP LOCKED)"
        )
    };
}

pub(super) async fn sweep(conn: &Conn, sweep: Sweep) -> Result<Swept> {
    let limit = u64::from(sweep.limit.max(1));
    let horizon = sweep.now.saturating_sub(sweep.keep_secs);
    let over = sweep.now.saturating_sub(LEEWAY_SECS);
    // What has no number yet would never be told to anybody.
    revocation::head(conn).await?;
    conn.begin(Vec::new()).await?;
    renew_rules(conn, over, limit).await?;
    let settled = sweep.now.saturating_sub(SETTLED_KEEP_SECS);
    let by_time = [
        (delete!("artefact", "kind, hash", "expires_at <= $1"), horizon),
        (delete!("remembered", "kind, key", "expires_at <= $1"), horizon),
        (
            delete!(
                "revocation",
                "kind, id, turn",
                "expires_at <= $1 AND seq IS NOT NULL ORDER BY expires_at, kind, id, turn"
            ),
            over,
        ),
        (delete!("status", "list, place", "expires_at <= $1"), over),
        (delete!("outbox", "id", "settled_at <= $1"), settled),
        (delete!("throttle", "key", "expires_at <= $1"), horizon),
    ];
    let flight = by_time.map(|(sql, time)| call!(sql, num(time), num(limit)));
    let counts: Vec<u64> = conn.fly(flight.into()).await?.iter().map(|answer| answer.changed).collect();
    let [artefacts, remembered, revocations, statuses, deliveries, throttles] = counts[..] else {
        return Err(super::short());
    };
    let lists = "DELETE FROM status_list WHERE expires_at <= $1
        AND NOT EXISTS (SELECT 1 FROM status s WHERE s.list = status_list.id)";
    conn.ask(lists, &[&num(over)]).await?;
    let sessions = sessions(conn, horizon, limit).await?;
    let mut swept =
        Swept { artefacts, deliveries, remembered, revocations, sessions, statuses, throttles, ..Swept::default() };
    tokens_and_families(conn, horizon, limit, &mut swept).await?;
    if let Some(keep) = sweep.audit_keep_secs {
        swept.audit_events = audit(conn, sweep.now.saturating_sub(keep), limit).await?;
    }
    let counts = [artefacts, deliveries, remembered, revocations, sessions, statuses, throttles, swept.audit_events];
    swept.more |= counts.iter().any(|count| *count >= limit);
    Ok(swept)
}

/// A session value that was born at the very moment of a rule about it, in a transaction that the rule did not see, is ended before the log forgets
/// the rule.
async fn renew_rules(conn: &Conn, over: u64, limit: u64) -> Result<()> {
    let sql = "SELECT kind, id, revoked_at, expires_at FROM revocation
        WHERE expires_at <= $1 AND kind IN ('client', 'api', 'all') AND seq IS NOT NULL
        ORDER BY expires_at, kind, id, turn LIMIT $2";
    for row in &conn.ask(sql, &[&num(over), &num(limit)]).await?.rows {
        let kind: RevocationKind = row.word(0)?;
        let rule = NewRevocation { kind, id: row.at(1)?, revoked_at: row.num(2)?, expires_at: row.num(3)? };
        ending::end_session_values(conn, &rule).await?;
    }
    Ok(())
}

/// A session, and which clients got tokens in it.
async fn sessions(conn: &Conn, horizon: u64, limit: u64) -> Result<u64> {
    let sql = "DELETE FROM session WHERE id_hash IN
            (SELECT id_hash FROM session WHERE idle_expires_at <= $1 OR ended_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
        RETURNING sid";
    let gone = conn.ask(sql, &[&num(horizon), &num(limit)]).await?;
    let sids = gone.rows.iter().map(|row| row.at(0)).collect::<Result<Vec<&str>>>()?;
    if !sids.is_empty() {
        conn.ask("DELETE FROM session_client WHERE sid = ANY($1)", &[&sids]).await?;
    }
    Ok(gone.changed)
}

/// Tokens go first, and a family when its last token has gone: a family that has no token can do nothing.
async fn tokens_and_families(conn: &Conn, horizon: u64, limit: u64, swept: &mut Swept) -> Result<()> {
    let statements = [
        "DELETE FROM access_token WHERE jti IN
            (SELECT jti FROM access_token WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING family",
        // The log holds nothing by the expiry of a session value, which is far away.
        "DELETE FROM access_token WHERE jti IN
            (SELECT t.jti FROM family f JOIN access_token t ON t.family = f.id
                WHERE f.ended_at <= $1 AND t.session_hash IS NOT NULL LIMIT $2 FOR UPDATE OF t SKIP LOCKED)
            RETURNING family",
        "DELETE FROM refresh_token WHERE hash IN
            (SELECT hash FROM refresh_token WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING family",
        // An ended family needs its refresh tokens no longer, however long they would have lived.
        "DELETE FROM refresh_token WHERE hash IN
            (SELECT hash FROM refresh_token WHERE family IN
                (SELECT id FROM family WHERE ended_at <= $1 OR absolute_expires_at <= $1)
                LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING family",
    ];
    let flight = statements.map(|sql| call!(sql, num(horizon), num(limit)));
    let answers: Vec<Answer> = conn.fly(flight.into()).await?;
    swept.more |= answers.iter().any(|answer| answer.changed >= limit);
    swept.tokens += answers.iter().map(|answer| answer.changed).sum::<u64>();
    let touched = answers.iter().flat_map(|answer| &answer.rows).map(|row| row.at(0)).collect::<Result<Vec<&str>>>()?;
    // Beside what lost a token just now, those whose last tokens two nodes took at the same moment, so that neither saw the other's go.
    let sql = "DELETE FROM family WHERE id IN (SELECT f.id FROM family f
                WHERE (f.id = ANY($1) OR f.id IN (SELECT id FROM family
                        WHERE ended_at <= $2 OR absolute_expires_at <= $2 LIMIT $3))
                AND NOT EXISTS (SELECT 1 FROM access_token t WHERE t.family = f.id)
                AND NOT EXISTS (SELECT 1 FROM refresh_token t WHERE t.family = f.id)
            FOR UPDATE SKIP LOCKED)";
    swept.families += conn.ask(sql, &[&touched, &num(horizon), &num(limit)]).await?.changed;
    Ok(())
}

/// Moves the retention mark, and deletes behind it. The mark never moves back.
async fn audit(conn: &Conn, before: u64, limit: u64) -> Result<u64> {
    let mark = "UPDATE audit_retention SET before = $1 WHERE one = 1 AND before < $1";
    conn.ask(mark, &[&num(before)]).await?;
    let sql = "DELETE FROM audit WHERE seq IN
        (SELECT seq FROM audit WHERE at < (SELECT before FROM audit_retention WHERE one = 1) ORDER BY at LIMIT $1
            FOR UPDATE SKIP LOCKED)";
    Ok(conn.ask(sql, &[&num(limit)]).await?.changed)
}
