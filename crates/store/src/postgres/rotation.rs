//! Rotation of refresh tokens (RFC 9700 §4.14.2): one conditional step that cannot fork a family.

use tokio_postgres::Row;

use super::conn::{Conn, call, sql};
use super::family::{self, Ground, LOCK_SESSION, Standing};
use super::value::{Columns, bytes, num};
use super::{session, user};
use crate::error::StoreError;
use crate::port::Result;
use crate::record::{Hash32, RefreshFacts, RefreshState, RefreshToken, Rotate, RotateExpect, Rotated, UNNAMED_UNTIL};

/// The columns of table `refresh_token` under an alias, in the order of [`from_row`].
fn columns(alias: &str) -> String {
    let names =
        ["hash", "family", "state", "superseded_at", "successor", "sealed_successor", "created_at", "expires_at"];
    names.map(|name| format!("{alias}.{name}")).join(", ")
}
/// How many they are.
const WIDTH: usize = 8;

fn from_row(row: &Row, at: usize) -> Result<RefreshToken> {
    let state = match row.at::<&str>(at + 2)? {
        "current" => RefreshState::Current,
        "dead" => RefreshState::Dead,
        _ => RefreshState::Superseded {
            at: row.num(at + 3)?,
            successor: row.hash(at + 4)?,
            sealed_successor: row.at(at + 5)?,
        },
    };
    Ok(RefreshToken {
        hash: row.hash(at)?,
        family: row.at(at + 1)?,
        state,
        created_at: row.num(at + 6)?,
        expires_at: row.num(at + 7)?,
    })
}

/// One statement sees one moment.
pub(super) async fn facts(conn: &Conn, named: Option<&str>, hash: Hash32) -> Result<Option<RefreshFacts>> {
    let sql = sql!(
        "SELECT {}, {}, {}, {}, {} FROM refresh_token t JOIN family f ON f.id = t.family
            LEFT JOIN account a ON a.id = f.user_id LEFT JOIN session s ON s.sid = f.sid
            LEFT JOIN refresh_token n ON n.hash = t.successor AND t.state = 'superseded'
        WHERE t.hash = $1 AND (t.family = $2 OR $2 IS NULL AND t.created_at < {UNNAMED_UNTIL})",
        columns("t"),
        family::COLUMNS,
        user::COLUMNS,
        session::COLUMNS,
        columns("n")
    );
    let answer = conn.ask(sql, &[&bytes(&hash), &named]).await?;
    let Some(row) = answer.row() else { return Ok(None) };
    let at_user = WIDTH + family::WIDTH;
    let at_session = at_user + user::WIDTH;
    let at_successor = at_session + session::WIDTH;
    let successor = row.at::<Option<&[u8]>>(at_successor)?.map(|_| from_row(row, at_successor)).transpose()?;
    Ok(Some(RefreshFacts {
        token: from_row(row, 0)?,
        family: family::from_row(row, WIDTH)?,
        user: user::from_outer_row(row, at_user)?,
        session: session::from_outer_row(row, at_session)?,
        successor,
    }))
}

pub(super) async fn rotate(conn: &Conn, rotate: &Rotate) -> Result<Rotated> {
    let (id, presented) = (&rotate.successor.family, bytes(&rotate.presented));
    let family = sql!("SELECT {} FROM family f WHERE f.id = $1 FOR NO KEY UPDATE", family::COLUMNS);
    let token = sql!("SELECT {} FROM refresh_token t WHERE t.hash = $1 AND t.family = $2 FOR UPDATE", columns("t"));
    let locks = vec![
        call!(family::LOCK_USER_OF_FAMILY, id),
        call!(family::LOCK_SESSION_OF_FAMILY, id),
        call!(LOCK_SESSION, &rotate.access_token.sid),
        call!(family, id),
        call!(token, presented, id),
    ];
    let answers = conn.begin(locks).await?;
    let [user, session, named, family, token] = answers.as_slice() else { return Err(super::short()) };
    let (Some(family), Some(token)) = (family.row(), token.row()) else { return Ok(Rotated::Ended) };
    let (family, presented) = (family::from_row(family, 0)?, from_row(token, 0)?);
    if presented.expires_at <= rotate.now {
        return Ok(Rotated::Ended);
    }
    let ground = Ground { user: user.row(), session: session.row(), named: named.row() };
    match ground.standing(&family, &rotate.access_token, rotate.now)? {
        Standing::Good => {}
        Standing::Changed => return Ok(Rotated::LostRace),
        Standing::Gone => return Ok(Rotated::Ended),
    }
    match (rotate.expect, &presented.state) {
        (RotateExpect::Current, RefreshState::Current) => {}
        (RotateExpect::SuccessorUnused(expected), RefreshState::Superseded { successor, .. })
            if expected == *successor =>
        {
            if !kill_unused(conn, expected).await? {
                return Ok(Rotated::LostRace);
            }
        }
        _ => return Ok(Rotated::LostRace),
    }
    write(conn, rotate, &family.id).await
}

async fn kill_unused(conn: &Conn, hash: Hash32) -> Result<bool> {
    let sql = "UPDATE refresh_token SET state = 'dead' WHERE hash = $1 AND state = 'current'";
    Ok(conn.ask(sql, &[&bytes(&hash)]).await?.changed == 1)
}

/// Also after a lost answer the time moves on, so that parallel requests of one client get the same new successor.
async fn write(conn: &Conn, rotate: &Rotate, family: &str) -> Result<Rotated> {
    let supersede = "UPDATE refresh_token
        SET state = 'superseded', superseded_at = $2, successor = $3, sealed_successor = $4 WHERE hash = $1";
    // Only the newest superseded token may have a successor that was not used, and that is the presented one.
    let forget = "DELETE FROM refresh_token
        WHERE family = $1 AND hash <> $2
            AND (state = 'dead' AND created_at <= $3 OR state = 'superseded' AND superseded_at <= $3)";
    let (presented, successor) = (bytes(&rotate.presented), bytes(&rotate.successor.hash));
    let writes = vec![
        call!(supersede, presented, num(rotate.now), successor, &rotate.sealed_successor),
        call!(forget, family, presented, num(rotate.forget_until)),
        family::insert_refresh_token(family, &rotate.successor)?,
        family::note(family, &rotate.access_token),
    ];
    let answers = conn.finish(writes).await?;
    match answers.first() {
        Some(superseded) if superseded.changed == 1 => Ok(Rotated::Done),
        _ => Err(StoreError::Internal("a token vanished under its rotation".into())),
    }
}
