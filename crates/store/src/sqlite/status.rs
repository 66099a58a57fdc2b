//! Token Status Lists: giving out places, and reading which tokens of a list the revocation log refuses.

use rusqlite::{Connection, OptionalExtension, params};

use super::readers::snapshot;
use super::value::Num;
use crate::error::StoreError;
use crate::port::Result;
use crate::record::{LEEWAY_SECS, NewStatus, NewStatusList, StatusList, StatusPlace};

/// An open list.
struct Open {
    id: String,
    size: u64,
    used: u64,
    step: u64,
    start: u64,
}

pub(super) fn assign(conn: &Connection, new: &NewStatus, fresh: &NewStatusList) -> Result<StatusPlace> {
    let Open { id, size, used, step, start } = match open_list(conn)? {
        Some(open) => open,
        None => begin(conn, fresh, new.issued_at)?,
    };
    let place = start.wrapping_add(used.wrapping_mul(step)) & (size - 1);
    let sql = "UPDATE status_list SET used = used + 1, expires_at = max(expires_at, ?2) WHERE id = ?1";
    conn.prepare_cached(sql)?.execute(params![id, Num(new.expires_at)])?;
    let sql = "INSERT INTO status (list, place, jti, sid, handle, client_id, audience, issued_at, expires_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    conn.prepare_cached(sql)?.execute(params![
        id,
        Num(place),
        new.jti,
        new.sid,
        new.revocation_handle,
        new.client_id,
        new.audience,
        Num(new.issued_at),
        Num(new.expires_at),
    ])?;
    Ok(StatusPlace { list: id, place: narrow(place)? })
}

fn open_list(conn: &Connection) -> Result<Option<Open>> {
    let sql = "SELECT id, size, used, step, start FROM status_list WHERE used < size
        ORDER BY created_at DESC, id LIMIT 1";
    let open = conn.prepare_cached(sql)?.query_row([], |row| {
        let number = |at| row.get::<_, Num>(at).map(|number| number.0);
        Ok(Open { id: row.get(0)?, size: number(1)?, used: number(2)?, step: number(3)?, start: number(4)? })
    });
    Ok(open.optional()?)
}

fn begin(conn: &Connection, fresh: &NewStatusList, now: u64) -> Result<Open> {
    let NewStatusList { id, size, step, start } = fresh;
    if !size.is_power_of_two() || step % 2 == 0 {
        return Err(StoreError::Invalid("a status list needs a size of a power of two and an odd step"));
    }
    let sql = "INSERT INTO status_list (id, size, used, step, start, created_at, expires_at)
        VALUES (?1, ?2, 0, ?3, ?4, ?5, 0)";
    conn.prepare_cached(sql)?.execute(params![id, size, step, start, Num(now)])?;
    Ok(Open { id: id.clone(), size: (*size).into(), used: 0, step: (*step).into(), start: (*start).into() })
}

pub(super) fn list(conn: &Connection, id: &str) -> Result<Option<StatusList>> {
    snapshot(conn, || {
        let sql = "SELECT size, expires_at FROM status_list WHERE id = ?1";
        let head = conn.prepare_cached(sql)?.query_row([id], |row| Ok((row.get(0)?, row.get::<_, Num>(1)?.0)));
        let Some((size, expires_at)) = head.optional()? else { return Ok(None) };
        let sql = "SELECT s.place FROM status s WHERE s.list = ?1 AND (
                EXISTS (SELECT 1 FROM revocation r WHERE r.kind = 'jti' AND r.id = s.jti)
                OR EXISTS (SELECT 1 FROM revocation r WHERE r.kind = 'sid' AND r.id = s.sid)
                OR EXISTS (SELECT 1 FROM revocation r WHERE r.kind = 'user_handle' AND r.id = s.handle)
                OR EXISTS (SELECT 1 FROM revocation r WHERE r.kind = 'client' AND r.id = s.client_id
                    AND r.revoked_at >= s.issued_at)
                OR EXISTS (SELECT 1 FROM revocation r WHERE r.kind = 'api' AND r.id = s.audience
                    AND r.revoked_at >= s.issued_at)
                OR EXISTS (SELECT 1 FROM revocation r WHERE r.kind = 'all' AND r.id = ''
                    AND r.revoked_at >= s.issued_at))
            ORDER BY s.place";
        let mut select = conn.prepare_cached(sql)?;
        let revoked = select.query_map([id], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(Some(StatusList { size, revoked, expires_at }))
    })
}

/// Tokens that are over need no status, and a list without a living token no address.
pub(super) fn sweep(conn: &Connection, now: u64, limit: u64) -> Result<u64> {
    let over = Num(now.saturating_sub(LEEWAY_SECS));
    let sql = "DELETE FROM status WHERE (list, place) IN
        (SELECT list, place FROM status WHERE expires_at <= ?1 LIMIT ?2)";
    let gone = conn.prepare_cached(sql)?.execute(params![over, Num(limit)])? as u64;
    let sql = "DELETE FROM status_list WHERE expires_at <= ?1
        AND NOT EXISTS (SELECT 1 FROM status s WHERE s.list = status_list.id)";
    conn.prepare_cached(sql)?.execute([over])?;
    Ok(gone)
}

fn narrow(number: u64) -> Result<u32> {
    u32::try_from(number).map_err(|_| StoreError::Corrupt(format!("impossible place {number} in a status list")))
}
