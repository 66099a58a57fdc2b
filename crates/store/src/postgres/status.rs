//! Token Status Lists: giving out places, and reading which tokens of a list the revocation log refuses.

use tokio_postgres::Row;

use super::conn::{Conn, call};
use super::value::{Columns, num};
use crate::error::StoreError;
use crate::port::Result;
use crate::record::{NewStatus, NewStatusList, StatusList, StatusPlace};

/// An open list.
struct Open {
    id: String,
    size: u64,
    used: u64,
    step: u64,
    start: u64,
}

pub(super) async fn assign(conn: &Conn, new: &NewStatus, fresh: &NewStatusList) -> Result<StatusPlace> {
    conn.begin(Vec::new()).await?;
    let Open { id, size, used, step, start } = match open_list(conn).await? {
        Some(open) => open,
        None => begin(conn, fresh, new.issued_at).await?,
    };
    let place = start.wrapping_add(used.wrapping_mul(step)) & (size - 1);
    let list = "UPDATE status_list SET used = used + 1, expires_at = greatest(expires_at, $2) WHERE id = $1";
    let status = "INSERT INTO status (list, place, jti, sid, handle, client_id, audience, issued_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let writes = vec![
        call!(list, &id, num(new.expires_at)),
        call!(
            status,
            &id,
            num(place),
            &new.jti,
            &new.sid,
            &new.revocation_handle,
            &new.client_id,
            &new.audience,
            num(new.issued_at),
            num(new.expires_at),
        ),
    ];
    conn.finish(writes).await?;
    Ok(StatusPlace { list: id, place: narrow(place)? })
}

/// A list that somebody else is just filling is passed over, so nodes do not wait for each other; there are then as many open lists as nodes that
/// fill them at once.
async fn open_list(conn: &Conn) -> Result<Option<Open>> {
    let sql = "SELECT id, size, used, step, start FROM status_list WHERE used < size
        ORDER BY created_at DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED";
    let open = |row: &Row| {
        let (size, used, step, start) = (row.num(1)?, row.num(2)?, row.num(3)?, row.num(4)?);
        Ok(Open { id: row.at(0)?, size, used, step, start })
    };
    conn.ask(sql, &[]).await?.row().map(open).transpose()
}

async fn begin(conn: &Conn, fresh: &NewStatusList, now: u64) -> Result<Open> {
    let NewStatusList { id, size, step, start } = fresh;
    if !size.is_power_of_two() || step % 2 == 0 {
        return Err(StoreError::Invalid("a status list needs a size of a power of two and an odd step"));
    }
    let [size, step, start] = [*size, *step, *start].map(u64::from);
    let sql = "INSERT INTO status_list (id, size, used, step, start, created_at, expires_at)
        VALUES ($1, $2, 0, $3, $4, $5, 0)";
    conn.ask(sql, &[id, &num(size), &num(step), &num(start), &num(now)]).await?;
    Ok(Open { id: id.clone(), size, used: 0, step, start })
}

pub(super) async fn list(conn: &Conn, id: &str) -> Result<Option<StatusList>> {
    let head = "SELECT size, expires_at FROM status_list WHERE id = $1";
    let revoked = "SELECT s.place FROM status s WHERE s.list = $1 AND (
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
    let answers = conn.snapshot(vec![call!(head, id), call!(revoked, id)]).await?;
    let [head, revoked] = answers.as_slice() else { return Err(super::short()) };
    let Some(head) = head.row() else { return Ok(None) };
    Ok(Some(StatusList {
        size: narrow(head.num(0)?)?,
        revoked: revoked.rows.iter().map(|row| narrow(row.num(0)?)).collect::<Result<_>>()?,
        expires_at: head.num(1)?,
    }))
}

fn narrow(number: u64) -> Result<u32> {
    u32::try_from(number).map_err(|_| StoreError::Corrupt(format!("impossible place {number} in a status list")))
}
