//! Pages of listings, the same for every engine: their size, their cursors, what a search looks for.

use crate::error::StoreError;
use crate::port::Result;
use crate::record::Page;

/// Largest page of any listing.
const MAX_PAGE: u32 = 1000;

/// A page size within its bounds.
pub(crate) fn page_size(asked: u32) -> u32 {
    asked.clamp(1, MAX_PAGE)
}

/// Cuts the look-ahead row off and makes the cursor of the last row that stays.
pub(crate) fn cut<T>(mut rows: Vec<T>, limit: u32, cursor: impl FnOnce(&T) -> String) -> Page<T> {
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = if more { rows.last().map(cursor) } else { None };
    Page { items: rows, next }
}

/// The place in a listing by age: creation time and id.
pub(crate) fn cursor(created_at: u64, id: &str) -> String {
    format!("{created_at}.{id}")
}

/// Reads a cursor back; without one, the place before everything.
pub(crate) fn after(cursor: Option<&str>) -> Result<(i64, &str)> {
    let Some(cursor) = cursor else {
        return Ok((-1, ""));
    };
    cursor
        .split_once('.')
        .and_then(|(created_at, id)| Some((created_at.parse().ok()?, id)))
        .ok_or(StoreError::Invalid("the cursor is not one that a page gave out"))
}

/// A LIKE pattern for "contains", with the pattern's own signs made literal.
pub(crate) fn containing(text: &str) -> String {
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
