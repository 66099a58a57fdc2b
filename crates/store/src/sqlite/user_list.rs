//! Listing of users, page by page.

use rusqlite::{Connection, params};

use super::user::{COLUMNS, from_row};
use super::value::Num;
use crate::page::{after, containing, cursor, cut, page_size};
use crate::port::Result;
use crate::record::{ListUsers, Page, User};

pub(super) fn count(conn: &Connection) -> Result<u64> {
    let mut select = conn.prepare_cached("SELECT count(*) FROM account")?;
    Ok(select.query_row([], |row| row.get::<_, Num>(0))?.0)
}

pub(super) fn page(conn: &Connection, list: &ListUsers) -> Result<Page<User>> {
    let limit = page_size(list.limit);
    let (created_at, id) = after(list.after.as_deref())?;
    // A search reads every account: right for a person who types, wrong for a program.
    let filter = match list.search {
        Some(_) => {
            r"AND (a.id = ?4 OR lower(a.username) LIKE ?5 ESCAPE '\' OR lower(a.email) LIKE ?5 ESCAPE '\'
                OR lower(a.name) LIKE ?5 ESCAPE '\')"
        }
        None => "AND ?4 IS NULL AND ?5 IS NULL",
    };
    let mut select = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM account a WHERE (a.created_at, a.id) > (?1, ?2) {filter}
        ORDER BY a.created_at, a.id LIMIT ?3"
    ))?;
    let pattern = list.search.as_deref().map(containing);
    // One more than asked for tells whether there is a next page.
    let rows = select
        .query_map(params![created_at, id, limit + 1, list.search, pattern], |row| from_row(row, 0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(cut(rows, limit, |user| cursor(user.created_at, &user.id)))
}
