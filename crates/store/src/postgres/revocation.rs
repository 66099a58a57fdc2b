//! The revocation log: appended to inside the transaction of what revokes, numbered after its commit, read in order without holes.

use super::conn::{Conn, call};

use super::value::{Columns, Word, num};
use crate::page::page_size;
use crate::port::Result;
use crate::record::{NewRevocation, Revocation, RevocationHead};

/// The head, after everything committed before this has its number.
pub(super) async fn head(conn: &Conn) -> Result<RevocationHead> {
    let sql = "SELECT epoch, seq, EXISTS (SELECT 1 FROM revocation WHERE seq IS NULL)
        FROM revocation_head WHERE one = 1";
    let answer = conn.ask(sql, &[]).await?;
    let row = answer.one()?;
    let seq = if row.at(2)? { number(conn).await? } else { row.num(1)? };
    Ok(RevocationHead { epoch: row.at(0)?, seq })
}

/// Gives numbers to what has none, and returns the newest. The head's row lets one in at a time, and what a statement sees is newer than the lock it
/// waited for: so there are no holes, and no number comes back.
pub(super) async fn number(conn: &Conn) -> Result<u64> {
    let lock = "SELECT seq FROM revocation_head WHERE one = 1 FOR UPDATE";
    let number = "WITH placed AS (
            SELECT kind, id, turn, row_number() OVER (ORDER BY revoked_at, kind, id) AS place
            FROM revocation WHERE seq IS NULL
        ), numbered AS (
            UPDATE revocation SET seq = (SELECT seq FROM revocation_head WHERE one = 1) + placed.place
            FROM placed
            WHERE revocation.kind = placed.kind AND revocation.id = placed.id AND revocation.turn = placed.turn
                AND revocation.seq IS NULL
            RETURNING revocation.seq
        )
        UPDATE revocation_head SET seq = seq + (SELECT count(*) FROM numbered) WHERE one = 1 RETURNING seq";
    conn.begin(vec![call!(lock)]).await?;
    let answers = conn.finish(vec![call!(number)]).await?;
    answers.first().map_or(Ok(0), |answer| answer.one()?.num(0))
}

/// Appends one entry, unless the log says the same already; tells whether it did.
pub(super) async fn append(conn: &Conn, new: &NewRevocation) -> Result<bool> {
    let sql = "INSERT INTO revocation (kind, id, revoked_at, expires_at)
        SELECT $1, $2, $3, $4 WHERE NOT $5 OR NOT EXISTS
            (SELECT 1 FROM revocation WHERE kind = $1 AND id = $2 AND revoked_at >= $3)
        ON CONFLICT DO NOTHING";
    let expires_at = num(new.expires_at.max(new.revoked_at));
    let (kind, revoked_at, is_rule) = (new.kind.word(), num(new.revoked_at), new.kind.is_rule());
    let answer = conn.ask(sql, &[&kind, &new.id, &revoked_at, &expires_at, &is_rule]).await?;
    conn.tells();
    Ok(answer.changed > 0)
}

/// Entries after a number.
pub(super) async fn after(conn: &Conn, after_seq: u64, limit: u32) -> Result<Vec<Revocation>> {
    // Whoever revoked and reads shall find it.
    head(conn).await?;
    let sql = "SELECT seq, kind, id, revoked_at, expires_at FROM revocation WHERE seq > $1 ORDER BY seq LIMIT $2";
    let answer = conn.ask(sql, &[&num(after_seq), &i64::from(page_size(limit))]).await?;
    let entry = |row: &tokio_postgres::Row| {
        Ok(Revocation {
            seq: row.num(0)?,
            kind: row.word(1)?,
            id: row.at(2)?,
            revoked_at: row.num(3)?,
            expires_at: row.num(4)?,
        })
    };
    answer.rows.iter().map(entry).collect()
}
