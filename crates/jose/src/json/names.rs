//! The member names of one object, to notice the second of a kind.

use std::borrow::Cow;

use super::Context;
use crate::Error;

/// How many names are kept without an allocation: as many as a token of ours has, and some.
const NEAR: usize = 16;

/// The member names of one object.
#[derive(Default)]
pub(crate) struct Names<'de> {
    len: usize,
    /// Members whose names somebody else looks after.
    beside: usize,
    near: [&'de str; NEAR],
    /// Those that found no place: too many, or with escapes, so that they do not stand in the input as they are.
    far: Vec<Cow<'de, str>>,
    /// One bit per name by its length and ends: only a bit that is already set needs a comparison with every name.
    marks: u64,
}

impl<'de> Names<'de> {
    /// Takes note of `name`, the next member of the object.
    #[expect(clippy::ptr_arg, reason = "what is kept is the input's own text, which lives longer than this borrow")]
    #[inline]
    pub(crate) fn admit<E: serde::de::Error>(&mut self, name: &Cow<'de, str>, context: Context<'_>) -> Result<(), E> {
        let mark = mark(name);
        if self.marks & mark != 0 && self.seen(name) {
            return Err(context.refuse(Error::JsonDuplicateMember));
        }
        self.has_room(context)?;
        self.marks |= mark;
        match (name, self.near.get_mut(self.len)) {
            (Cow::Borrowed(name), Some(place)) => {
                *place = name;
                self.len += 1;
            }
            _ => self.far.push(name.clone()),
        }
        Ok(())
    }

    /// Counts a member whose name need not be kept.
    #[inline]
    pub(crate) fn pass<E: serde::de::Error>(&mut self, context: Context<'_>) -> Result<(), E> {
        self.has_room(context)?;
        self.beside += 1;
        Ok(())
    }

    #[inline]
    fn has_room<E: serde::de::Error>(&self, context: Context<'_>) -> Result<(), E> {
        let full = self.len + self.far.len() + self.beside >= context.max_members();
        if full { Err(context.refuse(Error::JsonTooManyMembers)) } else { Ok(()) }
    }

    /// Whether `name` has been seen.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.marks & mark(name) != 0 && self.seen(name)
    }

    fn seen(&self, name: &str) -> bool {
        self.near.iter().take(self.len).any(|seen| *seen == name) || self.far.iter().any(|seen| seen == name)
    }
}

/// The two factors are chosen so that the claims of an access token all have bits of their own.
#[inline]
fn mark(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let end = |byte: Option<&u8>| byte.copied().map_or(0, u64::from);
    let mixed = bytes.len() as u64 ^ end(bytes.first()).wrapping_mul(7) ^ end(bytes.last()).wrapping_mul(21);
    1 << (mixed & 63)
}

#[cfg(test)]
mod tests {
    use super::{Names, mark};
    use crate::json::{Guard, Limits};

    #[test]
    fn the_claims_of_an_access_token_need_no_comparison() {
        let claims = ["acr", "aud", "auth_time", "client_id", "cnf", "exp", "iat", "iss", "jti", "nbf", "rh", "roles"];
        let claims = claims.iter().chain(&["scope", "sid", "sub"]);
        let marks = claims.clone().fold(0, |marks, name| marks | mark(name));
        assert_eq!(marks.count_ones() as usize, claims.count());
    }

    #[test]
    fn a_name_is_seen_once_it_was_admitted_also_where_it_is_the_only_one() {
        let guard = Guard::new(Limits::DEFAULT);
        let mut names = Names::default();
        let mut admit = |name: &'static str| names.admit::<serde_json::Error>(&name.into(), guard.context());
        assert!(admit("only").is_ok());
        assert!(admit("only").is_err());
        assert!(names.contains("only") && !names.contains("other") && !names.contains("onny"));
    }
}
