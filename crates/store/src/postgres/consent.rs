//! Consents.

use tokio_postgres::Row;

use super::conn::{Conn, call};
use super::ending;
use super::family::LOCK_USER;
use super::signal::Signal;
use super::value::{Columns, num};
use crate::error::StoreError;
use crate::port::Result;
use crate::record::{Consent, Ended};

pub(super) async fn find(conn: &Conn, user_id: &str, client_id: &str, audience: &str) -> Result<Option<Consent>> {
    let sql = "SELECT user_id, client_id, audience, scope, granted_at FROM consent
        WHERE user_id = $1 AND client_id = $2 AND audience = $3";
    conn.ask(sql, &[&user_id, &client_id, &audience]).await?.row().map(from_row).transpose()
}

pub(super) async fn of_user(conn: &Conn, user_id: &str) -> Result<Vec<Consent>> {
    let sql = "SELECT user_id, client_id, audience, scope, granted_at FROM consent
        WHERE user_id = $1 ORDER BY client_id COLLATE \"C\", audience COLLATE \"C\"";
    conn.ask(sql, &[&user_id]).await?.rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<Consent> {
    Ok(Consent {
        user_id: row.at(0)?,
        client_id: row.at(1)?,
        audience: row.at(2)?,
        scope: row.at(3)?,
        granted_at: row.num(4)?,
    })
}

/// Adds to what is on record. Two answers given at once both count: the second waits at the row.
pub(super) async fn grant(conn: &Conn, consent: &Consent) -> Result<()> {
    let Consent { user_id, client_id, audience, scope, granted_at } = consent;
    let make = "INSERT INTO consent (user_id, client_id, audience, scope, granted_at)
        SELECT id, $2, $3, '', $4 FROM account WHERE id = $1 ON CONFLICT DO NOTHING";
    let lock = "SELECT scope FROM consent WHERE user_id = $1 AND client_id = $2 AND audience = $3 FOR UPDATE";
    let locks = vec![
        call!(LOCK_USER, user_id),
        call!(make, user_id, client_id, audience, num(*granted_at)),
        call!(lock, user_id, client_id, audience),
    ];
    let answers = conn.begin(locks).await?;
    let [_, _, before] = answers.as_slice() else { return Err(super::short()) };
    let before: &str = before.row().ok_or(StoreError::NotFound("user"))?.at(0)?;
    let sql = "UPDATE consent SET scope = $4, granted_at = $5 WHERE user_id = $1 AND client_id = $2 AND audience = $3";
    let grown = Consent::grown(before, scope);
    conn.finish(vec![call!(sql, user_id, client_id, audience, grown, num(*granted_at))]).await.map(drop)
}

pub(super) async fn withdraw(conn: &Conn, user_id: &str, client_id: &str, now: u64) -> Result<Ended> {
    let had = "SELECT EXISTS (SELECT 1 FROM consent WHERE user_id = $1 AND client_id = $2)
        OR EXISTS (SELECT 1 FROM family WHERE user_id = $1 AND client_id = $2 AND ended_at IS NULL)";
    // Nothing may be issued meanwhile on the strength of the consent.
    let lock = "SELECT 1 FROM account WHERE id = $1 FOR UPDATE";
    let families =
        "SELECT id FROM family WHERE user_id = $1 AND client_id = $2 AND ended_at IS NULL ORDER BY id FOR UPDATE";
    let locks = vec![call!(lock, user_id), call!(families, user_id, client_id), call!(had, user_id, client_id)];
    let answers = conn.begin(locks).await?;
    let [_, families, had] = answers.as_slice() else { return Err(super::short()) };
    if had.one()?.at(0)? {
        // Before it is gone, as then the client would not be seen to have known them.
        Signal::of(conn, user_id, now).await?.scope_change(client_id).await?;
    }
    let consent = "DELETE FROM consent WHERE user_id = $1 AND client_id = $2";
    // A code made under the consent must not outlive it.
    let artefact = "DELETE FROM artefact WHERE user_id = $1 AND client_id = $2 AND redeemed_at IS NULL";
    conn.fly(vec![call!(consent, user_id, client_id), call!(artefact, user_id, client_id)]).await?;
    let mut ended = Ended::default();
    for family in &families.rows {
        ended = ended.and(ending::end_family(conn, family.at(0)?, "consent_withdrawn", now).await?);
    }
    Ok(ended)
}
