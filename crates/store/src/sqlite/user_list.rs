//! Listing of users, page by page.

use rusqlite::{Connection, params};

use super::user::{COLUMNS, from_row};
use super::value::Num;
use crate::error::StoreError;
use crate::port::Result;
use crate::record::{ListUsers, Page, User};

/// Largest page of any listing.
const MAX_PAGE: u32 = 1000;

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

/// A page size within its bounds.
pub(super) fn page_size(asked: u32) -> u32 {
    asked.clamp(1, MAX_PAGE)
}

/// Cuts the look-ahead row off and makes the cursor of the last row that stays.
pub(super) fn cut<T>(mut rows: Vec<T>, limit: u32, cursor: impl FnOnce(&T) -> String) -> Page<T> {
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = if more { rows.last().map(cursor) } else { None };
    Page { items: rows, next }
}

/// The place in a listing by age: creation time and id.
pub(super) fn cursor(created_at: u64, id: &str) -> String {
    format!("{created_at}.{id}")
}

/// Reads a cursor back; without one, the place before everything.
pub(super) fn after(cursor: Option<&str>) -> Result<(i64, &str)> {
    let Some(cursor) = cursor else {
        return Ok((-1, ""));
    };
    cursor
        .split_once('.')
        .and_then(|(created_at, id)| Some((created_at.parse().ok()?, id)))
        .ok_or(StoreError::Invalid("the cursor is not one that a page gave out"))
}

/// A LIKE pattern for "contains", with the pattern's own signs made literal.
fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character.to_ascii_lowercase());
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forged_cursors_are_refused() {
        for bad in ["", "x", "1", "one.id", "1;DROP TABLE account", "99999999999999999999.id"] {
            assert!(after(Some(bad)).is_err(), "{bad}");
        }
        assert_eq!(after(Some(&cursor(7, "a.b"))), Ok((7, "a.b")));
    }

    #[test]
    fn pattern_signs_are_literal() {
        assert_eq!(containing(r"50%_\A"), r"%50\%\_\\a%");
    }
}
