//! Listing of users, page by page.

use super::conn::{Conn, sql};
use super::user::{COLUMNS, from_row};
use super::value::Columns;
use crate::page::{after, containing, cursor, cut, page_size};
use crate::port::Result;
use crate::record::{ListUsers, Page, User};

pub(super) async fn count(conn: &Conn) -> Result<u64> {
    conn.ask("SELECT count(*) FROM account", &[]).await?.one()?.num(0)
}

pub(super) async fn page(conn: &Conn, list: &ListUsers) -> Result<Page<User>> {
    let limit = page_size(list.limit);
    let (created_at, id) = after(list.after.as_deref())?;
    // A search reads every account: right for a person who types, wrong for a program.
    let sql = if list.search.is_some() {
        sql!(
            r#"SELECT {COLUMNS} FROM account a WHERE (a.created_at, a.id) > ($1, $2)
                AND (a.id = $4 OR lower(a.username COLLATE "C") LIKE $5 ESCAPE '\'
                    OR lower(a.email COLLATE "C") LIKE $5 ESCAPE '\' OR lower(a.name COLLATE "C") LIKE $5 ESCAPE '\')
            ORDER BY a.created_at, a.id LIMIT $3"#
        )
    } else {
        sql!(
            "SELECT {COLUMNS} FROM account a WHERE (a.created_at, a.id) > ($1, $2)
                AND CAST($4 AS TEXT) IS NULL AND CAST($5 AS TEXT) IS NULL
            ORDER BY a.created_at, a.id LIMIT $3"
        )
    };
    let pattern = list.search.as_deref().map(containing);
    // One more than asked for tells whether there is a next page.
    let answer = conn.ask(sql, &[&created_at, &id, &i64::from(limit + 1), &list.search, &pattern]).await?;
    let rows = answer.rows.iter().map(|row| from_row(row, 0)).collect::<Result<Vec<_>>>()?;
    Ok(cut(rows, limit, |user| cursor(user.created_at, &user.id)))
}
